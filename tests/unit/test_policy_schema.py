"""The JSON Schema for editors says what the loader says, as far as one value at a time can say it."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml
from click.testing import CliRunner

from congvu import policy as policies
from congvu.cli.policy import policy as command
from congvu.errors import PolicyError
from congvu.policy.values import up_to
from tests.unit.helpers import ROOT

DATA = Path(__file__).parent / "data/policy"
GOOD = (DATA / "good.yml").read_text(encoding="utf-8")
CASES = yaml.safe_load((DATA / "bad.yml").read_text(encoding="utf-8"))
SHIPPED = [*sorted(ROOT.glob("inventory/policy/*.yml")), *sorted(ROOT.glob("docs/examples/*.yml"))]


class Loader(yaml.SafeLoader):
    """YAML 1.2 as editors read it: a date is a text, and so is ``yes``."""


Loader.yaml_implicit_resolvers = {
    letter: [pair for pair in pairs if not pair[0].endswith((":timestamp", ":bool"))]
    for letter, pairs in yaml.SafeLoader.yaml_implicit_resolvers.items()
}
Loader.add_implicit_resolver("tag:yaml.org,2002:bool", re.compile("true|false"), ["t", "f"])


@pytest.fixture(scope="module")
def validator() -> jsonschema.Draft202012Validator:
    schema = json.loads(CliRunner().invoke(command, ["schema"]).output)
    jsonschema.Draft202012Validator.check_schema(schema)
    return jsonschema.Draft202012Validator(schema)


def problems(validator: jsonschema.Draft202012Validator, text: str) -> list[str]:
    return [error.message for error in validator.iter_errors(yaml.load(text, Loader))]  # noqa: S506  (a SafeLoader)


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.name)
def test_what_ships_is_valid(validator: jsonschema.Draft202012Validator, path: Path) -> None:
    assert problems(validator, path.read_text(encoding="utf-8")) == []


@pytest.mark.parametrize("row", [row for row in CASES if row["structural"]], ids=lambda row: row["case"])
def test_what_the_loader_refuses_for_its_structure_the_schema_refuses(
    validator: jsonschema.Draft202012Validator, row: dict[str, Any]
) -> None:
    assert problems(validator, GOOD) == []
    assert problems(validator, GOOD.replace(row["old"], row["new"], 1))


def test_the_schema_describes_keys_and_choices(validator: jsonschema.Draft202012Validator) -> None:
    schema: Any = validator.schema
    assert "LD-2.1" in schema["properties"]["webmail"]["description"]
    assert "defer: 4xx" in schema["$defs"]["OverQuota"]["description"]
    assert schema["$defs"]["Quota"]["properties"].keys() == {"min", "max", "classes"}
    assert schema["properties"]["version"]["const"] == 1


@pytest.mark.parametrize("limit", [1, 9, 10, 16, 36, 100, 999, 1200, 5200, 16384])
def test_a_pattern_has_all_numbers_up_to_its_limit_and_no_other(limit: int) -> None:
    pattern = re.compile(up_to(limit))
    found = [number for number in range(limit * 11 + 20) if pattern.fullmatch(str(number))]
    assert found == list(range(1, limit + 1))


# Key, and the last values that are taken at either end, with the first that are not.
EDGES = {
    "person: {quota: {max: %s}}": (
        ["1K", "1000", "16T", "16384G", "16777216M", "17179869184K", "17592186044416"],
        [
            "0K",
            "0",
            "999",
            "0999",
            "17T",
            "16385G",
            "16777217M",
            "17179869185K",
            "17592186044417",
            "-1",
            "1P",
        ],
    ),
    "inactivity: {after: %s}": (
        ["1 minute", "52560000 minutes", "876000 hours", "36500 days", "26000 working days", "5200 weeks"],
        ["0 minutes", "52560001 minutes", "876001 hours", "36501 days", "26001 working days", "5201 weeks"],
    ),
    "leaving: {hold: %s}": (
        ["1 year", "100 years", "1200 months"],
        ["101 years", "1201 months"],
    ),
    "outside: {send_limit: %s}": (["1 per 1 day", "1000000 per 1 day"], ["0 per 1 day", "1000001 per 1 day"]),
    "mailbox: {warn_at: [%s]}": (["1%", "100%"], ["0%", "101%"]),
    "password: {classes: %s}": (["1", "4"], ["0", "5"]),
    "password: {history: %s}": (["0", "100"], ["101", "-1"]),
    "password: {min_length: %s}": (["1", "128"], ["0", "129"]),
    "password: {admin: {min_length: %s}}": (["1", "128"], ["0", "129"]),
    "password: {lockout: {failures: %s}}": (["1", "100"], ["0", "101"]),
    "person: {max_length: %s}": (["1", "64"], ["0", "65"]),
    "unit: {max_length: %s}": (["1", "64"], ["0", "65"]),
    "person: {numbering: {first: %s}}": (["1", "9999"], ["0", "10000"]),
    "person: {numbering: {width: %s}}": (["1", "9"], ["0", "10"]),
    "checks_per_day: {person: %s}": (["1", "48"], ["0", "49"]),
    "checks_per_day: {unit: %s}": (["1", "48"], ["0", "49"]),
    "administration: {tasks: [lock], accounts: %s}": (["1", "1000"], ["0", "1001"]),
}


@pytest.mark.parametrize("key", EDGES)
def test_a_number_has_the_same_bounds_for_the_loader_and_for_editors(
    key: str, validator: jsonschema.Draft202012Validator, tmp_path: Path
) -> None:
    path = tmp_path / "p.yml"
    for values, good in zip(EDGES[key], (True, False), strict=True):
        for value in values:
            whole = yaml.load(GOOD, Loader)  # noqa: S506  (a SafeLoader)
            section, told = next(iter(yaml.load(key % value, Loader).items()))  # noqa: S506
            whole[section] = {**whole.get(section, {}), **told}
            path.write_text(yaml.safe_dump(whole, allow_unicode=True), encoding="utf-8")
            assert validator.is_valid(whole) is good, value
            if good:
                policies.load(path)
                continue
            with pytest.raises(PolicyError):
                policies.load(path)


def test_no_whole_number_is_without_bounds(validator: jsonschema.Draft202012Validator) -> None:
    schema: Any = validator.schema
    unbounded = {
        name
        for name, part in schema["$defs"].items()
        for value in part.get("properties", {}).values()
        if value.get("maximum") == 999_999_999
    }
    assert unbounded <= {"Threshold", "Sync"}  # so many accounts as one likes


def mutations(value: Any) -> Iterator[Any]:
    """`value` with one thing wrong, everywhere in turn: an unknown key, a list for a value, …"""
    match value:
        case dict():
            yield {**value, "zzz": "1"}
            for name, part in value.items():
                for changed in mutations(part):
                    yield {**value, name: changed}
        case list():
            yield "x"
            for index, part in enumerate(value):
                for changed in mutations(part):
                    yield [*value[:index], changed, *value[index + 1 :]]
        case _:
            yield [value]


@pytest.mark.parametrize("name", ["inventory/policy/lamdong.gov.vn.yml", "docs/examples/ninhbinh.gov.vn.yml"])
def test_loader_and_schema_refuse_the_same_wherever_the_structure_breaks(
    name: str, validator: jsonschema.Draft202012Validator, tmp_path: Path
) -> None:
    path = tmp_path / "p.yml"
    whole = yaml.load((DATA / "good.yml").read_text(encoding="utf-8"), Loader)  # noqa: S506  (a SafeLoader)
    parts = yaml.load((ROOT / name).read_text(encoding="utf-8"), Loader)  # noqa: S506  (a SafeLoader)
    count = 0
    for key, part in parts.items():
        for changed in mutations({key: part}) if key not in whole else ():
            path.write_text(yaml.safe_dump(whole | changed, allow_unicode=True), encoding="utf-8")
            with pytest.raises(PolicyError):
                policies.load(path)
            assert not validator.is_valid(whole | changed), changed
            count += 1
    assert count > 50


def reference(value: Mapping[str, Any]) -> str:
    """The definition that a key, or an item of its list, refers to."""
    found: str = value.get("$ref", value.get("items", {}).get("$ref", ""))
    return found.removeprefix("#/$defs/")


def test_an_editor_can_tell_what_every_key_means(validator: jsonschema.Draft202012Validator) -> None:
    schema: Any = validator.schema
    sections = [schema, *(part for part in schema["$defs"].values() if "properties" in part)]
    means_itself = {name for name, part in schema["$defs"].items() if "enum" in part or "properties" in part}
    silent = {
        key
        for section in sections
        for key, value in section["properties"].items()
        if "description" not in value and reference(value) not in means_itself
    }
    assert len(sections) > 30
    assert silent == {"max", "min"}  # of a quota, which says it
