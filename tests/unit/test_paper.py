"""Printed papers: what stands on them, read back out of the PDF."""

from __future__ import annotations

import unicodedata
from dataclasses import replace
from datetime import date
from io import BytesIO
from pathlib import Path

import pytest
from pypdf import PdfReader

from congvu import paper
from congvu.errors import SystemFailure
from congvu.paper import Column, Facts, Paper, Signer, Table, Text, pdf
from tests.papers import pages

PAPER = Paper(
    agency="Sở Nội vụ",
    above="Ủy ban nhân dân tỉnh Lâm Đồng",
    number="12/BB-SNV",
    place="Lâm Đồng",
    title="Biên bản bàn giao",
    day=date(2026, 11, 3),
    parts=(
        Text("Căn cứ khoản 3 Điều 11."),
        Facts(
            [("Người giao", "Đặng Thị Quỳnh Ngọc"), ("Người nhận", "Bùi Hữu Nghĩa <nghiabh@lamdong.gov.vn>")]
        ),
    ),
    signers=(Signer("Bên giao", "Đặng Thị Quỳnh Ngọc"), Signer("Bên nhận", "Bùi Hữu Nghĩa")),
)


def test_a_paper_has_its_head_words_and_places_to_sign() -> None:
    (text,) = pages(pdf(PAPER))
    for words in (
        "ỦY BAN NHÂN DÂN TỈNH LÂM ĐỒNG SỞ NỘI VỤ",
        "Số: 12/BB-SNV",
        "CỘNG HÒA XÃ HỘI CHỦ NGHĨA VIỆT NAM Độc lập - Tự do - Hạnh phúc",
        "Lâm Đồng, ngày 03 tháng 11 năm 2026",
        "BIÊN BẢN BÀN GIAO",
        "Căn cứ khoản 3 Điều 11.",
        "Người giao: Đặng Thị Quỳnh Ngọc",
        "Bùi Hữu Nghĩa <nghiabh@lamdong.gov.vn>",
        "BÊN GIAO (Ký, ghi rõ họ tên) Đặng Thị Quỳnh Ngọc",
        "Trang 1/1",
    ):
        assert words in text


def test_every_vietnamese_letter_is_embedded_and_read_back() -> None:
    marks = ("", "\u0300", "\u0301", "\u0303", "\u0309", "\u0323")
    letters = [unicodedata.normalize("NFC", vowel + mark) for vowel in "aăâeêioôơuưy" for mark in marks]
    wanted = "".join([*letters, "đ", *map(str.upper, letters), "Đ"])
    decomposed = " ".join(unicodedata.normalize("NFD", wanted[n : n + 20]) for n in range(0, len(wanted), 20))
    content = pdf(replace(PAPER, parts=(Text(decomposed),)))
    assert wanted in pages(content)[0].replace(" ", "")
    fonts = PdfReader(BytesIO(content)).pages[0]["/Resources"]["/Font"]  # type: ignore[index]
    used = [font.get_object() for font in fonts.values()]
    embedded = [font for font in used if "/FontFile2" in font.get("/FontDescriptor", {})]
    assert embedded
    assert {font["/BaseFont"] for font in used} - {font["/BaseFont"] for font in embedded} <= {"/Helvetica"}


def test_a_table_runs_over_pages_and_repeats_its_heads() -> None:
    rows = [[f"Thư mục {number}", str(number), "ab" * 32] for number in range(120)]
    table = Table(
        (Column("Tên thư mục", 3), Column("Số thư", 1, right=True), Column("SHA-256", 4, mono=True)), rows
    )
    found = pages(pdf(replace(PAPER, parts=(table,))))
    assert len(found) > 2
    with_rows = [text for text in found if "Thư mục 1" in text or "abab" in text]
    assert all("Tên thư mục Số thư SHA-256" in text for text in with_rows)
    assert all(any(f"Thư mục {number} " in text for text in found) for number in range(120))
    assert [text.rpartition("Trang ")[2] for text in found] == [
        f"{number}/{len(found)}" for number in range(1, len(found) + 1)
    ]


def test_places_to_sign_stay_together() -> None:
    signers = [Signer(f"Bên {name}") for name in ("A", "B", "C", "D")]
    for lines in range(12, 36):
        parts = [Text(f"Dòng {number}") for number in range(lines)]
        found = pages(pdf(replace(PAPER, parts=parts, signers=signers)))
        assert any(all(f"BÊN {name}" in text for name in "ABCD") for text in found)


def test_words_of_others_steer_nothing() -> None:
    (text,) = pages(pdf(replace(PAPER, parts=(Text("<b>&amp;</b>\n<font color='white'>ẩn\x1b[2J"),))))
    assert "<b>&amp;</b> <font color='white'>ẩn" in text
    assert "\x1b" not in text


def test_the_same_paper_makes_the_same_bytes_and_several_make_one_file() -> None:
    assert pdf(PAPER) == pdf(PAPER)
    other = replace(PAPER, title="Danh sách")
    assert pdf(other) != pdf(PAPER)
    first, second = pages(pdf(PAPER, other))
    assert "BIÊN BẢN" in first
    assert "DANH SÁCH" in second


def test_missing_fonts_are_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(paper, "_FOLDER", str(tmp_path))
    paper._register_fonts.cache_clear()
    with pytest.raises(SystemFailure, match="fonts-dejavu-core"):
        pdf(PAPER)
