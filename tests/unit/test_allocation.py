from __future__ import annotations

import dataclasses
import re
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from congvu.naming.allocation import (
    Issued,
    PersonRequest,
    Refused,
    UnitRequest,
    allocate_people,
    allocate_units,
    registration_order,
)
from congvu.naming.namespace import Namespace
from congvu.policy import Policy, effective
from congvu.policy.model import LongPlaceNames
from congvu.policy.template import PersonTemplate, UnitTemplate

DAY = date(2013, 1, 2)


def person(identifier: str, name: str = "Nguyễn|Văn|An", day: int = 0, unit: str = "") -> PersonRequest:
    ho, dem, ten = name.split("|")
    full_name = " ".join(filter(None, (ho, dem, ten)))
    return PersonRequest(identifier, ho, dem, ten, full_name, unit, unit, DAY + timedelta(days=day))


def unit(
    identifier: str, name: str, *, agreed: str = "", domain: str = "", parent: str = "", day: int = 0
) -> UnitRequest:
    return UnitRequest(identifier, name, "department", agreed, domain, parent, DAY + timedelta(days=day))


def people(
    requests: list[PersonRequest], policy: Policy, namespace: Namespace | None = None
) -> dict[str, str]:
    results = allocate_people(requests, policy, namespace or Namespace(effective(policy).reserved))
    return {
        key: result.local_part if isinstance(result, Issued) else result.problem
        for key, result in results.items()
    }


def units(
    requests: list[UnitRequest],
    policy: Policy,
    namespace: Namespace | None = None,
    held: dict[str, str] | None = None,
) -> dict[str, str]:
    results = allocate_units(requests, policy, effective(policy), namespace or Namespace(), held or {})
    return {
        key: result.local_part if isinstance(result, Issued) else result.problem
        for key, result in results.items()
    }


def test_the_second_namesake_gets_2_in_order_of_registration(lamdong: Policy) -> None:
    late, first, second = person("a", day=9), person("c", day=0), person("b", day=1)
    assert people([late, first, second], lamdong) == {"c": "annv", "b": "annv2", "a": "annv3"}


def test_on_equal_dates_the_id_decides_and_numbers_in_it_count(lamdong: Policy) -> None:
    requests = [person("S10"), person("S9"), person("S1")]
    assert people(requests, lamdong) == {"S1": "annv", "S9": "annv2", "S10": "annv3"}


def test_names_that_differ_in_marks_only_are_namesakes(lamdong: Policy) -> None:
    requests = [person("1", "Lê||Thủy"), person("2", "Lê||Thúy"), person("3", "Lê||Thuỷ")]
    assert people(requests, lamdong) == {"1": "thuyl", "2": "thuyl2", "3": "thuyl3"}


def test_a_held_number_is_skipped_and_a_gap_is_not_filled_twice(lamdong: Policy) -> None:
    namespace = Namespace()
    for held in ("annv", "annv3"):
        namespace.claim(held, "somebody")
    assert people([person("1"), person("2")], lamdong, namespace) == {"1": "annv2", "2": "annv4"}


def test_a_reserved_name_is_never_issued(lamdong: Policy) -> None:
    assert people([person("1", "A|A|Admin".replace("A|A|", "||"))], lamdong) == {"1": "admin2"}


def test_units_come_before_people(lamdong: Policy) -> None:
    namespace = Namespace()
    assert units([unit("U", "Ủy ban nhân dân phường Đông Hà", agreed="dongha")], lamdong, namespace) == {
        "U": "dongha"
    }
    assert people([person("1", "Hồ|An|Đông")], lamdong, namespace) == {"1": "dongha2"}


def test_addresses_that_differ_by_a_separator_only_clash() -> None:
    namespace = Namespace(["mailer-daemon"])
    assert namespace.claim("nguyen.an", "first")
    assert not namespace.claim("nguyenan", "second")
    assert namespace.claim("nguyen.an", "first")
    assert namespace.holder("Nguyen_An") == "first"
    assert not namespace.claim("mailerdaemon", "somebody")


