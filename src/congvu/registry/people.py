"""People: made from the rows of a staff list or of a request form."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date
from typing import NamedTuple

from congvu.policy.values import DomainName
from congvu.registry import lines, values
from congvu.registry.cells import Cells
from congvu.registry.headings import TICKS, Field
from congvu.registry.model import Action, Employment, Person, Status
from congvu.registry.names import (
    NameLayout,
    NameOrder,
    NameOrderEvidence,
    in_capitals,
    is_turned,
    name_layout,
    title_case,
)
from congvu.registry.problems import Code, Problems
from congvu.registry.seen import Seen, staff_key
from congvu.registry.settled import Reading
from congvu.registry.sheet import Row, Table
from congvu.registry.text import key
from congvu.registry.units import Units

REQUIRED = (
    Field.STAFF_ID,
    Field.SURNAME,
    Field.MIDDLE_NAME,
    Field.GIVEN_NAME,
    Field.UNIT_ID,
    Field.POSITION,
    Field.PHONE,
    Field.REGISTERED_ON,
    Field.STATUS,
)
"""Columns of our own ``staff.csv``."""
FREE_MAIL = re.compile(
    r"(?:gmail|googlemail|ymail|rocketmail|outlook|live|msn|icloud|me|aol|zoho|protonmail|gmx|yandex)\.com|"
    r"(?:yahoo|hotmail|outlook)\.com(?:\.vn)?|yahoo\.co\.\w\w|proton\.me|mail\.ru|(?:\w+\.)?(?:vnn|fpt)\.vn"
)
"""Providers that are nobody's office; HT-6.8 names Yahoo, Hotmail and Gmail."""
_NAME_FIELDS = (
    Field.FULL_NAME,
    Field.HOLDER,
    Field.GIVEN_NAME,
    Field.FIRST_NAME,
    Field.FAMILY_AND_MIDDLE,
    Field.SURNAME,
)
_STATES = " or ".join(Status)
_MAIL = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s.]+")
_GAPS = re.compile(r"[\s.\-()]+")


class Name(NamedTuple):
    """A name in its parts; `written` where it differs from them in order, or there are none."""

    surname: str
    middle: str
    given: str
    written: str


