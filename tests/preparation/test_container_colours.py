"""Colours that the container alone tells, and colours of pictures that pass through RGB."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import av
import pytest
from av.video.frame import VideoFrame
from av.video.stream import VideoStream
from PIL import Image

import vaceprep
from tests.preparation import look
from tests.preparation.numbered import as_frame
from vaceprep.facts import VideoFacts

PATCHES = ((200, 60, 60), (60, 180, 75), (60, 90, 200), (230, 200, 50))
SIZE = (360, 360)
NEAR = 6


def painted() -> Image.Image:
    image = Image.new("RGB", SIZE)
    for number, colour in enumerate(PATCHES):
        image.paste(colour, (number * 90, 0, number * 90 + 90, 360))
    return image


def colours(image: Image.Image) -> list[tuple[int, ...]]:
    found = [image.convert("RGB").getpixel((number * 90 + 45, 180)) for number in range(4)]
    return [colour for colour in found if isinstance(colour, tuple)]


def near(found: Sequence[tuple[int, ...]], expected: Sequence[tuple[int, ...]]) -> bool:
    pairs = zip(found, expected, strict=True)
    return all(abs(a - b) <= NEAR for one, two in pairs for a, b in zip(one, two, strict=True))


def write(
    path: Path, codec: str, pixels: str, *, matrix: int, full: bool = False, tagged: bool = True
) -> Path:
    """Two frames of the patches, converted with that matrix (H.273)."""
    space = "bt709" if matrix == 1 else "smpte170m"
    with av.open(str(path), "w") as out:
        stream = out.add_stream(codec, rate=16)
        assert isinstance(stream, VideoStream)
        stream.width, stream.height = SIZE
        stream.pix_fmt = pixels
        if tagged:
            context = stream.codec_context
            context.colorspace = context.color_trc = context.color_primaries = matrix
            context.color_range = 2 if full else 1
        for number in range(2):
            frame = as_frame(painted()).reformat(
                format=pixels,
                dst_colorspace=5 if space == "smpte170m" else 1,
                dst_color_range=2 if full else 1,
            )
            frame.pts = number
            out.mux(stream.encode(frame))
        out.mux(stream.encode(None))
    return path


def shown(path: Path) -> list[tuple[int, ...]]:
    entry = vaceprep.prepare(path, path.parent / "out", role="video_url").files[0]
    assert entry.output is not None, (entry.error, entry.remaining)
    return colours(look.picture(look.decoded(entry.output)[1]))


@pytest.mark.parametrize("matrix", [1, 6])
@pytest.mark.parametrize("full", [False, True])
def test_alpha_keeps_the_colours_of_its_matrix(matrix: int, full: bool, tmp_path: Path) -> None:
    path = write(tmp_path / "alpha.mkv", "ffv1", "yuva444p", matrix=matrix, full=full)
    assert near(shown(path), PATCHES)


def test_untagged_alpha_is_read_as_its_size_says(tmp_path: Path) -> None:
    path = write(tmp_path / "alpha.mov", "prores_ks", "yuva444p10le", matrix=6, tagged=False)
    assert near(shown(path), PATCHES)


@pytest.mark.parametrize("lossless", [False, True])
def test_an_animated_webp_keeps_its_colours(lossless: bool, tmp_path: Path) -> None:
    path, image = tmp_path / "a.webp", painted()
    other = image.copy()
    other.putpixel((0, 0), (0, 0, 0))
    image.save(path, save_all=True, append_images=[other], duration=50, lossless=lossless)
    assert near(shown(path), PATCHES)


@pytest.mark.long
@pytest.mark.parametrize("ending", ["mp4", "mkv"])
@pytest.mark.parametrize("curve", ["smpte2084", "arib-std-b67"])
def test_hdr_told_by_the_container_alone_is_shown_as_told_by_the_stream(
    ending: str, curve: str, tmp_path: Path
) -> None:
    number = {"smpte2084": 16, "arib-std-b67": 18}[curve]

    def made(name: str, params: str) -> Path:
        path = tmp_path / name
        with av.open(str(path), "w") as out:
            stream = out.add_stream("libx265", rate=16)
            assert isinstance(stream, VideoStream)
            stream.width, stream.height, stream.pix_fmt = 360, 360, "yuv420p10le"
            stream.options = {
                "x265-params": f"log-level=none:bframes=0:{params}",
                "preset": "ultrafast",
            }
            for at in range(2):
                frame: VideoFrame = as_frame(painted()).reformat(format="yuv420p10le")
                frame.pts = at
                out.mux(stream.encode(frame))
            out.mux(stream.encode(None))
        return path

    said = made("vui.mp4", f"colorprim=bt2020:transfer={curve}:colormatrix=bt2020nc")
    bare = made("bare.mp4", "keyint=1")
    told = tmp_path / f"told.{ending}"
    with av.open(str(bare)) as inp, av.open(str(told), "w") as out:
        stream = out.add_stream_from_template(inp.streams.video[0], opaque=True)
        context = stream.codec_context
        context.color_primaries, context.color_trc, context.colorspace = 9, number, 9
        context.color_range = 1
        for packet in inp.demux(video=0):
            if packet.size:
                packet.stream = stream
                out.mux(packet)
    facts = vaceprep.probe(told)
    assert isinstance(facts, VideoFacts)
    assert facts.color_transfer == curve
    expected = shown(said)
    assert not near(expected, PATCHES)
    assert near(shown(told), expected)


@pytest.mark.parametrize("ending", ["gif", "png", "webp"])
def test_delays_of_ten_milliseconds_are_a_hundred(ending: str, tmp_path: Path) -> None:
    path, image = tmp_path / f"a.{ending}", painted()
    frames = [image.copy() for _ in range(4)]
    for number, frame in enumerate(frames):
        frame.putpixel((number, 0), (0, 0, 0))
    delays = [10, 0, 50, 20]
    frames[0].save(path, save_all=True, append_images=frames[1:], duration=delays)
    facts = vaceprep.probe(path, role="video_url")
    assert isinstance(facts, VideoFacts)
    assert facts.frames == 4
    assert facts.duration is not None
    assert float(facts.duration) == pytest.approx(0.27)