def test_quang_tri_writes_the_full_name(quangtri: Policy) -> None:
    ede = dataclasses.replace(person("1", "Niê|Y|Blŏ"), full_name="Y Blŏ Niê")
    assert people([ede, person("2", "Trần|Thị Ngọc|Ánh")], quangtri) == {
        "1": "yblonie",
        "2": "tranthingocanh",
    }


def test_a_ladder_without_numbers_ends_in_a_problem(quangtri: Policy) -> None:
    rule = dataclasses.replace(quangtri.person, address=quangtri.person.address[:1])
    result = people([person("1"), person("2")], dataclasses.replace(quangtri, person=rule))
    assert result["1"] == "nguyenvanan"
    assert "'nguyenvanan' is held by 1" in result["2"]


def test_a_rung_between_the_first_and_the_numbers_is_tried(lamdong: Policy) -> None:
    ladder = tuple(
        map(PersonTemplate.from_text, ("{{ hovaten }}", "{{ base }}.{{ unit }}", "{{ base }}{{ n }}"))
    )
    policy = dataclasses.replace(lamdong, person=dataclasses.replace(lamdong.person, address=ladder))
    requests = [person("1", unit="snv"), person("2", unit="stc"), person("3", unit="stc")]
    assert people(requests, policy) == {"1": "nguyenvanan", "2": "nguyenvanan.stc", "3": "nguyenvanan2"}


@pytest.mark.parametrize(
    ("name", "problem"),
    [
        ("Иванов||An", "U+0418"),
        ("Nguyễn||’", "has no letters"),
        ("Nguyễn||" + "Nguyên" * 12, "RFC 5321 allows 64"),
    ],
)
def test_a_name_that_makes_no_address_is_a_problem(name: str, problem: str, lamdong: Policy) -> None:
    assert problem in people([person("1", name)], lamdong)["1"]


def test_many_namesakes_are_not_counted_from_2_each_time(lamdong: Policy) -> None:
    class Counting(Namespace):
        claims = 0

        def claim(self, local_part: str, holder: str) -> bool:
            type(self).claims += 1
            return super().claim(local_part, holder)

    assert people([person(f"S{index}") for index in range(400)], lamdong, Counting())["S399"] == "annv400"
    assert Counting.claims < 3 * 400


# Units


@pytest.mark.parametrize(
    ("name", "length"),
    [
        ("Văn phòng Đoàn đại biểu Quốc hội và Hội đồng nhân dân", 11),
        ("Ban Quản lý Khu du lịch quốc gia Hồ Tuyền Lâm", 11),
    ],
)
def test_more_than_ten_characters_are_agreed_not_guessed(name: str, length: int, lamdong: Policy) -> None:
    result = allocate_units([unit("U", name)], lamdong, effective(lamdong), Namespace(), {})["U"]
    assert isinstance(result, Refused)
    assert f"has {length} characters, more than 10 must be agreed (LD-5.1b)" in result.problem
    assert "agree on an address" in result.hint


def test_exactly_ten_characters_are_fine(lamdong: Policy) -> None:
    assert units([unit("U", "Văn phòng HĐND-UBND huyện")], lamdong) == {"U": "vphdndubnd"}


def test_a_place_name_does_not_count_where_the_policy_allows_it(lamdong: Policy) -> None:
    commune = unit("U", "Ủy ban nhân dân xã Cát Tiên")
    assert units([commune], lamdong) == {"U": "ubndcattien"}
    rule = dataclasses.replace(lamdong.unit, long_place_names=LongPlaceNames.AGREE)
    assert "must be agreed" in units([commune], dataclasses.replace(lamdong, unit=rule))["U"]


def test_an_own_domain_comes_before_the_acronym(lamdong: Policy) -> None:
    city = unit("U", "Ủy ban nhân dân thành phố Đà Lạt", domain="dalat.lamdong.gov.vn")
    assert units([city], lamdong) == {"U": "dalat"}


