"""The filter: reasons that reach people, and what the playbooks make of several policies."""

from __future__ import annotations

import re
from functools import cache
from typing import Any

import pytest
import yaml
from ansible.plugins.filter import core, mathstuff
from jinja2.nativetypes import NativeEnvironment

from congvu.mail.notices import REASONS
from tests.unit.helpers import ROOT

MIB = 1 << 20
RULES = ROOT / "roles/rspamd/files/congvu"


def test_each_rule_that_may_hold_a_message_has_a_reason_in_vietnamese() -> None:
    text = "".join(path.read_text(encoding="utf-8") for path in RULES.glob("*.lua"))
    found = re.findall(r'find_by_policy\(task, "(\w+)"', text)
    found += re.findall(r'symbol = "(\w+)",\s*handling = handling', text)
    assert len(set(found)) >= 4
    assert set(found) - REASONS.keys() == set()


# What applies to all domains of a server


@cache
def _group_vars() -> dict[str, Any]:
    content: dict[str, Any] = yaml.safe_load((ROOT / "playbooks/group_vars/mail_servers.yml").read_text())
    return content


def _value(name: str, policies: list[dict[str, Any]]) -> Any:
    """A variable of the playbooks, as Ansible works it out."""
    environment = NativeEnvironment()
    environment.filters |= {**core.FilterModule().filters(), **mathstuff.FilterModule().filters()}
    text = _group_vars()[name]
    names = [other for other in _group_vars() if other != name and re.search(rf"\b{other}\b", text)]
    given = {other: _value(other, policies) for other in names if other != "policies"}
    return environment.from_string(text.strip()).render(policies=policies, **given)


@pytest.mark.parametrize("limits", [[20], [30], [20, 30], [100]])
def test_what_postfix_takes_the_filter_and_the_scanner_take_too(limits: list[int]) -> None:
    policies = [{"attachment_limit": limit * MIB} for limit in limits]
    postfix, rspamd, clamd = (
        _value(name, policies)
        for name in ("postfix_message_size_limit", "rspamd_max_message_size", "clamav_max_message_size")
    )
    assert max(limits) * MIB * 78 / 57 < postfix < rspamd <= clamd
    assert clamd < _value("clamav_max_scan_size", policies)


def test_clamd_looks_for_the_names_that_every_domain_forbids() -> None:
    policies = [{"forbidden_extensions": names.split()} for names in ("exe js", "js exe bat", "com exe js")]
    assert sorted(_value("clamav_forbidden_extensions", policies)) == ["exe", "js"]
    assert _value("clamav_forbidden_extensions", [*policies, {"forbidden_extensions": []}]) == []
