"""Workbooks as offices write them, built cell by cell; the people in them never lived."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from openpyxl import Workbook
from openpyxl.worksheet.worksheet import Worksheet

Cell = str | int | float | None | object


def save(path: Path, rows: Sequence[Sequence[Cell]], *merges: str, title: str = "DS") -> Path:
    """One sheet with `rows` from A1 on, and these ranges merged."""
    book = Workbook()
    sheet = book.active
    assert isinstance(sheet, Worksheet)
    fill(sheet, rows, *merges)
    sheet.title = title
    book.save(path)
    return path


def fill(sheet: Worksheet, rows: Sequence[Sequence[Cell]], *merges: str) -> None:
    for number, row in enumerate(rows, start=1):
        for column, value in enumerate(row, start=1):
            if value is not None:
                sheet.cell(number, column).value = value  # type: ignore[assignment]
    for merge in merges:
        sheet.merge_cells(merge)


def nghe_an_1(path: Path) -> Path:
    """Nghệ An, Phụ lục 1 mẫu 1: new, lock, delete; two units, capitals, a lost zero, ditto, signatures."""
    return save(
        path,
        [
            ["ỦY BAN NHÂN DÂN TỈNH", None, None, "CỘNG HÒA XÃ HỘI CHỦ NGHĨA VIỆT NAM"],
            ["DANH SÁCH ĐỀ NGHỊ CẤP MỚI, TẠM KHÓA, XÓA HỘP THƯ"],
            [],
            ["STT", "Họ và tên", "Chức vụ", "Phòng/ban/đơn vị", "Số điện thoại", "Nội dung đề nghị"],
            ["(1)", "(2)", "(3)", "(4)", "(5)", "(6)"],
            [1, "NGUYỄN VĂN AN", "Chuyên viên", "Phòng Tổ chức", 999000001, "Cấp mới"],
            [2, "TRẦN THỊ NGỌC ÁNH", "nt", "-nt-", "0999 000 002", "Tạm khóa"],
            [3, "Lê Na", "Kế toán", '"', "0999.000.003", "xóa"],
            [],
            ["Tổng cộng: 3 tài khoản"],
            [],
            [None, None, None, "Nghệ An, ngày 8 tháng 12 năm 2025"],
            [None, "NGƯỜI LẬP", None, "GIÁM ĐỐC"],
            [None, "Đỗ Đức Đạt", None, "Lưu Ý Nhi"],
        ],
        "A1:C1",
        "D1:F1",
        "A2:F2",
        "A10:F10",
        "D12:F12",
    )


def nghe_an_2(path: Path) -> Path:
    """Nghệ An, Phụ lục 1 mẫu 2: the details of one account."""
    return save(
        path,
        [
            ["ĐỀ NGHỊ THAY ĐỔI THÔNG TIN"],
            ["STT", "Thông tin cần thay đổi", "Thông tin mới", "Ghi chú"],
            [1, "Chức vụ: Chuyên viên", "Phó Trưởng phòng", None],
            [2, "Đơn vị: Sở Nội vụ", None, None],
        ],
        "A1:D1",
    )


def dong_thap_1(path: Path, *, total: str = "Danh sách đề nghị: 4 tài khoản") -> Path:
    """Đồng Tháp mẫu 01: sections per agency, a unit's name merged down over its people, a control total."""
    return save(
        path,
        [
            ["Mẫu số 01"],
            ["Người yêu cầu: …", None, None, "Chức vụ: …"],
            ["Cơ quan: Sở Nội vụ"],
            ["Stt", "Họ và tên", "Chức vụ", "Đơn vị/bộ phận công tác", "Số điện thoại"],
            ["I", "Sở Nội vụ"],
            [1, "Nguyễn Văn An", "Chuyên viên", "Văn phòng", "0999000001"],
            [2, "Trần Thị Ngọc Ánh", "Kế toán", None, "0999000002"],
            ["II. Sở Tài chính"],
            [3, "Sơn Kim", "Chuyên viên", None, "0999000003"],
            ["Stt", "Họ và tên", "Chức vụ", "Đơn vị/bộ phận công tác", "Số điện thoại"],
            [4, "Y Blŏ Niê", "Chuyên viên", "Văn phòng", "0999000004"],
            [total],
        ],
        "A1:E1",
        "A3:E3",
        "D6:D7",
        "B5:E5",
        "A8:E8",
        "A12:E12",
    )


def dong_thap_2(path: Path) -> Path:
    """Đồng Tháp mẫu 02: a heading of two rows, ticks; one row asks about an agency's own mailbox."""
    return save(
        path,
        [
            ["DANH SÁCH ĐỀ NGHỊ THAY ĐỔI, THU HỒI"],
            ["Stt", "Tên cơ quan/Cá nhân", "Chức vụ", "Đơn vị", "Đề nghị", None, "Nội dung đề nghị"],
            [None, None, None, None, "Thay đổi", "Thu hồi", None],
            [1, "Nguyễn Văn An", "Chuyên viên", "Sở Nội vụ", "x", "☐", "Đổi số điện thoại"],
            [2, "Trần Thị Ngọc Ánh", "Kế toán", "Sở Nội vụ", None, "☑", "Nghỉ hưu"],
            [3, "Sở Nội vụ", None, None, "X", None, "Đổi tên"],
        ],
        "A1:G1",
        "A2:A3",
        "B2:B3",
        "C2:C3",
        "D2:D3",
        "E2:F2",
        "G2:G3",
    )


def dong_thap_3(path: Path) -> Path:
    """Đồng Tháp mẫu 03: restore, or a new password."""
    return save(
        path,
        [
            ["DANH SÁCH ĐỀ NGHỊ KHÔI PHỤC"],
            ["Stt", "Đơn vị/Cá nhân", "Đơn vị công tác", "Địa chỉ thư điện tử công vụ", "Số điện thoại"],
            [1, "Đoàn Văn Hậu", "Sở Nội vụ", "nguyenvanan@dongthap.gov.vn", "0999000001"],
        ],
    )


def hrm(path: Path, *, rows: Sequence[Sequence[Cell]] | None = None) -> Path:
    """A provincial HRM's export: firstname is họ and đệm, lastname is tên."""
    people: Sequence[Sequence[Cell]] = rows or [
        ["NV001", "Nguyễn Văn", "An", "nva@tinh.gov.vn", 999000001, "H15.07.01", "Chuyên viên"],
        ["NV002", "Trần Thị Ngọc", "Ánh", "anh@gmail.com", 999000002, "H15.07.01", "Kế toán"],
        ["NV003", "Lê", "Na", None, None, "H15.07.02", "Chuyên viên"],
        ["NV004", "Phạm Hoàng", "Lê", None, None, "H15.07.02", "Chuyên viên"],
        ["NV005", "Vũ Thị", "Mai", None, None, "H15.07.02", "Chuyên viên"],
    ]
    heading = ["employeeCode", "firstname", "lastname", "email", "phone", "department code", "jobTitle"]
    return save(path, [heading, *people])
