"""The delta of a run for the upper tier, as CSV to read and as LDIF to replay (DL-5.1b).

Both are made from the audit log: from the operations that are known to be done and that no earlier feed has
told. So whatever a killed run did stands in the next run's feed, and nothing is lost between the two.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from datetime import date, datetime
from pathlib import Path
from typing import BinaryIO

from congvu.directory.model import UNITS
from congvu.directory.operations import Act, Event
from congvu.files import whole
from congvu.policy.model import Policy, Published
from congvu.sync import ldif
from congvu.sync.audit import AuditLog
from congvu.sync.auditrecord import Record
from congvu.vietnam import VIETNAM

OPERATIVE = {
    "objectClass": "",
    "dc": "",
    "associatedDomain": "",
    "uid": "Mã",
    "employeeNumber": "",
    "cn": "Tên",
    "displayName": "",
    "sn": "",
    "givenName": "",
    "title": "Chức vụ",
    "ou": "Đơn vị",
    "departmentNumber": "Mã đơn vị",
    "mail": "Địa chỉ thư",
    "mailLocalAddress": "Các địa chỉ nhận thư",
    "mailHost": "Máy chủ thư",
    "congvuState": "Trạng thái",
    "congvuQuota": "Dung lượng hộp thư (byte)",
    "congvuIssued": "",
    "congvuEnded": "Ngày chấm dứt",
    "congvuParent": "Đơn vị cấp trên",
    "congvuHead": "Người đứng đầu",
    "congvuSuccessor": "Đơn vị kế thừa",
    "congvuAliasUntil": "",
    "congvuFormerAddress": "",
}
"""What the upper tier is told, with its name in the column of changes; the rest only goes into the LDIF.

Everything else stays here: passwords, telephone numbers unless the policy publishes them, and whatever a
later version adds to an entry.
"""
_ON_REQUEST = {Published.PHONE: {"telephoneNumber": "Điện thoại"}}
COLUMNS = (
    "Số thứ tự",
    "Thời điểm",
    "Sự việc",
    "Loại",
    "Mã",
    "Tên",
    "Địa chỉ thư",
    "Mã đơn vị",
    "Thay đổi",
    "Căn cứ",
    "Văn bản",
)
"""Headings of the CSV; the first is the record's number in the audit log: the same number, the same deed."""
EVENTS: Mapping[str, str] = {
    Event.JOIN: "Cấp mới hộp thư cá nhân",
    Event.RETURN: "Cấp lại",
    Event.LEAVE: "Thôi sử dụng",
    Event.RENAME: "Đổi họ tên",
    Event.MOVE: "Chuyển đơn vị",
    Event.POSITION: "Thay đổi chức vụ",
    Event.QUOTA: "Thay đổi dung lượng",
    Event.ADDRESS: "Thay đổi địa chỉ thư",
    Event.DETAILS: "Thay đổi thông tin",
    Event.UNIT_NEW: "Cấp mới hộp thư đơn vị",
    Event.UNIT_RENAMED: "Đổi tên đơn vị",
    Event.UNIT_MOVED: "Thay đổi đơn vị cấp trên",
    Event.UNIT_MERGED: "Sáp nhập đơn vị",
    Event.UNIT_SPLIT: "Chia tách đơn vị",
    Event.UNIT_DISSOLVED: "Giải thể đơn vị",
    Event.HEAD: "Thay đổi người đứng đầu",
    Act.APPROVED: "Duyệt cấp hộp thư",
    Act.BEGUN: "Bắt đầu sử dụng",
    Act.RESET: "Cấp lại mật khẩu",
    Act.EXPIRED: "Khóa do không đổi mật khẩu ban đầu",
    Act.LOCKED: "Khóa",
    Act.UNLOCKED: "Mở khóa",
    Act.SUSPENDED: "Tạm ngừng",
    Act.RESUMED: "Hoạt động trở lại",
    Act.REVOKED: "Thu hồi",
    Act.WITHDRAWN: "Thu hồi theo đề nghị của đơn vị",
    Act.RESTORED: "Cấp lại",
    Act.EXEMPTED: "Được giữ dù chưa sử dụng",
    Act.WARNED: "Cảnh báo không sử dụng",
    Act.INACTIVE: "Xử lý do không sử dụng",
    Act.LAPSED: "Thu hồi do khóa quá hạn",
    Act.PURGED: "Xóa thư do hết thời hạn lưu giữ",
    Act.DELEGATED: "Ủy quyền sử dụng hộp thư đơn vị",
    Act.DELEGATION_ENDED: "Chấm dứt ủy quyền sử dụng hộp thư đơn vị",
    Act.HANDED_OVER: "Bàn giao hộp thư đơn vị",
}
"""What happened, as officials call it."""
_MODE = 0o640  # another account of the same group fetches it
_FORMULA = "=+-@＝＋－＠\t\r\n"
"""What makes a spreadsheet compute a cell (OWASP, CSV injection)."""


