"""Reading does not hold the list: memory at 10,000 rows is what it is at 5,000."""

from __future__ import annotations

import sqlite3
import tracemalloc
from collections.abc import Callable
from pathlib import Path

import pytest

from congvu.registry import Problem, open_table, text
from congvu.registry.lint import lint
from congvu.registry.mapping import find_mapping
from congvu.registry.opening import open_source
from congvu.registry.problems import Problems

CACHES = (text._clean, text._broken, text._key)
FEW, MANY = 5_000, 10_000
_SURNAMES = ("Nguyễn", "Trần", "Lê")


def rows(count: int) -> list[tuple[str, str, str, str]]:
    return [
        (f"S{number}", f"{_SURNAMES[number % 3]} Văn An", f"A{number % 50}", f"09{number:08}")
        for number in range(count)
    ]


def text_file(folder: Path, count: int) -> Path:
    path = folder / f"{count}.csv"
    lines = ("staff_id,full_name,unit_id,position,phone,registered_on,status\n",)
    with path.open("w", encoding="utf-8") as file:
        file.writelines(lines)
        file.writelines(f"{a},{b},{c},,{d},2013-01-02,working\n" for a, b, c, d in rows(count))
    return path


def database(folder: Path, count: int) -> Path:
    place = folder / str(count)
    place.mkdir()
    connection = sqlite3.connect(place / "hr.db")
    connection.execute("CREATE TABLE staff (staff_id, full_name, unit_id, phone)")
    connection.executemany("INSERT INTO staff VALUES (?, ?, ?, ?)", rows(count))
    connection.commit()
    connection.close()
    (place / "url").write_text(f"sqlite:///{place / 'hr.db'}")
    (place / "registry.yml").write_text("version: 1\nstaff: [{sql: {url_file: url, table: staff}}]\n")
    return place


def broken(folder: Path, count: int) -> Path:
    """A list with a problem in every row."""
    path = text_file(folder, count)
    path.write_text(path.read_text(encoding="utf-8").replace("2013-01-02", "2013-13-02"), encoding="utf-8")
    return path


def open_csv(path: Path) -> int:
    return sum(1 for _ in open_table(path))


def open_sql(path: Path) -> int:
    (source,) = find_mapping(path).staff
    return sum(1 for _ in open_source(source, None, Problems()))


def lint_csv(path: Path) -> int:
    told = 0

    def tell(_: Problem) -> None:
        nonlocal told
        told += 1

    (table,) = lint(path, tell)
    assert told >= table.rows_read
    return table.rows_read


@pytest.mark.parametrize(("write", "read"), [(text_file, open_csv), (database, open_sql), (broken, lint_csv)])
def test_memory_does_not_grow_with_the_rows(
    write: Callable[[Path, int], Path], read: Callable[[Path], int], tmp_path: Path
) -> None:
    read(write(tmp_path, 100))  # what is imported and compiled once
    peaks = []
    for count in (FEW, MANY):
        path = write(tmp_path, count)
        for cache in CACHES:  # bounded; the smaller list fills them, too
            cache.cache_clear()
        tracemalloc.start()
        assert read(path) == count
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    # A list of the 5,000 more rows would take some two megabytes.
    assert peaks[1] < peaks[0] + (1 << 20), peaks
