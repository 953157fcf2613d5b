"""Join results to one video: the frames, the sound, what is refused."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import pytest

from tests.parts.counted import decoded, numbers_of, write
from vaceprep.errors import Refused
from vaceprep.parts.join import join
from vaceprep.parts.pieces import Piece


def test_each_frame_comes_from_the_result_of_its_time(tmp_path: Path) -> None:
    """The service gives one frame more than 30 x length: the last one of each is left out."""
    first = write(tmp_path / "a.mp4", range(31))
    second = write(tmp_path / "b.mp4", range(30, 66))
    third = write(tmp_path / "c.mp4", range(65, 91))
    pieces = [
        Piece(str(first), Fraction(0), Fraction(1)),
        Piece(str(second), Fraction(1), Fraction(13, 6)),
        Piece(str(third), Fraction(13, 6), Fraction(3)),
    ]
    target = tmp_path / "whole.mp4"
    done = join(pieces, str(target), sound=None, length=Fraction(3))
    assert (done.copied, done.frames, len(done.seams)) == (False, 90, 2)
    assert numbers_of(target) == list(range(90))
    assert [time for _, time in decoded(target)] == [Fraction(n, 30) for n in range(90)]
    assert done.notes == ("the frames are encoded as H.264, CRF 18, since a seam is no shot cut",)
    assert all(seam.last and seam.first for seam in done.seams)


def test_overlaps_are_cross_faded(tmp_path: Path) -> None:
    first = write(tmp_path / "a.mp4", range(46))
    second = write(tmp_path / "b.mp4", range(30, 61))
    pieces = [
        Piece(str(first), Fraction(0), Fraction(3, 2)),
        Piece(str(second), Fraction(1), Fraction(2), Fraction(1, 2)),
    ]
    done = join(pieces, str(tmp_path / "o.mp4"), sound=None, length=Fraction(2))
    assert numbers_of(tmp_path / "o.mp4") == list(range(60))
    assert done.seams[0].at == Fraction(5, 4)


def test_a_time_without_a_result_is_refused(tmp_path: Path) -> None:
    one = str(write(tmp_path / "a.mp4", range(30)))
    with pytest.raises(Refused, match=r"no result covers the time from 1 to 1\.5 s"):
        pieces = [Piece(one, Fraction(0), Fraction(1)), Piece(one, Fraction(3, 2), Fraction(2))]
        join(pieces, str(tmp_path / "o.mp4"), sound=None, length=Fraction(2))
    with pytest.raises(Refused, match="no result covers the time from 1 to 2 s"):
        join(
            [Piece(one, Fraction(0), Fraction(1))],
            str(tmp_path / "o.mp4"),
            sound=None,
            length=Fraction(2),
        )
    assert not (tmp_path / "o.mp4").exists()
