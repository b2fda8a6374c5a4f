"""Vietnamese text in the charsets offices have used since 1990: detect, read, write, repair.

Pure: bytes and text in, text and bytes out. The file readers of `congvu.registry` stand on it.
"""

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
