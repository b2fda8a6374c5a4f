"""The directory as it runs: what slapd keeps as it was written, and what it refuses of everybody.

Who may do what to what is `test_acl`'s to try.

All entries of these tests lie below one domain of their own, which is removed afterwards.
"""

from __future__ import annotations

import dataclasses
import subprocess
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import ldap3
import pytest
import yaml

from congvu.directory.connection import Directory
from congvu.directory.model import Entry
from congvu.directory.settings import DirectorySettings
from congvu.errors import DirectoryFailure
from congvu.fleet.client import poll
from congvu.fleet.lab import Lab, run_in
from congvu.sync import settings as sync_settings

DOMAIN = "kiemtra.gov.vn"
AN, BINH, CHI, OTHER = (
    f"uid={name},ou=people,dc=kiemtra,dc=gov,dc=vn" for name in ("An", "Binh", "Chi", "Other")
)
PASSWORDS = {AN: "An-ninh-2026-abc", BINH: "Binh-yen-2026-abc", CHI: "Chi-tiet-2026-abc"}
LEDGER = {
    "congvuIssuedFor": "Nguyễn|Văn|An||||",
    "congvuAliasUntil": f"an.cu@{DOMAIN} 20271122",
    "congvuFormerAddress": f"an.xua@{DOMAIN}",
}
"""What the sync remembers of an address; no daemon needs it."""


@dataclass(frozen=True, slots=True)
class World:
    """The lab's directory and the ways into it."""

    lab: Lab
    settings: DirectorySettings
    secrets: Mapping[str, str]

    def service(self, name: str) -> Directory:
        dn = f"cn={name},ou=services,{self.settings.base}"
        return Directory(self.settings, dn, self.secrets[f"directory_password_{name}"])

    def bound(self, who: str) -> Directory:
        """A connection as a service account or as a person by DN."""
        return Directory(self.settings, who, PASSWORDS[who]) if who in PASSWORDS else self.service(who)

    def root(self, *command: str, stdin: str = "") -> subprocess.CompletedProcess[str]:
        """One of OpenLDAP's tools as root on the host: the directory's administrator."""
        words = [command[0], "-Q", "-Y", "EXTERNAL", "-H", "ldapi:///", *command[1:]]
        return run_in(self.lab, "mail", "sudo", *words, stdin=stdin, check=False)


def person(dn: str, *addresses: str, **more: str) -> Entry:
    uid = dn.split(",", maxsplit=1)[0].removeprefix("uid=")
    attributes = {
        "uid": uid, "cn": uid, "sn": uid, "employeeNumber": uid, "telephoneNumber": "0999000001",
        "mail": addresses[0], "mailHost": "mail.lamdong.gov.vn", "congvuState": "active",
        "congvuQuota": "1048576",
    }  # fmt: skip
    classes = ("inetOrgPerson", "inetLocalMailRecipient", "congvuAccount")
    return Entry.build(dn, classes, attributes | more | {"mailLocalAddress": addresses})


@pytest.fixture(scope="module")
def world(lab: Lab) -> Iterator[World]:
    secrets = yaml.safe_load((lab.folder / "inventory/group_vars/all/secrets.yml").read_text())
    one = World(lab, sync_settings.load(lab.folder / "sync.yml").directory, secrets)
    top = f"dc=kiemtra,{one.settings.base}"
    one.root("ldapdelete", "-r", top)  # what a run that was killed left behind
    with one.service("sync") as sync:
        sync.add(
            Entry.build(
                top,
                ("domain", "domainRelatedObject", "congvuDomain"),
                {"dc": "kiemtra", "associatedDomain": DOMAIN},
            )
        )
        sync.add(Entry.build(f"ou=people,{top}", ("organizationalUnit",), {"ou": "people"}))
        sync.add(person(AN, f"an@{DOMAIN}", f"an.cu@{DOMAIN}", title="Chuyên viên", **LEDGER))
        sync.add(person(BINH, f"binh@{DOMAIN}", congvuDelegate=AN))
        for dn in (AN, BINH):
            sync.replace(dn, {"userPassword": [PASSWORDS[dn]]})
    yield one
    done = one.root("ldapdelete", "-r", top)
    assert done.returncode == 0, done.stderr


