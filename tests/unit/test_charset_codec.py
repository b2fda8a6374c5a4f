"""Reading, writing and repairing each charset: nothing is lost, nothing is guessed, glibc agrees."""

from __future__ import annotations

import csv
import shutil
import string
import subprocess
import unicodedata
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from congvu.charset import Charset, CharsetError, capitals, decode, encode, repair

DATA = Path(__file__).parent / "data" / "charset"

# Built from vowels and tones, not from the table under test.
_TONES = ("", "\u0300", "\u0301", "\u0303", "\u0309", "\u0323")
_SMALL = {unicodedata.normalize("NFC", vowel + tone) for vowel in "aăâeêioôơuưy" for tone in _TONES} | {"đ"}
LETTERS = sorted(letter for small in _SMALL for letter in (small, small.upper()) if not letter.isascii())

# glibc's names. VNI and VIQR it does not know.
ICONV = {Charset.TCVN3: "TCVN", Charset.VISCII: "VISCII", Charset.CP1258: "CP1258"}
needs_iconv = pytest.mark.skipif(not shutil.which("iconv"), reason="iconv is not installed")

# Letters, what VIQR must not take for letters, and the rest of ASCII without control characters, on which
# VISCII and TCVN have letters.
_TRAPS = ["dd", "Dd", "D-a", "đd", "dđ", "d-", "\\", "\\d", *(f"{v}{m}" for v in "aEơÚy" for m in "(^+`?~'.")]
texts = st.lists(st.sampled_from([*LETTERS, *string.printable[:96], "\n", *_TRAPS * 3]), max_size=30).map(
    "".join
)
legacy = st.sampled_from([charset for charset in Charset if charset not in {Charset.UTF8, Charset.UTF16}])


def rows(name: str) -> Iterator[dict[str, str]]:
    with (DATA / name).open(encoding="utf-8", newline="") as file:
        yield from csv.DictReader(file)


def iconv(data: bytes, source: str, target: str) -> bytes:
    command = ["iconv", "-f", source, "-t", target]
    return subprocess.run(command, input=data, capture_output=True, check=True, timeout=10).stdout


def test_the_alphabet_has_134_letters_beyond_ascii() -> None:
    assert len(LETTERS) == 134


@pytest.mark.parametrize("charset", Charset)
def test_every_letter_comes_back_in_both_cases(charset: Charset) -> None:
    assert [decode(encode(letter, charset), charset) for letter in LETTERS] == LETTERS
    assert len({encode(letter, charset) for letter in LETTERS}) == len(LETTERS)


@given(texts, st.sampled_from(Charset))
@settings(max_examples=300)
def test_every_text_comes_back(text: str, charset: Charset) -> None:
    assert decode(encode(text, charset), charset) == text


@given(texts, st.sampled_from(Charset))
def test_nfd_is_written_as_nfc_is(text: str, charset: Charset) -> None:
    assert encode(unicodedata.normalize("NFD", text), charset) == encode(text, charset)


@given(st.binary(max_size=40), st.sampled_from(Charset))
@settings(max_examples=300)
def test_bytes_are_read_as_nfc_text_or_refused_with_a_place_in_them(data: bytes, charset: Charset) -> None:
    offset: int | None = 0
    try:
        text = decode(data, charset)
    except CharsetError as fault:
        text, offset = "", fault.offset
    assert offset is None or 0 <= offset < max(len(data), 1)
    assert unicodedata.is_normalized("NFC", text)
    assert "\0" not in text


@pytest.mark.parametrize("row", list(rows("fonts.csv")), ids=lambda row: row["letter"])
def test_letters_stand_where_the_fonts_have_them(row: dict[str, str]) -> None:
    """VNI-Times as cp1252 shows it, .VnTime as bytes; the latter has seven capitals."""
    assert encode(row["letter"], Charset.VNI) == row["vni"].encode("cp1252")
    if row["tcvn3"]:
        assert encode(row["letter"], Charset.TCVN3) == bytes.fromhex(row["tcvn3"])


@needs_iconv
@pytest.mark.parametrize("charset", ICONV)
def test_glibc_writes_every_letter_alike(charset: Charset) -> None:
    text = "\n".join(LETTERS)
    assert encode(text, charset) == iconv(text.encode(), "utf-8", ICONV[charset])


