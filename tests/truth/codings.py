"""Codings that rows of the table have in common."""

from __future__ import annotations

from fractions import Fraction
from typing import Final

from tests.truth.colour import BT601, Colour
from tests.truth.write import Coding

KEEP: Final = ("--keep-audio",)
VIDEO: Final = ("--role", "video_url")
NTSC: Final = Fraction(30000, 1001)
#: Full range in BT.601, as JPEG has it; and BT.601 that nothing tells.
JPEG: Final = Colour("smpte170m", full=True)
UNTOLD: Final = Colour("smpte170m", in_stream=False)

MP4: Final = Coding()
MKV: Final = Coding("matroska", ending="mkv")
TS: Final = Coding("mpegts", ending="ts")
TS2: Final = Coding("mpegts", "mpeg2video", ending="ts", options={"g": "12", "bf": "2"})
TALL: Final = Coding(size=(384, 480))
#: A few pictures, where the colours count.
SHORT: Final = Coding(rate=16, count=8)
DEEP: Final = Coding(codec="libx265", pixels="yuv420p10le", rate=16, count=8)
#: Half a group of pictures and sound in front of what can be decoded.
LATE: Final = Coding(sound="aac")
OPEN: Final = {
    "preset": "veryfast",
    "bf": "3",
    "x264-params": "open-gop=1:keyint=12:min-keyint=12:scenecut=0:b-pyramid=normal:b-adapt=0",
}
OPEN_HEVC: Final = {
    "x265-params": "log-level=none:pools=none:open-gop=1:keyint=12:min-keyint=12:bframes=3"
    ":b-pyramid=1:scenecut=0",
}
FRAGMENTS: Final = {"movflags": "frag_keyframe+delay_moov"}


def avi(codec: str, pixels: str = "yuv420p", colour: Colour = BT601, **more: str) -> Coding:
    """AVI of a codec, in BT.601 where nothing tells the colour."""
    return Coding("avi", codec, pixels, colour, **more)  # type: ignore[arg-type]


def ffv1(pixels: str, colour: Colour) -> Coding:
    """A few pictures of FFV1 in Matroska."""
    return Coding("matroska", "ffv1", pixels, colour, 16, 8, ending="mkv")
