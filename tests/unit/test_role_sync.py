"""The role `sync`: the package as it is packed and put in use, its settings as the sync reads them."""

from __future__ import annotations

import hashlib
import importlib.util
import json
import os
import subprocess
import sys
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click
import pytest
import yaml
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from congvu.cli.audit import audit
from congvu.cli.sync import sync
from congvu.errors import SettingsError
from congvu.sync import settings
from congvu.sync.settings import Identity
from tests.unit.helpers import ROOT
from tests.unit.test_docs import calls

ROLE = ROOT / "roles" / "sync"


def _lookup() -> Any:
    path = ROOT / "playbooks" / "lookup_plugins" / "congvu_package.py"
    spec = importlib.util.spec_from_file_location("congvu_package", path)
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


pack = _lookup().pack


# --- The archive


def _sources(folder: Path, version: str = "1", status: int = 0) -> Path:
    """A package with a command line that ends with `status`."""
    package = folder / "congvu"
    (package / "cli").mkdir(parents=True)
    (package / "__init__.py").write_text(f"__version__ = {version!r}\n")
    (package / "cli" / "__init__.py").write_text("")
    (package / "cli" / "__main__.py").write_text(f"import sys\nsys.exit({status})\n")
    return package


def test_the_archive_depends_on_nothing_but_the_sources(tmp_path: Path) -> None:
    first, second = _sources(tmp_path / "a"), _sources(tmp_path / "b")
    (second / "__pycache__").mkdir()
    (second / "__pycache__" / "x.pyc").write_bytes(b"compiled")
    (second / "cli" / "__init__.py~").write_text("an editor's")
    for file in second.rglob("*.py"):
        os.utime(file, (1, 1))
        file.chmod(0o600)
    assert pack(first) == pack(second)
    (second / "cli" / "__init__.py").write_text("# other\n")
    assert pack(first) != pack(second)


def test_the_archive_has_every_module_of_the_package() -> None:
    listed = subprocess.run(
        ["tar", "-t"], input=pack(ROOT / "src" / "congvu"), capture_output=True, check=True
    ).stdout.decode()
    modules = {path.relative_to(ROOT / "src").as_posix() for path in (ROOT / "src").rglob("*.py")}
    assert modules <= {*listed.split()}
    assert "congvu/py.typed" in listed


def test_the_role_installs_what_the_package_depends_on() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    packages = yaml.safe_load((ROLE / "vars" / "Debian_13.yml").read_text())["__sync_packages"]
    debian = {"pyyaml": "yaml"}
    wanted = {f"python3-{debian.get(name, name)}" for name in project["dependencies"]}
    assert {*packages} == wanted | {"python3", "openssl", "fonts-dejavu-core"}


# --- The tool that puts it in use


@dataclass(frozen=True, slots=True)
class Host:
    """A folder that stands for /usr/lib/congvu, with the role's tool."""

    home: Path

    def run(self, *words: str) -> subprocess.CompletedProcess[str]:
        tool = self.home.parent / "congvu-package"
        script = (ROLE / "files" / "congvu-package").read_text()
        tool.write_text(script.replace("home=/usr/lib/congvu", f"home={self.home}"))
        env = os.environ | {"PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"}
        command = ["sh", str(tool), *words]
        return subprocess.run(command, capture_output=True, text=True, check=False, env=env, timeout=60)

    def copy(self, version: str, status: int = 0) -> str:
        """Bring an archive, as Ansible's copy does; returns its digest."""
        content = pack(_sources(self.home.parent / f"sources-{version}", version, status))
        (self.home / "package.tar").write_bytes(content)
        return hashlib.sha256(content).hexdigest()[:16]

    def install(self, version: str) -> str:
        digest = self.copy(version)
        assert self.run("install", digest).returncode == 0
        return digest

    @property
    def used(self) -> str:
        return (self.home / "current" / "congvu" / "__init__.py").read_text()

    @property
    def copies(self) -> set[str]:
        return {path.name for path in self.home.iterdir() if path.is_dir() and not path.is_symlink()}


@pytest.fixture
def host(tmp_path: Path) -> Host:
    (tmp_path / "home").mkdir()
    (tmp_path / "home" / "check-settings").write_text("another file of the role")
    return Host(tmp_path / "home")


