"""Names as they stand in lists: in capitals, in two cells that mean the opposite of what they say."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from enum import Enum

from congvu.registry.text import key, words

# Share of all people together over 95 % (Lê Trung Hoa 2005, and DKL01 of hoten.org for the highlands; see
# data.md); the order says nothing. Only used to tell columns apart, never to judge one name.
_SURNAMES = words(
    "Nguyễn Trần Lê Phạm Hoàng Huỳnh Phan Vũ Võ Đặng Bùi Đỗ Hồ Ngô Dương Lý Đinh Trịnh Đoàn Lương Mai Trương "
    "Nông Cao Tạ Châu Hà Lưu Tô Thái La Quách Tăng Chu Đào Vương Triệu Lâm Tôn Thân Phùng Kiều Tống Hứa "
    "Nghiêm Khổng Từ Viên Giang Đàm Lục Bạch Ninh Thạch Danh Kim Sơn Lường Lò Quàng Cầm Vi Hồng Ma Giàng "
    "Sùng Vàng Thào Y H Niê Rơ Ksor Siu Rmah Nay Ra"
)
# Found almost only between the surname and the given name.
_MIDDLES = words("Thị Văn Hữu Đình Xuân Đức Ngọc Thanh Minh")
_START = re.compile(r"(?:^|[\s\-'\u2018\u2019\u02bc])(\w)")
# Rows that must speak before a file is judged by them, and the share that must agree.
_ENOUGH = 3
_AGREE = 0.9
# Shares of cells with several words: names without a middle name, and surnames of two words, are fewer.
_MOST = 0.5
_FEW = 0.2
# They begin the full name of an Êđê or Gia Rai, whose clan stands last.
_NO_FAMILY = frozenset({"y", "h"})


def in_capitals(name: str) -> bool:
    """Whether the whole name is written in capitals; one of single letters only (``Y``) is not."""
    return name.isupper() and any(len(re.sub(r"\W", "", part)) > 1 for part in name.split())


def title_case(name: str) -> str:
    """A name in capitals as it is usually written.

    >>> title_case("H'HEN NIÊ"), title_case("JEAN-PIERRE ĐỖ")
    ("H'Hen Niê", 'Jean-Pierre Đỗ')
    """
    return _START.sub(lambda match: match[0].upper(), name.lower())


class NameOrder(Enum):
    """What ``firstname`` and ``lastname`` mean in one file."""

    KINH = "firstname is họ and đệm, lastname is tên"
    WESTERN = "firstname is tên, lastname is họ"


class NameOrderEvidence:
    """What the rows of a file say of its two name columns.

    In Vietnamese software ``firstname`` is often what comes first, họ and đệm (others.md, the HRM export).
    """

    def __init__(self) -> None:
        self._votes: Counter[NameOrder] = Counter()

    def see(self, first: str, last: str, full: str) -> None:
        """Count one row; `full` is the whole name where the file has it too."""
        if vote := _by_full_name(first, last, full) or _by_words(first, last):
            self._votes[vote] += 1

    @property
    def result(self) -> NameOrder | None:
        """The order, or ``None`` where too few rows say it, or not with one voice."""
        if not self._votes:
            return None
        order, count = self._votes.most_common(1)[0]
        total = self._votes.total()
        return order if total >= _ENOUGH and count >= _AGREE * total else None

    @staticmethod
    def contradicts(order: NameOrder, first: str, last: str, full: str) -> bool:
        """Whether one row says the opposite of `order`, or its full name is neither order of its cells."""
        vote = _by_full_name(first, last, full)
        if first and last and full and not vote and key(first) != key(last):
            return True
        return (vote or _by_words(first, last) or order) is not order

    def __str__(self) -> str:
        kinh, western = self._votes[NameOrder.KINH], self._votes[NameOrder.WESTERN]
        return (
            f"{kinh} rows say so, {western} the opposite"
            if kinh >= western
            else (f"{western} rows say so, {kinh} the opposite")
        )


def _by_full_name(first: str, last: str, full: str) -> NameOrder | None:
    if not (first and last and full) or key(first) == key(last):
        return None
    if key(full) == key(f"{first} {last}"):
        return NameOrder.KINH
    return NameOrder.WESTERN if key(full) == key(f"{last} {first}") else None


def _by_words(first: str, last: str) -> NameOrder | None:
    """A vote where one cell begins with a surname and the other does not, or holds a middle name."""
    one, two = key(first).split(), key(last).split()
    if not one or not two:
        return None
    kinh = one[0] in _SURNAMES and (two[0] not in _SURNAMES or bool(set(one[1:]) & _MIDDLES))
    western = two[0] in _SURNAMES and (one[0] not in _SURNAMES or bool(set(two[1:]) & _MIDDLES))
    if kinh == western:
        return None
    return NameOrder.KINH if kinh else NameOrder.WESTERN


def begins_a_name(text: str) -> bool:
    """Whether `text` begins with a Vietnamese surname, so that it may be a person's name."""
    return key(text).partition(" ")[0] in _SURNAMES


def is_turned(full: str, surname: str, parts: str) -> bool:
    """Whether `full` begins with a Vietnamese surname that is not the `surname` of its own `parts`.

    The full name of an Êđê, or of a foreigner, may stand in another order than its parts.
    """
    whole = key(full).split()
    if whole == key(parts).split() or not whole or whole[0] in _NO_FAMILY:
        return False
    return whole[0] in _SURNAMES and key(surname).split()[:1] != whole[:1]


class NameLayout(Enum):
    """What the columns «Họ» and «Tên», or «Tên» alone, really hold."""

    AS_HEADED = "họ is họ, tên is tên"
    FAMILY_AND_MIDDLE = "họ is họ and đệm"
    WITHOUT_FAMILY = "tên is đệm and tên"
    WHOLE = "tên is the whole name"


def name_layout(surnames: Sequence[str], given_names: Sequence[str]) -> NameLayout | None:
    """What two columns hold by the words in their cells, one of them if `surnames` is empty.

    ``None`` where the rows do not agree.
    """
    match (_several(surnames) if surnames else None, _several(given_names)):
        case (None, True) if not surnames:
            return NameLayout.WHOLE
        case (None, False) if not surnames:
            return NameLayout.AS_HEADED
        case (False, False):
            return NameLayout.AS_HEADED
        case (True, False):
            return NameLayout.FAMILY_AND_MIDDLE
        case (False, True):
            return NameLayout.WITHOUT_FAMILY
        case _:
            return None


def _several(cells: Sequence[str]) -> bool | None:
    """Whether most cells, or hardly any, hold several words; ``None`` in between."""
    filled = [cell for cell in cells if cell]
    share = sum(" " in cell for cell in filled) / max(len(filled), 1)
    if share >= _MOST:
        return True
    return False if share <= _FEW else None
