"""Which charset a file or a cell is in: right or in doubt, never wrong."""

from __future__ import annotations

import csv
import random
import tracemalloc
import unicodedata
from functools import cache
from itertools import permutations
from pathlib import Path
from typing import Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from congvu.charset import (
    Charset,
    CharsetError,
    Detection,
    Detector,
    Doubt,
    decode,
    detect_text,
    encode,
    repair,
)
from tests.sample import registry as sample

DATA = Path(__file__).parent / "data" / "charset"
ROW = "12,Nguyễn Văn Hùng,Chuyên viên\n"
ROWS = f"{ROW}13,Trần Thị Hường,Kế toán\n14,Đỗ Thuỳ Dương,Văn thư\n"
BYTES = [charset for charset in Charset if charset not in {Charset.UTF16, Charset.VIQR}]


def detect(data: bytes, chunk: int = 1 << 16) -> Detection:
    detector = Detector()
    for start in range(0, len(data), chunk):
        detector.feed(data[start : start + chunk])
    return detector.result()


@cache
def registry(domain: str, seed: int) -> tuple[str, ...]:
    """Rows of the sample registry in NFC, shuffled: names, posts, units; one in a hundred unusual."""
    rng = random.Random(seed)  # noqa: S311 - reproducible rows, no secrets
    body = sample.find_body(f"{domain}.gov.vn")
    assert body
    units = sample.make_units(body, 60)
    names = {unit.unit_id: unit.name for unit in units}
    rows = []
    for person in sample.make_staff("A", units, 700, rng):
        name = person.full_name or f"{person.surname} {person.middle_name} {person.given_name}"
        rows.append(f"{person.staff_id},{name},{person.position},{names[person.unit_id]},{person.phone}\n")
    rng.shuffle(rows)
    return tuple(unicodedata.normalize("NFC", row) for row in rows)


def writable(rows: tuple[str, ...], charset: Charset, count: int) -> bytes:
    """The first `count` rows that `charset` can write; it lacks some letters of the highlands."""
    if charset is Charset.UTF16:
        return encode("".join(rows[:count]), charset)
    written = []
    for row in rows:
        try:
            written.append(encode(row, charset))
        except CharsetError:
            continue
    return b"".join(written[:count])


@pytest.mark.parametrize("charset", Charset)
@pytest.mark.parametrize("count", [5, 50, 500])
def test_registries_are_recognised_at_any_size(charset: Charset, count: int) -> None:
    """Five rows are enough on these; a doubt would be no fault."""
    for seed, province in enumerate(("lamdong", "daklak", "hatinh", "quangtri")):
        data = writable(registry(province, seed), charset, count)
        detection = detect(data)
        assert detection.charset is charset
        assert decode(data, charset).splitlines(keepends=True)[0] in registry(province, seed)


@pytest.mark.parametrize("charset", Charset)
def test_a_single_row_is_never_taken_for_another_charset(charset: Charset) -> None:
    wrong = []
    for row in registry("lamdong", 0):
        try:
            data = encode(row, charset)
            detected = detect(data).charset
        except CharsetError:
            continue
        if detected is not charset and decode(data, detected) != row:
            wrong.append(row)
    assert wrong == []


@pytest.mark.parametrize("chunk", [1, 7, 8191, 8192, 8193])
@pytest.mark.parametrize("charset", Charset)
def test_the_size_of_chunks_does_not_matter(charset: Charset, chunk: int) -> None:
    data = encode(ROWS * (10 if chunk < 10 else 300), charset)
    assert detect(data, chunk) == detect(data)


@pytest.mark.parametrize("charset", Charset)
def test_nfd_and_capitals_are_recognised(charset: Charset) -> None:
    assert detect(encode(ROWS.upper(), charset)).charset is charset
    assert detect(unicodedata.normalize("NFD", ROWS).encode()).charset is Charset.UTF8


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-16-be", "utf-8-sig"])
@pytest.mark.parametrize("form", ["NFC", "NFD"])
def test_byte_order_marks_and_nuls_tell_unicode(encoding: str, form: Literal["NFC", "NFD"]) -> None:
    data = unicodedata.normalize(form, ROWS * 200).encode(encoding)
    assert detect(data).charset is (Charset.UTF8 if encoding == "utf-8-sig" else Charset.UTF16)


@pytest.mark.parametrize(
    "text",
    ["", "1,Nguyen Van An,H'Hen\n", "A+,O+,B-,AB+\n" * 50, "x^2,a.b@c,f(a),a+b,no?\n" * 50, "~`^(+'?." * 9],
)
def test_plain_ascii_is_utf_8(text: str) -> None:
    assert detect(text.encode()).charset is Charset.UTF8


