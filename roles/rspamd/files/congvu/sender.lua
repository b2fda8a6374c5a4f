-- Whoever logs in sends under the name that Postfix found to be theirs: the From that readers see is the
-- envelope's sender, which smtpd_sender_login_maps has checked.

CONGVU.rule({
  name = "CONGVU_FROM_NOT_OWN",
  type = "prefilter",
  callback = function(task)
    if not task:get_user() then return end
    local envelope = (task:get_from("smtp") or {})[1]
    local own = envelope and envelope.addr:lower() or ""
    local headers = task:get_header_full("From") or {}
    local shown = task:get_from("mime") or {}
    if #headers ~= 1 or #shown ~= 1 or shown[1].addr:lower() ~= own then
      task:set_pre_result("reject", "The From header must be your own address")
    end
  end,
})