def write(
    folder: Path | None, audit: AuditLog, policies: Mapping[str, Policy], today: date
) -> tuple[Path, ...]:
    """Tell what was done since the last feed; returns the files, two for each mail domain with changes.

    `policies` by mail domain say what is published. Without a `folder` nobody is told, and what was done so
    far never will be. Raises `SystemFailure`; then the next run tells it.
    """
    files = _write(folder, audit, policies, today) if folder else ()
    audit.fed(files)
    return files


def _write(folder: Path, audit: AuditLog, policies: Mapping[str, Policy], today: date) -> tuple[Path, ...]:
    opened: dict[str, tuple[BinaryIO, BinaryIO]] = {}
    names = {domain: _names(policy) for domain, policy in policies.items()}
    paths: list[Path] = []
    with ExitStack() as stack:
        for record in audit.to_feed():
            domain = record["domain"]
            shown = _told(record, names.get(domain, OPERATIVE))
            if not shown:
                continue
            if domain not in opened:
                table, changes = (
                    folder / domain / f"{today}-{audit.run_id}.{kind}" for kind in ("csv", "ldif")
                )
                paths += (table, changes)
                opened[domain] = (
                    stack.enter_context(whole(table, _MODE)),
                    stack.enter_context(whole(changes, _MODE)),
                )
                opened[domain][0].write(b"\xef\xbb\xbf" + _row(COLUMNS))
                opened[domain][1].write(ldif.VERSION.encode())
            if record["key"]:
                opened[domain][0].write(_row(_cells(record, shown, names.get(domain, OPERATIVE))))
            opened[domain][1].write(_change(record, shown).encode())
    return tuple(paths)


def _names(policy: Policy) -> Mapping[str, str]:
    published = policy.directory.publish if policy.directory else None
    more = (_ON_REQUEST.get(field, {}) for field in published or ())
    return OPERATIVE | {name: text for one in more for name, text in one.items()}


def _told(record: Record, names: Mapping[str, str]) -> Mapping[str, Sequence[str]]:
    """Of the values after the operation, those that may be told."""
    return {name: values for name, values in record["after"].items() if name in names}


def _change(record: Record, shown: Mapping[str, Sequence[str]]) -> str:
    make = ldif.add if record["operation"] == "add" else ldif.modify
    return "\n" + ldif.comment(f"{record['sequence']} {record['event']}") + make(record["dn"], shown)


def _cells(record: Record, shown: Mapping[str, Sequence[str]], names: Mapping[str, str]) -> Iterator[str]:
    kind, _, identifier = record["key"].partition("/")
    moment = datetime.fromisoformat(record["time"]).astimezone(VIETNAM)
    event = record["event"]
    yield str(record["sequence"])
    yield f"{moment:%d/%m/%Y %H:%M:%S}"
    yield EVENTS.get(event, event)
    yield "Đơn vị" if kind == UNITS else "Cá nhân"
    yield identifier
    yield next(iter(shown.get("cn", ())), record["name"])
    yield next(iter(shown.get("mail", ())), record["label"])
    yield next(iter(shown.get("departmentNumber", ())), record["unit"])
    yield "; ".join(_change_in_words(record, name, shown[name], names[name]) for name in shown if names[name])
    yield record["clause"]
    yield record["document"]


def _change_in_words(record: Record, name: str, after: Sequence[str], called: str) -> str:
    before, now = ", ".join(record["before"].get(name, ())), ", ".join(after)
    if record["operation"] == "add":
        return f"{called}: {now}"
    return f"{called}: {before or '–'} → {now or '–'}"


def _row(cells: Sequence[str] | Iterator[str]) -> bytes:
    line = io.StringIO()
    csv.writer(line).writerow([_defused(cell) for cell in cells])
    return line.getvalue().encode(errors="backslashreplace")


def _defused(cell: str) -> str:
    """A cell that no spreadsheet computes: what looks like a formula gets an apostrophe before it."""
    return f"'{cell}" if cell.lstrip(" ").startswith(tuple(_FORMULA)) else cell
