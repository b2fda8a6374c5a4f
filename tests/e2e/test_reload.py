"""Mail that comes while clamd reads its signatures anew is scanned all the same."""

from __future__ import annotations

from congvu.fleet.client import Outside
from tests.e2e.test_viruses import EICAR, HARMLESS
from tests.lab import STRANGER, Account, Site, letter, transact


def test_a_reload_lets_no_virus_pass_and_turns_no_mail_away(
    outside: Outside, site: Site, unit: Account
) -> None:
    """clamd answers an order to reload at once, and reads while the letters come."""
    with outside.smtp() as client:
        for _ in range(3):
            site.on_mail("clamdscan", "--reload")
            virus = transact(client, STRANGER, unit.address, letter(STRANGER, unit.address, EICAR))
            plain = transact(client, STRANGER, unit.address, letter(STRANGER, unit.address, HARMLESS))
            assert (virus.code, "Virus" in virus.text) == (554, True), virus
            assert plain.accepted, plain
