-- Words, names and addresses of a message, as a reader sees them.

local rspamd_util = require "rspamd_util"

local text = {}

-- Signs that take no room on the screen or turn the direction of writing: soft hyphen, zero width space to
-- right-to-left mark, embeddings and overrides, word joiner to isolates, byte order mark.
-- All begin with one of three bytes, and few texts have those.
local UNSEEN = { "\194\173", "\226\128[\139-\143]", "\226\128[\170-\174]", "\226\129[\160-\175]", "\239\187\191" }

-- The text without such signs, and whether there were any.
function text.seen(words)
  local count = 0
  if not words:find("[\194\226\239]") then return words, false end
  for _, sign in ipairs(UNSEEN) do
    local some
    words, some = words:gsub(sign, "")
    count = count + some
  end
  return words, count > 0
end

-- One way to write each letter: NFKC, plain blanks and dashes, nothing unseen. What is not UTF-8 stays as it is.
function text.normal(words)
  words = tostring(rspamd_util.normalize_utf8(words) or words)
  words = text.seen(words)
  if not words:find("[\194\226]") then return words end
  return (words:gsub("\194\160", " "):gsub("\226\128[\144-\149]", "-"):gsub("\226\136\146", "-"))
end

-- Small letters without marks: "Độ mật" is "do mat".
function text.plain(words)
  return (text.bare(text.normal(words)):lower())
end

-- What letters beyond ASCII are without marks. Few runs of them come again and again, and asking for each is slow.
local bare_letters, known = {}, 0
local KNOWN = 4096

local function unmarked(letters)
  local bare = bare_letters[letters]
  if not bare then
    bare = tostring(rspamd_util.transliterate(letters))
    if text.lower(letters) ~= letters then bare = bare:upper() end
    if known == KNOWN then bare_letters, known = {}, 0 end
    bare_letters[letters], known = bare, known + 1
  end
  return bare
end

-- The same letters without marks, signs and blanks as they are.
function text.bare(words)
  return (words:gsub("[\128-\255]+", unmarked))
end

function text.lower(words)
  return tostring(rspamd_util.lower_utf8(words))
end

-- The addresses in one header as `task:get_header_full` gives it.
function text.addresses(task, header)
  local found = {}
  for _, one in ipairs(rspamd_util.parse_mail_address(header.decoded or header.value or "", task:get_mempool()) or {}) do
    table.insert(found, one.addr or "")
  end
  return found
end

-- Files in uuencode within a text part: name and length as encoded.
function text.uuencoded(part)
  local found = {}
  local words = part:get_content()
  words = words and tostring(words) or ""
  local from = 1
  while true do
    local start, stop, name = words:find("begin [0-7][0-7][0-7] ([^\r\n]+)\r?\n", from)
    if not start then return found end
    if start == 1 or words:sub(start - 1, start - 1) == "\n" then
      local last = words:find("\nend", stop, true) or #words
      table.insert(found, { name = name, length = last - stop })
      from = last
    else
      from = stop
    end
  end
end

-- The names in a TNEF file (winmail.dat): attAttachTitle, and the long names among the MAPI properties of attachments
-- (PidTagAttachLongFilename and PidTagAttachFilename, as 8-bit and as UTF-16 text; MS-OXTNEF). Each is a mark, `skip`
-- bytes of no matter, its length in four, and the name.
local TNEF_NAMES = {
  { mark = "\2\16\128\1\0", skip = 0 },
  { mark = "\30\0\7\55", skip = 4 }, { mark = "\31\0\7\55", skip = 4 },
  { mark = "\30\0\4\55", skip = 4 }, { mark = "\31\0\4\55", skip = 4 },
}

local function tnef_names(content)
  local found = {}
  for _, kind in ipairs(TNEF_NAMES) do
    local start, stop = content:find(kind.mark, 1, true)
    while start do
      local at = stop + kind.skip
      local low, high = content:byte(at + 1, at + 2)
      local length = (low or 0) + 256 * (high or 0)
      if length > 0 and length < 1024 then
        local name = content:sub(at + 5, at + 4 + length)
        -- UTF-16 as far as it is ASCII, which extensions are.
        table.insert(found, (name:gsub("(.)%z", "%1"):gsub("%z.*", "")))
      end
      start, stop = content:find(kind.mark, stop, true)
    end
  end
  return found
end

local function unescaped(words)
  return (words:gsub("%%(%x%x)", function(pair) return string.char(tonumber(pair, 16)) end))
end

-- The values that a header gives a parameter, however it is written and however often: a="b", a=b, a*=charset'language'b,
-- and in pieces, a*0=b; a*1*=c (RFC 2231, 3 and 4). The mail program chooses among them.
local function values_of(words, name)
  local found, pieces, last = {}, {}, -1
  words = ";" .. words
  for value in words:gmatch("[;%s]" .. name .. "%s*=%s*\"([^\"]*)\"") do table.insert(found, value) end
  for value in words:gmatch("[;%s]" .. name .. "%s*=%s*([^%s;\"]+)") do table.insert(found, value) end
  for number, value in words:gmatch("[;%s]" .. name .. "%*(%d*)%*?%s*=%s*\"?([^;\"]*)") do
    value = unescaped((value:gsub("%s+$", "")))
    if number == "" then
      table.insert(found, (value:gsub("^[^']*'[^']*'", "")))
    else
      pieces[tonumber(number)], last = value, math.max(last, tonumber(number))
    end
  end
  local whole = {}
  for number = 0, math.min(last, 99) do table.insert(whole, pieces[number] or "") end
  if #whole > 0 then table.insert(found, (table.concat(whole):gsub("^[^']*'[^']*'", ""))) end
  return found
end

local function parameters(part)
  local found = {}
  for _, header in ipairs({ "Content-Disposition", "Content-Type" }) do
    local words = part:get_header(header)
    for _, name in ipairs({ "filename", "name" }) do
      for _, value in ipairs(words and values_of(words:lower(), name) or {}) do table.insert(found, value) end
    end
  end
  return found
end

-- All names under which a part may be offered to its reader: mail programs differ in which header they believe.
function text.names(part)
  local found = {}
  local function take(name)
    if name and name ~= "" then table.insert(found, text.normal(tostring(name))) end
  end
  take(part:get_filename())
  for _, name in ipairs(parameters(part)) do take(name) end
  if part:is_text() then
    for _, file in ipairs(text.uuencoded(part)) do take(file.name) end
  elseif part:get_length() >= 4 and tostring(part:get_content()):sub(1, 4) == "\120\159\62\34" then
    for _, name in ipairs(tnef_names(tostring(part:get_content()))) do take(name) end
  end
  return found
end

return text
