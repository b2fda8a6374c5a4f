"""A second real slapd on the lab's mail server, for tests that kill it, pause it, fill it or empty it.

Configuration, schema, ACLs and overlays are the repository's own, rendered as a deployment would; only the
port, the folders and the process are its own.
"""

from __future__ import annotations

import base64
import functools
import json
import os
import secrets
import shlex
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from congvu.directory.model import Entry
from congvu.directory.settings import DirectorySettings, Provider
from congvu.fleet.lab import ROOT, Lab, run_in

DEADLINE = 30
"""Seconds that slapd may take to start or to end."""


@dataclass(frozen=True, slots=True)
class Slapd:
    """The server, and what a test may do to it."""

    lab: Lab
    folder: str
    """On the mail server: configuration, data and process id."""
    settings: DirectorySettings
    """How the sync reaches it."""

    @property
    def socket(self) -> str:
        """URI of its local socket, where root is the directory's administrator."""
        return f"ldapi://{self.folder.replace('/', '%2F')}%2Fldapi"

    def start(self) -> None:
        """Start it, and return when it answers."""
        port = self.settings.providers[0].port
        listen = f"ldap://:{port} {self.socket}"
        words = ["slapd", "-h", listen, "-u", "openldap", "-g", "openldap", "-F", f"{self.folder}/slapd.d"]
        self.shell(f"rm -f {self.folder}/slapd.pid; {shlex.join(words)}; {self._until_it_answers()}")

    def kill(self) -> None:
        """End it with SIGKILL, as a power cut would."""
        self._end("KILL")

    def stop(self) -> None:
        """End it in good order."""
        self._end("TERM")

    def pause(self) -> None:
        """Let it hang: connections stay open, nothing is answered."""
        self._signal("STOP")

    def resume(self) -> None:
        """End `pause`."""
        self._signal("CONT")

    def wipe(self) -> None:
        """Back to the seed: base, services, policies. It is started anew, so connections break."""
        self._end("KILL")
        self.shell(f"rm -rf {self.folder}/db; cp -a {self.folder}/seed {self.folder}/db")
        self.start()

    def fill(self, entries: Iterable[Entry]) -> None:
        """The seed and these entries, parents first, loaded while it is down (``slapadd -q``)."""
        self._end("KILL")
        self.shell(f"rm -rf {self.folder}/db; cp -a {self.folder}/seed {self.folder}/db")
        add = ["slapadd", "-q", "-n", "1", "-F", f"{self.folder}/slapd.d"]
        self.shell(shlex.join(add), stdin="".join(map(ldif, entries)))
        self.shell(f"chown -R openldap:openldap {self.folder}/db")
        self.start()

    def readonly(self, *, on: bool = True) -> None:
        """Refuse writes (unwillingToPerform), or take them again."""
        self.configure("olcDatabase={1}mdb,cn=config", olcReadOnly="TRUE" if on else "FALSE")

    def configure(self, dn: str, **attributes: str) -> None:
        """Replace attributes of its running configuration."""
        changes = "".join(f"replace: {name}\n{name}: {value}\n-\n" for name, value in attributes.items())
        self.root("ldapmodify", stdin=f"dn: {dn}\nchangetype: modify\n{changes}")

    def root(self, command: str, *words: str, stdin: str = "", check: bool = True) -> str:
        """Output of one of OpenLDAP's tools as the directory's administrator."""
        full = ("sudo", command, "-Q", "-Y", "EXTERNAL", "-H", self.socket, *words)
        return run_in(self.lab, "mail", *full, stdin=stdin, check=check).stdout

    def shell(self, script: str, stdin: str = "") -> str:
        """Output of a shell script as root on the mail server."""
        return run_in(self.lab, "mail", "sudo", "sh", "-euc", script, stdin=stdin).stdout

    def _signal(self, name: str) -> None:
        self.shell(f"kill -{name} $(cat {self.folder}/slapd.pid)")

    def _end(self, signal: str) -> None:
        pid = f"{self.folder}/slapd.pid"
        self.shell(
            f"[ -e {pid} ] || exit 0; pid=$(cat {pid}); kill -{signal} $pid 2>/dev/null || true; "
            # Until init has collected it: a process that is dead may have threads that still hold the port.
            f"for i in $(seq {DEADLINE * 50}); do [ -e /proc/$pid ] || break; sleep 0.02; done; "
            f"[ ! -e /proc/$pid ]; rm -f {pid}"
        )

    def _until_it_answers(self) -> str:
        ask = shlex.join(
            ["ldapsearch", "-Q", "-Y", "EXTERNAL", "-H", self.socket, "-LLL", "-s", "base", "-b", "", "1.1"]
        )
        return f"for i in $(seq {DEADLINE * 20}); do {ask} >/dev/null 2>&1 && exit 0; sleep 0.05; done; {ask}"


