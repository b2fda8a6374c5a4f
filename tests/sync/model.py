"""A model of what a directory must say after each version of an office's registry, and random versions.

It knows the rules of `world.RULES` by itself: addresses, numbers of namesakes, aliases, tombstones.
Nothing of the package computes it.
"""

from __future__ import annotations

import random
import re
import unicodedata
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta

from tests.sync.world import DOMAIN, person

SURNAMES = ["Nguyễn", "Trần", "Lê", "Phạm", "Đỗ", "Võ"]
MIDDLE = ["Văn", "Thị", "Đức", "Thị Ngọc", "Minh", ""]
GIVEN = ["An", "Bình", "Chi", "Dũng", "Đạt", "Giang", "Hương", "Khánh", "Ân"]
TITLES = ["Chuyên viên", "Văn thư", "Trưởng phòng", "Kế toán, thủ quỹ", 'Phó "GĐ" + #1', ""]
PLACES = [
    "An",
    "Bình",
    "Cao",
    "Đông",
    "Giang",
    "Hà",
    "Khê",
    "Lâm",
    "Minh",
    "Nam",
    "Phú",
    "Quang",
    "Sơn",
    "Tân",
    "Vân",
    "Xuân",
]
ALIAS_YEARS = 1
ABSENT_RUNS = 2


def folded(words: str) -> str:
    """Letters without marks, in lower case."""
    plain = unicodedata.normalize("NFD", words.replace("đ", "d").replace("Đ", "D"))
    return "".join(letter for letter in plain if not unicodedata.combining(letter)).lower()


@dataclass(slots=True)
class Mailbox:
    """What an account holds for ever."""

    local: str
    aliases: dict[str, date] = field(default_factory=dict)
    """With their last days."""
    former: set[str] = field(default_factory=set)
    state: str = "initial"
    ended: str = ""

    def held(self) -> Iterator[str]:
        yield from (self.local, *self.aliases, *self.former)

    def expire(self, today: date) -> None:
        """Aliases whose time is over stay with their holder, and deliver no more."""
        over = {alias for alias, day in self.aliases.items() if day < today}
        self.former |= over
        self.aliases = {alias: day for alias, day in self.aliases.items() if alias not in over}

    def attributes(self) -> dict[str, set[str]]:
        at = f"@{DOMAIN}"
        return {
            "mail": {self.local + at},
            "mailLocalAddress": {local + at for local in (self.local, *self.aliases)},
            "congvuAliasUntil": {f"{alias}{at} {day:%Y%m%d}" for alias, day in self.aliases.items()},
            "congvuFormerAddress": {local + at for local in self.former},
            "congvuState": {self.state},
            "congvuEnded": {self.ended} - {""},
        }


