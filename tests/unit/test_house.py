"""The house of DESIGN.md, held: imports point one way, the core is pure, servers need only Debian."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

SOURCE = Path(__file__).parents[2] / "src"
# Lower may not call higher. Modules that are not here (errors, files, printable, strictyaml, charset) are the
# ground: they call nothing above them.
FLOORS = {
    "policy": 1,
    "naming": 2,
    "registry": 3,
    "directory": 4,
    "dns": 5,
    "sync": 5,
    "reports": 5,
    "fleet": 5,
    "mail": 6,
    "lifecycle": 7,
    "requests": 8,
    "cli": 9,
}
PURE = (
    "congvu.dns.compare",
    "congvu.dns.model",
    "congvu.dns.names",
    "congvu.dns.records",
    "congvu.dns.show",
    "congvu.dns.spf",
    "congvu.dns.sts",
    "congvu.policy.law",
    "congvu.charset.cells",
    "congvu.charset.codec",
    "congvu.charset.common",
    "congvu.charset.detect",
    "congvu.charset.export",
    "congvu.charset.reading",
    "congvu.charset.syllable",
    "congvu.charset.tables",
    "congvu.charset.viqr",
    "congvu.charset.vni",
    "congvu.lifecycle.account",
    "congvu.lifecycle.acts",
    "congvu.lifecycle.handover",
    "congvu.lifecycle.minutes",
    "congvu.lifecycle.timers",
    "congvu.lifecycle.transitions",
    "congvu.naming.allocation",
    "congvu.naming.allocation.cases",
    "congvu.naming.allocation.ladder",
    "congvu.naming.allocation.people",
    "congvu.naming.allocation.result",
    "congvu.naming.allocation.units",
    "congvu.naming.allocation.work",
    "congvu.naming.ledger",
    "congvu.naming.explain",
    "congvu.naming.names",
    "congvu.naming.preview",
    "congvu.naming.proposals",
    "congvu.directory.handed",
    "congvu.directory.ledger",
    "congvu.directory.scope",
    "congvu.sync.accounts",
    "congvu.sync.amended",
    "congvu.sync.amending",
    "congvu.sync.everybody",
    "congvu.sync.identity",
    "congvu.sync.layers",
    "congvu.sync.likeness",
    "congvu.sync.matching",
    "congvu.naming.letters",
    "congvu.naming.namespace",
    "congvu.naming.template",
    "congvu.naming.units",
    "congvu.directory.ber",
    "congvu.directory.diff",
    "congvu.directory.dn",
    "congvu.directory.entries",
    "congvu.directory.repetition",
    "congvu.directory.wanted",
    "congvu.directory.wanted.work",
    "congvu.directory.wanted.values",
    "congvu.directory.wanted.units",
    "congvu.directory.wanted.structure",
    "congvu.directory.wanted.people",
    "congvu.directory.wanted.model",
    "congvu.directory.wanted.heads",
    "congvu.directory.wanted.leaving",
    "congvu.directory.wanted.events",
    "congvu.directory.wanted.compare",
    "congvu.directory.model",
    "congvu.requests.answers",
    "congvu.requests.checks",
    "congvu.requests.model",
    "congvu.requests.submitted",
    "congvu.sync.census",
    "congvu.sync.guard",
    "congvu.sync.hands",
    "congvu.printable",
    "congvu.mail.messageid",
    "congvu.mail.notices",
    "congvu.sync.auditrecord",
    "congvu.sync.auditshow",
    "congvu.sync.ldif",
    "congvu.sync.sheet",
    "congvu.directory.states",
    "congvu.directory.operations",
    "congvu.directory.plans",
)
IMPURE_MODULES = {
    "os",
    "pathlib",
    "io",
    "socket",
    "ssl",
    "subprocess",
    "time",
    "random",
    "secrets",
    "ldap3",
    "logging",
}
IMPURE_CALLS = {
    "open",
    "print",
    "input",
    "today",
    "now",
    "utcnow",
    "read_text",
    "read_bytes",
    "write_text",
    "getenv",
}
RUNTIME = {"click", "rich", "jinja2", "yaml", "ldap3", "openpyxl", "reportlab", "sqlalchemy"}
"""Third-party modules a server has from Debian 13's main: python3-click, -rich, -jinja2, -yaml, …"""
DEVELOPMENT_ONLY = (
    "congvu.fleet",
    "congvu.dns.certificates",
    "congvu.dns.published",
    "congvu.cli.dns",
    "congvu.cli.host",
    "congvu.cli.lab",
    "congvu.cli.stack",
)
"""What runs on the machine that deploys, never on a server."""


