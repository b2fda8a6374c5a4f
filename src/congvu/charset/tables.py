"""Where each Vietnamese letter stands in each charset, as rows aligned to one alphabet."""

from __future__ import annotations

import unicodedata

GRAVE, HOOK, TILDE, ACUTE, DOT = "\u0300", "\u0309", "\u0303", "\u0301", "\u0323"
BREVE, CIRCUMFLEX, HORN = "\u0306", "\u0302", "\u031b"
TONES = GRAVE + HOOK + TILDE + ACUTE + DOT
"""Huyền, hỏi, ngã, sắc, nặng: the order of every row below."""

_LOWER = "àảãáạ ăằẳẵắặ âầẩẫấậ đ èẻẽéẹ êềểễếệ ìỉĩíị òỏõóọ ôồổỗốộ ơờởỡớợ ùủũúụ ưừửữứự ỳỷỹýỵ".replace(" ", "")
LETTERS = _LOWER + _LOWER.upper()
"""The 134 letters beyond ASCII."""

VOWELS = frozenset(LETTERS.replace("đ", "").replace("Đ", "") + "aeiouyAEIOUY")
SMALL_ONLY = frozenset(_LOWER) - frozenset("ăâđêôơư")
"""Letters whose capital VN3, and so a font of the .VnTime family, does not have."""


def split(letter: str) -> tuple[str, str, str]:
    """Plain letter, breve/circumflex/horn, tone of one letter of the alphabet; "" where there is none.

    >>> split("ậ") == ("a", CIRCUMFLEX, DOT)
    True
    """
    parts = unicodedata.normalize("NFD", letter)
    tone = "".join(mark for mark in parts if mark in TONES)
    return parts[0], "".join(mark for mark in parts[1:] if mark not in TONES), tone


# TCVN 5712:1993. Lower-case letters and the seven capitals without tone are VN3, which is all that fonts
# of the .VnTime family have; the other capitals are VN1, in places where VN3 has nothing or a control code.
TCVN3 = bytes.fromhex(
    "B5B6B7B8B9 A8BBBCBDBEC6 A9C7C8C9CACB AE CCCECFD0D1 AAD2D3D4D5D6 D7D8DCDDDE"
    "DFE1E2E3E4 ABE5E6E7E8E9 ACEAEBECEDEE EFF1F2F3F4 ADF5F6F7F8F9 FAFBFCFDFE"
    "8081828384 A1AFBABFC085 A2C1C2C3C486 A7 8788898A8B A3C5CDD9DA8C 8D8E8F9091"
    "9293949596 A4DBE0F0FF97 A598999A9B9C 9D9E9F0102 A60405061112 1314151617"
)
TCVN3_TONES = bytes.fromhex("B0B1B2B3B4")
"""Combining tones of VN2 and VN1, after the vowel."""

# RFC 1456, table 1.
VISCII = bytes.fromhex(
    "E0E4E3E1D5 E5A2C6C7A1A3 E2A5A6E7A4A7 F0 E8EBA8E9A9 EAABACADAAAE ECEFEEEDB8"
    "F2F6F5F3F7 F4B0B1B2AFB5 BDB6B7DEBEFE F9FCFBFAF8 DFD7D8E6D1F1 CFD6DBFDDC"
    "C0C4C3C180 C58202058183 C28586068487 D0 C8CB88C989 CA8B8C8D8A8E CC9BCECD98"
    "D299A0D39A D49091928F93 B49697B39594 D99C9DDA9E BFBBBCFFBAB9 9F1419DD1E"
)

UNDEFINED = "\ufffe"
"""`codecs.charmap_decode` takes it for "this byte is nothing"."""

WINDOWS = "".join(bytes([byte]).decode("cp1252", "ignore") or chr(byte) for byte in range(256))
"""What each byte looks like where a program takes it for cp1252 (or Latin-1, where cp1252 has nothing)."""
