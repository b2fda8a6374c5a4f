-- Messages that bear the mark of a state secret, such as MẬT or TUYỆT MẬT: in a header, the subject, the first
-- lines of a body or the name of an attachment (LD-4.2). What counts is a mark where a mark stands, not the word:
-- "bảo mật", "MẬT ONG" and a sentence about secrets pass.

local text = CONGVU.text

-- Lines that are not empty, from the beginning of a body, in which a mark is one.
local FIRST_LINES = 25
-- A line of a letterhead may have several columns.
local COLUMN = "\0"
local HEADERS = { "Do-Mat", "X-Do-Mat", "Muc-Do-Mat", "X-Muc-Do-Mat", "X-Classification", "X-Security-Classification" }
-- Words beside "mật" that make another word of it (bảo mật, mật ong), as text.plain writes them.
local BEFORE, AFTER = {}, {}
for word in ("an bao be bi can chi co dich duong gan giay gio khoa kin loi mia ngot ngu nuoc ong ri ruot soi tac than " ..
  "trang truc tui vang viem mat sac bo doi lot cham kinh ra rua che"):gmatch("%S+") do BEFORE[word] = true end
for word in ("chi danh dao dinh do dong dung ech gau gioi hieu khau kiem lenh linh ma mia na nghi ngot ngu ong " ..
  "phong ri tau tham thiet thu thuong tong truyen tuong uoc vu"):gmatch("%S+") do AFTER[word] = true end

-- Letters and digits, of whatever alphabet.
local WORD = "[%w\128-\255]"

local function trim(words, signs)
  return (words:gsub("^[%s" .. signs .. "]+", ""):gsub("[%s" .. signs .. "]+$", ""))
end

-- A mark as it is looked for: with its accents, and with accents lost, and whether it is one word, which is easily
-- part of others.
local function prepared(mark)
  mark = text.normal(mark)
  return { exact = mark, lost = text.plain(mark):upper(), small = text.lower(mark), one = not mark:find("%s") }
end

local prepared_marks = {}

