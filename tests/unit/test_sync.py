"""Wanted, diff and apply together: what a registry does to a directory (in memory)."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping
from datetime import date
from functools import cache
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from congvu import policy as policies
from congvu import registry as registries
from congvu.directory.apply import apply
from congvu.directory.diff import Add, Change, Modify, Plan
from congvu.directory.inspect import inspect
from congvu.directory.model import Entry, Layout, Snapshot, dn_key
from congvu.directory.sync import Source, plan_all
from congvu.directory.wanted import telephone
from congvu.errors import DirectoryFailure, RegistryError
from congvu.policy import Policy
from congvu.policy.model import Employment, OrgType, Quota
from congvu.policy.values import DomainName, Size
from congvu.registry import Person, Place, Registry, Status, Unit
from tests.unit.helpers import BASE, ROOT, Tree

TODAY = date(2026, 11, 22)
LD = Layout(BASE, "lamdong.gov.vn")
HOST = "mail.lamdong.gov.vn"

Run = Callable[..., Plan]


@cache
def cited(domain: str) -> Mapping[str, policies.Source]:
    return policies.sources(ROOT / "inventory" / "policy" / f"{domain}.yml")


def plan(
    tree: Tree, registry: Registry, policy: Policy, domain: str = "lamdong.gov.vn", today: date = TODAY
) -> Plan:
    source = Source(Layout(BASE, domain), policy, registry, cited(str(policy.domain)))
    return plan_all([source], inspect(tree, BASE), mail_host=HOST, today=today)[0]


def run(tree: Tree, registry: Registry, policy: Policy) -> Plan:
    """Plan and apply; a second plan must be empty."""
    done = plan(tree, registry, policy)
    apply(tree, done, lambda _: None)
    assert plan(tree, registry, policy).operations == ()
    return done


@pytest.fixture
def registry(folder: Path) -> Registry:
    return registries.read(folder)


def staff(registry: Registry, **changes: object) -> Registry:
    """`registry` with the first person changed."""
    first, *others = registry.staff
    return dataclasses.replace(registry, staff=(dataclasses.replace(first, **changes), *others))  # type: ignore[arg-type]


def entry(tree: Tree, dn: str) -> Entry:
    return tree.entries[dn_key(dn)]


def test_an_empty_directory_is_filled_in_an_order_that_can_be_added(
    tree: Tree, registry: Registry, lamdong: Policy
) -> None:
    done = run(tree, registry, lamdong)
    assert (done.added, done.changed, done.unchanged) == (6, 0, 0)
    assert [operation.dn for operation in done.operations][:5] == [
        "dc=lamdong,dc=gov,dc=vn",
        "ou=units,dc=lamdong,dc=gov,dc=vn",
        "ou=people,dc=lamdong,dc=gov,dc=vn",
        "uid=A1,ou=units,dc=lamdong,dc=gov,dc=vn",
        "uid=A2,ou=units,dc=lamdong,dc=gov,dc=vn",
    ]
    assert entry(tree, LD.dn).attributes == {
        "objectClass": ("domain", "domainRelatedObject", "congvuDomain"),
        "dc": ("lamdong",),
        "associatedDomain": ("lamdong.gov.vn",),
    }


def test_a_person_is_written_as_the_layout_says(tree: Tree, registry: Registry, lamdong: Policy) -> None:
    run(tree, registry, lamdong)
    assert entry(tree, LD.person("S1")).attributes == {
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
    }


def test_a_unit_is_written_as_the_layout_says(tree: Tree, registry: Registry, lamdong: Policy) -> None:
    run(tree, registry, lamdong)
    assert entry(tree, LD.unit("A2")).attributes == {
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
        "congvuParent": ("uid=A1,ou=units,dc=lamdong,dc=gov,dc=vn",),
    }


def test_who_has_no_surname_gets_the_given_name_as_sn(
    tree: Tree, registry: Registry, lamdong: Policy
) -> None:
    run(tree, staff(registry, surname="", middle_name="", given_name="K'Brêu"), lamdong)
    found = entry(tree, LD.person("S1"))
    assert (found.value("sn"), found.value("cn"), found.value("mail")) == (
        "K'Brêu",
        "K'Brêu",
        "kbreu@lamdong.gov.vn",
    )


def changes_of(plan: Plan) -> dict[str, tuple[str, ...]]:
    """What the one operation of `plan` changes."""
    (step,) = plan.operations
    assert isinstance(step, Modify)
    return {change.attribute: change.after for change in step.changes}


def test_an_issued_address_is_never_computed_again(tree: Tree, registry: Registry, lamdong: Policy) -> None:
    run(tree, registry, lamdong)
    assert run(tree, staff(registry, registered_on=date(2030, 1, 1)), lamdong).operations == ()


def test_who_has_another_name_gets_another_address_and_keeps_the_old_for_a_year(
    tree: Tree, registry: Registry, lamdong: Policy
) -> None:
    run(tree, registry, lamdong)
    renamed = staff(registry, surname="Lê")
    done = run(tree, renamed, lamdong)
    assert changes_of(done) == {
        "cn": ("Lê Văn An",),
        "displayName": ("Lê Văn An",),
        "sn": ("Lê",),
        "mail": ("anlv@lamdong.gov.vn",),
        "mailLocalAddress": ("annv@lamdong.gov.vn", "anlv@lamdong.gov.vn"),
        "congvuAliasUntil": ("annv@lamdong.gov.vn 20271122",),
        "congvuIssuedFor": ("Lê|Văn|An||skhcn|skhcn|",),
    }
    assert "the name or the unit changed" in done.operations[0].reason
    last_day, day_after = date(2027, 11, 22), date(2027, 11, 23)
    assert plan(tree, renamed, lamdong, today=last_day).operations == ()
    assert changes_of(plan(tree, renamed, lamdong, today=day_after)) == {
        "mailLocalAddress": ("anlv@lamdong.gov.vn",),
        "congvuAliasUntil": (),
        "congvuFormerAddress": ("annv@lamdong.gov.vn",),
    }


def test_a_former_address_goes_to_nobody_else(tree: Tree, registry: Registry, lamdong: Policy) -> None:
    run(tree, registry, lamdong)
    tree.replace(LD.person("S3"), {"congvuFormerAddress": ["annv3@lamdong.gov.vn"]})
    namesake = dataclasses.replace(registry.staff[0], staff_id="S9")
    run(tree, dataclasses.replace(registry, staff=(*registry.staff, namesake)), lamdong)
    assert entry(tree, LD.person("S9")).value("mail") == "annv4@lamdong.gov.vn"


@pytest.mark.parametrize("value", ["annv@lamdong.gov.vn", "annv@lamdong.gov.vn 20271322", "20271122"])
def test_a_malformed_end_of_an_alias_is_a_failure_with_the_dn(
    value: str, tree: Tree, registry: Registry, lamdong: Policy
) -> None:
    run(tree, registry, lamdong)
    tree.replace(LD.person("S1"), {"congvuAliasUntil": [value]})
    with pytest.raises(DirectoryFailure, match=r"uid=S1.*congvuAliasUntil"):
        inspect(tree, BASE)


def test_an_account_of_before_the_ledger_learns_what_its_address_was_formed_from(
    tree: Tree, registry: Registry, lamdong: Policy
) -> None:
    run(tree, registry, lamdong)
    tree.replace(LD.person("S1"), {"congvuIssuedFor": []})
    assert changes_of(run(tree, registry, lamdong)) == {"congvuIssuedFor": ("Nguyễn|Văn|An||skhcn|skhcn|",)}


def test_a_name_in_one_piece_is_written_in_parts_where_it_has_one_reading(
    tree: Tree, registry: Registry, quangtri: Policy
) -> None:
    whole = {"surname": "", "middle_name": "", "given_name": ""}
    one = staff(registry, **whole, written_name="Nguyễn Văn An")
    done = plan(tree, one, quangtri, "quangtri.gov.vn")
    added = {step.dn.partition(",")[0]: step for step in done.operations}["uid=S1"]
    assert isinstance(added, Add)
    assert (added.entry.value("sn"), added.entry.value("givenName")) == ("Nguyễn", "An")
    two = staff(registry, **whole, written_name="Y Blŏ Niê")
    done = plan(tree, two, quangtri, "quangtri.gov.vn")
    added = {step.dn.partition(",")[0]: step for step in done.operations}["uid=S1"]
    assert isinstance(added, Add)
    assert (added.entry.value("sn"), added.entry.values("givenName")) == ("Y Blŏ Niê", ())
    assert "several readings" in done.findings[0]


def test_a_move_between_units_keeps_dn_and_address(tree: Tree, registry: Registry, lamdong: Policy) -> None:
    run(tree, registry, lamdong)
    (step,) = run(tree, staff(registry, unit_id="X1"), lamdong).operations
    assert isinstance(step, Modify)
    assert [(change.attribute, change.after) for change in step.changes] == [
        ("ou", ("Ủy ban nhân dân xã Cát Tiên",)),
        ("departmentNumber", ("X1",)),
        ("congvuIssuedFor", ("Nguyễn|Văn|An||ubndcattien|ubndcattien|",)),
    ]


def test_a_phone_that_goes_is_removed(tree: Tree, registry: Registry, lamdong: Policy) -> None:
    run(tree, registry, lamdong)
    (step,) = run(tree, staff(registry, phone=""), lamdong).operations
    assert isinstance(step, Modify)
    assert step.changes == (Change("telephoneNumber", ("0999 000 001",), ()),)


def test_a_new_quota_touches_nothing_but_the_quota(tree: Tree, registry: Registry, lamdong: Policy) -> None:
    run(tree, registry, lamdong)
    policy = dataclasses.replace(
        lamdong, person=dataclasses.replace(lamdong.person, quota=Quota(max=Size.from_text("3G")))
    )
    done = run(tree, registry, policy)
    assert (done.added, done.changed, done.unchanged) == (0, 3, 3)
    assert {change for step in done.operations if isinstance(step, Modify) for change in step.changes} == {
        Change("congvuQuota", ("2147483648",), ("3221225472",))
    }
    assert {(step.reason, step.clause) for step in done.operations} == {("the policy's quota", "LD-6.1")}


def test_who_leaves_is_revoked_and_loses_the_password_in_one_operation(
    tree: Tree, registry: Registry, lamdong: Policy
) -> None:
    run(tree, registry, lamdong)
    tree.replace(LD.person("S1"), {"userPassword": ["{ARGON2}…"], "congvuState": ["active"]})
    (step,) = run(tree, staff(registry, status=Status.LEFT), lamdong).operations
    assert isinstance(step, Modify)
    assert step.changes == (Change("congvuState", ("active",), ("revoked",)), Change("userPassword", (), ()))
    assert (step.reason.partition(",")[0], step.clause) == ("left", "LD-7.2c")
    found = entry(tree, LD.person("S1"))
    assert (found.value("mail"), found.values("userPassword")) == ("annv@lamdong.gov.vn", ())


def test_the_address_of_who_left_is_a_tombstone(tree: Tree, registry: Registry, lamdong: Policy) -> None:
    run(tree, registry, lamdong)
    gone = staff(registry, status=Status.LEFT)
    run(tree, gone, lamdong)
    namesake = dataclasses.replace(registry.staff[0], staff_id="S9")
    run(tree, dataclasses.replace(gone, staff=(*gone.staff, namesake)), lamdong)
    # S2, Ngô Viết Ân, is annv2
    assert entry(tree, LD.person("S9")).value("mail") == "annv3@lamdong.gov.vn"


def test_who_comes_back_gets_the_old_address_and_a_new_start(
    tree: Tree, registry: Registry, lamdong: Policy
) -> None:
    run(tree, registry, lamdong)
    run(tree, staff(registry, status=Status.LEFT), lamdong)
    run(tree, registry, lamdong)
    found = entry(tree, LD.person("S1"))
    assert (found.value("mail"), found.value("congvuState")) == ("annv@lamdong.gov.vn", "initial")


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"employment": Employment.GUEST}, "the regulation knows no guests"),
        ({"until": date(2026, 11, 21)}, "the last day was 2026-11-21"),
        ({"employment": Employment.CONTRACT}, "people of the kind contract are not named by the regulation"),
    ],
)
def test_who_is_out_of_scope_gets_no_account_and_is_reported(
    tree: Tree, registry: Registry, lamdong: Policy, changes: dict[str, object], reason: str
) -> None:
    done = run(tree, staff(registry, **changes), lamdong)
    assert done.added == 5
    assert done.findings == (f"{registry.staff[0].place}: S1 is out of scope: {reason}",)


def test_who_falls_out_of_scope_is_reported_and_stays(
    tree: Tree, registry: Registry, lamdong: Policy
) -> None:
    run(tree, registry, lamdong)
    done = plan(tree, staff(registry, employment=Employment.GUEST), lamdong)
    assert done.operations == ()
    assert "S1 is out of scope" in done.findings[0]


def test_a_unit_of_the_party_and_its_people_are_out_of_scope(
    tree: Tree, registry: Registry, lamdong: Policy
) -> None:
    first, *others = registry.units
    party = dataclasses.replace(registry, units=(dataclasses.replace(first, org_type=OrgType.PARTY), *others))
    done = run(tree, party, lamdong)
    # A1, A2 below it, and S1 and S3, who work there
    assert [finding.partition(" is out of scope")[0].rpartition(" ")[2] for finding in done.findings] == [
        "A1",
        "A2",
        "S1",
        "S3",
    ]
    assert done.added == 2


def test_a_special_quota_is_the_registrys(tree: Tree, registry: Registry, lamdong: Policy) -> None:
    run(tree, staff(registry, quota=Size.from_text("5G"), quota_reason="họp trực tuyến"), lamdong)
    assert entry(tree, LD.person("S1")).value("congvuQuota") == str(5 * 2**30)


def test_a_class_that_the_policy_does_not_know_stops_the_run(
    tree: Tree, registry: Registry, lamdong: Policy
) -> None:
    with pytest.raises(RegistryError, match=r"person\.quota\.classes has no 'leader'"):
        plan(tree, staff(registry, quota_class="leader"), lamdong)


def test_the_clauses_are_those_of_the_domains_own_regulation(
    tree: Tree, registry: Registry, quangtri: Policy
) -> None:
    done = plan(tree, registry, quangtri, "quangtri.gov.vn")
    assert {step.clause for step in done.operations if "uid=S" in step.dn} == {"QT-4.3b, [choice]"}


@pytest.mark.parametrize("state", ["pending", "active", "locked"])
def test_states_set_by_others_stay(state: str, tree: Tree, registry: Registry, lamdong: Policy) -> None:
    run(tree, registry, lamdong)
    tree.replace(LD.person("S1"), {"congvuState": [state]})
    assert plan(tree, registry, lamdong).operations == ()


def test_a_purged_account_stays_purged_whatever_the_registry_says(
    tree: Tree, registry: Registry, lamdong: Policy
) -> None:
    run(tree, registry, lamdong)
    tree.replace(LD.person("S1"), {"congvuState": ["purged"]})
    assert plan(tree, staff(registry, status=Status.LEFT), lamdong).operations == ()
    back = plan(tree, registry, lamdong)
    assert back.operations == ()
    assert "S1 works again but the mailbox was purged" in back.findings[0]


def test_who_left_before_the_first_run_gets_no_account(
    tree: Tree, registry: Registry, lamdong: Policy
) -> None:
    assert run(tree, staff(registry, status=Status.LEFT), lamdong).added == 5


def test_a_row_that_vanished_is_reported_and_the_entry_untouched(
    tree: Tree, registry: Registry, lamdong: Policy
) -> None:
    run(tree, registry, lamdong)
    done = plan(tree, dataclasses.replace(registry, staff=registry.staff[1:]), lamdong)
    assert done.operations == ()
    assert done.findings == (
        f"{LD.person('S1')}: annv@lamdong.gov.vn has no row; untouched until a row says 'left'",
    )


def test_an_entry_that_is_not_ours_is_reported_and_its_address_respected(
    tree: Tree, registry: Registry, lamdong: Policy
) -> None:
    run(tree, dataclasses.replace(registry, staff=registry.staff[1:]), lamdong)
    theirs = Entry.build(
        LD.person("guest"), ("inetOrgPerson",), {"mail": "AnNV2@lamdong.gov.vn", "congvuState": "?"}
    )
    tree.add(theirs)
    done = run(tree, registry, lamdong)
    assert done.findings == ("uid=guest,ou=people,dc=lamdong,dc=gov,dc=vn: not ours, untouched",)
    assert entry(tree, LD.person("guest")) == theirs
    # annv is S2's, annv2 the guest's
    assert entry(tree, LD.person("S1")).value("mail") == "annv3@lamdong.gov.vn"


def test_an_entry_in_the_way_that_is_not_ours_stops_the_run(
    tree: Tree, registry: Registry, lamdong: Policy
) -> None:
    run(tree, dataclasses.replace(registry, staff=registry.staff[1:]), lamdong)
    tree.add(Entry.build("uid=s1, ou=people, " + LD.dn, ("inetOrgPerson",), {"sn": "x"}))
    with pytest.raises(RegistryError, match="exists and is not ours"):
        plan(tree, registry, lamdong)


def test_what_others_put_beside_an_account_stays(tree: Tree, registry: Registry, lamdong: Policy) -> None:
    run(tree, registry, lamdong)
    kept = {
        "mailHost": ["store2.lamdong.gov.vn"],
        "mailLocalAddress": ["giamdoc@lamdong.gov.vn", "annv@lamdong.gov.vn"],
        "description": ["x"],
    }
    tree.replace(LD.person("S1"), kept)
    assert plan(tree, registry, lamdong).operations == ()


def test_an_alias_of_somebody_is_not_issued_to_another(
    tree: Tree, registry: Registry, lamdong: Policy
) -> None:
    run(tree, dataclasses.replace(registry, staff=registry.staff[1:]), lamdong)
    tree.replace(LD.person("S3"), {"mailLocalAddress": ["annv2@lamdong.gov.vn", "anhttn@lamdong.gov.vn"]})
    run(tree, registry, lamdong)
    assert entry(tree, LD.person("S1")).value("mail") == "annv3@lamdong.gov.vn"


def test_a_primary_address_missing_among_all_addresses_is_mended(
    tree: Tree, registry: Registry, lamdong: Policy
) -> None:
    run(tree, registry, lamdong)
    tree.replace(LD.person("S1"), {"mailLocalAddress": ["giamdoc@lamdong.gov.vn"]})
    run(tree, registry, lamdong)
    assert entry(tree, LD.person("S1")).values("mailLocalAddress") == (
        "giamdoc@lamdong.gov.vn",
        "annv@lamdong.gov.vn",
    )


def test_a_value_in_nfd_is_written_again_in_nfc(tree: Tree, registry: Registry, lamdong: Policy) -> None:
    run(tree, registry, lamdong)
    tree.replace(LD.person("S1"), {"sn": ["Nguye\u0302\u0303n"]})
    assert run(tree, registry, lamdong).changed == 1


def test_another_agreed_address_is_followed_and_the_old_stays_an_alias(
    tree: Tree, registry: Registry, lamdong: Policy
) -> None:
    run(tree, registry, lamdong)
    first, *others = registry.units
    changed = dataclasses.replace(registry, units=(dataclasses.replace(first, address="khcn"), *others))
    done = run(tree, changed, lamdong)
    assert entry(tree, LD.unit("A1")).values("mailLocalAddress") == (
        "skhcn@lamdong.gov.vn",
        "khcn@lamdong.gov.vn",
    )
    assert [step.dn.partition(",")[0] for step in done.operations] == ["uid=A1", "uid=A2", "uid=S1", "uid=S3"]


def test_names_without_an_address_stop_the_run_and_are_told_together(
    tree: Tree, registry: Registry, lamdong: Policy
) -> None:
    wrong = staff(registry, given_name="Иван")
    unit = dataclasses.replace(wrong.units[0], name="Ban Quản lý Khu du lịch quốc gia Hồ Tuyền Lâm")
    with pytest.raises(RegistryError) as caught:
        plan(tree, dataclasses.replace(wrong, units=(unit, *wrong.units[1:])), lamdong)
    assert len(caught.value.problems) == 2
    assert "units.csv:2: 'bqlkdlqghtl' has 11 characters" in caught.value.problems[0]
    assert "staff.csv:2: 'И' (U+0418" in caught.value.problems[1]
    assert tree.writes == 0


def test_a_plan_with_problems_cannot_be_applied(tree: Tree) -> None:
    with pytest.raises(ValueError, match="not applied"):
        apply(tree, Plan("lamdong.gov.vn", (), 0, (), ("problem",)), lambda _: None)


def test_a_domain_below_another_shares_its_containers(
    tree: Tree, registry: Registry, lamdong: Policy
) -> None:
    inner = dataclasses.replace(lamdong, domain=DomainName("doj.lamdong.gov.vn"))
    sources = [Source(Layout(BASE, str(policy.domain)), policy, registry) for policy in (inner, lamdong)]
    plans = plan_all(sources, inspect(tree, BASE), mail_host=HOST, today=TODAY)
    for done in plans:
        apply(tree, done, lambda _: None)
    assert entry(tree, "dc=doj,dc=lamdong,dc=gov,dc=vn").value("associatedDomain") == "doj.lamdong.gov.vn"
    # The inner plan made dc=lamdong a mere step; the outer one announced it.
    assert entry(tree, LD.dn).has_class("congvuDomain")
    assert (
        entry(tree, "uid=S1,ou=people,dc=doj,dc=lamdong,dc=gov,dc=vn").value("mail")
        == "annv@doj.lamdong.gov.vn"
    )
    again = plan_all(sources, inspect(tree, BASE), mail_host=HOST, today=TODAY)
    assert [done.operations for done in again] == [(), ()]
    assert [done.findings for done in again] == [(), ()]


def test_an_entry_of_another_kind_at_the_domain_stops_the_run(
    tree: Tree, registry: Registry, lamdong: Policy
) -> None:
    tree.add(Entry.build(LD.dn, ("dcObject", "organization"), {"dc": "lamdong"}))
    with pytest.raises(RegistryError, match="is no mail domain"):
        plan(tree, registry, lamdong)


def test_an_unknown_state_is_a_failure_with_the_dn(tree: Tree, registry: Registry, lamdong: Policy) -> None:
    run(tree, registry, lamdong)
    tree.replace(LD.person("S1"), {"congvuState": ["asleep"]})
    with pytest.raises(DirectoryFailure, match=r"uid=S1.*'asleep' is not a state"):
        inspect(tree, BASE)


def test_an_invisible_base_is_a_failure(tree: Tree) -> None:
    tree.entries.clear()
    with pytest.raises(DirectoryFailure, match="cannot be read"):
        inspect(tree, BASE)


def test_a_run_cut_anywhere_is_completed_by_the_next(registry: Registry, lamdong: Policy) -> None:
    whole = Tree()
    steps = run(whole, registry, lamdong).operations
    for cut in range(len(steps)):
        tree = Tree()
        apply(
            tree, dataclasses.replace(plan(tree, registry, lamdong), operations=steps[:cut]), lambda _: None
        )
        run(tree, registry, lamdong)
        assert tree.entries == whole.entries


def test_every_operation_says_why_and_by_which_clause(
    tree: Tree, registry: Registry, lamdong: Policy
) -> None:
    steps = plan(tree, registry, lamdong).operations
    assert all(step.reason and step.clause for step in steps)
    last = steps[-1]
    assert isinstance(last, Add)
    assert "staff.csv:4" in last.reason


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


# Histories: people join, leave and come back in any order

events = st.lists(
    st.tuples(st.integers(0, 7), st.sampled_from(["working", "left", "absent"])), min_size=1, max_size=30
).map(lambda found: [found[index : index + 3] for index in range(0, len(found), 3)])


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=60)
@given(events)
def test_through_any_history_addresses_are_stable_and_nobody_shares_one(
    lamdong: Policy, history: list[list[tuple[int, str]]]
) -> None:
    tree, known, first_seen = Tree(), dict[str, str](), dict[str, str]()
    unit = Unit(Place("units.csv", 2), "U", "Sở Nội vụ", "department", "", "", "", date(2013, 1, 2))
    for version in history:
        known |= {f"S{number}": status for number, status in version}
        rows = tuple(
            Person(
                place=Place("staff.csv", row),
                staff_id=staff_id,
                surname="Nguyễn" if row % 2 else "Ngô",
                middle_name="Văn",
                given_name="An",
                written_name="",
                unit_id="U",
                position="",
                phone="",
                registered_on=date(2013, 1, 2),
                status=Status(status),
            )
            for row, (staff_id, status) in enumerate(sorted(known.items()), 2)
            if status != "absent"
        )
        run(tree, Registry((unit,), rows), lamdong)
        held = {found.value("uid"): found.value("mail") for found in tree.entries.values() if found.managed}
        assert len(set(held.values())) == len(held)
        assert all(held[staff_id] == address for staff_id, address in first_seen.items())
        first_seen |= held
        for person in rows:
            state = (
                entry(tree, LD.person(person.staff_id)).value("congvuState")
                if person.staff_id in held
                else ""
            )
            assert state in (("revoked", "") if person.status is Status.LEFT else ("initial",))
