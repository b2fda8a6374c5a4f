"""Wanted and diff together: what an entry holds, what is kept, and what is not touched (in memory)."""

from __future__ import annotations

import dataclasses
from datetime import date
from pathlib import Path

import pytest

from congvu import registry as registries
from congvu.directory.inspect import ATTRIBUTES, inspect
from congvu.directory.model import Entry, Layout, Snapshot
from congvu.directory.operations import Add, Change, DomainPlan, Event, Modify, level
from congvu.directory.plans import plan_all
from congvu.directory.wanted import Task, telephone
from congvu.directory.wanted.compare import OWNED
from congvu.errors import DirectoryFailure
from congvu.policy import Policy
from congvu.policy.model import Employment, OrgType, Quota
from congvu.policy.values import DomainName, Size
from congvu.registry import Registry, Status
from tests.unit.helpers import BASE, Tree
from tests.unit.office import HOST, TODAY, Office, carry_out, changed, cited, without

LD = Layout(BASE, "lamdong.gov.vn")


@pytest.fixture
def registry(folder: Path) -> Registry:
    return registries.read(folder)


@pytest.fixture
def office(lamdong: Policy) -> Office:
    return Office(lamdong, cited("lamdong.gov.vn"))


def changes_of(plan: DomainPlan) -> dict[str, tuple[str, ...]]:
    """What the one operation of `plan` changes."""
    (step,) = plan.operations
    assert isinstance(step, Modify)
    return {change.attribute: change.after for change in step.changes}


def test_an_empty_directory_is_filled_in_an_order_that_can_be_added(
    office: Office, registry: Registry
) -> None:
    done = office.run(registry)
    assert (done.added, done.changed, done.unchanged, done.in_use) == (6, 0, 0, 0)
    assert [operation.dn for operation in done.operations] == [
        "dc=lamdong,dc=gov,dc=vn",
        "ou=units,dc=lamdong,dc=gov,dc=vn",
        "ou=people,dc=lamdong,dc=gov,dc=vn",
        "uid=A1,ou=units,dc=lamdong,dc=gov,dc=vn",
        "uid=X1,ou=units,dc=lamdong,dc=gov,dc=vn",
        "uid=A2,ou=units,dc=lamdong,dc=gov,dc=vn",  # below A1
        "uid=S1,ou=people,dc=lamdong,dc=gov,dc=vn",
        "uid=S2,ou=people,dc=lamdong,dc=gov,dc=vn",
        "uid=S3,ou=people,dc=lamdong,dc=gov,dc=vn",
    ]
    domain = office.found.get(LD.dn)
    assert domain
    assert domain.attributes == {
        "objectClass": ("domain", "domainRelatedObject", "congvuDomain"),
        "dc": ("lamdong",),
        "associatedDomain": ("lamdong.gov.vn",),
    }


def test_a_person_is_written_as_the_layout_says(office: Office, registry: Registry) -> None:
    office.run(registry)
    assert office.entry("S1").attributes == {
        "objectClass": ("inetOrgPerson", "inetLocalMailRecipient", "congvuAccount"),
        "uid": ("S1",),
        "employeeNumber": ("S1",),
        "cn": ("Nguyễn Văn An",),
        "displayName": ("Nguyễn Văn An",),
        "sn": ("Nguyễn",),
        "givenName": ("An",),
        "title": ("Chuyên viên",),
        "ou": ("Sở Khoa học và Công nghệ",),
        "departmentNumber": ("A1",),
        "telephoneNumber": ("0999 000 001",),
        "mail": ("annv@lamdong.gov.vn",),
        "mailLocalAddress": ("annv@lamdong.gov.vn",),
        "mailHost": (HOST,),
        "congvuState": ("initial",),
        "congvuQuota": ("2147483648",),
        "congvuIssued": ("20261122000000Z",),
        "congvuIssuedFor": ("Nguyễn|Văn|An||skhcn|skhcn|",),
        "congvuSearch": ("nguyen van an so khoa hoc va cong nghe annv",),
    }