def ldif(entry: Entry) -> str:
    """One record for ``slapadd``; every value in base64, so that none can hurt."""
    lines = [("dn", entry.dn), *((name, one) for name, found in entry.attributes.items() for one in found)]
    return "".join(f"{name}:: {base64.b64encode(value.encode()).decode()}\n" for name, value in lines) + "\n"


@contextmanager
def scratch(lab: Lab) -> Iterator[Slapd]:
    """A running server with nothing but the seed in it; it is gone afterwards."""
    folder = f"/tmp/congvu-slapd-{secrets.token_hex(4)}"  # noqa: S108  (on the lab's host, of mode 0750)
    mail = lab.host("mail")
    base = mail.need("directory_suffix")
    with tempfile.TemporaryDirectory() as name:
        secret = Path(name) / "sync.password"
        secret.write_text(f"{mail.need('directory_password_sync')}\n", encoding="utf-8")
        uri = f"ldap://{mail.address}:{20000 + secrets.randbelow(10000)}"
        provider = Provider(uri, tls_name=mail.need("bootstrap_fqdn"), start_tls=True)
        settings = DirectorySettings(
            (provider,), f"cn=sync,ou=services,{base}", secret, base, lab.authority.certificate_file
        )
        server = Slapd(lab, folder, settings)
        try:
            _set_up(server)
            server.start()
            yield server
        finally:
            server.kill()
            server.shell(f"rm -rf {folder}")


def _set_up(server: Slapd) -> None:
    """Configuration and seed in the server's folder, and a copy of the seeded data for `Slapd.wipe`."""
    folder = server.folder
    own = {
        "/run/slapd/slapd.": f"{folder}/slapd.",
        "/var/lib/ldap/congvu": f"{folder}/db",
        "/etc/ldap/schema/congvu.ldif": f"{folder}/congvu.ldif",
    }
    config, seed = _rendered(server.lab)
    for theirs, ours in own.items():
        config = config.replace(theirs, ours)
    files = {
        "config.ldif": config,
        "seed.ldif": seed,
        "congvu.ldif": (ROOT / "roles/slapd/files/congvu.ldif").read_text(encoding="utf-8"),
    }
    server.shell(f"umask 027; mkdir -p {folder}/db {folder}/slapd.d; chgrp -R openldap {folder}")
    for name, text in files.items():
        server.shell(f"umask 077; cat > {folder}/{name}", stdin=text)
    server.shell(
        f"slapadd -n 0 -F {folder}/slapd.d -l {folder}/config.ldif; chmod 0770 {folder}; "
        f"chown -R openldap:openldap {folder}/db {folder}/slapd.d"
    )
    server.start()
    server.root("ldapmodify", "-f", f"{folder}/seed.ldif")
    server.stop()
    server.shell(f"cp -a {folder}/db {folder}/seed")


@functools.cache
def _rendered(lab: Lab) -> tuple[str, str]:
    """The role's templates ``config.ldif`` and ``seed.ldif`` with the lab's inventory, by Ansible."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "group_vars").symlink_to(ROOT / "playbooks" / "group_vars")
        (folder / "render.yml").write_text(yaml.safe_dump([_play(folder)]), encoding="utf-8")
        policies = json.dumps({"policy_directory": str(ROOT / "inventory" / "policy")})
        command = [str(Path(sys.executable).with_name("ansible-playbook")), str(folder / "render.yml")]
        done = subprocess.run(
            [*command, "--limit", "mail", "--extra-vars", policies],
            capture_output=True, text=True, check=False, cwd=ROOT,
            env=os.environ | lab.environment | {"ANSIBLE_CONFIG": str(ROOT / "ansible.cfg")},
        )  # fmt: skip
        if done.returncode:
            raise RuntimeError(done.stdout + done.stderr)
        config, seed = ((folder / name).read_text(encoding="utf-8") for name in ("config.ldif", "seed.ldif"))
        return config, seed


def _play(folder: Path) -> dict[str, Any]:
    def template(name: str) -> dict[str, Any]:
        source = ROOT / "roles/slapd/templates" / f"{name}.j2"
        content = {"src": str(source), "dest": str(folder / name), "mode": "0600"}
        return {"ansible.builtin.template": content, "delegate_to": "localhost", "become": False}

    return {
        "hosts": "mail_servers",
        "gather_facts": False,
        "vars_files": [str(ROOT / "roles/slapd/vars" / name) for name in ("Debian_13.yml", "access.yml")],
        "tasks": [
            # For its defaults and variables; no task of it runs.
            {"ansible.builtin.import_role": {"name": "slapd", "tasks_from": "check"}, "when": False},
            template("config.ldif"),
            template("seed.ldif"),
        ],
    }
