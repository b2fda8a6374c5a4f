"""VIQR: marks as ASCII punctuation behind the vowel, RFC 1456, section 4.

A mark counts wherever it makes a letter of the alphabet with what stands before it, else it is
punctuation; a backslash before it makes it punctuation too. The states of the RFC (``\\V``, ``\\L``, ``\\M``)
are not followed: lists of names do not switch language, and paths have backslashes.
"""

from __future__ import annotations

import re

from congvu.charset.tables import BREVE, CIRCUMFLEX, HORN, LETTERS, TONES, VOWELS, split

_MARKS = dict(zip(BREVE + CIRCUMFLEX + HORN + TONES, "(^+`?~'.", strict=True))


def _code(letter: str) -> str:
    plain, shape, tone = split(letter)
    return plain + "".join(_MARKS[mark] for mark in shape + tone)


_CODES = {letter: _code(letter) for letter in LETTERS} | {"đ": "dd", "Đ": "DD"}
_VOWELS = {code: letter for letter, code in _CODES.items() if letter not in "đĐ"}
_PUNCTUATION = "".join(_MARKS.values())
# "D-a`" is not in the RFC but in the field (naming.md, section 5). It counts only where a word begins, and
# before a vowel: HDND-UBND keeps its D.
_CODE = re.compile(
    rf"(?=[\\Dd]|[AEIOUYaeiouy][{re.escape(_PUNCTUATION)}])(?:\\(?P<literal>[\\dD{re.escape(_PUNCTUATION)}])"
    r"|(?P<small>dd|(?<![A-Za-z])d-(?=[AEIOUYaeiouy]))"
    r"|(?P<capital>D[Dd]|(?<![A-Za-z])D-(?=[AEIOUYaeiouy]))|"
    + "|".join(re.escape(code) for code in sorted(_VOWELS, key=len, reverse=True))
    + ")"
)
_STRANGE = re.compile(rf"[^\0-\x7f{LETTERS}]")


def _letter(code: re.Match[str]) -> str:
    if code["literal"]:
        return code["literal"]
    if code["small"]:
        return "đ"
    return "Đ" if code["capital"] else _VOWELS[code[0]]


def decode(data: bytes) -> str:
    """NFC text. Raises `UnicodeDecodeError` for a byte beyond ASCII."""
    return _CODE.sub(_letter, data.decode("ascii"))


def encode(text: str) -> bytes:
    """The bytes of NFC `text`; punctuation that would be read as a mark gets its backslash.

    Raises `UnicodeEncodeError`.
    """
    if strange := _STRANGE.search(text):
        raise UnicodeEncodeError("viqr", text, strange.start(), strange.end(), "no such letter")
    neighbours = zip(" " + text, text, text[1:] + " ", strict=False)
    return "".join(_written(*letters) for letters in neighbours).encode("ascii")


def _written(before: str, letter: str, after: str) -> str:
    literal = (
        letter == "\\"
        or (letter in "dD" and after in "dDđĐ-")
        or (letter in _PUNCTUATION and before in VOWELS)
    )
    return f"\\{letter}" if literal else _CODES.get(letter, letter)
