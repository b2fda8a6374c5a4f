"""Control totals below a list: which row is one, what it counts, and whether its figures and words agree."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from congvu.registry.values import TICKED

# With their marks: «Cộng: 5» is a total, «Công an tỉnh» and «Tổng công ty» are not.
_TOTAL = re.compile(
    r"(?:tổng\s+(?:cộng|số)|(?:ấn định\s+)?danh sách(?:\s+này)?\s+(?:đề nghị|đăng ký|trên|gồm|có|là))\b.*|"
    r"số lượng(?:\s+(?:người|tài khoản|cán bộ|hộp thư|đơn vị))?\s*:.*|"
    r"(?:tổng|cộng)(?:\s+[ivx]+)?\s*[:.]?(?:\s*\d.*)?[\s.…_]*",
    re.IGNORECASE | re.DOTALL,
)
_OF_A_SECTION = re.compile(r"cộng\b", re.IGNORECASE)
_FEW = 3
"""Filled cells of a total whose other cells are not all figures."""
_LONGEST = 300
_DIGITS = r"\d{1,3}(?:\.\d{3})+(?!\d)|\d+"
_PEOPLE = (
    r"(?:người|tài khoản|cán bộ|công chức|viên chức|nhân viên|cá nhân|đồng chí|hộp thư|địa chỉ|trường hợp|"
    r"nhân sự|thành viên|lượt)\b"
)
_UNITS = r"(?:đơn vị|cơ quan|tổ chức|sở|phòng|ban|xã|phường|tổ|đội|mục)\b"
_FIGURE = re.compile(rf"({_DIGITS})(?:\s*\(([^()]*)\))?\s*([^\W\d]*(?:\s+[^\W\d]+)?)", re.IGNORECASE)
_MOST_DIGITS = 12
"""Digits of a count; more are cut off, no list is that long."""

_ONES = {
    "không": 0,
    "một": 1,
    "mốt": 1,
    "hai": 2,
    "ba": 3,
    "bốn": 4,
    "tư": 4,
    "năm": 5,
    "lăm": 5,
    "sáu": 6,
    "bảy": 7,
    "bẩy": 7,
    "tám": 8,
    "chín": 9,
}
_TENS = {"mười": 10, "mươi": 10}
_LINKS = frozenset({"linh", "lẻ"})
_HUNDRED, _THOUSAND = frozenset({"trăm"}), frozenset({"nghìn", "ngàn"})
_NUMERALS = "|".join(sorted((*_ONES, *_TENS, *_LINKS, *_HUNDRED, *_THOUSAND), key=len, reverse=True))
_SPELLED = rf"((?:(?:{_NUMERALS})\b\s*)+)([^\W\d]*(?:\s+[^\W\d]+)?)"
_IN_WORDS = re.compile(rf"bằng chữ\s*:?\s*{_SPELLED}", re.IGNORECASE)
_ONLY_IN_WORDS = re.compile(rf"(?:bằng chữ|[:,]|\b(?:có|gồm|là|cộng|số))\s*:?\s*{_SPELLED}", re.IGNORECASE)


def is_total(texts: Sequence[str]) -> bool:
    """Whether a row's filled cells are a totals line: «Tổng cộng: 25 người», «Tổng cộng | 2 | | 1 | 1»."""
    if not texts or not _TOTAL.fullmatch(_bare(texts[0])):
        return False
    return len(texts) <= _FEW or all(re.fullmatch(_DIGITS, text) for text in texts[1:])


def is_of_a_section(texts: Sequence[str]) -> bool:
    """Whether a totals line counts by its wording a part of the list only: «Cộng: 5»."""
    return bool(_OF_A_SECTION.match(_bare(texts[0])))


class TickCounts:
    """Ticks by column, as the records are read: a totals line may say how many there are."""

    def __init__(self, columns: Sequence[int]) -> None:
        self._all = dict.fromkeys(columns, 0)
        self._part = dict(self._all)

    def see(self, values: Sequence[str]) -> None:
        """Count the ticks of one record."""
        for column in self._all:
            if values[column] in TICKED:
                self._all[column] += 1
                self._part[column] += 1

    def stated(self, values: Sequence[str]) -> Mapping[int, int]:
        """What a totals line says of the columns of ticks."""
        filled = ((column, values[column]) for column in self._all)
        return {column: _count(text) for column, text in filled if re.fullmatch(_DIGITS, text)}

    def wrong(self, stated: Mapping[int, int], *, part: bool) -> Mapping[int, int]:
        """The ticks counted where a line says another number; `part`: it may count those since the last."""
        return {
            column: self._all[column]
            for column, number in stated.items()
            if number != self._all[column] and not (part and number == self._part[column])
        }

    def begin_part(self) -> None:
        """A totals line has been read."""
        self._part = dict.fromkeys(self._all, 0)


def totals_of(texts: Sequence[str], *, units: bool = False) -> tuple[int, ...]:
    """What a totals line says is in the list: nothing, a number, or several that contradict each other.

    A figure beside a word for people counts before others, in a list of `units` one beside a word for
    units; numerals in words count too.
    """
    line = " ".join(text[:_LONGEST] for text in texts)
    ours, others = (_UNITS, _PEOPLE) if units else (_PEOPLE, _UNITS)
    figures = [(match[1], match[2] or "", match[3]) for match in _FIGURE.finditer(line)]
    chosen = next((figure for figure in figures if re.match(ours, figure[2], re.IGNORECASE)), None)
    if not chosen:
        plain = (figure for figure in figures if not re.match(others, figure[2], re.IGNORECASE))
        chosen = next(plain, None)
    said = [_count(chosen[0])] if chosen else []
    for match in (_IN_WORDS if chosen else _ONLY_IN_WORDS).finditer(line):
        number = in_words(match[1])
        if number is not None and not re.match(others, match[2], re.IGNORECASE):
            said.append(number)
    if chosen and (number := in_words(chosen[1])) is not None:
        said.append(number)
    return tuple(dict.fromkeys(said))


def in_words(text: str) -> int | None:
    """The number that `text` spells out, and nothing else: «hai mươi lăm».

    >>> in_words("một trăm linh hai"), in_words("mười lăm"), in_words("ba người")
    (102, 15, None)
    """
    whole = part = 0
    digit: int | None = None
    words = text.lower().split()
    for word in words:
        if word in _ONES:
            if digit is not None:
                return None
            digit = _ONES[word]
        elif word in _TENS:
            part += 10 * (1 if digit is None else digit)
            digit = None
        elif word in _HUNDRED:
            part += 100 * (1 if digit is None else digit)
            digit = None
        elif word in _THOUSAND:
            whole += 1000 * (part + (digit or 0) or 1)
            part, digit = 0, None
        elif word not in _LINKS:
            return None
    return whole + part + (digit or 0) if words else None


def _count(digits: str) -> int:
    return int(digits.replace(".", "").lstrip("0")[:_MOST_DIGITS] or "0")


def _bare(text: str) -> str:
    return text[:_LONGEST].lstrip("( ")
