"""Runs a story night by night, as `congvu sync plan` and `congvu sync run` would."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from congvu.directory.model import Entry, State, dn_key
from congvu.directory.operations import DomainPlan, Modify, Operation
from congvu.errors import CongvuError
from congvu.sync.job import Order, Outcome, Status
from congvu.sync.matching import PREFIX
from congvu.sync.run import carry_out, preview
from congvu.sync.settings import Settings
from tests.sync.cases import Case, Night, Step
from tests.sync.world import DOMAIN, World

LEDGER = frozenset({"congvuIssuedFor", "congvuIssued", "congvuSearch"})
"""Attributes that a case need not name: what an address was made from and when, what it is searched by."""


@dataclass(frozen=True, slots=True)
class Run:
    """How a run ended, whether it was refused by an error or not."""

    status: int
    plans: tuple[DomainPlan, ...] = ()
    brakes: tuple[str, ...] = ()
    words: str = ""
    """All it said."""
    written: tuple[Operation, ...] = ()

    @classmethod
    def of(cls, outcome: Outcome) -> Run:
        """What a person is told."""
        lines = [
            *outcome.findings,
            *outcome.failures,
            *map(str, outcome.doubts),
            *(f"{brake.domain}: {brake}" for brake in outcome.brakes),
        ]
        lines += [line for plan in outcome.plans for line in (*plan.findings, *plan.problems)]
        codes = tuple(sorted({one.code for one in outcome.brakes}))
        return cls(outcome.status, outcome.plans, codes, "\n".join(lines), outcome.done)

    @property
    def operations(self) -> tuple[Operation, ...]:
        """Of all mail domains."""
        return tuple(operation for plan in self.plans for operation in plan.operations)


def order(settings: Settings, today: date, wishes: Mapping[str, Any]) -> Order:
    """The order of a night; ``wishes`` are those of a case."""
    sets = {name: frozenset(wishes.get(name, ())) for name in ("allow", "domains", "units")}
    return Order(
        settings, today, "test", reason=wishes.get("reason", ""), verify=wishes.get("verify", False), **sets
    )


def attempt(act: Any, job: Order) -> Run:
    """A run, or the error that ended it."""
    try:
        return Run.of(act(job))
    except CongvuError as error:
        return Run(error.exit_code, words=str(error))


class Story:
    """A case that is being told."""

    def __init__(self, case: Case, world: World) -> None:
        self._case, self._world = case, world
        self._tree = world.tree()
        self._owners: dict[str, str] = {}
        """Whose an address is, for ever: DNs."""

    def tell(self) -> None:
        """All nights; the first difference is an ``AssertionError``."""
        for number, night in enumerate(self._case.nights):
            before_it = number == 0 and not self._case.empty
            try:
                self._night(night, untold=before_it)
            except AssertionError as fault:
                name = "the night before" if before_it else f"night {number + self._case.empty}"
                raise AssertionError(f"{self._case.name}: {name} ({night.today}): {fault}") from None

    def _night(self, night: Night, *, untold: bool) -> None:
        settings = self._world.write(night.changes)
        if night.anew:
            self._world.build_anew()
        self._world.damage(night.damage)
        for hand in night.by_hand:
            self._world.by_hand(hand)
        for answer in night.decide:
            self._world.decide(settings, night.today, answer)
        job = order(settings, night.today, night.order)
        planned = attempt(preview, job)
        before = self._world.tree()
        touched = night.by_hand or night.anew
        assert touched or before == self._tree, "the plan, or the second run of the night before, has written"
        self._forget(set(self._tree) - set(before))
        done = attempt(carry_out, job)
        told = (
            f"\n--- it said (status {done.status}):\n{done.words}\n--- it did:\n{_listing(done.operations)}"
        )
        assert done.status == night.status, f"status {done.status}, expected {night.status}{told}"
        assert list(done.brakes) == sorted(night.brakes), f"brakes {done.brakes}, not {night.brakes}{told}"
        for words in night.words:
            assert unicodedata.normalize("NFC", words) in done.words, f"nobody said {words!r}{told}"
        refused = done.status in (Status.REFUSED, Status.FAILED)
        self._agree(planned, done, told)
        self._tree = self._world.tree()
        if refused:
            assert self._tree == before, f"refused, and written{told}"
        elif not untold:
            self._expect(night.operations, done.operations, told)
        for line in self._faults():
            raise AssertionError(f"{line}{told}")
        self._after(night, told)
        again = attempt(carry_out, order(settings, night.today, {**night.order, "verify": True}))
        if not refused:
            self._expect(night.again, again.operations, f" in the second run{told}")
        elif not again.operations or again.status != done.status:
            assert again.status == done.status, f"refused with {done.status}, then {again.status}{told}"

    def _agree(self, planned: Run, done: Run, told: str) -> None:
        """The plan says what is done."""
        some = tuple(map(_key, planned.operations))
        assert some == tuple(map(_key, done.operations)), f"planned was\n{_listing(planned.operations)}{told}"
        refused = done.status in (Status.REFUSED, Status.FAILED)
        left = {*map(_key, done.operations)} ^ {*map(_key, done.written)}
        assert refused or not left, f"planned and written differ{told}"
        assert planned.brakes == done.brakes, f"planned brakes {planned.brakes}{told}"
        pending = Status.PENDING if done.operations else done.status
        expected = done.status if refused else pending
        assert planned.status == expected, f"the plan's status is {planned.status}, not {expected}{told}"

    def _expect(self, steps: Sequence[Step], operations: Sequence[Operation], told: str) -> None:
        left = {dn_key(operation.dn): operation for operation in operations}
        assert len(left) == len(operations), f"an entry is written twice{told}"
        for step in steps:
            operation = left.pop(self._dn(step.who, operations), None)
            assert operation, f"nothing is done with {step.who}{told}"
            event = operation.reason.event
            assert event == step.event, f"{step.who}: {event}, expected {step.event}{told}"
            for line in _differences(operation, step):
                raise AssertionError(f"{step.who}: {line}{told}")
        assert not left, f"not expected: {_listing(left.values())}{told}"

    def _dn(self, who: str, operations: Sequence[Operation]) -> str:
        """The `dn_key` of an entry; ``~`` and a name stands for somebody whose id nobody can foresee."""
        if not who.startswith("~"):
            return dn_key(self._world.dn(who))
        return next(
            (
                dn_key(one.dn)
                for one in operations
                if one.entry.value("uid").startswith(PREFIX) and f"~{one.entry.value('cn')}" == who
            ),
            "",
        )

    def _after(self, night: Night, told: str) -> None:
        for who, attributes in night.after.items():
            entry = self._tree.get(dn_key(self._world.dn(who)))
            if not attributes:
                assert entry is None, f"{who} has an entry{told}"
                continue
            assert entry is not None, f"{who} has no entry{told}"
            for name, wanted in attributes.items():
                held = set(entry.values(name))
                assert held == set(wanted), f"{who}: {name} is {sorted(held)}, not {sorted(wanted)}{told}"

    def _forget(self, gone: set[str]) -> None:
        """What a hand took away holds nothing any more."""
        self._owners = {address: dn for address, dn in self._owners.items() if dn not in gone}

    def _faults(self) -> Iterator[str]:
        """What must hold in every directory, whatever the case."""
        yield from faults(self._tree, self._world.server.settings.base)
        for dn, entry in self._tree.items():
            for address in (*entry.addresses, *map(str.lower, entry.values("congvuFormerAddress"))):
                owner = self._owners.setdefault(address, dn)
                if owner != dn and entry.managed:
                    yield f"{address} was {owner}'s, and now is {dn}'s"
        missing = {dn for dn in self._owners.values() if dn not in self._tree}
        yield from (f"{dn} is gone, with its addresses" for dn in sorted(missing))


def faults(tree: Mapping[str, Entry], base: str) -> Iterator[str]:
    """What contradicts the layout of the directory: unique addresses, parents, references, states."""
    holders: dict[str, str] = {}
    for dn, entry in tree.items():
        if dn != dn_key(base) and "\\" not in dn and dn.partition(",")[2] not in tree:
            yield f"{dn} has no parent"
        for address in entry.addresses:
            if holders.setdefault(address, dn) != dn:
                yield f"{address} is held by {holders[address]} and {dn}"
        if entry.managed:
            yield from (f"{dn}: {fault}" for fault in _account_faults(entry, tree))


def _account_faults(entry: Entry, tree: Mapping[str, Entry]) -> Iterator[str]:
    if not entry.value("mail") or entry.value("mail") not in entry.values("mailLocalAddress"):
        yield "the primary address is not among mailLocalAddress"
    for name in ("congvuParent", "congvuHead", "congvuSuccessor", "congvuDelegate"):
        yield from (f"{name} leads to {to}" for to in entry.values(name) if dn_key(to) not in tree)
    for name, values in entry.attributes.items():
        if any(value != unicodedata.normalize("NFC", value).strip() for value in values):
            yield f"{name} is {values}: not NFC, or with blanks around"
    if entry.values("congvuEnded"):
        if entry.state in (State.INITIAL, State.ACTIVE):
            yield f"is {entry.state}, and has ended"
        if entry.values("userPassword"):
            yield "has ended, and has a password"


def _differences(operation: Operation, step: Step) -> Iterator[str]:
    if isinstance(operation, Modify):
        changes = {change.attribute: set(change.after) for change in operation.changes}
        expected = set(step.values) | (LEDGER & set(changes))
        if "userPassword" in expected:  # ppolicy's note of it follows
            expected.add("pwdReset")
            if changes.get("pwdReset") != {"FALSE"}:
                yield f"pwdReset becomes {changes.get('pwdReset')}, the password goes"
        if set(changes) != expected:
            yield f"changes {sorted(changes)}, expected {sorted(step.values)}"
    else:
        changes = {name: set(values) for name, values in operation.entry.attributes.items()}
    for name, values in step.values.items():
        if changes.get(name, set()) != set(values):
            yield f"{name} becomes {sorted(changes.get(name, ()))}, expected {sorted(values)}"


def _key(operation: Operation) -> tuple[object, ...]:
    changes = operation.changes if isinstance(operation, Modify) else operation.entry.attributes
    return operation.dn, operation.reason.event, repr(changes)


def _listing(operations: Any) -> str:
    return "\n".join(f"  {_line(operation)}" for operation in operations) or "  nothing"


def _line(operation: Operation) -> str:
    who = operation.dn.removesuffix(f",{_TOP}")
    if isinstance(operation, Modify):
        shown = {change.attribute: list(change.after) for change in operation.changes}
    else:
        shown = {name: list(operation.entry.values(name)) for name in ("mail", "cn")}
    return f"[{operation.reason.event}, {who}, {shown}]  {operation.reason.text}"


_TOP = ",".join(f"dc={label}" for label in DOMAIN.split("."))
