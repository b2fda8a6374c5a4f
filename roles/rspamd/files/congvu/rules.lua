-- Rules of an official mail system that are not about spam, one file for each meaning. rspamd runs this file in
-- its own folder.

CONGVU = dofile("common.lua")

for _, name in ipairs({ "limits", "sender", "forged", "send_limit" }) do
  dofile(name .. ".lua")
end
