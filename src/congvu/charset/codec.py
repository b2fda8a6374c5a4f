"""From bytes to NFC text and back, and the repair of text whose bytes were read as Western letters.

Everything here is strict: what a charset does not define is a `CharsetError` with its place, never "?".
"""

from __future__ import annotations

import codecs
import re
import unicodedata
from collections.abc import Callable

from congvu.charset import tables, viqr, vni
from congvu.charset.model import Charset, CharsetError

_UTF16 = {codecs.BOM_UTF16_LE: "utf-16-le", codecs.BOM_UTF16_BE: "utf-16-be"}
_HEAD = 65536  # bytes of UTF-16 without byte order mark that are looked at for its order


def _single_byte(codes: bytes, letters: str) -> tuple[Callable[[bytes], str], Callable[[str], bytes]]:
    """Reader and writer of a charset that has `letters` at `codes` and else what cp1252 has."""
    new = dict(zip(codes, letters, strict=True))
    table = "".join(new.get(byte, letter) for byte, letter in enumerate(tables.WINDOWS))
    back = codecs.charmap_build(table)
    return (
        lambda data: codecs.charmap_decode(data, "strict", table)[0],
        lambda text: codecs.charmap_encode(text, "strict", back)[0],
    )


_from_tcvn3, _to_tcvn3 = _single_byte(tables.TCVN3 + tables.TCVN3_TONES, tables.LETTERS + tables.TONES)
_from_viscii, _to_viscii = _single_byte(tables.VISCII, tables.LETTERS)


def _from_utf8(data: bytes) -> str:
    return data.decode("utf-8").removeprefix("\ufeff")


def _from_utf16(data: bytes) -> str:
    """Without byte order mark, the half of each pair that has the NULs of ASCII is the upper one."""
    if encoding := _UTF16.get(data[:2]):
        return data.decode(encoding).removeprefix("\ufeff")
    even, odd = data[:_HEAD:2].count(0), data[1:_HEAD:2].count(0)
    if even == odd:
        raise CharsetError("is utf-16 without byte order mark, and nothing else tells the order of its bytes")
    return data.decode("utf-16-le" if odd > even else "utf-16-be")


def _cp1258_splits() -> dict[int, str]:
    """Letters that CP1258 has only as letter and tone."""
    splits = {}
    for letter in tables.LETTERS:
        plain, shape, tone = tables.split(letter)
        if not letter.encode("cp1258", "ignore"):
            splits[ord(letter)] = unicodedata.normalize("NFC", plain + shape) + tone
    return splits


_CP1258_SPLITS = _cp1258_splits()

_READ: dict[Charset, Callable[[bytes], str]] = {
    Charset.UTF8: _from_utf8,
    Charset.UTF16: _from_utf16,
    Charset.CP1258: lambda data: data.decode("cp1258"),
    Charset.TCVN3: _from_tcvn3,
    Charset.VNI: vni.decode,
    Charset.VISCII: _from_viscii,
    Charset.VIQR: viqr.decode,
}
_WRITE: dict[Charset, Callable[[str], bytes]] = {
    Charset.UTF8: lambda text: text.encode("utf-8"),
    Charset.UTF16: lambda text: codecs.BOM_UTF16_LE + text.encode("utf-16-le"),
    Charset.CP1258: lambda text: text.translate(_CP1258_SPLITS).encode("cp1258"),
    Charset.TCVN3: _to_tcvn3,
    Charset.VNI: vni.encode,
    Charset.VISCII: _to_viscii,
    Charset.VIQR: viqr.encode,
}


def decode(data: bytes, charset: Charset) -> str:
    """The text of `data` in NFC, without byte order mark.

    TCVN3 is read as all of TCVN 5712, as glibc's ``TCVN`` does: the letters of VN3, the capitals with tone of
    VN1 and combining tones of VN2. Fonts of the .VnTime family have no capitals with tone, so people
    wrote the small letter, or all of it in a capital font (.VnTimeH): ``NGUYÔN`` is "NGUYễN" here,
    which `capitals` mends.

    VIQR is read by RFC 1456: "Ha." is "Hạ", even at the end of a sentence.

    Raises `CharsetError` with the byte offset for a byte or a sequence the charset does not define, for a
    NUL and for a lone surrogate.
    """
    try:
        text = _READ[charset](data)
    except UnicodeDecodeError as fault:
        byte = data[fault.start]
        raise CharsetError(
            f"byte 0x{byte:02X} at offset {fault.start} is nothing in {charset}: {fault.reason}",
            offset=fault.start,
        ) from None
    if (nul := text.find("\0")) >= 0:
        offset = data.find(b"\0") if charset is not Charset.UTF16 else len(encode(text[:nul], charset))
        raise CharsetError(f"holds a NUL at offset {offset}, so it is no text", offset=offset)
    return unicodedata.normalize("NFC", text)


