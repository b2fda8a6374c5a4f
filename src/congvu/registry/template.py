"""The forms that offices fill in, as workbooks (LD-7.2-end2). What is written here, `read` understands.

Vietnamese throughout: they are for the officials who make the lists.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from openpyxl import Workbook
from openpyxl.styles import Alignment, Border, Font, PatternFill, Side
from openpyxl.utils import get_column_letter
from openpyxl.worksheet.datavalidation import DataValidation
from openpyxl.worksheet.worksheet import Worksheet

from congvu.errors import RegistryError
from congvu.policy import Policy
from congvu.policy.model import Employment, OrgType, PersonalData
from congvu.registry.headings import Field
from congvu.registry.model import Status
from congvu.registry.values import UNIT_STATES, usual

ROWS = 200
"""Rows for people between the example and the total."""


class TemplateKind(StrEnum):
    """What an office is asked for."""

    STAFF = "staff"
    """Its people, each with the date and the terms."""
    UNITS = "units"
    """Its units."""
    CHANGES = "changes"
    """What is to be created, changed, locked or withdrawn (QT-5b)."""


@dataclass(frozen=True, slots=True)
class FormColumn:
    """A column of a form."""

    field: Field
    heading: str
    width: int
    example: str
    group: str = ""
    """Heading over this and its neighbours."""
    choices: tuple[str, ...] = ()
    """What may stand in its cells."""
    text: bool = False
    """Formatted as text, so that no leading zero is lost."""
    date: bool = False


_STT = FormColumn(Field.ORDINAL, "STT", 6, "Ví dụ")
_NOTE = FormColumn(Field.NOTE, "Ghi chú", 24, "")
_ID = FormColumn(Field.STAFF_ID, "Mã CBCC", 14, "LD00123", text=True)
_NAME = (
    FormColumn(Field.FAMILY_AND_MIDDLE, "Họ và đệm", 22, "Trần Thị Ngọc"),
    FormColumn(Field.GIVEN_NAME, "Tên", 12, "Ánh"),
)
_POSITION = FormColumn(Field.POSITION, "Chức vụ", 20, "Chuyên viên")
_UNIT = FormColumn(Field.UNIT_NAME, "Đơn vị/bộ phận công tác", 34, "Sở Khoa học và Công nghệ")
_PHONE = FormColumn(Field.PHONE, "Số điện thoại", 16, "0999 000 001", text=True)
_DOCUMENT = FormColumn(Field.DOCUMENT, "Văn bản", 20, "12/QĐ-SKHCN")
_BIRTH = FormColumn(Field.BIRTH_DATE, "Ngày sinh", 13, "30/12/1985", date=True)
_CITIZEN = FormColumn(Field.CITIZEN_ID, "Số CCCD", 16, "068085000001", text=True)
_DOMAINS = FormColumn(Field.DOMAINS, "Tên miền", 24, "")
_TICK = ("x",)


def columns(policy: Policy, kind: TemplateKind) -> tuple[FormColumn, ...]:
    """The columns that the policy needs; private data only where its addresses use it."""
    if kind is TemplateKind.UNITS:
        return _UNITS
    private = (
        *((_BIRTH,) if PersonalData.BIRTH_DATE in policy.person.personal_data else ()),
        *((_CITIZEN,) if PersonalData.CITIZEN_ID in policy.person.personal_data else ()),
    )
    if kind is TemplateKind.CHANGES:
        ticks = tuple(
            FormColumn(field, heading, 11, "x" if field is Field.REVOKE else "", "Đề nghị", _TICK)
            for field, heading in _TICKS
        )
        address = f"anhttn@{policy.domain}"
        return (
            _STT,
            _ID,
            *_NAME,
            _POSITION,
            _UNIT,
            FormColumn(Field.ADDRESS, "Địa chỉ thư điện tử công vụ", 32, address),
            _PHONE,
            *private,
            *ticks,
            FormColumn(Field.REQUEST, "Nội dung thay đổi", 30, ""),
            _DOCUMENT,
            _NOTE,
        )
    return (
        _STT,
        _ID,
        *_NAME,
        _POSITION,
        _UNIT,
        _PHONE,
        FormColumn(Field.REGISTERED_ON, "Ngày đăng ký", 13, "02/01/2013", date=True),
        FormColumn(
            Field.EMPLOYMENT, "Đối tượng", 16, usual(Employment.CIVIL_SERVANT), choices=_choices(Employment)
        ),
        FormColumn(Field.STATUS, "Tình trạng công tác", 18, usual(Status.WORKING), choices=_choices(Status)),
        *private,
        *((_DOMAINS,) if policy.person.also_in else ()),
        FormColumn(Field.SPONSOR_UNIT_ID, "Đơn vị bảo lãnh", 24, ""),
        FormColumn(Field.UNTIL, "Thời hạn sử dụng", 16, "", date=True),
        _DOCUMENT,
        _NOTE,
    )


def _choices(kind: type[StrEnum]) -> tuple[str, ...]:
    return tuple(usual(member) for member in kind)


_TICKS = (
    (Field.CREATE, "Cấp mới"),
    (Field.CHANGE, "Thay đổi"),
    (Field.LOCK, "Tạm khóa"),
    (Field.RESTORE, "Khôi phục"),
    (Field.REVOKE, "Thu hồi"),
    (Field.RESET_PASSWORD, "Cấp lại mật khẩu"),
)
_UNITS = (
    _STT,
    FormColumn(Field.UNIT_ID, "Mã đơn vị", 16, "H36.12", text=True),
    FormColumn(Field.NAME, "Tên đơn vị", 42, "Sở Khoa học và Công nghệ"),
    FormColumn(Field.PARENT_NAME, "Đơn vị cấp trên", 34, ""),
    FormColumn(
        Field.ORG_TYPE, "Loại hình tổ chức", 26, usual(OrgType.STATE_AGENCY), choices=_choices(OrgType)
    ),
    FormColumn(Field.DOMAIN, "Tên miền đã cấp", 26, ""),
    FormColumn(Field.ADDRESS, "Địa chỉ thư đã thống nhất", 24, ""),
    FormColumn(Field.AGREEMENT, "Văn bản thống nhất", 22, ""),
    FormColumn(Field.REGISTERED_ON, "Ngày đăng ký", 13, "02/01/2013", date=True),
    FormColumn(Field.IT_CONTACT, "Cán bộ phụ trách CNTT", 30, "Nguyễn Văn An, 0999 000 002"),
    FormColumn(Field.HEAD_ID, "Mã thủ trưởng", 16, "LD00123", text=True),
    FormColumn(Field.STATUS, "Trạng thái", 20, UNIT_STATES[0], choices=UNIT_STATES),
    FormColumn(Field.SUCCESSOR_IDS, "Mã đơn vị tiếp nhận", 24, "", text=True),
    FormColumn(Field.DOCUMENT, "Văn bản", 20, "12/QĐ-SKHCN"),
    _NOTE,
)
_TITLES = {
    TemplateKind.STAFF: "DANH SÁCH ĐĂNG KÝ HỘP THƯ ĐIỆN TỬ CÔNG VỤ CỦA CÁ NHÂN",
    TemplateKind.UNITS: "DANH SÁCH ĐĂNG KÝ HỘP THƯ ĐIỆN TỬ CÔNG VỤ CỦA ĐƠN VỊ",
    TemplateKind.CHANGES: "DANH SÁCH ĐỀ NGHỊ CẤP MỚI, THAY ĐỔI, THU HỒI HỘP THƯ ĐIỆN TỬ CÔNG VỤ",
}
_COUNTED = {TemplateKind.STAFF: "tài khoản", TemplateKind.UNITS: "đơn vị", TemplateKind.CHANGES: "tài khoản"}
_THIN = Side(style="thin")
_BOX = Border(left=_THIN, right=_THIN, top=_THIN, bottom=_THIN)
_GREY = PatternFill("solid", fgColor="D9D9D9")
_ITALIC = Font(name="Times New Roman", size=12, italic=True, color="7F7F7F")
_PLAIN = Font(name="Times New Roman", size=12)
_BOLD = Font(name="Times New Roman", size=12, bold=True)
_CENTRE = Alignment(horizontal="center", vertical="center", wrap_text=True)
_UPPER = 4
"""The heading's upper row; the lower follows, then the example."""


