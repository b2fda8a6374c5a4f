"""What the bootstrap refuses before it touches a host, and the files it writes."""

from __future__ import annotations

import os
from pathlib import Path
from types import SimpleNamespace

import pytest

from congvu.errors import SettingsError
from congvu.fleet import bootstrap
from congvu.fleet.inventory import InventoryHost

COMPLETE = {
    "bootstrap_fqdn": "mail.lamdong.gov.vn",
    "bootstrap_apt_mirror": "http://mirror.example/debian",
    "bootstrap_apt_security_mirror": "http://mirror.example/debian-security",
    "ansible_host": "192.0.2.1",
}


@pytest.fixture
def touched(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A file that exists as soon as anybody calls ssh."""
    flag, program = tmp_path / "touched", tmp_path / "bin" / "ssh"
    program.parent.mkdir()
    program.write_text(f'#!/bin/sh\necho "$@" >> {flag}\nexit 255\n')
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{program.parent}{os.pathsep}{os.environ['PATH']}")
    return flag


@pytest.fixture
def key(tmp_path: Path) -> Path:
    path = tmp_path / "id.pub"
    path.write_text("ssh-ed25519 AAAA test\n")
    return path


@pytest.mark.parametrize(
    "missing", ["bootstrap_fqdn", "bootstrap_apt_mirror", "bootstrap_apt_security_mirror"]
)
def test_a_missing_variable_of_the_last_host_stops_all_before_any_is_touched(
    missing: str, touched: Path, key: Path
) -> None:
    lacking = {name: value for name, value in COMPLETE.items() if name != missing}
    hosts = [InventoryHost("good", (), COMPLETE), InventoryHost("bad", (), lacking)]
    with pytest.raises(SettingsError, match=f"does not set '{missing}'") as caught:
        bootstrap.run(hosts, public_key_file=key, ssh={})
    assert caught.value.where == "host bad"
    assert not touched.exists()


def test_a_public_key_that_is_not_there_stops_all_before_any_is_touched(
    touched: Path, tmp_path: Path
) -> None:
    with pytest.raises(SettingsError, match="no public key") as caught:
        bootstrap.run([InventoryHost("good", (), COMPLETE)], public_key_file=tmp_path / "none.pub", ssh={})
    assert caught.value.where == str(tmp_path / "none.pub")
    assert "ssh-keygen" in caught.value.hint
    assert not touched.exists()


def test_the_flag_of_these_tests_would_be_seen(touched: Path) -> None:
    assert bootstrap._note(InventoryHost("good", (), COMPLETE), {"ssh_key": "/lab/key"}) is None
    words = touched.read_text()
    assert "-i /lab/key" in words
    assert "-l deploy" in words
    assert "192.0.2.1 sudo -n true" in words


def test_the_connection_of_a_host_as_pyinfra_names_it() -> None:
    each = InventoryHost("mail", (), {**COMPLETE, "ansible_port": "2222", "bootstrap_deploy_user": "ops"})
    name, data = bootstrap._target(each, {"ssh_key": "/lab/key"}, "stamp", as_root=True)
    assert (name, data["ssh_hostname"], data["ssh_port"], data["ssh_user"]) == (
        "mail",
        "192.0.2.1",
        2222,
        "root",
    )
    assert (data["ssh_key"], data["bootstrap_timezone"]) == ("/lab/key", "Asia/Ho_Chi_Minh")
    assert bootstrap._target(each, {}, "stamp", as_root=False)[1]["ssh_user"] == "ops"


def test_the_mirrors_are_written_as_deb822_with_updates_and_security() -> None:
    text = bootstrap._sources(SimpleNamespace(**COMPLETE), "trixie")
    stanzas = [dict(line.split(": ", 1) for line in part.splitlines()) for part in text.split("\n\n")]
    assert [(one["URIs"], one["Suites"]) for one in stanzas] == [
        ("http://mirror.example/debian", "trixie trixie-updates"),
        ("http://mirror.example/debian-security", "trixie-security"),
    ]
    assert {one["Types"] for one in stanzas} == {"deb"}
    assert all(one["Signed-By"].endswith("/debian-archive-keyring.gpg") for one in stanzas)


@pytest.mark.parametrize(
    ("change", "key"),
    [({"bootstrap_timezone": "UTC"}, "key"), ({"ansible_host": "192.0.2.2"}, "key"), ({}, "another key")],
)
def test_what_the_bootstrap_depends_on_makes_it_due_again(change: dict[str, str], key: str) -> None:
    before = bootstrap._stamp(InventoryHost("mail", (), COMPLETE), "key")
    assert bootstrap._stamp(InventoryHost("mail", (), {**COMPLETE, **change}), key) != before


def test_what_the_bootstrap_does_not_depend_on_leaves_the_host_alone() -> None:
    before = bootstrap._stamp(InventoryHost("mail", (), COMPLETE), "key")
    more = {**COMPLETE, "postfix_fqdn": "mail.lamdong.gov.vn"}
    assert bootstrap._stamp(InventoryHost("mail", (), more), "key") == before
