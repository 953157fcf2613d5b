"""The fenced blocks of a page, each with the comment that says what a test does with it."""

from __future__ import annotations

import re
from typing import NamedTuple

from tests.paths import ROOT

DOCS = ROOT / "docs"
FIXTURES = ROOT / "fixtures"
_BLOCK = re.compile(r"^<!-- (\w+): (.*?) -->\n```(\w+)\n(.*?)^```", re.DOTALL | re.MULTILINE)


class Block(NamedTuple):
    """``kind`` and ``about`` from the comment, the fence's language, and the text."""

    kind: str
    about: str
    language: str
    text: str


def blocks(page: str, kind: str) -> list[Block]:
    """Those of one kind, in order."""
    found = _BLOCK.findall((DOCS / page).read_text(encoding="utf-8"))
    return [block for parts in found if (block := Block(*parts)).kind == kind]
