"""A video that is split, comes back unchanged from the sandbox and is joined, is the same video."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path

import av
import pytest

from tests import beeps
from tests.parts.counted import decoded, number_of, picture, write
from vaceprep.limits import CONTRACT
from vaceprep.parts.join import join
from vaceprep.parts.pieces import Piece
from vaceprep.plans.parts import SplitOptions, Timeline, parts_of
from vaceprep.report.html.ssim import ssim
from vaceprep.sandbox.effects import Effects
from vaceprep.sandbox.render.results import make

#: One frame of a joined video.
FRAME = Fraction(1, 30)
LIKE = 0.98


def results(
    folder: Path,
    seconds: int,
    cuts: Sequence[Fraction],
    overlap: Fraction | None = None,
    rate: int = 30,
) -> list[Piece]:
    """The results of the parts of a counted clip, as the sandbox gives them."""
    times = tuple(Fraction(n, rate) for n in range(seconds * rate))
    timeline = Timeline(times, Fraction(seconds))
    options = SplitOptions(overlap=overlap)
    found = []
    for part in parts_of(timeline, cuts, options, CONTRACT):
        sent = folder / f"sent-{part.index}.mp4"
        write(sent, range(part.first, part.last + 1), rate=rate)
        got = folder / f"got-{part.index}.mp4"
        body = {"function": "video_repainting", "control_condition": "depth", "prompt": "x"}
        effects = Effects(identity=True, frame_more=True)
        make(body, {"/video_url": str(sent)}, str(got), threading.Event(), effects)
        found.append(Piece(str(got), part.start, part.end, part.overlap, part.after_cut))
    return found


def check(target: Path, seconds: int, rate: int = 30) -> None:
    """Each frame shows the number of its time, and looks like the source's.

    Of a source with another rate, the service and the join both round, by half a frame each.
    """
    slack = 0 if rate == 30 else FRAME
    pairs = []
    for made, (frame, time) in enumerate(decoded(target)):
        number = number_of(frame)
        assert time == Fraction(made, 30)
        assert Fraction(number, rate) - slack <= time < Fraction(number + 1, rate) + slack
        if made % 10 == 3:
            pairs.append((frame.to_image(), picture(number)))  # type: ignore[no-untyped-call]
    assert made == 30 * seconds - 1
    assert min(ssim([pair]) for pair in pairs) >= LIKE


def packets(path: Path) -> list[bytes]:
    with av.open(str(path)) as container:
        return [bytes(p) for p in container.demux(container.streams.audio[0]) if p.size]


@pytest.mark.parametrize(
    "overlap", [pytest.param(Fraction(0), marks=pytest.mark.long), Fraction(1, 2)]
)
def test_the_joined_video_is_the_source(tmp_path: Path, overlap: Fraction) -> None:
    pieces = results(tmp_path, 6, [], overlap)
    assert len(pieces) == 2
    target = tmp_path / "o.mp4"
    done = join(pieces, str(target), sound=None, length=Fraction(6))
    assert not done.copied
    if overlap:
        assert all(seam.difference is not None and seam.difference < 1 for seam in done.seams)
    check(target, 6)


def test_between_cuts_it_is_the_source_by_copying(tmp_path: Path) -> None:
    pieces = results(tmp_path, 6, [Fraction(73, 25)], rate=25)
    assert [piece.start for piece in pieces] == [0, Fraction(73, 25)]
    target = tmp_path / "o.mp4"
    assert join(pieces, str(target), sound=None, length=Fraction(6)).copied
    check(target, 6, 25)


@pytest.mark.long
def test_sound_and_picture_stay_together_over_a_minute(tmp_path: Path) -> None:
    seconds, heard = 60, [0.5, 14.25, 29.9, 41.0, 59.5]
    pieces = results(tmp_path, seconds, [Fraction(17), Fraction(40)])
    source = beeps.write(tmp_path / "source.mp4", seconds=seconds, beeps=heard)
    target = tmp_path / "o.mp4"
    join(pieces, str(target), sound=str(source), length=Fraction(seconds))
    check(target, seconds)
    assert packets(target) == packets(source)
    found = beeps.heard(target)
    assert len(found) == len(heard)
    assert all(abs(one - other) <= 1 / 30 for one, other in zip(found, heard, strict=True))
    # The sound is beside the picture of its time, for players that read from the network.
    with av.open(str(target)) as container:
        behind = 0.0
        for packet in sorted((p for p in container.demux() if p.size), key=lambda p: p.pos or 0):
            time = float((packet.dts or 0) * (packet.time_base or 0))
            if packet.stream.type == "video":
                behind = time
            else:
                assert time <= behind + 2
