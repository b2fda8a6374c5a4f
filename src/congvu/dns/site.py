"""What is known of a site: its inventory, its certificates, and the DKIM keys its mail servers have made.

The inventory is read as it is written, without Ansible's templating: what is said here must be literal.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from congvu import strictyaml
from congvu.dns import certificates
from congvu.dns.model import DkimKey, MailHost, Site, StsPolicy
from congvu.dns.names import ascii_name
from congvu.errors import SettingsError

GROUP = "mail_servers"
WEB_NAMES = ("mta-sts", "autoconfig", "autodiscover")
STS_MODES = ("testing", "enforce", "none")
DMARC_POLICIES = ("none", "quarantine", "reject")
_WEEK = 7 * 86400
_MOST_AGE = 31557600
"""Seconds, a year (RFC 8461, 3.2)."""


class Host(Protocol):
    """What is read of a host of an inventory."""

    @property
    def name(self) -> str:
        """As the inventory calls it."""

    @property
    def groups(self) -> Sequence[str]:
        """The groups it is in."""

    @property
    def variables(self) -> Mapping[str, Any]:
        """As they are written."""


@dataclass(frozen=True, slots=True)
class _DkimFile:
    version: int
    domains: Mapping[str, tuple[DkimKey, ...]]


def gather(hosts: Iterable[Host], folder: Path) -> Site:
    """The facts of a site; `folder` is its inventory, below which the DKIM keys lie unless it says where.

    Raises `SettingsError` naming host and variable.
    """
    servers = [_Variables(host) for host in hosts if GROUP in host.groups]
    if not servers:
        raise SettingsError(f"no host is in the group {GROUP}", where=str(folder))
    first = servers[0]
    domains = _distinct(ascii_name(one) for each in servers for one in each.words("mail_domains"))
    if not domains:
        raise SettingsError("the inventory does not set 'mail_domains'", where=first.where)
    members = tuple(_mail_host(each) for each in servers)
    return Site(
        domains=domains,
        hosts=members,
        client_host=ascii_name(first.word("dns_client_host", members[0].fqdn)),
        dkim=_dkim(servers, folder),
        former_domains=_distinct(ascii_name(one) for one in first.words("dns_former_domains")),
        web_names=tuple(first.choice("dns_web_names", one, WEB_NAMES) for one in _web_names(first)),
        sts=StsPolicy(
            first.choice("dns_mta_sts_mode", first.word("dns_mta_sts_mode", "testing"), STS_MODES),
            first.number("dns_mta_sts_max_age", _WEEK, _MOST_AGE),
        ),
        dmarc_policy=first.choice("dns_dmarc_policy", first.word("dns_dmarc_policy", "none"), DMARC_POLICIES),
        dmarc_reports=first.word("dns_dmarc_reports", "dmarc"),
        tls_reports=first.word("dns_tls_reports", "tlsrpt"),
        spf_also=first.words("dns_spf_also"),
        caa=first.words("dns_caa"),
    )


class _Variables:
    """A host's variables, each checked as it is read."""

    def __init__(self, host: Host) -> None:
        self.name, self.where, self._all = host.name, f"host {host.name}", host.variables

    def word(self, key: str, default: str | None = None) -> str:
        value = self._all.get(key, default)
        if value is None:
            raise SettingsError(f"the inventory does not set {key!r}", where=self.where)
        return self._literal(key, value)

    def words(self, key: str) -> tuple[str, ...]:
        value = self._all.get(key, [])
        if not isinstance(value, list):
            raise self._wrong(key, f"{value!r} is not a list")
        return tuple(self._literal(key, one) for one in value)

    def has(self, key: str) -> bool:
        return key in self._all

    def number(self, key: str, default: int, most: int) -> int:
        value = self._all.get(key, default)
        if not isinstance(value, int) or not 0 <= value <= most:
            raise self._wrong(key, f"{value!r} is no number of 0 to {most}")
        return value

    def choice(self, key: str, value: str, among: Sequence[str]) -> str:
        if value not in among:
            raise self._wrong(key, f"{value!r} is none of {', '.join(among)}")
        return value

    def _literal(self, key: str, value: Any) -> str:
        if not isinstance(value, str | int) or "{{" in str(value):
            raise SettingsError(
                f"{key}: {value!r} is no plain value",
                where=self.where,
                hint="the records are made from the inventory as it is written: write the value out",
            )
        return str(value)

    def _wrong(self, key: str, message: str) -> SettingsError:
        return SettingsError(f"{key}: {message}", where=self.where)


def _mail_host(variables: _Variables) -> MailHost:
    fqdn = ascii_name(variables.word("bootstrap_fqdn"))
    addresses = variables.words("dns_addresses")
    if not addresses:
        addresses = tuple(filter(_is_address, [variables.word("ansible_host", "")]))
    for one in addresses:
        if not _is_address(one):
            raise SettingsError(f"dns_addresses: {one!r} is no address", where=variables.where)
    return MailHost(
        fqdn, addresses, _keys(variables, addresses), variables.number("dns_mx_preference", 10, 65535)
    )


def _keys(variables: _Variables, addresses: Sequence[str]) -> tuple[str, ...]:
    """Of the certificate that is deployed from here, or else of the one the server shows; and of the next."""
    deployed = variables.has("tls_certificate_src") and variables.word("tls_source", "files") == "files"
    if deployed:
        file = Path(variables.word("tls_certificate_src"))
        now = [certificates.of_file(file)] if file.exists() else []
    else:
        now = [key for key in map(certificates.of_server, addresses[:1]) if key]
    coming = [certificates.of_file(Path(path)) for path in variables.words("dns_next_certificates")]
    return _distinct([*now, *coming])


def _is_address(text: str) -> bool:
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return True


def _web_names(variables: _Variables) -> tuple[str, ...]:
    return variables.words("dns_web_names") if variables.has("dns_web_names") else WEB_NAMES


def _dkim(servers: Sequence[_Variables], folder: Path) -> dict[str, tuple[DkimKey, ...]]:
    """The keys of all servers by domain, from the file that each server's deployment left."""
    found: dict[str, tuple[DkimKey, ...]] = {}
    for each in servers:
        path = Path(each.word("dkim_records_directory", str(folder / "dkim"))) / f"{each.name}.yml"
        if path.exists():
            for domain, keys in strictyaml.load(path, _DkimFile, SettingsError, version=1).domains.items():
                found[ascii_name(domain)] = (*found.get(ascii_name(domain), ()), *keys)
    return found


def _distinct(values: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(values))
