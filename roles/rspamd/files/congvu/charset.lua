-- Vietnamese in charsets that mail programs cannot read (TCVN3, VNI, VISCII), declared as something else or as
-- nothing. The body is never altered; a header says what it is. Tables and measure are those of congvu.charset:
-- each word with a letter beyond ASCII is read in every charset, and the one that makes syllables of them wins.

local rspamd_util = require "rspamd_util"

local REPORTED = { tcvn3 = "TCVN3", vni = "VNI", viscii = "VISCII" }
-- Charsets that a mail program can be expected to know when the message names them.
local DECLARED = { ["windows-1258"] = true, ["cp1258"] = true, ["viscii"] = true }
local LOOKED_AT = 65536
-- As in congvu.charset.detect: the share of words that must be Vietnamese, and by how much one charset must win. In
-- a short mail some French words are syllables by chance, so here three different words must speak for it.
local GOOD, ENOUGH, CLEAR, CONTRARY = 0.7, 3, 0.15, 5

local tables = CONGVU.read("charset.conf").tables
local codes, windows, syllables = {}, {}, {}
local order = tables.order or {}

local function bytes(hex) return (hex:gsub("%x%x", function(pair) return string.char(tonumber(pair, 16)) end)) end

for charset, letters in pairs(tables.codes or {}) do
  codes[charset] = {}
  for letter, code in pairs(letters) do
    if bytes(code):find("[\128-\255]") then codes[charset][bytes(code)] = letter end
  end
end
for letter, code in pairs(tables.windows or {}) do windows[letter] = bytes(code) end
for syllable in (tables.syllables or ""):gmatch("%S+") do syllables[syllable] = true end

-- Small letters of capitals, and which letters are capitals.
local lower = tables.lower or {}
-- Signs that may touch a word: no-break space, quotation marks, dashes, dots, in Windows-1252.
local AROUND = "[\160\145-\148\150\151\133\149]"
local LETTER = "[%z\1-\127\194-\244][\128-\191]*"

