"""A saved plan: made again, and bound by what the file says."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from congvu.directory.operations import Add, Change, Event, Modify, Reason
from congvu.errors import DirectoryFailure, InputError
from congvu.sync import planfile
from congvu.sync.job import Outcome, Status
from congvu.sync.planfile import SavedPlan, save
from congvu.sync.run import carry_out, preview
from tests.unit.helpers import STAFF
from tests.unit.site import TODAY, Hasty, Site

LATER = TODAY + timedelta(days=9)


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Site:
    return Site(tmp_path, monkeypatch)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "plan.json"


def saved(site: Site, file: Path, **limits: Any) -> SavedPlan:
    """What a person saved today."""
    order = site.order(**limits)
    save(file, order, preview(order))
    return SavedPlan.read(file)


def applied(site: Site, plan: SavedPlan, **more: Any) -> Outcome:
    """What another person applies nine days later."""
    return carry_out(plan.order(site.order(LATER)), saved=plan, **more)


def refused(site: Site, plan: SavedPlan) -> str:
    writes = site.server.writes
    with pytest.raises(InputError, match=r"plan\.json: .*make the plan again") as caught:
        applied(site, plan)
    assert caught.value.exit_code == 2
    assert site.server.writes == writes
    return str(caught.value)


def test_what_was_saved_is_done_later_as_of_its_day(site: Site, file: Path) -> None:
    plan = saved(site, file)
    assert file.stat().st_mode & 0o777 == 0o600
    outcome = applied(site, plan)
    assert (outcome.status, len(outcome.done)) == (Status.FINE, 18)
    assert site.person("S1").value("congvuIssued") == "20261122000000Z"
    again = applied(site, plan)
    assert (again.status, again.done) == (Status.FINE, ())


@pytest.mark.parametrize("after", [1, 4, 9, 17])
def test_a_plan_that_was_cut_off_goes_on(after: int, site: Site, file: Path) -> None:
    plan = saved(site, file)
    site.server.breaks_after = after
    with pytest.raises(DirectoryFailure):
        applied(site, plan, stop=Hasty())
    site.server.breaks_after = -1
    assert len(applied(site, plan).done) == 18 - after


def test_logins_in_between_are_no_obstacle(site: Site, file: Path) -> None:
    plan = saved(site, file)
    site.server.breaks_after = 15
    with pytest.raises(DirectoryFailure):
        applied(site, plan, stop=Hasty())
    site.server.breaks_after = -1
    site.server.replace(
        site.person("S1").dn, {"congvuState": ["active"], "telephoneNumber": ["0999 000 001"]}
    )
    assert applied(site, plan).status is Status.FINE


def test_an_operation_that_nobody_saw_is_refused(site: Site, file: Path) -> None:
    carry_out(site.order())
    site.edit("ld/staff.csv", "Chuyên viên", "Phó phòng")
    plan = saved(site, file)
    site.edit("ld/staff.csv", "02,working", "02,left")
    assert "1 operations are not in the saved plan: uid=S1," in refused(site, plan)


def test_drift_since_then_is_refused(site: Site, file: Path) -> None:
    carry_out(site.order())
    site.edit("ld/staff.csv", "Chuyên viên", "Phó phòng")
    plan = saved(site, file)
    site.server.replace(site.person("S1").dn, {"title": ["Bộ trưởng"]})
    assert "uid=S1,ou=people,dc=lamdong" in refused(site, plan)


def test_an_operation_that_is_no_longer_wanted_is_refused(site: Site, file: Path) -> None:
    carry_out(site.order())
    site.edit("ld/staff.csv", "Chuyên viên", "Phó phòng")
    plan = saved(site, file)
    site.write("ld/staff.csv", STAFF)
    assert "1 operations of the saved plan are no longer wanted: uid=S1," in refused(site, plan)


def test_a_joiner_who_is_no_longer_wanted_is_refused(site: Site, file: Path) -> None:
    plan = saved(site, file)
    site.edit("qt/staff.csv", STAFF.splitlines()[2] + "\n", "")
    assert "uid=S2,ou=people,dc=quangtri" in refused(site, plan)


def test_rows_that_moved_within_their_list_are_no_obstacle(site: Site, file: Path) -> None:
    plan = saved(site, file)
    head, *rows = STAFF.splitlines()
    site.write("ld/staff.csv", "\n".join([head, *reversed(rows)]) + "\n")
    assert len(applied(site, plan).done) == 18


def test_a_plan_keeps_its_scope_and_what_was_allowed(site: Site, file: Path) -> None:
    carry_out(site.order())
    site.write("ld/staff.csv", STAFF.replace("working", "left"))
    site.write("qt/staff.csv", STAFF.replace("Chuyên viên", "Phó phòng"))
    limits = {"allow": frozenset({"leavers"}), "domains": frozenset({"lamdong.gov.vn"})}
    plan = saved(site, file, reason="giải thể", **limits)
    outcome = applied(site, plan)
    assert (outcome.status, len(outcome.done)) == (Status.FINE, 3)
    assert {operation.domain for operation in outcome.done} == {"lamdong.gov.vn"}


def test_a_plan_that_allowed_nothing_is_stopped_by_a_brake(site: Site, file: Path) -> None:
    carry_out(site.order())
    site.edit("ld/staff.csv", "02,working", "02,left")
    plan = saved(site, file)
    site.server.uuid = "another"
    assert [brake.code for brake in applied(site, plan).brakes] == ["directory"]


def test_reasons_of_both_are_kept(site: Site, file: Path) -> None:
    plan = saved(site, file, allow=frozenset({"joins"}), reason="one")
    order = plan.order(site.order(LATER, allow=frozenset({"leavers"}), reason="two"))
    assert order.allow == {"joins", "leavers"}
    assert (order.reason, order.today) == ("one; two", TODAY)
    assert plan.order(site.order(LATER)).reason == "one"


def spoilt(path: str, value: Any) -> dict[str, Any]:
    """A file with another value at `path`; `...` takes the key out."""
    change = {"attribute": "title", "before": [], "after": ["x"]}
    operation = {"operation": "modify", "dn": "uid=S1", "changes": [change]}
    whole: Any = {
        "version": 1,
        "run_id": "r",
        "author": "a",
        "today": "2026-11-22",
        "reason": "",
        "domains": [],
        "units": [],
        "allow": [],
        "plans": [{"operations": [operation]}],
    }
    *way, last = path.split("|")
    part = whole
    for name in way:
        part = part[int(name)] if isinstance(part, list) else part[name]
    if value is ...:
        del part[last]
    else:
        part[last] = value
    return dict(whole)


OPERATION = "plans|0|operations|0"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{",
        "[]",
        "{}",
        "\udcff",
        *(
            json.dumps(spoilt(path, value))
            for path, value in (
                ("version", 2),
                ("more", 1),
                ("allow", ...),
                ("today", "22/11/2026"),
                ("domains", "lamdong.gov.vn"),
                ("units", [1]),
                ("reason", None),
                ("plans", {}),
                ("plans", [[]]),
                (f"{OPERATION}|operation", "delete"),
                (f"{OPERATION}|dn", 1),
                (f"{OPERATION}|changes", ...),
                (f"{OPERATION}|changes|0|after", "x"),
                (f"{OPERATION}|changes|0|before", ...),
            )
        ),
    ],
)
def test_a_file_that_is_no_saved_plan_is_refused(text: str, file: Path) -> None:
    file.write_bytes(text.encode(errors="surrogateescape"))
    with pytest.raises(InputError, match=r"plan\.json") as caught:
        SavedPlan.read(file)
    assert caught.value.exit_code == 2


def test_the_file_that_is_spoilt_above_is_right_without_it(file: Path) -> None:
    file.write_text(json.dumps(spoilt("version", 1)), encoding="utf-8")
    assert len(SavedPlan.read(file).deeds) == 1


def test_a_file_that_is_not_there_is_refused(file: Path) -> None:
    with pytest.raises(InputError, match=r"cannot be read: .*No such file"):
        SavedPlan.read(file)


def test_a_password_is_in_no_plan(site: Site, file: Path) -> None:
    """That one is taken away is no secret; a value is."""
    carry_out(site.order())
    site.edit("ld/staff.csv", "02,working", "02,left")
    saved(site, file)
    (operation,) = json.loads(file.read_text(encoding="utf-8"))["plans"][0]["operations"]
    assert {"attribute": "userPassword", "before": [], "after": []} in operation["changes"]
    secret = {"attribute": "userpassword", "before": [], "after": ["x"]}
    file.write_text(json.dumps(spoilt(f"{OPERATION}|changes", [secret])), encoding="utf-8")
    with pytest.raises(InputError, match="a plan holds no passwords"):
        SavedPlan.read(file)


def test_operations_as_json_say_what_and_why(site: Site) -> None:
    carry_out(site.order())
    entry = site.person("S1")
    reason = Reason(Event.POSITION, "promoted", "staff.csv:2", "LD-5.2", "3/QĐ")
    told = planfile.as_json(Modify("lamdong.gov.vn", entry, (Change("title", ("a",), ("b",)),), reason))
    assert told == {
        "operation": "modify",
        "dn": entry.dn,
        "unit": "A1",
        "event": "position",
        "reason": "promoted",
        "place": "staff.csv:2",
        "clause": "LD-5.2",
        "document": "3/QĐ",
        "changes": [{"attribute": "title", "before": ["a"], "after": ["b"]}],
    }
    added = planfile.as_json(Add("lamdong.gov.vn", entry, reason))
    assert (added["operation"], added["attributes"]["uid"]) == ("add", ["S1"])
