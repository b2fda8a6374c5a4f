"""A directory of a test's own, with known people in it, and ways into it as each of them."""

from __future__ import annotations

import ssl
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime

import ldap3
import yaml

from congvu.directory.model import Entry
from congvu.fleet.lab import Lab
from tests.slapd import Slapd, scratch

BASE = "dc=gov,dc=vn"
DOMAIN, ELSEWHERE = (f"dc={name},{BASE}" for name in ("kiemtra", "noikhac"))
PASSWORD = "Mat-khau-2026-abc"  # noqa: S105  (of entries that live as long as these tests)
SUCCESS = 0


def person(uid: str, domain: str = DOMAIN, *, container: str = "people", **more: str) -> Entry:
    mail = f"{uid.lower()}@{domain.split(',', maxsplit=1)[0].removeprefix('dc=')}.gov.vn"
    classes = ("inetOrgPerson", "inetLocalMailRecipient", "congvuAccount")
    given = {
        "uid": uid, "cn": uid, "sn": uid, "displayName": uid, "employeeNumber": uid, "title": "Chuyên viên",
        "congvuSearch": f"{uid.lower()} phong hanh chinh",
        "telephoneNumber": "0999000001", "departmentNumber": "pho", "ou": "Phòng Hành chính", "mail": mail,
        "mailLocalAddress": mail, "mailHost": "mail.lamdong.gov.vn", "congvuState": "active",
        "congvuQuota": "1048576", "congvuIssued": "20261101000000Z", "congvuIssuedFor": f"Nguyễn|Văn|{uid}",
        "congvuAliasUntil": f"cu.{mail} 20271122", "congvuFormerAddress": f"xua.{mail}",
        "congvuEnded": "20261101000000Z", "congvuSince": "20261101000000Z", "congvuWarned": "20261101000000Z",
        "congvuExempt": "20271122 đi học", "userPassword": PASSWORD, "pwdChangedTime": "20261101000000Z",
        "pwdLastSuccess": f"{datetime.now(UTC):%Y%m%d%H%M%SZ}",  # of this hour: a login does not change it
    }  # fmt: skip
    return Entry.build(f"uid={uid},ou={container},{domain}", classes, given | more)


def unit(uid: str, **more: str) -> Entry:
    entry = person(uid, container="units", **more)
    left_out = {"sn", "employeeNumber", "title", "departmentNumber"}
    given = {name: values for name, values in entry.attributes.items() if name not in left_out}
    return Entry(
        entry.dn,
        given | {"objectClass": ("organizationalUnit", "inetLocalMailRecipient", "congvuAccount")},
    )


def domain_entries(dn: str) -> Iterator[Entry]:
    name = dn.split(",", maxsplit=1)[0].removeprefix("dc=")
    classes = ("domain", "domainRelatedObject", "congvuDomain")
    yield Entry.build(dn, classes, {"dc": name, "associatedDomain": f"{name}.gov.vn"})
    for container in ("people", "units"):
        yield Entry.build(f"ou={container},{dn}", ("organizationalUnit",), {"ou": container})


@dataclass(frozen=True, slots=True)
class World:
    """A directory of these tests' own, and ways into it."""

    server: Slapd
    secrets: Mapping[str, str]

    @contextmanager
    def connection(self, dn: str = "", password: str = "") -> Iterator[ldap3.Connection]:
        """A connection under TLS, bound where a DN is given; look at its ``result``."""
        provider = self.server.settings.providers[0]
        tls = ldap3.Tls(ssl.CERT_REQUIRED, ca_certs_file=str(self.server.settings.ca_file))
        tls.valid_names = [provider.tls_name]
        server = ldap3.Server(provider.host, provider.port, get_info=ldap3.NONE, tls=tls, connect_timeout=10)
        one = ldap3.Connection(
            server, user=dn or None, password=password or None, check_names=False, receive_timeout=20,
            raise_exceptions=False, auto_encode=False,
        )  # fmt: skip
        one.open()
        try:
            assert one.start_tls()
            if dn:
                one.bind()
            yield one
        finally:
            one.unbind()

    def replace(self, dn: str, attribute: str, value: str) -> None:
        """Change an entry as the administrator."""
        change = f"replace: {attribute}\n{attribute}: {value}\n"
        self.server.root("ldapmodify", stdin=f"dn: {dn}\nchangetype: modify\n{change}")

    @contextmanager
    def as_one(self, who: str | Entry) -> Iterator[ldap3.Connection]:
        """Bound as an account or a daemon; as "anonymous" with the lock before the tree taken off."""
        if isinstance(who, Entry):
            given = (who.dn, PASSWORD)
        elif who != "anonymous":
            given = (f"cn={who},ou=services,{BASE}", self.secrets[f"directory_password_{who}"])
        else:
            given = ("", "")
            self.server.configure("olcDatabase={1}mdb,cn=config", olcRequires="none")
        try:
            with self.connection(*given) as one:
                assert who == "anonymous" or one.result["result"] == SUCCESS, one.result
                yield one
        finally:
            if who == "anonymous":
                self.server.configure("olcDatabase={1}mdb,cn=config", olcRequires="authc")


@contextmanager
def directory(lab: Lab, *accounts: Entry) -> Iterator[World]:
    """The seed, two mail domains, and these accounts in them."""
    secrets = yaml.safe_load((lab.folder / "inventory/group_vars/all/secrets.yml").read_text())
    with scratch(lab) as server:
        server.fill([*domain_entries(DOMAIN), *domain_entries(ELSEWHERE), *accounts])
        yield World(server, secrets)
