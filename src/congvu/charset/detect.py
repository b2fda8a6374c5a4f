"""Which charset a file is in, by how many of its words are Vietnamese under each; and when not to say.

Valid UTF-8 is UTF-8. Otherwise every word with a byte beyond ASCII is read in every charset: the one under
which words are syllables wins, if it wins clearly and everywhere in the file (naming.md, section 5).
"""

from __future__ import annotations

import codecs
import re
from collections import Counter
from dataclasses import dataclass
from functools import lru_cache
from itertools import permutations

from congvu.charset.codec import decode
from congvu.charset.model import Charset, CharsetError, Doubt
from congvu.charset.reading import ViqrSigns, is_vietnamese, viqr_signs

# Equal readings go to the first. UTF-8 is among them only to notice files that are partly UTF-8.
_CANDIDATES = (Charset.CP1258, Charset.TCVN3, Charset.VNI, Charset.VISCII, Charset.UTF8)
_WORD = re.compile(rb"(?<![A-Za-z\x80-\xff])[A-Za-z]*+[\x80-\xff][A-Za-z\x80-\xff]*")
_LONGEST = 64
"""Bytes of the longest word looked at; more are no word in any charset."""

_BLOCK = 8192
"""Bytes judged together when looking for a part in another charset: some hundred words."""
_GOOD = 0.7
"""Share of words that must be Vietnamese; names of the highlands and abbreviations never are."""
_CLEAR = 0.15
"""Share of the words that two charsets read differently which must speak for the better one …"""
_CONTRARY = 5
"""… and how many times those that speak against it."""
_ENOUGH = 2
"""Words, at least, that speak for a charset against each other one."""
_FOREIGN = 4
"""Words in one block that are Vietnamese only in another charset: a row or two from elsewhere."""
_VIQR_WORDS, _VIQR_ENOUGH, _VIQR_SHARE = 5000, 3, 0.8
"""Words with signs of VIQR that are looked at; those, and the share of them, that must be Vietnamese."""
_NOTHING = (0, 0)
_UTF16_NULS = 0.1
"""Share of 16-bit units that are ASCII, at least, in a registry without byte order mark."""
_ODD_NULS = 5
"""Times that NULs in one half must outnumber those in the other, which U+0300 has in NFD."""


@dataclass(frozen=True, slots=True)
class Detection:
    """A charset, the next best one if there was a choice, and why, in words for an operator."""

    charset: Charset
    runner_up: Charset | None
    evidence: str


_Pattern = tuple[int, ...]
"""For each candidate -1 (no Vietnamese), or a number that is equal where readings are equal."""


@lru_cache(maxsize=1 << 14)
def _pattern(word: bytes) -> _Pattern:
    readings: list[str | None] = []
    for charset in _CANDIDATES:
        try:
            text = decode(word, charset)
        except CharsetError:
            readings.append(None)
        else:
            readings.append(text if is_vietnamese(text) else None)
    return tuple(-1 if reading is None else readings.index(reading) for reading in readings)


class _Evidence:
    """Words by pattern, and for each pair of charsets the block that speaks most against the first."""

    def __init__(self) -> None:
        self._patterns: Counter[_Pattern] = Counter()
        self._worst: dict[tuple[int, int], tuple[int, int]] = {}  # words, offset of the block

    def add(self, block: bytes, offset: int) -> None:
        patterns: Counter[_Pattern] = Counter()
        for word, count in Counter(_WORD.findall(block)).items():
            patterns[_pattern(word[: _LONGEST + 1])] += count
        self._patterns.update(patterns)
        for one, other in permutations(range(len(_CANDIDATES)), 2):
            against = sum(n for pattern, n in patterns.items() if pattern[one] < 0 <= pattern[other])
            if against > self._worst.get((one, other), _NOTHING)[0]:
                self._worst[one, other] = against, offset

    def ranking(self) -> tuple[list[int], str]:
        """The candidates, best first, and what the best two have for them."""
        good = [
            sum(count for pattern, count in self._patterns.items() if pattern[n] >= 0)
            for n in range(len(_CANDIDATES))
        ]
        ranks = sorted(range(len(_CANDIDATES)), key=lambda n: -good[n])
        best, second, *_ = ranks
        return ranks, (
            f"{good[best]} of {self._patterns.total()} words with marks are Vietnamese read as "
            f"{_CANDIDATES[best]}; {good[second]} as {_CANDIDATES[second]}"
        )

    def judge(self) -> Detection:
        """The charset that is clearly best. Raises `Doubt`."""
        (best, second, *others), evidence = self.ranking()
        good = sum(count for pattern, count in self._patterns.items() if pattern[best] >= 0)
        if good < max(_GOOD * self._patterns.total(), _ENOUGH):
            raise Doubt(f"no charset fits: {evidence}", _CANDIDATES[best], _CANDIDATES[second])
        for other in sorted(
            (second, *others), key=lambda n: self._worst.get((best, n), _NOTHING), reverse=True
        ):
            self._compare(best, other, evidence)
        return Detection(_CANDIDATES[best], _CANDIDATES[second], evidence)

    def _compare(self, best: int, other: int, evidence: str) -> None:
        """Raise `Doubt` unless `best` is clearly better than `other`, or reads everything as it does."""
        both = _CANDIDATES[best], _CANDIDATES[other]
        patterns = self._patterns.items()
        differ = sum(count for pattern, count in patterns if pattern[best] != pattern[other])
        wins = sum(count for pattern, count in patterns if pattern[other] < 0 <= pattern[best])
        losses = sum(count for pattern, count in patterns if pattern[best] < 0 <= pattern[other])
        if differ and (wins < max(_ENOUGH, _CLEAR * differ) or wins < _CONTRARY * losses):
            raise Doubt(f"{both[0]} and {both[1]} are too close: {evidence}", *both)
        against, offset = self._worst.get((best, other), _NOTHING)
        if against >= (1 if both[1] is Charset.UTF8 else _FOREIGN):
            raise Doubt(
                f"is mixed: {against} words near byte {offset} are Vietnamese read as {both[1]} and not as "
                f"{both[0]}, otherwise {evidence}",
                *both,
                offset=offset,
            )


