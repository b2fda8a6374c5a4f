"""The sheet that hands initial passwords over, as officials read it (pure)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime

from congvu.printable import printable
from congvu.vietnam import VIETNAM


@dataclass(frozen=True, slots=True)
class Issued:
    """One account's initial password."""

    dn: str
    name: str
    unit: str
    address: str
    password: str


@dataclass(frozen=True, slots=True)
class Sheet:
    """What the operator hands out."""

    number: str
    """A later sheet has a later number; where somebody is on two, the later one counts."""
    domain: str
    made: datetime
    valid_until: date
    """The last day of the passwords."""
    regulation: str
    """Number of the regulation."""
    issued: tuple[Issued, ...]

    def text(self) -> str:
        """The sheet in Vietnamese, ordered by unit."""
        return "\n".join(_lines(self)) + "\n"


def _lines(sheet: Sheet) -> Iterator[str]:
    made = sheet.made.astimezone(VIETNAM)
    yield "PHIẾU BÀN GIAO MẬT KHẨU BAN ĐẦU"
    yield ""
    yield f"Số phiếu:       {sheet.number}"
    yield f"Lập lúc:        {made:%H:%M} ngày {made:%d/%m/%Y}"
    yield f"Tên miền thư:   {sheet.domain}"
    yield f"Căn cứ:         {_one_line(sheet.regulation)}"
    yield f"Số người:       {len(sheet.issued)}"
    yield f"Mật khẩu có giá trị đến hết ngày {sheet.valid_until:%d/%m/%Y}."
    yield "Mỗi người phải đổi mật khẩu ngay ở lần đăng nhập đầu tiên; trước đó chưa đọc và gửi thư được."
    yield "Người có tên trên nhiều phiếu dùng mật khẩu của phiếu có số lớn nhất."
    unit: str | None = None
    for number, one in enumerate(sheet.issued, 1):
        if one.unit != unit:
            unit = one.unit
            yield ""
            yield f"Đơn vị: {_one_line(unit)}"
        yield ""
        yield f"{number:4}. {_one_line(one.name)}"
        yield f"      Địa chỉ thư:  {_one_line(one.address)}"
        yield f"      Mật khẩu:     {one.password}"


def _one_line(text: str) -> str:
    return " ".join(printable(text).split())
