"""Decoding every frame: which one fails, and what a mask's pixels are."""

from __future__ import annotations

from fractions import Fraction
from io import BytesIO
from pathlib import Path

import av
import pytest
from av.video.frame import VideoFrame
from av.video.stream import VideoStream

import vaceprep
from tests.media import Hand, coded, small_mp4
from vaceprep.facts import MaskFacts, VideoFacts
from vaceprep.files.source import Opened
from vaceprep.formats import MOV
from vaceprep.probes.decode import decode_all


def opened(data: bytes) -> Opened:
    return Opened(BytesIO(data), len(data))


def test_all_frames_decode() -> None:
    decoded, mask = decode_all(opened(small_mp4()), MOV, as_mask=False)
    assert (decoded.frames, decoded.failure) == (8, None)
    assert mask is None


@pytest.mark.parametrize("number", range(8))
def test_the_first_frame_that_fails_is_named(number: int) -> None:
    data = bytearray(Hand(index_first=True).data())
    _, frames = coded()
    at = data.index(b"mdat") + 4 + sum(map(len, frames[:number]))
    # The slice's type and what follows become nonsense.
    data[at + 4 : at + len(frames[number])] = b"\xff" * (len(frames[number]) - 4)
    decoded, _ = decode_all(opened(bytes(data)), MOV, as_mask=False)
    assert decoded.failure is not None
    assert decoded.failure.number == number + 1
    assert decoded.failure.error
    assert decoded.frames < 8


def test_deep_check_reports_it(tmp_path: Path) -> None:
    data = bytearray(Hand(index_first=True).data())
    _, frames = coded()
    at = data.index(b"mdat") + 4
    data[at + 4 : at + len(frames[0])] = bytes(len(frames[0]) - 4)
    path = tmp_path / "clip.mp4"
    path.write_bytes(data)
    assert not {"VP105", "VP106"} & {f.code for f in vaceprep.check(path).findings}
    assert "VP106" in {f.code for f in vaceprep.check(path, deep=True).findings}
    data[at:] = b"\xff" * (len(data) - at)
    path.write_bytes(data)
    assert [f.code for f in vaceprep.check(path, deep=True).findings] == ["VP105"]


def mask_video(path: Path, levels: list[int], size: tuple[int, int] = (64, 48)) -> None:
    """Lossless H.264 in RGB, the left half of each frame white, the right half of a level."""
    width, height = size
    with av.open(str(path), "w") as out:
        stream = out.add_stream("libx264rgb", rate=Fraction(16))
        assert isinstance(stream, VideoStream)
        stream.width, stream.height, stream.pix_fmt = width, height, "rgb24"
        stream.options = {"crf": "0", "preset": "ultrafast"}
        for level in levels:
            frame = VideoFrame(width, height, "rgb24")
            stride = frame.planes[0].line_size
            row = b"\xff" * (width // 2 * 3) + bytes([level]) * (width // 2 * 3)
            frame.planes[0].update(row.ljust(stride, b"\0") * height)
            out.mux(stream.encode(frame))
        out.mux(stream.encode(None))


def mask_of(path: Path) -> MaskFacts:
    facts = vaceprep.probe(path, "mask_video_url")
    assert isinstance(facts, VideoFacts)
    assert facts.mask is not None
    return facts.mask


def test_white_and_black_are_counted(tmp_path: Path) -> None:
    path = tmp_path / "mask.mp4"
    mask_video(path, [0, 0, 0, 0])
    half = 4 * 32 * 48
    assert mask_of(path) == MaskFacts(2 * half, half, half, 0, 4, None)


@pytest.mark.parametrize(
    ("level", "kind"), [(8, "black"), (9, "other"), (128, "other"), (246, "other"), (247, "white")]
)
def test_eight_levels_are_allowed(level: int, kind: str, tmp_path: Path) -> None:
    path = tmp_path / "mask.mp4"
    mask_video(path, [0, 0, level])
    mask, half = mask_of(path), 32 * 48
    black = 2 * half + (half if kind == "black" else 0)
    white = 3 * half + (half if kind == "white" else 0)
    other = half if kind == "other" else 0
    assert (mask.black, mask.white, mask.other) == (black, white, other)
    assert mask.first_other == (3 if kind == "other" else None)
    codes = {f.code for f in vaceprep.check(path, "mask_video_url").findings}
    assert ("VP302" in codes) is (kind == "other")


def test_only_frames_that_count_are_judged(tmp_path: Path) -> None:
    path = tmp_path / "mask.mp4"
    mask_video(path, [0] * 80 + [128])
    assert (mask_of(path).frames, mask_of(path).other) == (80, 0)


def test_rows_with_padding_are_not_counted(tmp_path: Path) -> None:
    path = tmp_path / "mask.mp4"
    mask_video(path, [0], size=(34, 18))
    assert mask_of(path).pixels == 34 * 18


@pytest.mark.parametrize("data", [b"", b"x" * 100, small_mp4()[:900]])
def test_bytes_that_do_not_open_are_a_value(data: bytes) -> None:
    decoded, mask = decode_all(opened(data), MOV, as_mask=True)
    assert (decoded.frames, mask) == (0, None)
    assert decoded.failure is not None