def test_a_unit_is_written_as_the_layout_says(office: Office, registry: Registry) -> None:
    office.run(changed(registry, "A2", head_id="S3"))
    assert office.entry("A2").attributes == {
        "objectClass": ("organizationalUnit", "inetLocalMailRecipient", "congvuAccount"),
        "uid": ("A2",),
        "ou": ("Trung tâm Quản lý Cổng thông tin điện tử",),
        "cn": ("Trung tâm Quản lý Cổng thông tin điện tử",),
        "displayName": ("Trung tâm Quản lý Cổng thông tin điện tử",),
        "mail": ("ttqlcttdt@lamdong.gov.vn",),
        "mailLocalAddress": ("ttqlcttdt@lamdong.gov.vn",),
        "mailHost": (HOST,),
        "congvuState": ("initial",),
        "congvuQuota": ("2147483648",),
        "congvuIssued": ("20261122000000Z",),
        "congvuIssuedFor": ("Trung tâm Quản lý Cổng thông tin điện tử||skhcn|centre",),
        "congvuSearch": ("trung tam quan ly cong thong tin dien tu ttqlcttdt",),
        "congvuParent": ("uid=A1,ou=units,dc=lamdong,dc=gov,dc=vn",),
        "congvuHead": ("uid=S3,ou=people,dc=lamdong,dc=gov,dc=vn",),
    }


def test_who_has_no_surname_gets_the_given_name_as_sn(office: Office, registry: Registry) -> None:
    office.run(changed(registry, "S1", surname="", middle_name="", given_name="K'Brêu"))
    found = office.entry("S1")
    assert (found.value("sn"), found.value("cn"), found.value("mail")) == (
        "K'Brêu",
        "K'Brêu",
        "kbreu@lamdong.gov.vn",
    )


def test_an_issued_address_is_never_computed_again(office: Office, registry: Registry) -> None:
    office.run(registry)
    assert office.run(changed(registry, "S1", registered_on=date(2030, 1, 1))).operations == ()


def test_who_has_another_name_gets_another_address_and_keeps_the_old_for_a_year(
    office: Office, registry: Registry
) -> None:
    office.run(registry)
    renamed = changed(registry, "S1", surname="Lê")
    assert changes_of(office.run(renamed)) == {
        "cn": ("Lê Văn An",),
        "displayName": ("Lê Văn An",),
        "sn": ("Lê",),
        "mail": ("anlv@lamdong.gov.vn",),
        "mailLocalAddress": ("annv@lamdong.gov.vn", "anlv@lamdong.gov.vn"),
        "congvuAliasUntil": ("annv@lamdong.gov.vn 20271122",),
        "congvuIssuedFor": ("Lê|Văn|An||skhcn|skhcn|",),
        "congvuSearch": ("le van an so khoa hoc va cong nghe anlv",),
    }
    office.today = date(2027, 11, 22)  # the last day
    assert office.plan(renamed).operations == ()
    office.today = date(2027, 11, 23)
    done = office.run(renamed)
    assert changes_of(done) == {
        "mailLocalAddress": ("anlv@lamdong.gov.vn",),
        "congvuAliasUntil": (),
        "congvuFormerAddress": ("annv@lamdong.gov.vn",),
    }
    assert done.operations[0].reason.event is Event.ADDRESS


def test_a_new_address_bears_its_own_day_of_issue(office: Office, registry: Registry) -> None:
    office.run(registry)
    office.today = date(2027, 3, 1)
    office.run(changed(registry, "S1", position="Phó phòng"))
    assert office.entry("S1").value("congvuIssued") == "20261122000000Z"
    office.run(changed(registry, "S1", surname="Lê"))
    assert office.entry("S1").value("congvuIssued") == "20270301000000Z"


def test_addresses_that_stay_are_not_spelled_anew(office: Office, registry: Registry) -> None:
    office.run(registry)
    spelled = ("GiamDoc@LamDong.gov.vn", "annv@lamdong.gov.vn")
    office.set("S1", mailLocalAddress=spelled)
    assert "mailLocalAddress" not in changes_of(office.run(changed(registry, "S1", given_name="Ẩn")))
    assert office.entry("S1").values("mailLocalAddress") == spelled


def test_a_former_address_goes_to_nobody_else(office: Office, registry: Registry) -> None:
    office.run(registry)
    office.set("S3", congvuFormerAddress="annv3@lamdong.gov.vn")
    namesake = dataclasses.replace(registry.staff[0], staff_id="S9")
    office.run(dataclasses.replace(registry, staff=(*registry.staff, namesake)))
    assert office.entry("S9").value("mail") == "annv4@lamdong.gov.vn"


def test_an_account_of_before_the_ledger_learns_what_its_address_was_formed_from(
    office: Office, registry: Registry
) -> None:
    office.run(registry)
    office.set("S1", congvuIssuedFor=())
    assert changes_of(office.run(registry)) == {"congvuIssuedFor": ("Nguyễn|Văn|An||skhcn|skhcn|",)}


