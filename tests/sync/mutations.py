"""Ways in which a registry's files go wrong: octets, cells, rows, columns, encodings, whole files."""

from __future__ import annotations

import csv
import io
import random
import unicodedata
from collections.abc import Callable, Mapping

Files = Mapping[str, bytes]
"""By name: ``units.csv`` and ``staff.csv``."""
Table = list[list[str]]

CELLS = (
    *("", " ", "  A1  ", "?", "-", "0", "1e999", "#REF!", "=1+1", "null", "NaN", "x" * 300, "x" * 70_000),
    *("Nguyễn", "nguyễn", "NGUYỄN", "Nguyeãn", "Nguy\u1ec5n\u200b", "\ufeffAn", "Nguye\u0302\u0303n", "Ðỗ"),
    *(
        '"',
        "'",
        '""',
        '"a',
        'a"b',
        "a,b",
        "a;b",
        "a\tb",
        "a\nb",
        "a\r\nb",
        "\\",
        "\0",
        "\x1b[31m",
        "\u202eAn",
    ),
    *("2026-02-31", "31/12/2025", "12/31/2025", "2026-01-05", "0000-00-00", "9999-12-31", "45000", "5.1.26"),
    *("working", "left", "đang công tác", "Nghỉ hưu", "Giải thể", "revoke", "S1", "a1", "A9", "A1;A2"),
    *(
        "*)(uid=*",
        "cn=admin,dc=gov",
        "../../etc/passwd",
        "<script>",
        "{{ 7*7 }}",
        "%n%s",
        "😀",
        "𝕬𝖓",
        "Ŀ",
        "ﬁ",
    ),
    *(
        "root@lamdong.gov.vn",
        "postmaster",
        "+84 912 345 678",
        "0912345678/0987654321",
        "5G",
        "-5G",
        "1000000T",
    ),
)
"""What gets into cells."""
ENCODINGS = ("utf-8-sig", "utf-16", "utf-16-le", "utf-32", "cp1258", "latin-1", "cp1252", "ascii", "cp437")


def mutated(good: Files, dice: random.Random) -> dict[str, bytes]:
    """`good` with one to three things wrong."""
    files = dict(good)
    for _ in range(dice.choice((1, 1, 1, 2, 3))):
        name = dice.choice(("staff.csv", "staff.csv", "units.csv"))
        if name in files:
            files[name] = dice.choice(_OF_CONTENT)(files[name], dice)
        if dice.random() < 0.02:
            files = dice.choice(_OF_FILES)(files)
    return files


# Octets


def _flipped(content: bytes, dice: random.Random) -> bytes:
    changed = bytearray(content)
    for _ in range(dice.randint(1, 4)):
        if changed:
            changed[dice.randrange(len(changed))] = dice.randrange(256)
    return bytes(changed)


def _inserted(content: bytes, dice: random.Random) -> bytes:
    place = dice.randint(0, len(content))
    some = dice.choice((b"\0", b'"', b"\n", b",", b"\xff\xfe", b"\xef\xbb\xbf", b"\x1a", dice.randbytes(5)))
    return content[:place] + some + content[place:]


def _removed(content: bytes, dice: random.Random) -> bytes:
    place = dice.randint(0, len(content))
    return content[:place] + content[place + dice.choice((1, 2, 10, 200)) :]


def _cut(content: bytes, dice: random.Random) -> bytes:
    return content[: dice.randint(0, len(content))]


def _doubled(content: bytes, dice: random.Random) -> bytes:
    start = dice.randint(0, len(content))
    end = start + dice.choice((1, 50, 500))
    return content[:end] + content[start:end] + content[end:]


def _other_lines(content: bytes, dice: random.Random) -> bytes:
    return content.replace(b"\n", dice.choice((b"\r\n", b"\r", b"\n\n", b"\n\r", b"\x0b")))


def _other_commas(content: bytes, dice: random.Random) -> bytes:
    return content.replace(b",", dice.choice((b";", b"\t", b"|", b", ", b",,")))


# Tables


def _table(change: Callable[[Table, random.Random], None]) -> Callable[[bytes, random.Random], bytes]:
    """A mutation of cells as one of octets; what cannot be read as a table is left as it is."""

    def mutation(content: bytes, dice: random.Random) -> bytes:
        try:
            rows = [row for row in csv.reader(io.StringIO(content.decode(), newline="")) if row]
        except (UnicodeDecodeError, csv.Error):
            return content
        if len(rows) < 2:
            return content
        change(rows, dice)
        written = io.StringIO()
        csv.writer(written, lineterminator="\n").writerows(rows)
        return written.getvalue().encode("utf-8", "surrogatepass")

    return mutation


def _cell(rows: Table, dice: random.Random) -> None:
    row = dice.choice(rows[1:])
    row[dice.randrange(len(row))] = dice.choice(CELLS)


