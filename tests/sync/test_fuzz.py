"""Mutations of the sample registry: refused or applied, never a traceback, never a half-written run."""

from __future__ import annotations

import functools
import random
import shutil
from collections import Counter
from collections.abc import Iterator, Mapping
from datetime import date
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest
import yaml

from congvu import policy as policies
from congvu.directory.connection import Directory
from congvu.directory.model import Entry, dn_key
from congvu.directory.operations import Add, Operation
from congvu.errors import InputError
from congvu.sync.job import Order, Status
from congvu.sync.memory import Domain, Memory, Seen
from congvu.sync.prepare import Ground, Prepared, prepare
from congvu.sync.run import carry_out, preview
from congvu.sync.settings import Settings, load
from tests.sample import registry as sample
from tests.slapd import Slapd
from tests.sync.conftest import memory_folder
from tests.sync.mutations import mutated
from tests.sync.story import attempt, faults, order
from tests.sync.world import World
from tests.unit.helpers import ROOT, Tree

DOMAIN = "lamdong.gov.vn"
MUTATIONS = 10_000
PARTS = 10
APPLIED = 30
"""Accepted ones that go to a real slapd; as many refused ones do."""
TODAY, NEXT = date(2026, 1, 5), date(2026, 1, 6)


class Bench:
    """The sample registry, the directory after its first run, and runs of it without a server."""

    def __init__(self, folder: Path, directory: Mapping[str, object]) -> None:
        self.folder = folder
        sample.main([str(folder / "registry"), "--domain", DOMAIN, "--staff", "24", "--units", "8"])
        self.good = {name: (folder / "registry" / name).read_bytes() for name in ("staff.csv", "units.csv")}
        policy = ROOT / "inventory" / "policy" / f"{DOMAIN}.yml"
        section = {"policy": str(policy), "registry": str(folder / "registry")}
        whole = {
            "version": 1,
            "directory": directory,
            "mail_host": f"mail.{DOMAIN}",
            "state": str(folder / "state"),
            "domains": {DOMAIN: section},
        }
        (folder / "sync.yml").write_text(yaml.safe_dump(whole), encoding="utf-8")
        self.settings: Settings = load(folder / "sync.yml")
        self.tree = Tree()
        first = self.run(self.tree, TODAY, Memory())
        for operation in first.operations:
            _carry_out(self.tree, operation)
        self.memory = Memory({DOMAIN: Domain(first.whole[0].added)}, Seen("uuid", ""))

    def put(self, files: Mapping[str, bytes]) -> None:
        """Make the registry of `files`, and of nothing else."""
        for name in self.good:
            path = self.folder / "registry" / name
            if name in files:
                path.write_bytes(files[name])
            else:
                path.unlink(missing_ok=True)

    def run(self, tree: Tree, today: date, kept: Memory) -> Prepared:
        """All that a run does before it writes."""
        unread: Any = SimpleNamespace(digest="", gathered=None)  # `prepare` reads the files itself
        ground = Ground(kept, Seen("uuid", ""), "memory", unread, quick=False)
        return prepare(Order(self.settings, today, "fuzz"), cast(Directory, tree), ground)


def _carry_out(tree: Tree, operation: Operation) -> None:
    if isinstance(operation, Add):
        tree.add(operation.entry)
    else:
        tree.replace(operation.dn, {change.attribute: change.after for change in operation.changes})


def _copy(tree: Tree) -> Tree:
    one = Tree()
    one.entries = dict(tree.entries)
    return one


@pytest.fixture(autouse=True)
def _policies_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """No mutation is of the policy: it is read once."""
    for name in ("load", "sources"):
        monkeypatch.setattr(policies, name, functools.cache(getattr(policies, name)))


@pytest.fixture
def folder() -> Iterator[Path]:
    with memory_folder() as one:
        yield one


@pytest.mark.parametrize("part", range(PARTS))
def test_ten_thousand_mutations_are_refused_or_make_a_sound_plan(part: int, folder: Path) -> None:
    bench = Bench(folder, {**_NOWHERE, "password_file": str(folder / "none")})
    outcomes: Counter[str] = Counter()
    for number in range(part, MUTATIONS, PARTS):
        bench.put(mutated(bench.good, _dice(number)))
        try:
            outcome = _sound(bench)
        except InputError:
            outcome = "refused"
        except Exception as fault:  # what must never happen, with the number that repeats it
            raise AssertionError(f"mutation {number}: {fault!r}") from fault
        outcomes[outcome] += 1
    few = MUTATIONS // PARTS // 200
    assert min(outcomes[one] for one in ("refused", "brakes", "nothing", "changes")) > few, outcomes


def _sound(bench: Bench) -> str:
    """What becomes of a registry that is not refused; a plan must be one that a directory can take."""
    prepared = bench.run(bench.tree, NEXT, bench.memory)
    if prepared.brakes:
        return "brakes"
    if not prepared.operations:
        return "nothing"
    tree = _copy(bench.tree)
    for operation in prepared.operations:
        _carry_out(tree, operation)
    assert list(faults(tree.entries, bench.settings.directory.base)) == []
    for dn, entry in bench.tree.entries.items():
        held = {*entry.addresses, *map(str.lower, entry.values("congvuFormerAddress"))}
        now = tree.entries[dn]
        assert held <= {*now.addresses, *map(str.lower, now.values("congvuFormerAddress"))}, dn
    assert bench.run(tree, NEXT, bench.memory).operations == (), "a second run would do something"
    return "changes"


def test_some_of_them_on_a_real_slapd(folder: Path, server: Slapd) -> None:
    world = World(server, folder / "world")
    bench = Bench(folder, world.directory())
    base = [entry for dn, entry in bench.tree.entries.items() if dn != dn_key(bench.settings.directory.base)]
    done = Counter[bool]()
    number = MUTATIONS
    while min(done[True], done[False]) < APPLIED:
        number += 1
        bench.put(mutated(bench.good, _dice(number)))
        try:
            accepted = bool(
                not (seen := bench.run(bench.tree, NEXT, bench.memory)).brakes and seen.operations
            )
        except InputError:
            accepted = False
        if done[accepted] == APPLIED:
            continue
        done[accepted] += 1
        server.fill(base)
        shutil.rmtree(bench.settings.state, ignore_errors=True)
        _apply(bench.settings, world, number, accepted=accepted)


def _apply(settings: Settings, world: World, number: int, *, accepted: bool) -> None:
    before: Mapping[str, Entry] = world.tree()
    job = order(settings, NEXT, {"verify": True})
    done = attempt(carry_out, job)
    told = f"mutation {number}: status {done.status}: {done.words}"
    after = world.tree()
    if not accepted:
        assert after == before, told
        return
    assert done.status in (Status.FINE, Status.PENDING), told
    assert done.written == done.operations, told
    assert list(faults(after, settings.directory.base)) == [], told
    assert attempt(preview, job).operations == (), told


def _dice(number: int) -> random.Random:
    return random.Random(number)  # noqa: S311  (mutations, not secrets)


_NOWHERE = {
    "providers": [{"uri": "ldap://192.0.2.1", "start_tls": True}],
    "bind_dn": "cn=sync,ou=services,dc=gov,dc=vn",
    "base": "dc=gov,dc=vn",
}