@dataclass(frozen=True, slots=True)
class Import:
    module: str
    target: str
    line: int


def _name(path: Path) -> str:
    parts = path.relative_to(SOURCE).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


MODULES = {_name(path): path for path in sorted(SOURCE.rglob("*.py"))}


def _imports(module: str) -> Iterator[Import]:
    for node in ast.walk(ast.parse(MODULES[module].read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield Import(module, alias.name, node.lineno)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{module}:{node.lineno}: relative imports hide where they point"
            for alias in node.names:
                full = f"{node.module}.{alias.name}"
                yield Import(module, full if full in MODULES else str(node.module), node.lineno)


def _floor(module: str) -> int:
    parts = module.split(".")
    return FLOORS.get(parts[1], 0) if len(parts) > 1 else 0


ALL_IMPORTS = [found for module in MODULES for found in _imports(module)]


def test_the_walk_finds_the_package() -> None:
    assert {
        "congvu.policy",
        "congvu.naming.letters",
        "congvu.directory.connection",
        "congvu.cli.sync",
    } <= set(MODULES)
    assert len(ALL_IMPORTS) > 100


@pytest.mark.parametrize(
    "package", sorted({module.split(".")[1] for module in MODULES if module.count(".") >= 1})
)
def test_every_part_has_its_floor(package: str) -> None:
    ground = {
        "errors",
        "strictyaml",
        "charset",
        "files",
        "ondemand",
        "paper",
        "printable",
        "sealed",
        "vietnam",
    }
    assert package in FLOORS or package in ground


def test_imports_point_one_way() -> None:
    wrong = [
        found
        for found in ALL_IMPORTS
        if found.target.startswith("congvu.")
        and found.target.split(".")[1] != found.module.split(".")[1 if "." in found.module else 0]
        and _floor(found.target) >= max(_floor(found.module), 1)
    ]
    assert wrong == []


def test_only_the_connection_speaks_ldap() -> None:
    users = {found.module for found in ALL_IMPORTS if found.target.split(".")[0] == "ldap3"}
    assert users == {"congvu.directory.connection"}


def test_the_fleet_knows_no_directory() -> None:
    wrong = [
        found
        for found in ALL_IMPORTS
        if found.module.startswith("congvu.fleet") and found.target.startswith(("congvu.directory", "ldap3"))
    ]
    assert wrong == []


@pytest.mark.parametrize("module", PURE)
def test_the_core_does_no_io_and_reads_no_clock(module: str) -> None:
    assert {found.target.split(".")[0] for found in _imports(module)} & IMPURE_MODULES == set()
    assert not any(found.target.startswith("congvu.directory.connection") for found in _imports(module))
    calls = {
        node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
        for node in ast.walk(ast.parse(MODULES[module].read_text(encoding="utf-8")))
        if isinstance(node, ast.Call)
    }
    assert calls & IMPURE_CALLS == set()


def test_servers_need_nothing_but_debian_packages() -> None:
    foreign = {
        (found.module, found.target)
        for found in ALL_IMPORTS
        if not found.module.startswith(DEVELOPMENT_ONLY)
        and found.target.split(".")[0] not in {*RUNTIME, *sys.stdlib_module_names, "congvu"}
    }
    assert foreign == set()


def test_a_quick_run_needs_no_templates_charsets_and_workbooks() -> None:
    """A run that finds nothing moved would spend most of its time on importing them."""
    program = "import sys, congvu.cli.sync; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    heavy = {
        "openpyxl",
        "reportlab",
        "jinja2",
        "sqlalchemy",
        "rich",
        "congvu.charset.tables",
        "congvu.policy.model",
    }
    assert heavy.isdisjoint(done.stdout.split())
