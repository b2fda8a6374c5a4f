"""The records that a site's facts make. Pure: the same facts give the same records, in the same order."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator

from congvu.dns import spf, sts
from congvu.dns.model import Group, MailHost, Record, Site
from congvu.dns.names import absolute, zone_of

_SERVICES = (
    ("_submissions", 0, 465, "mail programs send over TLS (RFC 8314)"),
    ("_submission", 10, 587, "mail programs send with STARTTLS (RFC 6186)"),
    ("_imaps", 0, 993, "mail programs read over TLS (RFC 8314)"),
    ("_imap", 10, 143, "mail programs read with STARTTLS (RFC 6186)"),
    ("_sieve", 0, 4190, "mail programs edit filters (RFC 5804)"),
)
_NOT_OFFERED = (("_pop3s", "POP3 over TLS"), ("_pop3", "POP3"))
_WEB = {
    "mta-sts": "the MTA-STS policy is fetched here over HTTPS (RFC 8461)",
    "autoconfig": "Thunderbird and others fetch their settings here",
    "autodiscover": "Outlook fetches its settings here",
}


def groups(site: Site) -> tuple[Group, ...]:
    """All records, by domain: mail domains first, then domains that only hold a mail server."""
    everywhere = (*site.domains, *site.former_domains)
    made: dict[str, list[Record]] = {domain: [] for domain in everywhere}
    gaps: dict[str, list[str]] = {domain: [] for domain in everywhere}
    for domain in everywhere:
        made[domain] += _of_domain(site, domain)
        if not site.dkim.get(domain):
            gaps[domain].append("no DKIM key yet: deploy the mail servers, which make their keys")
        if site.client_host not in {host.fqdn for host in site.hosts} and domain in site.domains:
            gaps[domain].append(f"{site.client_host} (dns_client_host) is no mail server of this site")
    for host in site.hosts:
        zone = zone_of(host.fqdn, everywhere)
        made.setdefault(zone, []).extend(_of_host(host))
        gaps.setdefault(zone, []).extend(_gaps_of_host(host))
    for record in _report_permissions(site):
        made[zone_of(record.name.removesuffix("."), everywhere)].append(record)
    return tuple(Group(domain, tuple(made[domain]), tuple(gaps[domain])) for domain in made)


def _of_domain(site: Site, domain: str) -> Iterator[Record]:
    root = absolute(domain)
    for host in site.hosts:
        data = f"{host.preference} {absolute(host.fqdn)}"
        yield Record(root, "MX", data, "mail to the domain is delivered to this server")
    yield Record(root, "TXT", spf.record(site.spf_also), "SPF: who sends for the domain; all else is refused")
    for key in site.dkim.get(domain, ()):
        state = "the key that signs" if key.signs else "a key that does not sign, not yet or no more"
        yield Record(
            absolute(domain, key.selector, "_domainkey"), "TXT", key.record, f"DKIM: {state} (RFC 6376)"
        )
    yield _dmarc(site, domain)
    yield Record(
        absolute(domain, "_smtp", "_tls"),
        "TXT",
        f"v=TLSRPTv1; rua=mailto:{_address(site.tls_reports, domain)}",
        "TLS-RPT: where senders report failed TLS (RFC 8460)",
    )
    if domain in site.domains:
        yield from _for_web(site, domain)
        yield from _for_clients(site, domain)
    for authority in site.caa:
        yield Record(
            root, "CAA", f'0 issue "{authority}"', "only this authority issues certificates (RFC 8659)"
        )


def _dmarc(site: Site, domain: str) -> Record:
    data = f"v=DMARC1; p={site.dmarc_policy}; rua=mailto:{_address(site.dmarc_reports, domain)}"
    does = {"none": "nothing yet but reports", "quarantine": "into the junk folder", "reject": "refused"}
    why = f"DMARC: what becomes of mail that is neither by SPF nor by DKIM ours: {does[site.dmarc_policy]}"
    return Record(absolute(domain, "_dmarc"), "TXT", data, why)


def _for_web(site: Site, domain: str) -> Iterator[Record]:
    if "mta-sts" in site.web_names:
        number = sts.identifier(site.sts, (host.fqdn for host in site.hosts))
        why = f"MTA-STS: there is a policy, mode {site.sts.mode}; the id changes with it (RFC 8461)"
        yield Record(absolute(domain, "_mta-sts"), "TXT", f"v=STSv1; id={number}", why)
    for name in site.web_names:
        yield Record(absolute(domain, name), "CNAME", absolute(site.client_host), _WEB[name])


def _for_clients(site: Site, domain: str) -> Iterator[Record]:
    target = absolute(site.client_host)
    for service, priority, port, why in _SERVICES:
        yield Record(absolute(domain, service, "_tcp"), "SRV", f"{priority} 1 {port} {target}", why)
    for service, what in _NOT_OFFERED:
        why = f"{what} is not offered (RFC 6186, 3.4)"
        yield Record(absolute(domain, service, "_tcp"), "SRV", "0 0 0 .", why)
    if "autodiscover" in site.web_names:
        why = "Outlook asks here when the name autodiscover leads nowhere"
        yield Record(absolute(domain, "_autodiscover", "_tcp"), "SRV", f"0 1 443 {target}", why)


def _of_host(host: MailHost) -> Iterator[Record]:
    root = absolute(host.fqdn)
    for address in host.addresses:
        kind = "A" if ipaddress.ip_address(address).version == 4 else "AAAA"
        why = "the mail server; who gives out the address must enter this name as its reverse name (PTR)"
        yield Record(root, kind, address, why)
    yield Record(root, "TXT", "v=spf1 a -all", "SPF of the name the server says in HELO (RFC 7208, 10.1.3)")
    for place, key in enumerate(host.keys):
        which = "the key of the certificate" if not place else "the key of the next certificate"
        why = f"DANE: {which}; counts once the zone is signed with DNSSEC (RFC 7672)"
        yield Record(absolute(host.fqdn, "_25", "_tcp"), "TLSA", f"3 1 1 {key}", why)


def _gaps_of_host(host: MailHost) -> Iterator[str]:
    if not host.addresses:
        yield f"no address of {host.fqdn} is known: set dns_addresses for the host"
    if not host.keys:
        yield f"no certificate of {host.fqdn} is there yet (tls_certificate_src): no TLSA record"


def _report_permissions(site: Site) -> Iterator[Record]:
    """One of our domains says that it takes the DMARC reports of the others (RFC 7489, 7.1)."""
    receiver = site.dmarc_reports.partition("@")[2]
    everywhere = (*site.domains, *site.former_domains)
    for domain in everywhere if receiver in everywhere else ():
        if domain != receiver:
            name = absolute(receiver, domain, "_report", "_dmarc")
            yield Record(name, "TXT", "v=DMARC1", f"reports about {domain} are wanted here (RFC 7489, 7.1)")


def _address(reports: str, domain: str) -> str:
    return reports if "@" in reports else f"{reports}@{domain}"
