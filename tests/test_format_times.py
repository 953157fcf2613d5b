"""How far frames may be reordered, and which formats carry times of presentation: real files."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import av
import pytest

from tests.preparation import numbered
from vaceprep import formats
from vaceprep.facts import SampleFacts
from vaceprep.formats import DEMUXERS, FORMATS, MAX_REORDER, REORDER_PACKETS
from vaceprep.plans.frames import copyable
from vaceprep.preparation.video.seek import presented
from vaceprep.probes import timing
from vaceprep.probes.mp4.boxes import Track

BY_NAME = {f.name: f for f in FORMATS}
#: A rate whose frames do not fall on the ticks of 90 kHz.
RATE = Fraction(30000, 1001)
#: Format, FFmpeg's muxer, codec. Of bare streams, which have no times, MPEG's keep their order.
FILES = [
    *(("mp4", "mp4", "libx264"), ("mov", "mov", "libx264"), ("3gp", "3gp", "libx264")),
    *(("matroska", "matroska", "libx264"), ("webm", "webm", "libvpx")),
    *(("mpegts", "mpegts", "libx264"), ("flv", "flv", "libx264"), ("ogg", "ogg", "libvpx")),
    *(("nut", "nut", "libx264"), ("mxf", "mxf", "mpeg2video")),
    *(("avi", "avi", "libx264"), ("asf", "asf", "libx264"), ("mpeg", "mpeg", "libx264")),
    *(("h264", "h264", "libx264"), ("hevc", "hevc", "libx265")),
]


@pytest.mark.parametrize(("name", "muxer", "codec"), FILES, ids=[f[0] for f in FILES])
def test_a_format_is_timed_where_reordered_frames_come_with_their_own_times(
    name: str, muxer: str, codec: str, tmp_path: Path
) -> None:
    options = {"bf": "2", "preset": "veryfast", "x265-params": "log-level=none"}
    if codec == "libvpx":
        options = {"deadline": "realtime", "cpu-used": "8"}
    elif codec == "mpeg2video":
        del options["preset"]
    path = numbered.write(
        tmp_path / "clip", frames=40, rate=RATE, codec=codec, container=muxer, options=options
    )
    with av.open(str(path), format=DEMUXERS[name]) as container:
        stream = container.streams.video[0]
        times = [frame.pts for frame in container.decode(stream)]
        base = stream.time_base or Fraction(1)
    first = times[0] or 0
    right = len(times) == 40 and all(
        time is not None and abs((time - first) * base - number / RATE) < Fraction(2, 1000)
        for number, time in enumerate(times)
    )
    assert right == (BY_NAME[name].timed == "all")


def test_each_set_of_formats_is_the_table_s() -> None:
    assert {"avi", "h264", "hevc", "m4v", "mpegvideo"} == formats.UNTIMED
    assert formats.UNTIMED | {"asf", "mpeg"} == formats.PARTLY_TIMED
    assert {"matroska", "webm", "flv"} == formats.ROUNDING


def test_h264_and_hevc_hold_sixteen_frames_which_may_be_two_packets_each() -> None:
    assert (MAX_REORDER, REORDER_PACKETS) == (16, 32)


def test_times_come_in_order_from_packets_that_are_reordered_as_far_as_allowed() -> None:
    late = REORDER_PACKETS
    order = [*range(1, late + 1), 0, *range(late + 1, 3 * late)]
    packets: Any = [(SimpleNamespace(pts=time), True) for time in order]
    assert list(presented(packets)) == list(range(3 * late))


def test_a_track_is_measured_in_pieces_however_far_its_frames_are_reordered(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    piece, late = 100, REORDER_PACKETS
    monkeypatch.setattr(timing, "PIECE", piece)
    # The last frames before the seam are shown after the first one behind it.
    offsets = [(piece - late, 0), (late, 1), (1, -late), (piece - 1, 0)]
    track = Track(timescale=25, samples=2 * piece, durations=[(2 * piece, 1)], offsets=offsets)
    shown = timing.present(track, 1000)
    assert (shown.frames, shown.min_interval) == (2 * piece, shown.max_interval)


@pytest.mark.parametrize(("frames", "copied"), [(21, True), (22, False)])
def test_a_copy_may_leave_out_as_many_frames_as_decoding_order_holds_back(
    frames: int, copied: bool
) -> None:
    # Four frames in order; the others come backwards, and the last one does not fit.
    order = (*range(4), *reversed(range(4, frames)))
    samples = SampleFacts(
        times=tuple(map(Fraction, order)),
        sizes=(1,) * frames,
        clean=(True,) + (False,) * (frames - 1),
        breaks=(),
        tick=Fraction(0),
        end=Fraction(frames),
        obstacle=None,
    )
    run = copyable(samples, Fraction(0), Fraction(frames - 1))
    assert (run is not None) is copied
    assert run is None or run.frames == 4
