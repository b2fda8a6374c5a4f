"""The files of an office and the directory beside it: what a story of nights happens to."""

from __future__ import annotations

import base64
import csv
import io
import re
from collections.abc import Iterable, Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import yaml

from congvu.directory.model import Entry, Layout, dn_key
from congvu.sync import decisions
from congvu.sync.job import Order
from congvu.sync.run import preview
from congvu.sync.settings import Settings, load
from tests.slapd import Slapd
from tests.sync.cases import Hand, Office, Row, listed

DOMAIN = "mau.gov.vn"
"""The office's mail domain (mẫu: a sample)."""
UNIT_COLUMNS = ("unit_id", "name", "kind", "parent_id", "address", "registered_on")
STAFF_COLUMNS = (
    *("staff_id", "surname", "middle_name", "given_name", "unit_id"),
    *("position", "phone", "registered_on", "status"),
)
UNITS: Mapping[str, Row] = {
    "A1": {"name": "Sở Nội vụ", "kind": "department"},
    "A2": {"name": "Trung tâm Lưu trữ", "kind": "centre", "parent_id": "A1"},
    "X1": {"name": "Ủy ban nhân dân xã Cát Tiên", "kind": "commune"},
}


def person(name: str, unit_id: str, position: str = "Chuyên viên", phone: str = "") -> Row:
    """A row of the staff list; `name` is ``họ|đệm|tên``."""
    surname, middle_name, given_name = name.split("|")
    return {
        "surname": surname,
        "middle_name": middle_name,
        "given_name": given_name,
        "unit_id": unit_id,
        "position": position,
        "phone": phone,
    }


STAFF: Mapping[str, Row] = {
    "S1": person("Nguyễn|Văn|An", "A1", phone="0999 000 001"),
    "S2": person("Ngô|Viết|Ân", "X1", "Kế toán", "0999 000 002"),
    "S3": person("Trần|Thị Ngọc|Ánh", "A2", phone="0999 000 003"),
    "S4": person("Lê|Văn|Tú", "A1", "Giám đốc", "0999 000 004"),
}
COMMON = {"registered_on": "2026-01-05"}
RULES: Mapping[str, Any] = {
    "version": 1,
    "regulation": {"number": "1/QĐ", "title": "Quy chế", "issued_by": "Phép thử", "issued_on": "2025-12-01"},
    "person": {
        "address": ["{{ ten }}{{ ho | initials }}{{ dem | initials }}", "{{ base }}{{ n }}"],
        "renamed": {"address": "reissue", "alias_for": "12 months"},
        "quota": {"max": "2G"},
    },
    "unit": {"address": ["{{ name | acronym }}"], "quota": {"max": "2G"}},
}


@dataclass(slots=True)
class Files:
    """One mail domain's tables, policy and settings, as the nights have changed them so far."""

    domain: str
    units: dict[str, dict[str, str]] = field(default_factory=dict)
    staff: dict[str, dict[str, str]] = field(default_factory=dict)
    policy: dict[str, Any] = field(default_factory=lambda: deepcopy(dict(RULES)))
    settings: dict[str, Any] = field(default_factory=dict)
    more: dict[str, str | Mapping[str, str] | None] = field(default_factory=dict)

    def change(self, office: Office) -> None:
        """Take over what a night says."""
        for table, rows, key in (
            (self.units, office.units, "unit_id"),
            (self.staff, office.staff, "staff_id"),
        ):
            for uid, row in rows.items():
                if row is None:
                    del table[uid]
                else:
                    table[uid] = {**(table.get(uid) or {key: uid, **COMMON}), **row}
        _merge(self.policy, office.policy)
        _merge(self.settings, office.settings)
        self.more.update(office.files)

    def write(self, folder: Path, office: Office) -> dict[str, Any]:
        """Write it all into `folder`; returns the domain's section of the settings file."""
        registry = folder / "registry"
        registry.mkdir(parents=True, exist_ok=True)
        tables = {
            "units.csv": table(UNIT_COLUMNS, self.units.values(), {}),
            "staff.csv": table(STAFF_COLUMNS, self.staff.values(), {"status": "working"}),
        }
        for name, content in {**tables, **self.more}.items():
            path = registry / name
            if content is None:
                path.unlink(missing_ok=True)
            elif isinstance(content, str):
                path.write_bytes(content.encode())
            else:
                path.write_bytes(content["text"].encode(content["encoding"]))
        for name, pairs in office.edit.items():
            text = (registry / name).read_bytes().decode()
            for old, new in pairs:
                assert old in text, f"{name} has no {old!r} to edit: {text}"
                text = text.replace(old, new)
            (registry / name).write_bytes(text.encode())
        for name, length in office.cut.items():
            (registry / name).write_bytes((registry / name).read_bytes()[:length])
        policy = folder / f"{self.domain}.yml"
        rules = {**self.policy, "domain": self.policy.get("domain", self.domain)}
        policy.write_text(yaml.safe_dump(rules, allow_unicode=True, sort_keys=False), encoding="utf-8")
        return {"policy": str(policy), "registry": str(registry), **_paths(self.settings, registry)}


