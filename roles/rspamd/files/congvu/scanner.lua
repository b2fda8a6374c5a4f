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

local function judge(task, answer)
  answer = tostring(answer):gsub("%z+$", "")
  if answer == "stream: OK" then
    task:cache_set("congvu_scanned", true)
    return
  end
  local name = answer:match("^stream: (.+) FOUND$")
  if not name then
    rspamd_logger.errx(task, "clamd says: %s", answer)
    return
  end
  for _, rule in ipairs(BY_POLICY) do
    if name:find(rule.pattern) then
      task:cache_set("congvu_scanned", true)
      CONGVU.find_by_policy(task, rule.symbol, rule.key, rule.what .. " (" .. CONGVU.ascii(name) .. ")")
      return
    end
  end
  local kind = name:match("^Congvu%.Forbidden%.(%w+)")
  if kind then
    CONGVU.find(task, {
      symbol = "CONGVU_FORBIDDEN_TYPE",
      handling = "reject",
      reason = "This server does not accept files of type ." .. kind .. ", however deep in archives",
    })
    return
  end
  local unscannable = name:find("^Heuristics%.Limits%.Exceeded")
  CONGVU.find(task, {
    symbol = unscannable and "CONGVU_UNSCANNABLE" or "CONGVU_VIRUS",
    handling = "reject",
    reason = (unscannable and "Packed too deep or too large to be scanned: " or "Virus: ") .. CONGVU.ascii(name),
  })
end

CONGVU.rule({
  name = "CONGVU_SCAN",
  type = "normal",
  further = { CONGVU_VIRUS = 0, CONGVU_UNSCANNABLE = 0 },
  callback = function(task)
    local content = task:get_content()
    tcp.request({
      task = task,
      host = CONGVU.clamd.socket,
      port = 0,
      timeout = CONGVU.clamd.timeout,
      stop_pattern = "\0",
      data = {
        rspamd_util.pack("c9 c1 >I4", "zINSTREAM", "\0", #content), content, rspamd_util.pack(">I4", 0),
      },
      callback = function(fault, answer)
        if fault then
          rspamd_logger.errx(task, "clamd does not answer: %s", fault)
        else
          CONGVU.guarded(task, "CONGVU_SCAN", judge, answer)
        end
      end,
    })
  end,
})
