-- Mail from outside under our own name: it must bear a signature of the domain it names, or come from where that
-- domain's SPF says. Whatever the domain's DMARC record asks, whether there is one or not.

local rspamd_util = require "rspamd_util"

-- Our domains among all addresses of all From headers: a second one is a trick too.
local function own_domains_shown(task)
  local found = {}
  for _, header in ipairs(task:get_header_full("From") or {}) do
    local shown = rspamd_util.parse_mail_address(header.decoded or header.value or "", task:get_mempool())
    for _, address in ipairs(shown or {}) do
      local domain = (address.domain or ""):lower()
      if CONGVU.policies[domain] then found[domain] = true end
    end
  end
  return found
end

-- What became of the signatures of a domain: "+" when one holds, "?" when the DNS did not answer, else nothing.
local function signature(task, domain)
  local result
  for _, option in ipairs(((task:get_symbol("DKIM_TRACE") or {})[1] or {}).options or {}) do
    local signer, verdict = option:match("^(.*):(.)$")
    if signer and signer:lower() == domain and (verdict == "+" or (verdict == "?" and not result)) then
      result = verdict
    end
  end
  return result
end

local function comes_from(task, domain)
  local envelope = (task:get_from("smtp") or {})[1]
  return task:has_symbol("R_SPF_ALLOW") and envelope and (envelope.domain or ""):lower() == domain
end

CONGVU.rule({
  name = "CONGVU_FORGED_FROM",
  type = "normal",
  score = 0.0,
  callback = function(task)
    local ip = task:get_from_ip()
    if task:get_user() or (ip and ip:is_local()) or task:has_symbol("ARC_ALLOW_TRUSTED") then return end
    for domain in pairs(own_domains_shown(task)) do
      local signed = signature(task, domain)
      if signed == "?" then
        task:set_pre_result("soft reject", "The DNS does not tell whether " .. domain .. " signed this, try again later")
      elseif signed ~= "+" and not comes_from(task, domain) then
        task:insert_result("CONGVU_FORGED_FROM", 1.0, domain)
        task:set_pre_result("reject", "From names " .. domain .. ", which neither signed nor sent this; log in to send")
      end
    end
  end,
})
for _, check in ipairs({ "DKIM_CHECK", "SPF_CHECK", "ARC_CHECK" }) do
  rspamd_config:register_dependency("CONGVU_FORGED_FROM", check)
end
