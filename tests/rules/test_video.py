"""VP101 to VP119: each fires just beyond its limit, not on it, and says so where it can't tell."""

from __future__ import annotations

import json
from fractions import Fraction
from typing import Any

import pytest

from tests.media import video_facts
from vaceprep.contract import MP4_BRANDS, VIDEO_ROLES, Role
from vaceprep.facts import DecodeFacts, Unreadable, VideoFacts
from vaceprep.rules.catalogue import Asset, Finding, Severity
from vaceprep.rules.judge import judge_video

ERROR, WARNING, ADVICE = Severity.ERROR, Severity.WARNING, Severity.ADVICE
NTSC = Fraction(30000, 1001)


def judged(
    facts: VideoFacts | Unreadable, role: Role = "video_url", name: str | None = "clip.mp4"
) -> list[Finding]:
    return judge_video(facts, Asset(role, name))


def codes(facts: VideoFacts, role: Role = "video_url", name: str | None = "clip.mp4") -> list[str]:
    return [f.code for f in judged(facts, role, name)]


def only(
    facts: VideoFacts | Unreadable, role: Role = "video_url", name: str = "clip.mp4"
) -> Finding:
    (finding,) = judged(facts, role, name)
    json.dumps(finding.to_dict(), allow_nan=False)
    assert finding.message
    return finding


def at(rate: Fraction | int, frames: int) -> dict[str, Any]:
    """So many frames at a rate, told truly everywhere."""
    length = frames / Fraction(rate)
    step = 1 / Fraction(rate)
    return {
        **{"frames": frames, "fps": Fraction(rate), "duration": length, "declared_frames": frames},
        **{"declared_duration": length, "container_duration": length},
        **{"min_interval": step, "max_interval": step},
    }


def test_the_compliant_video_has_no_finding() -> None:
    assert codes(video_facts()) == []


@pytest.mark.parametrize("brand", sorted(MP4_BRANDS))
def test_container_brands_of_mp4(brand: str) -> None:
    assert codes(video_facts(major_brand=brand)) == []


def test_container_of_another_brand() -> None:
    finding = only(video_facts(major_brand="XAVC"))
    assert (finding.code, finding.severity, finding.measured) == ("VP101", WARNING, "XAVC")


@pytest.mark.parametrize(
    ("container", "brand", "words"),
    [
        ("mov", "qt", "QuickTime"),
        ("mov", None, "ftyp"),
        ("3gp", "3gp4", "3GPP"),
        ("matroska", None, "Matroska"),
        ("gif", None, "GIF"),
        ("never heard of", None, "never heard of"),
    ],
)
def test_container(container: str, brand: str | None, words: str) -> None:
    finding = only(video_facts(container=container, major_brand=brand), name="clip.mkv")
    assert (finding.code, finding.severity) == ("VP101", ERROR)
    assert (finding.measured, finding.allowed) == (container, "mp4")
    assert words in finding.message
    assert "without re-encoding" in str(finding.fix)


def test_container_whose_codec_mp4_cannot_carry() -> None:
    findings = judged(video_facts(container="webm", major_brand=None, codec="vp8"), name="a.webm")
    assert "re-encode" in str(findings[0].fix)


@pytest.mark.parametrize(
    ("size", "severity", "allowed"),
    [
        (50_000_000, None, None),
        (50_000_001, WARNING, 50_000_000),
        (52_428_800, WARNING, 50_000_000),
        (52_428_801, ERROR, 52_428_800),
        (None, ERROR, 52_428_800),
    ],
)
def test_size(size: int | None, severity: Severity | None, allowed: int | None) -> None:
    facts = video_facts(bytes=size)
    if severity is None:
        assert codes(facts) == []
        return
    finding = only(facts)
    assert (finding.code, finding.severity) == ("VP102", severity)
    assert (finding.measured, finding.allowed, finding.unit) == (size, allowed, "bytes")


@pytest.mark.parametrize(
    ("rate", "fires"),
    [
        (Fraction(16), False),
        (Fraction(16000, 1001), True),
        (Fraction(16) - Fraction(1, 10**9), True),
        (Fraction(15), True),
        (Fraction(1, 3), True),
        (Fraction(1000), False),
    ],
)
def test_fps(rate: Fraction, fires: bool) -> None:
    facts = video_facts(**at(rate, 1))
    assert ("VP103" in codes(facts)) is fires


