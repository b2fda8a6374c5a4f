"""Brings together what all domains' lists and overrides say, and all that is wrong with them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import date

from congvu.errors import RegistryError
from congvu.policy.effective import effective
from congvu.policy.model import Policy
from congvu.registry.model import Registry
from congvu.registry.problems import Problem, Problems, Severity
from congvu.registry.units import Units
from congvu.sync import overrides
from congvu.sync.amending import amend, dangling, unknown
from congvu.sync.everybody import spread
from congvu.sync.gathered import Aside
from congvu.sync.layers import LayerRows, Layers
from congvu.sync.overrides import Placed, Told
from congvu.sync.reading import Reading, Wish, read, read_people
from congvu.sync.settings import Identity, Settings


class Collector:
    """The reading of all domains, and what is to say about it."""

    def __init__(self, settings: Settings, today: date) -> None:
        self._settings, self._today = settings, today
        self.registries: dict[str, Registry] = {}
        """In the order in which they were read."""
        self.asides: dict[str, Aside] = {}
        """Whom each domain's bad rows are about."""
        self.quarantined: dict[str, tuple[Problem, ...]] = {}
        """What is wrong with them."""
        self.overrides: dict[str, Placed] = {}
        """Of whom no row has said the id yet."""
        self._all: dict[str, Placed] = {}
        self.told = Told()

    def read(self, domain: str, policy: Policy) -> None:
        """Read one domain: its registry, what further lists say, what was set by hand."""
        files = self._settings.domains[domain]
        wish = Wish(
            ids=files.identity is Identity.IDS,
            control_total=files.control_total,
            quarantine=effective(policy).sync_quarantine,
        )
        try:
            reading = read(files.registry, wish)
            placed = overrides.load(files.overrides) if files.overrides else overrides.NONE
        except RegistryError as fault:
            self.told.problems.extend(fault.problems or (str(fault),))
            return
        self._tell(domain, reading.problems)
        if reading.errors:
            return
        registry = self._layered(domain, reading)
        own = Told()
        placed = overrides.in_force(placed, self._today, own)
        self.told.findings.extend(f"{domain}: {finding}" for finding in own.findings)
        self._all[domain] = placed
        self.registries[domain], self.overrides[domain] = amend(registry, placed)
        self.asides[domain], self.quarantined[domain] = reading.aside, reading.quarantined

    def _tell(self, domain: str, found: Iterable[Problem]) -> None:
        """Take over what is wrong with a list, and what somebody should look at."""
        for problem in found:
            if problem.severity is Severity.ERROR:
                self.told.problems.append(str(problem))
            elif problem.severity is Severity.WARNING:
                self.told.findings.append(f"{domain}: {problem}")

    def _layered(self, domain: str, reading: Reading) -> Registry:
        """The registry with what the domain's further lists say."""
        registry = reading.registry
        layers, units = Layers(registry, reading.aside), Units(registry.units)
        for layer in self._settings.domains[domain].layers:
            if strange := sorted(set(layer.units) - units.by_id.keys()):
                self.told.problems.append(
                    f"{layer.path}: {domain} has no unit {strange[0]!r} (correct it in the settings)"
                )
            problems = Problems()
            try:
                people = read_people(
                    layer.path, units, problems, layer.units[0] if len(layer.units) == 1 else ""
                )
            except RegistryError as fault:
                self.told.problems.extend(fault.problems or (str(fault),))
                continue
            self._tell(domain, problems.found)
            if not problems.errors:
                layers.put(LayerRows(layer, people))
        self.told.problems.extend(layers.problems)
        self.told.findings.extend(f"{domain}: {finding}" for finding in layers.findings)
        return layers.result

    def join(self) -> None:
        """Give everybody a row in each of their domains; then every override must have found its row."""
        if self.told.problems:
            return  # what is missing somewhere would be told as if it were missing everywhere
        joined = spread(self.registries)
        self.told.problems.extend(joined.problems)
        self.told.findings.extend(joined.findings)
        self._join_asides()
        for domain, registry in joined.registries.items():
            amended, rest = amend(registry, self.overrides[domain])
            self.registries[domain], self.overrides[domain] = amended, rest
            self.told.problems.extend(dangling(amended, self._all[domain]))
            if self._settings.domains[domain].identity is Identity.IDS and not self.asides[domain]:
                self.told.problems.extend(unknown(rest, amended))

    def _join_asides(self) -> None:
        """Whom one domain cannot say anything about, another one's rows may have been meant to name."""
        everywhere = frozenset(staff_id for aside in self.asides.values() for staff_id in aside.people)
        if not everywhere:
            return
        for domain, aside in self.asides.items():
            own = {person.staff_id.casefold() for person in self.registries[domain].staff}
            self.asides[domain] = replace(aside, people=aside.people | (everywhere - own))
