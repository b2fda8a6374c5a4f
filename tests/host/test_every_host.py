"""What the bootstrap and the role `base` leave on every host."""

from __future__ import annotations

from typing import Any

import pytest

from congvu.fleet.lab import Lab

RESOLVERS = ("mail", "outside")
"""Hosts with a resolver of their own."""


def test_no_unit_has_failed(each: Any) -> None:
    assert each.check_output("systemctl list-units --state=failed --no-legend --plain") == ""


def test_the_host_knows_its_own_name(lab: Lab, each: Any) -> None:
    known = {one.need("bootstrap_fqdn"): one.address for one in lab.hosts()}
    name = each.check_output("hostname --fqdn")
    assert name in known
    assert known[name] in each.check_output("getent hosts %s", name)


@pytest.mark.parametrize("name", RESOLVERS)
def test_a_host_asks_its_own_resolver(name: str, request: pytest.FixtureRequest) -> None:
    host = request.getfixturevalue(name)
    lines = host.file("/etc/resolv.conf").content_string.splitlines()
    assert [line for line in lines if not line.startswith("#")] == ["nameserver 127.0.0.1"]
    assert host.run("getent ahosts mail.lamdong.gov.vn").rc == 0
    assert host.run("getent ahosts nobody.lamdong.gov.vn").rc == 2


def test_the_time_is_vietnams(each: Any) -> None:
    assert each.file("/etc/localtime").linked_to == "/usr/share/zoneinfo/Asia/Ho_Chi_Minh"
    assert each.check_output("date +%z") == "+0700"


def test_the_deploy_user_comes_in_by_key_and_becomes_root(lab: Lab, each: Any) -> None:
    user = each.user("deploy")
    assert (user.shell, user.home) == ("/bin/bash", "/home/deploy")
    assert each.check_output("passwd --status deploy").split()[1] in {"L", "NP"}, (
        "no password opens the account"
    )
    keys = each.file("/home/deploy/.ssh/authorized_keys")
    assert (keys.user, keys.mode) == ("deploy", 0o600)
    assert keys.content_string.strip() == lab.key.with_suffix(".pub").read_text().strip()
    sudoers = each.file("/etc/sudoers.d/deploy")
    assert (sudoers.user, sudoers.group, sudoers.mode) == ("root", "root", 0o440)
    assert each.check_output("sudo -l -U deploy").endswith("(ALL) NOPASSWD: ALL")


def test_the_journal_is_kept_on_disk_within_a_limit(each: Any) -> None:
    text = each.file("/etc/systemd/journald.conf").content_string
    assert "Storage=persistent\nSystemMaxUse=2G\n" in text
    assert "File path: /var/log/journal/" in each.check_output("journalctl --header")


def test_apt_reads_the_mirror_of_the_inventory_and_checks_signatures(lab: Lab, each: Any) -> None:
    assert not each.file("/etc/apt/sources.list").exists
    text = each.file("/etc/apt/sources.list.d/debian.sources").content_string
    host = lab.host("mail")
    uris = [line.removeprefix("URIs: ") for line in text.splitlines() if line.startswith("URIs: ")]
    assert uris == [host.need("bootstrap_apt_mirror"), host.need("bootstrap_apt_security_mirror")]
    assert text.count("Signed-By: /usr/share/keyrings/debian-archive-keyring.gpg") == 2
    assert "rusted" not in text


def test_the_release_is_debian_13(each: Any) -> None:
    assert (each.system_info.distribution, each.system_info.codename) == ("debian", "trixie")


def test_ssh_host_keys_are_the_hosts_own(mail: Any, outside: Any) -> None:
    keys = [
        host.file("/etc/ssh/ssh_host_ed25519_key.pub").content_string.split()[1] for host in (mail, outside)
    ]
    assert keys[0] != keys[1]
