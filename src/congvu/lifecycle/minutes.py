"""*Biên bản bàn giao hộp thư điện tử công vụ*: the record of a handover, to be signed (pure)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from congvu.lifecycle.delegation import SPOKEN, Delegation, Right
from congvu.lifecycle.handover import Handover
from congvu.mail.content import Content, Difference, Sum
from congvu.paper import Column, Facts, Paper, Part, Signer, Table, Text
from congvu.policy.model import Handed, Policy
from congvu.vietnam import VIETNAM

TITLE = "Biên bản bàn giao hộp thư điện tử công vụ"
_NOBODY = "(không có)"
_RIGHTS: Mapping[str, str] = {
    "congvuHead": "người đứng đầu, chủ hộp thư",
    "congvuOwner": "chủ hộp thư theo chức vụ",
    "congvuReader": "được đọc thư",
    "congvuAnswerer": "được xử lý thư",
    "congvuDelegate": "được gửi thư với tư cách đơn vị",
    "congvuLeader": "đọc thư mục dùng chung",
}


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody who is named."""

    name: str
    address: str

    def __str__(self) -> str:
        return f"{self.name} <{self.address}>" if self.address else self.name


@dataclass(frozen=True, slots=True)
class Counts:
    """The two counts of the mailbox, and what they tell."""

    before: Content
    before_at: datetime
    after: Content
    after_at: datetime
    difference: Difference


def minutes(
    handover: Handover,
    counts: Counts,
    people: Mapping[str, Person],
    going_on: Sequence[Delegation],
    policy: Policy,
) -> Paper:
    """The record. `people` by DN; `going_on` are the delegations that the new head finds."""
    giver, taker = (people.get(dn, Person(_NOBODY, "")) for dn in (handover.giver, handover.taker))
    return Paper(
        agency=handover.name,
        title=TITLE,
        about=f"{handover.name} <{handover.address}>",
        day=counts.after_at.astimezone(VIETNAM).date(),
        parts=tuple(_parts(handover, counts, people, going_on, policy, giver=giver, taker=taker)),
        signers=(
            Signer("Bên giao", giver.name),
            Signer("Bên nhận", taker.name),
            Signer("Người chứng kiến", policy.operator.name if policy.operator else ""),
        ),
    )


def _parts(
    handover: Handover,
    counts: Counts,
    people: Mapping[str, Person],
    going_on: Sequence[Delegation],
    policy: Policy,
    *,
    giver: Person,
    taker: Person,
) -> Iterator[Part]:
    yield Facts(
        [
            ("Bên giao", str(giver)),
            ("Bên nhận", str(taker)),
            ("Đơn vị, hộp thư", f"{handover.name} <{handover.address}>"),
            ("Theo văn bản", handover.document or _NOBODY),
            ("Lý do", handover.why if handover.by_hand else "cơ sở dữ liệu nhân sự ghi người đứng đầu mới"),
            ("Căn cứ", ", ".join(filter(None, (policy.regulation.number, handover.clause)))),
            ("Thời điểm chuyển quyền", _moment(handover.moment)),
            ("Người thực hiện", f"{handover.author} (nhật ký hệ thống số {handover.number})"),
        ]
    )
    included = policy.handover.includes if policy.handover else tuple(Handed)
    yield Text("1. Những gì được bàn giao", bold=True)
    yield Table(
        (Column("Nội dung", 2), Column("Kết quả", 7)),
        [(_CALLED[one], _done(one, taker, counts)) for one in included],
    )
    in_time = counts.before_at.replace(microsecond=0) <= handover.moment  # the log writes seconds
    when = "trước và sau khi bàn giao" if in_time else "trước và sau khi ngắt các phiên làm việc"
    yield Text(f"2. Nội dung hộp thư {when}", bold=True)
    yield _folders(counts)
    whole = counts.before.whole(), counts.after.whole()
    yield Facts(
        [(f"Đếm lần {n}", _moment(at)) for n, at in enumerate((counts.before_at, counts.after_at), 1)]
    )
    yield Table(
        (Column("Toàn bộ hộp thư", 2), Column("Mã kiểm tra SHA-256 của các thư", 7, mono=True)),
        [(f"Lần {n}", one.digest) for n, one in enumerate(whole, 1)],
    )
    yield Text("3. Đối chiếu", bold=True)
    for sentence in _compared(counts):
        yield Text(sentence)
    yield Text("4. Quyền đã chấm dứt", bold=True)
    lost = [(str(_who(people, dn)), _RIGHTS[name]) for name, dns in handover.lost.items() for dn in dns]
    yield Table((Column("Người", 5), Column("Quyền", 4)), lost or [(_NOBODY, "")])
    yield Text("Mọi phiên làm việc đang mở của bên giao và của những người đang dùng hộp thư đã bị ngắt.")
    yield Text("5. Ủy quyền còn hiệu lực mà bên nhận tiếp nhận", bold=True)
    yield Table(
        (Column("Người được ủy quyền", 4), Column("Quyền", 3), Column("Thời hạn", 2), Column("Văn bản", 2)),
        [_delegated(people, one) for one in going_on] or [(_NOBODY, "", "", "")],
    )


