-- Decoded bytes that the attachments of one message may have together (LD-6.2).

local MIB = 1048576
-- What base64 in lines of 76 characters makes of its content: signed and encrypted content is mail again inside,
-- and its attachments are encoded there.
local ENCODED = 78 / 57
-- A line of uuencode holds 45 bytes in 62 characters.
local UUENCODED = 62 / 45

local function is_sealed(part)
  local kind, subtype = part:get_type()
  return kind == "application" and (subtype == "pkcs7-mime" or subtype == "x-pkcs7-mime")
end

local function attachment_bytes(task)
  local sum = 0
  for _, part in ipairs(task:get_parts() or {}) do
    if not part:is_multipart() then
      -- A body is text that is neither named nor called an attachment; all else that is no container is attached.
      if not part:is_text() or part:get_filename() or part:is_attachment() then
        sum = sum + part:get_length() / (is_sealed(part) and ENCODED or 1)
      else
        for _, file in ipairs(CONGVU.text.uuencoded(part)) do sum = sum + file.length / UUENCODED end
      end
    end
  end
  return math.floor(sum)
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
  type = "normal",
  callback = function(task)
    local limit, whose = strictest_limit(task)
    if not limit then return end
    local bytes = attachment_bytes(task)
    if bytes <= limit then return end
    CONGVU.find(task, {
      symbol = "CONGVU_ATTACHMENT_LIMIT",
      handling = "reject",
      -- Rounded up, or a byte too many would read "20 MB of 20".
      reason = string.format("The attachments have %.2f MB decoded, %s allows %.6g MB",
        math.ceil(bytes * 100 / MIB) / 100, whose, limit / MIB),
    })
  end,
})
