-- Viruses, by clamd: one scan of the whole message, which clamd takes apart itself. Only the answer "OK" counts as
-- scanned; no answer, an error and a limit that was passed do not.
--
-- rspamd's own antivirus module is not used: it lets mail pass on an answer it does not know (3.12.1: "INSTREAM
-- size limit exceeded. ERROR" is an error in its code and no symbol), and gives one action for all findings.

local rspamd_logger = require "rspamd_logger"
local rspamd_util = require "rspamd_util"
local tcp = require "rspamd_tcp"

-- What clamd names by rule and not by signature, and the policy that handles it.
local BY_POLICY = {
  { pattern = "^Heuristics%.Encrypted", symbol = "CONGVU_ENCRYPTED", key = "encrypted_archives", what = "encrypted" },
  { pattern = "^Heuristics%.OLE2%.ContainsMacros", symbol = "CONGVU_MACRO", key = "macros", what = "macros" },
}

function CONGVU.is_scanned(task)
  return task:cache_get("congvu_scanned") == true
end

local function policy_for(name)
  for _, rule in ipairs(BY_POLICY) do
    if name:find(rule.pattern) then return rule end
  end
end

-- What clamd has found, by its name for it.
local function judge(task, name)
  local rule = policy_for(name)
  if rule then
    CONGVU.find_by_policy(task, rule.symbol, rule.key, rule.what .. " (" .. CONGVU.ascii(name) .. ")")
    return
  end
  local symbol, reason = "CONGVU_VIRUS", "Virus: " .. CONGVU.ascii(name)
  local kind = name:match("^Congvu%.Forbidden%.(%w+)")
  if kind then
    symbol = "CONGVU_FORBIDDEN_TYPE"
    reason = "This server does not accept files of type ." .. kind .. ", however deep in archives"
  elseif name:find("^Heuristics%.Limits%.Exceeded") then
    symbol, reason = "CONGVU_UNSCANNABLE", "Packed too deep or too large to be scanned: " .. CONGVU.ascii(name)
  end
  CONGVU.find(task, { symbol = symbol, handling = "reject", reason = reason })
end

-- Scanned is a message whose every finding has a name.
local function judge_all(task, lines, path)
  local names = {}
  for _, line in ipairs(lines) do
    local name = line:sub(1, #path + 2) == path .. ": " and line:sub(#path + 3):match("^(.+) FOUND%s*$")
    if not name then
      rspamd_logger.errx(task, "clamd says of all there is: %s", line)
      return
    end
    names[name] = true
  end
  for name in pairs(names) do judge(task, name) end
  if next(names) then task:cache_set("congvu_scanned", true) end
end

local function unanswered(task, fault) rspamd_logger.errx(task, "clamd does not answer: %s", fault) end

local function ask(task, data, stop, callback)
  tcp.request({
    task = task, host = CONGVU.clamd.socket, port = 0, timeout = CONGVU.clamd.timeout,
    data = data, stop_pattern = stop, callback = callback,
  })
end

-- Of several findings that are no signatures clamd names one, and which is chance: "encrypted" may hide that a limit was
-- passed and the rest never scanned. All of them it names for a file only, a line each, and then hangs up.
local function ask_for_all(task)
  local path = task:store_in_file({
    tmpmask = CONGVU.clamd.folder .. "/XXXXXX", mode = tonumber("640", 8), force_new = true,
  })
  if not path then error("cannot write to " .. CONGVU.clamd.folder) end
  local lines = {}
  local function hear(fault, line, connection)
    if not fault then
      table.insert(lines, tostring(line))
      connection:add_read(hear, "\n")
    elseif fault:find("connection terminated", 1, true) then
      CONGVU.guarded(task, "CONGVU_SCAN", judge_all, lines, path)
    else
      unanswered(task, fault)
    end
  end
  ask(task, { "nALLMATCHSCAN " .. path .. "\n" }, "\n", hear)
end

local function judge_first(task, answer)
  answer = answer:gsub("%z+$", "")
  local name = answer:match("^stream: (.+) FOUND$")
  if answer == "stream: OK" then
    task:cache_set("congvu_scanned", true)
  elseif not name then
    rspamd_logger.errx(task, "clamd says: %s", answer)
  elseif policy_for(name) then
    ask_for_all(task)
  else
    judge(task, name)
  end
end

CONGVU.rule({
  name = "CONGVU_SCAN",
  type = "normal",
  further = { CONGVU_VIRUS = 0, CONGVU_UNSCANNABLE = 0 },
  callback = function(task)
    local content = task:get_content()
    local data = {
      rspamd_util.pack("c9 c1 >I4", "zINSTREAM", "\0", #content), content, rspamd_util.pack(">I4", 0),
    }
    ask(task, data, "\0", function(fault, answer)
      if fault then return unanswered(task, fault) end
      CONGVU.guarded(task, "CONGVU_SCAN", judge_first, tostring(answer))
    end)
  end,
})