local function marks_of(policy)
  local found = {}
  for _, mark in ipairs(policy.classified_marks) do
    prepared_marks[mark] = prepared_marks[mark] or prepared(mark)
    table.insert(found, prepared_marks[mark])
  end
  -- "TUYỆT MẬT" before "MẬT".
  table.sort(found, function(one, other) return #one.exact > #other.exact end)
  return found
end

-- Whether a value that stands where a mark is stated begins with a mark and goes on with another matter.
local function states(value, marks)
  value = trim(value, ":%-%.%[%]%(%)\"'*_")
  local small, upper = text.lower(value), value:upper()
  for _, mark in ipairs(marks) do
    for _, form in ipairs({ { small, mark.small }, { upper, mark.lost } }) do
      local words, wanted = form[1], form[2]
      if words:sub(1, #wanted) == wanted and (#words == #wanted or words:find("^%s*[;,%.%(%)%[/|-]", #wanted + 1)) then
        return true
      end
    end
  end
  return false
end

-- "Độ mật: MẬT", "Mức độ mật - Tối mật"; also without accents. The words are as text.normal writes them.
local function labelled(words, marks)
  words = words:gsub("^[%s%d%.%)%*>_-]+", "")
  local plain = text.bare(words):lower()
  local _, stop = plain:find("^m?u?c? ?do mat%s*[:=-]+")
  if not stop then
    _, stop = plain:find("^m?u?c? ?do mat%s%s+")
  end
  if not stop then return false end
  local value = words:match("^[^:=-]*[:=-]+%s*(.*)$") or words:match("^.-%s%s+(.*)$") or ""
  return states(value, marks)
end

-- A line, or a column of it, that is nothing but a mark.
local function alone(words, marks)
  local core = trim(words, ">*_#~\"'|=.,;:!-")
  local bare = trim(core, "%[%]%(%){}<>")
  for _, mark in ipairs(marks) do
    if bare == mark.exact or (bare == mark.lost and (not mark.one or bare ~= core)) then return true end
  end
  return false
end

-- Whether a line has the letters of a mark at all; of most lines no more need be asked.
local function mentions(line, marks)
  local plain = text.bare(line):upper()
  for _, mark in ipairs(marks) do
    if plain:find(mark.lost, 1, true) then return true end
  end
  return false
end

local function marked_line(line, marks)
  line = text.normal(line)
  if not mentions(line, marks) then return false end
  local columns = line:gsub("\t", COLUMN):gsub("|", COLUMN):gsub("   +", COLUMN)
  for column in (columns .. COLUMN):gmatch("(.-)%z") do
    if alone(column, marks) or labelled(column, marks) then return true end
  end
  return labelled(line, marks)
end

local function last_word(words) return text.plain(words:match("(" .. WORD .. "+)[^%w\128-\255]*$") or "") end
local function first_word(words) return text.plain(words:match("^[^%w\128-\255]*(" .. WORD .. "+)") or "") end

-- Where a form of a mark stands in a title by itself, in brackets or set off at the beginning or the end.
local function set_off(before, after, mark, form, is_name)
  if before:find("[%[%(%{]%s*$") and after:find("^%s*[%]%)%}]") then return true end
  local exact = form == mark.exact
  if not before:find(WORD) and not after:find(WORD) then return exact or not mark.one end
  local rest = before .. after
  local contrast = rest:find("%l") ~= nil
  -- A word that makes another one of the mark is joined to it.
  local joined = before:find(WORD .. "[-_%.]$") and BEFORE[last_word(before)]
    or after:find("^[-_%.]" .. WORD) and AFTER[first_word(after)]
  if mark.one and joined then return false end
  if not before:find(WORD) then
    if after:find("^%s*[:|]") or after:find("^%s+%-%s") then return exact or not mark.one or contrast end
    if is_name and after:find("^%s*[-_%.]") then return exact or not mark.one or contrast end
    return is_name and not mark.one and after:find("^%s") ~= nil and (exact or contrast)
  end
  if not after:find(WORD) then
    if before:find("%s%-%s+$") or before:find("[:|]%s*$") then return exact or not mark.one or contrast end
    if is_name and before:find("[-_%.]%s*$") then return exact or not mark.one or contrast end
  end
  return false
end

local function escaped(words) return (words:gsub("[%-%.%+%[%]%(%)%$%^%%%?%*]", "%%%0")) end

local function marked_title(title, marks, is_name)
  for _, mark in ipairs(marks) do
    for _, form in ipairs({ mark.exact, mark.lost }) do
      local pattern = escaped(form):gsub("%s+", "[ _%%.-]+")
      local from = 1
      while true do
        local start, stop = title:find(pattern, from)
        if not start then break end
        local before, after = title:sub(1, start - 1), title:sub(stop + 1)
        if not before:find(WORD .. "$") and not after:find("^" .. WORD)
          and set_off(before, after, mark, form, is_name) then
          return true
        end
        from = stop + 1
      end
    end
  end
  return false
end

local PREFIX = { "re", "fw", "fwd", "tl", "v/v", "tra loi", "chuyen tiep" }

-- The subject without the prefixes of replies.
local function bare_subject(subject)
  subject = trim(text.normal(subject), "")
  local again = true
  while again do
    again = false
    local head, rest = subject:match("^([^:]-)%s*:%s*(.*)$")
    for _, prefix in ipairs(PREFIX) do
      if head and text.plain(head):gsub("%[%d+%]", "") == prefix then subject, again = rest, true end
    end
  end
  return subject
end

local function bare_name(name)
  return (name:gsub("%.[^.]+$", ""):gsub("%s*%(%d+%)%s*$", ""))
end

local function marked_text(words, marks)
  local lines = 0
  for line in words:gmatch("[^\r\n]+") do
    if line:find("%S") then
      lines = lines + 1
      if lines > FIRST_LINES then return false end
      if #line < 400 and marked_line(line, marks) then return true end
    end
  end
  return false
end

-- Where a message bears a mark, in words; nil where it does not.
local function place(task, marks)
  for _, name in ipairs(HEADERS) do
    local value = task:get_header(name)
    if value and states(text.normal(value), marks) then return "header " .. name end
  end
  for _, header in ipairs(task:get_header_full("Subject") or {}) do
    local subject = bare_subject(header.decoded or header.value or "")
    if labelled(subject, marks) or marked_title(subject, marks, false) then return "subject" end
  end
  for _, part in ipairs(task:get_text_parts() or {}) do
    if marked_text(tostring(part:get_content() or ""):sub(1, 32768), marks) then return "beginning of the text" end
  end
  for _, legacy in ipairs(CONGVU.legacy_texts(task)) do
    if marked_text(legacy.text:sub(1, 32768), marks) then return "beginning of the text, in " .. legacy.charset end
  end
  for _, part in ipairs(task:get_parts() or {}) do
    if not part:is_multipart() then
      for _, name in ipairs(text.names(part)) do
        if marked_title(bare_name(name), marks, true) then return "attachment " .. CONGVU.ascii(name) end
      end
    end
  end
end

CONGVU.rule({
  name = "CONGVU_CLASSIFIED",
  type = "normal",
  callback = function(task)
    local handling, where = "accept", nil
    for _, policy in pairs(CONGVU.policies_of(task)) do
      if CONGVU.SEVERITY[policy.classified_then] > CONGVU.SEVERITY[handling] and #policy.classified_marks > 0 then
        local found = place(task, marks_of(policy))
        if found then handling, where = policy.classified_then, found end
      end
    end
    if where then
      CONGVU.find(task, {
        symbol = "CONGVU_CLASSIFIED",
        handling = handling,
        reason = (handling == "reject" and "State secrets must not be sent by mail; a mark of secrecy is in: " or
          "a mark of secrecy is in: ") .. where,
        headers = { ["X-Congvu-Classified"] = "yes" },
      })
    end
  end,
})
