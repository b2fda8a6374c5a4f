"""Whether a word is built like a Vietnamese syllable: onset, rime, and one tone where it may stand.

It is a measure of how well a text was read, not a gate for names: foreign names are no syllables, and the
spellings of the highlands that official place names keep (Đắk, Krông, Păh, Srônh) are.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Iterator, Mapping

from congvu.charset.tables import LETTERS, TONES, split

_ACUTE_OR_DOT = frozenset(TONES[3:])
_SHAPED = frozenset("ăâêôơư")
_VOWELS = _SHAPED | frozenset("aeiouy")


def _words(text: str) -> tuple[str, ...]:
    return tuple(text.split())


# Onsets before any rime, and those that are spelled for what follows: k, gh, ngh before e, ê, i, y; c, g, ng
# elsewhere. "gi" loses its i before another, "qu" takes the u of the rime.
_ONSETS = ("", *_words("b ch d đ gi h kh l m n nh p ph r s t th tr v x"))
_FRONT = "eêiy"
_ONSETS_FRONT = ("k", "gh", "ngh")
_ONSETS_BACK = ("c", "g", "ng")

# Nucleus -> codas, "-" for none.
_RIMES = {
    "a": "- i o u y c ch m n ng nh p t",
    "ă": "c m n ng p t",
    "â": "u y c m n ng p t",
    "e": "- o c m n ng p t",
    "ê": "- u c ch m n ng nh p t",
    "i": "- a u c ch m n ng nh p t",
    "iê": "u c m n ng p t",
    "o": "- a e i c m n ng p t",
    "oa": "i o y c ch m n ng nh p t",
    "oă": "c m n ng p t",
    "oe": "o c m n ng t",
    "oo": "c ng",
    "ô": "- i c m n ng p t",
    "ơ": "- i c m n ng p t",
    "u": "- a i y c m n ng p t",
    "uâ": "y c n ng t",
    "uê": "- ch n nh",
    "uô": "i c m n ng p t",
    "uơ": "- i n t",
    "uy": "a u ch n nh p t",
    "uyê": "n t",
    "ư": "- a i u c m n ng t",
    "ươ": "i u c m n ng p t",
    "y": "-",
    "yê": "u m n ng t",
}
_AFTER_QU = {
    "a": "- i o u y c ch n ng nh t",
    "ă": "c m n ng p t",
    "â": "y n ng t",
    "e": "- o n t",
    "ê": "- u ch n nh",
    "i": "- nh t",
    "ô": "c i",
    "ơ": "- i n",
    "y": "- ch n nh p t u",
    "yê": "n t",
}

# Onsets and codas of the Êđê, Gia Rai, Ba Na, M'Nông and K'Ho in names of communes, around one simple vowel;
# no rule for tones, because both Đắk and Đăk are written.
_HIGHLAND_ONSETS = _words("bl br by dl dr đr gl gr hl hr j kb kd kl kn kp kr ks mb ml mn pl pr rl sr z")
_HIGHLAND_ONLY_CODAS = _words("h k l r")
_HIGHLAND_CODAS = ("", *_words("i o u c m n ng nh p t"), *_HIGHLAND_ONLY_CODAS)
_HIGHLAND_VOWELS = (*sorted(_VOWELS), "iê", "uô")


def _tone_places(rime: str) -> set[int]:
    """Where in `rime` a tone may stand; old and new placement (hoà, hòa) both."""
    vowels = next((n for n, letter in enumerate(rime) if letter not in _VOWELS), len(rime))
    shaped = [n for n in range(vowels) if rime[n] in _SHAPED]
    if shaped:
        return {shaped[-1]}
    if vowels < len(rime):
        return {vowels - 1}
    if rime in {"oa", "oe", "uy"}:
        return {0, 1}
    return {1} if vowels == 3 else {0}


def _rimes(table: Mapping[str, str]) -> Iterator[str]:
    for nucleus, codas in table.items():
        yield from (nucleus + coda.strip("-") for coda in _words(codas))


def _ordinary() -> Iterator[tuple[str, str]]:
    for rime in _rimes(_RIMES):
        spelled = _ONSETS_FRONT if rime[0] in _FRONT else _ONSETS_BACK
        yield from ((onset, rime) for onset in (*_ONSETS, *spelled))
        if rime[0] == "i":
            yield "g", rime
    yield from (("qu", rime) for rime in _rimes(_AFTER_QU))


def _highland() -> Iterator[tuple[str, str]]:
    for vowel in _HIGHLAND_VOWELS:
        yield from ((onset, vowel + coda) for onset in _HIGHLAND_ONSETS for coda in _HIGHLAND_CODAS)
        onsets = (*_ONSETS, *_ONSETS_FRONT, *_ONSETS_BACK)
        yield from ((onset, vowel + coda) for onset in onsets for coda in _HIGHLAND_ONLY_CODAS)
    yield "n", "iê"  # Niê, the commonest clan of the Êđê


_Forms = dict[str, tuple[set[int], bool]]
"""A syllable without tone -> where its tone may stand, and whether that must be sắc or nặng."""


def _built(ordinary: Iterator[tuple[str, str]], highland: Iterable[tuple[str, str]] = ()) -> _Forms:
    forms: _Forms = {}
    for stops, parts in ((False, highland), (True, ordinary)):
        for onset, rime in parts:
            places, _ = forms.setdefault(onset + rime, (set(), False))
            places |= {len(onset) + place for place in _tone_places(rime)}
            if onset == "qu" and rime[0] in "iy":
                places.add(1)  # "Qúy" is how many people write "Quý"
            forms[onset + rime] = places, stops and rime.endswith(("c", "ch", "p", "t"))
    return forms


_SYLLABLES = _built(_ordinary(), _highland())
_TONELESS = {
    letter: (unicodedata.normalize("NFC", plain + shape), tone)
    for letter in LETTERS.lower()
    for plain, shape, tone in [split(letter)]
}


def is_syllable(word: str) -> bool:
    """Whether `word` is a well-formed Vietnamese syllable, in any case, NFC or NFD.

    >>> [is_syllable(word) for word in ("Nguyễn", "hòa", "hoà", "ĐẮK", "Müller", "Nguyeãn", "Đưc")]
    [True, True, True, True, False, False, False]
    """
    letters = [_TONELESS.get(letter, (letter, "")) for letter in unicodedata.normalize("NFC", word).lower()]
    form = _SYLLABLES.get("".join(letter for letter, _ in letters))
    if form is None:
        return False
    places, stops = form
    tones = [(place, tone) for place, (_, tone) in enumerate(letters) if tone]
    if not tones:
        return not stops
    place, tone = tones[0]
    return len(tones) == 1 and place in places and (tone in _ACUTE_OR_DOT or not stops)


def syllables() -> Iterator[str]:
    """Every syllable with a letter beyond ASCII, in small letters and NFC, without the highlands' own."""
    for form, (places, stops) in _built(_ordinary()).items():
        if not form.isascii() and not stops:
            yield form
        for place in places:
            for tone in TONES[3:] if stops else TONES:
                yield unicodedata.normalize("NFC", form[: place + 1] + tone + form[place + 1 :])
