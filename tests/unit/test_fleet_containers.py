"""The command that makes a container."""

from __future__ import annotations

import shlex
import subprocess

from congvu.fleet.containers import Container

PLAIN = Container(
    name="congvu-x-mail", image="localhost/congvu-base:1", network="congvu-x", address="10.89.7.10",
    hostname="mail.lamdong.gov.vn", label="congvu.lab=x", authorized_keys="/lab/key.pub", gateway="10.89.7.1",
)  # fmt: skip
AWKWARD = Container(
    name="n", image="i", network="net", address="10.0.0.2", hostname="h", label="congvu.lab=it's $HOME",
    authorized_keys="/my clone/key.pub", gateway="10.0.0.1", mounts=(("/my clone/store; true", "/v"),),
)  # fmt: skip


def words(container: Container) -> list[str]:
    return shlex.split(str(container.command().get_raw_value()))


def test_the_container_gets_its_place_in_the_lab() -> None:
    command = words(PLAIN)
    assert command[:3] == ["podman", "run", "--detach"]
    assert {
        "--name=congvu-x-mail",
        "--hostname=mail.lamdong.gov.vn",
        "--network=congvu-x",
        "--ip=10.89.7.10",
        "--label=congvu.lab=x",
        "--volume=/lab/key.pub:/root/.ssh/authorized_keys:ro",
    } <= set(command)
    image = command.index("localhost/congvu-base:1")
    assert all(word.startswith("--") for word in command[2:image]), "an option after the image is an argument"
    assert command[-1] == "10.89.7.1"


def test_units_are_sandboxed_and_the_container_is_not_privileged() -> None:
    command = words(PLAIN)
    granted = next(word for word in command if word.startswith("--cap-add=")).partition("=")[2].split(",")
    assert "SYS_ADMIN" in granted  # without it ProtectSystem and the like are silently not enforced
    assert "SYS_RESOURCE" not in granted
    assert "--privileged" not in command


def test_a_shell_hands_on_every_word_as_it_was_meant() -> None:
    echo = 'podman() { printf "%s\\n" "$@"; }; ' + str(AWKWARD.command().get_raw_value())
    done = subprocess.run(["sh", "-c", echo], capture_output=True, text=True, check=True)
    received = done.stdout.splitlines()
    assert received == words(AWKWARD)[1:]
    assert "--label=congvu.lab=it's $HOME" in received
    assert "--volume=/my clone/key.pub:/root/.ssh/authorized_keys:ro" in received
    assert "--volume=/my clone/store; true:/v" in received


def test_the_first_resolver_is_written_once() -> None:
    script = words(PLAIN)[-2]
    assert script.endswith("exec /sbin/init")
    assert '[ -e /etc/resolv.conf ] || echo "nameserver $0"' in script