class Model:
    """The registry as it is now, and what the directory must say of it."""

    def __init__(self, seed: int) -> None:
        self.dice = random.Random(seed)  # noqa: S311  (a history, not a secret)
        self.units: dict[str, dict[str, str]] = {}
        """Rows."""
        self.staff: dict[str, dict[str, str]] = {}
        self.boxes: dict[str, Mailbox] = {}
        """By ``units/A1``, ``people/S1``."""
        self.said: dict[str, dict[str, set[str]]] = {}
        """The other attributes, as they were when the account was last in use."""
        self.absent: dict[str, int] = {}
        self.today = date(2026, 1, 5)
        self._bases: dict[str, str] = {}
        self._fresh: set[str] = set()
        """What new addresses of this version are made from: two of one kind would have an order."""
        self._names = [f"Ban {one} {two}" for one in PLACES for two in PLACES if one != two]
        self.dice.shuffle(self._names)
        self._number = 0

    # Versions

    def found(self, people: int) -> None:
        """The first version."""
        for _ in range(4):
            self._new_unit()
        while len(self.staff) < people:
            self._join()

    def next_version(self) -> None:
        """Another day, and some changes."""
        self.today += timedelta(days=self.dice.randint(1, 45))
        self.today = self.today.replace(day=min(self.today.day, 28))
        self._fresh.clear()
        acts: list[tuple[Callable[[], None], int]] = [
            (self._join, 6), (self._leave, 4), (self._vanish, 3), (self._back, 5), (self._move, 6),
            (self._rename, 6), (self._details, 8), (self._head, 4), (self._new_unit, 1),
            (self._rename_unit, 2), (self._move_unit, 2), (self._end_unit, 1), (self._unit_back, 1),
        ]  # fmt: skip
        functions, weights = zip(*acts, strict=True)
        for act in self.dice.choices(functions, weights, k=self.dice.randint(0, 5)):
            act()

    def _join(self) -> None:
        if len(self._working()) > 40:
            return
        self._number += 1
        uid, name = f"S{self._number:04d}", self._name()
        if not self._claim(name):
            return
        row = person(name, self.dice.choice(self._open_units()), self.dice.choice(TITLES))
        self.staff[uid] = {"staff_id": uid, **row, "registered_on": str(self.today), "status": "working"}

    def _leave(self) -> None:
        if uid := self._some(self._working()):
            self.staff[uid]["status"] = "left"

    def _vanish(self) -> None:
        heads = {row["head_id"] for row in self.units.values()}
        if uid := self._some([uid for uid in self.staff if uid not in heads]):
            del self.staff[uid]

    def _back(self) -> None:
        if uid := self._some([uid for uid, row in self.staff.items() if row["status"] == "left"]):
            self.staff[uid] |= {"status": "working", "unit_id": self.dice.choice(self._open_units())}

    def _move(self) -> None:
        if uid := self._some(self._working()):
            self.staff[uid]["unit_id"] = self.dice.choice(self._open_units())

    def _rename(self) -> None:
        if uid := self._some([uid for uid in self._working() if f"people/{uid}" in self.boxes]):
            row = self.staff[uid]
            name = f"{self.dice.choice(SURNAMES)}|{row['middle_name']}|{row['given_name']}"
            if self._claim(name):
                row["surname"] = name.split("|", maxsplit=1)[0]

    def _details(self) -> None:
        if uid := self._some(self._working()):
            self.staff[uid] |= {
                "position": self.dice.choice(TITLES),
                "phone": self.dice.choice(["", f"0999 {self.dice.randint(0, 999):03d} 111"]),
            }

    def _head(self) -> None:
        self.units[self.dice.choice(self._open_units())]["head_id"] = self.dice.choice(["", *self._working()])

    def _new_unit(self) -> None:
        uid = f"U{len(self.units) + 1:02d}"
        parent = self.dice.choice(["", *self._open_units()])
        self.units[uid] = {
            "unit_id": uid,
            "name": self._names.pop(),
            "kind": "centre",
            "parent_id": parent,
            "registered_on": str(self.today),
            "head_id": "",
            "status": "",
            "successor_ids": "",
        }

    def _rename_unit(self) -> None:
        self.units[self.dice.choice(self._open_units())]["name"] = self._names.pop()

    def _move_unit(self) -> None:
        uid = self.dice.choice(self._open_units())
        fine = [one for one in self._open_units() if uid not in self._line(one)]
        self.units[uid]["parent_id"] = self.dice.choice(["", *fine])

    def _end_unit(self) -> None:
        """Merged, divided or dissolved; its people and the units below it go elsewhere."""
        open_units = [uid for uid in self._open_units() if f"units/{uid}" in self.boxes]
        ends = self._some([uid for uid in open_units if not self.units[uid]["head_id"]])
        if len(open_units) < 4 or not ends or self.said[f"units/{ends}"]["congvuHead"]:
            return
        others = [uid for uid in open_units if uid != ends and ends not in self._line(uid)]
        if len(others) < 2:
            return
        taking = self.dice.sample(others, self.dice.randint(0, 2))
        word = ("Giải thể", "Sáp nhập", "Chia tách")[len(taking)]
        self.units[ends] |= {"status": word, "successor_ids": ";".join(taking)}
        for row in (*self.staff.values(), *self.units.values()):
            name = "parent_id" if "parent_id" in row else "unit_id"
            if row[name] == ends:
                row[name] = self.dice.choice(taking or others)

    def _unit_back(self) -> None:
        if uid := self._some([uid for uid, row in self.units.items() if row["status"]]):
            self.units[uid] |= {"status": "", "successor_ids": "", "parent_id": ""}

    # What the directory must say

    def apply(self) -> set[str]:
        """Take the version over; returns the keys of the accounts of which something has changed."""
        before = self.expected()
        for uid, row in self.units.items():
            if not row["status"]:
                self._serve(f"units/{uid}", folded("".join(word[0] for word in row["name"].split())))
        for uid, row in sorted(self.staff.items()):
            if row["status"] == "working":
                self._serve(f"people/{uid}", base(row))
        self._ends()
        for uid, row in self.staff.items():
            if row["status"] == "working":
                self.said[f"people/{uid}"] = self._of_person(row)
        for uid, row in self.units.items():
            if not row["status"]:
                self.said[f"units/{uid}"] = self._of_unit(row)
        after = self.expected()
        return {key for key in after if after[key] != before.get(key)}

    def expected(self) -> dict[str, dict[str, set[str]]]:
        """Attributes by key."""
        return {key: self.said[key] | box.attributes() for key, box in self.boxes.items()}

    def _serve(self, key: str, wanted: str) -> None:
        """An account is made, comes back, or has another address."""
        box = self.boxes.get(key)
        if box is None:
            self.boxes[key] = Mailbox(self._free(wanted))
            self._bases[key] = wanted
            return
        box.state, box.ended = "initial", ""
        if key.startswith("people/") and self._bases[key] != wanted:
            own = [one for one in box.held() if re.fullmatch(rf"{wanted}\d*", one)]
            box.aliases[box.local] = self.today.replace(year=self.today.year + ALIAS_YEARS)
            box.local = own[0] if own else self._free(wanted)
            box.aliases.pop(box.local, None)
            box.former.discard(box.local)
            self._bases[key] = wanted
        box.expire(self.today)

    def _ends(self) -> None:
        ends = [f"units/{uid}" for uid, row in self.units.items() if row["status"]]
        ends += [f"people/{uid}" for uid, row in self.staff.items() if row["status"] == "left"]
        gone = [key for key in self.boxes if key.startswith("people/") and key[7:] not in self.staff]
        self.absent = {key: self.absent.get(key, 0) + 1 for key in gone}
        ends += [key for key, runs in self.absent.items() if runs >= ABSENT_RUNS]
        for key in ends:
            if (box := self.boxes.get(key)) and not box.ended:
                box.state, box.ended = "revoked", f"{self.today:%Y%m%d}000000Z"
        for key, row in ((f"units/{uid}", row) for uid, row in self.units.items() if row["status"]):
            if key in self.said:
                taking = filter(None, row["successor_ids"].split(";"))
                self.said[key]["congvuSuccessor"] = {dn("units", one) for one in taking}

    def _of_person(self, row: Mapping[str, str]) -> dict[str, set[str]]:
        name = " ".join(filter(None, (row["surname"], row["middle_name"], row["given_name"])))
        return {
            "cn": {name},
            "sn": {row["surname"]},
            "givenName": {row["given_name"]},
            "title": {row["position"]} - {""},
            "telephoneNumber": {row["phone"]} - {""},
            "departmentNumber": {row["unit_id"]},
            "ou": {self.units[row["unit_id"]]["name"]},
        }

    def _of_unit(self, row: Mapping[str, str]) -> dict[str, set[str]]:
        head = f"people/{row['head_id']}"
        serves = head in self.boxes and not self.boxes[head].ended
        return {
            "cn": {row["name"]},
            "ou": {row["name"]},
            "congvuParent": {dn("units", row["parent_id"])} if row["parent_id"] else set(),
            "congvuHead": {dn("people", row["head_id"])} if serves else set(),
            "congvuSuccessor": set(),
        }

    def _free(self, wanted: str) -> str:
        taken = {local for box in self.boxes.values() for local in box.held()}
        numbered = (f"{wanted}{number}" for number in range(2, 1000))
        return wanted if wanted not in taken else next(one for one in numbered if one not in taken)

    # Dice

    def _name(self) -> str:
        return "|".join(map(self.dice.choice, (SURNAMES, MIDDLE, GIVEN)))

    def _claim(self, name: str) -> bool:
        """Whether nobody else of this version gets an address from the same letters."""
        wanted = base(dict(zip(("surname", "middle_name", "given_name"), name.split("|"), strict=True)))
        fresh = wanted not in self._fresh
        self._fresh.add(wanted)
        return fresh

    def _some(self, uids: list[str]) -> str:
        return self.dice.choice(uids) if uids else ""

    def _working(self) -> list[str]:
        return [uid for uid, row in self.staff.items() if row["status"] == "working"]

    def _open_units(self) -> list[str]:
        return [uid for uid, row in self.units.items() if not row["status"]]

    def _line(self, uid: str) -> list[str]:
        """A unit and those above it."""
        line = []
        while uid:
            line.append(uid)
            uid = self.units[uid]["parent_id"]
        return line


def base(row: Mapping[str, str]) -> str:
    """What an address is made from: tên, then the first letters of họ and đệm."""
    first = "".join(word[0] for word in f"{row['surname']} {row['middle_name']}".split())
    return folded(row["given_name"]) + folded(first)


def dn(kind: str, uid: str) -> str:
    """Of an account of the office."""
    return ",".join((f"uid={uid},ou={kind}", *(f"dc={label}" for label in DOMAIN.split("."))))
