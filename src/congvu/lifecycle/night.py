"""A night's run: what the clocks of all accounts ask for, and the brake on it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from congvu.directory.inspect import Reader
from congvu.directory.model import MANAGED_CLASS, State
from congvu.directory.operations import Act, Modify
from congvu.directory.states import ended
from congvu.errors import InputError
from congvu.lifecycle import delegation
from congvu.lifecycle.account import ATTRIBUTES, NOT_KEPT, Account
from congvu.lifecycle.acts import act, clause_of
from congvu.lifecycle.timers import due, ends_mail, kept_long_enough
from congvu.policy.effective import Effective, effective
from congvu.policy.model import Policy
from congvu.policy.source import NO_SOURCES, Source, clause

WITH_CLOCKS = (
    f"(&(objectClass={MANAGED_CLASS})(objectClass=inetOrgPerson)"
    f"(|(congvuState={State.INITIAL})(congvuState={State.ACTIVE})(congvuState={State.LOCKED})))"
)
WITH_A_HOLD = (
    f"(&(objectClass={MANAGED_CLASS})(|(congvuState={State.REVOKED})"
    f"(&(congvuEnded=*)(|(congvuState={State.LOCKED})(congvuState={State.SUSPENDED})))))"
)
WITH_WHAT_GOES = tuple(dict.fromkeys((*ATTRIBUTES, *NOT_KEPT)))
WITH_DELEGATES = f"(&(objectClass={MANAGED_CLASS})({delegation.RECORD}=*))"
_ENDS = frozenset({Act.EXPIRED, Act.INACTIVE, Act.LAPSED, Act.PURGED})


@dataclass(frozen=True, slots=True)
class Night:
    """What a run has found."""

    operations: Sequence[Modify]
    in_use: Mapping[str, int]
    """Accounts with a clock, by mail domain."""

    def only(self, addresses: Iterable[str]) -> Night:
        """What of it concerns the accounts with these primary addresses."""
        wanted = {address.lower() for address in addresses}
        kept = [one for one in self.operations if one.label.lower() in wanted]
        return Night(kept, self.in_use)

    def keeping_mail(self) -> Night:
        """What of it ends no mail."""
        kept = [one for one in self.operations if one.reason.event is not Act.PURGED]
        return Night(kept, self.in_use)

    def braked(self, policies: Mapping[str, Policy]) -> tuple[Night, tuple[InputError, ...]]:
        """What may be done, and for each mail domain past its brake, why nobody's account ends there.

        The brake is the sync's (policy ``sync.leavers``): a clock that is wrong, or logins that nobody has
        recorded, must not empty a province. Warnings, delegations and other domains go on.
        """
        ending = Counter(one.domain for one in self.operations if one.reason.event in _ENDS)
        past = {
            domain: count
            for domain, count in sorted(ending.items())
            if effective(policies[domain]).sync_leavers.passed(count, self.in_use[domain])
        }
        kept = [one for one in self.operations if one.domain not in past or one.reason.event not in _ENDS]
        return Night(kept, self.in_use), tuple(
            InputError(
                f"{count} of {self.in_use[domain]} accounts would end; none has",
                where=domain,
                hint="look at 'congvu lifecycle plan'; if it is right: run --allow leavers --reason TEXT",
            )
            for domain, count in past.items()
        )


def look(
    directory: Reader,
    base: str,
    policies: Mapping[str, Policy],
    today: date,
    sources: Mapping[str, Mapping[str, Source]] | None = None,
) -> Night:
    """What is due today for the accounts of these mail domains; only what is due is held in memory.

    `policies`, and the `sources` of their values, by mail domain. Raises `DirectoryFailure`.
    """
    in_use: Counter[str] = Counter()
    operations = list(_operations(directory, base, policies, today, sources or {}, in_use=in_use))
    return Night(operations, in_use)


def _operations(
    directory: Reader,
    base: str,
    policies: Mapping[str, Policy],
    today: date,
    sources: Mapping[str, Mapping[str, Source]],
    *,
    in_use: Counter[str],
) -> Iterator[Modify]:
    rules = {domain: effective(policy) for domain, policy in policies.items()}
    for entry in directory.search(base, WITH_DELEGATES, ATTRIBUTES):
        unit = Account(entry)
        if unit.domain in policies and (operation := delegation.due(unit, today, _gone(directory, unit))):
            yield operation
    for entry in directory.search(base, WITH_CLOCKS, ATTRIBUTES):
        account = Account(entry)
        domain = account.domain
        if domain not in policies:
            continue
        in_use[domain] += 1
        found = due(account, policies[domain], rules[domain], today)
        if found is None:
            continue
        yield act(
            account,
            found.act,
            policies[domain],
            today,
            why=found.why,
            until=found.until,
            clause=clause(sources.get(domain, NO_SOURCES), clause_of(found.act)),
        )
    yield from _purges(directory, base, policies, rules, today, sources=sources)


def _purges(
    directory: Reader,
    base: str,
    policies: Mapping[str, Policy],
    rules: Mapping[str, Effective],
    today: date,
    *,
    sources: Mapping[str, Mapping[str, Source]],
) -> Iterator[Modify]:
    """The ends of mail that was kept long enough. Tombstones are read only where a policy ends any.

    Whoever has another clock due today comes tomorrow: mail may have to wait for somebody, a lock must not.
    """
    ending = {domain: policy for domain, policy in policies.items() if ends_mail(policy)}
    for entry in directory.search(base, WITH_A_HOLD, WITH_WHAT_GOES) if ending else ():
        account = Account(entry)
        policy = ending.get(account.domain)
        found = kept_long_enough(account, policy, today) if policy else None
        if policy is None or found is None or due(account, policy, rules[account.domain], today):
            continue
        section = "leaving" if account.is_person else "dissolution"
        cited = clause(sources.get(account.domain, NO_SOURCES), f"{section}.hold", f"{section}.then")
        yield act(account, found.act, policy, today, why=found.why, clause=cited)


def _gone(directory: Reader, unit: Account) -> set[str]:
    """DNs of the delegates of `unit` who have left since."""
    named = {one.dn for one in delegation.delegations(unit.entry)}
    return {
        dn
        for dn in named
        if not any(
            not entry.state.gone and not ended(entry)
            for entry in directory.search(dn, f"(objectClass={MANAGED_CLASS})", ATTRIBUTES)
        )
    }
