"""What our templates make holds against the daemons' own checkers, and the same checkers refuse it broken.

The checkers are those that the roles run before they put a file in place.
"""

from __future__ import annotations

import json
import shlex
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml

from congvu.directory.connection import Directory
from congvu.fleet.lab import ROOT
from congvu.sync import settings as sync_settings
from tests.contract.conftest import Rendered


@dataclass(frozen=True, slots=True)
class Case:
    """A file of a role that its checker judges, and ways to break it."""

    host: str
    role: str
    file: str
    template: str
    breakages: tuple[tuple[str, str], ...]


CASES = (
    Case("mail", "slapd", "config.ldif", "config.ldif.j2", (
        ("olcModuleLoad: ppolicy", "olcModuleLoad: ppolice"),
        ("attrs=pwdReset", "attrs=pwdRest"),
        ("olcRefintAttribute: congvuDelegate", "olcRefintAttribute: congvuDelegates"),
        ("attrs=congvuReader", "attrs=congvuReaders"),
        ("olcDbIndex: objectClass", "olcDbIndex: objectKlass"),
        ("olcSuffix: dc=gov,dc=vn", "olcSuffix: gov.vn"),
    )),
    Case("mail", "dovecot", "dovecot.conf", "dovecot.conf.j2", (
        ("ssl = required", "ssl = requirred"),
        ("quota_full_tempfail", "quota_full_tmpfail"),
        ("acl_ignore = yes", "acl_ignored = yes"),
        ("passdb ldap {", "passdb ldap {{"),
    )),
    Case("mail", "clamav", "clamd.conf", "clamd.conf.j2", (
        ("FixStaleSocket yes", "FixStaleSocket perhaps"),
        ("MaxThreads 12", "MaxThread 12"),
        ("MaxThreads 12", "MaxThreads many"),
    )),
    Case("mail", "rspamd", "rspamd.conf", "rspamd.conf.j2", (
        ("actions {", "actions {{"),
        ('level = "notice";', 'level = "notice;'),
        ('lua = "', 'lua = "/none'),
    )),
    Case("mail", "unbound", "unbound.conf", "unbound.conf.j2", (
        ("    interface: 127.0.0.1", "    interface: localhorst"),
        ("    serve-expired: yes", "    serve-expiredd: yes"),
        ("    forward-addr: ", "    forward-addr: the "),
    )),
    Case("mail", "web", "nginx.conf", "nginx.conf.j2", (
        ("ssl_reject_handshake on;", "ssl_reject_handshake perhaps;"),
        ("server_tokens off;", "server_tokens off"),
        ("/etc/ssl/congvu/cert.pem", "/etc/ssl/congvu/none.pem"),
        ("~*<EMailAddress>", "~*(<EMailAddress>"),
    )),
    Case("outside", "outside_dns", "knot.conf", "knot.conf.j2", (
        ("listen: [ 0.0.0.0@53", "listen: [ 0.0.0.0@port"),
        ("    user: knot:knot", "    usr: knot:knot"),
        ("remote: world", "remote: moon"),
    )),
    Case("outside", "outside_dns", "ngoai.example.zone", "zone.j2", (
        ("@ MX 10 mx", "@ MX mx 10"),
        ("@ NS ns.ngoai.example.", "; no name server"),
        ("@ NS ns.ngoai.example.", "@ CNAME ns.ngoai.example.\n@ NS ns.ngoai.example."),
        ("mx A 10", "mx A 1000"),
    )),
)  # fmt: skip


def validate(case: Case) -> str:
    """The checker as the role's task has it."""
    tasks: list[dict[str, Any]] = yaml.safe_load(
        (ROOT / "roles" / case.role / "tasks/install.yml").read_text()
    )
    (found,) = [
        task["ansible.builtin.template"]["validate"]
        for task in _flat(tasks)
        if task.get("ansible.builtin.template", {}).get("src") == case.template
    ]
    words: str = found.replace("{{ item.key }}", case.file.removesuffix(".zone"))
    return words


