"""Vietnamese text in the charsets offices have used since 1990: detect, read, write, repair.

Pure: bytes and text in, text and bytes out. The file readers of `congvu.registry` stand on it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from congvu import ondemand

if TYPE_CHECKING:
    from congvu.charset.cells import detect_text, is_unwritable, other_charset
    from congvu.charset.codec import capitals, decode, encode, repair
    from congvu.charset.detect import Detection, Detector
    from congvu.charset.model import Charset, CharsetError, Doubt
    from congvu.charset.syllable import is_syllable

__all__ = [
    "Charset",
    "CharsetError",
    "Detection",
    "Detector",
    "Doubt",
    "capitals",
    "decode",
    "detect_text",
    "encode",
    "is_syllable",
    "is_unwritable",
    "other_charset",
    "repair",
]

if not TYPE_CHECKING:  # a type checker has them from above
    __getattr__ = ondemand.names(
        __name__,
        {
            "Charset": "model",
            "CharsetError": "model",
            "Detection": "detect",
            "Detector": "detect",
            "Doubt": "model",
            "capitals": "codec",
            "decode": "codec",
            "detect_text": "cells",
            "encode": "codec",
            "is_syllable": "syllable",
            "is_unwritable": "cells",
            "other_charset": "cells",
            "repair": "codec",
        },
    )
