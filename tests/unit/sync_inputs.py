"""What tests of the sync's inputs share: a site of one or more domains, and a directory with accounts."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from pathlib import Path

import pytest

from congvu.directory.model import Entry, Layout, Snapshot
from congvu.errors import RegistryError
from congvu.sync.gathered import Gathered
from congvu.sync.settings import Settings, load
from congvu.sync.sources import gather
from tests.unit.helpers import BASE, ROOT

DOMAIN = "lamdong.gov.vn"
POLICY = ROOT / "inventory/policy/lamdong.gov.vn.yml"
TODAY = date(2026, 11, 22)
SETTINGS = """\
version: 1
directory:
  providers:
    - {uri: ldap://192.0.2.1, start_tls: true}
  bind_dn: cn=sync,ou=services,dc=gov,dc=vn
  password_file: sync.password
  base: dc=gov,dc=vn
mail_host: mail.lamdong.gov.vn
state: state
domains:
"""


def site(folder: Path, domains: Mapping[str, str]) -> Settings:
    """Settings of some mail domains; the text is what stands under ``domains.<domain>``, one key a line."""
    lines = (
        f"  {domain}:\n" + "".join(f"    {line}\n" for line in text.splitlines())
        for domain, text in domains.items()
    )
    path = folder / "sync.yml"
    path.write_text(SETTINGS + "".join(lines), encoding="utf-8")
    return load(path)


def one(folder: Path, more: str = "", policy: Path = POLICY) -> Settings:
    """Settings of one domain whose registry is the folder ``registry``."""
    return site(folder, {DOMAIN: f"policy: {policy}\nregistry: registry\n{more}"})


def gathered(settings: Settings) -> Gathered:
    """What the settings' files say today."""
    return gather(settings, today=TODAY)


def refused(settings: Settings) -> list[str]:
    """The problems for which the settings' files are refused."""
    with pytest.raises(RegistryError) as caught:
        gathered(settings)
    return list(caught.value.problems)


def account(staff_id: str, name: str, unit: str, phone: str = "", state: str = "active") -> Entry:
    """A person's account as the directory has it; `unit` is its id."""
    return Entry.build(
        Layout(BASE, DOMAIN).person(staff_id),
        ("inetOrgPerson", "congvuAccount"),
        {
            "uid": staff_id,
            "cn": name,
            "departmentNumber": unit,
            "ou": f"Đơn vị {unit}",
            "telephoneNumber": phone,
            "congvuState": state,
        },
    )


def directory(*accounts: Entry) -> Snapshot:
    """A directory with these accounts."""
    return Snapshot.of(BASE, accounts)
