"""What a resolver answers, held against what should be there: a table of changes and their verdicts."""

from __future__ import annotations

from dataclasses import replace

import pytest

from congvu.dns import compare, records
from congvu.dns.compare import Status, Verdict
from tests.unit.test_dns_records import LAMDONG, SITE

ROOT = f"{LAMDONG}."
MAIL = f"mail.{ROOT}"
GROUPS = (replace(records.groups(SITE)[0], gaps=()),)
PUBLISHED = {
    question: tuple(one.data for one in GROUPS[0].records if (one.name, one.type) == question)
    for question in compare.questions(GROUPS)
}
"""All as it should be."""
SPF, DMARC = "v=spf1 mx ip4:192.0.2.25 -all", f"v=DMARC1; p=quarantine; rua=mailto:dmarc@{LAMDONG}"
KEY = "v=DKIM1; k=rsa; p=MIIB"
STRANGER = "10 mx.ngoai.example."
# What is published otherwise → status, type and what was found of each verdict that is not ok.
CASES: dict[str, tuple[dict[tuple[str, str], tuple[str, ...]], list[tuple[str, str, str]]]] = {
    "all is published": ({}, []),
    "an MX is missing": ({(ROOT, "MX"): (f"10 {MAIL}",)}, [("missing", "MX", "")]),
    "an MX has another preference": (
        {(ROOT, "MX"): (f"30 {MAIL}", f"20 mail2.{ROOT}")}, [("differs", "MX", f"30 {MAIL}")],
    ),
    "an MX leads to a stranger": (
        {(ROOT, "MX"): (f"10 {MAIL}", f"20 mail2.{ROOT}", STRANGER)}, [("extra", "MX", STRANGER)],
    ),
    "all MX lead to a stranger": (
        {(ROOT, "MX"): (STRANGER,)},
        [("missing", "MX", ""), ("missing", "MX", ""), ("extra", "MX", STRANGER)],
    ),
    "SPF is missing, and other texts do not count": (
        {(ROOT, "TXT"): ("google-site-verification=x",)}, [("missing", "TXT", "")],
    ),
    "other texts beside SPF are nobody's concern": ({(ROOT, "TXT"): ("MS=ms1", SPF)}, []),
    "SPF is written in other letters": ({(ROOT, "TXT"): (SPF.upper(),)}, []),
    "SPF lets everybody send": ({(ROOT, "TXT"): ("v=spf1 +all",)}, [("differs", "TXT", "v=spf1 +all")]),
    "there is a second SPF": (
        {(ROOT, "TXT"): (SPF, "v=spf1 a ~all")}, [("extra", "TXT", "v=spf1 a ~all")],
    ),
    "SPF is there twice": ({(ROOT, "TXT"): (SPF, SPF)}, [("extra", "TXT", SPF)]),
    "DMARC is missing": ({(f"_dmarc.{ROOT}", "TXT"): ()}, [("missing", "TXT", "")]),
    "DMARC is written with other blanks": ({(f"_dmarc.{ROOT}", "TXT"): (f"{DMARC.replace(' ', '')};",)}, []),
    "DMARC says less": (
        {(f"_dmarc.{ROOT}", "TXT"): ("v=DMARC1; p=none",)}, [("differs", "TXT", "v=DMARC1; p=none")],
    ),
    "there is a second DMARC": (
        {(f"_dmarc.{ROOT}", "TXT"): (DMARC, "v=DMARC1; p=none")}, [("extra", "TXT", "v=DMARC1; p=none")],
    ),
    "a DKIM key is another": (
        {(f"mail-202611._domainkey.{ROOT}", "TXT"): (KEY.replace("MIIB", "MIIX"),)},
        [("differs", "TXT", "v=DKIM1; k=rsa; p=MIIX")],
    ),
    "a DKIM selector has two keys": (
        {(f"mail-202611._domainkey.{ROOT}", "TXT"): (KEY, "k=rsa; p=MIIX")},
        [("extra", "TXT", "k=rsa; p=MIIX")],
    ),
    "the id of MTA-STS is old": (
        {(f"_mta-sts.{ROOT}", "TXT"): ("v=STSv1; id=1",)}, [("differs", "TXT", "v=STSv1; id=1")],
    ),
    "TLS-RPT is missing": ({(f"_smtp._tls.{ROOT}", "TXT"): ()}, [("missing", "TXT", "")]),
    "TLSA names another key": (
        {(f"_25._tcp.{MAIL}", "TLSA"): (f"3 1 1 {'1' * 64}", f"3 1 1 {'f' * 64}")},
        [("differs", "TLSA", f"3 1 1 {'f' * 64}")],
    ),
    "TLSA names a key too many": (
        {(f"_25._tcp.{MAIL}", "TLSA"): tuple(f"3 1 1 {digit * 64}" for digit in "12f")},
        [("extra", "TLSA", f"3 1 1 {'f' * 64}")],
    ),
    "a service leads elsewhere": (
        {(f"_imaps._tcp.{ROOT}", "SRV"): ("0 1 993 imap.ngoai.example.",)},
        [("differs", "SRV", "0 1 993 imap.ngoai.example.")],
    ),
    "a service that is not offered is not said to be so": (
        {(f"_pop3._tcp.{ROOT}", "SRV"): ()}, [("missing", "SRV", "")],
    ),
    "an address is another": ({(MAIL, "A"): ("203.0.113.9",)}, [("differs", "A", "203.0.113.9")]),
    "an address is too many": (
        {(MAIL, "AAAA"): ("2001:db8::10", "2001:db8::bad")}, [("extra", "AAAA", "2001:db8::bad")],
    ),
    "a CNAME leads elsewhere": (
        {(f"mta-sts.{ROOT}", "CNAME"): ("www.ngoai.example.",)}, [("differs", "CNAME", "www.ngoai.example.")],
    ),
    "a CNAME is missing": (
        {(f"mta-sts.{ROOT}", "CNAME"): ()}, [("missing", "CNAME", "")],
    ),
    "an address in place of a CNAME": (
        {(f"mta-sts.{ROOT}", "CNAME"): (), (f"mta-sts.{ROOT}", "A"): ("192.0.2.10",)}, [],
    ),
    "a wrong address in place of a CNAME": (
        {(f"mta-sts.{ROOT}", "CNAME"): (), (f"mta-sts.{ROOT}", "A"): ("203.0.113.9",)},
        [("differs", "CNAME", "203.0.113.9")],
    ),
    "another authority may issue too": (
        {(ROOT, "CAA"): ('0 issue "letsencrypt.org"', '0 issue "ca.example"')},
        [("extra", "CAA", '0 issue "ca.example"')],
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", CASES)
def test_a_change_gets_its_verdict_and_nothing_else_does(case: str) -> None:
    changes, wanted = CASES[case]
    assert changes.keys() <= PUBLISHED.keys(), "nobody asks for it"
    verdicts = compare.judge(GROUPS, PUBLISHED | changes)
    bad = [(str(one.status), one.type, one.found) for one in verdicts if one.status is not Status.OK]
    assert bad == wanted
    assert all(one.why for one in verdicts)


def test_every_record_gets_a_verdict() -> None:
    verdicts = compare.judge(GROUPS, PUBLISHED)
    assert sorted((one.name, one.type, one.wanted) for one in verdicts) == sorted(
        (one.name, one.type, one.data) for one in GROUPS[0].records
    )


def test_nothing_published_misses_every_record() -> None:
    verdicts = compare.judge(GROUPS, dict.fromkeys(PUBLISHED, ()))
    assert {one.status for one in verdicts} == {Status.MISSING}
    assert len(verdicts) == len(GROUPS[0].records)


def test_an_address_of_the_kind_the_server_lacks_leads_to_a_stranger() -> None:
    host = replace(SITE.hosts[0], addresses=("192.0.2.10",))
    groups = records.groups(replace(SITE, hosts=(host,)))
    answers = {
        question: tuple(one.data for one in groups[0].records if (one.name, one.type) == question)
        for question in compare.questions(groups)
    }
    assert (MAIL, "AAAA") in answers
    bad = compare.judge(groups, answers | {(MAIL, "AAAA"): ("2001:db8::bad",)})
    assert [(one.status, one.found) for one in bad if one.status is not Status.OK] == [
        (Status.EXTRA, "2001:db8::bad")
    ]


def test_what_is_not_known_yet_is_missing() -> None:
    groups = (replace(GROUPS[0], gaps=("no DKIM key yet",)),)
    bad = [one for one in compare.judge(groups, PUBLISHED) if one.status is not Status.OK]
    assert bad == [Verdict(LAMDONG, Status.MISSING, "", "", why="no DKIM key yet")]


def test_questions_that_spf_makes_are_counted_through_what_it_includes() -> None:
    texts = {
        LAMDONG: "v=spf1 mx include:a.vn include:b.vn -all",
        "a.vn": "v=spf1 include:b.vn a mx exists:x.vn ptr -all",
        "b.vn": "v=spf1 ip4:192.0.2.1 a:c.vn redirect=a.vn",
    }
    # mx, include, include | include, a, mx, exists, ptr | a, redirect
    assert [one for one in compare.judge(GROUPS, PUBLISHED, lambda _: texts) if one.status != "ok"] == []
    texts["b.vn"] += " mx"
    (bad,) = [one for one in compare.judge(GROUPS, PUBLISHED, lambda _: texts) if one.status != "ok"]
    assert bad.why.startswith("11 terms make receivers ask the DNS, 10 are allowed")
