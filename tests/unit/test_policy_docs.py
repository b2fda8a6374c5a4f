"""docs/policy.md knows every key of a policy and every word of the language of addresses, and no other."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Iterator, Mapping
from datetime import date
from pathlib import Path
from typing import Any, get_args, get_origin, get_type_hints

import pytest
import yaml

from congvu import policy as policies
from congvu.errors import PolicyError
from congvu.policy import Policy
from congvu.policy.lint import FindingKind, lint
from congvu.policy.model import Places
from congvu.policy.template import FILTERS, PERSON, UNIT
from congvu.strictyaml import Scalar
from tests.unit.helpers import ROOT

ONE_VALUE = (Scalar, Places)
TEXT = (ROOT / "docs/policy.md").read_text(encoding="utf-8")


def keys(schema: Any, home: str = "") -> Iterator[str]:
    """Every key below `schema`; a mapping by names of the writer's own is one key."""
    for name, stated in get_type_hints(schema).items():
        key = f"{home}.{name}".lstrip(".")
        wanted = get_args(stated)[0] if get_args(stated)[1:] == (type(None),) else stated
        item = get_args(wanted)[0] if get_origin(wanted) is tuple else wanted
        if isinstance(item, type) and dataclasses.is_dataclass(item) and not issubclass(item, ONE_VALUE):
            yield from keys(item, key if item is wanted else f"{key}[]")
        else:
            yield key


def documented() -> Iterator[str]:
    """The keys in the first column: ``a.b``, or ``a``, ``b``: ``.c``, ``.d`` for each of ``a`` and ``b``."""
    part = TEXT[TEXT.index("\n## Keys") : TEXT.index("\n## Addresses")]
    for cell in re.findall(r"^\| (`[^|]*) \|", part, re.MULTILINE):
        homes, _, names = cell.partition(": ")
        for home in re.findall(r"`([^`]+)`", homes):
            yield from (f"{home}{name}" for name in re.findall(r"`(\.[^`]+)`", names)) if names else [home]


def test_every_key_is_documented_once_and_no_other() -> None:
    told = list(documented())
    assert len(told) > 150
    assert sorted(told) == sorted(keys(Policy))


@pytest.mark.parametrize(("heading", "words"), [("people", PERSON), ("units", UNIT), ("filter", FILTERS)])
def test_every_word_of_the_language_is_documented(heading: str, words: Mapping[str, object]) -> None:
    rows = re.search(rf"^\| (?:for )?{heading} \| \|\n\|---\|---\|\n((?:\|.*\n)+)", TEXT, re.MULTILINE)
    assert rows
    cells = re.findall(r"^\| ([^|]*) \|", rows[1], re.MULTILINE)
    assert {word for cell in cells for word in re.findall(r"`([^`]+)`", cell)} == set(words)


def test_what_the_guide_shows_stands_in_the_examples() -> None:
    """The snippets of the guide are parts of the two policies that ship as examples."""
    whole = {
        path.stem: yaml.safe_load(path.read_text(encoding="utf-8"))
        for path in ROOT.glob("docs/examples/*.yml")
    }
    shown = [yaml.safe_load(block) for block in re.findall(r"```yaml\n(.*?)```", TEXT, re.DOTALL)]
    assert len(shown) == 4
    (frame, rung, ladder, numbers), nb = shown, whole["ninhbinh.gov.vn"]
    assert frame["regulation"].items() <= nb["regulation"].items()
    assert frame["person"]["address"] == nb["person"]["address"]
    assert rung == nb["unit"]["address"]
    assert ladder["person"]["address"] == whole["dongthap.gov.vn"]["person"]["address"][:4]
    for section, values in numbers.items():
        assert values.items() <= nb[section].items()


def test_the_guide_leads_from_an_empty_file_to_a_policy(tmp_path: Path) -> None:
    frame, rung, _, numbers = re.findall(r"```yaml\n(.*?)```", TEXT, re.DOTALL)
    path = tmp_path / "ninhbinh.gov.vn.yml"
    path.write_text(frame, encoding="utf-8")
    with pytest.raises(PolicyError, match=r"yml:16: .* where 'parent' is empty; use {% if parent %}"):
        policies.load(path)
    path.write_text(
        re.sub(r"unit:(.*\n)(.*\n).*\n", rf"unit:\1\2{rung}", frame) + "\n" + numbers, encoding="utf-8"
    )
    found = lint(policies.load(path), policies.sources(path), date(2026, 11, 22))
    told = {f"{finding.line}: {finding.kind} {finding.code}: {finding.key}" for finding in found}
    shown = re.findall(r"^    ninhbinh\.gov\.vn\.yml:(\d+: \w+ [a-z-]+: [\w.]+): ", TEXT, re.MULTILINE)
    assert len(shown) == 3
    assert set(shown) <= told
    assert not [finding for finding in found if finding.kind is FindingKind.SOURCE]


def test_the_examples_are_read() -> None:
    for path in ROOT.glob("docs/examples/*.yml"):
        assert policies.load(path).domain.text == path.stem