class StaffRows:
    """The people of one table, as they are read."""

    def __init__(
        self,
        table: Table,
        reading: Reading,
        problems: Problems,
        seen: Seen,
        units: Units | None,
        *,
        complete: bool,
    ) -> None:
        """`units` of the registry, if any. `complete`: for a sync, which needs ids, dates and units."""
        self._table, self._problems, self._seen = table, problems, seen
        self._units, self._complete = units, complete
        self._cells = Cells(table, reading, problems)
        self._named = next((name for name in _NAME_FIELDS if table.index(name) is not None), Field.FULL_NAME)
        self._by_name = self._cells.has(Field.UNIT_NAME) and not self._cells.has(Field.UNIT_ID)
        self._ticks = [tick for tick in TICKS if table.index(tick) is not None]
        self._order = self._name_order()
        self._layout = self._name_layout()
        self.bad_rows = 0
        """Rows with an error."""

    @property
    def last_was_bad(self) -> bool:
        """Whether the person given out last has an error."""
        return self._cells.bad

    def __iter__(self) -> Iterator[Person]:
        for row in self._table:
            self._cells.take(row)
            person = self._person(row)
            self.bad_rows += self._cells.bad
            if person:
                yield person
        self._cells.close()

    def _name_order(self) -> NameOrder | None:
        """What ``firstname`` and ``lastname`` mean here; a problem where the rows do not say."""
        first, last = self._table.index(Field.FIRST_NAME), self._table.index(Field.LAST_NAME)
        if first is None or last is None:
            return None
        full = self._table.index(Field.FULL_NAME)
        evidence = NameOrderEvidence()
        for row in self._table.sample:
            evidence.see(row.values[first], row.values[last], row.values[full] if full is not None else "")
        place = self._table.place(self._table.heading_rows[-1])
        headings = [self._cells.heading(name) for name in (Field.FIRST_NAME, Field.LAST_NAME)]
        if evidence.result:
            self._problems.note(
                place,
                headings[0],
                Code.NAME_ORDER,
                f"{headings[0]} and {headings[1]}: {evidence.result.value} ({evidence})",
                "if not so, settle it in the mapping file",
            )
        else:
            self._problems.error(
                place,
                headings[0],
                Code.NAME_ORDER,
                f"what {headings[0]} and {headings[1]} mean is in doubt: {evidence}",
                f"write in the mapping file, under columns, either '{headings[0]}: family_and_middle' and "
                f"'{headings[1]}: given_name', or '{headings[0]}: given_name' and '{headings[1]}: surname'",
            )
        return evidence.result

    def _name_layout(self) -> NameLayout:
        """What «Họ» and «Tên» hold here; told where it is not what they say, or in doubt."""
        table = self._table
        given, surname = table.index(Field.GIVEN_NAME), table.index(Field.SURNAME)
        others = (Field.FULL_NAME, Field.HOLDER, Field.MIDDLE_NAME, Field.FAMILY_AND_MIDDLE)
        if table.ours or given is None or table.settled(Field.GIVEN_NAME):
            return NameLayout.AS_HEADED
        if any(table.index(name) is not None for name in others):
            return NameLayout.AS_HEADED
        surnames = [row.values[surname] for row in table.sample] if surname is not None else []
        found = name_layout(surnames, [row.values[given] for row in table.sample])
        place = table.place(table.heading_rows[-1])
        heading = self._cells.heading(Field.GIVEN_NAME)
        if found is None:
            self._problems.error(
                place,
                heading,
                Code.NAME_ORDER,
                "some rows have several words in it, others one: what it holds is in doubt",
                "say it in the mapping file, under columns: full_name, family_and_middle, given_name",
            )
        elif found is not NameLayout.AS_HEADED:
            self._problems.note(
                place, heading, Code.NAME_ORDER, found.value, "if not so, settle it in the mapping file"
            )
        return found or NameLayout.AS_HEADED

    def _check_order(self, name: Name) -> None:
        """The row's own say about its parts: it must not be the opposite of the others'."""
        cells = self._cells
        first, last = cells.optional(Field.FIRST_NAME), cells.optional(Field.LAST_NAME)
        full = cells.optional(Field.FULL_NAME)
        parts = " ".join(part for part in name[:3] if part)
        if self._order and NameOrderEvidence.contradicts(self._order, first, last, full):
            cells.error(
                Field.FIRST_NAME,
                Code.NAME_ORDER,
                f"{' | '.join(filter(None, (first, last, full)))!r} says the opposite of the other rows",
                f"there {self._order.value}; correct this row",
            )
        elif not self._order and name.given and full and is_turned(full, name.surname, parts):
            cells.error(
                Field.FULL_NAME,
                Code.NAME,
                f"{full!r} and its parts differ in order: {parts!r}",
                "correct one of them",
            )

    def _person(self, row: Row) -> Person | None:
        cells = self._cells
        holder = cells.optional(Field.HOLDER)
        if holder and lines.names_organisation(holder):
            cells.warn(
                Field.HOLDER,
                Code.UNIT_REQUEST,
                f"{holder!r} is an agency: this asks about the unit's own mailbox",
                "handle it as a request of the unit",
            )
            return None
        name = self._name()
        action = self._action()
        staff_id = self._staff_id(row, name, action)
        unit_id, unit_name = self._unit(row)
        employment = cells.parsed(
            Field.EMPLOYMENT,
            lambda text: values.word(text, Employment),
            None,
            f"one of {values.words(Employment)}",
        )
        person = Person(
            place=row.place,
            staff_id=staff_id,
            surname=name.surname,
            middle_name=name.middle,
            given_name=name.given,
            written_name=name.written,
            unit_id=unit_id,
            position=cells.optional(Field.POSITION),
            phone=self._phone(),
            registered_on=self._registered_on(),
            status=self._status(action),
            unit_name=unit_name,
            contact_mail=self._contact_mail(),
            document=cells.optional(Field.DOCUMENT),
            action=action,
            request=self._request(),
            employment=employment,
            address=cells.optional(Field.ADDRESS).lower(),
            birth_date=cells.date(Field.BIRTH_DATE),
            citizen_id=self._citizen_id(),
            quota_class=cells.optional(Field.QUOTA_CLASS),
            quota=cells.parsed(Field.QUOTA, values.size, None, "a size such as 5 GB or 500 MB"),
            quota_reason=cells.optional(Field.QUOTA_REASON),
            sponsor_unit_id=self._sponsor(),
            until=cells.date(Field.UNTIL),
            domains=self._domains(),
        )
        self._check(person)
        return person

    def _check(self, person: Person) -> None:
        """What must hold between the cells of a row."""
        if person.quota and not person.quota_reason:
            self._cells.error(
                Field.QUOTA, Code.QUOTA, "a quota of its own needs a reason (LD-6.1)", "fill in quota_reason"
            )
        if person.employment is Employment.GUEST:
            if not person.sponsor_unit_id:
                self._cells.error(
                    Field.SPONSOR_UNIT_ID,
                    Code.GUEST,
                    "a guest without a unit that answers for them (BT-P2b)",
                    "name the sponsoring unit",
                )
            if not person.until:
                self._cells.error(
                    Field.UNTIL, Code.GUEST, "a guest without an end (BT-P2b)", "write the last day"
                )

    # The name

    def _name(self) -> Name:
        name = self._parts()
        full = self._cells.optional(Field.FULL_NAME)
        parts = " ".join(filter(None, name[:3]))
        differ = name.given and full and sorted(key(full).split()) != sorted(key(parts).split())
        if differ:  # an address would be formed from the one, and shown beside the other
            self._cells.error(
                Field.FULL_NAME, Code.NAME, f"{full!r} and its parts differ: {parts!r}", "correct one of them"
            )
        if self._table.ours:
            return name
        if not differ:
            self._check_order(name)
        return self._without_capitals(name)

    def _parts(self) -> Name:
        cells = self._cells
        full = cells.optional(Field.FULL_NAME) or cells.optional(Field.HOLDER)
        surname, middle = cells.optional(Field.SURNAME), cells.optional(Field.MIDDLE_NAME)
        given = cells.optional(Field.GIVEN_NAME)
        if front := cells.optional(Field.FAMILY_AND_MIDDLE):
            surname, _, middle = front.partition(" ")
        if self._layout is NameLayout.FAMILY_AND_MIDDLE:
            surname, _, middle = surname.partition(" ")
        elif self._layout is not NameLayout.AS_HEADED:
            return self._whole(f"{surname} {given}".strip())
        first, last = cells.optional(Field.FIRST_NAME), cells.optional(Field.LAST_NAME)
        if self._order is NameOrder.KINH:
            surname, _, middle = first.partition(" ")
            given = last
        elif self._order is NameOrder.WESTERN and " " not in first:
            surname, given = last, first
        elif self._order is NameOrder.WESTERN:
            full = full or f"{last} {first}".strip()
        if given:
            written = full if key(full) != key(f"{surname} {middle} {given}") else ""
            return Name(surname, middle, given, written)
        if surname or middle or not full:
            self._given_is_missing()
        return Name(surname, middle, "", full)

    def _whole(self, full: str) -> Name:
        """A name whose given name stands in no cell of its own."""
        if not self._cells.optional(Field.GIVEN_NAME):
            self._cells.required(Field.GIVEN_NAME)
        return Name("", "", "", full)

    def _given_is_missing(self) -> None:
        """A name that was begun in its parts, or not at all."""
        of_order = {NameOrder.KINH: Field.LAST_NAME, NameOrder.WESTERN: Field.FIRST_NAME}
        column = of_order[self._order] if self._order else Field.GIVEN_NAME
        if self._table.index(column) is None:
            column = self._named
        if not self._cells.optional(column):
            self._cells.required(column)
        elif not self._cells.optional(Field.FIRST_NAME):
            self._cells.error(column, Code.NAME, "there is no given name (tên)", "add a column with it")

    def _without_capitals(self, name: Name) -> Name:
        whole = " ".join(part for part in name if part)
        if not in_capitals(whole):
            return name
        mended = Name(*(title_case(part) for part in name))
        self._cells.note(
            self._named,
            Code.CAPITALS,
            f"{whole!r} is read as {' '.join(part for part in mended if part)!r}",
            "names in capitals are shown in ordinary letters",
        )
        return mended

    # Who and where

    def _staff_id(self, row: Row, name: Name, action: Action | None) -> str:
        cells = self._cells
        staff_id = cells.identifier(Field.STAFF_ID)
        if not staff_id and cells.has(Field.STAFF_ID) and action is not Action.CREATE:
            if self._complete:
                cells.required(Field.STAFF_ID)
            else:
                cells.warn(Field.STAFF_ID, Code.NO_ID, "is empty", "the sync tells people apart by their id")
        if staff_id:
            earlier = self._seen.earlier(staff_key(staff_id), f"row {row.place.row}")
            if earlier:
                cells.error(
                    Field.STAFF_ID,
                    Code.DUPLICATE,
                    f"{staff_id!r} stands also in {earlier}",
                    "give each its own, or drop one row",
                )
            if self._units and (clash := self._units.folded.get(staff_id.casefold())):
                cells.error(
                    Field.STAFF_ID,
                    Code.DUPLICATE,
                    f"{staff_id!r} is also the unit in {clash.place}",
                    "change one of them",
                )
        elif not self._complete:
            self._check_twin(row, name)
        return staff_id

    def _check_twin(self, row: Row, name: Name) -> None:
        """Without ids, the same name, unit and telephone twice is one person twice, or a mistake."""
        cells = self._cells
        unit = cells.optional(Field.UNIT_ID) or cells.optional(Field.UNIT_NAME) or row.section
        whole = " ".join(part for part in name if part)
        marks = (whole, unit, _GAPS.sub("", cells.optional(Field.PHONE)).lstrip("0"))
        if whole and (first := self._seen.earlier("\n".join(marks).casefold(), f"row {row.place.row}")):
            cells.warn(
                self._named,
                Code.DUPLICATE,
                f"{whole!r} with this unit and telephone stands also in {first}",
                "drop one row, or tell them apart by an id",
            )

    def _unit(self, row: Row) -> tuple[str, str]:
        """The unit's id and its name, as far as the file and the list of units say them."""
        cells = self._cells
        if unit_id := cells.optional(Field.UNIT_ID):
            if self._units is not None and unit_id not in self._units.by_id:
                cells.error(
                    Field.UNIT_ID,
                    Code.UNIT,
                    f"there is no unit {unit_id!r}",
                    self._units.nearest(unit_id),
                )
            return unit_id, cells.optional(Field.UNIT_NAME)
        own, above = cells.optional(Field.UNIT_NAME), cells.optional(Field.AGENCY) or row.section
        name = own or above
        if not own and not cells.optional(Field.AGENCY):
            above = row.outer
        if not name:
            if self._table.ours or self._complete or cells.has(Field.UNIT_NAME):
                cells.required(Field.UNIT_NAME if self._by_name else Field.UNIT_ID)
            return "", ""
        return self._found(Field.UNIT_NAME, name, above), name

    def _found(self, column: Field, name: str, within: str) -> str:
        if self._units is None:
            return ""
        choice = self._units.choose(name, within)
        if choice.unit is None:
            self._cells.error(column, Code.UNIT, choice.message, choice.hint)
            return ""
        if choice.in_doubt:
            self._cells.warn(column, Code.UNIT, choice.message, "the marks differ; correct the name")
        elif choice.message:
            self._cells.note(column, Code.UNIT, choice.message, choice.hint)
        return choice.unit.unit_id

    def _sponsor(self) -> str:
        name = self._cells.optional(Field.SPONSOR_UNIT_ID)
        if not name or self._units is None:
            return name
        return self._found(Field.SPONSOR_UNIT_ID, name, "") or name

    # Dates and states

    def _registered_on(self) -> date:
        cells = self._cells
        found = cells.date(Field.REGISTERED_ON)
        empty = found is None and not cells.optional(Field.REGISTERED_ON)
        if empty and self._complete and cells.has(Field.REGISTERED_ON):
            cells.required(Field.REGISTERED_ON)
        return found or date.max

    def _status(self, action: Action | None) -> Status:
        cells = self._cells
        if self._table.ours:
            cells.required(Field.STATUS)
        said = cells.parsed(Field.STATUS, lambda text: values.word(text, Status), Status.WORKING, _STATES)
        return Status.LEFT if action and action.ends else said  # who still works may need the mailbox no more

    def _action(self) -> Action | None:
        cells = self._cells
        if not self._ticks:
            return cells.parsed(
                Field.ACTION,
                lambda text: values.word(text, Action),
                None,
                f"one of {values.words(Action)}",
            )
        chosen = [
            tick
            for tick in self._ticks
            if cells.parsed(tick, values.ticked, otherwise=False, wanted="x, or leave it empty")
        ]
        if len(chosen) != 1:
            several = ", ".join(cells.heading(tick) for tick in chosen)
            cells.error(
                self._ticks[0],
                Code.ACTION,
                f"has several ticks: {several}" if chosen else "has no tick",
                "tick one",
            )
            return None
        return Action(str(chosen[0]))

    def _request(self) -> str:
        """What is asked, in words; beside ticks the column of the action is such words too."""
        words = [self._cells.optional(Field.REQUEST)]
        if self._ticks:
            words.append(self._cells.optional(Field.ACTION))
        return "; ".join(word for word in words if word)

    # The rest

    def _phone(self) -> str:
        phone = self._cells.optional(Field.PHONE)
        if self._table.ours or not phone:
            return phone
        found = values.phone(phone)
        if found.mended:
            self._cells.note(Field.PHONE, Code.PHONE, f"{phone!r} is read as {found.text!r}", found.mended)
        if found.doubt:
            self._cells.warn(Field.PHONE, Code.PHONE, f"{phone!r} {found.doubt}", "write one number")
        return found.text

    def _citizen_id(self) -> str:
        cells = self._cells
        text = cells.optional(Field.CITIZEN_ID).replace(" ", "")
        if text.isdigit() and len(text) == 11 and not self._table.ours:
            cells.note(Field.CITIZEN_ID, Code.NUMBER, "a number that lost its zero", "the zero was put back")
            text = f"0{text}"
        if text and not (text.isascii() and text.isdigit() and len(text) == 12):
            # Not shown: it is personal data, and messages end up in logs.
            cells.error(
                Field.CITIZEN_ID,
                Code.VALUE,
                f"has {len(text)} characters, not 12 digits",
                "write the number on the citizen's card; that of the old identity card has nine",
            )
        return text

    def _contact_mail(self) -> str:
        cells = self._cells
        mail = cells.optional(Field.CONTACT_MAIL).lower()
        if mail and not _MAIL.fullmatch(mail):
            cells.warn(Field.CONTACT_MAIL, Code.VALUE, f"{mail!r} is no mail address", "correct it")
        elif FREE_MAIL.fullmatch(mail.rpartition("@")[2]):
            cells.warn(
                Field.CONTACT_MAIL,
                Code.FREE_MAIL,
                f"{mail} is at a free provider, which is not for official mail (HT-6.8)",
                "give an official address, or none",
            )
        return mail

    def _domains(self) -> tuple[str, ...]:
        def parse(text: str) -> tuple[str, ...]:
            return tuple(
                str(DomainName.from_text(name)) for name in re.split(r"[\s,;]+", text.lower()) if name
            )

        return self._cells.parsed(Field.DOMAINS, parse, (), "mail domains such as daklak.gov.vn")