def test_fps_says_how_it_is_mended() -> None:
    finding = only(video_facts(**at(Fraction(16000, 1001), 79)))
    assert (finding.code, finding.severity, finding.measured) == ("VP103", ERROR, 15.98401598)
    assert (finding.allowed, finding.unit) == (16.0, "fps")
    assert "16 " not in finding.message.partition(";")[0].replace("15.98", "")
    assert "2 times" in str(finding.fix)
    assert "3 times" in str(only(video_facts(**at(Fraction(7), 30))).fix)


@pytest.mark.parametrize("rate", [None, Fraction(0)])
def test_fps_that_could_not_be_measured(rate: Fraction | None) -> None:
    finding = only(video_facts(fps=rate))
    assert (finding.code, finding.measured) == ("VP103", None)
    assert "could not be measured" in finding.message


@pytest.mark.parametrize(
    ("role", "rate", "frames", "fires"),
    [
        ("video_url", NTSC, 149, False),
        ("video_url", NTSC, 150, True),
        ("video_url", 16, 80, False),
        ("video_url", 16, 81, True),
        ("mask_video_url", 30, 150, False),
        ("mask_video_url", 30, 151, True),
        ("first_clip_url", 16, 48, False),
        ("first_clip_url", 16, 49, True),
        ("last_clip_url", NTSC, 89, False),
        ("last_clip_url", NTSC, 90, True),
        ("last_clip_url", 10**9, 3 * 10**9 + 1, True),
    ],
)
def test_duration(role: Role, rate: Fraction | int, frames: int, fires: bool) -> None:
    facts = video_facts(**at(rate, frames))
    # A mask's pixels are not looked at here.
    found = [code for code in codes(facts, role) if code.startswith("VP1")]
    assert found == (["VP104"] if fires else [])


def test_duration_says_what_upstream_does_and_never_equals_the_limit() -> None:
    finding = only(video_facts(**at(NTSC, 150)))
    assert (finding.measured, finding.allowed, finding.unit) == (5.005, 5.0, "s")
    assert (finding.severity, finding.source) == (ERROR, "M U")
    assert "5.005 s" in finding.message
    assert "149 frames" in str(finding.fix)
    close = video_facts(**at(10**6, 5 * 10**6 + 1))
    assert "lasts 5 s" not in only(close).message


def test_duration_of_a_first_clip_keeps_its_end() -> None:
    facts = video_facts(**at(16, 56))
    assert "last 3 s" in str(only(facts, "first_clip_url").fix)
    assert "first 3 s" in str(only(facts, "last_clip_url").fix)


def test_duration_that_could_not_be_measured() -> None:
    finding = only(video_facts(duration=None))
    assert (finding.code, finding.severity, finding.measured) == ("VP104", ERROR, None)


@pytest.mark.parametrize("ticks", [-1, 0, 1, 2])
def test_one_tick_of_a_clock_that_rounds_is_no_defect(ticks: int) -> None:
    tick = Fraction(1, 1000)
    long = video_facts(duration=5 + ticks * tick, rounding_tick=tick)
    assert ("VP104" in codes(long)) is (ticks > 1)
    slow = video_facts(duration=5 + ticks * tick, fps=80 / (5 + ticks * tick), rounding_tick=tick)
    assert ("VP103" in codes(slow)) is (ticks > 1)


@pytest.mark.parametrize("role", VIDEO_ROLES)
def test_unreadable_silences_everything_else(role: Role) -> None:
    finding = only(Unreadable("encrypted", "it is encrypted (DRM)", 10**9), role, "clip.txt")
    assert (finding.code, finding.severity, finding.fix) == ("VP105", ERROR, None)
    assert (finding.measured, finding.message) == (
        "encrypted",
        "cannot be read: it is encrypted (DRM)",
    )


def test_nothing_decodes_silences_everything_else() -> None:
    none = DecodeFacts(0, 1, "invalid data", 0, 0)
    finding = only(video_facts(**at(3, 100), decoded=none))
    assert (finding.code, finding.measured) == ("VP105", "undecodable")


def test_truncated() -> None:
    finding = only(video_facts(truncation="the file ends at byte 7"))
    assert (finding.code, finding.severity) == ("VP106", ERROR)
    assert finding.fix is not None
    assert "--salvage" in finding.fix
    failed = DecodeFacts(78, 79, "invalid data", 0, 0)
    finding = only(video_facts(decoded=failed))
    assert (finding.code, finding.measured, finding.unit) == ("VP106", 79, "frame")
    assert codes(video_facts(decoded=DecodeFacts(80, None, None, 0, 0))) == []


