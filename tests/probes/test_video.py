"""Facts of real clips against ffprobe and against how they were made."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest

import vaceprep
from tests.media import ffprobe, needs_ffmpeg, needs_ffprobe
from tests.probes.variants import VARIANTS, Variant
from vaceprep.facts import VideoFacts

MILLISECOND = Fraction(1, 1000)
#: Rates of which the ordinary part has the kind: whole, of 1001, too slow, in each container.
TWINS = {
    f"{rate} {ending}"
    for rate in "16000/1001 24000/1001 24 25 30 60000/1001".split()
    for ending in ("mp4", "mkv", "ts", "flv")
} | {"15 mkv", "30000/1001 ts", "30000/1001 flv"}
#: And variants that differ from one of the ordinary part in the container or a number alone.
TWINS |= {
    *("m4v", "3gp", "timescale 90000", "many b-frames", "4:2:2", "mpeg2", "bottom field first"),
    *("turned 180", "turned 270", "cut by copy at both ends", "one frame in matroska"),
    *("pixel aspect in matroska", "variable in matroska", "sound in avi", "sound in flash"),
}


def said_by_ffprobe(video: dict[str, Any], facts: VideoFacts) -> dict[str, Any]:
    """The same facts in the same words; where ffprobe says nothing, the fact itself."""
    # ffprobe counts turns against the clock.
    against = next((s["rotation"] for s in video.get("side_data_list", []) if "rotation" in s), 0)
    order = video.get("field_order", "unknown")
    # Older ones leave out the matrix of RGB pictures, and print numbers of nameless profiles.
    matrix = video.get("color_space", "gbr" if facts.color_matrix == "gbr" else None)
    profile = str(video.get("profile"))
    return {
        "codec": video["codec_name"],
        "pixel format": video["pix_fmt"],
        "size": (video["width"], video["height"]),
        "profile": facts.profile if profile == "None" or profile.isdigit() else profile,
        "aspect": Fraction(video.get("sample_aspect_ratio", "1:1").replace(":", "/")),
        "transfer": video.get("color_transfer"),
        "primaries": video.get("color_primaries"),
        "matrix": matrix,
        "range": video.get("color_range"),
        "interlaced": facts.interlaced if order == "unknown" else order != "progressive",
        "rotation": -against % 360,
    }


def said_by_us(facts: VideoFacts) -> dict[str, Any]:
    return {
        "codec": facts.codec,
        "pixel format": facts.pixel_format,
        "size": (facts.stored_width, facts.stored_height),
        "profile": facts.profile,
        "aspect": facts.sample_aspect_ratio,
        "transfer": facts.color_transfer,
        "primaries": facts.color_primaries,
        "matrix": facts.color_matrix,
        "range": facts.color_range,
        "interlaced": facts.interlaced,
        "rotation": facts.rotation,
    }


def displayed(facts: VideoFacts) -> tuple[int, int]:
    wide = round(facts.stored_width * facts.sample_aspect_ratio)
    turned = facts.rotation in (90, 270)
    return (facts.stored_height, wide) if turned else (wide, facts.stored_height)


def check_length(variant: Variant, facts: VideoFacts, answer: dict[str, Any]) -> None:
    """Frames and seconds, against ffprobe's packets or what went in."""
    video = next(s for s in answer["streams"] if s["codec_type"] == "video")
    base = Fraction(video["time_base"])
    # In milliseconds, rewrapped ones too, every time and length is rounded or cut off.
    rounds = base == MILLISECOND or bool(variant.first and variant.first[0].endswith(".mkv"))
    slack = MILLISECOND if rounds else Fraction(0)
    shown = sorted(
        (int(p.get("pts", p.get("dts"))), int(p.get("duration", 0)))
        for p in answer["packets"]
        if p["stream_index"] == video["index"] and "D" not in p["flags"]
    )
    assert facts.frames == len(shown)
    assert facts.duration is not None
    if not variant.whole:
        span = (shown[-1][0] + shown[-1][1] - shown[0][0]) * base
        assert abs(facts.duration - span) <= slack
        assert facts.fps == facts.frames / facts.duration
        return
    assert facts.frames == variant.frames
    assert facts.constant_rate is (True if variant.frames > 1 else None)
    if facts.rounding_tick is None:
        assert (facts.duration, facts.fps) == (variant.frames / variant.rate, variant.rate)
    else:
        # Only where the interval is no whole number of ticks, and then within one.
        assert (1 / variant.rate / base).denominator > 1
        assert abs(facts.duration - variant.frames / variant.rate) <= base


@needs_ffmpeg
@needs_ffprobe
@pytest.mark.parametrize(
    "name",
    [pytest.param(n, marks=pytest.mark.long if n in TWINS else ()) for n in VARIANTS],
)
def test_facts_and_findings(name: str, tmp_path: Path) -> None:
    variant = VARIANTS[name]
    path = variant.make(tmp_path)
    report = vaceprep.check(path, deep=True).files[0]
    facts = report.facts
    assert isinstance(facts, VideoFacts)
    answer = ffprobe(path, "-show_packets")
    video = next(s for s in answer["streams"] if s["codec_type"] == "video")
    assert said_by_us(facts) == said_by_ffprobe(video, facts)
    assert (facts.width, facts.height) == displayed(facts)
    assert not facts.mirrored
    check_length(variant, facts, answer)
    kinds = sorted(s["codec_type"] for s in answer["streams"] if s is not video)
    assert sorted(s.kind for s in facts.streams) == kinds
    if "sound" in name:
        # 1.5 s beside 0.8 s of video; codecs pad by a packet or two.
        for length in (facts.streams[0].duration, facts.container_duration):
            assert length is not None
            assert Fraction("1.45") < length < Fraction("1.6")
    assert facts.decoded is not None
    assert facts.decoded.frames == facts.frames
    # Advice on what the model makes of it depends on the rate and on what is drawn.
    codes = sorted(f.code for f in report.findings if not f.code.startswith("VP6"))
    assert codes == sorted({*variant.codes.split(), "VP119"})
