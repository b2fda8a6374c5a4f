"""What programs in other languages need to recognise Vietnamese in these charsets, as plain data."""

from __future__ import annotations

from collections.abc import Sequence

from congvu.charset.codec import encode
from congvu.charset.model import Charset
from congvu.charset.syllable import syllables
from congvu.charset.tables import LETTERS, WINDOWS

SINGLE_BYTE = (Charset.CP1258, Charset.TCVN3, Charset.VNI, Charset.VISCII)
"""The charsets a mail filter must tell apart; equal readings go to the first, as with `Detector`."""


def tables() -> dict[str, object]:
    """Codes of letters by charset, letters of Windows-1252, small letters of capitals, syllables.

    `codes` has one or two bytes in hexadecimal digits for each letter beyond ASCII; `syllables` are words of
    lower-case letters in NFC with at least one letter beyond ASCII.
    """
    half = len(LETTERS) // 2
    return {
        "order": [charset.value for charset in SINGLE_BYTE],
        "codes": {charset.value: _codes(charset) for charset in SINGLE_BYTE},
        "windows": {letter: f"{byte:02x}" for byte, letter in enumerate(WINDOWS) if byte >= 0x80},
        "lower": dict(zip(LETTERS[half:], LETTERS[:half], strict=True)),
        "syllables": _joined(sorted(syllables())),
    }


def _codes(charset: Charset) -> dict[str, str]:
    return {letter: encode(letter, charset).hex() for letter in LETTERS}


def _joined(words: Sequence[str]) -> str:
    return " ".join(words)
