"""What a person answered to a doubt about who is who, kept for all later runs.

``decisions.jsonl`` in the folder of the state: one JSON object a line, only ever added to; of several about
one doubt the last counts.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from types import MappingProxyType

from congvu.errors import InputError, SettingsError
from congvu.files import Appender
from congvu.strictyaml import nearest
from congvu.sync.gathered import Doubt


class Answer(StrEnum):
    """What a person says about a row in doubt."""

    SAME = "same"
    """It is about this account's holder."""
    NEW = "new"
    """It is about somebody new; the accounts in doubt are other people's, and stay."""
    LEFT = "left"
    """It is about somebody new; the holders of the accounts in doubt have left, their accounts end."""


@dataclass(frozen=True, slots=True)
class Decision:
    """One answer."""

    doubt: str
    domain: str
    answer: Answer
    staff_id: str
    """The id that the row has from now on."""
    candidates: tuple[str, ...]
    """Staff ids of the accounts that were in doubt."""
    text: str
    """The doubt in words, as it was answered."""
    author: str
    reason: str
    at: str
    """Moment of the answer, ISO 8601 with its offset."""


def load(path: Path) -> Mapping[str, Decision]:
    """The decisions by doubt; none where there is no file. Raises `SettingsError` with ``file:line``."""
    try:
        content = path.read_bytes()
    except FileNotFoundError:
        return MappingProxyType({})
    except OSError as fault:
        raise SettingsError(
            f"cannot be read: {fault.strerror}", where=str(path), hint="check its rights"
        ) from None
    found: dict[str, Decision] = {}
    # What follows the last line end was cut off while it was written: nobody was told that it is kept.
    for number, line in enumerate(content.split(b"\n")[:-1], 1):
        try:
            decision = _decision(json.loads(line))
        except (ValueError, TypeError, KeyError):
            raise SettingsError(
                "is no decision",
                where=f"{path}:{number}",
                hint="take the line out, and decide once more with 'congvu sync decide'",
            ) from None
        found[decision.doubt] = decision
    return MappingProxyType(found)


def _decision(values: dict[str, object]) -> Decision:
    candidates = values["candidates"]
    if not isinstance(candidates, list):
        raise TypeError(candidates)
    texts = {name: _text(values[name]) for name in Decision.__slots__ if name not in ("answer", "candidates")}
    if set(values) != set(Decision.__slots__):
        raise ValueError(values)
    return Decision(answer=Answer(_text(values["answer"])), candidates=tuple(map(_text, candidates)), **texts)


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise TypeError(value)
    return value


def answered(doubt: Doubt, answer: str, *, author: str, reason: str, now: datetime) -> Decision:
    """The decision that `answer` (``same:CB0001``, ``new`` or ``left``) means.

    `now` must know its offset. Raises `InputError` where the answer does not fit the doubt, or nobody says
    who decided and why.
    """
    word, _, staff_id = answer.partition(":")
    if not author.strip() or not reason.strip():
        raise InputError("a decision needs an author and a reason", where=doubt.id, hint="--author, --reason")
    if word not in list(Answer) or bool(staff_id) != (word == Answer.SAME):
        raise InputError(f"{answer!r} is no answer", where=doubt.id, hint="same:ID, new or left")
    if word == Answer.SAME and staff_id not in doubt.candidates:
        raise InputError(
            f"{staff_id!r} is none of the accounts in doubt",
            where=doubt.id,
            hint=nearest(staff_id, doubt.candidates),
        )
    if word == Answer.LEFT and not doubt.candidates:
        raise InputError("there is no account in doubt that could have left", where=doubt.id, hint="say new")
    return Decision(
        doubt=doubt.id,
        domain=doubt.domain,
        answer=Answer(word),
        staff_id=staff_id or doubt.new_id,
        candidates=doubt.candidates,
        text=doubt.text,
        author=author.strip(),
        reason=reason.strip(),
        at=now.isoformat(timespec="seconds"),
    )


def remember(path: Path, decision: Decision) -> None:
    """Add `decision` to the file, durably: it is on the disk when this returns. Raises `SystemFailure`."""
    with Appender(path) as file:
        file.append([json.dumps(asdict(decision), ensure_ascii=False).encode()])
