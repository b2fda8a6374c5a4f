"""One account's whole story: what it is, and what happened to it (for people who answer a telephone)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path

from congvu.directory.model import RIGHTS, Entry, State, dn_key
from congvu.lifecycle.account import Account
from congvu.lifecycle.delegation import RECORD, SPOKEN, Delegation, Right
from congvu.lifecycle.timers import next_clock
from congvu.mail.use import sessions, used
from congvu.policy.effective import Effective
from congvu.policy.model import Policy
from congvu.sync.auditfile import records
from congvu.sync.auditrecord import Record
from congvu.sync.auditshow import Filter, joined
from congvu.vietnam import VIETNAM

READ = (
    *("objectClass", "uid", "cn", "ou", "title", "mail", "mailLocalAddress", "departmentNumber"),
    *("congvuFormerAddress", "congvuQuota", *RIGHTS, RECORD),
)
"""What must be read of an entry besides."""
_OFFICES = {
    "congvuHead": "Người đứng đầu",
    "congvuOwner": "Chủ hộp thư theo chức vụ",
    "congvuLeader": "Lãnh đạo đọc thư mục dùng chung",
}
STATES = {
    State.PENDING: "chờ duyệt",
    State.INITIAL: "đã cấp, chờ chủ hộp thư đổi mật khẩu ban đầu",
    State.ACTIVE: "đang sử dụng",
    State.LOCKED: "bị khóa (không đăng nhập được, vẫn nhận thư)",
    State.SUSPENDED: "tạm ngừng (không đăng nhập, không nhận thư)",
    State.REVOKED: "đã thu hồi (địa chỉ không cấp cho người khác)",
    State.PURGED: "đã xóa thư (địa chỉ không cấp cho người khác)",
}
"""The states as officials call them."""


@dataclass(frozen=True, slots=True)
class Told:
    """One line of the story."""

    name: str
    value: str


def facts(
    account: Account,
    whole: Entry,
    policy: Policy,
    rules: Effective,
    today: date,
    *,
    names: Mapping[str, str],
) -> Iterator[Told]:
    """What an account is today. `whole` is its entry with `READ`; `names` whom it names, by DN."""
    yield Told("Tên", whole.value("cn"))
    if account.is_person:
        yield Told("Mã", whole.value("uid"))
        yield Told("Đơn vị", f"{whole.value('ou')} ({whole.value('departmentNumber')})")
        yield Told("Chức vụ", whole.value("title"))
    yield Told("Địa chỉ thư", account.address)
    others = [one for one in whole.values("mailLocalAddress") if one.lower() != account.address.lower()]
    yield Told("Địa chỉ khác còn nhận thư", ", ".join(sorted(others)))
    yield Told("Địa chỉ cũ không còn nhận thư", ", ".join(sorted(whole.values("congvuFormerAddress"))))
    yield Told("Trạng thái", _state(account))
    yield Told("Từ ngày", _day(account.since or account.issued))
    yield Told("Cấp địa chỉ ngày", _day(account.issued))
    if quota := whole.value("congvuQuota"):
        yield Told("Dung lượng hộp thư", f"{int(quota) >> 20} MiB")
    if account.is_person:
        yield Told("Mật khẩu", _password(account))
        yield Told("Đăng nhập gần nhất", _day(account.last_access) or "chưa lần nào")
    else:
        yield from _rights(whole, names)
    if account.exempt_until:
        yield Told(
            "Được giữ dù không sử dụng", f"đến hết {_day(account.exempt_until)}: {account.exempt_because}"
        )
    if account.warned_until:
        yield Told("Đã cảnh báo, hạn cuối", _day(account.warned_until))
    if clock := next_clock(account, policy, rules, today):
        yield Told("Nếu không có gì thay đổi", clock)


def _rights(unit: Entry, names: Mapping[str, str]) -> Iterator[Told]:
    for attribute, called in _OFFICES.items():
        yield Told(called, ", ".join(sorted(names.get(dn, dn) for dn in unit.values(attribute))))
    yield Told("Ủy quyền", " | ".join(_delegated(value, names) for value in sorted(unit.values(RECORD))))


def _delegated(value: str, names: Mapping[str, str]) -> str:
    try:
        one = Delegation.from_text(value)
    except ValueError:
        return value
    rights = ", ".join(SPOKEN[right] for right in Right if right in one.rights)
    until = f"đến hết {_day(one.until)}" if one.until else "không thời hạn"
    return f"{names.get(one.dn, one.dn)}: {rights}; từ {_day(one.start)} {until}; {one.document}".rstrip("; ")


def at_the_mail_server(address: str) -> Iterator[Told]:
    """What Dovecot knows of the account: how full, and open where. Raises `MailFailure`."""
    if use := used(address):
        yield Told("Đã dùng", f"{use.octets / (1 << 20):.1f} MiB, {use.messages} thư")
    if there := [f"{one.service} từ {one.addresses} ({one.connections})" for one in sessions(address)]:
        yield Told("Phiên đang mở", "; ".join(there))


_TOLD = frozenset({"congvuState", "mail", "ou", "title", "congvuQuota", "congvuExempt", "congvuHead", RECORD})
"""Changes that a line of the history shows."""


def history(folder: Path, dn: str, address: str) -> Iterator[Record]:
    """What the audit log in `folder` tells of an account, oldest first, each with its outcome.

    Raises `SystemFailure`.
    """
    wanted = Filter(dn=dn), Filter(address=address)
    return (one for one in joined(records(folder)) if any(filter_.takes(one) for filter_ in wanted))


def line(record: Record, dn: str) -> str:
    """One record, on one line."""
    moment = datetime.fromisoformat(record["time"]).astimezone(VIETNAM)
    parts = [f"{moment:%d/%m/%Y %H:%M}", record["author"], record.get("event", record["record"])]
    if before_after := _change(record, dn):
        parts.append(before_after)
    parts += [" ".join(record[key].split()) for key in ("why", "document", "clause") if record.get(key)]
    if record.get("outcome", "done") != "done":
        parts.append(f"NOT DONE: {record.get('failure')}")
    return " | ".join(parts)


def _change(record: Record, dn: str) -> str:
    if "after" not in record or dn_key(record["dn"]) != dn_key(dn):
        return ""
    before, after = record["before"], record["after"]
    return "; ".join(
        f"{name}: {', '.join(before.get(name, ())) or '–'} → {', '.join(values) or '–'}"
        for name, values in after.items()
        if name in _TOLD
    )


def _state(account: Account) -> str:
    """The night's run notes that somebody has begun; until then the password tells."""
    if account.state is State.INITIAL and not account.is_person:
        return "đã cấp"
    begun = account.state is State.INITIAL and account.own_password
    return STATES[State.ACTIVE if begun else account.state]


def _password(account: Account) -> str:
    if account.own_password:
        return f"do chủ hộp thư đặt ngày {_day(account.password_set)}"
    if account.initial_password:
        return f"ban đầu, cấp ngày {_day(account.password_set)}, chưa đổi"
    return "chưa có"


def _day(day: date | None) -> str:
    return f"{day:%d/%m/%Y}" if day else ""
