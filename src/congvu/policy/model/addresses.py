"""How addresses are formed, and what a mailbox holds: the sections ``person`` and ``unit``."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from types import MappingProxyType
from typing import Annotated

from congvu.policy.template import PersonTemplate, UnitTemplate
from congvu.policy.values import LOCAL_PART_MAX, DomainName, Duration, LocalPart, Size
from congvu.strictyaml import Between


class Kind(StrEnum):
    """Whose mailbox it is."""

    PERSON = "person"
    UNIT = "unit"


class NumberingScope(StrEnum):
    """Among whom namesakes are counted."""

    DOMAIN = "domain"
    """All people of the mail domain: the third An in the province has 3, wherever the second works."""
    UNIT = "unit"
    """The people of one unit; sensible only where the address names the unit."""


class PersonalData(StrEnum):
    """Private data of a person that a rung may print into an address everybody sees."""

    BIRTH_DATE = "birth_date"
    """Allows ``birth_year`` and ``birth_month``."""
    CITIZEN_ID = "citizen_id"
    """Allows ``citizen_id``, the twelve digits of the citizen's card (số căn cước)."""


class AddressChange(StrEnum):
    """What becomes of an address whose words are no longer true."""

    REISSUE = "reissue"
    """A new primary address by the rule; the old one stays an alias for a time."""
    KEEP = "keep"
    """The address stays as it is."""


class LongPlaceNames(StrEnum):
    """Whether `UnitRule.max_length` also counts the spelled-out place name of a commune."""

    AGREE = "agree"
    """It counts: ``ubndcattien`` (11) needs an agreement."""
    ALLOW = "allow"
    """It does not: only what was abbreviated is measured."""


class OtherMailbox(StrEnum):
    """Whether the address in a second domain has a mailbox of its own."""

    SEPARATE = "separate"
    SHARED = "shared"


class Provision(StrEnum):
    """When a mailbox is made."""

    EVERY = "every"
    """Everybody in the registry has one (QT-4.2a)."""
    ON_REQUEST = "on_request"
    """Only whom the agency registers (QT-4.3a)."""


_USED_BY = MappingProxyType(
    {
        "birth_year": PersonalData.BIRTH_DATE,
        "birth_month": PersonalData.BIRTH_DATE,
        "citizen_id": PersonalData.CITIZEN_ID,
    }
)


Length = Annotated[int, Between(1, LOCAL_PART_MAX, "RFC 5321")]
"""Characters of a local part."""


def _check_ladder(address: tuple[object, ...]) -> None:
    if not address:
        raise ValueError("address: the ladder has no rung")


@dataclass(frozen=True, slots=True)
class Numbering:
    """The number of a namesake, ``n`` in a template (LD-5.2b)."""

    first: Annotated[int, Between(1, 9999, "numbers begin with 1 or more")] | None = None
    """What the second holder of a name gets; the first has no number."""
    width: Annotated[int, Between(1, 9, "a number has at least one digit")] | None = None
    """Fewest digits, filled with zeros: 2 gives ``02``."""
    scope: NumberingScope | None = None


@dataclass(frozen=True, slots=True)
class OnChange:
    """What follows for the address when the words it is made of change. No text read sets a period."""

    address: AddressChange | None = None
    alias_for: Duration | None = None
    """How long the old address still receives."""


@dataclass(frozen=True, slots=True)
class QuotaRange:
    """The size of a mailbox: at least, at most. Regulations give the one or the other."""

    min: Size | None = None
    max: Size | None = None

    def __post_init__(self) -> None:
        if self.min and self.max and self.max < self.min:
            raise ValueError(f"max {self.max} is less than min {self.min}")


@dataclass(frozen=True, slots=True)
class Quota(QuotaRange):
    """The size of a mailbox (LD-6.1 has a maximum, the regulations of 2025 have minimums)."""

    classes: Mapping[str, QuotaRange] = field(default_factory=lambda: MappingProxyType({}))
    """Sizes for those whose row in the registry names the class: ``{leader: {min: 10G}}``."""


