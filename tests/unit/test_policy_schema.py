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
