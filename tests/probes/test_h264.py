"""H.264's parameter set against what FFmpeg finds by decoding frames."""

from __future__ import annotations

from fractions import Fraction
from functools import cache
from io import BytesIO

import av
import pytest
from av.video.stream import VideoStream
from hypothesis import given
from hypothesis import strategies as st

from tests.media import encode
from vaceprep.probes.h264 import first_sps, parse_sps

#: Encoder settings, size and pixel format of parameter sets that are all written differently.
VARIANTS: dict[str, tuple[dict[str, str], tuple[int, int], str]] = {
    "plain": ({}, (64, 48), "yuv420p"),
    "baseline": ({"profile": "baseline"}, (64, 48), "yuv420p"),
    "main": ({"profile": "main"}, (176, 144), "yuv420p"),
    "cropped": ({}, (66, 50), "yuv420p"),
    "cropped both ways": ({}, (638, 358), "yuv420p"),
    "full range": ({"x264-params": "range=pc"}, (64, 48), "yuvj420p"),
    "aspect by number": ({"x264-params": "sar=40/33"}, (64, 48), "yuv420p"),
    "aspect written out": ({"x264-params": "sar=7/5"}, (64, 48), "yuv420p"),
    "hdr": (
        {"x264-params": "colorprim=bt2020:transfer=smpte2084:colormatrix=bt2020nc"},
        (64, 48),
        "yuv420p",
    ),
    "hlg": ({"x264-params": "transfer=arib-std-b67:overscan=show"}, (64, 48), "yuv420p"),
    "b-frames": ({"bf": "3", "x264-params": "b-pyramid=normal:open-gop=1"}, (64, 48), "yuv420p"),
    "matrices": ({"x264-params": "cqm=jvt:videoformat=pal:nal-hrd=vbr:vbv-maxrate=9:vbv-bufsize=9"},
                 (64, 48), "yuv420p"),
    "10 bit": ({}, (66, 50), "yuv420p10le"),
    "10 bit 4:2:2": ({}, (66, 49), "yuv422p10le"),
    "10 bit 4:4:4": ({"x264-params": "range=pc"}, (65, 49), "yuv444p10le"),
    "4:2:2": ({"x264-params": "colormatrix=bt709:cqm=jvt"}, (66, 49), "yuv422p"),
    "4:2:2 in full range": ({"x264-params": "range=pc"}, (64, 48), "yuvj422p"),
    "4:4:4": ({}, (65, 49), "yuv444p"),
    "4:4:4 in full range": ({"x264-params": "range=pc:cqm=jvt"}, (65, 49), "yuvj444p"),
    "lossless": ({"qp": "0"}, (64, 48), "yuv444p"),
}  # fmt: skip
#: Those that must be left to FFmpeg.
OTHERS: dict[str, tuple[dict[str, str], tuple[int, int], str]] = {
    "interlaced": ({"x264-params": "interlaced=1"}, (64, 64), "yuv420p"),
    "grey": ({}, (64, 48), "gray"),
}


@cache
def clip(name: str) -> bytes:
    options, size, pixel_format = {**VARIANTS, **OTHERS}[name]
    buffer = BytesIO()
    encode(
        buffer,
        frames=3,
        size=size,
        pixel_format=pixel_format,
        options={"preset": "veryfast", **options},
        container="mp4",
    )
    return buffer.getvalue()


def full_open(name: str) -> tuple[VideoStream, bytes]:
    with av.open(BytesIO(clip(name)), "r") as container:
        stream = container.streams.video[0]
        for _ in container.decode(stream):
            break
        extradata = stream.codec_context.extradata
        assert extradata is not None
        return stream, extradata


@pytest.mark.parametrize("name", VARIANTS)
def test_as_ffmpeg_after_decoding(name: str) -> None:
    stream, extradata = full_open(name)
    context = stream.codec_context
    unit = first_sps(extradata)
    assert unit is not None
    sps = parse_sps(unit)
    assert sps is not None
    assert (sps.width, sps.height) == (context.width, context.height)
    assert sps.profile == context.profile
    assert sps.pixel_format(sps.full_range, sps.matrix) == context.pix_fmt
    assert (sps.primaries, sps.transfer, sps.matrix) == (
        context.color_primaries,
        context.color_trc,
        context.colorspace,
    )
    assert bool(sps.full_range) is (context.color_range == 2)
    assert (sps.aspect or Fraction(1)) == (context.sample_aspect_ratio or Fraction(1))


@pytest.mark.parametrize("name", OTHERS)
def test_what_is_not_ordinary_is_left_to_ffmpeg(name: str) -> None:
    unit = first_sps(full_open(name)[1])
    assert unit is not None
    assert parse_sps(unit) is None


@pytest.mark.parametrize(
    "extradata",
    [
        b"",
        bytes(8),
        b"\1\x64\0\x0a\xff\xe0\0\0\0",
        b"\1\x64\0\x0a\xff\xe1\xff\xff\x67",
        b"\1\x64\0\x0a\xff\xe1\0\5\x68abcd",
        b"\0\0\0\1\x67\x64\0\x0a\xac",
    ],
)
def test_a_record_without_a_parameter_set(extradata: bytes) -> None:
    assert first_sps(extradata) is None


@given(st.data())
def test_a_damaged_set_gives_none_or_something_sane(data: st.DataObject) -> None:
    unit = bytearray(first_sps(full_open("matrices")[1]) or b"")
    for _ in range(data.draw(st.integers(1, 4))):
        at = data.draw(st.integers(0, len(unit) - 1))
        unit[at] = data.draw(st.integers(0, 255))
    del unit[data.draw(st.integers(1, len(unit))) :]
    sps = parse_sps(bytes(unit))
    assert sps is None or (sps.width > 0 and sps.height > 0)


@given(st.binary(max_size=80))
def test_any_bytes_at_all(unit: bytes) -> None:
    sps = parse_sps(unit)
    assert sps is None or (sps.width > 0 and sps.height > 0)
