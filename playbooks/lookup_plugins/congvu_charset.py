"""What a mail filter needs to recognise Vietnamese in old charsets, from the tables the sync reads with."""

from __future__ import annotations

from typing import Any

from ansible.plugins.lookup import LookupBase

from congvu.charset.export import tables

DOCUMENTATION = """
name: congvu_charset
short_description: Tables of Vietnamese charsets
description:
  - Codes of letters in each charset, and the syllables of Vietnamese, as C(congvu.charset) has them.
"""

RETURN = """
_list:
  description: One mapping with C(order), C(codes), C(windows), C(lower) and C(syllables).
"""


class LookupModule(LookupBase):
    def run(self, terms: list[str], variables: Any = None, **kwargs: Any) -> list[dict[str, object]]:  # noqa: ARG002
        return [tables()]