@pytest.fixture
def chi(world: World) -> Iterator[str]:
    """A person of one test alone, whose password may be spoilt."""
    with world.service("sync") as sync:
        sync.add(person(CHI, f"chi@{DOMAIN}", congvuState="initial"))
        sync.replace(CHI, {"userPassword": [PASSWORDS[CHI]]})
    yield CHI
    world.root("ldapdelete", CHI)


# --- Writing


def test_the_sync_writes_people(world: World) -> None:
    with world.service("sync") as sync:
        sync.replace(AN, {"title": ["Trưởng phòng"], "congvuQuota": ["2097152"]})
        entry = next(sync.search(AN, "(objectClass=*)", ("title", "congvuQuota")))
        assert (entry.value("title"), entry.value("congvuQuota")) == ("Trưởng phòng", "2097152")


def test_the_sync_writes_the_ledger_and_slapd_keeps_it_letter_by_letter(world: World) -> None:
    written = {
        "congvuIssuedFor": ("Đỗ|Thị|Ánh||skhcn||2",),  # NFC, case and all
        "congvuAliasUntil": (f"anh@{DOMAIN} 20271122", f"anh.cu@{DOMAIN} 20280229"),
        "congvuFormerAddress": (f"anh.xua@{DOMAIN}", f"anh.1990@{DOMAIN}"),
    }
    with world.service("sync") as sync:
        sync.replace(BINH, written)
        try:
            entry = next(sync.search(BINH, "(objectClass=*)", tuple(written)))
            for name, values in written.items():
                assert set(entry.values(name)) == set(values)
        finally:
            sync.replace(BINH, dict.fromkeys(written, ()))


def test_a_person_changes_the_own_password_and_the_old_one_is_gone(chi: str, world: World) -> None:
    old, new = PASSWORDS[chi], "Chi-em-2026-xyz"
    with world.bound(chi) as own:
        own.change_password(chi, old, new)
    with pytest.raises(DirectoryFailure, match="invalidCredentials"):
        Directory(world.settings, chi, old)
    with Directory(world.settings, chi, new) as own, pytest.raises(DirectoryFailure, match="in history"):
        own.change_password(chi, new, old)


@pytest.mark.parametrize("weak", ["short-1", "{SSHA}aGFzaGVkIGFscmVhZHkgYnkgc29tZWJvZHk="])
def test_a_password_that_is_too_short_or_cannot_be_judged_is_refused(
    weak: str, chi: str, world: World
) -> None:
    with world.bound(chi) as own, pytest.raises(DirectoryFailure, match="constraintViolation"):
        own.change_password(chi, PASSWORDS[chi], weak)


def test_passwords_are_stored_as_argon2_hashes(world: World) -> None:
    done = world.root("ldapsearch", "-LLL", "-o", "ldif-wrap=no", "-b", AN, "-s", "base", "userPassword")
    stored = [line for line in done.stdout.splitlines() if line.startswith("userPassword")]
    assert len(stored) == 1
    _, _, encoded = stored[0].partition(":: ")
    words = subprocess.run(["base64", "-d"], input=encoded, capture_output=True, text=True, check=True).stdout
    assert words.startswith("{ARGON2}$argon2id$v=19$m=19456,t=2,p=1$")


def test_an_account_that_must_change_its_password_can_do_nothing_else(chi: str, world: World) -> None:
    first, second = PASSWORDS[chi], "Da-doi-2026-abc"
    with world.service("sync") as sync:
        sync.replace(chi, {"pwdReset": ["TRUE"]})
    with world.bound(chi) as own:
        with pytest.raises(DirectoryFailure, match="insufficientAccess"):
            list(own.search(chi, "(objectClass=*)", ("mail",)))
        own.change_password(chi, first, second)
    with Directory(world.settings, chi, second) as own:
        assert next(own.search(chi, "(objectClass=*)", ("mail",))).value("mail") == f"chi@{DOMAIN}"


# --- What slapd refuses of everybody, also of the sync

