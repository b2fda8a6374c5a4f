-- What the rules share: the policies of our mail domains, what is found in a message, and rules that fail closed.

local rspamd_logger = require "rspamd_logger"
local rspamd_util = require "rspamd_util"
local ucl = require "ucl"

local common = { text = dofile("text.lua") }

function common.read(file)
  local parser = ucl.parser()
  local read, fault = parser:parse_file(file)
  if not read then error(file .. ": " .. fault) end
  return parser:get_object()
end

local settings = common.read("policy.conf")
common.clamd = settings.clamd

-- Mail domain -> what its policy says.
common.policies = settings.domains or {}

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

-- Kinds of handling, from the mildest.
common.SEVERITY = { accept = 0, report = 1, hold = 2, reject = 3 }

-- The strictest handling that one of the concerned policies wants, and whose it is. `concerns` may leave some out.
function common.strictest(task, key, concerns)
  local handling, whose = "accept", nil
  for domain, policy in pairs(common.policies_of(task)) do
    if (not concerns or concerns(policy)) and common.SEVERITY[policy[key]] > common.SEVERITY[handling] then
      handling, whose = policy[key], domain
    end
  end
  return handling, whose
end

-- Words of a message as they may stand in a header and in a reply: ASCII, on one line, not long.
function common.ascii(words)
  local plain = tostring(words)
  if plain:find("[\128-\255]") then plain = common.text.bare(common.text.normal(plain)) end
  return (plain:gsub("[^ -~]", "?"):sub(1, 120))
end

-- Remember what a rule has found. `finding` has a symbol, a handling, a reason for whoever must act (ASCII), and
-- may have `headers`, which are added unless the message is refused.
function common.find(task, finding)
  local findings = task:cache_get("congvu") or {}
  table.insert(findings, finding)
  task:cache_set("congvu", findings)
  task:insert_result(finding.symbol, 1.0, finding.reason)
end

function common.found(task)
  return task:cache_get("congvu") or {}
end

-- Call a function; where it breaks, the message must not pass: the sender tries again, and the log says why.
function common.guarded(task, name, callback, ...)
  local done, words = pcall(callback, task, ...)
  if not done then
    rspamd_logger.errx(task, "%s: %s", name, words)
    task:set_pre_result("soft reject", "4.3.0 A rule of this server is broken, try again later")
  end
end

-- Register a rule under its symbol, and the further symbols it may give.
function common.rule(symbol)
  local callback = symbol.callback
  symbol.callback = function(task) common.guarded(task, symbol.name, callback) end
  symbol.flags, symbol.score, symbol.group = "empty,nostat", symbol.score or 0, "congvu"
  local further = symbol.further or {}
  symbol.further = nil
  local id = rspamd_config:register_symbol(symbol)
  for name, score in pairs(further) do
    rspamd_config:register_symbol({ name = name, type = "virtual", parent = id, score = score, group = "congvu" })
  end
  return id
end

return common
