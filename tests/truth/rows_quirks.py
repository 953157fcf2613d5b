"""Rows of the table: quirks of fields, clocks, groups of pictures, geometry and colours."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from typing import Final

from tests.truth import clocks, colours, fields, geometry, groups
from tests.truth.codings import (
    DEEP,
    JPEG,
    KEEP,
    LATE,
    MKV,
    MP4,
    NTSC,
    OPEN,
    OPEN_HEVC,
    SHORT,
    TALL,
    TS,
    TS2,
    UNTOLD,
    avi,
    ffv1,
)
from tests.truth.colour import BT601, BT601_PAL, BT709, BT2020, HLG, PQ, Colour
from tests.truth.containers import plain
from tests.truth.model import Row
from tests.truth.paff import paff
from tests.truth.write import Coding

#: Fields.
FIELDS: Final = (
    Row("interlaced H.264 top first", fields.interlaced(MP4, "tff"), ordinary=True),
    Row("interlaced H.264 bottom first", fields.interlaced(MP4, "bff")),
    Row(
        "interlaced H.264 of still fields",
        fields.interlaced(replace(MP4, sound="aac"), "tff", moving=False),
        KEEP,
    ),
    Row("interlaced H.264 in MKV", fields.interlaced(MKV, "bff")),
    Row("interlaced MPEG-2 top first", fields.interlaced(TS2, "tff")),
    Row("interlaced MPEG-2 bottom first", fields.interlaced(TS2, "bff")),
    Row("interlaced MPEG-4", fields.interlaced(avi("mpeg4"), "tff")),
    Row(
        "interlaced ProRes",
        fields.interlaced(Coding("mov", "prores_ks", "yuv422p10le", count=12), "tff"),
    ),
    Row(
        "interlaced at 29.97, part",
        fields.interlaced(replace(MP4, rate=NTSC, count=48), "tff"),
        # Frame 14 is shown at 0.5 s; the output begins with it.
        ("--start", "0.5", "--duration", "0.8"),
        start=14 / NTSC,
        duration=Fraction(4, 5),
    ),
    Row(
        "DV",
        fields.interlaced(
            Coding("avi", "dvvideo", "yuv411p", BT601, NTSC, 16, (720, 480), aspect=Fraction(8, 9)),
            "bff",
        ),
        levels=8,
    ),
    Row("telecine", fields.telecine(replace(MP4, rate=NTSC, count=30))),
    Row("telecine MPEG-2 bottom first", fields.telecine(replace(TS2, rate=NTSC, count=30), "bff")),
    Row("PAFF TS, a time a field", paff(replace(TS, count=16), apart=True), ordinary=True),
    Row("PAFF TS, a time a frame", paff(replace(TS, count=16), apart=False)),
    Row("PAFF MP4", paff(replace(MP4, count=16), apart=True)),
    Row(
        "PAFF MP4 bottom first, still fields",
        paff(replace(MP4, count=16), "bff", apart=True, moving=False),
    ),
    Row(
        "PAFF MOV at 12.5",
        paff(Coding("mov", rate=Fraction(25, 2), count=10), apart=True, moving=False),
    ),
    Row(
        "soft telecine",
        fields.soft_telecine(replace(TS2, rate=NTSC, count=24, options={"g": "12"})),
    ),
    Row("PAFF MKV", paff(replace(MKV, count=16), apart=False)),
    Row("PAFF MP4, both fields in a sample", paff(replace(MP4, count=16), apart=False)),
)

#: Clocks.
CLOCKS: Final = (
    Row("variable rate MP4", clocks.variable(MP4, (40, 40, 80, 20))),
    Row("variable rate MKV", clocks.variable(replace(MKV, sound="aac"), (33, 50, 67)), KEEP),
    Row(
        "variable rate with a long pause",
        clocks.variable(replace(MP4, options={"bf": "0"}), (40,) * 11 + (600,)),
    ),
    Row(
        "null frames in AVI",
        clocks.null_frames(
            avi("mjpeg", "yuvj420p", JPEG), b"MJPG", (*range(0, 24, 3), *range(24, 40))
        ),
        ordinary=True,
    ),
    Row(
        "one null frame in AVI",
        clocks.null_frames(avi("mjpeg", "yuvj420p", JPEG), b"MJPG", (0, *range(2, 30))),
    ),
    Row(
        "null frames in AVI MPEG-4",
        clocks.null_frames(avi("mpeg4"), b"FMP4", (*range(0, 30, 2), *range(30, 40))),
    ),
    Row("MP4 at 0.5 s", clocks.offset(replace(MP4, sound="aac"), Fraction(1, 2)), KEEP),
    Row("MKV at 1.5 s", clocks.offset(replace(MKV, sound="aac"), Fraction(3, 2)), KEEP),
    Row(
        "TS at 0",
        clocks.offset(
            replace(TS2, count=36, container_options={"muxdelay": "0", "muxpreload": "0"}),
            Fraction(0),
        ),
        ordinary=True,
    ),
    Row(
        "TS at 0 HEVC",
        clocks.offset(
            replace(TS, codec="libx265", container_options={"muxdelay": "0", "muxpreload": "0"}),
            Fraction(0),
        ),
    ),
    Row(
        "TS clock that wraps",
        clocks.offset(
            replace(TS2, sound="mp2", count=48), Fraction(round((2**33 / 90000 - 2.5) * 24), 24)
        ),
        KEEP,
    ),
    Row("MP4 before 0", clocks.before_zero(Coding(options={"bf": "0"}, sound="aac"), 12), KEEP),
    Row(
        "negative composition offsets",
        plain(
            Coding(
                options={"bf": "2", "preset": "veryfast"},
                container_options={"movflags": "negative_cts_offsets"},
            )
        ),
    ),
    Row("edit list hides both ends", clocks.edited(MP4, 5, 12), ordinary=True),
    Row("edit list hides the end", clocks.edited(MP4, 0, 18)),
    Row("empty edit", clocks.edited(MP4, 0, 24, later=Fraction(1, 2))),
    Row("empty edit, first pictures hidden", clocks.edited(MP4, 3, 20, later=Fraction(1, 4))),
    Row("sound longer", groups.sound_apart(replace(MP4, sound="aac"), more=Fraction(2)), KEEP),
    Row(
        "sound later", groups.sound_apart(replace(MP4, sound="aac", count=36), Fraction(2, 5)), KEEP
    ),
    Row(
        "sound later in MKV",
        groups.sound_apart(replace(MKV, sound="libopus", count=36), Fraction(2, 5)),
        KEEP,
    ),
    Row("edit at half speed", clocks.slowed(replace(MP4, container="mov"), Fraction(1, 2))),
    Row("edit at double speed", clocks.slowed(replace(MP4, count=48), Fraction(2))),
)

#: Groups of pictures and what lies between the pictures.
GROUPS: Final = (
    Row("late keyframe MP4", groups.late_keyframe(LATE, 10, 3), KEEP, ordinary=True),
    Row("late keyframe MOV", groups.late_keyframe(replace(LATE, container="mov"), 10, 1), KEEP),
    Row(
        "late keyframe TS",
        groups.late_keyframe(replace(TS, sound="aac"), 10, 3),
        KEEP,
        ordinary=True,
    ),
    Row("late keyframe TS MPEG-2", groups.late_keyframe(replace(TS2, sound="mp2"), 12, 5), KEEP),
    Row("late keyframe MKV", groups.late_keyframe(replace(MKV, sound="aac"), 10, 4), KEEP),
    Row(
        "late keyframe HEVC",
        groups.late_keyframe(
            replace(
                TS,
                codec="libx265",
                sound="mp2",
                options={
                    "x265-params": "log-level=none:pools=none:keyint=10:min-keyint=10"
                    ":bframes=0:scenecut=0"
                },
            ),
            10,
            3,
        ),
        KEEP,
    ),
    Row("hidden frames VP8", groups.hidden_vp8(Coding(colour=BT601), 6), ordinary=True),
    Row(
        "hidden frames VP8 1 ms before",
        groups.hidden_vp8(Coding(colour=BT601), 6, Fraction(1, 1000)),
    ),
    Row("hidden frames VP9", groups.hidden_vp9(MP4, 6)),
    Row("SEI samples", groups.sei_samples(MP4)),
    Row("thumbnail track first", groups.thumbnail_first(MP4), ordinary=True),
    Row(
        "open GOP",
        plain(replace(MP4, count=48, options=OPEN)),
        ("--start", "0.6", "--duration", "1"),
        start=Fraction(3, 5),
        duration=Fraction(1),
    ),
    Row(
        "open GOP from its keyframe",
        plain(replace(MP4, count=48, options=OPEN, sound="aac")),
        ("--start", "0.5", "--duration", "1", *KEEP),
        start=Fraction(1, 2),
        duration=Fraction(1),
        shorter=3,
    ),
    Row(
        "open GOP MKV",
        plain(replace(MKV, count=48, options=OPEN)),
        ("--start", "0.5", "--duration", "1"),
        start=Fraction(1, 2),
        duration=Fraction(1),
        shorter=3,
    ),
    Row(
        "open GOP TS",
        plain(replace(TS, count=48, options=OPEN)),
        ("--start", "0.5", "--duration", "1"),
        start=Fraction(1, 2),
        duration=Fraction(1),
        shorter=3,
    ),
    Row(
        "open GOP HEVC",
        plain(Coding(codec="libx265", count=48, options=OPEN_HEVC)),
        ("--start", "0.7", "--duration", "1"),
        start=Fraction(7, 10),
        duration=Fraction(1),
    ),
    Row(
        "B-pyramid",
        plain(
            replace(
                MP4,
                options={
                    "preset": "veryfast",
                    "bf": "7",
                    "x264-params": "b-pyramid=normal:b-adapt=0",
                },
            )
        ),
    ),
    Row(
        "intra refresh",
        plain(replace(MP4, count=48, options={"x264-params": "intra-refresh=1:keyint=12"})),
        ("--start", "1", "--duration", "0.5"),
        start=Fraction(1),
        duration=Fraction(1, 2),
    ),
    Row("late keyframe FLV", groups.late_keyframe(Coding("flv", sound="aac"), 10, 3), KEEP),
    Row("open GOP without its beginning, MP4", groups.from_open_group(replace(MP4, options=OPEN))),
    Row("open GOP without its beginning, TS", groups.from_open_group(replace(TS, options=OPEN))),
    Row("open GOP without its beginning, MKV", groups.from_open_group(replace(MKV, options=OPEN))),
    Row(
        "open GOP without its beginning, HEVC",
        groups.from_open_group(Coding(codec="libx265", options=OPEN_HEVC)),
    ),
    Row(
        "open GOP without its beginning, HEVC TS",
        groups.from_open_group(replace(TS, codec="libx265", options=OPEN_HEVC)),
    ),
    Row("open GOP without its beginning, MPEG-2", groups.from_open_group(TS2)),
)

#: Rotation, pixel aspect, cropping.
GEOMETRY: Final = (
    *(
        Row(f"rotation {90 * q} MP4", geometry.rotated(TALL if q % 2 else MP4, q), ordinary=q == 1)
        for q in (1, 2, 3)
    ),
    Row("rotation without a shift", geometry.rotated(TALL, 1, shifted=False)),
    Row("rotation at half scale", geometry.rotated(TALL, 1, scale=Fraction(1, 2)), ordinary=True),
    Row("rotation 270 at double scale", geometry.rotated(TALL, 3, scale=Fraction(2))),
    Row("rotation of the movie", geometry.rotated_movie(TALL, 1)),
    Row("mirrored", geometry.mirrored(MP4)),
    Row("upside down", geometry.mirrored(MP4, upside_down=True)),
    *(
        Row(f"rotation {90 * q} MKV", geometry.rolled(TALL if q % 2 else MP4, q), ordinary=q == 1)
        for q in (1, 2, 3)
    ),
    Row("pixel aspect MP4", plain(Coding(aspect=Fraction(4, 3), size=(360, 384)))),
    Row("pixel aspect TS MPEG-2", plain(replace(TS2, aspect=Fraction(16, 15), size=(480, 384)))),
    Row("pixel aspect MKV", geometry.wide_in_matroska(Coding(size=(360, 384)), (480, 384))),
    Row(
        "clean aperture",
        geometry.clean_aperture(Coding(size=(480, 416)), (0, 16, 0, 16)),
        ordinary=True,
    ),
    Row(
        "clean aperture off the middle",
        geometry.clean_aperture(Coding(size=(496, 416)), (16, 0, 0, 32)),
    ),
    Row(
        "clean aperture HEVC 10 bits",
        geometry.clean_aperture(replace(DEEP, size=(480, 448)), (0, 32, 0, 32)),
    ),
    Row("PixelCrop", geometry.pixel_crop(Coding(size=(496, 416)), (16, 0, 0, 32))),
    Row("PixelCrop top and bottom", geometry.pixel_crop(Coding(size=(480, 416)), (0, 16, 0, 16))),
    Row("crop of the parameter set", plain(Coding(size=(470, 378)))),
    Row(
        "sample entry under the parameter set",
        geometry.narrow_entry(Coding(size=(496, 384)), (486, 384)),
    ),
    Row("sample entry lower than the parameter set", geometry.narrow_entry(MP4, (480, 376))),
    Row(
        "clean aperture MOV ProRes",
        geometry.clean_aperture(
            Coding("mov", "prores_ks", "yuv422p10le", size=(480, 416), rate=16, count=8),
            (0, 16, 0, 16),
        ),
    ),
    Row(
        "PixelCrop of VP9",
        geometry.pixel_crop(Coding(codec="libvpx-vp9", size=(496, 416)), (16, 0, 0, 32)),
    ),
    Row(
        "rotation 90 MOV HEVC", geometry.rotated(replace(TALL, container="mov", codec="libx265"), 1)
    ),
    Row("rotation 270 MKV VP9", geometry.rolled(replace(TALL, codec="libvpx-vp9"), 3)),
    Row("odd size", plain(Coding(size=(481, 385), pixels="yuv444p")), size=(480, 384)),
    Row("under 360 pixels", plain(Coding(size=(320, 256))), size=(450, 360)),
)

#: Colours.
COLOURS: Final = (
    Row("BT.601", colours.in_stream(replace(SHORT, colour=BT601))),
    Row("BT.601 of PAL", colours.in_stream(replace(SHORT, colour=BT601_PAL))),
    Row("BT.601 told by MP4", colours.in_box(replace(SHORT, colour=BT601, size=(1280, 720)))),
    Row("BT.601 told by MKV", colours.in_matroska(replace(SHORT, colour=BT601, size=(1280, 720)))),
    Row("BT.709 told by MOV", colours.in_box(replace(SHORT, container="mov", colour=BT709))),
    Row("BT.709 told by MKV, HEVC", colours.in_matroska(replace(DEEP, colour=BT709))),
    Row(
        "full range",
        colours.in_stream(replace(SHORT, colour=Colour(full=True), pixels="yuvj420p")),
        ordinary=True,
    ),
    Row("full range told by MP4", colours.in_box(replace(SHORT, colour=Colour(full=True)))),
    Row("full range told by MKV", colours.in_matroska(replace(SHORT, colour=Colour(full=True)))),
    Row("BT.2020", colours.in_stream(replace(DEEP, colour=BT2020))),
    Row("BT.2020 told by MP4", colours.in_box(replace(DEEP, colour=BT2020)), like="BT.2020"),
    Row("PQ", colours.in_stream(replace(DEEP, colour=PQ))),
    Row("PQ told by MP4", colours.in_box(replace(DEEP, colour=PQ)), like="PQ"),
    Row("PQ told by MKV", colours.in_matroska(replace(DEEP, colour=PQ)), like="PQ"),
    Row("HLG", colours.in_stream(replace(DEEP, colour=HLG))),
    Row("HLG told by MP4", colours.in_box(replace(DEEP, colour=HLG)), like="HLG"),
    Row("HLG told by MOV", colours.in_box(replace(DEEP, colour=HLG, container="mov")), like="HLG"),
    Row("HLG told by MKV", colours.in_matroska(replace(DEEP, colour=HLG)), like="HLG"),
    *(
        Row(f"H.264 {p}", plain(replace(SHORT, pixels=p)))
        for p in ("yuv422p", "yuv444p", "yuv420p10le", "yuv422p10le", "yuv444p10le")
    ),
    *(
        Row(f"HEVC {p}", plain(replace(DEEP, pixels=p)))
        for p in ("yuv422p", "yuv444p", "yuv420p12le", "yuv422p12le", "gbrp")
    ),
    *(
        Row(f"FFV1 {p} {c.matrix}", plain(ffv1(p, c)), ordinary=p == "yuva444p" and c is BT601)
        for p in ("yuva444p", "yuva420p", "yuv422p10le", "yuv420p12le", "bgra")
        for c in (BT601, BT709)
    ),
    Row(
        "ProRes 4444 alpha",
        plain(
            Coding("mov", "prores_ks", "yuva444p10le", BT709, 16, 8, options={"profile": "4444"})
        ),
    ),
    Row(
        "ProRes 4444 alpha, untagged",
        plain(
            Coding("mov", "prores_ks", "yuva444p10le", UNTOLD, 16, 8, options={"profile": "4444"})
        ),
    ),
    Row("QuickTime animation alpha", plain(Coding("mov", "qtrle", "argb", rate=16, count=8))),
    Row("VP9 alpha", plain(Coding("webm", "libvpx-vp9", "yuva420p", rate=16, count=8))),
    Row("palette MOV", colours.palette_mov(SHORT), ordinary=True),
    Row("palette AVI", colours.palette_avi(SHORT)),
    Row(
        "PQ told by MKV, H.264",
        colours.in_matroska(replace(SHORT, pixels="yuv420p10le", colour=PQ)),
        like="PQ",
    ),
    Row(
        "HLG told by MP4, H.264",
        colours.in_box(replace(SHORT, pixels="yuv420p10le", colour=HLG)),
        like="HLG",
    ),
)
