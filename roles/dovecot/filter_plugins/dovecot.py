"""Values of Dovecot's settings that differ by mail domain."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

_MAILBOX = ("operator", "warn_at", "forward_out", "shared_folders", "posting_addresses")


def of_domain(domains: Mapping[str, Mapping[str, Any]], key: str) -> str:
    """`key` of the account's own domain, as an expression among the fields of `userdb ldap`."""
    return _expression({domain: str(policy[key]) for domain, policy in domains.items()})


def shares(domains: Mapping[str, Mapping[str, Any]]) -> list[dict[str, str]]:
    """The shares of the quota at which owners are told, from the highest rank down.

    For each rank the `usual` share, and the `own` one of the account's domain. A domain with fewer ranks than
    others has its lowest share more than once, which does no harm: Dovecot calls for the first one that was
    passed. One without any has 100, and who is called finds nothing to tell.
    """
    sorted_ = {
        domain: sorted({int(share) for share in policy["warn_at"]}, reverse=True) or [100]
        for domain, policy in domains.items()
    }
    ranks = [
        {domain: str(of[min(rank, len(of) - 1)]) for domain, of in sorted_.items()}
        for rank in range(max(map(len, sorted_.values()), default=0))
    ]
    return [{"usual": next(iter(rank.values())), "own": _expression(rank)} for rank in ranks]


def of_mailboxes(domains: Mapping[str, Mapping[str, Any]]) -> dict[str, dict[str, Any]]:
    """What the programs beside Dovecot read of each domain; nothing else is to touch their file."""
    return {domain: {key: policy[key] for key in _MAILBOX} for domain, policy in domains.items()}


def _expression(values: Mapping[str, str]) -> str:
    """The value where all have the same, else a chain of replacements.

    Each step replaces one domain by its value; what is a domain still, and has a dot but no slash of a web
    address, gets the first one's.
    """
    first = next(iter(values.values()))
    others = {domain: value for domain, value in values.items() if value != first}
    if not others:
        return first
    steps = ["ldap:mail | domain"]
    steps += [_step(f"^{domain.replace('.', '[.]')}$", value) for domain, value in others.items()]
    steps += [_step("^[^/]*[.][^/]*$", first)]
    return f"%{{{' | '.join(steps)}}}"


def _step(pattern: str, value: str) -> str:
    return f'regexp("{pattern}", "{value}")'


class FilterModule:
    """What Ansible loads."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        """The filters by name."""
        return {
            "dovecot_of_domain": of_domain,
            "dovecot_of_mailboxes": of_mailboxes,
            "dovecot_shares": shares,
        }
