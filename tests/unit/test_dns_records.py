"""The records of a site, from its facts."""

from __future__ import annotations

import subprocess
from dataclasses import replace
from pathlib import Path
from typing import Any

import dns.rdataclass
import dns.rdatatype
import dns.zone
import pytest

from congvu.dns import records, show, spf, sts
from congvu.dns.model import DkimKey, Group, MailHost, Record, Site, StsPolicy
from congvu.dns.names import ascii_name, zone_of
from congvu.errors import SettingsError

GOLDEN = Path(__file__).parent / "data" / "dns" / "lamdong.zone"
POLICY = "version: STSv1\nmode: enforce\nmx: mail.lamdong.gov.vn\nmx: mail2.lamdong.gov.vn\nmax_age: 86400\n"
LAMDONG, FORMER = "lamdong.gov.vn", "dalat.gov.vn"
SITE = Site(
    domains=(LAMDONG,),
    hosts=(
        MailHost("mail.lamdong.gov.vn", ("192.0.2.10", "2001:db8::10"), ("1" * 64, "2" * 64)),
        MailHost("mail2.lamdong.gov.vn", (), (), 20),
    ),
    client_host="mail.lamdong.gov.vn",
    dkim={
        LAMDONG: (
            DkimKey("mail-202611", "v=DKIM1; k=rsa; p=MIIB", signs=True),
            DkimKey("mail-202610", "v=DKIM1; k=rsa; p=MIIA", signs=False),
        )
    },
    sts=StsPolicy("enforce", 86400),
    dmarc_policy="quarantine",
    spf_also=("ip4:192.0.2.25",),
    caa=("letsencrypt.org",),
)


def lines(group: Group) -> list[str]:
    return [f"{one.name} IN {one.type} {one.rdata}" for one in group.records]


def of(site: Site, domain: str) -> Group:
    return next(group for group in records.groups(site) if group.domain == domain)


def test_a_site_has_the_records_that_were_written_by_hand() -> None:
    done = subprocess.run(["sha256sum"], input=POLICY, capture_output=True, text=True, check=True)
    wanted = GOLDEN.read_text().replace("@ID@", done.stdout[:20])
    assert lines(of(SITE, LAMDONG)) == [one for one in wanted.splitlines() if one[0] not in ";$"]


def test_what_is_printed_is_a_zone_that_another_reader_understands() -> None:
    text = f"@ SOA ns hostmaster 1 1 1 1 1\n@ NS ns.lamdong.gov.vn.\n{show.zone_text(records.groups(SITE))}"
    zone = dns.zone.from_text(text, origin=f"{LAMDONG}.", relativize=False)
    found = {(str(name), dns.rdatatype.to_text(data.rdtype)) for name, _, data in zone.iterate_rdatas()}
    wanted = {(one.name, one.type) for one in of(SITE, LAMDONG).records}
    assert found - {(f"{LAMDONG}.", "SOA"), (f"{LAMDONG}.", "NS")} == wanted


def test_each_record_is_printed_below_what_it_is_for() -> None:
    text = show.zone_text(records.groups(SITE)).splitlines()
    for one in of(SITE, LAMDONG).records:
        above = text[: text.index(f"{one.name} IN {one.type} {one.rdata}")]
        assert next(line for line in reversed(above) if line.startswith("; ")) == f"; {one.why}"


def test_what_is_not_known_yet_is_said() -> None:
    gaps = of(replace(SITE, dkim={}), LAMDONG).gaps
    assert [words.partition(":")[0] for words in gaps] == [
        "no DKIM key yet",
        "no address of mail2.lamdong.gov.vn is known",
        "no certificate of mail2.lamdong.gov.vn is there yet (tls_certificate_src)",
    ]
    assert "; MISSING: no DKIM key yet" in show.zone_text(records.groups(replace(SITE, dkim={})))


@pytest.mark.parametrize("octet", ["x", '"', "\\", "é"])
@pytest.mark.parametrize("length", [0, 1, 254, 255, 256, 700])
def test_a_long_text_is_split_and_another_reader_puts_it_together(length: int, octet: str) -> None:
    record = Record("a.", "TXT", octet * length, "")
    read: Any = dns.rdata.from_text(dns.rdataclass.IN, dns.rdatatype.TXT, record.rdata)
    assert b"".join(read.strings) == (octet * length).encode()
    assert all(len(one) <= 255 for one in read.strings)


def test_a_former_domain_takes_and_sends_mail_and_sets_up_no_mail_program() -> None:
    site = replace(SITE, former_domains=(FORMER,))
    kinds = [one.name.removesuffix(f"{FORMER}.") or one.type for one in of(site, FORMER).records]
    assert kinds == ["MX", "MX", "TXT", "_dmarc.", "_smtp._tls.", "CAA"]


