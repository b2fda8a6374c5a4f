"""Every clause of the regulations has its test, its reason or its issue (tests/conformance/*.yml)."""

from __future__ import annotations

import doctest
import re
from collections import Counter
from collections.abc import Mapping
from functools import cache
from pathlib import Path

import pytest

from tests.conformance import model
from tests.conformance.__main__ import main
from tests.conformance.model import Clause, Conformance, ConformanceError, State
from tests.unit.helpers import ROOT

MATRIX = ROOT.parent / "shared/regulations/requirements.md"
"""The requirements matrix lies beside a developer's checkout, not in it."""
VALUES_ONLY = "tests/unit/test_policy_shipped.py::test_a_clause_has_its_value["
"""Such a test shows that the policy says it, not that anything follows."""
DOMAINS = sorted(path.stem for path in model.FOLDER.glob("*.yml"))


@cache
def files() -> Mapping[str, Conformance]:
    """Read within a test: a file that cannot be read fails these and stops no others."""
    return model.load_all()


def clauses() -> list[tuple[str, Clause]]:
    return [item for file in files().values() for item in file.clauses.items()]


class Collector:
    """Keeps what a nested pytest collects."""

    def __init__(self) -> None:
        self.found: set[str] = set()

    def pytest_collection_finish(self, session: pytest.Session) -> None:
        # A letter beyond ASCII is escaped in an id, and escaped again by a run within a worker of xdist.
        self.found = {re.sub(r"\\+", r"\\", item.nodeid) for item in session.items}


@pytest.fixture(scope="module")
def collected() -> frozenset[str]:
    """What pytest finds in the files that are named, with and without parameters; no lab is needed.

    In this process: most of the modules are imported already, a second one would import them again.
    """
    named = {test.partition("::")[0] for _, clause in clauses() for test in clause.tests}
    there = [str(ROOT / file) for file in sorted(named) if (ROOT / file).is_file()]
    collector = Collector()
    options = ["--collect-only", "-qqq", "--capture=no", "-p", "no:cacheprovider", f"--rootdir={ROOT}"]
    with pytest.MonkeyPatch.context() as environment:
        environment.delenv("PYTEST_ADDOPTS", raising=False)  # the outer run's report is not ours to write
        assert pytest.main([*options, *there], plugins=[collector]) == pytest.ExitCode.OK
    return frozenset({*collector.found, *(found.partition("[")[0] for found in collector.found)})


def test_a_file_is_named_for_a_policy_that_ships_with_this_regulation() -> None:
    assert Counter(file.regulation for file in files().values()) == Counter(["LD", "HT", "QT", "DL", "BT"])
    for domain, file in files().items():
        text = (ROOT / f"inventory/policy/{domain}.yml").read_text(encoding="utf-8")
        assert f"\n  id: {file.regulation}\n" in text


def test_every_clause_stands_in_one_file() -> None:
    named, wanted = Counter(name for name, _ in clauses()), Counter(model.kinds().keys())
    assert (sorted(wanted - named), sorted(named - wanted)) == ([], [])


@pytest.mark.skipif(not MATRIX.is_file(), reason="the requirements matrix is not beside this checkout")
def test_our_list_of_clauses_is_that_of_the_requirements() -> None:
    rows = model.read_matrix(MATRIX.read_text(encoding="utf-8"))
    assert len(rows) == len(dict(rows))
    assert dict(rows) == dict(model.kinds())


@pytest.mark.parametrize("domain", DOMAINS)
def test_every_test_that_is_named_exists(domain: str, collected: frozenset[str]) -> None:
    named = {test for clause in files()[domain].clauses.values() for test in clause.tests}
    assert sorted(named - collected) == []


def test_a_value_in_a_policy_proves_no_more_than_itself() -> None:
    """Only a clause that configures and asks for nothing else (``info``) is honoured by a value."""
    weak = [
        name
        for name, clause in clauses()
        if clause.state is State.PROVED
        and all(test.startswith(VALUES_ONLY) for test in clause.tests)
        and model.kinds()[name] != "info"
    ]
    assert weak == []


def test_what_the_requirements_leave_to_people_is_left_to_them() -> None:
    """Rows of the kind ``none`` and ``training``; of others a file may say so, too, with its reason."""
    left = {name for name, clause in clauses() if clause.state is State.PEOPLE_ONLY}
    assert {name for name, kind in model.kinds().items() if {*kind.split("/")} & {"none", "training"}} <= left


def test_compact_rows_are_expanded_as_the_docstring_says() -> None:
    found = doctest.testmod(model)
    assert (found.attempted, found.failed) == (1, 0)


@pytest.mark.parametrize(
    ("entry", "line", "message"),
    [
        ("people_only: ''", 5, "must not be empty"),
        ("people_only:", 5, "has no value"),
        ("people_only: x\n    tests: [a::b]", 5, "people_only stands alone"),
        ("tests: []", 5, "says nothing"),
        ("tests: [a::b, a::b]", 5, "one is named twice"),
        ("later: 6", 5, "later and what belong together"),
        ("what: x\n    tests: [a::b]", 5, "later and what belong together"),
        ("later: 3\n    what: x", 5, "'3' is not an open issue"),
        ("later: soon\n    what: x", 5, "'soon' is not an open issue"),
        ("test: [a::b]", 5, "unknown key (did you mean 'tests'?)"),
        ("people_only: x\n  LD-1: {people_only: y}", 6, "stands twice"),
        ("people_only: x\n  HT-1: {people_only: y}", 1, "HT-1 is not of LD"),
    ],
)
def test_a_wrong_file_is_refused_with_its_line(entry: str, line: int, message: str, tmp_path: Path) -> None:
    path = tmp_path / "x.yml"
    path.write_text(f"version: 1\nregulation: LD\nclauses:\n  LD-1:\n    {entry}\n", encoding="utf-8")
    with pytest.raises(ConformanceError) as caught:
        model.load(path)
    assert message in str(caught.value)
    assert caught.value.where == f"{path}:{line}"


@pytest.mark.parametrize(
    ("clause", "state"),
    [
        (Clause(tests=("a::b",)), State.PROVED),
        (Clause(tests=("a::b",), later=model.Later(6), what="x"), State.PARTLY),
        (Clause(later=model.Later(None), what="x"), State.LATER),
        (Clause(people_only="x"), State.PEOPLE_ONLY),
    ],
    ids=str,
)
def test_the_state_of_a_clause_follows_from_its_entry(clause: Clause, state: State) -> None:
    assert clause.state is state


def test_the_overview_counts_every_clause_and_tells_what_waits(capsys: pytest.CaptureFixture[str]) -> None:
    main()
    heading, *rows = capsys.readouterr().out.splitlines()
    assert heading.split("  ")[-1].strip() == "people only"
    counts = [list(map(int, row.split()[1:])) for row in rows]
    assert [sum(states) for _, *states in counts] == [total for total, *_ in counts]
    assert sum(total for total, *_ in counts) == len(clauses())
    main("6")
    told = capsys.readouterr().out.splitlines()
    waiting = [name for name, clause in clauses() if clause.later == model.Later(6)]
    assert [line.partition(": ")[0] for line in told] == waiting
