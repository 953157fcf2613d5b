"""What takes minutes: two hours of video, kills at any moment, many more made-up facts."""

from __future__ import annotations

import random
import signal
import subprocess
import sys
import time
from fractions import Fraction
from pathlib import Path

import av
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import vaceprep
from tests.media import encode
from tests.memory import peak
from tests.plans import anyfacts, test_video
from tests.preparation import look, numbered
from vaceprep.contract import Role
from vaceprep.facts import VideoFacts
from vaceprep.plans.model import Options

pytestmark = pytest.mark.long
#: Frames of the piece that is repeated, at 25 a second, and how often it is.
PIECE = 250
TIMES = 720


def repeated(source: Path, target: Path, times: int) -> Path:
    """The packets of a clip, over and over."""
    with av.open(str(source)) as short, av.open(str(target), "w") as out:
        video = short.streams.video[0]
        packets = [p for p in short.demux(video) if p.size]
        stream = out.add_stream_from_template(video, opaque=True)
        base = video.time_base
        assert base is not None
        length = int(Fraction(PIECE, 25) / base)
        kept = [(bytes(p), p.pts, p.dts, p.is_keyframe) for p in packets]
        for number in range(times):
            for data, shown, decoded, key in kept:
                packet = av.Packet(data)
                assert shown is not None
                assert decoded is not None
                packet.pts, packet.dts = shown + number * length, decoded + number * length
                packet.is_keyframe, packet.time_base, packet.stream = key, base, stream
                out.mux(packet)
    return target


@pytest.fixture(scope="module")
def hours(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("hours")
    options = {"g": "25", "sc_threshold": "0"}
    short = numbered.write(folder / "short.mp4", frames=PIECE, rate=25, options=options)
    return repeated(short, folder / "two-hours.mp4", TIMES)


@pytest.mark.parametrize(("frame", "lossless"), [(0, True), (25, True), (7, False), (199, False)])
def test_a_window_late_in_two_hours_has_the_right_frames(
    hours: Path, tmp_path: Path, frame: int, lossless: bool
) -> None:
    start = 7140 + Fraction(frame, 25)
    entry = vaceprep.prepare(hours, tmp_path, start=start, duration=1).files[0]
    assert entry.status == "prepared", entry.error
    assert entry.output is not None
    assert entry.lossless == lossless
    got = look.numbers(entry.output)
    assert got == list(range(frame, frame + len(got)))
    assert len(got) >= 22


def memory(*arguments: str) -> int:
    """Kilobytes that ``vaceprep`` takes at most."""
    return peak([sys.executable, "-m", "vaceprep", *arguments])


@pytest.mark.skipif(sys.platform != "linux", reason="kilobytes on Linux alone")
def test_memory_does_not_grow_with_the_length(hours: Path, tmp_path: Path) -> None:
    short = repeated(hours.parent / "short.mp4", tmp_path / "short.mp4", 2)
    for name, more in {"copy": ["--duration", "4"], "encode": ["--start", "0.04"]}.items():
        small = memory("prepare", str(short), "-o", str(tmp_path / f"{name}-a"), *more)
        large = memory("prepare", str(hours), "-o", str(tmp_path / f"{name}-b"), *more)
        # The index of two hours is 180,000 entries of FFmpeg's.
        assert large < small + 60_000, (name, small, large)


def test_a_kill_at_any_moment_leaves_a_whole_file_or_none(tmp_path: Path) -> None:
    source = tmp_path / "clip.mp4"
    encode(source, rate=30, frames=30, size=(640, 360), codec="mpeg4")

    def started(folder: Path) -> subprocess.Popen[bytes]:
        command = [sys.executable, "-m", "vaceprep", "prepare", str(source), "-o", str(folder)]
        return subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    def named(folder: Path) -> list[Path]:
        found = list(folder.iterdir()) if folder.exists() else []
        return [p for p in found if not p.name.startswith(".vaceprep-")]

    begin = time.monotonic()
    assert started(tmp_path / "undisturbed").wait(timeout=120) == 0
    length = time.monotonic() - begin
    assert len(named(tmp_path / "undisturbed")) == 1
    chance = random.Random(4)
    killed = 0
    for number in range(40):
        folder = tmp_path / str(number)
        process = started(folder)
        # The whole length of a run, however fast the machine is, and a little beyond.
        time.sleep(chance.uniform(0.05, 1.2) * length)
        process.send_signal(signal.SIGKILL)
        code = process.wait(timeout=30)
        killed += code == -signal.SIGKILL
        assert code == -signal.SIGKILL or len(named(folder)) == 1
        for path in named(folder):
            assert vaceprep.check(path, strict=True, deep=True).ok
    assert killed


@pytest.mark.parametrize("part", range(4))
@settings(max_examples=400)
@given(st.data(), anyfacts.videos(), st.sampled_from(anyfacts.ROLES), anyfacts.options)
def test_predictions_hold_for_many_more_facts(
    part: int, data: st.DataObject, facts: VideoFacts, role: Role, options: Options
) -> None:
    test_video.holds(data, facts, role, options)
