"""What must hold of a request, by the policy of the unit's mail domain (pure). Faults are in Vietnamese."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace

from congvu.directory.dn import dn_key
from congvu.mail.accounts import Account
from congvu.policy.model import Policy
from congvu.policy.model.lifecycle import Channel, Event, Proof, Recipient
from congvu.registry.model import Action, Person, Status
from congvu.registry.text import key
from congvu.requests.model import Row
from congvu.requests.submitted import File, Submitted

ASKS: Mapping[Action, Event | None] = {
    Action.CREATE: Event.ISSUE,
    Action.CHANGE: Event.CHANGE,
    Action.RESTORE: Event.REISSUE,
    Action.REVOKE: Event.REVOKE,
    Action.DELETE: Event.REVOKE,
    Action.LOCK: None,
    Action.RESET_PASSWORD: None,
}
"""Which of the policy's events a row asks for; None: nothing that a policy shuts out."""
NAMES = {
    Action.CREATE: "cấp mới",
    Action.CHANGE: "thay đổi",
    Action.LOCK: "tạm khóa",
    Action.RESTORE: "khôi phục",
    Action.REVOKE: "thu hồi",
    Action.DELETE: "xóa",
    Action.RESET_PASSWORD: "cấp lại mật khẩu",
}
_ON_A_SCAN = {
    Proof.SIGNATURE: "chữ ký",
    Proof.SEAL: "con dấu",
    Proof.DECISION: "quyết định",
}
"""What only a scan can show."""


def action(person: Person) -> Action:
    """What a row asks for; one of a list without such a column tells of somebody who came, or has left."""
    return person.action or (Action.REVOKE if person.status is Status.LEFT else Action.CREATE)


def below(unit: Account, units: Sequence[Account], policy: Policy) -> tuple[Account, ...]:
    """The units that `unit` may ask for: itself and all below it.

    The unit that collects an agency's requests (policy ``requests.through``) asks for the whole agency.
    """
    top = dn_key(unit.parent if unit.parent and is_collector(unit, policy) else unit.dn)
    children: dict[str, list[Account]] = {}
    for one in units:
        children.setdefault(dn_key(one.parent), []).append(one)
    found = {dn_key(one.dn): one for one in units if dn_key(one.dn) == top}
    waiting = [top]
    while waiting:
        for child in children.get(waiting.pop(), ()):
            if dn_key(child.dn) not in found:
                found[dn_key(child.dn)] = child
                waiting.append(dn_key(child.dn))
    return tuple(found.values())


def is_collector(unit: Account, policy: Policy) -> bool:
    """Whether the policy lets requests come from this unit alone."""
    return bool(policy.requests.through) and key(policy.requests.through or "") == key(unit.name)


def of_sender(mail: Submitted, sender: Account | None) -> Iterator[str]:
    """What is wrong with who sent it (LD-7.3a, LD-7.3b)."""
    if not mail.logged_in:
        yield (
            "thư không được gửi bằng cách đăng nhập vào hệ thống (ví dụ: do bộ lọc tự động chuyển tiếp); "
            "hãy đăng nhập và gửi trực tiếp"
        )
    if mail.automatic:
        yield "thư do chương trình tự động gửi"
    if sender is None:
        yield "địa chỉ gửi không phải là hộp thư của hệ thống này"
        return
    if mail.shown != mail.sender:
        shown = mail.shown or "không có"
        yield f"người gửi ghi trong thư ({shown}) không phải là hộp thư đã gửi ({mail.sender})"
    if not sender.is_unit:
        yield "thư được gửi từ hộp thư cá nhân; hãy gửi từ hộp thư của đơn vị"
    elif not sender.delivers:
        yield "hộp thư của đơn vị không còn sử dụng"


def of_unit(unit: Account, policy: Policy, channel: Channel, units: Iterable[Account]) -> Iterator[str]:
    """What is wrong with this unit's asking, and asking in this way."""
    rules = policy.requests
    if rules.channels is not None and channel not in rules.channels:
        yield "quy chế không cho phép gửi đề nghị bằng hình thức này"
    if rules.through and not is_collector(unit, policy):
        wanted = [one for one in units if is_collector(one, policy) and one.delivers]
        where = f" ({wanted[0].address})" if wanted else ""
        yield f"đề nghị phải gửi qua đầu mối là {rules.through}{where}"


def of_document(number: str, policy: Policy) -> Iterator[str]:
    """Whether it bears the document that the policy wants."""
    if Proof.DOCUMENT in (policy.requests.needs or ()) and not number.strip():
        yield "thiếu số văn bản; hãy ghi số văn bản trong tiêu đề thư, ví dụ: 12/CV-SNV"


def of_scan(files: Iterable[File], policy: Policy) -> Iterator[str]:
    """Whether there is a scan of what only a scan can show; what it shows, the operator sees (LD-7.3a)."""
    needs = policy.requests.needs or ()
    scanned = [words for proof, words in _ON_A_SCAN.items() if proof in needs]
    if scanned and not any(file.is_scan for file in files):
        yield f"thiếu bản quét (tệp PDF hoặc ảnh) có {', '.join(scanned)}"


def without_copy(mail: Submitted, policy: Policy, units: Iterable[Account]) -> Iterator[str]:
    """Where several must have the request: who is not among its recipients (HT-5.1).

    The request's own address stands for the operator. An address is the policy's, else that of the unit of
    the same name.
    """
    named = policy.requests.addressees or ()
    if len(named) < 2:
        return
    addresses = {key(unit.name): unit.address for unit in units if unit.delivers}
    parties = {Recipient.APPROVER: policy.approver, Recipient.SECURITY_OFFICER: policy.security_officer}
    for party in filter(None, map(parties.get, named)):
        address = str(party.mail or addresses.get(key(party.name), "")).lower()
        if not address:
            yield f"đề nghị phải gửi đồng thời đến {party.name}; hệ thống không biết địa chỉ để kiểm tra"
        elif address not in mail.recipients:
            yield f"đề nghị phải gửi đồng thời đến {party.name} ({address}); thư này chưa gửi đến đó"


def of_row(
    person: Person, account: Account | None, allowed: Iterable[Account] | None, policy: Policy
) -> Iterator[str]:
    """What is wrong with one row; `account` holds the address that it names.

    `allowed` are the units that it may be about; None: nobody of the unit that asks has an account yet.
    """
    what = action(person)
    events = policy.requests.events
    asks = ASKS[what]
    if events is not None and asks is not None and asks not in events:
        yield f"quy chế không cho phép đề nghị «{NAMES[what]}»"
    if what is Action.CREATE:
        if not (person.unit_id or person.unit_name):
            yield "thiếu đơn vị công tác"
    elif not person.address:
        yield f"đề nghị «{NAMES[what]}» phải ghi địa chỉ thư điện tử công vụ"
    elif account is None or account.is_unit:
        yield f"không có hộp thư cá nhân nào có địa chỉ {person.address}"
    elif account.unit_id not in {unit.unit_id for unit in allowed or () if unit.domain == account.domain}:
        yield f"hộp thư {person.address} không thuộc cơ quan đề nghị"
    elif key(account.name) != key(person.full_name):
        yield f"hộp thư {person.address} không phải của {person.full_name}"


def row(person: Person, account: Account | None) -> Row:
    """A row as it is kept: of an account that is acted on with the unit that it was judged by."""
    kept = Row(
        person.place.row,
        action(person),
        person.full_name,
        account.address if account else "",
        person.unit_id,
        person.document,
        person.request,
    )
    if account and not (kept.by_registry and kept.unit_id):
        return replace(kept, unit_id=account.unit_id)
    return kept
