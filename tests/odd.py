"""Names that strangers give their files, and a look at what a command makes of them."""

from __future__ import annotations

import json
import os
import unicodedata
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final, NamedTuple

import pytest

from vaceprep.cli.main import run

#: Stems of names that a disk here can hold, by what is odd about them.
STEMS: Final = {
    "newline": "new\nline",
    "tab": "a\tb\r",
    "escape": "\x1b[2J\x1b[31mred",
    "title": "\x1b]0;owned\x07",
    "c1": "\x9b31m\x85",
    "direction": "\u202e4pm.\u2066evil\u200f",
    "separators": "a\u2028b\u2029c",
    "tags": "\U000e0041\U000e007f",
    "not utf-8": os.fsdecode(b"latin-\xe9\xff"),
    "dash": "-rf",
    "option": "--help",
    "blank": " ",
    "device": "nul",
    "device with more": "Con.final",
    "dots": "aux...",
    "dot and blank": "trailing. ",
    "colon": "C:stream",
    "backslashes": "a\\..\\..\\b",
    "percent": "%2e%2e%2f%s%n%03d",
    "command": "::error::x",
    "quotes": "`x`'\"$(y);|<b>&",
    "long": "x" * 250,
    "long and wide": "\u00e9" * 125,
}
#: Names that Windows keeps for devices.
DEVICES: Final = {"CON", "PRN", "AUX", "NUL", *(f"{p}{n}" for p in ("COM", "LPT") for n in "0123")}


class Done(NamedTuple):
    """What a command said."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


def call(capsys: pytest.CaptureFixture[str], *arguments: str | Path) -> Done:
    """Run a command in this process; whatever it says must be fit for a terminal."""
    capsys.readouterr()
    code = run([os.fspath(a) for a in arguments])
    done = Done(code, *capsys.readouterr())
    fit_for_terminal(done.out)
    fit_for_terminal(done.err)
    return done


def fit_for_terminal(text: str) -> None:
    """No traceback, and nothing that moves the cursor, turns the writing round or hides."""
    assert "Traceback" not in text
    odd = {
        c for c in set(text) if c != "\n" and unicodedata.category(c) in ("Cc", "Cf", "Cs", "Zl")
    }
    assert not odd, text
    # JSON keeps names whole, so that the files can be found again.
    assert len(text) < 100_000 or text.startswith("{")


def fit_for_disks(names: Sequence[str]) -> None:
    """Names that every system takes, and that are told apart on every one."""
    for name in names:
        assert not set(name) & set('<>:"/\\|?*\x7f\x85\x9b\u202e\u2066\u200f\u2028\u2029'), name
        assert min(name) >= " ", name
        assert not name.endswith((".", " ")), name
        assert name.partition(".")[0].rstrip(" ").upper() not in DEVICES, name
        assert len(os.fsencode(name)) <= 255, name
    folded = {unicodedata.normalize("NFD", name.casefold()) for name in names}
    assert len(folded) == len(names)


def below(folder: Path) -> set[str]:
    """Everything in a folder."""
    return {str(path.relative_to(folder)) for path in folder.rglob("*")}