@pytest.mark.parametrize(
    ("name", "container", "expected"),
    [
        ("clip.mp4", "mp4", []),
        ("CLIP.MP4", "mp4", []),
        ("clip.mov", "mp4", ["VP107"]),
        ("clip", "mp4", ["VP107"]),
        (".mp4", "mp4", ["VP107"]),
        ("clip.mp4.part", "mp4", ["VP107"]),
        (None, "mp4", []),
        ("clip.mp4", "mov", ["VP101", "VP107"]),
        ("clip.mov", "mov", ["VP101"]),
        ("clip.avi", "mov", ["VP101"]),
        (None, "mov", ["VP101"]),
    ],
)
def test_name(name: str | None, container: str, expected: list[str]) -> None:
    facts = video_facts(container=container, major_brand="isom" if container == "mp4" else "qt")
    assert codes(facts, name=name) == expected


#: Code, what fires it with what is reported, and what does not.
SIMPLE: list[tuple[str, list[tuple[dict[str, Any], Any]], list[dict[str, Any]]]] = [
    (
        "VP111",
        [({"codec": "hevc"}, "hevc"), ({"codec": "av1"}, "av1"), ({"codec": None}, None)],
        [{"codec": "h264"}],
    ),
    (
        "VP112",
        [({"pixel_format": f}, f) for f in ("yuv420p10le", "yuv422p", "yuv444p", "gray", None)],
        [{"pixel_format": f} for f in ("yuv420p", "yuvj420p", "nv12")],
    ),
    (
        "VP113",
        [
            ({"rotation": 90}, 90),
            ({"rotation": 0, "mirrored": True}, 0),
            ({"rotation": 180, "mirrored": True}, 180),
            ({"rotation": None}, None),
        ],
        [{"rotation": 0, "mirrored": False}],
    ),
    (
        "VP114",
        [
            ({"sample_aspect_ratio": Fraction(4, 3)}, "4:3"),
            ({"sample_aspect_ratio": Fraction(1001, 1000)}, "1001:1000"),
        ],
        [{"sample_aspect_ratio": Fraction(1)}],
    ),
    (
        "VP115",
        [({"interlaced": True}, "interlaced"), ({"interlaced": None}, None)],
        [{"interlaced": False}],
    ),
    (
        "VP116",
        [
            ({"color_transfer": "smpte2084"}, "smpte2084"),
            ({"color_transfer": "arib-std-b67", "color_primaries": "bt2020"}, "arib-std-b67"),
            ({"color_transfer": "bt709", "color_primaries": "bt2020"}, "bt2020"),
        ],
        [{"color_transfer": None, "color_primaries": None}, {"color_transfer": "bt709"}],
    ),
    (
        "VP117",
        [
            ({"constant_rate": False, "max_interval": Fraction(1, 8)}, 0.125),
            ({"constant_rate": None, "min_interval": None, "max_interval": None}, None),
        ],
        [
            {"constant_rate": True},
            {"constant_rate": None, "frames": 1, "declared_frames": 1, "min_interval": None},
        ],
    ),
    (
        "VP118",
        [({"stored_width": 641}, "641x720"), ({"stored_height": 361}, "1280x361")],
        [{"stored_width": 640, "stored_height": 360}],
    ),
    (
        "VP119",
        [
            ({"width": 358}, "358x720"),
            ({"width": 359}, "359x720"),
            ({"height": 2001, "width": 400}, "400x2001"),
        ],
        [{"width": 360, "height": 2000}, {"width": 2000, "height": 360}],
    ),
]  # fmt: skip


@pytest.mark.parametrize(
    ("code", "changes", "measured"),
    [(code, changes, value) for code, firing, _ in SIMPLE for changes, value in firing],
)
def test_warnings_beyond_the_limit(code: str, changes: dict[str, Any], measured: Any) -> None:
    finding = only(video_facts(**changes))
    assert (finding.code, finding.severity, finding.measured) == (code, WARNING, measured)
    assert finding.fix
    if None in changes.values() and code != "VP113":
        assert "could not be measured" in finding.message


@pytest.mark.parametrize("changes", [c for _, _, quiet in SIMPLE for c in quiet])
def test_no_warnings_on_the_limit(changes: dict[str, Any]) -> None:
    assert codes(video_facts(**changes)) == []


def test_odd_sizes_are_stored_ones_and_sides_are_displayed_ones() -> None:
    facts = video_facts(stored_width=400, stored_height=359, width=359, height=400, rotation=90)
    assert codes(facts) == ["VP113", "VP118", "VP119"]