@pytest.mark.parametrize(("first", "second"), list(permutations(BYTES, 2)))
def test_a_file_in_two_charsets_is_refused(first: Charset, second: Charset) -> None:
    with pytest.raises(Doubt) as doubt:
        detect(encode(ROWS * 40, first) + encode(ROWS * 40, second))
    assert {first, second} & set(doubt.value.candidates)
    assert len(doubt.value.candidates) == 2


@pytest.mark.parametrize("first", [charset for charset in BYTES if charset is not Charset.VISCII])
@pytest.mark.parametrize("second", BYTES)
def test_two_foreign_rows_deep_in_a_large_file_are_noticed(first: Charset, second: Charset) -> None:
    """In a file in VISCII they may pass: it has a letter at nearly every byte."""
    if first is not second:
        data = encode(ROWS * 1000, first) + encode(ROW * 2, second) + encode(ROWS * 1000, first)
        with pytest.raises(Doubt) as doubt:
            detect(data)
        assert doubt.value.offset is not None
        assert abs(doubt.value.offset - len(data) / 2) <= 2 * 8192


@pytest.mark.parametrize("charset", [charset for charset in BYTES if charset is not Charset.UTF8])
def test_one_word_in_utf_8_is_noticed_anywhere(charset: Charset) -> None:
    word = "15,Nguyễn An\n".encode()
    for before, after in ((0, 500), (500, 0), (250, 250)):
        with pytest.raises(Doubt, match="utf-8"):
            detect(encode(ROWS * before, charset) + word + encode(ROWS * after, charset))


@pytest.mark.parametrize(("first", "second"), [(Charset.TCVN3, Charset.VNI), (Charset.VNI, Charset.CP1258)])
def test_one_foreign_name_in_a_short_list_is_noticed(first: Charset, second: Charset) -> None:
    """Three words of eighteen: they would pass by their share alone."""
    names = "Trần Thị Hường\nĐỗ Thuỳ Dương\nPhạm Đình Tú\nBùi Bích Thảo\nVõ Văn Tấn\n"
    assert detect(encode(names, first)).charset is first
    with pytest.raises(Doubt):
        detect(encode(names, first) + encode("Nguyễn Đức Tuấn\n", second))


def test_a_broken_letter_in_utf_8_is_refused_with_its_place() -> None:
    good = (ROWS * 200).encode()
    with pytest.raises(Doubt) as doubt:
        detect(good + b"15,L\xea\n" + good)
    assert doubt.value.offset == len(good) + 4
    assert doubt.value.candidates[0] is Charset.UTF8


def test_a_file_cut_within_a_letter_is_refused() -> None:
    with pytest.raises(Doubt) as doubt:
        detect("Nguyễn Văn Đạ".encode()[:-1])
    assert doubt.value.offset == len("Nguyễn Văn Đ".encode())


@pytest.mark.parametrize(
    "data",
    [
        "Müller,Jörg\nBjörk,Zoë\nFrançois,Noël\n".encode("cp1252"),
        encode("Nguyễn,Trần,Phượng,Đặng\n", Charset.TCVN3) + "Müller,Jörg\n".encode("cp1252") * 3,
        "Иванов,Петров,Сидоров\n".encode("cp1251"),
        b"L\xea",  # one word: Lê in CP1258 and VISCII, Lờ in TCVN3
        random.Random(3).randbytes(4000).replace(b"\0", b""),  # noqa: S311 - reproducible noise
    ],
    ids=["western", "mostly western", "cyrillic", "one word", "noise"],
)
def test_what_no_charset_explains_is_refused(data: bytes) -> None:
    with pytest.raises(Doubt) as doubt:
        detect(data)
    assert len(doubt.value.candidates) == 2


@pytest.mark.parametrize("charset", BYTES)
def test_a_nul_is_refused_with_its_place(charset: Charset) -> None:
    data = encode(ROWS, charset)
    with pytest.raises(CharsetError, match="NUL") as fault:
        detect(data + b"\0" + data)
    assert fault.value.offset == len(data)


def test_charsets_that_read_a_file_alike_are_no_doubt() -> None:
    """à, ê, ô, ú and đ are the same bytes in CP1258 and VISCII."""
    text = "Hà,Lê,Tô Hoà,Đào,Phùng\n" * 3
    assert encode(text, Charset.CP1258) == encode(text, Charset.VISCII)
    assert detect(encode(text, Charset.VISCII)).charset is Charset.CP1258


