"""What a command needs of the mail server it runs on: its directory, its mail domains' policies, its name."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from congvu import policy as policies
from congvu.directory.connection import Directory
from congvu.mail.accounts import Account, Accounts
from congvu.mail.tools import run
from congvu.policy.model.lifecycle import Recipient
from congvu.sync.settings import Settings

if TYPE_CHECKING:
    from congvu.policy.model.policy import Policy


@dataclass(frozen=True, slots=True)
class Site:
    """The server, with the directory open."""

    settings: Settings
    accounts: Accounts
    host: str
    """Its name, as Postfix greets with it."""
    _policies: dict[str, Policy] = field(default_factory=dict)

    def policy(self, domain: str) -> Policy | None:
        """The policy of a mail domain of ours; None of another's. Raises `PolicyError`."""
        if domain not in self.settings.domains:
            return None
        if domain not in self._policies:
            self._policies[domain] = policies.load(self.settings.domains[domain].policy)
        return self._policies[domain]

    def operator(self, domain: str) -> str:
        """Who runs the system for a mail domain, as its policy names it; may be empty."""
        policy = self.policy(domain)
        return policy.operator.name if policy and policy.operator else ""

    def answers_for(self, addresses: Iterable[str]) -> tuple[Account, ...]:
        """Of the accounts that hold these addresses the units that answer for them, each once.

        Where there is no such unit, the account itself, if it has a mailbox. Raises `DirectoryFailure`.
        """
        found: dict[str, Account] = {}
        for address in addresses:
            account = self.accounts.holding(address)
            unit = (self.accounts.unit_of(account) or account) if account else None
            if unit and unit.delivers:
                found[unit.address] = unit
        return tuple(found.values())

    def hear_of_secrets(self, domain: str) -> tuple[str, ...]:
        """Who hears of a state secret besides the sender's unit (LD-11.6), as far as the policy says where.

        Raises `PolicyError`.
        """
        policy = self.policy(domain)
        if policy is None:
            return ()
        parties = {
            Recipient.APPROVER: policy.approver,
            Recipient.OPERATOR: policy.operator,
            Recipient.SECURITY_OFFICER: policy.security_officer,
        }
        named = [parties.get(one) for one in policy.incidents.secret_found or ()]
        return tuple(dict.fromkeys(str(party.mail) for party in named if party and party.mail))


@contextmanager
def opened(settings: Settings) -> Iterator[Site]:
    """The site of `settings`, its directory open. Raises `DirectoryFailure`, `MailFailure`."""
    host = run(["postconf", "-h", "myhostname"]).text.strip()
    with Directory.as_service(settings.directory) as directory:
        yield Site(settings, Accounts(directory, settings.directory.base, settings.domains), host)