def _flat(tasks: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    for task in tasks:
        yield task
        yield from _flat(task.get("block", []))


def check(case: Case, rendered: Rendered, text: str) -> subprocess.CompletedProcess[str]:
    """Judge a text as the role would, with the other files of the repository instead of those on the host."""
    candidate = f"{rendered.folder}/candidate"
    for theirs, ours in {
        "file:///etc/ldap/schema/congvu.ldif": f"file://{rendered.folder}/congvu.ldif",
        "/etc/rspamd/congvu/": rendered.path("rspamd", ""),
    }.items():
        text = text.replace(theirs, ours)
    rendered.write(case.host, candidate, text)
    command = validate(case).replace("/usr/local/sbin/slapd-apply", f"sh {rendered.folder}/slapd-apply")
    return rendered.run(case.host, *shlex.split(command % candidate))


@pytest.fixture(scope="module", autouse=True)
def _files_of_slapd(rendered: Rendered) -> None:
    for name in ("congvu.ldif", "slapd-apply"):
        text = (ROOT / "roles/slapd/files" / name).read_text()
        rendered.write("mail", f"{rendered.folder}/{name}", text)


@pytest.fixture(scope="module", autouse=True)
def _rules_of_rspamd(rendered: Rendered) -> None:
    for rules in (ROOT / "roles/rspamd/files/congvu").iterdir():
        rendered.write("mail", rendered.path("rspamd", rules.name), rules.read_text())


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.role} {case.file}")
def test_a_rendered_file_is_accepted(case: Case, rendered: Rendered) -> None:
    done = check(case, rendered, rendered.read(case.host, case.role, case.file))
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize(
    ("case", "old", "new"),
    [pytest.param(case, *pair, id=f"{case.role} {pair[1]!a}") for case in CASES for pair in case.breakages],
)
def test_a_broken_file_is_refused(case: Case, old: str, new: str, rendered: Rendered) -> None:
    text = rendered.read(case.host, case.role, case.file)
    assert old in text
    done = check(case, rendered, text.replace(old, new, 1))
    assert done.returncode != 0, "the checker accepts it"


def test_slapds_checker_leaves_nothing_behind(rendered: Rendered) -> None:
    found = rendered.run("mail", "find", "/etc/ldap", "-maxdepth", "1", "-name", "slapd.d.??????")
    assert found.stdout == ""


# --- Postfix: a folder of files, judged as the handler of the role does


def postfix_check(rendered: Rendered, host: str, role: str, **texts: str) -> str:
    """What `postfix check` complains of, for a copy of the configuration with other texts."""
    folder = f"{rendered.folder}/postfix-check"
    rendered.run(host, "rm", "-rf", folder)
    rendered.run(host, "mkdir", "-p", folder)
    for name in ("main.cf", "master.cf"):
        file = (
            rendered.path(role, name)
            if (role, name) != ("outside_mta", "master.cf")
            else f"/etc/postfix/{name}"
        )
        text = texts.get(name.removesuffix(".cf")) or rendered.run(host, "cat", file).stdout
        rendered.write(host, f"{folder}/{name}", text)
    rendered.run(host, "chmod", "-R", "go+rX", folder)
    checks = ("postfix -c {0} check", "postconf -c {0} -n >/dev/null", "postconf -c {0} -M >/dev/null")
    command = "; ".join(f"{{ {one.format(folder)}; }} 2>&1 || echo failed" for one in checks)
    return rendered.run(host, "sh", "-c", command).stdout


@pytest.mark.parametrize(("host", "role"), [("mail", "postfix"), ("outside", "outside_mta")])
def test_postfix_accepts_its_files_without_a_warning(host: str, role: str, rendered: Rendered) -> None:
    assert postfix_check(rendered, host, role) == ""


@pytest.mark.parametrize(
    ("file", "old", "new"),
    [
        ("main", "message_size_limit = ", "message_size_limit = much"),
        ("main", "virtual_mailbox_limit = 0", "virtual_mailbox_limmit = 0"),
        ("main", "enable_long_queue_ids = yes", "enable_long_queue_ids yes"),
        ("master", "pickup     unix  n       -       n       60      1       pickup", "pickup     unix  n"),
        ("master", "-o syslog_name=postfix/submission", "-o syslog_nam=postfix/submission"),
    ],
)
def test_postfix_complains_of_a_broken_file(file: str, old: str, new: str, rendered: Rendered) -> None:
    text = rendered.read("mail", "postfix", f"{file}.cf")
    assert old in text
    assert postfix_check(rendered, "mail", "postfix", **{file: text.replace(old, new, 1)}) != ""


# --- Postfix's LDAP tables: asked as Postfix asks them


@pytest.fixture(scope="module")
def addresses(rendered: Rendered) -> tuple[str, str]:
    """A person's and a unit's."""
    logins: dict[str, str] = json.loads((rendered.lab.folder / "logins.json").read_text())
    person, unit = logins
    return person, unit


