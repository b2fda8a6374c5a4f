-- What attachments are: of a forbidden type, by name or by content, encrypted, or with macros.

local UTF16 = function(words) return (words:gsub(".", "%0\0")) end
local OLE = "\208\207\17\224\161\177\26\225"
local VBA, ENCRYPTED_PACKAGE = UTF16("_VBA_PROJECT"), UTF16("EncryptedPackage")
-- Contents that rspamd knows by their first bytes and Windows starts, with the extensions that name them as well.
local BY_CONTENT = {
  exe = { "exe", "com", "scr", "pif", "dll", "cpl" }, bat = { "bat", "cmd" }, elf = { "elf" }, jar = { "jar" },
  class = { "class" }, lnk = { "lnk" }, msi = { "msi" }, chm = { "chm" }, iso = { "iso", "img" },
}

-- Report, hold or refuse, as the strictest of the concerned policies says.
function CONGVU.find_by_policy(task, symbol, key, reason)
  local handling = CONGVU.strictest(task, key)
  if handling == "accept" then return end
  local header = symbol == "CONGVU_MACRO" and "X-Congvu-Macro" or "X-Congvu-Encrypted"
  local refusal = symbol == "CONGVU_MACRO" and "Documents with macros are not accepted: "
    or "Encrypted files cannot be scanned and are not accepted: "
  CONGVU.find(task, {
    symbol = symbol,
    handling = handling,
    reason = handling == "reject" and refusal .. reason or reason,
    headers = { [header] = "yes" },
  })
end

-- Windows leaves out blanks and dots at the end of a name.
local function extension(name)
  return name:lower():gsub("[%s.%z]+$", ""):match("%.([^./\\]+)$")
end

local function forbidden(task)
  local found = {}
  for domain, policy in pairs(CONGVU.policies_of(task)) do
    for _, each in ipairs(policy.forbidden_extensions) do found[each:lower()] = domain end
  end
  return found
end

local function refuse(task, name, kind, whose)
  CONGVU.find(task, {
    symbol = "CONGVU_FORBIDDEN_TYPE",
    handling = "reject",
    reason = string.format("%s does not accept files of type .%s: %s", whose, kind, CONGVU.ascii(name)),
  })
end

local function judge_names(task, names, wanted)
  for _, name in ipairs(names) do
    local kind = extension(name)
    if kind and wanted[kind] then return refuse(task, name, kind, wanted[kind]) end
  end
end

local function judge_content(task, part, shown, wanted)
  local kind = part:get_detected_ext()
  for _, each in ipairs(BY_CONTENT[kind] or {}) do
    if wanted[each] then return refuse(task, shown, each, wanted[each]) end
  end
end

-- The files of an archive, which may have folders in their names.
local function judge_archive(task, archive, shown, wanted)
  local names, macros = {}, false
  for _, name in ipairs(archive:get_files() or {}) do
    name = CONGVU.text.normal(tostring(name))
    table.insert(names, name)
    local lower = name:lower()
    if lower:find("vbaproject%.bin$") or lower:find("/macrosheets/") then macros = true end
  end
  judge_names(task, names, wanted)
  if macros then CONGVU.find_by_policy(task, "CONGVU_MACRO", "macros", "macros in " .. shown) end
  if archive:is_encrypted() then
    CONGVU.find_by_policy(task, "CONGVU_ENCRYPTED", "encrypted_archives", "encrypted file " .. shown)
  end
end

-- Office documents before 2007, and encrypted ones of all times, are OLE files.
local function judge_ole(task, content, shown)
  if content:sub(1, #OLE) ~= OLE then return end
  if content:find(VBA, 1, true) then
    CONGVU.find_by_policy(task, "CONGVU_MACRO", "macros", "macros in " .. shown)
  end
  if content:find(ENCRYPTED_PACKAGE, 1, true) then
    CONGVU.find_by_policy(task, "CONGVU_ENCRYPTED", "encrypted_archives", "encrypted file " .. shown)
  end
end

CONGVU.rule({
  name = "CONGVU_ATTACHMENTS",
  type = "normal",
  further = { CONGVU_FORBIDDEN_TYPE = 0, CONGVU_MACRO = 0, CONGVU_ENCRYPTED = 0 },
  callback = function(task)
    local wanted = forbidden(task)
    for _, part in ipairs(task:get_parts() or {}) do
      if not part:is_multipart() then
        local names = CONGVU.text.names(part)
        local shown = CONGVU.ascii(names[1] or "without a name")
        judge_names(task, names, wanted)
        if not part:is_text() then
          judge_content(task, part, shown, wanted)
          judge_ole(task, tostring(part:get_content()), shown)
        end
        local archive = part:get_archive()
        if archive then judge_archive(task, archive, shown, wanted) end
      end
    end
  end,
})
