"""Where acts are carried out: under the sync's lock, in its audit log, by its writer.

So a registry's run and an act by hand never write at once, and one log tells an account's whole story.
"""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from congvu.directory.apply import Applied, Applier
from congvu.directory.connection import Directory
from congvu.directory.model import Layout, Snapshot
from congvu.directory.operations import Operation
from congvu.directory.password import find
from congvu.lifecycle.account import ATTRIBUTES, Account
from congvu.sync.audit import AuditLog, Beginning
from congvu.sync.job import Status
from congvu.sync.lock import only_one
from congvu.sync.settings import Settings

WAIT = 30.0
"""Seconds that an act waits for a run of the sync, or for another act."""


@dataclass(frozen=True, slots=True)
class Desk:
    """Who acts, and on which directory."""

    settings: Settings
    author: str
    reason: str = ""
    """Why a brake is overridden."""
    wait: float = WAIT

    def account(self, address: str) -> Account:
        """The account that holds `address`. Raises `InputError` when there is none, `DirectoryFailure`."""
        with self._directory() as directory:
            return Account(find(directory, self.settings.directory.base, address.strip(), ATTRIBUTES))

    def units_above(self, account: Account) -> Sequence[str]:
        """DNs of an account's unit, of a unit itself, and of all units above. Raises `DirectoryFailure`."""
        dn = Layout(self.settings.directory.base, account.domain).unit(account.entry.unit_id)
        found: list[str] = []
        with self._directory() as directory:
            while dn and dn not in found and (entry := directory.get(dn, ("congvuParent",))):
                found.append(entry.dn)
                dn = entry.value("congvuParent")
        return found

    def at(self, dn: str) -> Account | None:
        """The account with this DN. Raises `DirectoryFailure`."""
        with self._directory() as directory:
            entry = directory.get(dn, ATTRIBUTES) if dn else None
        return Account(entry) if entry else None

    def carry_out_one(self, operation: Operation | None) -> bool:
        """Do one operation; returns whether there was any. Raises as `carry_out`, and when it is refused."""
        if operation is None:
            return False
        for _, failure in self.carry_out([operation]).failures:
            raise failure
        return True

    def carry_out(self, operations: Sequence[Operation]) -> Applied:
        """Do `operations`; each is in the audit log before it is sent, and with its outcome after.

        What an earlier run left without an answer is looked up first. Raises `SystemFailure` when another
        run does not end in time or the log cannot be written, `GaveUp` when the directory stays away.
        """
        with only_one(self.settings.state, self.author, wait=self.wait):
            return self._carry_out(operations)

    def _carry_out(self, operations: Sequence[Operation]) -> Applied:
        run_id = f"{datetime.now(UTC):%Y%m%dT%H%M%SZ}-{secrets.token_hex(2)}"
        with AuditLog(self.settings.audit_folder, run_id, self.author, self.reason) as audit:
            with self._directory() as directory:
                beginning = Beginning(
                    input_digest="",
                    provider=directory.provider,
                    base_uuid=directory.base_uuid(),
                    operations=len(operations),
                )
                open_ = {record["dn"]: tuple(record["after"]) for record in audit.unsettled.values()}
                there = [entry for dn, names in open_.items() if (entry := directory.get(dn, names))]
                audit.begin(beginning, Snapshot.of(self.settings.directory.base, there))
            status = Status.FAILED
            done: Sequence[Operation] = ()
            try:
                applied = Applier(self._directory, audit).carry_out(operations)
                done = applied.written
                status = Status.PENDING if applied.failures else Status.FINE
            finally:
                audit.end(status, {"done": len(done)})
            return applied

    def _directory(self) -> Directory:
        return Directory.as_service(self.settings.directory)
