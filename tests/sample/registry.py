"""A staff registry for tests: units by their real names, people that never lived.

    python tests/sample/registry.py OUTDIR --domain lamdong.gov.vn --staff 2000 --units 150 --seed 61

writes ``units.csv`` and ``staff.csv``; the same options always give the same bytes. A domain is that of a
province (``lamdong.gov.vn``), of a province's department of justice (``daklak.doj.gov.vn``) or of a ministry
(``monre.gov.vn``). Communes come from the PyPI package vietnam-provinces with its flaws (double spaces, ’
and ', digits). Names are drawn word by word from the shares below, so a likeness to a living person is
chance. Sources of the shares:
Lê Trung Hoa 2005 for surnames; hoten.org SG01 (words per name) and DKL01 (given names).
"""

from __future__ import annotations

import argparse
import csv
import random
import sys
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import astuple, dataclass, field, fields, replace
from datetime import date, timedelta
from itertools import accumulate
from pathlib import Path
from typing import TypeVar

from vietnam_provinces import Province, Ward

T = TypeVar("T")


def _words(text: str) -> tuple[str, ...]:
    return tuple(text.split())


WOMEN = 0.55
"""Share of women on the staff."""

# Per cent of all people (Lê Trung Hoa 2005). Hoàng/Huỳnh and Vũ/Võ are counted as one there.
SURNAMES = {
    "Nguyễn": 38.4,
    "Trần": 12.1,
    "Lê": 9.5,
    "Phạm": 7.0,
    "Hoàng": 2.6,
    "Huỳnh": 2.5,
    "Phan": 4.5,
    "Vũ": 1.9,
    "Võ": 2.0,
    "Đặng": 2.1,
    "Bùi": 2.0,
    "Đỗ": 1.4,
    "Hồ": 1.3,
    "Ngô": 1.3,
}
# The other 11.4 per cent. Order and equal weight are ours: no source has them.
OTHER_SURNAMES = _words(
    "Dương Lý Đinh Trịnh Đoàn Lương Mai Trương Nông Cao Tạ Châu Hà Lưu Tô Thái La Quách Tăng Chu Đào "
    "Vương Triệu Lâm "
)

# Words of a full name -> per cent, men and women (hoten.org SG01).
WORDS_MEN = {2: 0.9, 3: 72.8, 4: 26.1, 5: 0.2}
WORDS_WOMEN = {2: 0.2, 3: 34.7, 4: 64.6, 5: 0.5}

THI = 0.55
"""Share of women with "Thị", between the two settings measured (40 % and 70 %)."""
VAN = 0.104
"""Share of men with "Văn" (UIT forum 2016)."""
MIDDLE_MEN = _words(
    "Hữu Đức Minh Quốc Anh Công Đình Xuân Thanh Ngọc Thành Hoàng Duy Trọng Tuấn Quang Gia Bá Mạnh "
    "Nhật Khắc Tấn Viết "
)
MIDDLE_WOMEN = _words(
    "Ngọc Thanh Thu Kim Minh Phương Thùy Hồng Bích Mỹ Hoài Khánh Bảo Như Tuyết Diệu Cẩm Quỳnh Ánh "
    "Thúy Mai Lan Diễm "
)
# Per cent of the leaders (hoten.org DKL01); the others share the rest, each less than the one before.
GIVEN_MEN = {"Tuấn": 2.7, "Hoàng": 2.5, "Huy": 2.2}
OTHER_GIVEN_MEN = _words(
    "Hùng Dũng Minh Anh Đức Sơn Hải Long Nam Thắng Cường Trung Tú Khánh Phong Hiếu Thành Quân Bình "
    "Tâm Hưng Vinh An  Toàn Kiên Lâm Phúc Tùng Đạt Duy Thịnh Nghĩa Tài Thiện Vũ Khoa Bảo Trí Quang "
    "Việt Tiến Dương Lộc Hậu Nhân Khôi Phát "
)
GIVEN_WOMEN = {"Trang": 4.2, "Thảo": 3.5, "Linh": 3.0}
OTHER_GIVEN_WOMEN = _words(
    "Hương Hằng Nga Lan Hà Mai Hoa Yến Ngọc Thủy Thúy Thùy Hiền Vân Nhung Dung Phương Anh Thu Hạnh "
    "Loan Tuyết Oanh My  Trinh Ngân Quỳnh Duyên Tâm Nhi Như Uyên Hường Hướng Lệ Liên Chi Châu Thư "
    "Diệp Giang Vy Đào Ánh Xuân Bích Thuý Hòa "
)