def ask(rendered: Rendered, table: str, key: str) -> str:
    done = rendered.run("mail", "postmap", "-q", key, f"ldap:{table}")
    return (done.stdout + done.stderr).strip()


def _heads(rendered: Rendered, address: str) -> list[str]:
    """The address of a unit's head; of a person none."""
    with Directory.as_service(sync_settings.load(rendered.lab.folder / "sync.yml").directory) as directory:
        (entry,) = directory.search("dc=gov,dc=vn", f"(mail={address})", ("congvuHead",))
        heads = [directory.get(dn, ("mail",)) for dn in entry.values("congvuHead")]
    return [head.value("mail") for head in heads if head]


ANSWERS = {
    "domains": ("lamdong.gov.vn", "lamdong.gov.vn"),
    "own_domains": ("ai@lamdong.gov.vn", "REJECT 5.7.1 log in on port 587 to send as lamdong.gov.vn"),
    "mailboxes": ("{address}", "{address}"),
    "aliases": ("{address}", "{address}"),
    "senders": ("{address}", "{address}"),
}


@pytest.mark.parametrize("which", [0, 1], ids=["person", "unit"])
@pytest.mark.parametrize("table", ANSWERS)
def test_a_table_answers_for_those_it_is_for(
    table: str, which: int, addresses: tuple[str, str], rendered: Rendered
) -> None:
    key, answer = (text.format(address=addresses[which]) for text in ANSWERS[table])
    if table == "senders":
        answer = ",".join((answer, *_heads(rendered, addresses[which])))
    assert ask(rendered, rendered.path("postfix", f"ldap/{table}.cf"), key) == answer


@pytest.mark.parametrize("table", ANSWERS)
@pytest.mark.parametrize(
    "key",
    ["nobody@lamdong.gov.vn", "example.com", "*", "*@lamdong.gov.vn", "a)(mail=*", "nobody@example.com"],
)
def test_a_table_answers_nothing_for_others(table: str, key: str, rendered: Rendered) -> None:
    # Whether the address exists is no matter to the one about domains.
    ours = table == "own_domains" and key.endswith("@lamdong.gov.vn")
    answer = ANSWERS[table][1] if ours else ""
    assert ask(rendered, rendered.path("postfix", f"ldap/{table}.cf"), key) == answer


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("bind_pw = ", "bind_pw = not"),
        ("ca_cert_file = /etc/ssl/congvu/ca.pem", "ca_cert_file = /none"),
        ("ldap://mail.lamdong.gov.vn", "ldap://127.0.0.1"),
    ],
    ids=["wrong password", "another authority", "another name"],
)
def test_a_table_that_cannot_ask_says_so_and_gives_no_answer(old: str, new: str, rendered: Rendered) -> None:
    text = rendered.read("mail", "postfix", "ldap/domains.cf")
    assert old in text
    broken = f"{rendered.folder}/broken.cf"
    rendered.write("mail", broken, text.replace(old, new, 1))
    done = rendered.run("mail", "postmap", "-q", "lamdong.gov.vn", f"ldap:{broken}")
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr


# --- Certificates, judged as the role tls does before it puts them in place


def tls_validate(name: str) -> str:
    tasks = yaml.safe_load((ROOT / "roles/tls/tasks/install.yml").read_text())
    (copies,) = [task for task in _flat(tasks) if "ansible.builtin.copy" in task]
    found: str = next(item["validate"] for item in copies["loop"] if item["name"] == name)
    return found.replace("{{ tls_fqdn }}", "mail.lamdong.gov.vn")


@pytest.mark.parametrize(
    ("name", "file", "accepted"),
    [
        ("ca.pem", "ca.pem", True),
        ("ca.pem", "ca.key", False),
        ("cert.pem", "mail.lamdong.gov.vn.pem", True),
        ("cert.pem", "mx.ngoai.example.pem", False),  # another host's
        ("cert.pem", "mail.lamdong.gov.vn.key", False),
        ("key.pem", "mail.lamdong.gov.vn.key", True),
        ("key.pem", "mail.lamdong.gov.vn.pem", False),
    ],
)
def test_a_certificate_is_judged_before_it_is_installed(
    name: str, file: str, accepted: bool, rendered: Rendered
) -> None:
    candidate = f"{rendered.folder}/candidate.pem"
    rendered.write("mail", candidate, Path(rendered.lab.folder, "tls", file).read_text())
    done = rendered.run("mail", *shlex.split(tls_validate(name) % candidate))
    assert (done.returncode == 0) == accepted, done.stdout + done.stderr
