-- What the rules share: the policies of our mail domains, and a rule that fails closed.

local rspamd_logger = require "rspamd_logger"
local ucl = require "ucl"

local common = {}

local parser = ucl.parser()
local read, fault = parser:parse_file("policy.conf")
if not read then error("policy.conf: " .. fault) end

-- Mail domain -> what its policy says.
common.policies = parser:get_object()

-- The policies that bear on a message: those of its envelope's sender and recipients, as far as they are ours.
function common.policies_of(task)
  local found = {}
  local addresses = task:get_recipients("smtp") or {}
  for _, from in ipairs(task:get_from("smtp") or {}) do table.insert(addresses, from) end
  for _, address in ipairs(addresses) do
    local domain = (address.domain or ""):lower()
    found[domain] = common.policies[domain]
  end
  return found
end

-- Register a rule. One that breaks must not let mail pass: the sender tries again, and the log says why.
function common.rule(symbol)
  local callback = symbol.callback
  symbol.callback = function(task)
    local done, words = pcall(callback, task)
    if not done then
      rspamd_logger.errx(task, "%s: %s", symbol.name, words)
      task:set_pre_result("soft reject", "A rule of this server is broken, try again later")
    end
  end
  return rspamd_config:register_symbol(symbol)
end

return common
