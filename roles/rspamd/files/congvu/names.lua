-- Mail from outside that dresses up as ours: a domain or an address of ours in the name that is shown, or a domain
-- that looks like ours. It is flagged, not refused: the name of a person or an office may be anybody's.

local rspamd_util = require "rspamd_util"

local SCORE = 4.0
-- Digits in the place of letters. What other scripts have is ICU's to know (is_utf_spoofed).
local DIGITS = { ["0"] = "o", ["1"] = "l", ["3"] = "e", ["5"] = "s" }

-- RFC 3492, of one label without its "xn--"; nil where it is none.
local function punycode(label)
  local basic, rest = label:match("^(.*)%-([^-]*)$")
  local output, n, i, bias = {}, 128, 0, 72
  rest = rest or label
  for letter in (basic or ""):gmatch(".") do table.insert(output, letter:byte()) end
  local at = 1
  while at <= #rest do
    local start, weight, k = i, 1, 36
    while true do
      local digit = rest:sub(at, at):lower():byte()
      if not digit then return nil end
      at = at + 1
      digit = (digit >= 97 and digit <= 122) and digit - 97 or (digit >= 48 and digit <= 57) and digit - 22 or nil
      if not digit then return nil end
      i = i + digit * weight
      local threshold = k <= bias and 1 or k >= bias + 26 and 26 or k - bias
      if digit < threshold then break end
      weight = weight * (36 - threshold)
      k = k + 36
    end
    local length = #output + 1
    local delta = start == 0 and math.floor((i - start) / 700) or math.floor((i - start) / 2)
    delta = delta + math.floor(delta / length)
    local steps = 0
    while delta > 455 do delta, steps = math.floor(delta / 35), steps + 36 end
    bias = steps + math.floor(36 * delta / (delta + 38))
    n, i = n + math.floor(i / length), i % length
    if n > 0x10FFFF then return nil end
    table.insert(output, i + 1, n)
    i = i + 1
  end
  return output
end

local function utf8(code)
  if code < 0x80 then return string.char(code) end
  if code < 0x800 then return string.char(0xC0 + math.floor(code / 64), 0x80 + code % 64) end
  if code < 0x10000 then
    return string.char(0xE0 + math.floor(code / 4096), 0x80 + math.floor(code / 64) % 64, 0x80 + code % 64)
  end
  return string.char(0xF0 + math.floor(code / 262144), 0x80 + math.floor(code / 4096) % 64,
    0x80 + math.floor(code / 64) % 64, 0x80 + code % 64)
end

local function shown_domain(domain)
  return (domain:gsub("[^.]+", function(label)
    local codes = label:lower():match("^xn%-%-(.+)$") and punycode(label:sub(5))
    if not codes then return nil end
    local letters = {}
    for _, code in ipairs(codes) do table.insert(letters, utf8(code)) end
    return table.concat(letters)
  end))
end

-- Whether words look like a domain of ours without being it: other scripts, digits, marks, hyphens for dots, or ours
-- with somebody's own behind it.
local function looks_like(domain, ours)
  if domain == ours then return false end
  if domain:sub(1, #ours + 1) == ours .. "." then return true end
  local plain = CONGVU.text.plain(domain):gsub("%d", DIGITS)
  return plain == ours or plain:gsub("%-", ".") == ours or rspamd_util.is_utf_spoofed(domain, ours) == true
end

-- The domain of ours that stands in a name, as itself or disguised; a longer domain that ends so is not ours.
local function domain_in(name)
  for word in CONGVU.text.lower(name):gmatch("[%w._@\128-\255-]+") do
    local domain = word:match("@([^@]+)$") or word
    domain = domain:gsub("^[.@-]+", ""):gsub("[.@-]+$", "")
    for ours in pairs(CONGVU.policies) do
      if domain == ours or domain:sub(-#ours - 1) == "." .. ours or looks_like(domain, ours) then return ours end
    end
  end
end

local function trick(shown)
  local name = shown.name or ""
  local domain = CONGVU.text.lower(shown.domain or "")
  local _, unseen = CONGVU.text.seen(name)
  local named = domain_in(CONGVU.text.normal(name))
  if named and domain ~= named then return "the name shows " .. named .. ", the address is of " .. domain end
  for ours in pairs(CONGVU.policies) do
    if looks_like(shown_domain(domain), ours) then return "the domain " .. domain .. " looks like " .. ours end
  end
  if unseen then return "the name has letters that cannot be seen" end
end

CONGVU.rule({
  name = "CONGVU_NAME_TRICK",
  type = "normal",
  score = SCORE,
  callback = function(task)
    if task:get_user() then return end
    for _, shown in ipairs(task:get_from("mime") or {}) do
      local reason = trick(shown)
      if reason then
        reason = CONGVU.ascii(reason)
        CONGVU.find(task, {
          symbol = "CONGVU_NAME_TRICK",
          handling = "report",
          reason = reason,
          headers = { ["X-Congvu-Warning"] = reason },
        })
        return
      end
    end
  end,
})
