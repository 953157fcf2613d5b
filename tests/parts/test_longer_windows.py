"""Results that hold more of the one before than is cross-faded, and sound that ends early."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import av
import pytest

from tests import beeps
from tests.parts.counted import numbers_of, write
from vaceprep.errors import Refused
from vaceprep.parts.given import given
from vaceprep.parts.join import join
from vaceprep.parts.pieces import PART, PartRecord, Piece

TENTH = Fraction(1, 10)


def test_only_the_end_of_a_longer_window_is_used(tmp_path: Path) -> None:
    """As of a chain of extensions: the third result begins before the first one ends."""
    wrong = [999] * 15
    first = write(tmp_path / "a.mp4", range(30))
    second = write(tmp_path / "b.mp4", [*wrong, *range(27, 42)])
    third = write(tmp_path / "c.mp4", [*wrong, *range(39, 54)])
    pieces = [
        Piece(str(first), Fraction(0), Fraction(1)),
        Piece(str(second), 4 * TENTH, 14 * TENTH, TENTH),
        Piece(str(third), 8 * TENTH, 18 * TENTH, TENTH),
    ]
    target = tmp_path / "whole.mp4"
    done = join(pieces, str(target), sound=None, length=Fraction(9, 5))
    assert numbers_of(target) == list(range(54))
    # The middle of each overlap.
    assert [seam.at for seam in done.seams] == [Fraction(19, 20), Fraction(27, 20)]


def test_sound_ends_where_it_is_to_end(tmp_path: Path) -> None:
    film = beeps.write(tmp_path / "film.mp4", seconds=3, beeps=[0.5, 1.5])
    pieces = [Piece(str(write(tmp_path / "a.mp4", range(60))), Fraction(0), Fraction(2))]
    join(
        pieces,
        str(tmp_path / "o.mp4"),
        sound=str(film),
        sound_length=Fraction(1),
        length=Fraction(2),
    )
    with av.open(str(tmp_path / "o.mp4")) as made:
        (track,) = made.streams.audio
        base = track.time_base
        assert base is not None
        ends = [(p.pts or 0) + (p.duration or 0) for p in made.demux(track) if p.size]
    assert abs(max(ends) * base - 1) < Fraction(1, 20)


def test_steps_of_a_chain_that_grew_are_joined_by_their_sidecars() -> None:
    """The first two were sent for a video of 6 s, the third for one of 8 s."""
    records = [
        step(1, 0, 5, count=2, window=6),
        step(2, 2, 6, count=2, window=6),
        step(3, 4, 8, count=3, window=8),
    ]
    found = given(["a.mp4", "b.mp4", "c.mp4"], [{PART: record.to_dict()} for record in records])
    assert found.length == 8
    assert found.sound is None
    assert [piece.start for piece in found.pieces] == [0, 2, 4]
    assert [piece.end for piece in found.pieces] == [5, 6, 8]
    assert "run --restore-audio" in found.notes[0]
    with pytest.raises(Refused, match=r"of 3 parts of clip\.mp4, results are missing: 2"):
        given(["a.mp4", "c.mp4"], [{PART: records[0].to_dict()}, {PART: records[2].to_dict()}])


def step(index: int, start: int, end: int, *, count: int, window: int) -> PartRecord:
    return PartRecord(
        source="/films/clip.mp4",
        index=index,
        count=count,
        start=Fraction(start),
        end=Fraction(end),
        overlap=Fraction(index > 1, 2),
        after_cut=False,
        window=(Fraction(0), Fraction(window)),
        extended=True,
    )
