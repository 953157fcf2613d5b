"""The sound of the source under a joined video."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import av
import pytest

from tests import beeps
from tests.parts.counted import numbers_of, write
from vaceprep.parts.join import join
from vaceprep.parts.pieces import Joined, Piece

SECONDS = 4
#: One frame of a joined video.
TICK = 1 / 30


@pytest.fixture(scope="module")
def pieces(tmp_path_factory: pytest.TempPathFactory) -> list[Piece]:
    """Two results of 2 s, with a frame more than that."""
    folder = tmp_path_factory.mktemp("pieces")
    return [
        Piece(str(write(folder / f"{at}.mp4", range(at * 60, at * 60 + 61))), start, start + 2)
        for at, start in enumerate((Fraction(0), Fraction(2)))
    ]


def joined(pieces: list[Piece], target: Path, sound: Path, start: Fraction | int = 0) -> Joined:
    return join(
        pieces,
        str(target),
        sound=str(sound),
        sound_start=Fraction(start),
        length=Fraction(SECONDS),
        pictures=False,
    )


def packets(path: Path) -> list[bytes]:
    with av.open(str(path)) as container:
        return [bytes(p) for p in container.demux(container.streams.audio[0]) if p.size]


def near(found: list[float], expected: list[float]) -> bool:
    return len(found) == len(expected) and all(
        abs(one - other) <= TICK for one, other in zip(found, expected, strict=True)
    )


def test_packets_are_copied(pieces: list[Piece], tmp_path: Path) -> None:
    source = beeps.write(tmp_path / "source.mp4", seconds=SECONDS, beeps=(0.5, 2.0, 3.5))
    target = tmp_path / "o.mp4"
    done = joined(pieces, target, source)
    assert packets(target) == packets(source)
    assert near(beeps.heard(target), [0.5, 2.0, 3.5])
    assert numbers_of(target) == list(range(120))
    assert "the sound of source.mp4 is copied, packet by packet" in done.notes


def test_sound_that_begins_late_stays_late(pieces: list[Piece], tmp_path: Path) -> None:
    source = beeps.write(tmp_path / "s.mp4", seconds=SECONDS, beeps=(2.0, 3.0), late=1.5)
    joined(pieces, tmp_path / "o.mp4", source)
    assert near(beeps.heard_by_ffmpeg(tmp_path / "o.mp4"), [2.0, 3.0])


def test_the_sound_of_a_window_begins_with_it(pieces: list[Piece], tmp_path: Path) -> None:
    source = beeps.write(tmp_path / "s.mp4", seconds=7, beeps=(1.0, 2.5, 5.5, 6.9))
    joined(pieces, tmp_path / "o.mp4", source, start=Fraction(9, 4))
    assert near(beeps.heard(tmp_path / "o.mp4"), [0.25, 3.25])


def test_what_mp4_does_not_carry_is_encoded(pieces: list[Piece], tmp_path: Path) -> None:
    source = beeps.write(
        tmp_path / "s.mkv", seconds=SECONDS, beeps=(0.5, 3.5), codec="vorbis", layout="stereo"
    )
    done = joined(pieces, tmp_path / "o.mp4", source)
    assert near(beeps.heard(tmp_path / "o.mp4"), [0.5, 3.5])
    assert any("encoded as AAC" in note for note in done.notes)


def test_a_source_without_sound(pieces: list[Piece], tmp_path: Path) -> None:
    source = beeps.write(tmp_path / "s.mp4", seconds=SECONDS, codec="")
    done = joined(pieces, tmp_path / "o.mp4", source)
    assert "s.mp4 has no sound; the video is silent" in done.notes
    with av.open(str(tmp_path / "o.mp4")) as container:
        assert len(container.streams) == 1


def test_a_window_without_sound(pieces: list[Piece], tmp_path: Path) -> None:
    """The track of sound ends before the window."""
    source = beeps.write(tmp_path / "s.mp4", seconds=7, beeps=(1.0,), sound=2)
    done = joined(pieces, tmp_path / "o.mp4", source, start=3)
    assert "s.mp4 has no sound in this window; the video is silent" in done.notes
    with av.open(str(tmp_path / "o.mp4")) as container:
        assert len(container.streams) == 1