# (surname, middle, given, as written where that is not their order). Namings of naming.md, section 2, and
# of the peoples of the highlands: marks that survive naive folding, no surname, clan last, two apostrophes.
UNUSUAL: tuple[tuple[str, str, str, str], ...] = (
    ("Niê", "Y", "Blŏ", "Y Blŏ Niê"),
    ("Niê", "", "H'Hen", "H'Hen Niê"),
    ("", "", "K'Brêu", ""),
    ("Công Tằng Tôn Nữ", "Thị Ngọc", "Trà", ""),
    ("Tôn Thất", "", "Đính", ""),
    ("Niê Kdăm", "Y", "Ngông", "Y Ngông Niê Kdăm"),
    ("Êban", "", "H’Či", "H’Či Êban"),
    ("Ka", "", "Hương", ""),
    ("Rơ Châm", "Y", "Bŭk", ""),
    ("Ra Glan", "Thị Thu", "Hà", ""),
    ("A", "", "Huy", ""),
    ("Dupont", "", "Jean-Pierre", "Jean-Pierre Dupont"),
    ("Âu Dương", "", "Quân", ""),
    ("Lưu", "Ý", "Nhi", ""),
    ("Sơn", "", "Kim", ""),
    ("Lê", "", "Na", ""),
    ("Kbuôr", "", "H’Ƀlăm", "H’Ƀlăm Kbuôr"),
    ("Buôn Yă", "Y", "Ƀhiăng", "Y Ƀhiăng Buôn Yă"),
    ("Ðỗ", "Đức", "Ðạt", ""),  # Ð is U+00D0, the wrong D of legacy converters
    ("Nguyễn", "Lê Thảo", "Nguyên", ""),
)