def test_a_name_in_one_piece_is_written_in_parts_where_it_has_one_reading(
    registry: Registry, quangtri: Policy
) -> None:
    office = Office(quangtri)
    whole = {"surname": "", "middle_name": "", "given_name": ""}
    office.run(changed(registry, "S1", **whole, written_name="Nguyễn Văn An"))
    assert (office.entry("S1").value("sn"), office.entry("S1").value("givenName")) == ("Nguyễn", "An")
    office = Office(quangtri)
    done = office.run(changed(registry, "S1", **whole, written_name="Y Blŏ Niê"))
    assert (office.entry("S1").value("sn"), office.entry("S1").values("givenName")) == ("Y Blŏ Niê", ())
    assert "several readings" in done.findings[0]


def test_a_move_between_units_keeps_dn_and_address(office: Office, registry: Registry) -> None:
    office.run(registry)
    assert changes_of(office.run(changed(registry, "S1", unit_id="X1"))) == {
        "ou": ("Ủy ban nhân dân xã Cát Tiên",),
        "departmentNumber": ("X1",),
        "congvuIssuedFor": ("Nguyễn|Văn|An||ubndcattien|ubndcattien|",),
        "congvuSearch": ("nguyen van an uy ban nhan dan xa cat tien annv",),
    }


def test_words_to_search_by_that_an_older_version_left_out_come_with_the_next_run(
    office: Office, registry: Registry
) -> None:
    office.run(registry)
    office.set("S1", congvuSearch=())
    (step,) = office.run(registry).operations
    assert (step.reason.event, step.reason.text) == (Event.DETAILS, "the words it is searched by")
    assert office.entry("S1").value("congvuSearch") == "nguyen van an so khoa hoc va cong nghe annv"
    assert office.run(registry).operations == ()


def test_a_phone_that_goes_is_removed(office: Office, registry: Registry) -> None:
    office.run(registry)
    (step,) = office.run(changed(registry, "S1", phone="")).operations
    assert isinstance(step, Modify)
    assert step.changes == (Change("telephoneNumber", ("0999 000 001",), ()),)


def test_a_new_quota_touches_nothing_but_the_quota(office: Office, registry: Registry) -> None:
    office.run(registry)
    person = dataclasses.replace(office.policy.person, quota=Quota(max=Size.from_text("3G")))
    office.policy = dataclasses.replace(office.policy, person=person)
    done = office.run(registry)
    assert (done.added, done.changed, done.unchanged) == (0, 3, 3)
    assert {change for step in done.operations if isinstance(step, Modify) for change in step.changes} == {
        Change("congvuQuota", ("2147483648",), ("3221225472",))
    }
    reasons = {(step.reason.event, step.reason.text, step.reason.clause) for step in done.operations}
    assert reasons == {(Event.QUOTA, "mailbox 2G → 3G: the policy's quota", "LD-6.1")}


@pytest.mark.parametrize(
    ("said", "reason"),
    [
        ({"employment": Employment.GUEST}, "the regulation knows no guests"),
        ({"until": date(2026, 11, 21)}, "the last day was 2026-11-21"),
        ({"employment": Employment.CONTRACT}, "people of the kind contract are not named by the regulation"),
    ],
)
def test_who_is_out_of_scope_gets_no_account_and_is_reported(
    office: Office, registry: Registry, said: dict[str, object], reason: str
) -> None:
    done = office.run(changed(registry, "S1", **said))
    assert done.added == 5
    assert done.findings == (f"{registry.staff[0].place}: S1 is out of scope: {reason}",)


def test_who_falls_out_of_scope_is_reported_and_stays(office: Office, registry: Registry) -> None:
    office.run(registry)
    done = office.run(changed(registry, "S1", employment=Employment.GUEST))
    assert done.operations == ()
    assert "S1 is out of scope" in done.findings[0]


def test_who_is_out_of_scope_and_leaves_loses_the_account(office: Office, registry: Registry) -> None:
    office.run(registry)
    office.run(changed(registry, "S1", employment=Employment.GUEST, status=Status.LEFT))
    assert office.entry("S1").value("congvuState") == "revoked"