REFUSED: dict[str, tuple[Entry, str]] = {
    "an address that somebody has": (
        person(OTHER, f"other@{DOMAIN}", f"an@{DOMAIN}"), "constraintViolation",
    ),
    "an old address of somebody": (
        person(OTHER, f"other@{DOMAIN}", f"an.cu@{DOMAIN}"), "constraintViolation",
    ),
    "an address in other letters": (
        person(OTHER, f"other@{DOMAIN}", f"AN@{DOMAIN}"), "constraintViolation",
    ),
    "a primary address that somebody has": (
        person(OTHER, f"an@{DOMAIN}"), "constraintViolation",
    ),
    "a state that does not exist": (
        person(OTHER, f"other@{DOMAIN}", congvuState="sleeping"), "constraintViolation",
    ),
    "a quota that is no number": (
        person(OTHER, f"other@{DOMAIN}", congvuQuota="2G"), "invalidAttributeSyntax",
    ),
    "a former address in Unicode": (
        person(OTHER, f"other@{DOMAIN}", congvuFormerAddress=f"ánh@{DOMAIN}"), "invalidAttributeSyntax",
    ),
    "an attribute of no class": (
        person(OTHER, f"other@{DOMAIN}", dc="x"), "objectClassViolation",
    ),
}  # fmt: skip


@pytest.fixture
def other(world: World) -> Iterator[str]:
    """An entry that is not there, and not afterwards."""
    yield OTHER
    world.root("ldapdelete", OTHER)


@pytest.mark.parametrize("case", REFUSED)
@pytest.mark.usefixtures("other")
def test_slapd_refuses_what_must_never_be(case: str, world: World) -> None:
    entry, words = REFUSED[case]
    with world.service("sync") as sync:
        with pytest.raises(DirectoryFailure, match=words):
            sync.add(entry)
        assert list(sync.search(world.settings.base, "(uid=Other)", ("uid",))) == []


def test_an_account_has_one_primary_address(world: World) -> None:
    with world.service("sync") as sync, pytest.raises(DirectoryFailure, match="constraintViolation"):
        sync.replace(AN, {"mail": [f"an@{DOMAIN}", f"an.cu@{DOMAIN}"]})


def test_the_good_twin_of_the_refused_entries_is_accepted(other: str, world: World) -> None:
    with world.service("sync") as sync:
        sync.add(person(other, f"other@{DOMAIN}", f"other.cu@{DOMAIN}"))
        assert list(sync.search(world.settings.base, "(uid=Other)", ("uid",)))


def test_a_delegate_that_is_removed_is_no_delegate_any_more(world: World) -> None:
    gone = "uid=Gone,ou=people,dc=kiemtra,dc=gov,dc=vn"
    with world.service("sync") as sync:
        sync.add(person(gone, f"gone@{DOMAIN}"))
        sync.replace(BINH, {"congvuDelegate": [AN, gone]})
        assert world.root("ldapdelete", gone).returncode == 0

        def delegates() -> tuple[str, ...]:
            return next(sync.search(BINH, "(objectClass=*)", ("congvuDelegate",))).values("congvuDelegate")

        # refint does its work after slapd has answered.
        poll(lambda: delegates() == (AN,), f"{BINH} without the delegate {gone}", seconds=10)


# --- Limits


def test_the_sync_reads_all_accounts_and_a_daemon_no_more_than_500(world: World) -> None:
    def read(name: str) -> tuple[int, str]:
        count = 0
        with world.service(name) as directory:
            try:
                for _ in directory.search(world.settings.base, "(objectClass=congvuAccount)", ("mail",)):
                    count += 1
            except DirectoryFailure as failure:
                return count, failure.message
        return count, ""

    everything, failure = read("sync")
    assert failure == ""
    assert everything > 2000
    count, failure = read("postfix")
    assert count <= 500
    assert "sizeLimitExceeded" in failure
    assert read("dovecot") == (everything, "")  # doveadm lists its users


def test_wrong_passwords_lock_an_account_and_not_a_daemon(chi: str, world: World) -> None:
    daemon = f"cn=postfix,ou=services,{world.settings.base}"
    for _ in range(12):
        for dn in (chi, daemon):
            with pytest.raises(DirectoryFailure, match="invalidCredentials"):
                Directory(world.settings, dn, "wrong")
    with pytest.raises(DirectoryFailure, match="invalidCredentials"):
        world.bound(chi)
    for who in ("postfix", AN):
        with world.bound(who):
            pass
    with world.service("sync") as sync:
        sync.replace(chi, {"pwdAccountLockedTime": []})
    with world.bound(chi):
        pass


