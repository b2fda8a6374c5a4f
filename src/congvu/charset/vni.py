"""VNI for Windows: a vowel, then one byte for all its marks, as the fonts VNI-Times and VNI-Helve show them.

There is no standard; the table agrees with the one Wikipedia has ("VNI", character set) and with what
converters in the field carry. A capital's mark is the capital byte, but either is read after either.
"""

from __future__ import annotations

import codecs
import re

from congvu.charset.model import CharsetError
from congvu.charset.tables import BREVE, CIRCUMFLEX, HORN, LETTERS, TONES, UNDEFINED, split

# Bytes as cp1252 shows them. Breve, circumflex or neither -> its mark without tone and with each tone.
_MARKS = {"": " øûõùï", BREVE: "êèúüéë", CIRCUMFLEX: "âàåãáä"}
# Who can bear them; ô and ö are VNI's bytes for ơ and ư.
_BEARERS = {"": "aeouyôö", BREVE: "a", CIRCUMFLEX: "aeo"}
# Below its letters VNI has what cp1252 has, and nothing where that has nothing.
_BELOW_LETTERS = bytes(range(0xC0)).decode("cp1252", "replace").replace("\ufffd", UNDEFINED)
# Letters that are one byte, and that byte.
_WHOLE = dict(zip("ơưđìỉĩíịỵ", "ôöñìæóíòî", strict=True))


def _code(letter: str) -> bytes:
    lower = letter.lower()
    plain, shape, tone = split(lower)
    column = TONES.index(tone) + 1 if tone else 0
    if lower in _WHOLE:
        code = _WHOLE[lower]
    elif shape == HORN:
        code = _WHOLE["ơ" if plain == "o" else "ư"] + _MARKS[""][column]
    else:
        code = plain + _MARKS[shape][column]
    return (code if letter == lower else code.upper()).encode("latin-1")


def _decoding() -> tuple[str, dict[str, str]]:
    """A table for `codecs.charmap_decode`, and what its stand-ins for two marks in one byte mean."""
    table = [*_BELOW_LETTERS, *UNDEFINED * 0x40]
    stand_ins: dict[str, str] = {}
    for shape, marks in _MARKS.items():
        for mark, tone in zip(marks, ["", *TONES], strict=True):
            if meaning := shape + tone:
                if len(meaning) > 1:
                    stand_in = chr(0xE000 + len(stand_ins))
                    stand_ins[stand_in], meaning = meaning, stand_in
                table[ord(mark)] = table[ord(mark.upper())] = meaning
    for letter, byte in _WHOLE.items():
        table[ord(byte)], table[ord(byte.upper())] = letter, letter.upper()
    return "".join(table), stand_ins


def _stray() -> re.Pattern[bytes]:
    rules = (
        f"(?<![{_BEARERS[shape]}{_BEARERS[shape].upper()}])[{marks.strip()}{marks.strip().upper()}]"
        for shape, marks in _MARKS.items()
    )
    return re.compile("|".join(rules).encode("latin-1"))


_TABLE, _STAND_INS = _decoding()
_STRAY = _stray()
_CODES: dict[int, int | bytes] = {
    ord(letter): byte for byte, letter in enumerate(_TABLE[:0xC0]) if letter != UNDEFINED
} | {ord(letter): _code(letter) for letter in LETTERS}


def decode(data: bytes) -> str:
    """Unicode, not yet normalised. Raises `CharsetError` or `UnicodeDecodeError`."""
    if stray := _STRAY.search(data):
        raise CharsetError(
            f"byte 0x{stray[0][0]:02X} at offset {stray.start()} is a mark of vni behind a letter "
            "that cannot bear it",
            offset=stray.start(),
        )
    text = codecs.charmap_decode(data, "strict", _TABLE)[0]
    for stand_in, marks in _STAND_INS.items():
        text = text.replace(stand_in, marks)
    return text


def encode(text: str) -> bytes:
    """The bytes of NFC `text`. Raises `UnicodeEncodeError`."""
    return codecs.charmap_encode(text, "strict", _CODES)[0]
