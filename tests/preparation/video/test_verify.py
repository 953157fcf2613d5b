"""An encoded output that does not show what its source shows gets no name."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Iterator
from fractions import Fraction
from itertools import pairwise
from pathlib import Path
from typing import Any

import av
import pytest
from av.video.frame import VideoFrame
from av.video.stream import VideoStream
from PIL import Image, ImageDraw

import vaceprep
from tests.preparation import numbered
from vaceprep.plans.encode import BT601
from vaceprep.preparation.report import Prepared

SIZE = (480, 360)
RATE = 16
FRAMES = 32
#: The kinds of fault of an encoder, and what is said of each.
TIME = "it shows the source's picture of"
PICTURE = "its picture, or its colours, are not those of the source"
TURN = "its picture is"
encode = importlib.import_module("vaceprep.preparation.video.encode")
filters = importlib.import_module("vaceprep.preparation.video.filters")
verify = importlib.import_module("vaceprep.preparation.video.verify")


def drawn(number: int) -> Image.Image:
    """A square that moves by 12 pixels a frame over grey, with patches of colour."""
    image = Image.new("RGB", SIZE, (110, 110, 110))
    draw = ImageDraw.Draw(image)
    for place, colour in enumerate([(200, 60, 60), (60, 180, 75), (60, 90, 200)]):
        draw.rectangle((20 + place * 90, 20, 90 + place * 90, 90), fill=colour)
    left = 12 * number % 400
    draw.rectangle((left, 200, left + 60, 260), fill=(235, 235, 235))
    return image


def write(path: Path, frames: int = FRAMES, codec: str = "mpeg4") -> Path:
    """A clip of such frames that has to be encoded anew."""
    with av.open(str(path), "w") as out:
        stream = out.add_stream(codec, rate=RATE)
        assert isinstance(stream, VideoStream)
        stream.width, stream.height = SIZE
        stream.pix_fmt = "yuv420p"
        stream.options = {"q": "2", "threads": "1"}
        for number in range(frames):
            frame = numbered.as_frame(drawn(number))
            frame.pts, frame.time_base = number, Fraction(1, RATE)
            out.mux(stream.encode(frame))
        out.mux(stream.encode(None))
    return path


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write(tmp_path_factory.mktemp("source") / "clip.mp4")


@pytest.fixture(scope="module")
def turned(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = write(tmp_path_factory.mktemp("source") / "turned.mp4", frames=8)
    return numbered.matrix(path, 0, 1, -1, 0)


def made(path: Path, folder: Path, **options: Any) -> Prepared:
    return vaceprep.prepare(path, folder / "out", **options).files[0]


def refused(entry: Prepared, words: str, folder: Path) -> None:
    """The output failed with these words, and nothing is left behind."""
    assert entry.status == "failed"
    assert entry.output is None
    assert entry.error is not None
    assert words in entry.error
    assert "report this" in entry.error
    assert not (folder / "out").exists()


Shown = Iterator[tuple[VideoFrame, Fraction]]


def _slower(frames: Shown) -> Shown:
    # What a filter that halves the time base does to a clock that keeps the source's.
    return ((frame, time * 2) for frame, time in frames)


def _later(frames: Shown) -> Shown:
    for (_, time), (frame, _) in zip(
        kept := list(frames), [*kept[3:], *[kept[-1]] * 3], strict=True
    ):
        yield frame, time


def _frozen(frames: Shown) -> Shown:
    kept = list(frames)
    yield from ((kept[min(i, 24)][0], time) for i, (_, time) in enumerate(kept))


def _swapped(frames: Shown) -> Shown:
    # The order in which a decoder with B-frames gets them.
    kept = list(frames)
    order = [i + (3, 0, 0, -3)[i % 4] for i in range(len(kept))]
    yield from ((kept[min(o, len(kept) - 1)][0], kept[i][1]) for i, o in enumerate(order))


@pytest.mark.parametrize("fault", [_slower, _later, _frozen, _swapped])
def test_pictures_at_other_times_are_found(
    fault: Callable[[Shown], Shown], source: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    frames_from = encode.frames_from
    monkeypatch.setattr(encode, "frames_from", lambda *a, **k: fault(frames_from(*a, **k)))
    refused(made(source, tmp_path), TIME, tmp_path)


def test_another_window_is_found(
    source: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    frames_from = encode.frames_from

    def elsewhere(a: Any, b: Any, c: Any, start: Fraction, **k: Any) -> Shown:
        first = None
        for frame, time in frames_from(a, b, c, start + Fraction(4, RATE), **k):
            first = time if first is None else first
            yield frame, start + time - first

    monkeypatch.setattr(encode, "frames_from", elsewhere)
    refused(made(source, tmp_path, start="0.25", duration=1), TIME, tmp_path)


@pytest.mark.parametrize("colour", [(16, 128, 128), (235, 128, 128), (145, 54, 34)])
def test_a_picture_of_one_colour_is_found(
    colour: tuple[int, int, int], source: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    send = encode.send

    def painted(out: Any, stream: Any, frame: VideoFrame, *rest: Any) -> None:
        blank = VideoFrame(frame.width, frame.height, "yuv420p")
        for plane, level in zip(blank.planes, colour, strict=True):
            plane.update(bytes([level]) * plane.buffer_size)
        send(out, stream, blank, *rest)

    monkeypatch.setattr(encode, "send", painted)
    refused(made(source, tmp_path), PICTURE, tmp_path)


def test_colours_of_another_matrix_are_found(
    source: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # An untagged source of this size is BT.601.
    wrong = BT601._replace(matrix="bt709")
    monkeypatch.setattr(encode, "tags", lambda *_, **__: wrong)
    refused(made(source, tmp_path), PICTURE, tmp_path)


@pytest.mark.parametrize(
    ("turns", "words"),
    [
        ({90: ("transpose=cclock",)}, "turned by 180 degrees"),
        ({90: ("transpose=clock_flip",)}, "mirrored"),
        ({90: ("transpose=clock", "vflip", "hflip")}, "turned by 180 degrees"),
    ],
)
def test_a_wrong_turn_is_found(
    turns: dict[int, tuple[str, ...]],
    words: str,
    turned: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(filters, "TURNS", turns)
    entry = made(turned, tmp_path)
    refused(entry, TURN, tmp_path)
    assert words in str(entry.error)


def test_a_frame_that_is_missing_is_found(
    source: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    send = encode.send

    def most(out: Any, stream: Any, frame: VideoFrame, number: int, *rest: Any) -> None:
        if number != FRAMES - 1:
            send(out, stream, frame, number, *rest)

    monkeypatch.setattr(encode, "send", most)
    said = f"{FRAMES - 1} frames of the output decode, not the {FRAMES} planned"
    refused(made(source, tmp_path), said, tmp_path)


def test_what_is_right_passes(source: Path, turned: Path, tmp_path: Path) -> None:
    for path in (source, turned):
        entry = made(path, tmp_path)
        assert entry.status == "prepared", entry.error


def test_two_frames_are_compared_at_each_of_five_instants() -> None:
    assert verify.instants(1) == [0]
    assert verify.instants(2) == [0, 1]
    assert verify.instants(101) == [0, 1, 25, 26, 50, 51, 75, 76, 99, 100]
    assert all(b > a for a, b in pairwise(verify.instants(17)))


def test_window_that_begins_late_is_compared_after_a_seek(tmp_path: Path) -> None:
    """The time base of PyAV 19 has no ``//``: the place of the seek needs a Fraction."""
    source = write(tmp_path / "source.mkv", frames=50)
    entry = vaceprep.prepare(source, tmp_path / "out.mp4", start="2.5").files[0]
    assert entry.error is None
    assert entry.status == "prepared"
    assert entry.after is not None
    assert entry.after.frames == 50 - 40
