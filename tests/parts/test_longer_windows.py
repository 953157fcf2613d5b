"""Results that hold more of the one before than is cross-faded, and sound that ends early."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import av

from tests import beeps
from tests.parts.counted import numbers_of, write
from vaceprep.parts.join import join
from vaceprep.parts.pieces import Piece

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