class Detector:
    """Detects the charset of a file fed in chunks of any size; keeps counters and one block of bytes.

    ::

        detector = Detector()
        for chunk in chunks:
            detector.feed(chunk)
        detection = detector.result()
    """

    def __init__(self) -> None:
        self._rest = b""
        self._offset = 0  # of _rest
        self._head = b""
        self._nuls = [0, 0]  # at even, at odd offsets
        self._first_nul: int | None = None
        self._utf8 = codecs.getincrementaldecoder("utf-8")()
        self._utf8_ends: int | None = None
        self._beyond_ascii = 0
        self._viqr = ViqrSigns()
        self._evidence = _Evidence()

    def feed(self, chunk: bytes) -> None:
        """Take the next bytes of the file."""
        data = self._rest + chunk
        start = 0
        while len(data) - start >= _BLOCK:
            end = start + _BLOCK
            line_end = data.rfind(b"\n", start, end) + 1
            end = line_end or data.rfind(b" ", start, end) + 1 or end
            self._read(data[start:end])
            start = end
        self._rest = data[start:]

    def result(self) -> Detection:
        """The charset of all that was fed; nothing can be fed after it.

        Raises `Doubt` with the nearest candidates where none fits, where two are close and where parts of the
        file speak for different ones; `CharsetError` for a NUL in what is not UTF-16.
        """
        self._read(self._rest, last=True)
        self._rest = b""
        if self._head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
            return Detection(Charset.UTF16, None, "begins with the byte order mark of utf-16")
        if utf16 := self._utf16():
            return utf16
        if self._first_nul is not None:
            raise CharsetError(
                f"holds a NUL at offset {self._first_nul}, so it is no text", offset=self._first_nul
            )
        if self._utf8_ends is None:
            return self._valid_utf8()
        return self._legacy(self._utf8_ends)

    def _read(self, block: bytes, *, last: bool = False) -> None:
        self._head = (self._head + block[:3])[:3]
        self._count_nuls(block)
        if self._utf8_ends is None:
            pending = len(self._utf8.getstate()[0])
            try:
                text = self._utf8.decode(block, last)
            except UnicodeDecodeError as fault:
                self._utf8_ends = self._offset - pending + fault.start
            else:
                self._beyond_ascii += len(text) - len(text.encode("ascii", "ignore"))
                if not self._beyond_ascii and self._viqr.words < _VIQR_WORDS:
                    self._viqr += viqr_signs(text)
        if self._utf8_ends is not None:
            self._evidence.add(block, self._offset)
        self._offset += len(block)

    def _count_nuls(self, block: bytes) -> None:
        if (first := block.find(b"\0")) < 0:
            return
        if self._first_nul is None:
            self._first_nul = self._offset + first
        for parity in (0, 1):
            self._nuls[(self._offset + parity) % 2] += block[parity::2].count(0)

    def _utf16(self) -> Detection | None:
        fewer, more = sorted(self._nuls)
        if fewer * _ODD_NULS > more or self._offset % 2 or more < max(_UTF16_NULS * self._offset / 2, 1):
            return None
        side = "upper" if self._nuls[1] else "lower"
        evidence = f"{more} of {self._offset // 2} byte pairs have a NUL in the {side} half"
        return Detection(Charset.UTF16, None, evidence)

    def _valid_utf8(self) -> Detection:
        if self._beyond_ascii:
            return Detection(Charset.UTF8, None, f"valid utf-8, {self._beyond_ascii} characters beyond ASCII")
        signs = self._viqr
        if not signs.vietnamese:
            return Detection(Charset.UTF8, None, "ASCII only")
        evidence = f"{signs.vietnamese} of {signs.words} words with signs of viqr are Vietnamese read as viqr"
        if not signs.doubled or signs.vietnamese < max(_VIQR_ENOUGH, _VIQR_SHARE * signs.words):
            raise Doubt(f"is ASCII, and may be viqr: {evidence}", Charset.UTF8, Charset.VIQR)
        return Detection(Charset.VIQR, Charset.UTF8, evidence)

    def _legacy(self, utf8_ends: int) -> Detection:
        """Not UTF-8, and if anything in the file speaks for UTF-8, nothing else either."""
        (best, second, *_), evidence = self._evidence.ranking()
        utf8 = _CANDIDATES.index(Charset.UTF8)
        if self._beyond_ascii or self._head == codecs.BOM_UTF8 or best == utf8:
            raise Doubt(
                f"is utf-8, but not at byte {utf8_ends}: {evidence}",
                Charset.UTF8,
                _CANDIDATES[second if best == utf8 else best],
                offset=utf8_ends,
            )
        return self._evidence.judge()
