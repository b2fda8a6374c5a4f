-- What becomes of a message, after all that the rules have found: refused, held or passed with headers.
--
-- Held means that Postfix has taken it and keeps it in its hold queue until a person decides. The header
-- X-Congvu-Held names the symbol and the reason there, and is what makes Postfix hold it (milter_header_checks): of
-- the action "quarantine" rspamd 3.12.1 tells a milter's client only "accept".

local rspamd_logger = require "rspamd_logger"

-- Headers that only this host may write; whatever a message brings of them is taken away.
local OURS = { "X-Congvu-Held", "X-Congvu-Macro", "X-Congvu-Encrypted", "X-Congvu-Classified", "X-Congvu-Charset",
  "X-Congvu-Warning" }

local function most_severe(findings)
  local worst
  for _, finding in ipairs(findings) do
    if not worst or CONGVU.SEVERITY[finding.handling] > CONGVU.SEVERITY[worst.handling] then worst = finding end
  end
  return worst
end

local function headers(findings)
  local removed, added, said = {}, {}, {}
  for _, name in ipairs(OURS) do removed[name] = 0 end
  for _, finding in ipairs(findings) do
    local lines = finding.headers or {}
    if finding.handling == "hold" then
      lines["X-Congvu-Held"] = finding.symbol .. "; " .. finding.reason
    end
    for name, value in pairs(lines) do
      local line = name .. ": " .. value
      if not said[line] then -- two rules may have found the same
        added[name] = added[name] or {}
        table.insert(added[name], { value = value, order = 0 })
        said[line] = true
      end
    end
  end
  -- An empty table would become a list, and the headers that other modules add would be lost in it.
  return { remove_headers = removed, add_headers = next(added) and added or nil }
end

CONGVU.rule({
  name = "CONGVU_VERDICT",
  type = "postfilter",
  priority = 10,
  callback = function(task)
    -- Refused or deferred by another rule already, the scan may never have been asked for.
    local action = task:get_metric_action()
    if action == "reject" or action == "soft reject" then return end
    local findings = CONGVU.found(task)
    local worst = most_severe(findings)
    if worst and worst.handling == "reject" then
      task:set_pre_result("reject", worst.reason)
      return
    end
    if not CONGVU.is_scanned(task) then
      task:set_pre_result("soft reject", "4.7.1 Virus scanner not available, try again later")
      return
    end
    if worst and worst.handling == "hold" then
      rspamd_logger.warnx(task, "held: %s; %s", worst.symbol, worst.reason)
    end
    task:set_milter_reply(headers(findings))
  end,
})
