"""Odd values in the ledger and in the records of what was made: a sentence, or nothing."""

from __future__ import annotations

import json
import sqlite3
import time
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import Run
from vaceprep.files.digest import identity
from vaceprep.ledger.store import PAID, Ledger, LedgerError
from vaceprep.preparation import cache
from vaceprep.runs.retrieve import is_sound
from vaceprep.wording import read_exact

ODD: dict[str, list[Any]] = {
    "state": ["paid", "", 7],
    "created_at": ["yesterday", float("inf"), 10**17],
    "sent_at": ["x", b"x"],
    "videos": ["5", '{"a": 1}', "[1]", "null", "x", "[" * 100_000],
    "files": ['["a", null]'],
    "notes": ["[]", "3"],
    "body": ["[1]", '"x"'],
    "source": [b"\xff\xfe\xfa", 3.5],
    "task_id": [b"\xff"],
    "error": [4.5],
}
CASES = [(column, value) for column, values in ODD.items() for value in values]


@pytest.fixture
def state(tmp_path: Path) -> Path:
    folder = tmp_path / "state"
    with Ledger(folder=str(folder)) as ledger:
        ledger.foreign("3f2b8c1e-1", service="https://a.example", account="0" * 16)
    return folder


def spoil(state: Path, column: str, value: Any) -> None:
    with sqlite3.connect(state / PAID) as base:
        # Whatever type the column would turn it into, it stays what it is.
        base.execute(f"UPDATE submissions SET {column} = ?", [value])
    base.close()


@pytest.mark.parametrize(("column", "value"), CASES)
def test_an_odd_value_is_a_sentence(state: Path, column: str, value: Any) -> None:
    spoil(state, column, value)
    with Ledger(folder=str(state)) as ledger:
        try:
            rows = ledger.rows()
        except LedgerError as error:
            assert "is damaged" in str(error)
            return
    # SQLite made a text of a number, which is as good.
    for row in rows:
        json.dumps(row.to_dict())
        assert row.age(time.time()) >= 0
        assert isinstance(row.notes, dict)


def test_the_command_line_says_so(vaceprep_cli: Run, state: Path) -> None:
    spoil(state, "notes", "[]")
    given = {"VACEPREP_STATE_DIR": str(state), "MULEROUTER_API_KEY": "sk-0123456789"}
    done = vaceprep_cli("task", "list", env=given)
    assert (done.returncode, "Traceback" in done.stderr) == (1, False)
    assert "is damaged: row 1 has an odd notes" in done.stderr


@pytest.mark.parametrize(
    "about", [3, "clip.mp4", {}, {"path": "a"}, {"path": "a", "role": "b", "start": "1e999999999"}]
)
def test_an_odd_note_about_sound_is_not_followed(about: Any) -> None:
    assert not is_sound(about)
    assert is_sound({"path": "a", "role": "video_url", "start": "3003/1000", "duration": None})


@pytest.mark.parametrize("text", ["1e999999999", "", "1/0", "1" * 31, " 1", "1.5", 3, None, "١"])
def test_only_exact_numbers_are_read(text: Any) -> None:
    with pytest.raises(ValueError, match="exact"):
        read_exact(text)
    assert read_exact("-3003/1000") * 1000 == -3003


@pytest.mark.parametrize(
    "window", [["1e999999999", "1"], ["1", None], 3, {"a": 1}, ["1/0", "1"], ["1", "2", "3"]]
)
def test_a_planted_record_of_what_was_made(
    tmp_path: Path, clip: Path, monkeypatch: pytest.MonkeyPatch, window: Any
) -> None:
    monkeypatch.setenv("VACEPREP_STATE_DIR", str(tmp_path / "state"))
    source = identity(str(clip))
    assert cache.remember(str(clip), source, "x", {"window": window})
    assert cache.origin(str(clip)) is None