# --- The schema grows while the directory is in use


def test_a_schema_that_grows_is_taken_in_and_no_entry_is_lost(world: World) -> None:
    """As when a release brings new attributes to a site that has people already (ADR 0002)."""
    schema, kept = "/etc/ldap/schema/congvu.ldif", "/root/congvu.ldif.kept"

    def on_host(*command: str) -> str:
        return run_in(world.lab, "mail", "sudo", *command).stdout

    def addresses() -> set[str]:
        with world.service("sync") as sync:
            return {
                entry.value("mail")
                for entry in sync.search(world.settings.base, "(objectClass=congvuAccount)", ("mail",))
            }

    def known() -> bool:
        whole_lines = ("-o", "ldif-wrap=no", "-s", "base")
        found = world.root("ldapsearch", *whole_lines, "-b", "cn=Subschema", "attributeTypes").stdout
        assert "congvuFormerAddress" in found
        return "congvuOfTomorrow" in found

    before = addresses()
    assert not known()
    on_host("cp", "--preserve", schema, kept)
    try:
        tomorrow = "( congvuAttribute:99 NAME 'congvuOfTomorrow' SUP distinguishedName )"
        on_host("sed", "-i", f"0,/^olcObjectClasses:/s//olcAttributeTypes: {tomorrow}\\n&/", schema)
        assert on_host("/usr/local/sbin/slapd-apply") == "cn=config built anew\n"
        assert known()
        assert addresses() == before
        assert on_host("/usr/local/sbin/slapd-apply") == ""
    finally:
        on_host("mv", kept, schema)
        on_host("/usr/local/sbin/slapd-apply")
    assert not known()
    assert addresses() == before


# --- On the wire


def test_a_password_in_clear_is_refused_before_it_is_looked_at(world: World) -> None:
    """Right or wrong, the answer is confidentialityRequired (13)."""
    server = ldap3.Server(world.settings.providers[0].host, port=389, get_info=ldap3.NONE, connect_timeout=10)
    for password in (PASSWORDS[AN], "wrong"):
        connection = ldap3.Connection(server, user=AN, password=password)
        assert not connection.bind()
        assert connection.result["result"] == 13
        connection.unbind()


def test_the_certificate_is_for_the_servers_name_alone(world: World) -> None:
    provider = dataclasses.replace(world.settings.providers[0], tls_name="mx.ngoai.example")
    other = dataclasses.replace(world.settings, providers=(provider,))
    with pytest.raises(DirectoryFailure, match=r"no connection.*ostname mismatch"):
        Directory.as_service(other)


@pytest.mark.parametrize(
    ("port", "start"),
    [
        (389, "ldap"),
        (636, ""),
        (25, "smtp"),
        (587, "smtp"),
        (465, ""),
        (143, "imap"),
        (993, ""),
        (4190, "sieve"),
    ],
)
@pytest.mark.parametrize(("version", "spoken"), [("tls1_1", False), ("tls1_2", True), ("tls1_3", True)])
def test_tls_begins_at_1_2(port: int, start: str, version: str, spoken: bool, world: World) -> None:
    # SECLEVEL=0: without it this machine's own OpenSSL would refuse TLS 1.1 before the server could.
    command = ["openssl", "s_client", "-connect", f"{world.settings.providers[0].host}:{port}", f"-{version}"]
    command += ["-cipher", "DEFAULT:@SECLEVEL=0", "-verify_return_error", "-verify_hostname"]
    command += ["mail.lamdong.gov.vn", "-CAfile", str(world.settings.ca_file), "-brief"]
    command += ["-starttls", start] if start else []
    done = subprocess.run(command, input="", capture_output=True, text=True, check=False, timeout=30)
    if spoken:
        assert "CONNECTION ESTABLISHED" in done.stderr, done.stderr
        assert "Verification: OK" in done.stderr
    else:
        assert "alert protocol version" in done.stderr, done.stderr


def test_this_machine_could_speak_tls_1_1() -> None:
    """Else the refusal above would be our own."""
    ciphers = ["openssl", "ciphers", "-s", "-tls1_1", "DEFAULT:@SECLEVEL=0"]
    assert subprocess.run(ciphers, capture_output=True, text=True, check=True).stdout.strip()