def test_a_package_is_used_and_a_second_run_says_nothing(host: Host) -> None:
    digest = host.copy("1")
    assert host.run("install", digest).stdout == f"{digest} is in use\n"
    assert "1" in host.used
    assert list((host.home / digest).rglob("*.pyc")), "the service could not write them"
    again = host.run("install", digest)
    assert (again.returncode, again.stdout, again.stderr) == (0, "", "")
    assert host.run("check", digest).returncode == 0


def test_the_one_before_is_kept_and_older_ones_go(host: Host) -> None:
    first, second, third = (host.install(version) for version in "123")
    assert host.copies == {second, third}
    assert first not in host.copies
    assert (host.home / "check-settings").exists()
    assert "3" in host.used


def test_a_rollback_uses_the_one_before_until_the_next_deployment(host: Host) -> None:
    first, second = host.install("1"), host.install("2")
    assert host.run("rollback").stdout == f"{first} is in use, before it {second}\n"
    assert "1" in host.used
    assert f"{first} is in use, not {second}" in host.run("check", second).stderr
    assert host.run("install", second).returncode == 0
    assert "2" in host.used
    assert host.copies == {first, second}


def test_a_rollback_can_be_taken_back(host: Host) -> None:
    first, second = host.install("1"), host.install("2")
    host.run("rollback")
    assert host.run("rollback").stdout == f"{second} is in use, before it {first}\n"


def test_without_an_earlier_one_there_is_no_rollback(host: Host) -> None:
    host.install("1")
    assert host.run("rollback").returncode == 1
    assert "1" in host.used


def test_a_package_that_does_not_start_is_not_used(host: Host) -> None:
    first = host.install("1")
    broken = host.copy("2", status=3)
    done = host.run("install", broken)
    assert (done.returncode, done.stdout) == (1, "")
    assert f"{first} stays in use" in done.stderr
    assert "1" in host.used
    assert host.copies == {first}


def test_another_archive_than_the_named_one_is_refused(host: Host) -> None:
    host.copy("1")
    assert host.run("install", "0123456789abcdef").returncode == 1
    assert host.copies == set()


def test_what_was_changed_by_hand_is_told_and_mended(host: Host) -> None:
    digest = host.install("1")
    (host.home / digest / "congvu" / "__init__.py").write_text("evil = 1\n")
    assert "was changed by hand" in host.run("check", digest).stderr
    assert host.run("install", digest).stdout == f"{digest} is in use\n"
    assert "evil" not in host.used
    assert host.run("check", digest).returncode == 0


def test_a_run_that_was_cut_off_before_the_swap_is_completed(host: Host) -> None:
    first, second = host.install("1"), host.copy("2")
    (host.home / second / "congvu").mkdir(parents=True)  # half of it
    assert host.run("install", second).returncode == 0
    assert "2" in host.used
    assert host.copies == {first, second}


@pytest.mark.parametrize("words", [(), ("install",), ("remove", "x"), ("rollback", "x")])
def test_other_words_are_refused(words: tuple[str, ...], host: Host) -> None:
    assert host.run(*words).returncode == 1


# --- The settings