_CALLED = {Handed.MAILBOX: "Hộp thư", Handed.PASSWORD: "Mật khẩu", Handed.CONTENT: "Toàn bộ nội dung"}


def _done(one: Handed, taker: Person, counts: Counts) -> str:
    match one:
        case Handed.MAILBOX:
            return f"Quyền sử dụng hộp thư đã chuyển cho {taker}, dùng bằng tài khoản riêng của bên nhận."
        case Handed.PASSWORD:
            return (
                "Không bàn giao mật khẩu nào: hộp thư được mở bằng tài khoản của từng người. Mật khẩu riêng "
                "của hộp thư, nếu có, đã bị hủy; không mật khẩu nào của bên giao còn mở được hộp thư."
            )
        case Handed.CONTENT:
            after = counts.after.whole()
            folders = len(counts.after.folders())
            return f"{after.messages} thư trong {folders} thư mục, {_octets(after.size)} byte."


_FOLDERS = {"INBOX": "Hộp thư đến (INBOX)"}


def _folders(counts: Counts) -> Table:
    before, after = counts.before.folders(), counts.after.folders()
    nothing = Sum(0, 0, "")
    rows = []
    for name in sorted({*before, *after}):
        one, other = before.get(name, nothing), after.get(name, nothing)
        same = "giữ nguyên" if one == other else "có thay đổi"
        rows.append(
            (
                _FOLDERS.get(name, name),
                str(one.messages),
                _octets(one.size),
                str(other.messages),
                _octets(other.size),
                same,
            )
        )
    one, other = counts.before.whole(), counts.after.whole()
    rows.append(("Cộng", str(one.messages), _octets(one.size), str(other.messages), _octets(other.size), ""))
    return Table(
        (
            Column("Thư mục", 4),
            Column("Số thư trước", 2, right=True),
            Column("Byte trước", 2.4, right=True),
            Column("Số thư sau", 2, right=True),
            Column("Byte sau", 2.4, right=True),
            Column("So sánh", 2.2),
        ),
        rows,
    )


def _compared(counts: Counts) -> Iterator[str]:
    difference = counts.difference
    if missing := sum(difference.missing.values()):
        yield f"CÓ SAI LỆCH: {missing} thư của lần đếm thứ nhất không còn ở lần đếm thứ hai: " + _listed(
            difference.missing
        )
    else:
        yield "Mọi thư của lần đếm thứ nhất đều còn ở lần đếm thứ hai, giống nhau đến từng byte."
    if new := sum(difference.new.values()):
        yield f"{new} thư mới đến giữa hai lần đếm, không phải là sai lệch: " + _listed(difference.new)


def _listed(found: Mapping[str, int]) -> str:
    return "; ".join(f"{name}: {number}" for name, number in found.items()) + "."


def _delegated(people: Mapping[str, Person], one: Delegation) -> tuple[str, str, str, str]:
    until = f"đến hết {one.until:%d/%m/%Y}" if one.until else "đến khi chấm dứt"
    rights = ", ".join(SPOKEN[right] for right in Right if right in one.rights)
    return str(_who(people, one.dn)), rights, f"từ {one.start:%d/%m/%Y} {until}", one.document


def _who(people: Mapping[str, Person], dn: str) -> Person:
    return people.get(dn, Person(dn, ""))


def _moment(moment: datetime) -> str:
    there = moment.astimezone(VIETNAM)
    return f"{there:%H} giờ {there:%M} ngày {there:%d/%m/%Y}"


def _octets(number: int) -> str:
    return f"{number:,}".replace(",", ".")