def table(columns: Sequence[str], rows: Iterable[Row], usual: Row) -> str:
    """A CSV file of our own columns and of whatever else a row has."""
    rows = list(rows)
    more = dict.fromkeys(name for row in rows for name in row if name not in columns)
    written = io.StringIO()
    sheet = csv.DictWriter(written, (*columns, *more), restval="", lineterminator="\n")
    sheet.writeheader()
    sheet.writerows({**usual, **row} for row in rows)
    return written.getvalue()


def _merge(into: dict[str, Any], changes: Mapping[str, Any]) -> None:
    for name, value in changes.items():
        if value is None:
            into.pop(name, None)
        elif isinstance(value, Mapping) and isinstance(into.get(name), dict):
            _merge(into[name], value)
        else:
            into[name] = deepcopy(value)


def _paths(settings: dict[str, Any], folder: Path) -> dict[str, Any]:
    """File names of a domain's settings, made absolute."""
    made = deepcopy(settings)
    for name in ("overrides", "quarantine"):
        if name in made:
            made[name] = str(folder / made[name])
    for layer in made.get("layers", ()):
        layer["path"] = str(folder / layer["path"])
    return made


class World:
    """An office, and the directory that its sync writes."""

    def __init__(self, server: Slapd, folder: Path) -> None:
        """`folder` is empty; the server's directory holds its seed."""
        self.server, self.folder = server, folder
        office = Files(DOMAIN)
        office.change(Office(units=UNITS, staff=STAFF))
        self.files = {DOMAIN: office}
        self._units = set(UNITS)
        """Ids of all units there ever were."""
        self.more: dict[str, Any] = {}
        """Further keys of the settings file."""

    def layout(self, domain: str = "") -> Layout:
        """Where a mail domain's entries stand."""
        return Layout(self.server.settings.base, domain or DOMAIN)

    def dn(self, who: str) -> str:
        """The DN that ``S1``, ``people/S1``, ``phu.gov.vn/people/S1`` or the first part of a DN means."""
        if who.endswith(self.server.settings.base):
            return who
        if "=" in who or not who:
            return f"{who},{self.layout().dn}".removeprefix(",")
        *rest, uid = who.split("/")
        kind = rest.pop() if rest else "units" if uid in self._units else "people"
        layout = self.layout(rest[0] if rest else "")
        return layout.unit(uid) if kind == "units" else layout.person(uid)

    def write(self, changes: Mapping[str, Office]) -> Settings:
        """Take over what a night says and write all files; returns the settings."""
        sections = {}
        for domain, office in changes.items():
            name = domain or DOMAIN
            self.files.setdefault(name, Files(name)).change(office)
            self._units |= office.units.keys()
            if office.gone:
                del self.files[name]
        for name, files in self.files.items():
            office = changes.get("" if name == DOMAIN else name, Office())
            sections[name] = files.write(self.folder / name, office)
        whole = {
            "version": 1,
            "directory": self.directory(),
            "mail_host": "mail.mau.gov.vn",
            "state": str(self.folder / "state"),
            "domains": sections,
            **self.more,
        }
        self.settings_file.write_text(yaml.safe_dump(whole, allow_unicode=True), encoding="utf-8")
        return load(self.settings_file)

    def directory(self) -> dict[str, Any]:
        """The section of the settings file that names the server."""
        reached = self.server.settings
        (provider,) = reached.providers
        uri = {"uri": provider.uri, "tls_name": provider.tls_name, "start_tls": provider.start_tls}
        return {
            "providers": [uri],
            "bind_dn": reached.bind_dn,
            "password_file": str(reached.password_file),
            "base": reached.base,
            "ca_file": str(reached.ca_file),
        }

    @property
    def settings_file(self) -> Path:
        """What ``--settings`` names."""
        return self.folder / "sync.yml"

    def build_anew(self) -> None:
        """Another directory with the same entries: from a dump, as after a disaster, with another base."""
        folder = self.server.folder
        self.server.kill()
        other = "0,/^entryUUID: /s/^entryUUID: ......../entryUUID: 00000000/"
        self.server.shell(
            f"slapcat -n 1 -F {folder}/slapd.d | sed '{other}' > {folder}/dump; rm -rf {folder}/db; "
            f"cp -a {folder}/seed {folder}/db; rm {folder}/db/*; "
            f"slapadd -q -n 1 -F {folder}/slapd.d -l {folder}/dump; chown -R openldap:openldap {folder}/db"
        )
        self.server.start()

    def decide(self, settings: Settings, today: date, answer: Mapping[str, str]) -> None:
        """Answer the one doubt that has these words, as `congvu sync decide` does."""
        doubts = preview(Order(settings, today, "test")).doubts
        (doubt,) = (one for one in doubts if answer["about"] in str(one))
        now = datetime.now(UTC)
        decision = decisions.answered(doubt, answer["answer"], author="test", reason="asked", now=now)
        decisions.remember(settings.decisions, decision)

    def damage(self, files: Mapping[str, str]) -> None:
        """Put something else into files of the folder of state."""
        for name, text in files.items():
            (self.folder / "state" / name).write_text(text, encoding="utf-8")

    def by_hand(self, hand: Hand) -> None:
        """Do in LDAP, as its administrator, what somebody else does."""
        dn = self.dn(hand.at)
        if hand.delete:
            self.server.root("ldapdelete", "-r", dn)
        elif hand.add:
            self.server.root("ldapmodify", stdin=f"dn: {dn}\nchangetype: add\n{_lines(hand.add)}\n")
        else:
            changes = "".join(
                f"replace: {name}\n{_lines({name: values})}-\n" for name, values in hand.set.items()
            )
            self.server.root("ldapmodify", stdin=f"dn: {dn}\nchangetype: modify\n{changes}\n")

    def tree(self) -> dict[str, Entry]:
        """Everything below the base but services and policies, by `dn_key`, read by OpenLDAP's own tool.

        With ``userPassword``, which the sync cannot read, and ``pwdReset``.
        """
        found = parse_ldif(
            self.server.root(
                "ldapsearch", "-LLL", "-o", "ldif-wrap=no", "-b", self.server.settings.base, "*", "pwdReset"
            )
        )
        own = re.compile(rf"(^|,)ou=(services|policies),{re.escape(self.server.settings.base)}$")
        return {dn_key(entry.dn): entry for entry in found if not own.search(dn_key(entry.dn))}


def parse_ldif(text: str) -> list[Entry]:
    """The entries of LDIF without folded lines, as ``ldapsearch`` writes it (RFC 2849)."""
    entries = []
    for record in text.split("\n\n"):
        attributes: dict[str, list[str]] = {}
        for line in record.splitlines():
            if not line or line.startswith("#"):
                continue
            name, _, value = line.partition(":")
            plain = base64.b64decode(value[1:]).decode() if value.startswith(":") else value.removeprefix(" ")
            attributes.setdefault(name, []).append(plain)
        if attributes:
            (dn,) = attributes.pop("dn")
            entries.append(Entry(dn, {name: tuple(values) for name, values in attributes.items()}))
    return entries


def _lines(attributes: Mapping[str, Any]) -> str:
    return "".join(
        f"{name}:: {base64.b64encode(value.encode()).decode()}\n"
        for name, values in attributes.items()
        for value in listed(values)
    )