-- The letters of a word in a charset, UTF-8; nil where a byte is none of its letters.
local function decode(word, charset)
  local map, letters, at = codes[charset], {}, 1
  while at <= #word do
    local one, two = word:sub(at, at), word:sub(at, at + 1)
    local letter = #two == 2 and map[two] or map[one] or (one:byte() < 128 and one)
    if not letter then return nil end
    table.insert(letters, letter)
    at = at + ((#two == 2 and map[two]) and 2 or 1)
  end
  return table.concat(letters)
end

-- A syllable whose case a person would write: no capital beyond ASCII after a small letter.
local function is_syllable(word)
  local small, previous = {}, false
  for letter in word:gmatch(LETTER) do
    if lower[letter] and previous then return false end
    previous = #letter > 1 and not lower[letter] or letter:find("%l") ~= nil
    table.insert(small, lower[letter] or letter:lower())
  end
  return syllables[table.concat(small)] ~= nil
end

-- Whether all of a word between signs that may touch it is Vietnamese in a charset.
local function reads(word, charset)
  local pieces = 0
  for piece in word:gsub(AROUND, " "):gmatch("%S+") do
    if piece:find("[\128-\255]") then
      local reading = decode(piece, charset)
      if not reading or not is_syllable(reading) then return false end
      pieces = pieces + 1
    end
  end
  -- A byte that is a quotation mark elsewhere may be a letter here.
  if pieces == 0 then
    local reading = decode(word, charset)
    return reading ~= nil and is_syllable(reading)
  end
  return true
end

-- Count words by the charsets in which they are Vietnamese.
local function count(words)
  local readings, total, seen = {}, 0, {}
  for _, charset in ipairs(order) do readings[charset] = { good = 0, different = 0 } end
  for word in words:gmatch("[A-Za-z\128-\255]+") do
    if word:find("[\128-\255]") then
      if seen[word] == nil then
        seen[word] = {}
        for _, charset in ipairs(order) do
          seen[word][charset] = #word <= 64 and reads(word, charset)
          if seen[word][charset] then readings[charset].different = readings[charset].different + 1 end
        end
      end
      total = total + 1
      for _, charset in ipairs(order) do
        if seen[word][charset] then readings[charset].good = readings[charset].good + 1 end
      end
      readings[#readings + 1] = seen[word]
    end
  end
  return readings, total
end

local function wins(readings, best, other)
  local won, lost = 0, 0
  for _, word in ipairs(readings) do
    if word[best] and not word[other] then won = won + 1 end
    if word[other] and not word[best] then lost = lost + 1 end
  end
  return won >= math.max(2, CLEAR * (won + lost)) and won >= CONTRARY * lost
end

-- The charset that bytes are Vietnamese in, if one is clearly the best.
local function detect(words)
  local readings, total = count(words)
  local best
  for _, charset in ipairs(order) do
    if not best or readings[charset].good > readings[best].good then best = charset end
  end
  if not best or readings[best].different < ENOUGH or readings[best].good < GOOD * total then return nil end
  for _, other in ipairs(order) do
    if other ~= best and not wins(readings, best, other) then return nil end
  end
  return best
end

-- UTF-8 whose letters are bytes of an older charset in Western clothes, as those bytes; nil for proper text.
local function undressed(words)
  local strange, western = 0, 0
  local result = words:gsub("[\194-\244][\128-\191]+", function(letter)
    local byte = windows[letter]
    if byte then western = western + 1 else strange = strange + 1 end
    return byte or " "
  end)
  if western == 0 or strange * 10 > western then return nil end
  return result
end

local function declared(part)
  local _, _, parameters = part:get_mimepart():get_type_full()
  return parameters and parameters.charset and tostring(parameters.charset):lower() or ""
end

-- The bytes of a body to look at: what the mail program would be given, or the text that HTML shows.
local function body(part)
  local html = part:is_html()
  local content = part:get_content(html and "content" or "raw_parsed")
  content = content and tostring(content):sub(1, LOOKED_AT) or ""
  if content:find("%z") or not content:find("[\128-\255]") then return nil end
  if rspamd_util.is_valid_utf8(content:gsub("[\194-\244][\128-\191]*$", "")) then return undressed(content) end
  return content
end

-- In fonts for capitals the small letters look like capitals: a word of capitals else is one.
local function capitals(words)
  local upper = {}
  for capital, small in pairs(lower) do upper[small] = capital end
  return (words:gsub("[%w\128-\255]+", function(word)
    if word:find("%l") or not word:find("%u") then return nil end
    return (word:gsub(LETTER, upper))
  end))
end

-- For each body that is in an old charset: its name, and its text in UTF-8.
function CONGVU.legacy_texts(task)
  local found = task:cache_get("congvu_legacy")
  if found then return found end
  found = {}
  for _, part in ipairs(task:get_text_parts() or {}) do
    local words = not DECLARED[declared(part)] and body(part)
    local charset = words and detect(words)
    if charset and REPORTED[charset] then
      local unicode = words:gsub("[A-Za-z\128-\255]+", function(word) return decode(word, charset) end)
      table.insert(found, { charset = REPORTED[charset], text = capitals(unicode) })
    end
  end
  task:cache_set("congvu_legacy", found)
  return found
end

CONGVU.rule({
  name = "CONGVU_CHARSET",
  type = "normal",
  callback = function(task)
    local body_in = CONGVU.legacy_texts(task)[1]
    if not body_in then return end
    local handling = CONGVU.strictest(task, "other_text")
    if handling == "accept" then return end
    CONGVU.find(task, {
      symbol = "CONGVU_CHARSET",
      handling = handling,
      reason = "The text is in " .. body_in.charset .. ", not in Unicode",
      headers = { ["X-Congvu-Charset"] = body_in.charset },
    })
  end,
})
