"""The configurations that `scripts/bench mail` makes from the deployed one."""

from __future__ import annotations

import pytest

from tests.bench.mail import static_users, without_policy_service
from tests.unit.helpers import ROOT

POLICY = "{ unix:private/quota-status, { default_action = 451 4.3.0 quota not known, try again } }"


@pytest.mark.parametrize(
    ("rules", "left"),
    [
        (f"reject_unlisted_recipient check_policy_service {POLICY}", "reject_unlisted_recipient"),
        (f"a, check_policy_service {POLICY}, b", "a, b"),
        (f"check_policy_service {POLICY} check_policy_service inet:127.0.0.1:1 b", "b"),
        ("a b", "a b"),
    ],
)
def test_only_the_policy_service_is_left_out(rules: str, left: str) -> None:
    assert without_policy_service(rules).strip() == left


def test_the_users_are_static_and_the_rest_is_as_deployed() -> None:
    deployed = (ROOT / "roles/dovecot/templates/dovecot.conf.j2").read_text()
    made = static_users(deployed)
    assert "userdb ldap {" not in made
    assert "userdb static {" in made
    assert made.count("\n}\n") == deployed.count("\n}\n")
    assert made.partition("# --- Store")[2] == deployed.partition("# --- Store")[2]