def test_a_unit_of_the_party_and_its_people_are_out_of_scope(office: Office, registry: Registry) -> None:
    done = office.run(changed(registry, "A1", org_type=OrgType.PARTY))
    # A1, A2 below it, and S1 and S3, who work there
    assert [finding.partition(" is out of scope")[0].rpartition(" ")[2] for finding in done.findings] == [
        "A1",
        "A2",
        "S1",
        "S3",
    ]
    assert done.added == 2


def test_a_special_quota_is_the_registrys(office: Office, registry: Registry) -> None:
    office.run(registry)
    special = changed(registry, "S1", quota=Size.from_text("5G"), quota_reason="họp trực tuyến")
    (step,) = office.run(special).operations
    assert step.reason.text == "mailbox 2G → 5G: họp trực tuyến"
    assert office.entry("S1").value("congvuQuota") == str(5 * 2**30)


def test_a_class_that_the_policy_does_not_know_is_a_problem(office: Office, registry: Registry) -> None:
    (problem,) = office.plan(changed(registry, "S1", quota_class="leader")).problems
    assert "person.quota.classes has no 'leader'" in problem


def test_the_clauses_are_those_of_the_domains_own_regulation(registry: Registry, quangtri: Policy) -> None:
    done = Office(quangtri, cited("quangtri.gov.vn")).plan(registry)
    assert {step.reason.clause for step in done.operations if "uid=S" in step.dn} == {"QT-4.3b, [choice]"}


@pytest.mark.parametrize("state", ["pending", "active", "locked", "suspended"])
def test_states_set_by_others_stay(state: str, office: Office, registry: Registry) -> None:
    office.run(registry)
    office.set("S1", congvuState=state)
    done = office.run(changed(registry, "S1", position="Phó phòng"))
    assert changes_of(done) == {"title": ("Phó phòng",)}


def test_an_entry_that_is_not_ours_is_reported_and_its_address_respected(
    office: Office, registry: Registry
) -> None:
    office.run(without(registry, "S1"))
    theirs = Entry.build(
        LD.person("guest"), ("inetOrgPerson",), {"mail": "AnNV2@lamdong.gov.vn", "congvuState": "?"}
    )
    office.found = office.found.plus([theirs])
    done = office.run(registry)
    assert done.findings == ("uid=guest,ou=people,dc=lamdong,dc=gov,dc=vn: not ours, untouched",)
    assert office.entry("guest") == theirs
    # annv is S2's, annv2 the guest's
    assert office.entry("S1").value("mail") == "annv3@lamdong.gov.vn"


def test_an_entry_in_the_way_that_is_not_ours_is_a_problem(office: Office, registry: Registry) -> None:
    office.run(without(registry, "S1"))
    office.found = office.found.plus(
        [Entry.build("uid=s1, ou=people, " + LD.dn, ("inetOrgPerson",), {"sn": "x"})]
    )
    (problem,) = office.plan(registry).problems
    assert "exists and is not ours" in problem


def test_what_others_put_beside_an_account_stays(office: Office, registry: Registry) -> None:
    office.run(registry)
    office.set(
        "S1",
        mailHost="store2.lamdong.gov.vn",
        mailLocalAddress=("giamdoc@lamdong.gov.vn", "annv@lamdong.gov.vn"),
        description="x",
    )
    assert office.run(registry).operations == ()


def test_an_alias_of_somebody_is_not_issued_to_another(office: Office, registry: Registry) -> None:
    office.run(without(registry, "S1"))
    office.set("S3", mailLocalAddress=("annv2@lamdong.gov.vn", "anhttn@lamdong.gov.vn"))
    office.run(registry)
    assert office.entry("S1").value("mail") == "annv3@lamdong.gov.vn"


def test_a_primary_address_missing_among_all_addresses_is_mended(office: Office, registry: Registry) -> None:
    office.run(registry)
    office.set("S1", mailLocalAddress="giamdoc@lamdong.gov.vn")
    office.run(registry)
    assert office.entry("S1").values("mailLocalAddress") == (
        "giamdoc@lamdong.gov.vn",
        "annv@lamdong.gov.vn",
    )


def test_values_in_another_order_and_dns_written_otherwise_are_the_same(
    office: Office, registry: Registry
) -> None:
    headed = changed(registry, "A2", head_id="S3")
    office.run(headed)
    office.run(changed(headed, "S1", surname="Lê"))
    office.set("S1", mailLocalAddress=office.entry("S1").values("mailLocalAddress")[::-1])
    office.set("A2", congvuHead="UID=s3, OU=people, " + LD.dn, congvuParent="UID=a1,OU=units," + LD.dn)
    assert office.run(changed(headed, "S1", surname="Lê")).operations == ()


