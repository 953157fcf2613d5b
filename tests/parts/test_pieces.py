"""What the sidecar of a part's result records."""

from __future__ import annotations

import json
from fractions import Fraction

import pytest

from vaceprep.parts.pieces import PART, PartRecord, Piece, part_record

RECORD = PartRecord(
    source="/films/clip.mp4",
    index=2,
    count=3,
    start=Fraction(3003, 1000),
    end=Fraction(7),
    overlap=Fraction(1, 2),
    after_cut=False,
    window=(Fraction(1), Fraction(12)),
)


def test_a_record_is_read_as_it_was_written() -> None:
    written = json.loads(json.dumps({PART: RECORD.to_dict()}))
    assert part_record(written) == RECORD
    assert RECORD.piece("b.mp4") == Piece(
        "b.mp4", Fraction(2003, 1000), Fraction(6), Fraction(1, 2)
    )


@pytest.mark.parametrize(
    "change",
    [
        {"start": "8"},
        {"start": "-1"},
        {"start": 3.5},
        {"end": "1/0"},
        {"end": "1" * 500},
        {"end": "1e999999999"},
        {"index": 0},
        {"index": True},
        {"source": None},
        {"window": ["1"]},
        {"window": None},
        {"end": "13"},
    ],
)
def test_an_invalid_record_is_none(change: dict[str, object]) -> None:
    assert part_record({PART: {**RECORD.to_dict(), **change}}) is None


def test_a_sidecar_without_a_part_has_no_record() -> None:
    assert part_record({}) is None
    assert part_record({PART: [1]}) is None