@needs_iconv
@pytest.mark.parametrize("charset", ICONV)
def test_glibc_reads_every_byte_alike(charset: Charset) -> None:
    """Bytes CP1258 does not define are left out; NUL is text to glibc, not to us."""
    undefined = b"\x81\x8a\x8d\x8e\x8f\x90\x9a\x9d\x9e" if charset is Charset.CP1258 else b""
    data = b"\n".join(bytes([byte]) for byte in range(1, 256) if byte not in undefined)
    assert decode(data, charset) == unicodedata.normalize(
        "NFC", iconv(data, ICONV[charset], "utf-8").decode()
    )


@needs_iconv
@pytest.mark.parametrize("charset", [Charset.TCVN3, Charset.CP1258])
def test_glibc_joins_vowels_and_combining_tones_alike(charset: Charset) -> None:
    tones = {Charset.TCVN3: b"\xb0\xb1\xb2\xb3\xb4", Charset.CP1258: b"\xcc\xd2\xde\xec\xf2"}[charset]
    vowels = [encode(vowel, charset) for vowel in "aăâeêioôơuưyAĂÂEÊIOÔƠUƯY"]
    data = b"\n".join(vowel + bytes([tone]) for vowel in vowels for tone in tones)
    assert decode(data, charset) == iconv(data, ICONV[charset], "utf-8").decode()


@pytest.mark.parametrize(
    "row", list(rows("unreadable.csv")), ids=lambda row: f"{row['charset']}-{row['bytes']}"
)
def test_what_a_charset_does_not_define_is_refused_with_its_place(row: dict[str, str]) -> None:
    with pytest.raises(CharsetError) as fault:
        decode(bytes.fromhex(row["bytes"]), Charset(row["charset"]))
    assert fault.value.offset == (int(row["offset"]) if row["offset"] else None)


@given(legacy, texts)
def test_letters_that_a_charset_lacks_are_refused_not_replaced(charset: Charset, text: str) -> None:
    with pytest.raises(CharsetError) as fault:
        encode(f"{text}\u0180", charset)
    assert fault.value.offset == len(text)


@pytest.mark.parametrize("charset", Charset)
@pytest.mark.parametrize("text", ["Lê\ud800", "Lê\0"])
def test_nuls_and_half_characters_are_never_written(charset: Charset, text: str) -> None:
    with pytest.raises(CharsetError) as fault:
        encode(text, charset)
    assert fault.value.offset == 2


@pytest.mark.parametrize("mark", [b"\xff\xfe", b"\xfe\xff", b""])
def test_utf_16_is_read_in_either_order_and_without_mark(mark: bytes) -> None:
    encoding = "utf-16-be" if mark == b"\xfe\xff" else "utf-16-le"
    assert decode(mark + "Lê Đạt, 1".encode(encoding), Charset.UTF16) == "Lê Đạt, 1"


def test_a_byte_order_mark_is_no_part_of_the_text() -> None:
    assert decode(b"\xef\xbb\xbfL\xc3\xaa", Charset.UTF8) == "Lê"


@pytest.mark.parametrize("row", list(rows("viqr.csv")), ids=lambda row: row["written"])
def test_viqr_is_read_by_rfc_1456(row: dict[str, str]) -> None:
    assert decode(row["written"].encode(), Charset.VIQR) == row["meant"]


def test_vni_marks_are_read_in_either_case() -> None:
    assert decode("Aùnh HOaø".encode("cp1252"), Charset.VNI) == "Ánh HOà"


@pytest.mark.parametrize("row", list(rows("repairs.csv")), ids=lambda row: f"{row['charset']}-{row['shown']}")
def test_text_in_western_clothes_is_repaired(row: dict[str, str]) -> None:
    if row["meant"] == "!":
        with pytest.raises(CharsetError) as fault:
            repair(row["shown"], Charset(row["charset"]))
        assert fault.value.offset is not None
    else:
        assert repair(row["shown"], Charset(row["charset"])) == row["meant"]


@given(texts, legacy)
def test_what_was_shown_as_latin_1_is_repaired_too(text: str, charset: Charset) -> None:
    assert repair(encode(text, charset).decode("latin-1"), charset) == text


@pytest.mark.parametrize(
    ("read", "meant"),
    [
        ("NGUYễN THị HồNG", "NGUYỄN THỊ HỒNG"),
        ("Nguyễn Thị ánh", "Nguyễn Thị Ánh"),
        ("Lê Hà", "Lê Hà"),
        ("ủy ban nhân dân", "ủy ban nhân dân"),
        ("UBND xã Hà", "UBND xã Hà"),
        ("Ánh", "Ánh"),
        ("", ""),
    ],
)
def test_capitals_that_fonts_of_tcvn3_lack_are_restored_where_that_is_sure(read: str, meant: str) -> None:
    assert capitals(read) == meant
