"""Somebody's name changes, and the sync on the real slapd follows: a new address, the old one for a time.

Each test has a mail domain of its own that is removed afterwards; the days are arguments of the sync.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from pathlib import Path

import pytest

from congvu.directory.connection import Directory
from congvu.directory.model import Entry
from congvu.directory.operations import DomainPlan
from congvu.fleet.client import Outside, poll
from congvu.sync.job import Order, Status
from congvu.sync.run import carry_out
from congvu.sync.settings import DomainSettings, Settings
from tests.lab import STRANGER, Site, letter, transact

DOMAIN = "doiten.gov.vn"
POLICY = f"""\
version: 1
domain: {DOMAIN}
regulation: {{number: 1/QĐ, title: Quy chế, issued_by: Phép thử, issued_on: 2025-12-01}}
person:
  address: ["{{{{ ten }}}}{{{{ ho | initials }}}}{{{{ dem | initials }}}}", "{{{{ base }}}}{{{{ n }}}}"]
  renamed: {{address: reissue, alias_for: 12 months}}
unit: {{address: ["{{{{ name | acronym }}}}"]}}
"""
UNITS = "unit_id,name,kind,parent_id,address,registered_on\nA1,Sở Nội vụ,department,,,2026-01-05\n"
COLUMNS = "staff_id,surname,middle_name,given_name,unit_id,position,phone,registered_on,status"
LAN, NAMESAKE, HOA = "Nguyễn,Thị,Lan", "Nguyễn,Thị,Lan", "Trần,Thị,Hoa"
FIRST_DAY = date(2026, 1, 5)
RENAMED_ON = date(2026, 3, 31)
LAST_DAY = date(2027, 3, 31)
"""Of the alias: 12 months after."""
NEXT_DAY = LAST_DAY + timedelta(days=1)


@dataclass(slots=True)
class Office:
    """A mail domain with a registry that a test rewrites."""

    settings: Settings
    folder: Path
    staff: dict[str, str] = field(default_factory=dict)
    """Names by staff id."""

    def sync(self, today: date) -> DomainPlan:
        """A run as the timer's; returns what was done."""
        rows = [f"{uid},{name},A1,,,2026-01-05,working" for uid, name in self.staff.items()]
        (self.folder / "staff.csv").write_text("\n".join([COLUMNS, *rows, ""]), encoding="utf-8")
        outcome = carry_out(Order(self.settings, today, "test", verify=True))
        assert outcome.status is Status.FINE, (outcome.findings, outcome.brakes, outcome.failures)
        (plan,) = outcome.plans
        return plan

    def entry(self, uid: str) -> Entry:
        names = ("mail", "mailLocalAddress", "congvuAliasUntil", "congvuFormerAddress", "congvuIssuedFor")
        dn = f"uid={uid},ou=people,dc=doiten,{self.settings.directory.base}"
        with Directory.as_service(self.settings.directory) as directory:
            return next(directory.search(dn, "(objectClass=*)", names))

    def held(self, uid: str) -> dict[str, set[str]]:
        """Local parts that somebody holds, by attribute."""
        entry = self.entry(uid)
        return {
            name: {value.replace(f"@{DOMAIN}", "") for value in entry.values(name)}
            for name in ("mail", "mailLocalAddress", "congvuAliasUntil", "congvuFormerAddress")
            if entry.values(name)
        }


@pytest.fixture
def office(site: Site, tmp_path: Path) -> Iterator[Office]:
    """Two people of one name and a third, synchronised on the first day."""
    (tmp_path / "policy").mkdir()
    (tmp_path / "policy" / f"{DOMAIN}.yml").write_text(POLICY, encoding="utf-8")
    (tmp_path / "units.csv").write_text(UNITS, encoding="utf-8")
    domains = {DOMAIN: DomainSettings(tmp_path / "policy" / f"{DOMAIN}.yml", tmp_path)}
    state = {"state": tmp_path / "state", "feed": None, "metrics": None, "handover": None, "audit": None}
    one = Office(replace(site.settings, domains=domains, **state), tmp_path)  # type: ignore[arg-type]
    one.staff = {"P1": LAN, "P2": NAMESAKE, "P3": "Lê,Văn,Tú"}
    top = f"dc=doiten,{site.settings.directory.base}"
    remove = ("ldapdelete", "-Q", "-Y", "EXTERNAL", "-H", "ldapi:///", "-r", top)
    site.on_mail(*remove, check=False)  # what a run that was killed left behind
    one.sync(FIRST_DAY)
    yield one
    site.on_mail(*remove)
    site.on_mail("rm", "-rf", f"/var/vmail/{DOMAIN}")


