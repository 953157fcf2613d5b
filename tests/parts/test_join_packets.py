"""Join results by copying their packets, and when their frames are encoded instead."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import av
import pytest

from tests import beeps
from tests.parts.counted import decoded, numbers_of, write
from vaceprep.parts.join import join
from vaceprep.parts.pieces import Joined, Piece

#: B-frames in an even number of frames leave a last frame that is no last packet.
REORDERED = {"preset": "medium", "bf": "2", "b_strategy": "0", "sc_threshold": "0"}


def cut(*paths: Path, frames: int = 30) -> list[Piece]:
    """Pieces one after another, divided by cuts."""
    return [
        Piece(str(path), Fraction(frames * n, 30), Fraction(frames * (n + 1), 30), after_cut=n > 0)
        for n, path in enumerate(paths)
    ]


def joined(pieces: list[Piece], target: Path, *, sound: Path | None = None) -> Joined:
    return join(pieces, str(target), sound=str(sound) if sound else None, length=pieces[-1].end)


def packets(path: Path) -> list[bytes]:
    with av.open(str(path)) as container:
        return [bytes(p) for p in container.demux(container.streams.video[0]) if p.size]


def clips(folder: Path, frames: int = 31, **more: dict[str, str]) -> list[Path]:
    return [
        write(folder / f"{n}.mp4", range(30 * n, 30 * n + frames), **more)  # type: ignore[arg-type]
        for n in range(3)
    ]


def test_packets_are_copied_between_cuts(tmp_path: Path) -> None:
    source = beeps.write(tmp_path / "s.mp4", seconds=3, beeps=(0.5, 2.5))
    paths = clips(tmp_path)
    target = tmp_path / "o.mp4"
    done = joined(cut(*paths), target, sound=source)
    assert done.copied
    assert "the packets of the results are copied: no frame is encoded" in done.notes
    assert packets(target) == [packet for path in paths for packet in packets(path)[:30]]
    assert numbers_of(target) == list(range(90))
    assert [time for _, time in decoded(target)] == [Fraction(n, 30) for n in range(90)]
    assert beeps.heard(target) == pytest.approx([0.5, 2.5], abs=1 / 30)
    assert [(seam.at, seam.difference) for seam in done.seams] == [
        (Fraction(n), None) for n in (1, 2)
    ]
    assert all(seam.last and seam.first for seam in done.seams)


def test_reordered_packets_keep_their_times(tmp_path: Path) -> None:
    paths = clips(tmp_path, 30, options=REORDERED)
    done = joined(cut(*paths), tmp_path / "o.mp4")
    assert done.copied
    assert numbers_of(tmp_path / "o.mp4") == list(range(90))


@pytest.mark.parametrize(
    ("frames", "options", "clause"),
    [
        (31, REORDERED, "the surplus frame of .* is not its last packet"),
        (29, {}, "has fewer frames than its window"),
    ],
)
def test_frames_are_encoded_where_packets_do_not_fit(
    tmp_path: Path, frames: int, options: dict[str, str], clause: str
) -> None:
    done = joined(cut(*clips(tmp_path, frames, options=options)), tmp_path / "o.mp4")
    assert not done.copied
    assert any(clause.rsplit(".*", maxsplit=1)[-1] in note for note in done.notes)
    expected = [n if n % 30 < frames else n - 1 for n in range(90)]
    assert numbers_of(tmp_path / "o.mp4") == expected


def test_other_parameter_sets_are_not_mixed(tmp_path: Path) -> None:
    one = write(tmp_path / "one.mp4", range(30))
    other = write(tmp_path / "other.mp4", range(30, 60), options={"refs": "4", "preset": "slow"})
    done = joined(cut(one, other), tmp_path / "o.mp4")
    assert not done.copied
    assert any("parameter sets of other.mp4 are not those of one.mp4" in n for n in done.notes)
    assert numbers_of(tmp_path / "o.mp4") == list(range(60))


def test_another_size_is_scaled_and_another_shape_refused(tmp_path: Path) -> None:
    one = write(tmp_path / "one.mp4", range(30))
    other = write(tmp_path / "other.mp4", range(30, 60), size=(320, 192))
    done = joined(cut(one, other), tmp_path / "o.mp4")
    assert "other.mp4 is 320x192; it is scaled to 160x96, the size of one.mp4" in done.notes
    assert numbers_of(tmp_path / "o.mp4") == list(range(60))
    wide = write(tmp_path / "wide.mp4", range(30, 60), size=(320, 96))
    with pytest.raises(Exception, match="results of different shapes are not joined"):
        joined(cut(one, wide), tmp_path / "p.mp4")


def test_another_rate_is_fitted_by_time(tmp_path: Path) -> None:
    one = write(tmp_path / "one.mp4", range(30))
    other = write(tmp_path / "other.mp4", range(100, 115), rate=15)
    done = joined(cut(one, other), tmp_path / "o.mp4")
    assert any("other.mp4 has 15 FPS" in note for note in done.notes)
    shown = numbers_of(tmp_path / "o.mp4")[30:]
    # Within half a frame of the joined video: the frame of each moment, or the next one.
    assert all(abs(number - 100 - k / 2) <= 0.5 for k, number in enumerate(shown))
