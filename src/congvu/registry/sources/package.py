"""An XLSX file as a zip archive that may be broken or hostile.

Everything is checked before any of it is parsed: that it is a zip and whole, how many members it has, what
they unpack to really (not what the archive declares), and that no XML in it declares a document type, the
root of entity bombs and of external entities (a workbook never has one, ECMA-376 part 2, 8.2.5).
"""

from __future__ import annotations

import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import Self
from xml.parsers import expat

from congvu.registry.problems import Unreadable
from congvu.registry.sources.regular import require_file

_CHUNK = 1 << 16
MAX_MEMBERS = 2000
"""Members of the archive; a workbook of fifty sheets has fewer than two hundred."""
MAX_UNPACKED = 256 << 20
"""Octets of all members together: some two hundred thousand people."""
MAX_RATIO = 200
"""Unpacked to packed octets, above a megabyte; a sheet of equal rows reaches about 60."""
_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_SAVE_AS = "open it in Excel or LibreOffice and save it as .xlsx"
_AGAIN = "the file was cut off or changed on its way; get it again"


class _DocumentType(Exception):
    """A document type was declared."""


class Package:
    """The members of a checked archive. Use it as a context manager."""

    def __init__(self, path: Path) -> None:
        self.source = str(path)
        require_file(path)
        try:
            with path.open("rb") as file:
                start = file.read(8)
            if start == _OLE:
                raise Unreadable(
                    self.source,
                    "is an old .xls file, or one with a password",
                    f"{_SAVE_AS}, without password",
                )
            if not start:
                raise Unreadable(self.source, "is empty", "an empty list is taken for a mistake")
            self._zip = zipfile.ZipFile(path)
        except OSError as fault:
            raise Unreadable(
                self.source, f"cannot be read: {fault.strerror or fault}", "check the path and its rights"
            ) from None
        except (zipfile.BadZipFile, ValueError, NotImplementedError, UnicodeError) as fault:
            hint = _AGAIN if start[:2] == b"PK" else _SAVE_AS
            raise Unreadable(self.source, f"is not a whole .xlsx file: {fault}", hint) from None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._zip.close()

    def check(self) -> None:
        """Unpack and parse everything once. Raises `Unreadable`."""
        members = self._zip.infolist()
        if len(members) > MAX_MEMBERS:
            self.refuse(f"has {len(members)} members, more than {MAX_MEMBERS}", "is this a list of people?")
        declared = sum(member.file_size for member in members)
        if declared > MAX_UNPACKED:
            self._too_large(declared)
        total = 0
        for member in members:
            size = self._check_member(member.filename)
            total += size
            if total > MAX_UNPACKED:
                self._too_large(total)
            if size > 1 << 20 and size > MAX_RATIO * max(member.compress_size, 1):
                self.refuse(
                    f"{member.filename} unpacks to {size // max(member.compress_size, 1)} times its size",
                    "this is no list of people; ask who sent it",
                )

    def has(self, name: str) -> bool:
        """Whether there is a member of this name."""
        return name in self._zip.NameToInfo

    def chunks(self, name: str) -> Iterator[bytes]:
        """The octets of a member, in pieces. Raises `Unreadable`."""
        total = 0
        try:
            with self._zip.open(name) as file:
                while chunk := file.read(_CHUNK):
                    total += len(chunk)
                    if total > MAX_UNPACKED:
                        self._too_large(total)
                    yield chunk
        except KeyError:
            self.refuse(f"has no part {name!r}", f"is it a workbook? {_SAVE_AS}")
        except (
            zipfile.BadZipFile,
            zlib.error,
            EOFError,
            OSError,
            RuntimeError,  # a member with a password
            NotImplementedError,
            UnicodeError,
            ValueError,
        ) as fault:
            self.refuse(f"{name} cannot be unpacked: {fault}", _AGAIN)

    def parse(self, name: str, parser: expat.XMLParserType) -> None:
        """Feed a member to `parser`. Raises `Unreadable` where it is not XML."""
        try:
            for chunk in self.chunks(name):
                parser.Parse(chunk, False)
            parser.Parse(b"", True)
        except expat.ExpatError as fault:
            self.refuse(f"{name} is not XML: {fault}", _AGAIN)

    def refuse(self, message: str, hint: str) -> None:
        """Raise `Unreadable` about the file."""
        raise Unreadable(self.source, message, hint) from None

    def _too_large(self, size: int) -> None:
        self.refuse(
            f"unpacks to more than {MAX_UNPACKED >> 20} MB ({size >> 20} MB so far)",
            "is this a list of people? delete empty rows and pictures, or export it as CSV",
        )

    def _check_member(self, name: str) -> int:
        """The real size of a member; XML is parsed, its document type refused."""
        if not name.endswith((".xml", ".rels", ".vml")):
            return sum(map(len, self.chunks(name)))
        parser = expat.ParserCreate()
        size = 0

        def document_type(*_: object) -> None:
            raise _DocumentType

        parser.StartDoctypeDeclHandler = document_type
        try:
            for chunk in self.chunks(name):
                size += len(chunk)
                parser.Parse(chunk, False)
            parser.Parse(b"", True)
        except _DocumentType:
            self.refuse(
                f"{name} declares a document type, which no spreadsheet program writes",
                "do not open it; ask who sent it",
            )
        except expat.ExpatError as fault:
            self.refuse(f"{name} is not XML: {fault}", _AGAIN)
        return size