def test_an_own_domain_elsewhere_is_a_problem(lamdong: Policy) -> None:
    city = unit("U", "Ủy ban nhân dân thành phố Đà Lạt", domain="dalat.example.org")
    assert units([city], lamdong) == {"U": "the domain 'dalat.example.org' does not lie below lamdong.gov.vn"}


def test_an_agreed_address_is_taken_before_the_rule_speaks(lamdong: Policy) -> None:
    requests = [unit("1", "Sở Nội vụ"), unit("2", "Sở Ngoại vụ", agreed="snv")]
    assert units(requests, lamdong) == {"1": "'snv' is held by 2", "2": "snv"}


def test_the_second_unit_with_the_same_initials_must_agree(lamdong: Policy) -> None:
    assert units([unit("1", "Sở Nội vụ"), unit("2", "Sở Ngoại vụ")], lamdong) == {
        "1": "snv",
        "2": "'snv' is held by 1",
    }


@pytest.mark.parametrize("agreed", ["Snv", "s nv", "snv@lamdong.gov.vn", "snv.", "a" * 65])
def test_a_bad_agreed_address_is_a_problem(agreed: str, lamdong: Policy) -> None:
    assert "agreed address" in units([unit("1", "Sở Nội vụ", agreed=agreed)], lamdong)["1"]


def test_a_template_may_use_the_parents_address(lamdong: Policy) -> None:
    ladder = (UnitTemplate.from_text("{{ name | acronym }}.{{ parent }}"),)
    policy = dataclasses.replace(
        lamdong, unit=dataclasses.replace(lamdong.unit, address=ladder, max_length=20)
    )
    child = unit("2", "Phòng Quản lý Công nghệ", parent="1")
    assert units([child], policy, held={"1": "skhcn"}) == {"2": "pqlcn.skhcn"}


def test_a_parent_comes_before_its_child_whatever_their_dates(lamdong: Policy) -> None:
    ladder = tuple(map(UnitTemplate.from_text, ("{{ name | acronym }}-{{ parent }}", "{{ name | acronym }}")))
    policy = dataclasses.replace(
        lamdong, unit=dataclasses.replace(lamdong.unit, address=ladder, max_length=None)
    )
    child, parent = unit("1", "Phòng Tổ chức", parent="2"), unit("2", "Sở Nội vụ", day=9)
    assert units([child, parent], policy) == {"2": "snv", "1": "ptc-snv"}


# What holds for every list of people

names = st.builds(
    lambda *parts: "|".join(parts),
    st.sampled_from(["Nguyễn", "Trần", "Niê Kdăm", "", "Ðỗ"]),
    st.sampled_from(["Văn", "Thị Ngọc", "", "Viết"]),
    st.sampled_from(["An", "Ân", "H’Hen", "Jean-Pierre", "Ánh"]),
)
lists = st.lists(st.tuples(names, st.integers(0, 3)), max_size=25).map(
    lambda found: [person(f"S{index}", name, day) for index, (name, day) in enumerate(found)]
)


@given(lists)
def test_addresses_are_valid_and_nobody_shares_one(lamdong: Policy, requests: list[PersonRequest]) -> None:
    issued = people(requests, lamdong)
    assert len(set(issued.values())) == len(requests)
    assert all(re.fullmatch(r"[a-z0-9]+", address) and len(address) <= 64 for address in issued.values())


@given(lists, st.randoms(use_true_random=False))
def test_the_order_of_rows_does_not_matter(
    lamdong: Policy, requests: list[PersonRequest], random: st.DrawFn
) -> None:
    shuffled = list(requests)
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    assert people(shuffled, lamdong) == people(requests, lamdong)


@given(lists, st.data())
def test_issuing_in_two_runs_changes_nothing_that_was_issued(
    lamdong: Policy, requests: list[PersonRequest], data: st.DataObject
) -> None:
    ordered = sorted(requests, key=lambda request: registration_order(request.registered_on, request.id))
    cut = data.draw(st.integers(0, len(ordered)))
    namespace = Namespace(effective(lamdong).reserved)
    first = people(ordered[:cut], lamdong, namespace)
    assert first | people(ordered[cut:], lamdong, namespace) == people(requests, lamdong)
