"""What the ledger and the sidecar say about a part of a split video."""

from __future__ import annotations

import json
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest

from vaceprep.checks.inputs import Item
from vaceprep.files.digest import sha256_of_path
from vaceprep.ledger.row import Row
from vaceprep.ledger.store import SANDBOX, Ledger
from vaceprep.parts.pieces import PART, PartRecord
from vaceprep.runs.admit import stem_of
from vaceprep.runs.earlier_parts import prevents, submissions
from vaceprep.runs.local_results import agrees, names_of
from vaceprep.runs.part_note import KEY, PartNote, read_part
from vaceprep.runs.redo import REDO, close_redo, is_open, redo_note
from vaceprep.runs.sidecar import write_sidecar

NOTE = PartNote(
    group="g" * 64,
    job="clip.vace.yaml",
    record=PartRecord(
        source="/media/clip.mp4",
        index=2,
        count=3,
        start=Fraction(4),
        end=Fraction(25025, 3003),
        overlap=Fraction(1, 2),
        after_cut=False,
        window=(Fraction(0), Fraction(12)),
    ),
)
#: Two days in seconds.
LATER = 2 * 24 * 60 * 60


def test_a_note_is_read_as_it_was_written() -> None:
    assert read_part(json.loads(json.dumps(NOTE.to_dict()))) == NOTE


@pytest.mark.parametrize(
    "change",
    [
        {"index": 4},
        {"index": 0},
        {"index": True},
        {"count": "3"},
        {"start": "1e999999999"},
        {"start": 4.0},
        {"end": "4"},
        {"end": "13"},
        {"overlap": "-1/2"},
        {"overlap": "5"},
        {"window": ["5", "12"]},
        {"window": ["0"]},
        {"after_cut": 0},
        {"source": None},
        {"group": ["g"]},
    ],
)
def test_what_is_no_note_is_not_read(change: dict[str, Any]) -> None:
    assert read_part({**NOTE.to_dict(), **change}) is None


@pytest.mark.parametrize("about", [None, [], "part", {}])
def test_no_note_is_not_read(about: object) -> None:
    assert read_part(about) is None


@pytest.mark.parametrize(
    ("source", "base", "stem"),
    [
        ("jobs/clip.vace.yaml#part-01", "jobs/clip.vace.yaml", "clip-part-01"),
        ("jobs.jsonl:3#part-02", "jobs.jsonl", "jobs-3-part-02"),
        ("jobs.jsonl:3", "jobs.jsonl", "jobs-3"),
    ],
)
def test_the_stem_of_a_part(source: str, base: str, stem: str) -> None:
    assert stem_of(Item(source, "job", {}, base)) == stem


def downloaded(ledger: Ledger, folder: Path, number: int, notes: dict[str, Any]) -> Row:
    """A row of job ``j`` whose video is in ``folder``."""
    row, _ = ledger.claim(
        "j",
        service="s",
        account="a",
        function="video_repainting",
        source="clip.vace.yaml#part-02",
        notes={"stem": "clip-part-02", PART: NOTE.to_dict(), **notes},
        again=True,
    )
    ledger.start(row.id, {}, at_once=9, per_second=1e6)
    row = ledger.settle(row.id, "finished", task_id=f"task-{number}")
    path = folder / names_of(row, 0, ledger.rehearsal)(1)
    path.write_bytes(b"video %d" % number)
    write_sidecar(
        str(path),
        {
            "task": {"id": row.task_id, "video": 1},
            "video": {"sha256": sha256_of_path(str(path))},
        },
    )
    return ledger.settle(row.id, "downloaded", files=[str(path)])


def kept(ledger: Ledger) -> Row | None:
    """The row because of which the job is not sent."""
    return next((row for row in submissions(ledger, "j") if prevents(ledger, row, "j")), None)


def test_the_newest_result_that_agrees_is_kept_however_old(tmp_path: Path) -> None:
    clock = [1e9]
    with Ledger(folder=str(tmp_path / "state"), now=lambda: clock[0]) as ledger:
        first = downloaded(ledger, tmp_path, 1, {})
        second = downloaded(ledger, tmp_path, 2, {})
        clock[0] += LATER
        assert ledger.standing("j") is None
        assert kept(ledger) == second
        Path(second.files[0]).write_bytes(b"another")
        assert not agrees(second)
        assert kept(ledger) == first
        Path(first.files[0]).unlink()
        assert kept(ledger) is None


def test_a_rehearsal_takes_the_results_of_earlier_sandboxes(tmp_path: Path) -> None:
    with Ledger(SANDBOX, folder=str(tmp_path / "state")) as ledger:
        row = downloaded(ledger, tmp_path, 1, {KEY: "k"})
        assert submissions(ledger, "another", "k") == [row]
        assert prevents(ledger, row, "another")
        assert not submissions(ledger, "another", "l")
        Path(row.files[0]).unlink()
        assert not prevents(ledger, row, "another")


def test_a_row_that_is_sent_again_is_open_until_it_is_closed(tmp_path: Path) -> None:
    with Ledger(folder=str(tmp_path / "state")) as ledger:
        row = downloaded(ledger, tmp_path, 1, {REDO: redo_note(7)})
        assert is_open(row, redo_note(7))
        assert not is_open(row, redo_note(None))
        assert not is_open(replace(row, notes={}), None)
        close_redo(ledger, row.id)
        closed = ledger.row(row.id)
        assert closed is not None
        assert not is_open(closed, redo_note(7))
        assert (closed.state, closed.notes[PART]) == ("downloaded", NOTE.to_dict())
