"""Rows of the table: containers and codecs without any quirk."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from typing import Final

from tests.truth import animations, clocks
from tests.truth.codings import (
    FRAGMENTS,
    JPEG,
    KEEP,
    MKV,
    MP4,
    TS,
    TS2,
    VIDEO,
    avi,
)
from tests.truth.colour import BT601
from tests.truth.containers import plain
from tests.truth.model import Row
from tests.truth.program import piped
from tests.truth.write import Coding

#: Containers and codecs.
CONTAINERS: Final = (
    Row("MP4 H.264", plain(replace(MP4, sound="aac")), KEEP, copied=True, ordinary=True),
    Row("MP4 HEVC", plain(Coding(codec="libx265", sound="aac")), KEEP),
    Row("MP4 AV1", plain(Coding(codec="libsvtav1"))),
    Row("MP4 VP9", plain(Coding(codec="libvpx-vp9"))),
    Row("MP4 MPEG-4", plain(Coding(codec="mpeg4", colour=BT601, sound="libmp3lame")), KEEP),
    Row("MP4 MPEG-2", plain(Coding(codec="mpeg2video"))),
    Row(
        "MP4 fragmented",
        plain(Coding(options={"g": "8"}, container_options=FRAGMENTS, sound="aac")),
        KEEP,
    ),
    Row(
        "MP4 DASH",
        plain(Coding(options={"g": "8"}, container_options={"movflags": "dash+frag_keyframe"})),
    ),
    Row("MOV H.264", plain(Coding("mov", sound="pcm_s16le")), KEEP, ordinary=True),
    Row("MOV MJPEG", plain(Coding("mov", "mjpeg", "yuvj422p", JPEG))),
    Row("MOV ProRes", plain(Coding("mov", "prores_ks", "yuv422p10le"))),
    Row(
        "MOV ProRes 4444",
        plain(Coding("mov", "prores_ks", "yuv444p10le", options={"profile": "4444"})),
    ),
    Row("MOV DNxHR", plain(Coding("mov", "dnxhd", "yuv422p"))),
    Row("MOV QuickTime animation", plain(Coding("mov", "qtrle", "rgb24", sound="pcm_s16le")), KEEP),
    Row("MOV PNG", plain(Coding("mov", "png", "rgb24"))),
    Row("MOV v210", plain(Coding("mov", "v210", "yuv422p10le", count=12))),
    Row("MOV Cinepak", plain(Coding("mov", "cinepak", "rgb24", rate=16, count=8)), levels=12),
    Row("MOV SVQ1", plain(Coding("mov", "svq1", "yuv410p", BT601, count=16)), levels=12),
    Row("MKV H.264", plain(replace(MKV, sound="aac")), KEEP),
    Row("MKV HEVC", plain(replace(MKV, codec="libx265"))),
    Row("MKV MPEG-4", plain(replace(MKV, codec="mpeg4", colour=BT601, sound="libopus")), KEEP),
    Row("MKV FFV1", plain(replace(MKV, codec="ffv1", sound="flac")), KEEP),
    Row("MKV raw", plain(replace(MKV, codec="rawvideo", count=12))),
    Row("AVI FFVHuff RGB", plain(avi("ffvhuff", "gbrp"))),
    Row("WEBM VP8", plain(Coding("webm", "libvpx", colour=BT601, sound="libopus")), KEEP),
    Row("WEBM VP8 told BT.709", plain(Coding("webm", "libvpx")), ordinary=True),
    Row("WEBM VP9", plain(Coding("webm", "libvpx-vp9", sound="libopus")), KEEP, ordinary=True),
    Row("WEBM AV1", plain(Coding("webm", "libsvtav1"))),
    Row("AVI MPEG-4", plain(avi("mpeg4", sound="pcm_s16le")), KEEP),
    Row("AVI MPEG-4 with MP3", clocks.moved_by_sound(avi("mpeg4", sound="libmp3lame")), KEEP),
    Row("AVI MJPEG", plain(avi("mjpeg", "yuvj420p", JPEG))),
    Row("AVI H.264", plain(Coding("avi", options={"bf": "0"}))),
    Row("AVI MS-MPEG4", plain(avi("msmpeg4", sound="pcm_s16le")), KEEP),
    Row("AVI MS-MPEG4 v2", plain(avi("msmpeg4v2"))),
    Row("AVI HuffYUV", plain(avi("huffyuv", "yuv422p"))),
    Row("AVI HuffYUV RGB", plain(avi("huffyuv", "rgb24"))),
    Row("AVI FFVHuff", plain(avi("ffvhuff"))),
    Row("AVI Ut Video", plain(avi("utvideo", "yuv422p"))),
    Row("AVI MagicYUV", plain(avi("magicyuv", "yuv444p"))),
    Row("AVI raw 4:2:0", plain(Coding("avi", "rawvideo", colour=BT601, count=16))),
    Row("AVI raw RGB", plain(Coding("avi", "rawvideo", "bgr24", count=16)), ordinary=True),
    Row("AVI WMV2", plain(avi("wmv2"))),
    Row(
        "AVI H.263",
        plain(
            Coding("avi", "h263", colour=BT601, size=(704, 576), count=16, aspect=Fraction(12, 11))
        ),
    ),
    Row("TS H.264", plain(replace(TS, sound="aac")), KEEP),
    Row("TS HEVC", plain(replace(TS, codec="libx265", sound="mp2")), KEEP),
    Row("TS MPEG-2", plain(replace(TS2, sound="mp2")), KEEP),
    Row("FLV H.264", plain(Coding("flv", sound="aac")), KEEP),
    Row("FLV Sorenson", plain(Coding("flv", "flv", colour=BT601, sound="libmp3lame")), KEEP),
    Row("WMV1", plain(Coding("asf", "wmv1", colour=BT601, ending="wmv"))),
    Row(
        "WMV2",
        plain(Coding("asf", "wmv2", colour=BT601, ending="wmv", sound="wmav2")),
        KEEP,
        ordinary=True,
    ),
    Row(
        "OGV Theora",
        piped(
            Coding("ogg", "libtheora", colour=BT601, ending="ogv", sound="libvorbis"), "-q:v", "10"
        ),
        KEEP,
    ),
    Row(
        "OGV Theora, part",
        piped(Coding("ogg", "libtheora", colour=BT601, ending="ogv"), "-q:v", "10"),
        ("--start", "0.5"),
        start=Fraction(1, 2),
    ),
    Row(
        "WEBM VP8 of two passes",
        piped(
            Coding("webm", "libvpx", colour=BT601, count=96, sound="libopus"),
            "-b:v",
            "2M",
            "-auto-alt-ref",
            "1",
            "-lag-in-frames",
            "16",
            passes=2,
        ),
        KEEP,
    ),
    Row("MOV RPZA", piped(Coding("mov", "rpza", "rgb24", rate=16, count=16)), levels=12),
    Row("AVI ZMBV", piped(Coding("avi", "zmbv", "bgr24", rate=16, count=16))),
    Row("AVI MS Video 1", piped(Coding("avi", "msvideo1", "rgb24", rate=16, count=16)), levels=12),
    Row("RealVideo", piped(Coding("rm", "rv20", colour=BT601), "-q:v", "2")),
    Row("GIF", animations.animated("gif", (50,)), VIDEO, rate=Fraction(20), ordinary=True),
    Row("GIF of uneven delays", animations.animated("gif", (40, 80, 120)), VIDEO),
    Row(
        "GIF of 10 ms delays",
        animations.animated("gif", (10,), shown_delays=(100,), count=12),
        VIDEO,
        rate=Fraction(20),
    ),
    Row("APNG", animations.animated("png", (50,)), VIDEO, rate=Fraction(20)),
    Row(
        "APNG of 0 ms delays",
        animations.animated("png", (0,), shown_delays=(100,), count=12),
        VIDEO,
        rate=Fraction(20),
    ),
    Row(
        "WEBP lossless", animations.animated("webp", (50,), lossless=True), VIDEO, rate=Fraction(20)
    ),
    Row(
        "WEBP lossy",
        animations.animated("webp", (50,), quality=90),
        VIDEO,
        rate=Fraction(20),
        ordinary=True,
    ),
    Row(
        "WEBP of 10 ms delays",
        animations.animated("webp", (10,), shown_delays=(100,), count=12, lossless=True),
        VIDEO,
        rate=Fraction(20),
    ),
)