def encode(text: str, charset: Charset) -> bytes:
    """`text` in NFC as bytes: UTF-8 without, UTF-16 (little-endian) with byte order mark.

    TCVN3 capitals with tone go to their codes of VN1, as with glibc's ``TCVN``, so that every letter comes
    back; a font of the .VnTime family shows them only as small letters: give it ``text.lower()``.

    Raises `CharsetError` with the offset of the first character that cannot be written; a NUL and a lone
    surrogate never can.
    """
    text = unicodedata.normalize("NFC", text)
    if "\0" in text:
        raise CharsetError("a NUL cannot be written", offset=text.index("\0"))
    try:
        return _WRITE[charset](text)
    except UnicodeEncodeError as fault:
        strange = fault.object[fault.start]
        offset = text.find(strange)
        raise CharsetError(
            f"{strange!r} (U+{ord(strange):04X}) cannot be written in {charset}", offset=offset
        ) from None


_BYTES = {letter: byte for byte, letter in enumerate(tables.WINDOWS)} | {chr(b): b for b in range(0x80, 0xA0)}
_LETTER_LIKE = {"Lu", "Ll", "Lt", "Lm", "Lo", "Mn", "Mc", "Me", "Cs", "Co"}
_CLOTHES = re.compile("[" + re.escape("".join(_BYTES)) + "]+")
# Fonts of the .VnTime family leave this punctuation of cp1252 in its place.
_TCVN3_CLOTHES = re.compile("[" + re.escape("".join(_BYTES.keys() - set("‘’“”–—…•"))) + "]+")


def repair(text: str, charset: Charset) -> str:
    """What was meant by `text` whose bytes in `charset` were shown as cp1252 or Latin-1; NFC.

    That is what a spreadsheet holds where somebody typed in a font such as .VnTime or VNI-Times, and what
    is left of UTF-8 or CP1258 that was opened as Western text. Repair before anything is trimmed: a
    soft hyphen is the "ư" of TCVN3 and a no-break space the "Õ" of VISCII. For capitals of TCVN3 see
    `capitals`.

    Raises `CharsetError` where `text` has a letter that such text cannot have, or bytes that are nothing
    in `charset`; its offset counts characters.
    """
    clothes = _TCVN3_CLOTHES if charset is Charset.TCVN3 else _CLOTHES

    text = unicodedata.normalize("NFC", text)

    def undress(run: re.Match[str]) -> str:
        try:
            return decode(bytes(map(_BYTES.__getitem__, run[0])), charset)
        except CharsetError as fault:
            place = None if fault.offset is None else run.start() + fault.offset
            raise CharsetError(f"{text!r} is no {charset}: {fault}", offset=place) from None

    for place, letter in enumerate(text):
        if letter not in _BYTES and unicodedata.category(letter) in _LETTER_LIKE:
            raise CharsetError(
                f"{text!r} has {letter!r} (U+{ord(letter):04X}), so it is no {charset} shown as Western text",
                offset=place,
            )
    return unicodedata.normalize("NFC", clothes.sub(undress, text))


def capitals(text: str) -> str:
    """The capitals a person's name lost in TCVN3, whose fonts have none with a tone.

    All of "NGUYễN THị HồNG" (a capital font) where ASCII letters are capitals only, and two of
    them stand together; the first letter of "Nguyễn Thị ánh" where all other words begin with a capital.
    """
    ascii_letters = [letter for letter in text if letter.isascii() and letter.isalpha()]
    if re.search("[A-Z]{2}", text) and all(map(str.isupper, ascii_letters)):
        return text.upper()
    words = text.split()
    lost = [word for word in words if word[0].islower()]
    if len(lost) < len(words) and all(word[0] in tables.SMALL_ONLY for word in lost):
        return re.sub(r"(?<!\S)\S", lambda first: first[0].upper(), text)
    return text