def _cells_swapped(rows: Table, dice: random.Random) -> None:
    one, other = dice.choice(rows[1:]), dice.choice(rows[1:])
    place = dice.randrange(min(len(one), len(other)))
    one[place], other[place] = other[place], one[place]


def _cell_lost(rows: Table, dice: random.Random) -> None:
    row = dice.choice(rows)
    del row[dice.randrange(len(row))]


def _cell_more(rows: Table, dice: random.Random) -> None:
    row = dice.choice(rows)
    row.insert(dice.randint(0, len(row)), dice.choice(CELLS))


def _letters_of_a_column(rows: Table, dice: random.Random) -> None:
    """A whole column in capitals, decomposed, or without its marks."""
    place = dice.randrange(len(rows[0]))
    change = dice.choice((str.upper, str.lower, lambda text: unicodedata.normalize("NFD", text), _bare))
    for row in rows[1:]:
        if place < len(row):
            row[place] = change(row[place])


def _column_slipped(rows: Table, dice: random.Random) -> None:
    """One column is a row further down, as after a sort of part of a sheet."""
    place = min(dice.randrange(len(rows[0])), *(len(row) - 1 for row in rows))
    cells = [row[place] for row in rows[1:]]
    for row, cell in zip(rows[1:], [*cells[-1:], *cells[:-1]], strict=True):
        row[place] = cell


def _row_lost(rows: Table, dice: random.Random) -> None:
    first = dice.randrange(1, len(rows))
    del rows[first : first + dice.choice((1, 1, 2, 10))]


def _row_twice(rows: Table, dice: random.Random) -> None:
    rows.insert(dice.randint(1, len(rows)), list(dice.choice(rows)))


def _row_new(rows: Table, dice: random.Random) -> None:
    row = list(dice.choice(rows[1:]))
    row[0] = f"N{dice.randint(0, 999)}"
    rows.append(row)


def _rows_shuffled(rows: Table, dice: random.Random) -> None:
    rest = rows[1:]
    dice.shuffle(rest)
    rows[1:] = rest


def _rows_between(rows: Table, dice: random.Random) -> None:
    words = dice.choice((["Tổng cộng: 5"], ["I. Sở Nội vụ"], ["", "", ""], ["(Ký tên)"], list(rows[0])))
    rows.insert(dice.randint(0, len(rows)), words)


def _column_lost(rows: Table, dice: random.Random) -> None:
    place = dice.randrange(len(rows[0]))
    for row in rows:
        del row[place : place + 1]


def _columns_swapped(rows: Table, dice: random.Random) -> None:
    """With their headings: that means nothing. Without: it means much."""
    one, other = dice.randrange(len(rows[0])), dice.randrange(len(rows[0]))
    for row in rows[dice.choice((0, 1)) :]:
        if max(one, other) < len(row):
            row[one], row[other] = row[other], row[one]


def _heading(rows: Table, dice: random.Random) -> None:
    words = (
        "",
        "unit_id",
        "Họ và tên",
        "Mã CBCC",
        "status",
        "STATUS",
        "ghi chú",
        "domains",
        "action",
        "full_name",
    )
    rows[0][dice.randrange(len(rows[0]))] = dice.choice(words)


# Encodings and files


def _encoded(content: bytes, dice: random.Random) -> bytes:
    text = content.decode("utf-8", "replace")
    return text.encode(dice.choice(ENCODINGS), dice.choice(("replace", "ignore", "xmlcharrefreplace")))


def _mojibake(content: bytes, _: random.Random) -> bytes:
    return content.decode("latin-1").encode()


def _half_mojibake(content: bytes, dice: random.Random) -> bytes:
    place = dice.randint(0, len(content))
    return content[:place] + _mojibake(content[place:], dice)


def _bare(text: str) -> str:
    return "".join(one for one in unicodedata.normalize("NFD", text) if not unicodedata.combining(one))


def _exchanged(files: Files) -> dict[str, bytes]:
    return dict(zip(files, reversed(list(files.values())), strict=True))


def _without_staff(files: Files) -> dict[str, bytes]:
    return {name: content for name, content in files.items() if name != "staff.csv"}


def _without_units(files: Files) -> dict[str, bytes]:
    return {name: content for name, content in files.items() if name != "units.csv"}


_OF_CONTENT: tuple[Callable[[bytes, random.Random], bytes], ...] = (
    *(_flipped, _inserted, _removed, _cut, _doubled, _other_lines, _other_commas),
    *map(_table, (_cell, _cell, _cell, _cell, _cells_swapped, _cell_lost, _cell_more)),
    *map(_table, (_letters_of_a_column, _column_slipped, _row_lost, _row_lost, _row_twice, _row_new)),
    *map(_table, (_rows_shuffled, _rows_between, _column_lost, _columns_swapped, _heading)),
    *(_encoded, _mojibake, _half_mojibake),
)
_OF_FILES: tuple[Callable[[Files], dict[str, bytes]], ...] = (_exchanged, _without_staff, _without_units)