# Units: (id, name, parent id, agreed address). An address is agreed where the abbreviation is longer than ten
# characters or belongs to another unit (LD-5.1b).
Office = tuple[str, str, str, str]
AGENCIES: tuple[Office, ...] = (
    ("A01", "Văn phòng Ủy ban nhân dân tỉnh", "", ""),
    ("A02", "Sở Khoa học và Công nghệ", "", ""),
    ("A03", "Sở Nội vụ", "", ""),
    ("A04", "Sở Ngoại vụ", "", "sngv"),
    ("A05", "Sở Tài chính", "", ""),
    ("A06", "Văn phòng Đoàn đại biểu Quốc hội và Hội đồng nhân dân", "", "vpqhhdnd"),
    ("A07", "Sở Nông nghiệp và Môi trường", "", ""),
    ("A08", "Sở Xây dựng", "", ""),
    ("A09", "Sở Công Thương", "", ""),
    ("A10", "Sở Giáo dục và Đào tạo", "", ""),
    ("A11", "Sở Y tế", "", ""),
    ("A12", "Sở Tư pháp", "", ""),
    ("A13", "Sở Văn hóa, Thể thao và Du lịch", "", ""),
    ("A14", "Sở Dân tộc và Tôn giáo", "", ""),
    ("A15", "Thanh tra tỉnh", "", "thanhtra"),
    ("A16", "Ban Quản lý các khu công nghiệp", "", ""),
    ("A17", "Ban Quản lý dự án Giao thông", "", ""),
    ("A18", "Ban Quản lý dự án đầu tư xây dựng công trình dân dụng và công nghiệp", "", "bqldaddcn"),
    ("A19", "Trung tâm Quản lý Cổng thông tin điện tử", "A02", ""),
    ("A20", "Trung tâm Phục vụ hành chính công", "A01", ""),
    ("A21", "Chi cục Kiểm lâm", "A07", ""),
    ("A22", "Trung tâm Khuyến nông", "A07", ""),
    ("A23", "Trung tâm Kiểm nghiệm", "A11", "ttknghiem"),
    ("A24", "Trung tâm Kiểm soát bệnh tật", "A11", ""),
    ("A25", "Trường Cao đẳng Sư phạm", "", ""),
    ("A26", "Quỹ Đầu tư phát triển", "", ""),
)
# The units of a department of justice: those that 158/QĐ-STP names, and divisions that such a department has
# (Thông tư liên tịch 01/2009/TTLT-BTP-BNV).
DIVISIONS: tuple[Office, ...] = (
    ("T00", "Sở Tư pháp", "", ""),
    ("T01", "Văn phòng Sở", "T00", ""),
    ("T02", "Phòng Tổ chức - Đào tạo", "T00", ""),
    ("T03", "Phòng Phổ biến, giáo dục pháp luật", "T00", ""),
    ("T04", "Trung tâm Trợ giúp pháp lý nhà nước", "T00", ""),
    ("T05", "Trung tâm Dịch vụ bán đấu giá tài sản", "T00", ""),
    ("T06", "Thi hành án dân sự tỉnh", "T00", ""),
    ("T07", "Phòng Công chứng số 2", "T00", ""),
    ("T08", "Phòng Công chứng số 3", "T00", ""),
    ("T09", "Phòng Bổ trợ tư pháp", "T00", ""),
    ("T10", "Phòng Hành chính tư pháp", "T00", ""),
    ("T11", "Thanh tra Sở", "T00", ""),
)
# Units of the ministry of natural resources and environment as its last decrees had them (21/2013/NĐ-CP,
# 36/2017/NĐ-CP). The inspectorate's address is one that was seen.
MONRE: tuple[Office, ...] = (
    ("B01", "Văn phòng Bộ", "", ""),
    ("B02", "Thanh tra Bộ", "", "thanhtrabtnmt"),
    ("B03", "Vụ Hợp tác quốc tế", "", ""),
    ("B04", "Vụ Khoa học và Công nghệ", "", ""),
    ("B05", "Cục Viễn thám quốc gia", "", ""),
    ("B06", "Cục Quản lý tài nguyên nước", "", ""),
    ("B07", "Trung tâm Quy hoạch và Điều tra tài nguyên nước quốc gia", "", ""),
    ("B08", "Viện Chiến lược, Chính sách tài nguyên và môi trường", "", ""),
    ("B09", "Vụ Pháp chế", "", ""),
    ("B10", "Vụ Kế hoạch - Tài chính", "", ""),
    ("B11", "Vụ Tổ chức cán bộ", "", ""),
    ("B12", "Tổng cục Môi trường", "", ""),
    ("B13", "Tổng cục Quản lý đất đai", "", ""),
    ("B14", "Tổng cục Khí tượng Thủy văn", "", ""),
    ("B15", "Tổng cục Biển và Hải đảo Việt Nam", "", ""),
    ("B16", "Cục Đo đạc, Bản đồ và Thông tin địa lý Việt Nam", "", ""),
    ("B17", "Cục Biến đổi khí hậu", "", ""),
    ("B18", "Báo Tài nguyên và Môi trường", "", ""),
)
_CENTRES = ("Trung tâm", "Chi cục", "Trường", "Quỹ", "Ban", "Viện", "Báo")
_POSITIONS = (
    "Chuyên viên",
    "Công chức",
    "Viên chức",
    "Phó Trưởng phòng",
    "Trưởng phòng",
    "Kế toán",
    "Văn thư - Lưu trữ",
)
_POSITION_WEIGHTS = (50, 15, 15, 7, 5, 5, 3)
_OPENING = date(2013, 1, 2)
"""When the first lists were handed in: many people on one day."""
_NFD_EVERY = 97
"""One row in so many is written in NFD, as macOS does."""


@dataclass(frozen=True, slots=True)
class UnitRow:
    """One row of ``units.csv``; the fields are its columns."""

    unit_id: str
    name: str
    kind: str
    parent_id: str
    address: str
    registered_on: str
    head_id: str = ""


@dataclass(frozen=True, slots=True)
class StaffRow:
    """One row of ``staff.csv``; the fields are its columns."""

    staff_id: str
    surname: str
    middle_name: str
    given_name: str
    full_name: str
    unit_id: str
    position: str
    phone: str
    registered_on: str
    domains: str
    status: str


@dataclass(frozen=True, slots=True)
class Body:
    """What a mail domain belongs to."""

    name: str
    prefix: str
    """What its staff ids begin with."""
    offices: tuple[Office, ...]
    wards: tuple[Ward, ...] = ()
    also_in: Mapping[str, str] = field(default_factory=dict)
    """Mail domains of those who have an account in several, by unit."""


