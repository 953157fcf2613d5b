"""Rows of the table: what ``prepare`` and ``frame`` are asked to do."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from typing import Final

from tests.truth import clocks, colours, geometry, groups, masks
from tests.truth.codings import (
    DEEP,
    JPEG,
    KEEP,
    MKV,
    MP4,
    NTSC,
    SHORT,
    TALL,
    TS,
    TS2,
    avi,
    ffv1,
)
from tests.truth.colour import BT601, HLG
from tests.truth.containers import plain
from tests.truth.model import Row
from tests.truth.paff import paff
from tests.truth.write import Coding

#: What prepare is asked: parts, rates, sound, masks, frames.
ASKED: Final = (
    *(
        Row(f"{float(r):.5g} FPS", plain(Coding(rate=r, count=24, sound="aac")), KEEP)
        for r in (8, 15, Fraction(24000, 1001), 25, NTSC, 30, 50, 60, 120)
    ),
    Row("12 FPS", plain(Coding(rate=12, count=24, sound="aac")), KEEP, ordinary=True),
    Row("12 FPS, part", plain(Coding(rate=12, count=24)), ("--start", "0.5"), start=Fraction(1, 2)),
    Row(
        "over 5 s, copied",
        plain(
            Coding(
                rate=16, count=96, sound="aac", options={"g": "24", "preset": "veryfast", "bf": "3"}
            )
        ),
        KEEP,
        shorter=3,
        copied=True,
        ordinary=True,
    ),
    Row(
        "over 5 s, encoded",
        plain(replace(MKV, codec="mpeg4", colour=BT601, rate=16, count=96, sound="libopus")),
        KEEP,
        copied=False,
    ),
    Row(
        "part from a keyframe",
        plain(Coding(count=48, sound="aac", options={"g": "12"})),
        (*KEEP, "--start", "0.5", "--duration", "1"),
        start=Fraction(1, 2),
        duration=Fraction(1),
        shorter=3,
    ),
    Row(
        "part inside a group",
        plain(Coding(count=48, sound="aac", options={"g": "24"})),
        (*KEEP, "--start", "0.7", "--duration", "1"),
        start=Fraction(7, 10),
        duration=Fraction(1),
        ordinary=True,
    ),
    Row(
        "part MKV",
        plain(replace(MKV, codec="mpeg4", colour=BT601, count=48, sound="libopus")),
        (*KEEP, "--start", "0.7", "--duration", "1"),
        start=Fraction(7, 10),
        duration=Fraction(1),
    ),
    Row(
        "part AVI",
        clocks.moved_by_sound(replace(avi("mpeg4", sound="libmp3lame"), count=48)),
        (*KEEP, "--start", "0.75"),
        start=Fraction(3, 4),
    ),
    Row(
        "part TS",
        plain(replace(TS2, count=48, sound="mp2")),
        (*KEEP, "--start", "0.75", "--duration", "0.8"),
        start=Fraction(3, 4),
        duration=Fraction(4, 5),
    ),
    Row(
        "part FLV",
        plain(Coding("flv", "flv", colour=BT601, count=48, sound="libmp3lame")),
        (*KEEP, "--start", "0.75"),
        start=Fraction(3, 4),
    ),
    Row(
        "part WMV",
        plain(Coding("asf", "wmv2", colour=BT601, count=48, ending="wmv", sound="wmav2")),
        (*KEEP, "--start", "0.75"),
        start=Fraction(3, 4),
    ),
    Row(
        "part of null frames",
        clocks.null_frames(
            avi("mjpeg", "yuvj420p", JPEG), b"MJPG", (*range(0, 24, 3), *range(24, 40))
        ),
        # The chunk that is shown then, a null one, begins at 14/24 s; the output begins with it.
        ("--start", "0.6"),
        start=Fraction(14, 24),
    ),
    Row(
        "part of PAFF",
        paff(replace(TS, count=24), apart=True),
        ("--start", "0.5"),
        start=Fraction(1, 2),
    ),
    Row(
        "part of an edit list",
        clocks.edited(replace(MP4, count=36), 5, 26),
        ("--start", "0.5"),
        start=Fraction(1, 2),
    ),
    Row(
        "part of a variable rate",
        clocks.variable(replace(MP4, count=36), (40, 40, 80, 20)),
        # The picture that is shown then begins at 0.44 s; the output begins with it.
        ("--start", "0.5"),
        start=Fraction(11, 25),
    ),
    Row(
        "the frames that the model takes",
        plain(Coding(rate=24, count=48)),
        ("--fit-model",),
        rate=Fraction(33, 2),
        copied=False,
    ),
    Row(
        "the frames that the model takes, turned",
        geometry.rotated(replace(MP4, rate=30, count=40), 1),
        ("--fit-model",),
        rate=Fraction(75, 4),
        copied=False,
    ),
    Row(
        "without black bars",
        geometry.letterboxed(replace(MP4, size=(480, 464)), (0, 40, 0, 40)),
        ("--crop-bars",),
        copied=False,
    ),
    Row(
        "a part without black bars",
        geometry.letterboxed(replace(MP4, size=(480, 464), count=48), (0, 36, 0, 44)),
        ("--crop-bars", "--start", "0.7", "--duration", "1"),
        start=Fraction(7, 10),
        duration=Fraction(1),
    ),
    Row(
        "first clip, its last 3 s",
        plain(Coding(rate=16, count=64, sound="aac")),
        ("--role", "first_clip_url", *KEEP),
        start=Fraction(1),
        duration=Fraction(3),
    ),
    Row(
        "mask video",
        masks.mask_video(MP4, replace(MP4, count=24, size=(480, 384))),
        role="mask_video_url",
    ),
    Row(
        "mask video of another size and rate",
        masks.mask_video(MP4, Coding(rate=12, count=12, size=(960, 768), codec="mpeg4")),
        role="mask_video_url",
    ),
    Row(
        "mask video beside an interlaced codec",
        masks.mask_video(avi("ffvhuff"), replace(MKV, codec="ffv1")),
        role="mask_video_url",
    ),
    Row("mask image", masks.mask_image(MP4, (960, 768)), role="mask_image_url"),
    Row(
        "frame at 0.6 s",
        plain(replace(MP4, count=36)),
        ("--at", "0.6"),
        "frame",
        start=Fraction(3, 5),
        ordinary=True,
    ),
    Row("frame of VP8 told BT.709", plain(Coding("webm", "libvpx")), ("--at", "0"), "frame"),
    Row(
        "frame of an AVI with null frames",
        clocks.null_frames(
            avi("mjpeg", "yuvj420p", JPEG), b"MJPG", (*range(0, 24, 3), *range(24, 40))
        ),
        ("--at", "0.6"),
        "frame",
        start=Fraction(3, 5),
    ),
    Row(
        "frame of a late keyframe, first",
        groups.late_keyframe(TS, 10, 3),
        ("--at", "first"),
        "frame",
    ),
    Row(
        "part of an edit at half speed",
        clocks.slowed(replace(MP4, container="mov"), Fraction(1, 2)),
        ("--start", "0.5"),
        start=Fraction(1, 2),
    ),
    Row(
        "frame of an edit at half speed",
        clocks.slowed(replace(MP4, container="mov"), Fraction(1, 2)),
        ("--at", "1.03"),
        "frame",
        start=Fraction(103, 100),
    ),
    Row(
        "frame of an edit at double speed",
        clocks.slowed(replace(MP4, count=48), Fraction(2)),
        ("--at", "0.515"),
        "frame",
        start=Fraction(515, 1000),
    ),
    Row(
        "frame of PAFF",
        paff(replace(TS, count=16), apart=True),
        ("--at", "0.5"),
        "frame",
        start=Fraction(1, 2),
        duration=Fraction(1),
    ),
    Row(
        "frame of TS at 0",
        clocks.offset(
            replace(TS2, container_options={"muxdelay": "0", "muxpreload": "0"}), Fraction(0)
        ),
        ("--at", "0.2"),
        "frame",
        start=Fraction(1, 5),
    ),
    Row(
        "frame turned in MKV",
        geometry.rolled(TALL, 1),
        ("--at", "0.2"),
        "frame",
        start=Fraction(1, 5),
    ),
    Row(
        "frame of a clean aperture",
        geometry.clean_aperture(Coding(size=(480, 416)), (0, 16, 0, 16)),
        ("--at", "0.2"),
        "frame",
        start=Fraction(1, 5),
    ),
    Row(
        "frame of HLG told by MP4",
        colours.in_box(replace(DEEP, colour=HLG)),
        ("--at", "0.2"),
        "frame",
        start=Fraction(1, 5),
        like="HLG",
    ),
    Row(
        "frame of a palette",
        colours.palette_mov(SHORT),
        ("--at", "0.2"),
        "frame",
        start=Fraction(1, 5),
    ),
    Row(
        "frame of alpha in BT.601",
        plain(ffv1("yuva444p", BT601)),
        ("--at", "0.2"),
        "frame",
        start=Fraction(1, 5),
    ),
)
