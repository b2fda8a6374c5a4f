"""Why a name gives the address it gives: every step from the letters to the rung, for a person who asks."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from congvu.naming.letters import FoldError, steps
from congvu.naming.names import readings
from congvu.naming.preview import Line, Previewed, preview
from congvu.naming.units import Style, acronym, code_in
from congvu.policy import Policy
from congvu.policy.effective import effective
from congvu.policy.model import Kind


@dataclass(frozen=True, slots=True)
class Reason:
    """One step: what was done, to what, and what it gave."""

    step: str
    given: str
    gave: str


@dataclass(frozen=True, slots=True)
class Explanation:
    """The way from a name to an address, and the address in an empty mail domain."""

    reasons: tuple[Reason, ...]
    result: Previewed


def explain(line: Line, policy: Policy, *, today: date) -> Explanation:
    """The steps for one person or unit. Never raises: a letter without a spelling ends the steps."""
    reasons = _of_unit(line, policy) if line.kind == Kind.UNIT else _of_person(line)
    result = preview([line], policy, today=today)[0]
    ladder = (policy.unit if line.kind == Kind.UNIT else policy.person).address
    for rung in ladder:
        taken = rung.source == result.rule
        reasons.append(Reason("rung of the ladder", rung.source, result.address if taken else ""))
        if taken:
            break
    return Explanation(tuple(reasons), result)


def _of_person(line: Line) -> list[Reason]:
    if line.ten:
        parts = {"họ": line.ho, "đệm": line.dem, "tên": line.ten}
        reasons = [Reason("split", "as given", _told(parts))]
        words = [part for part in parts.values() if part]
    else:
        found = readings(line.name)
        reasons = [
            Reason("split, one of several" if len(found) > 1 else "split", name.why, str(name))
            for name in found
        ]
        words = [line.name]
    for text in words:
        reasons += _folding(text)
    return reasons


def _told(parts: dict[str, str]) -> str:
    return ", ".join(f"{name} {part or '–'}" for name, part in parts.items())


def _folding(text: str) -> list[Reason]:
    try:
        return [Reason(step.what, step.before, step.after) for step in steps(text)]
    except FoldError as problem:
        return [Reason("refused", text, str(problem))]


def _of_unit(line: Line, policy: Policy) -> list[Reason]:
    style = Style.of(effective(policy).unit_stop_words, policy.unit.kept)
    if code := code_in(line.name):
        return [Reason("refused", line.name, f"{code!r} is a code, no name")]
    try:
        short = acronym(line.name, style)
    except FoldError as problem:
        return [Reason("refused", line.name, str(problem))]
    parts = (*short.head, *short.tail, *short.dropped)
    reasons = [Reason(part.why, part.word, part.gave) for part in parts]
    return [*reasons, Reason("abbreviation", line.name, str(short))]
