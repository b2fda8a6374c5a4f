"""What a resolver answers."""

from __future__ import annotations

import ipaddress
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor

import dns.exception
import dns.name
import dns.rdata
import dns.resolver
from dns.rdtypes.ANY.TXT import TXT

from congvu.dns import spf
from congvu.dns.compare import Answers, Question
from congvu.errors import ResolverFailure, SettingsError

_PATIENCE = 5.0
"""Seconds for one question, repetitions included."""
_AT_ONCE = 8
_DEEPEST = 10
"""Steps from an SPF record into those it includes: receivers go no further."""


class Resolver:
    """One resolver: the system's, or the one given as `ADDRESS` or `ADDRESS#PORT`."""

    def __init__(self, given: str = "") -> None:
        self._resolver = dns.resolver.Resolver(configure=not given)
        if given:
            address, _, port = given.partition("#")
            try:
                self._resolver.nameservers = [str(ipaddress.ip_address(address))]
                self._resolver.port = int(port or 53)
            except ValueError as error:
                raise SettingsError(
                    f"{given!r} is no resolver", where="--resolver", hint="an address, such as 192.0.2.53"
                ) from error
        self._resolver.lifetime = _PATIENCE
        self.where = f"resolver {given or ', '.join(map(str, self._resolver.nameservers))}"

    def answers(self, questions: Iterable[Question]) -> Answers:
        """What it answers to each question, in the form that `Record.data` has.

        Raises `ResolverFailure` when it answers nothing, or that it could not find out.
        """
        asked = list(questions)
        if not asked:
            return {}
        first = self.ask(asked[0])  # alone: of a dead resolver one question tells
        with ThreadPoolExecutor(_AT_ONCE) as pool:
            return dict(zip(asked, [first, *pool.map(self.ask, asked[1:])], strict=True))

    def ask(self, question: Question) -> tuple[str, ...]:
        """One question. A name that does not exist has no records, as one without records of this type."""
        name, kind = question
        try:
            answer = self._resolver.resolve(name, kind, search=False, raise_on_no_answer=False)
        except dns.resolver.NXDOMAIN:
            return ()
        except dns.resolver.NoNameservers as error:
            if not any(each[4] for each in error.kwargs["errors"]):  # no response at all: nobody listens
                raise self._silent(question) from error
            raise ResolverFailure(
                f"could not find out {kind} of {name}: {_words(error)}",
                where=self.where,
                hint="does it validate, and is the zone's DNSSEC broken?",
            ) from error
        except (dns.exception.Timeout, OSError) as error:
            raise self._silent(question) from error
        if answer.rrset is None:
            return ()
        own = [one for one in answer.rrset if kind != "CNAME" or answer.rrset.name == _name(name)]
        return tuple(sorted(_FORMS.get(kind, _plain)(one) for one in own))

    def _silent(self, question: Question) -> ResolverFailure:
        return ResolverFailure(
            f"does not answer (asked for {question[1]} of {question[0]})",
            where=self.where,
            hint="is it up and does it take questions from here? name another with --resolver ADDRESS",
        )

    def spf(self, domain: str) -> dict[str, str]:
        """The SPF records of a domain and of all that it includes."""
        found: dict[str, str] = {}
        waiting = [domain]
        for _ in range(_DEEPEST):
            new = [one for one in dict.fromkeys(waiting) if one not in found and "%" not in one]
            waiting = []
            for one in new:
                texts = [text for text in self.ask((f"{one}.", "TXT")) if text.lower().startswith("v=spf1")]
                found[one] = texts[0] if texts else ""
                waiting += spf.includes(found[one])
        return found


def _name(text: str) -> dns.name.Name:
    return dns.name.from_text(text)


def _plain(data: dns.rdata.Rdata) -> str:
    return data.to_text().lower()


def _text(data: dns.rdata.Rdata) -> str:
    assert isinstance(data, TXT)  # noqa: S101  (it was asked for)
    return b"".join(data.strings).decode(errors="replace")


def _tlsa(data: dns.rdata.Rdata) -> str:
    usage, selector, kind, *digest = data.to_text().split()
    return f"{usage} {selector} {kind} {''.join(digest).lower()}"


_FORMS: dict[str, Callable[[dns.rdata.Rdata], str]] = {
    "TXT": _text,
    "TLSA": _tlsa,
    "CAA": lambda one: one.to_text(),
}


def _words(error: dns.resolver.NoNameservers) -> str:
    return str(error).rpartition("answered ")[2] or str(error)