@dataclass(frozen=True, slots=True)
class PersonRule:
    """Mailboxes of people (LD-5.2)."""

    address: tuple[PersonTemplate, ...]
    """The ladder: rungs tried in order until one gives a free address. Only the last may use ``n``."""
    numbering: Numbering = Numbering()
    max_length: Length | None = None
    """Longest local part in characters that the rule may give; a longer one sends to the next rung."""
    personal_data: tuple[PersonalData, ...] = ()
    """Private data that rungs may print. What is not named here, no rung may use."""
    renamed: OnChange = OnChange()
    """The person's name has changed."""
    moved: OnChange = OnChange()
    """The person's unit has changed; it matters only where the address has the unit in it."""
    quota: Quota = Quota()
    provision: Provision | None = None
    also_in: tuple[DomainName, ...] = ()
    """Further mail domains in which everybody has an address, too (DL-3b, DL-6a)."""
    also_in_mailbox: OtherMailbox | None = None

    def __post_init__(self) -> None:
        _check_ladder(self.address)
        if any(rung.numbered for rung in self.address[:-1]):
            raise ValueError("address: a rung with 'n' never ends; it must be the last")
        if self.address[0].uses("base"):
            raise ValueError("address: the first rung defines 'base' and cannot use it")
        for rung in self.address:
            for variable, data in _USED_BY.items():
                if rung.uses(variable) and data not in self.personal_data:
                    raise ValueError(
                        f"address: {rung} prints private data into an address; "
                        f"write 'personal_data: [{data}]' if the regulation wants it"
                    )


@dataclass(frozen=True, slots=True)
class UnitRule:
    """Mailboxes of agencies and units (LD-5.1)."""

    address: tuple[UnitTemplate, ...]
    """The ladder: rungs tried in order; a rung that renders empty does not apply."""
    agreed: Mapping[str, LocalPart] = field(default_factory=lambda: MappingProxyType({}))
    """Addresses agreed with the operator or in use for years, by official name (LD-5.1b).
    They come before every rung."""
    max_length: Length | None = None
    """Longest local part in characters that the rule may give; a longer one needs an agreement (LD-5.1b)."""
    long_place_names: LongPlaceNames | None = None
    stop_words: tuple[str, ...] | None = None
    """Words of a name that give no letter."""
    kept: tuple[str, ...] = ()
    """Abbreviations that stay whole, besides those in capitals."""
    renamed: OnChange = OnChange()
    """The unit's name has changed."""
    quota: Quota = Quota()
    provision: Provision | None = None
    outgoing_approval: bool | None = None
    """What leaves the unit's mailbox was approved by the head (HT-7.3)."""
    needs_it_contact: bool | None = None
    """Each unit names an IT officer (LD-10.2d)."""
    handle_within: Duration | None = None
    """Mail that nobody opened for longer is reported (HT-7.5, DL-8.4: in time, without a number)."""

    def __post_init__(self) -> None:
        _check_ladder(self.address)
        holders: dict[str, str] = {}
        if twice := _twice(" ".join(name.casefold().split()) for name in self.agreed):
            raise ValueError(f"agreed: {twice!r} stands twice, in other letters")
        for name, local_part in self.agreed.items():
            if local_part.text in holders:
                raise ValueError(f"agreed: {holders[local_part.text]!r} and {name!r} have both {local_part}")
            holders[local_part.text] = name


@dataclass(frozen=True, slots=True)
class Places:
    """Names of communes and districts, a file of its own beside the policy.

    A person is never given what such a name spells out to (*Nguyễn Đông Hà* would get ``dongha``), a unit is.
    """

    version: int
    source: str
    """Where the names are from, with its version."""
    present: tuple[str, ...]
    """Official names with their type word, as they are now: *Xã Sơn Kim 2*."""
    abolished: tuple[str, ...] = ()
    """Names that ended with a merger. Old addresses and old letters still bear them."""


def _twice(words: Iterable[str]) -> str:
    """A word that stands twice; empty when none does."""
    seen: set[str] = set()
    for word in words:
        if word in seen:
            return word
        seen.add(word)
    return ""