def write_template(path: Path, policy: Policy, kind: TemplateKind) -> None:
    """Write the form for the offices of a domain. Raises `RegistryError` where `path` cannot be written."""
    shown = columns(policy, kind)
    book = Workbook()
    sheet = book.active
    assert isinstance(sheet, Worksheet)  # noqa: S101  (a new book has one)
    sheet.title = "Danh sách"
    _write_titles(sheet, policy, kind, len(shown))
    _write_heading(sheet, shown)
    _write_rows(sheet, shown)
    _write_end(sheet, shown, _COUNTED[kind])
    try:
        book.save(path)
    except OSError as fault:
        raise RegistryError(
            f"cannot be written: {fault.strerror}", where=str(path), hint="check the path and its rights"
        ) from None


def _write_titles(sheet: Worksheet, policy: Policy, kind: TemplateKind, width: int) -> None:
    lines = (
        (1, _TITLES[kind], _BOLD),
        (2, f"Miền thư: {policy.domain}. Thực hiện {policy.regulation.number}.", _PLAIN),
        (3, "Cơ quan đề nghị: ……………………………………", _PLAIN),
    )
    for row, text, font in lines:
        cell = sheet.cell(row, 1, text)
        cell.font, cell.alignment = font, _CENTRE
        sheet.merge_cells(start_row=row, start_column=1, end_row=row, end_column=width)