def test_an_account_below_an_account_is_nobodys(office: Office, registry: Registry) -> None:
    office.run(registry)
    below = Entry(
        f"uid=S1,{LD.person('S2')}", {**office.entry("S1").attributes, "mail": ("x@lamdong.gov.vn",)}
    )
    office.found = office.found.plus([below])
    done = office.run(changed(registry, "S1", position="Phó phòng"))
    assert [step.dn for step in done.operations] == [LD.person("S1")]


def test_all_that_is_compared_is_read() -> None:
    assert OWNED.issubset(ATTRIBUTES)


def test_a_value_in_nfd_is_written_again_in_nfc(office: Office, registry: Registry) -> None:
    office.run(registry)
    office.set("S1", sn="Nguye\u0302\u0303n")
    assert office.run(registry).changed == 1


def test_the_id_in_other_letters_is_the_same_account(office: Office, registry: Registry) -> None:
    office.run(registry)
    done = office.run(changed(registry, "S1", staff_id="s1"))
    assert changes_of(done) == {"employeeNumber": ("s1",)}
    assert office.run(changed(registry, "S1", staff_id="s1")).absent == frozenset()


def test_two_ids_that_ldap_cannot_tell_apart_are_a_problem(office: Office, registry: Registry) -> None:
    twin = dataclasses.replace(registry.staff[0], staff_id="s1")
    (problem,) = office.plan(dataclasses.replace(registry, staff=(*registry.staff, twin))).problems
    assert "the ids S1 and s1 are one for LDAP" in problem


def test_another_agreed_address_is_followed_and_the_old_stays_an_alias(
    office: Office, registry: Registry
) -> None:
    office.run(registry)
    done = office.run(changed(registry, "A1", address="khcn"))
    assert office.entry("A1").values("mailLocalAddress") == ("skhcn@lamdong.gov.vn", "khcn@lamdong.gov.vn")
    assert [step.dn.partition(",")[0] for step in done.operations] == ["uid=A1", "uid=A2", "uid=S1", "uid=S3"]
    assert done.operations[0].reason.event is Event.ADDRESS


def test_names_without_an_address_are_problems_and_told_together(office: Office, registry: Registry) -> None:
    wrong = changed(registry, "A1", name="Ban Quản lý Khu du lịch quốc gia Hồ Tuyền Lâm")
    problems = office.plan(changed(wrong, "S1", given_name="Иван")).problems
    assert len(problems) == 2
    assert "units.csv:2: 'bqlkdlqghtl' has 11 characters" in problems[0]
    assert "staff.csv:2: 'И' (U+0418" in problems[1]


def test_a_domain_below_another_shares_its_containers(registry: Registry, lamdong: Policy) -> None:
    inner = dataclasses.replace(lamdong, domain=DomainName("doj.lamdong.gov.vn"))
    found = Snapshot.of(BASE, [Entry.build(BASE, ("domain",), {"dc": "gov"})])
    tasks = [
        Task(Layout(BASE, str(policy.domain)), policy, registry, HOST, TODAY) for policy in (inner, lamdong)
    ]
    plans = plan_all(tasks, found)
    assert [plan.domain for plan in plans] == ["lamdong.gov.vn", "doj.lamdong.gov.vn"]
    for plan in plans:
        found = carry_out(found, plan.operations)
    below = Layout(BASE, "doj.lamdong.gov.vn")
    domain, person = found.get(below.dn), found.get(below.person("S1"))
    assert domain
    assert person
    assert domain.value("associatedDomain") == "doj.lamdong.gov.vn"
    assert person.value("mail") == "annv@doj.lamdong.gov.vn"
    again = plan_all(tasks, found)
    assert [done.operations for done in again] == [(), ()]
    assert [done.findings for done in again] == [(), ()]


def test_a_step_on_the_way_becomes_a_mail_domain(registry: Registry, lamdong: Policy) -> None:
    inner = Office(dataclasses.replace(lamdong, domain=DomainName("doj.lamdong.gov.vn")))
    inner.run(registry)
    outer = Office(lamdong, found=inner.found)
    done = outer.run(registry)
    assert isinstance(done.operations[0], Modify)
    domain = outer.found.get(LD.dn)
    assert domain
    assert domain.has_class("congvuDomain")


