"""The list in a request: read by the registry's own reader, whole or not at all."""

from __future__ import annotations

import tempfile
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from congvu.errors import RegistryError
from congvu.mail.accounts import Account
from congvu.registry.headings import Kind
from congvu.registry.mapping import TableSource
from congvu.registry.model import Person, Unit
from congvu.registry.opening import open_source
from congvu.registry.people import StaffRows
from congvu.registry.places import Place
from congvu.registry.problems import Code, Problem, Problems, Severity, Unreadable
from congvu.registry.reader import check_columns
from congvu.registry.seen import Seen
from congvu.registry.units import Units

MOST = 2000
"""Rows of a request; a list of everybody is the registry's."""
_SHOWN = 30
WORDS = {
    Code.FILE: "không đọc được tệp",
    Code.CHARSET: "bảng mã không rõ; hãy dùng Unicode",
    Code.SHEET: "không rõ trang tính nào là danh sách",
    Code.HEADING: "thiếu cột hoặc dòng tiêu đề không đúng mẫu",
    Code.CELL_COUNT: "số ô không khớp với dòng tiêu đề",
    Code.CHARACTER: "có ký tự không hợp lệ",
    Code.FORMULA: "công thức chưa có kết quả; hãy ghi giá trị",
    Code.EMPTY: "ô bắt buộc còn trống",
    Code.VALUE: "giá trị không hợp lệ",
    Code.DATE: "không phải ngày tháng; hãy ghi ngày/tháng/năm",
    Code.DATE_ORDER: "không rõ ngày và tháng; hãy ghi ngày/tháng/năm",
    Code.DUPLICATE: "trùng với dòng khác",
    Code.UNIT: "không có đơn vị này trong cơ quan đề nghị; hãy ghi đúng tên",
    Code.CONTROL_TOTAL: "số tổng cộng chưa ghi hoặc không khớp với số dòng",
    Code.BELOW_THE_TABLE: "có dòng dữ liệu nằm dưới số tổng cộng hoặc phần chữ ký",
    Code.DITTO: "dấu lặp lại không rõ; hãy ghi đầy đủ",
    Code.ACTION: "phải đánh dấu đúng một đề nghị ở mỗi dòng",
    Code.NAME: "họ tên không rõ hoặc không khớp; hãy ghi riêng họ đệm và tên",
    Code.NAME_ORDER: "thứ tự họ và tên không rõ",
    Code.LEGACY_FONT: "gõ bằng phông chữ cũ; hãy dùng Unicode",
    Code.PHONE: "số điện thoại không hợp lệ",
    Code.NUMBER: "số bị mất chữ số; hãy ghi dạng văn bản",
    Code.GUEST: "thiếu đơn vị bảo lãnh hoặc thời hạn",
    Code.QUOTA: "thiếu lý do của dung lượng riêng",
    Code.WRONG_COLUMN: "dữ liệu nằm nhầm cột",
}
"""What a fault is called; of others, an error is told as the reader says it, and a warning is none here."""


@dataclass(frozen=True, slots=True)
class Listed:
    """What a list says, or what is wrong with it."""

    people: tuple[Person, ...] = ()
    """Of the rows that can be read, each with an action. Where there are `errors`, they are not all."""
    errors: tuple[str, ...] = ()
    remarks: tuple[str, ...] = ()


def read(content: bytes, name: str, units: Iterable[Account] | None) -> Listed:
    """Read the list `content`, called `name`; `units` are those that its rows may be about; None: any.

    Raises `OSError` when it cannot be put aside.
    """
    with tempfile.TemporaryDirectory(prefix="congvu-") as folder:
        ending = ".xlsx" if content.startswith(b"PK\x03\x04") else ".csv"
        path = Path(folder) / f"list{ending}"
        path.write_bytes(content)
        problems = Problems()
        people = _people(path, problems, None if units is None else _units(units))
        problems.close()
    shown = name or path.name
    errors = [_told(one) for one in problems.found if one.severity is Severity.ERROR or one.unreadable]
    warnings = [
        _told(one) for one in problems.found if one.severity is Severity.WARNING and one.code in WORDS
    ]
    if not errors and not people:
        errors.append("danh sách không có dòng nào")
    if not errors and len(people) > MOST:
        errors.append(f"danh sách có {len(people)} dòng, nhiều hơn {MOST}")
    if len(errors) > _SHOWN:
        errors[_SHOWN:] = [f"và {len(errors) - _SHOWN} lỗi khác"]
    return Listed(
        tuple(people[:MOST]),
        tuple(f"Tệp {shown}: {error}" for error in errors),
        tuple(warnings[:_SHOWN]),
    )


def _people(path: Path, problems: Problems, units: Units | None) -> list[Person]:
    source = TableSource(file=path)
    found: list[Person] = []
    try:
        with Seen() as seen:
            table = open_source(source, None, problems)
            if table.kind is not Kind.STAFF:
                table.close()
                problems.error(path.name, "", Code.HEADING, "no list of people", "")
            elif not check_columns(table, source, problems, complete=False):
                table.close()
            else:
                rows = StaffRows(table, source.reading, problems, seen, units, complete=False)
                for person in rows:
                    found.append(person)
                    if max(len(found), problems.errors) > MOST:
                        break
                table.close()
    except Unreadable as fault:
        problems.add(fault.problem)
    except RegistryError as fault:
        problems.error(path.name, "", Code.FILE, str(fault), "")
    return found


def _units(accounts: Iterable[Account]) -> Units:
    return Units(
        [
            Unit(Place("", 0), one.unit_id, one.name, "unit", "", "", "", date.max)
            for one in accounts
            if one.unit_id
        ]
    )


def _told(problem: Problem) -> str:
    """A problem as the office is told it."""
    place = f"dòng {problem.place.row}" if isinstance(problem.place, Place) else ""
    column = f"cột «{problem.column}»" if problem.column else ""
    where = ", ".join(part for part in (place, column) if part)
    words = WORDS.get(problem.code) or problem.message
    return f"{where}: {words}" if where else words
