"""The charsets of registry files, and the two ways reading one can fail."""

from __future__ import annotations

from enum import StrEnum


class Charset(StrEnum):
    """How letters stand in a file. naming.md, section 5, says which ones offices use.

    * ``utf-8``, ``utf-16``: Unicode, NFC or NFD, with or without byte order mark.
    * ``cp1258``: Windows code page 1258; tones are combining marks after the vowel.
    * ``tcvn3``: TCVN 5712:1993, also called ABC; fonts .VnTime and .VnTimeH.
    * ``vni``: VNI for Windows; a vowel, then a second byte with its marks; fonts VNI-Times and others.
    * ``viscii``: RFC 1456, section 3.
    * ``viqr``: RFC 1456, section 4; marks as ASCII punctuation.
    """

    UTF8 = "utf-8"
    UTF16 = "utf-16"
    CP1258 = "cp1258"
    TCVN3 = "tcvn3"
    VNI = "vni"
    VISCII = "viscii"
    VIQR = "viqr"


class CharsetError(ValueError):
    """Text that cannot be read or written in a charset.

    `offset` counts bytes when reading a file, characters when writing or repairing text; None when no
    single place is to blame.
    """

    def __init__(self, message: str, *, offset: int | None = None) -> None:
        super().__init__(message)
        self.offset = offset


class Doubt(CharsetError):
    """No charset fits clearly. `candidates` are the nearest, best first; the message says the evidence.

    Whoever reads the file has to say the charset: a wrong guess is a wrong name for a career.
    """

    def __init__(self, evidence: str, *candidates: Charset, offset: int | None = None) -> None:
        super().__init__(evidence, offset=offset)
        self.candidates = candidates
