"""The settings file of the sync: the directory, the mail domains and their sources, and where records go."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from congvu import strictyaml
from congvu.directory.model import Layout
from congvu.directory.settings import DirectorySettings
from congvu.errors import SettingsError
from congvu.policy.values import DomainName

VERSION = 1
"""The version of the settings file that this package reads."""


class Attribute(StrEnum):
    """What a further list of a domain may decide about a person."""

    NAME = "name"
    """All parts of the name."""
    UNIT = "unit"
    POSITION = "position"
    PHONE = "phone"
    CONTACT_MAIL = "contact_mail"
    EMPLOYMENT = "employment"
    UNTIL = "until"
    """The last day of a guest or of a contract."""
    QUOTA = "quota"
    """With its reason (LD-6.1)."""
    QUOTA_CLASS = "quota_class"
    BIRTH_DATE = "birth_date"
    CITIZEN_ID = "citizen_id"


class Identity(StrEnum):
    """What tells the people of a registry apart."""

    IDS = "ids"
    """The column of ids; a list without it is refused."""
    MATCH = "match"
    """Rows may have no id: name, unit and telephone are compared with the directory's people."""


@dataclass(frozen=True, slots=True)
class Layer:
    """A further list of a domain's people, such as a unit's own."""

    path: Path
    """A list (CSV or XLSX), a mapping file, or a folder with one."""
    attributes: tuple[Attribute, ...]
    """What it decides; a later layer comes before an earlier one."""
    units: tuple[str, ...] = ()
    """Ids of the units whose people it is about; none named: all."""

    def __post_init__(self) -> None:
        if not self.attributes:
            raise ValueError("attributes: names nothing that the list decides")


@dataclass(frozen=True, slots=True)
class DomainSettings:
    """Where one mail domain's rules and people come from."""

    policy: Path
    registry: Path
    """The first layer, which says who exists: a folder, a mapping file, see `congvu.registry.mapping`."""
    identity: Identity = Identity.IDS
    control_total: bool = False
    """Whether each list of staff must end with a control total: one without it was cut off."""
    layers: tuple[Layer, ...] = ()
    overrides: Path | None = None
    """YAML of values that a person set, with author and reason, see `congvu.sync.overrides`."""
    quarantine: Path | None = None
    """CSV file that lists the rows that were set aside, for the office; written by each run."""


@dataclass(frozen=True, slots=True)
class Handover:
    """How initial passwords reach the operator."""

    certificate: Path
    """The operator's certificate, PEM: what is handed over can be read with its key only."""
    folder: Path
    """Where the encrypted files go, one for each run that issued passwords."""


@dataclass(frozen=True, slots=True)
class Settings:
    """The whole file."""

    version: int
    directory: DirectorySettings
    mail_host: str
    """Host that stores new mailboxes, ``mailHost`` of new accounts."""
    state: Path
    """Folder of what is kept between runs: the lock, counts, decisions, the audit log."""
    domains: Mapping[str, DomainSettings]
    feed: Path | None = None
    """Folder of the upper tier's delta files (DL-5.1b); left out: none are written."""
    metrics: Path | None = None
    """File of node_exporter's textfile collector, ``….prom``; left out: none is written."""
    handover: Handover | None = None
    """Left out: no initial passwords are issued."""
    audit: Path | None = None
    """Folder of the audit log; ``audit`` in `state` when left out."""

    def __post_init__(self) -> None:
        if not self.domains:
            raise ValueError("domains: names no mail domain")
        for domain in self.domains:
            DomainName.from_text(domain)
            Layout(self.directory.base, domain)
        if self.metrics and self.metrics.suffix != ".prom":
            raise ValueError("metrics: must end in .prom, the collector reads no other files")

    @property
    def audit_folder(self) -> Path:
        """Where the audit log is."""
        return self.audit or self.state / "audit"

    @property
    def decisions(self) -> Path:
        """The answers to doubts about who is who, see `congvu.sync.decisions`."""
        return self.state / "decisions.jsonl"


def read(path: Path) -> Settings:
    """Read the settings file and look at no other; relative paths in it count from its folder.

    Raises `SettingsError` with ``file:line``.
    """
    return strictyaml.load(path, Settings, SettingsError, version=VERSION)


def load(path: Path) -> Settings:
    """Read the settings file, for a run of the sync.

    Raises `SettingsError` with ``file:line``, also when a certificate or an override file is not there.
    """
    settings = read(path)
    files = {
        "directory.ca_file": settings.directory.ca_file,
        "handover.certificate": settings.handover.certificate if settings.handover else None,
    }
    files |= {f"domains.{name}.overrides": domain.overrides for name, domain in settings.domains.items()}
    for key, file in files.items():
        try:
            there = file is None or file.is_file()
        except OSError as fault:  # a folder above it may not be entered
            raise SettingsError(
                f"{key}: {file}: {fault.strerror}", where=str(path), hint="check the rights of its folders"
            ) from None
        if not there:
            raise SettingsError(f"{key}: there is no file {file}", where=str(path), hint="correct the path")
    return settings
