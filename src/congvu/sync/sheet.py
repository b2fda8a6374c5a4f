"""The sheet that hands initial passwords over, as officials read, print and sign it (pure)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, datetime
from itertools import groupby
from typing import TYPE_CHECKING

from congvu.vietnam import VIETNAM

if TYPE_CHECKING:
    from congvu.paper import Paper


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
    operator: str
    """Who runs the mail domain; empty where the policy does not say."""
    regulation: str
    """Number of the regulation."""
    issued: tuple[Issued, ...]
    """Ordered by unit."""

    def pdf(self) -> bytes:
        """The sheet in Vietnamese, each unit's people on pages of their own. Raises `SystemFailure`."""
        from congvu.paper import pdf  # noqa: PLC0415  (most runs issue no password)

        return pdf(*_papers(self))


def _papers(sheet: Sheet) -> Iterator[Paper]:
    for unit, people in groupby(sheet.issued, lambda one: one.unit):
        yield _paper(sheet, unit, tuple(people))


def _paper(sheet: Sheet, unit: str, people: Iterable[Issued]) -> Paper:
    from congvu.paper import Column, Facts, Paper, Signer, Table, Text  # noqa: PLC0415  (as above)

    made = sheet.made.astimezone(VIETNAM)
    columns = (
        Column("STT", 1.7, right=True),
        Column("Họ và tên", 4),
        Column("Địa chỉ thư", 8),
        Column("Mật khẩu", 4.6, mono=True),
        Column("Ký nhận", 2),
    )
    rows = tuple((f"{n}", one.name, one.address, one.password, "") for n, one in enumerate(people, 1))
    facts = (
        ("Đơn vị nhận", unit),
        ("Tên miền thư", sheet.domain),
        ("Căn cứ", sheet.regulation),
        ("Lập lúc", f"{made:%H:%M} ngày {made:%d/%m/%Y}"),
        ("Số người", f"{len(rows)}"),
        ("Mật khẩu có giá trị", f"đến hết ngày {sheet.valid_until:%d/%m/%Y}"),
    )
    return Paper(
        agency=sheet.operator or sheet.domain,
        number=sheet.number,
        day=made.date(),
        title="Phiếu bàn giao mật khẩu ban đầu",
        parts=(
            Facts(facts),
            Text(
                "Mỗi người phải đổi mật khẩu ngay ở lần đăng nhập đầu tiên; trước đó chưa đọc và gửi thư "
                "được. Người có tên trên nhiều phiếu dùng mật khẩu của phiếu có số lớn nhất."
            ),
            Table(columns, rows),
        ),
        signers=(Signer("Người giao"), Signer("Người nhận")),
    )
