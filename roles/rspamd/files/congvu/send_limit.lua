-- How many recipients outside our own domains a login may write to in a span of time, by the policy of its domain. A
-- stolen password then sends hundreds of letters, not hundreds of thousands. Redis counts, exactly, over a sliding span;
-- while it is away nothing is counted.

local lua_redis = require "lua_redis"
local rspamd_logger = require "rspamd_logger"
local redis = lua_redis.parse_redis_server("send_limit")

-- Enters `more` recipients, or none of them where they would be too many; returns how many seconds to wait.
local ENTER = [[
local span, limit, more, now = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3]), tonumber(ARGV[4])
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', now - span)
local over = redis.call('ZCARD', KEYS[1]) + more - limit
if over > 0 then
  local last = redis.call('ZRANGE', KEYS[1], over - 1, over - 1, 'WITHSCORES')
  return math.ceil(tonumber(last[2]) + span - now)
end
for i = 1, more do redis.call('ZADD', KEYS[1], now, ARGV[5] .. ':' .. i) end
redis.call('EXPIRE', KEYS[1], span)
return 0
]]

local function outside(task)
  local count = 0
  for _, recipient in ipairs(task:get_recipients("smtp") or {}) do
    if not CONGVU.policies[(recipient.domain or ""):lower()] then count = count + 1 end
  end
  return count
end

CONGVU.rule({
  name = "CONGVU_SEND_LIMIT",
  type = "prefilter",
  score = 0.0,
  callback = function(task)
    local user = (task:get_user() or ""):lower()
    local policy = CONGVU.policies[user:match("@([^@]+)$") or ""]
    local more = outside(task)
    if not policy or more == 0 then return end
    local limit = policy.send_limit
    local allowed = string.format("%d recipients outside in %d minutes", limit.count, math.ceil(limit.seconds / 60))
    if more > limit.count then
      task:set_pre_result("reject", string.format("The message has %d recipients outside, allowed are %s", more, allowed))
      return
    end
    local function entered(err, wait)
      if err then
        rspamd_logger.warnx(task, "the send limit of %s was not counted: %s", user, err)
      elseif tonumber(wait) and tonumber(wait) > 0 then
        rspamd_logger.warnx(task, "%s has reached the send limit: %s", user, allowed)
        task:insert_result("CONGVU_SEND_LIMIT", 1.0, user)
        task:set_pre_result("soft reject", string.format("You have reached the limit of %s, try again in %d minutes",
          allowed, math.ceil(tonumber(wait) / 60)))
      end
    end
    local key = "congvu_send_limit:" .. user
    local asked = lua_redis.redis_make_request(task, redis, key, true, entered, "EVAL",
      { ENTER, "1", key, tostring(limit.seconds), tostring(limit.count), tostring(more),
        string.format("%.3f", task:get_timeval(true)), task:get_uid() })
    if not asked then rspamd_logger.warnx(task, "the send limit of %s was not counted: no redis", user) end
  end,
})
