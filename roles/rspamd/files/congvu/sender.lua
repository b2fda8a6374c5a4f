-- Whoever logs in sends under the name that Postfix found to be theirs: the From that readers see is the
-- envelope's sender, which smtpd_sender_login_maps has checked. So are Sender and the Resent- headers, where a
-- mail program writes them.

local FURTHER = { "Sender", "Resent-From", "Resent-Sender" }

-- Whether all headers of a name show one address, and that one.
local function shows_only(task, name, address)
  for _, header in ipairs(task:get_header_full(name) or {}) do
    local shown = CONGVU.text.addresses(task, header)
    if #shown ~= 1 or shown[1]:lower() ~= address then return false end
  end
  return true
end

CONGVU.rule({
  name = "CONGVU_FROM_NOT_OWN",
  type = "normal",
  callback = function(task)
    if not task:get_user() then return end
    local envelope = (task:get_from("smtp") or {})[1]
    local own = envelope and envelope.addr:lower() or ""
    local headers = task:get_header_full("From") or {}
    local shown = task:get_from("mime") or {}
    local wrong
    if #headers ~= 1 or #shown ~= 1 or shown[1].addr:lower() ~= own then wrong = "From" end
    for _, name in ipairs(FURTHER) do
      if not wrong and not shows_only(task, name, own) then wrong = name end
    end
    if wrong then
      CONGVU.find(task, {
        symbol = "CONGVU_FROM_NOT_OWN",
        handling = "reject",
        reason = "The " .. wrong .. " header must be your own address",
      })
    end
  end,
})