def test_a_few_words_do_not_settle_what_all_others_leave_open() -> None:
    """These are Vietnamese in VISCII too, but others: "Hải" is "Hổi" there."""
    either = "Bá,Chí,Cúc,Hải,Hùng,Khải,Dũng,Hồng,Hà,Lê,Liên,Khánh\n" * 3
    with pytest.raises(Doubt) as doubt:
        detect(encode(f"{either}Nguyễn\nTrần\nPhượng\n", Charset.TCVN3))
    assert doubt.value.candidates == (Charset.TCVN3, Charset.VISCII)


def test_the_evidence_is_in_words_for_an_operator() -> None:
    detection = detect(encode(ROWS * 10, Charset.TCVN3))
    assert detection.evidence.startswith("150 of 150 words with marks are Vietnamese read as tcvn3; ")
    assert detection.runner_up is not None
    assert detection.evidence.endswith(f" as {detection.runner_up}")


@given(st.lists(st.binary(max_size=200), max_size=5))
def test_any_bytes_are_answered_or_refused(chunks: list[bytes]) -> None:
    detector = Detector()
    for chunk in chunks:
        detector.feed(chunk)
    try:
        charset = detector.result().charset
    except CharsetError:
        return
    if charset is Charset.UTF8:
        assert b"".join(chunks).decode("utf-8") is not None


def test_memory_does_not_grow_with_the_file() -> None:
    rng = random.Random(5)  # noqa: S311 - reproducible noise
    junk = bytes(rng.randrange(128, 256) for _ in range(1 << 16))  # one long word
    rows = encode(ROWS * 500, Charset.TCVN3)
    detector = Detector()
    detector.feed(junk + rows)
    tracemalloc.start()
    try:
        for turn in range(20):
            detector.feed(rows + junk[turn * 100 :])
        kept, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert kept < 1 << 20


with (DATA / "cells.csv").open(encoding="utf-8", newline="") as _file:
    CELLS = [(row["text"], row["charset"]) for row in csv.DictReader(_file)]


@pytest.mark.parametrize(("text", "expected"), CELLS)
def test_cells_in_western_clothes_are_told_from_proper_ones(text: str, expected: str) -> None:
    if " or " in expected:
        with pytest.raises(Doubt) as doubt:
            detect_text(text)
        assert " or ".join(doubt.value.candidates) == expected
    else:
        assert detect_text(text) == (Charset(expected) if expected else None)


@pytest.mark.parametrize("charset", [Charset.TCVN3, Charset.VNI, Charset.VISCII, Charset.VIQR, Charset.UTF8])
def test_whole_names_are_repaired_or_left_or_doubted_but_never_changed(charset: Charset) -> None:
    repaired, unclear = 0, []
    for row in registry("lamdong", 0):
        name = row.split(",")[1]
        try:
            shown = encode(name, charset).decode("latin-1")
        except CharsetError:
            continue
        if shown == name:
            continue
        try:
            found = detect_text(shown)
        except Doubt:
            found = None
        if found is None:
            unclear.append(name)
        else:
            assert repair(shown, found) == name
            repaired += 1
    assert len(unclear) < 0.1 * repaired, unclear


@pytest.mark.parametrize("form", ["NFC", "NFD"])
def test_proper_names_are_never_taken_for_another_charset(form: Literal["NFC", "NFD"]) -> None:
    for row in registry("daklak", 1):
        for cell in row.strip().split(","):
            written = unicodedata.normalize(form, cell)
            assert detect_text(written) is None
            for word in written.split():
                assert detect_text(word) is None


@pytest.mark.parametrize("text", ["Lê\0", "Nguyễn\ud800", "\udc80"])
def test_cells_with_nuls_and_half_characters_are_refused(text: str) -> None:
    with pytest.raises(CharsetError):
        detect_text(text)


@given(st.text(st.sampled_from("aeouNHn¨­ªÔøÞåãùé«»§µ¹’ðÐ ^~.'-Äƒ\x81ễ"), max_size=12))
def test_any_cell_is_answered_and_then_can_be_repaired(text: str) -> None:
    try:
        charset = detect_text(text)
    except Doubt:
        return
    if charset:
        assert repair(text, charset) != text


def test_a_cell_with_a_word_that_cannot_be_repaired_is_left() -> None:
    assert detect_text("Ñaëng Vaên Hieáu Leâ") is Charset.VNI
    assert detect_text("Ñaëng Vaên Hieáu Leâ Jörgé") is None