def accepts(outside: Outside, local_part: str) -> int:
    with outside.smtp() as client:
        return transact(client, STRANGER, f"{local_part}@{DOMAIN}").code


def test_the_first_run_issues_and_the_second_does_nothing(office: Office) -> None:
    assert [office.held(uid)["mail"] for uid in office.staff] == [{"lannt"}, {"lannt2"}, {"tulv"}]
    assert office.entry("P1").value("congvuIssuedFor").startswith("Nguyễn|Thị|Lan|")
    assert office.sync(FIRST_DAY).operations == ()


def test_who_is_renamed_gets_a_new_address_and_keeps_the_old_until_a_day(office: Office) -> None:
    others = [office.held("P2"), office.held("P3")]
    office.staff["P1"] = HOA
    assert office.sync(RENAMED_ON).changed == 1
    assert office.held("P1") == {
        "mail": {"hoatt"},
        "mailLocalAddress": {"hoatt", "lannt"},
        "congvuAliasUntil": {f"lannt {LAST_DAY:%Y%m%d}"},
    }
    assert [office.held("P2"), office.held("P3")] == others
    for day in (RENAMED_ON, LAST_DAY):
        assert office.sync(day).operations == ()


def test_mail_to_the_old_address_arrives_in_the_same_mailbox(
    office: Office, outside: Outside, site: Site
) -> None:
    office.staff["P1"] = HOA
    office.sync(RENAMED_ON)
    message = letter(STRANGER, f"lannt@{DOMAIN}")
    with outside.smtp() as client:
        assert transact(client, STRANGER, f"lannt@{DOMAIN}", message).accepted
    search = ("doveadm", "search", "-u", f"hoatt@{DOMAIN}", "header", "message-id", message["Message-ID"])
    poll(lambda: site.on_mail(*search, check=False).strip(), "mail to the old address")


def test_after_its_last_day_the_old_address_is_refused_and_stays_with_its_holder(
    office: Office, outside: Outside
) -> None:
    office.staff["P1"] = HOA
    office.sync(RENAMED_ON)
    office.sync(LAST_DAY)
    assert accepts(outside, "lannt") == 250
    assert office.sync(NEXT_DAY).changed == 1
    assert office.held("P1") == {
        "mail": {"hoatt"},
        "mailLocalAddress": {"hoatt"},
        "congvuFormerAddress": {"lannt"},
    }
    assert (accepts(outside, "lannt"), accepts(outside, "hoatt")) == (550, 250)
    assert office.sync(NEXT_DAY).operations == ()


@pytest.mark.parametrize("day", [RENAMED_ON, NEXT_DAY], ids=["while it is an alias", "afterwards"])
def test_nobody_else_gets_an_address_that_somebody_had(office: Office, day: date, outside: Outside) -> None:
    office.staff["P1"] = HOA
    office.sync(RENAMED_ON)
    office.sync(day)
    office.staff["P4"] = NAMESAKE
    assert office.sync(day).added == 1
    assert office.held("P4")["mail"] == {"lannt3"}
    assert accepts(outside, "lannt3") == 250


@pytest.mark.parametrize("day", [LAST_DAY, NEXT_DAY], ids=["while it is an alias", "afterwards"])
def test_who_takes_the_old_name_again_gets_the_old_address_back(
    office: Office, day: date, outside: Outside
) -> None:
    office.staff["P1"] = HOA
    office.sync(RENAMED_ON)
    office.sync(day)
    office.staff["P1"] = LAN
    assert office.sync(day).changed == 1
    held = office.held("P1")
    assert held["mail"] == {"lannt"}
    assert held["mailLocalAddress"] == {"hoatt", "lannt"}
    assert "congvuFormerAddress" not in held
    assert (accepts(outside, "lannt"), accepts(outside, "hoatt")) == (250, 250)
    assert office.sync(day).operations == ()