def _settings(tmp_path: Path, **given: Any) -> settings.Settings:
    """What the sync reads of the role's template, with its files below `tmp_path`."""
    loader = FileSystemLoader(ROLE / "templates")
    environment = Environment(loader=loader, undefined=StrictUndefined, trim_blocks=True, autoescape=False)  # noqa: S701  (YAML)
    environment.filters |= {"comment": "# {}".format, "to_json": json.dumps}
    internals = yaml.safe_load((ROLE / "vars" / "main.yml").read_text())
    defaults = yaml.safe_load((ROLE / "defaults" / "main.yml").read_text())
    for name in ("ca.pem", "etc/handover.pem"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text("a certificate")
    wiring: Mapping[str, Any] = {
        "ansible_managed": "Ansible managed",
        "sync_providers": [{"uri": "ldap://a.gov.vn", "start_tls": True}, {"uri": "ldaps://b.gov.vn"}],
        "sync_base": "dc=gov,dc=vn",
        "sync_bind_dn": "cn=sync,ou=services,dc=gov,dc=vn",
        "sync_mail_host": "mail.lamdong.gov.vn",
        "sync_domains": {"lamdong.gov.vn": {}},
        "__sync_configuration": str(tmp_path / "etc"),
        "sync_ca_file": str(tmp_path / "ca.pem"),
    }
    text = environment.get_template("sync.yml.j2").render({**internals, **defaults, **wiring, **given})
    (tmp_path / "sync.yml").write_text(text)
    return settings.load(tmp_path / "sync.yml")


def test_the_settings_of_the_role_are_read_by_the_sync(tmp_path: Path) -> None:
    read = _settings(tmp_path)
    assert [one.uri for one in read.directory.providers] == ["ldap://a.gov.vn", "ldaps://b.gov.vn"]
    assert [one.start_tls for one in read.directory.providers] == [True, False]
    domain = read.domains["lamdong.gov.vn"]
    assert domain.policy == tmp_path / "etc" / "policy" / "lamdong.gov.vn.yml"
    assert domain.registry == Path("/var/lib/congvu-sync/registry/lamdong.gov.vn")
    assert read.state == Path("/var/lib/congvu-sync")
    assert (read.feed, read.handover) == (None, None)


def test_a_site_says_what_differs_of_a_domain(tmp_path: Path) -> None:
    own = {"registry": "/srv/nội vụ/lists", "identity": "match", "control_total": True}
    layers = [{"path": "/srv/so", "attributes": ["phone"]}]
    read = _settings(
        tmp_path,
        sync_domains={"lamdong.gov.vn": own | {"layers": layers}, "quangtri.gov.vn": {}},
        sync_feed=True,
        sync_handover_certificate_src="operator.pem",
    )
    domain = read.domains["lamdong.gov.vn"]
    assert (domain.registry, domain.identity) == (Path("/srv/nội vụ/lists"), Identity.MATCH)
    assert domain.control_total
    assert domain.layers[0].path == Path("/srv/so")
    assert not read.domains["quangtri.gov.vn"].control_total
    assert read.feed == Path("/var/lib/congvu-sync/feed")
    assert read.handover
    assert read.handover.certificate == tmp_path / "etc" / "handover.pem"


def test_a_word_that_the_sync_does_not_know_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="registri"):
        _settings(tmp_path, sync_domains={"lamdong.gov.vn": {"registri": "/srv"}})


# --- The service


@pytest.fixture(scope="module")
def unit() -> str:
    return (ROLE / "templates" / "service.j2").read_text()


def test_the_service_writes_only_into_folders_that_the_role_gives_it(unit: str) -> None:
    internals = yaml.safe_load((ROLE / "vars" / "main.yml").read_text())
    (line,) = [words for words in unit.splitlines() if words.startswith("ReadWritePaths=")]
    assert line == "ReadWritePaths={{ __sync_state }} {{ __sync_metrics }}"
    owned = {one["path"] for one in internals["__sync_folders"] if one["owner"] == "congvu-sync"}
    writable = (internals["__sync_state"], internals["__sync_metrics"])
    assert all(path.startswith(writable) for path in owned)


def test_findings_are_no_failure_and_a_brake_is_not_tried_again(unit: str) -> None:
    lines = unit.splitlines()
    assert "SuccessExitStatus=1" in lines
    assert "RestartPreventExitStatus=2" in lines


# --- The operator's command


def _as_run(text: str) -> str:
    """What `congvu-sync` runs, in the place of what an operator types."""
    return text.replace("congvu-sync audit ", "congvu audit ").replace("congvu-sync ", "congvu sync ")


@pytest.mark.parametrize("name", ["operate-sync.md", "operate-sync.vi.md", "../README.md", "../README.vi.md"])
def test_every_command_that_the_operator_is_shown_exists(name: str) -> None:
    groups: Mapping[str, click.Group] = {"sync": sync, "audit": audit}
    shown = calls(_as_run((ROOT / "docs" / name).read_text()))
    of_ours = [call for call in shown if call.command[0] in groups and len(call.command) == 2]
    assert len(of_ours) >= 2
    for call in of_ours:
        group, word = call.command
        command = groups[group].commands[word]
        known = {option for one in command.params for option in one.opts} | {"--help"}
        assert {part for part in call.rest if part.startswith("--")} <= known, call.line
        assert "--settings" in known, "the operator's command gives it"


def test_the_operators_command_speaks_for_the_service() -> None:
    script = (ROLE / "files" / "congvu-sync").read_text()
    internals = yaml.safe_load((ROLE / "vars" / "main.yml").read_text())
    assert f"--settings {internals['__sync_settings']}\n" in script
    assert f"runuser -u {internals['__sync_user']} -- congvu" in script
    assert f"cd {internals['__sync_state']}\n" in script
