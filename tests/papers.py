"""What stands on a printed paper, read back out of the PDF."""

from __future__ import annotations

from io import BytesIO

from pypdf import PdfReader


def pages(content: bytes) -> list[str]:
    """The text of each page, its words in order."""
    return [" ".join(page.extract_text().split()) for page in PdfReader(BytesIO(content)).pages]