def test_a_site_without_web_names_has_no_policy_and_no_settings_to_fetch() -> None:
    names = {one.name for one in of(replace(SITE, web_names=()), LAMDONG).records}
    assert not any("sts" in name or "auto" in name for name in names)
    assert "_imaps._tcp.lamdong.gov.vn." in names


def test_a_mail_server_in_no_mail_domain_is_told_of_apart() -> None:
    host = MailHost("mx.trungtam.vn", ("192.0.2.10",), ("1" * 64,))
    site = replace(SITE, hosts=(host,), client_host=host.fqdn)
    assert [group.domain for group in records.groups(site)] == [LAMDONG, "trungtam.vn"]
    assert [one.type for one in of(site, "trungtam.vn").records] == ["A", "TXT", "TLSA"]


def test_reports_for_one_address_need_a_permission_in_its_domain() -> None:
    site = replace(SITE, domains=(LAMDONG, "daklak.gov.vn"), dmarc_reports=f"dmarc@{LAMDONG}")
    dmarc = next(one for one in of(site, "daklak.gov.vn").records if one.name.startswith("_dmarc"))
    assert dmarc.data.endswith("rua=mailto:dmarc@lamdong.gov.vn")
    permissions = [one for one in of(site, LAMDONG).records if "_report" in one.name]
    assert [(one.name, one.data) for one in permissions] == [
        ("daklak.gov.vn._report._dmarc.lamdong.gov.vn.", "v=DMARC1")
    ]


def test_the_id_of_the_policy_changes_with_the_policy_and_only_then() -> None:
    exchangers = ("b.vn", "a.vn")
    one = sts.identifier(StsPolicy("testing", 86400), exchangers)
    assert one == sts.identifier(StsPolicy("testing", 86400), exchangers[::-1])
    others = {
        sts.identifier(StsPolicy("enforce", 86400), exchangers),
        sts.identifier(StsPolicy("testing", 86401), exchangers),
        sts.identifier(StsPolicy("testing", 86400), exchangers[:1]),
    }
    assert len(others | {one}) == 4
    assert one.isalnum()
    assert len(one) <= 32  # RFC 8461, 3.1


@pytest.mark.parametrize(
    ("also", "text"),
    [
        ((), "v=spf1 mx -all"),
        (("ip4:192.0.2.0/24", "ip6:2001:db8::/32"), "v=spf1 mx ip4:192.0.2.0/24 ip6:2001:db8::/32 -all"),
        (("include:_spf.vnpt.vn", "a:relay.vnpt.vn"), "v=spf1 mx include:_spf.vnpt.vn a:relay.vnpt.vn -all"),
        (("?exists:%{i}.vnpt.vn",), "v=spf1 mx ?exists:%{i}.vnpt.vn -all"),
        (tuple(f"ip4:192.0.2.{n}" for n in range(40)), None),
        (tuple(f"a:h{n}.vn" for n in range(9)), None),
    ],
)
def test_who_else_sends_is_added_to_spf(also: tuple[str, ...], text: str | None) -> None:
    assert spf.record(also) == (text or " ".join(["v=spf1 mx", *also, "-all"]))


@pytest.mark.parametrize(
    ("also", "words"),
    [
        (("192.0.2.1",), "'192.0.2.1' is no mechanism"),
        (("all",), "'all' is no mechanism"),
        (("ip4:192.0.2.1 +all",), "is no mechanism"),
        (("ptr",), "'ptr' is no mechanism"),  # RFC 7208, 5.5: do not use it
        (tuple(f"include:s{n}.vn" for n in range(10)), "11 terms ask the DNS, 10 are allowed"),
    ],
)
def test_what_would_spoil_spf_is_refused(also: tuple[str, ...], words: str) -> None:
    with pytest.raises(SettingsError, match=words):
        spf.record(also)


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("LamDong.gov.vn.", "lamdong.gov.vn"),
        ("bücher.vn", "xn--bcher-kva.vn"),  # RFC 3492's best known example
        ("_25._tcp.mail.vn", "_25._tcp.mail.vn"),
    ],
)
def test_a_name_is_written_as_the_dns_has_it(text: str, name: str) -> None:
    assert ascii_name(text) == name


@pytest.mark.parametrize(
    "text", ["", "a..vn", "a b.vn", "-a.vn", "a" * 64 + ".vn", "a." * 127 + "vn", 'a".vn', "{{ x }}"]
)
def test_what_is_no_name_is_refused(text: str) -> None:
    with pytest.raises(SettingsError, match="is no domain name"):
        ascii_name(text)


def test_a_name_belongs_to_the_nearest_domain() -> None:
    domains = ("gov.vn", "daklak.gov.vn", "doj.daklak.gov.vn")
    assert zone_of("mail.doj.daklak.gov.vn", domains) == "doj.daklak.gov.vn"
    assert zone_of("daklak.gov.vn", domains) == "daklak.gov.vn"
    assert zone_of("xdaklak.gov.vn", domains) == "gov.vn"
    assert zone_of("mx.vnpt.vn", domains) == "vnpt.vn"
