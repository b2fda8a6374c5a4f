"""Shared folders without news: which are stale, and how the office reads of it."""

from __future__ import annotations

from datetime import date

import pytest

from congvu.mail.freshness import Folder, passed, report
from congvu.policy.values import Duration

WITHIN = (Duration(1, "weeks"), Duration(1, "months"))
TODAY = date(2026, 3, 31)


@pytest.mark.parametrize(
    ("newest", "span"),
    [
        (date(2026, 3, 31), None),
        (date(2026, 3, 24), None),  # seven days ago
        (date(2026, 3, 23), Duration(1, "weeks")),
        (date(2026, 2, 28), Duration(1, "months")),
        (date(2026, 3, 1), Duration(1, "weeks")),
        (None, Duration(1, "months")),
    ],
)
def test_a_folder_is_stale_when_a_span_is_over(newest: date | None, span: Duration | None) -> None:
    assert passed(Folder("Phòng A", "pa@x.gov.vn", newest), WITHIN, TODAY) == span


def test_without_a_span_nothing_is_stale() -> None:
    assert passed(Folder("Phòng A", "pa@x.gov.vn", None), (), TODAY) is None


def test_the_office_reads_who_is_late_the_latest_first() -> None:
    folders = [
        Folder("Phòng A", "pa@x.gov.vn", date(2026, 3, 31)),
        Folder("Phòng B", "pb@x.gov.vn", date(2026, 3, 20)),
        Folder("Phòng C", "pc@x.gov.vn", None),
        Folder("Phòng D", "pd@x.gov.vn", date(2026, 1, 2)),
    ]
    assert report(folders, WITHIN, TODAY) == (
        "3/4 thư mục dùng chung không có nội dung mới, ngày 31/03/2026:",
        "  Phòng C <pc@x.gov.vn>: quá 1 tháng, chưa có nội dung nào",
        "  Phòng D <pd@x.gov.vn>: quá 1 tháng, nội dung mới nhất ngày 02/01/2026",
        "  Phòng B <pb@x.gov.vn>: quá 1 tuần, nội dung mới nhất ngày 20/03/2026",
    )
    assert report(folders[:1], WITHIN, TODAY) == ("Tất cả 1 thư mục dùng chung đều có nội dung mới.",)
