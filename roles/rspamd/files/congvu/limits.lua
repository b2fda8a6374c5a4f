-- Decoded bytes that the attachments of one message may have together (LD-6.2).

local MIB = 1048576

local function attachment_bytes(task)
  local sum = 0
  for _, part in ipairs(task:get_parts() or {}) do
    -- A body is text that is neither named nor called an attachment; all else that is no container is attached.
    if not part:is_multipart() and (not part:is_text() or part:get_filename() or part:is_attachment()) then
      sum = sum + part:get_length()
    end
  end
  return sum
end

-- The smallest limit of those who are concerned, and whose it is.
local function strictest_limit(task)
  local limit, whose
  for domain, policy in pairs(CONGVU.policies_of(task)) do
    if not limit or policy.attachment_limit < limit then
      limit, whose = policy.attachment_limit, domain
    end
  end
  return limit, whose
end

CONGVU.rule({
  name = "CONGVU_ATTACHMENT_LIMIT",
  type = "prefilter",
  callback = function(task)
    local limit, whose = strictest_limit(task)
    if not limit then return end
    local bytes = attachment_bytes(task)
    if bytes > limit then
      -- Rounded up, or a byte too many would read "20.00 MB of 20".
      task:set_pre_result("reject", string.format("The attachments have %.2f MB decoded, %s allows %.6g MB",
        math.ceil(bytes * 100 / MIB) / 100, whose, limit / MIB))
    end
  end,
})