def find_body(domain: str) -> Body | None:
    """The owner of `domain`, by its labels; None where we know of none."""
    label, _, rest = domain.partition(".")
    provinces = {province.codename.replace("_", ""): province for province in Province.iter_all()}
    if (label, rest) == ("monre", "gov.vn"):
        return Body("Bộ Tài nguyên và Môi trường", "BT", MONRE)
    if label not in provinces:
        return None
    province = provinces[label]
    prefix = "".join(word[0] for word in province.codename.split("_")).upper()
    if rest.startswith("doj."):
        # The province's registry has the department too, not its divisions (DL-3b, DL-6a).
        both = {"T00": f"{label}.gov.vn;{domain}"}
        return Body(f"Sở Tư pháp, {province.name}", f"{prefix}TP", DIVISIONS, also_in=both)
    return Body(province.name, prefix, AGENCIES, tuple(Ward.iter_by_province(province.code)))


def make_units(body: Body, count: int) -> list[UnitRow]:
    """`count` units: offices first, then communes, as far as both reach."""
    wards = body.wards
    offices = min(len(body.offices), max(count - len(wards), count // 2))
    if count < 1 or count > offices + len(wards):
        raise SystemExit(f"{body.name} has units for 1 to {len(body.offices) + len(wards)}, not {count}")
    rows = [
        UnitRow(unit_id, name, _kind(name), parent, agreed, _OPENING.isoformat())
        for unit_id, name, parent, agreed in body.offices[:offices]
    ]
    places: set[str] = set()
    for ward in wards[: count - offices]:
        unit_id = f"X{int(ward.code)}"
        place = ward.name.removeprefix(f"{ward.division_type.value.capitalize()} ").casefold()
        # Xã X and phường X of one province give one address; the second has agreed on another.
        agreed = f"ubnd{unit_id.lower()}" if place in places else ""
        places.add(place)
        name = f"Ủy ban nhân dân {ward.name[0].lower()}{ward.name[1:]}"
        rows.append(UnitRow(unit_id, name, "commune", "", agreed, "2025-07-01"))
    return rows


def _kind(name: str) -> str:
    if name.startswith("Phòng"):
        return "division"
    return "centre" if name.startswith(_CENTRES) else "department"


def make_staff(
    prefix: str,
    units: Sequence[UnitRow],
    count: int,
    rng: random.Random,
    *,
    also_in: Mapping[str, str] | None = None,
) -> list[StaffRow]:
    """`count` people in units of heavy-tailed size; one in a hundred bears an unusual name."""
    homes = _homes(units, count, rng)
    unusual = set(rng.sample(range(count), max(1, count // 100))) if count else set()
    odd_names = iter(UNUSUAL * (len(unusual) // len(UNUSUAL) + 1))
    rows: list[StaffRow] = []
    for index in range(count):
        surname, middle, given, written = next(odd_names) if index in unusual else _name(rng)
        if index % _NFD_EVERY == _NFD_EVERY - 1:
            surname, middle, given = (unicodedata.normalize("NFD", part) for part in (surname, middle, given))
        rows.append(
            StaffRow(
                staff_id=f"{prefix}{index + 1:05}",
                surname=surname,
                middle_name=middle,
                given_name=given,
                full_name=written,
                unit_id=homes[index],
                position=rng.choices(_POSITIONS, _POSITION_WEIGHTS)[0],
                phone=f"0999 {rng.randrange(1000):03} {rng.randrange(1000):03}",  # 0999 is nobody's
                registered_on=_registered_on(rng).isoformat(),
                domains=(also_in or {}).get(homes[index], ""),
                status="working",
            )
        )
    return rows


def with_heads(units: Sequence[UnitRow], staff: Sequence[StaffRow]) -> list[UnitRow]:
    """The same units; the head of a department is the first person in it."""
    first = {row.unit_id: row.staff_id for row in reversed(staff)}
    return [
        replace(unit, head_id=first.get(unit.unit_id, "")) if unit.kind == "department" else unit
        for unit in units
    ]


def mark_left(rows: Sequence[StaffRow], count: int, heads: int, rng: random.Random) -> list[StaffRow]:
    """The same rows, `count` of them with the status ``left``: not the first `heads`, if others suffice."""
    gone = set(rng.sample(range(heads if count <= len(rows) - heads else 0, len(rows)), count))
    return [replace(row, status="left") if index in gone else row for index, row in enumerate(rows)]


def _homes(units: Sequence[UnitRow], count: int, rng: random.Random) -> list[str]:
    """A unit id per person: each unit's turn once, in order, then Zipf, so that a few units are large."""
    ids = [unit.unit_id for unit in units]
    ranked = rng.sample(ids, len(ids))
    weights = [1 / (rank + 1) ** 0.8 for rank in range(len(ranked))]
    return ids[:count] + rng.choices(ranked, weights, k=max(0, count - len(ids)))


def _name(rng: random.Random) -> tuple[str, str, str, str]:
    woman = rng.random() < WOMEN
    words = _draw(WORDS_WOMEN if woman else WORDS_MEN, rng)
    surname = _draw(_SURNAMES, rng)
    given = _draw(_GIVEN_WOMEN if woman else _GIVEN_MEN, rng)
    middles = rng.sample(MIDDLE_WOMEN if woman else MIDDLE_MEN, words - 2)
    if middles and rng.random() < (THI if woman else VAN):
        middles[0] = "Thị" if woman else "Văn"
    return surname, " ".join(middles), given, ""


def _registered_on(rng: random.Random) -> date:
    """Two of five on the opening day, the others on first days of later months: both kinds of namesakes."""
    if rng.random() < 0.4:
        return _OPENING
    month = _OPENING.replace(day=1) + timedelta(days=31 * rng.randrange(1, 150))
    return month.replace(day=1)


def _draw(weights: Mapping[T, float], rng: random.Random) -> T:
    return rng.choices(list(weights), cum_weights=list(accumulate(weights.values())))[0]


def _with_tail(leaders: dict[str, float], others: Sequence[str], slope: float) -> dict[str, float]:
    """Weights that sum to 100: `others` share what `leaders` leave, the last getting `slope` of the first."""
    rest = 100 - sum(leaders.values())
    shape = [1 - (1 - slope) * index / len(others) for index in range(len(others))]
    return leaders | {name: rest * part / sum(shape) for name, part in zip(others, shape, strict=True)}


_SURNAMES = _with_tail(SURNAMES, OTHER_SURNAMES, 1.0)
_GIVEN_MEN = _with_tail(GIVEN_MEN, OTHER_GIVEN_MEN, 0.3)
_GIVEN_WOMEN = _with_tail(GIVEN_WOMEN, OTHER_GIVEN_WOMEN, 0.3)


def write(path: Path, kind: type[UnitRow | StaffRow], rows: Iterable[UnitRow | StaffRow]) -> None:
    """Write `rows` as UTF-8 CSV with a heading."""
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow([column.name for column in fields(kind)])
        writer.writerows(astuple(row) for row in rows)


def main(arguments: Sequence[str]) -> None:
    """Parse `arguments` and write the two files."""
    parser = argparse.ArgumentParser(description="Write a sample registry: units.csv and staff.csv.")
    parser.add_argument("outdir", type=Path)
    parser.add_argument("--domain", default="lamdong.gov.vn", help="its first label names the owner")
    parser.add_argument("--staff", type=int, default=2000)
    parser.add_argument("--units", type=int, default=150)
    parser.add_argument("--seed", type=int, default=61)
    parser.add_argument("--left", type=int, default=0, help="how many of the staff have left")
    options = parser.parse_args(arguments)
    body = find_body(options.domain)
    if body is None:
        known = sorted(province.codename.replace("_", "") for province in Province.iter_all())
        parser.error(f"{options.domain!r} is no domain of monre, nor of a province: {', '.join(known)}")
    if not 0 <= options.left <= options.staff:
        parser.error(f"--left must be 0 to {options.staff}")
    units = make_units(body, options.units)
    # Two streams, so that --left changes nothing but the status. Neither keeps a secret.
    names, leavers = (random.Random(f"{options.seed} {use}") for use in (options.domain, "left"))  # noqa: S311
    staff = make_staff(body.prefix, units, options.staff, names, also_in=body.also_in)
    staff = mark_left(staff, options.left, len(units), leavers)
    options.outdir.mkdir(parents=True, exist_ok=True)
    write(options.outdir / "units.csv", UnitRow, with_heads(units, staff))
    write(options.outdir / "staff.csv", StaffRow, staff)


if __name__ == "__main__":
    main(sys.argv[1:])
