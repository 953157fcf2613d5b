"""Strategies for facts of any video, and for its coded frames."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

from hypothesis import strategies as st

from tests.media import video_facts
from vaceprep.facts import SampleFacts, StreamFacts, VideoFacts
from vaceprep.limits import CONTRACT, Limits
from vaceprep.plans.model import Options

ROLES = ["video_url", "first_clip_url", "last_clip_url"]
rates = st.sampled_from(
    [Fraction(n) for n in (1, 8, 10, 12, 15, 16, 20, 24, 25, 30, 50, 60, 120, 240)]
    + [Fraction(n * 1000, 1001) for n in (16, 24, 30, 60)]
    + [Fraction(2775, 188), Fraction(1, 7), Fraction(8750, 873), Fraction(31, 2)]
)
sides = st.one_of(st.integers(1, 5000), st.sampled_from([359, 360, 361, 1080, 1920, 2000, 2001]))
streams = st.lists(
    st.builds(
        StreamFacts,
        st.sampled_from(["audio", "data", "video", "subtitle"]),
        st.sampled_from([None, "aac", "pcm_s16le", "tmcd"]),
        st.one_of(st.none(), st.fractions(0, 40, max_denominator=1000)),
    ),
    max_size=3,
).map(tuple)
#: The contract's limits as often as any others.
limits = st.one_of(
    st.just(CONTRACT),
    st.builds(
        Limits,
        video_seconds=st.fractions(1, 12, max_denominator=8),
        clip_seconds=st.fractions(1, 8, max_denominator=8),
        clips_seconds=st.fractions(1, 8, max_denominator=8),
        video_fps=st.one_of(st.fractions(1, 60, max_denominator=1001), st.just(Fraction(240))),
        video_megabytes=st.fractions(1, 200, max_denominator=10),
        image_megabytes=st.fractions(1, 50, max_denominator=10),
        image_side_min=st.integers(1, 600),
        image_side_max=st.integers(600, 6000),
        origin=st.just("vaceprep.toml"),
    ),
)
options = st.builds(
    Options,
    limits=limits,
    duration=st.one_of(st.none(), st.fractions(Fraction(1, 2), 6, max_denominator=100)),
    only_errors=st.booleans(),
    fit_720p=st.booleans(),
    fps_mode=st.sampled_from(["repeat", "blend"]),
    shape=st.sampled_from(["pad", "crop"]),
    keep_audio=st.booleans(),
    salvage=st.booleans(),
)


@st.composite
def timing(draw: st.DrawFn) -> dict[str, Any]:
    """Even, uneven or unknown timing, as a probe tells it."""
    kind = draw(st.sampled_from(["even", "even", "uneven", "held", "rounded", "one", "unknown"]))
    rate = draw(rates)
    frames = draw(st.integers(2, 700))
    step = 1 / rate
    even = {
        "frames": frames,
        "duration": frames * step,
        "fps": rate,
        "constant_rate": True,
        "min_interval": step,
        "max_interval": step,
        "rounding_tick": None,
    }
    if kind == "uneven":
        length = frames * step
        low = step * draw(st.fractions(Fraction(1, 10), Fraction(9, 10), max_denominator=20))
        return even | {
            "constant_rate": False,
            "min_interval": low,
            "max_interval": step * 2,
            "duration": length,
        }
    if kind == "held":
        length = frames * step + draw(st.fractions(0, 8, max_denominator=50))
        return even | {"duration": length, "fps": frames / length}
    if kind == "rounded":
        tick = Fraction(1, 1000)
        length = Fraction(int(frames * step * 1000), 1000) or tick
        low = Fraction(int(step * 1000), 1000)
        return even | {
            "duration": length,
            "fps": frames / length,
            "min_interval": low or tick,
            "max_interval": (low or tick) + tick,
            "rounding_tick": tick,
        }
    if kind == "one":
        return even | {
            "frames": 1,
            "duration": step,
            "constant_rate": None,
            "min_interval": None,
            "max_interval": None,
        }
    if kind == "unknown":
        known = draw(st.booleans())
        return dict.fromkeys(even) | {"frames": frames if known else None}
    return even


@st.composite
def videos(draw: st.DrawFn) -> VideoFacts:
    """Facts of any readable video."""
    known = draw(timing())
    width, height = draw(sides), draw(sides)
    aspect = draw(st.sampled_from([Fraction(1), Fraction(1), Fraction(4, 3), Fraction(12, 11)]))
    rotation = draw(st.sampled_from([0, 0, 90, 180, 270, None]))
    shown = (max(1, round(width * aspect)), height)
    if rotation in (90, 270):
        shown = shown[1], shown[0]
    length = known["duration"]
    declared = draw(st.sampled_from([length, length, None if length is None else length * 2]))
    others = draw(streams)
    ends = [s.duration for s in others if s.duration is not None]
    container = draw(st.sampled_from(["mp4", "mp4", "mov", "matroska", "avi", "webm", "3gp"]))
    brands: dict[str, list[str | None]] = {
        "mp4": ["isom", "odd "],
        "mov": ["qt", None],
        "3gp": ["3gp4"],
    }
    codec = draw(st.sampled_from(["h264", "h264", "hevc", "av1", "prores", "theora", None]))
    return video_facts(
        **known,
        container=container,
        major_brand=draw(st.sampled_from(brands.get(container, [None]))),
        bytes=draw(st.one_of(st.none(), st.integers(1, 10**8))),
        fragmented=draw(st.sampled_from([False, False, True, None])),
        index_first=draw(st.sampled_from([True, False, None])),
        truncation=draw(st.sampled_from([None, None, None, "it ends too early"])),
        stored_width=width,
        stored_height=height,
        width=shown[0],
        height=shown[1],
        rotation=rotation,
        mirrored=draw(st.booleans()),
        sample_aspect_ratio=aspect,
        codec=codec,
        pixel_format=draw(st.sampled_from(["yuv420p", "yuv420p", "yuvj420p", "yuv444p10le", None])),
        color_transfer=draw(st.sampled_from([None, "bt709", "smpte2084", "arib-std-b67"])),
        color_primaries=draw(st.sampled_from([None, "bt709", "bt2020"])),
        color_range=draw(st.sampled_from([None, "tv", "pc"])),
        interlaced=draw(st.sampled_from([False, False, True, None])),
        edit_effect=draw(st.sampled_from([None, None, "it hides 3 of 80 frames"])),
        streams=others,
        container_duration=max([*ends, *([length] if length else [])], default=None),
        location=draw(st.sampled_from([(), ("location",)])),
        declared_duration=declared,
        header_tick=draw(st.sampled_from([None, Fraction(1, 1000)])),
        declared_frames=draw(st.sampled_from([None, known["frames"]])),
    )


@st.composite
def samples(draw: st.DrawFn, facts: VideoFacts) -> SampleFacts | None:
    """Coded frames that fit the facts: an order with or without B-frames, keyframes, breaks."""
    count, length = facts.frames, facts.duration
    if count is None or length is None or facts.fps is None or draw(st.booleans()):
        return None
    if draw(st.integers(0, 9)) == 0:
        return SampleFacts((), (), (), (), Fraction(0), None, "its frames carry no times")
    step = facts.min_interval or length
    if facts.constant_rate is False:
        # Uneven: short and long by turns, as long as the whole on average.
        average = length / count
        shown = [i * average + (average / 3 if i % 2 else 0) for i in range(count)]
    elif facts.rounding_tick:
        average = length / count
        shown = [Fraction(int(i * average * 1000), 1000) for i in range(count)]
    else:
        shown = [i * step for i in range(count)]
    group = draw(st.sampled_from([1, 2, 4]))
    order: list[int] = [0]
    for start in range(1, count, group):
        block = list(range(start, min(start + group, count)))
        order += [block[-1], *block[:-1]]
    keys = draw(st.integers(1, 60))
    upto = draw(st.sampled_from([count, count, min(count, 400)]))
    times = tuple(shown[i] for i in order[:upto])
    size = draw(st.sampled_from([100, 20_000, 900_000]))
    return SampleFacts(
        times=times,
        sizes=(size,) * len(times),
        clean=tuple(i == 0 or (i % keys == 0 and group == 1) for i in range(len(times))),
        breaks=draw(st.sampled_from([(), (), (3,)])),
        tick=facts.rounding_tick or Fraction(0),
        end=length if upto == count else None,
        obstacle=None,
    )