def test_an_entry_of_another_kind_at_the_domain_is_a_problem(office: Office, registry: Registry) -> None:
    office.found = office.found.plus([Entry.build(LD.dn, ("dcObject", "organization"), {"dc": "lamdong"})])
    assert any("is no mail domain" in problem for problem in office.plan(registry).problems)


@pytest.mark.parametrize("value", ["annv@lamdong.gov.vn", "annv@lamdong.gov.vn 20271322", "20271122"])
def test_a_malformed_end_of_an_alias_is_a_failure_with_the_dn(
    value: str, office: Office, registry: Registry
) -> None:
    office.run(registry)
    office.set("S1", congvuAliasUntil=value)
    with pytest.raises(DirectoryFailure, match=r"uid=S1.*congvuAliasUntil"):
        inspect(Tree(*office.found.entries.values()), BASE)


def test_an_unknown_state_is_a_failure_with_the_dn(office: Office, registry: Registry) -> None:
    office.run(registry)
    office.set("S1", congvuState="asleep")
    with pytest.raises(DirectoryFailure, match=r"uid=S1.*'asleep' is not a state"):
        inspect(Tree(*office.found.entries.values()), BASE)


def test_an_invisible_base_is_a_failure(tree: Tree) -> None:
    tree.entries.clear()
    with pytest.raises(DirectoryFailure, match="cannot be read"):
        inspect(tree, BASE)


def test_a_run_cut_anywhere_is_completed_by_the_next(registry: Registry, lamdong: Policy) -> None:
    headed = changed(registry, "A1", head_id="S1")
    whole = Office(lamdong)
    steps = whole.run(headed).operations
    for cut in range(len(steps)):
        office = Office(lamdong)
        office.found = carry_out(office.found, steps[:cut])
        office.run(headed)
        assert office.found.entries == whole.found.entries


def test_every_operation_says_why_where_and_by_which_clause(office: Office, registry: Registry) -> None:
    steps = office.plan(registry).operations
    assert all(step.reason.text and step.reason.clause for step in steps)
    last = steps[-1]
    assert isinstance(last, Add)
    assert last.reason.place.endswith("staff.csv:4")


def test_levels_part_what_must_not_be_reordered(office: Office, registry: Registry) -> None:
    office.run(without(registry, "S3"))
    moved = changed(changed(registry, "X1", head_id="S3"), "S1", status=Status.LEFT)
    steps = office.run(moved).operations
    assert [(step.dn.partition(",")[0], level(step)) for step in steps] == [
        ("uid=S1", 21),
        ("uid=S3", 23),
        ("uid=X1", 24),
    ]


@pytest.mark.parametrize(
    ("base", "domain", "steps"),
    [
        ("dc=gov,dc=vn", "lamdong.gov.vn", ("dc=lamdong,dc=gov,dc=vn",)),
        ("DC=gov, DC=vn", "lamdong.gov.vn", ("dc=lamdong,dc=gov,dc=vn",)),
        ("dc=vn", "lamdong.gov.vn", ("dc=gov,dc=vn", "dc=lamdong,dc=gov,dc=vn")),
    ],
)
def test_the_domain_is_reached_step_by_step(base: str, domain: str, steps: tuple[str, ...]) -> None:
    assert Layout(base, domain).steps == steps


@pytest.mark.parametrize(("base", "domain"), [("dc=gov,dc=vn", "example.org"), ("dc=gov,dc=vn", "gov.vn")])
def test_a_domain_elsewhere_has_no_place(base: str, domain: str) -> None:
    with pytest.raises(ValueError, match="does not lie below"):
        Layout(base, domain)


def test_only_direct_children_are_listed() -> None:
    dns = (
        "ou=people,dc=vn",
        "uid=a\\,b,ou=people,dc=vn",
        "uid=x,uid=a,ou=people,dc=vn",
        "UID=c, ou=people, dc=vn",
    )
    snapshot = Snapshot.of("dc=vn", (Entry.build(dn, ("top",), {}) for dn in dns))
    assert [found.dn for found in snapshot.children("ou=People,dc=vn")] == [dns[1], dns[3]]


@pytest.mark.parametrize(
    ("written", "stored"),
    [
        ("0263.3822111 (máy lẻ 12)", "0263.3822111 (may le 12)"),
        ("+84 263–1", "+84 263-1"),
        ("☎", ""),
        ("", ""),
    ],
)
def test_a_phone_number_is_made_printable(written: str, stored: str) -> None:
    assert telephone(written) == stored
