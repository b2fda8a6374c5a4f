"""Which office a position is, in which unit."""

from __future__ import annotations

import unicodedata

import pytest

from congvu.policy.model import Role
from congvu.registry.offices import is_office, offices

HEAD, DEPUTY, CHIEF, CLERK, DIVISION = (
    Role.HEAD,
    Role.DEPUTY_HEAD,
    Role.CHIEF_OF_OFFICE,
    Role.CLERK,
    Role.DIVISION_HEAD,
)
POSITIONS: list[tuple[str, str, set[Role]]] = [
    ("Giám đốc", "Sở Tư pháp", {HEAD}),
    ("GIÁM ĐỐC SỞ", "Sở Tư pháp", {HEAD}),
    ("Giám đốc Sở Tư pháp", "Sở Tư pháp", {HEAD}),
    ("Quyền Giám đốc", "Sở Tư pháp", {HEAD}),
    ("Q. Giám đốc", "Sở Tư pháp", {HEAD}),
    ("Phó Giám đốc", "Sở Tư pháp", {DEPUTY}),
    ("Phó Giám đốc phụ trách", "Sở Tư pháp", {DEPUTY}),
    ("Phó Giám đốc Sở kiêm Chánh Văn phòng", "Sở Tư pháp", {DEPUTY, CHIEF, DIVISION}),
    ("Bí thư Đảng ủy, Giám đốc", "Sở Tư pháp", {HEAD}),
    ("Giám đốc Trung tâm Trợ giúp pháp lý", "Sở Tư pháp", {DIVISION}),
    ("Phó Giám đốc Trung tâm Trợ giúp pháp lý", "Sở Tư pháp", set()),
    ("Giám đốc Sở Nội vụ", "Sở Tư pháp", set()),
    ("Trưởng phòng", "Sở Tư pháp", {DIVISION}),
    ("Trưởng phòng", "Phòng Hành chính - Tổ chức", {HEAD, DIVISION}),
    ("Trưởng phòng Hành chính", "Phòng Hành chính - Tổ chức", {HEAD, DIVISION}),
    ("Trưởng phòng Hành", "Phòng Hành chính - Tổ chức", {HEAD, DIVISION}),
    ("Trưởng phòng Bổ trợ tư pháp", "Phòng Hành chính - Tổ chức", {DIVISION}),
    ("Phó Trưởng phòng", "Phòng Hành chính - Tổ chức", {DEPUTY}),
    ("Chánh Văn phòng", "Văn phòng", {HEAD, CHIEF, DIVISION}),
    ("Chánh Văn phòng Sở", "Sở Tư pháp", {CHIEF, DIVISION}),
    ("Phó Chánh Văn phòng", "Văn phòng Sở", {DEPUTY}),
    ("Văn thư - Lưu trữ", "Văn phòng", {CLERK}),
    ("Nhân viên văn thư", "Sở Tư pháp", {CLERK}),
    ("Chủ tịch", "UBND xã Hòa Bình", {HEAD}),
    ("Phó Chủ tịch UBND xã", "UBND xã Hòa Bình", {DEPUTY}),
    ("Chủ tịch Hội đồng", "Sở Tư pháp", set()),
    ("Chuyên viên", "Phòng Giám đốc", set()),
    ("Giám đốc thẩm", "Sở Tư pháp", set()),
    ("", "Sở Tư pháp", set()),
]


@pytest.mark.parametrize("form", ["NFC", "NFD"])
@pytest.mark.parametrize(("position", "unit", "expected"), POSITIONS)
def test_a_position_is_an_office_of_its_own_unit_only(
    position: str, unit: str, expected: set[Role], form: str
) -> None:
    found = offices(unicodedata.normalize(form, position), unicodedata.normalize(form, unit))  # type: ignore[arg-type]
    assert found == expected | {Role.OFFICIAL}


@pytest.mark.parametrize(("unit", "office"), [("Văn phòng Sở", True), ("Phòng Văn thư", False)])
def test_the_office_is_known_by_its_name(unit: str, office: bool) -> None:
    assert is_office(unit) == office
