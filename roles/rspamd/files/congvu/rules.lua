-- Rules of an official mail system that are not about spam, one file for each meaning. rspamd runs this file in
-- its own folder. What they find goes to verdict.lua, which alone decides what becomes of the message.

CONGVU = dofile("common.lua")

for _, name in ipairs({
  "limits", "sender", "forged", "send_limit", "attachments", "scanner", "charset", "classified", "names", "verdict",
}) do
  dofile(name .. ".lua")
end