def _write_heading(sheet: Worksheet, shown: Sequence[FormColumn]) -> None:
    for number, column in enumerate(shown, start=1):
        grouped = bool(column.group)
        sheet.cell(_UPPER, number, column.group if grouped else column.heading)
        if grouped:
            sheet.cell(_UPPER + 1, number, column.heading)
        else:
            sheet.merge_cells(start_row=_UPPER, start_column=number, end_row=_UPPER + 1, end_column=number)
        for row in (_UPPER, _UPPER + 1):
            cell = sheet.cell(row, number)
            cell.font, cell.alignment, cell.border, cell.fill = _BOLD, _CENTRE, _BOX, _GREY
        sheet.column_dimensions[get_column_letter(number)].width = column.width
    grouped_numbers = [number for number, column in enumerate(shown, start=1) if column.group]
    if grouped_numbers:
        sheet.merge_cells(
            start_row=_UPPER, start_column=grouped_numbers[0], end_row=_UPPER, end_column=grouped_numbers[-1]
        )
    sheet.freeze_panes = f"A{_UPPER + 2}"
    sheet.print_title_rows = f"{_UPPER}:{_UPPER + 1}"


def _write_rows(sheet: Worksheet, shown: Sequence[FormColumn]) -> None:
    """The example, and empty rows with their formats and choices."""
    first = _UPPER + 2
    last = first + ROWS
    for number, column in enumerate(shown, start=1):
        letter = get_column_letter(number)
        for row in range(first, last + 1):
            cell = sheet.cell(row, number)
            cell.border, cell.font = _BOX, _PLAIN
            if column.text:
                cell.number_format = "@"
            elif column.date:
                cell.number_format = "DD/MM/YYYY"
        cell = sheet.cell(first, number, column.example)
        cell.font = _ITALIC
        if column.choices:
            rule = DataValidation(
                type="list",
                formula1='"' + ",".join(column.choices) + '"',
                allow_blank=True,
                showErrorMessage=True,
                errorTitle=column.heading,
                error="Chọn một giá trị trong danh sách.",
            )
            sheet.add_data_validation(rule)
            rule.add(f"{letter}{first + 1}:{letter}{last}")


def _write_end(sheet: Worksheet, shown: Sequence[FormColumn], counted: str) -> None:
    """The control total, calculated from the rows that have a name, and who signs."""
    names = (Field.GIVEN_NAME, Field.NAME)
    number = next(number for number, column in enumerate(shown, start=1) if column.field in names)
    letter = get_column_letter(number)
    first, last = _UPPER + 3, _UPPER + 2 + ROWS
    parts = ((1, "Danh sách đề nghị:"), (3, f"=COUNTA({letter}{first}:{letter}{last})"), (4, counted))
    for place, text in parts:
        sheet.cell(last + 1, place, text).font = _BOLD
    sheet.cell(last + 3, 2, "NGƯỜI LẬP").font = _BOLD
    sheet.cell(last + 3, len(shown) - 1, "THỦ TRƯỞNG CƠ QUAN").font = _BOLD
