"""Facts as table rows, and time as bars. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from typing import Final

from vaceprep.contract import MAX_SECONDS_BY_ROLE, Role
from vaceprep.facts import Facts, VideoFacts
from vaceprep.report.html.view import Bar, Row, Span, Window
from vaceprep.report.text import value_text
from vaceprep.wording import decimal, size

WHOLE: Final = 1000.0
#: The narrowest span that is visible, in thousandths.
SEEN: Final = 6.0
#: The most important facts, shown first; ``size`` is width and height.
FIRST: Final = (
    "container",
    "format",
    "codec",
    "duration",
    "fps",
    "frames",
    "size",
    "pixel_format",
    "mode",
    "rotation",
    "orientation",
    "has_audio",
    "bytes",
)
#: Usual values, which are not shown.
QUIET: Final = {
    ("image", "frames"): "1",
    ("image", "orientation"): "1",
    ("video", "rotation"): "0°",
}
WORDS: Final = {
    "fps": "frames a second",
    "size": "width x height",
    "rotation": "turned",
    "orientation": "EXIF orientation",
    "has_audio": "sound",
    "bytes": "size",
    "pixel_format": "pixel format",
}


def _value(facts: Facts, key: str) -> str | None:
    """A fact as displayed; None if there is no such fact, or it is unknown."""
    if key == "size":
        return f"{facts.width}x{facts.height}"
    value = facts.to_dict().get(key)
    if key == "bytes" and facts.bytes is not None:
        return size(facts.bytes)
    if isinstance(facts, VideoFacts):
        if key == "duration" and facts.duration is not None:
            return f"{decimal(facts.duration)} s"
        if key == "fps" and facts.fps is not None:
            return decimal(facts.fps)
        if key == "rotation":
            return "by no right angle" if value is None else f"{value}°"
    return None if value is None or value == [] else value_text(value)


def rows(facts: Facts | None, after: Facts | None = None) -> tuple[Row, ...]:
    """The important facts, each with its new value if ``after`` is given."""
    if facts is None:
        return ()
    found = []
    for key in FIRST:
        one = _value(facts, key)
        other = None if after is None else _value(after, key)
        if {one, other} <= {None, QUIET.get((facts.kind, key))}:
            continue
        word = WORDS.get(key, key.replace("_", " "))
        found.append(Row(word, one or "-", None if after is None else other or "-"))
    return tuple(found)


def more(facts: Facts | None) -> tuple[Row, ...]:
    """Every other known fact."""
    return () if facts is None else tuple(_more(facts))


def _more(facts: Facts) -> Iterator[Row]:
    shown = {*FIRST, "kind", "width", "height"}
    for key, value in facts.to_dict().items():
        if key not in shown and value is not None and value != []:
            yield Row(key.replace("_", " "), value_text(value))


def seconds(value: Fraction) -> str:
    """Seconds with one or two decimals: for captions."""
    return f"{float(value):.2f}".rstrip("0").rstrip(".")


def window_bar(facts: VideoFacts, role: Role | None, window: Window | None) -> Bar | None:
    """The clip, the section of it that is used, and the limit of its role.

    None if its duration is unknown. ``window`` is the start and length of the section.
    """
    duration = facts.duration
    if duration is None or duration <= 0 or role is None:
        return None
    limit = MAX_SECONDS_BY_ROLE.get(role)
    if limit is None:
        return None
    start, length = window or (Fraction(0), duration)
    length = min(length, duration - start)
    span = max(duration, start + limit)

    def place(at: Fraction) -> float:
        return round(float(at / span) * WHOLE, 2)

    wide = max(place(length), SEEN)
    used = Span(min(place(start), WHOLE - wide), wide, "used")
    whole = Span(0, place(duration), "clip")
    mark = Span(min(place(start + limit), WHOLE - 2), 0, "limit", f"{decimal(limit)} s")
    if length >= duration:
        caption = f"all {seconds(duration)} s used"
    elif start == 0:
        caption = f"the first {seconds(length)} of {seconds(duration)} s used"
    else:
        end = seconds(start + length)
        caption = f"{seconds(start)} s to {end} s of {seconds(duration)} s used"
    return Bar((whole, used), (mark,), f"{caption}; the limit is {decimal(limit)} s")


def extension_bars(
    first: Fraction | None,
    last: Fraction | None,
    frames: tuple[bool, bool],
    guide: Fraction | None,
    whole: Fraction,
) -> tuple[Bar, ...]:
    """The position of given clips and frames within the result.

    ``first`` and ``last`` are the clips' lengths, ``frames`` whether a first and a last frame are
    given, ``guide`` the length of the motion guide; in seconds, as is ``whole``.
    """
    one, other = first or Fraction(0), last or Fraction(0)
    total = max(whole, one + other, guide or Fraction(0))

    def wide(length: Fraction) -> float:
        return round(float(length / total) * WHOLE, 2)

    spans = [Span(0, wide(one), "clip-first", "first clip")] if one else []
    free = max(whole - one - other, Fraction(0))
    if free:
        spans.append(Span(wide(one), wide(free), "new", "made by the service"))
    if other:
        at = wide(max(whole - other, one))
        spans.append(Span(at, min(wide(other), WHOLE - at), "clip-last", "last clip"))
    ends = {0: Span(0, 8, "frame", "first frame"), 1: Span(WHOLE - 8, 8, "frame", "last frame")}
    marks = [ends[number] for number, given in enumerate(frames) if given]
    parts = [
        *([f"first clip {seconds(one)} s"] if one else []),
        *(["first frame"] if frames[0] else []),
        f"{seconds(free)} s made by the service",
        *([f"last clip {seconds(other)} s"] if other else []),
        *(["last frame"] if frames[1] else []),
    ]
    bars = [Bar(tuple(spans), tuple(marks), f"{', '.join(parts)}; {seconds(whole)} s in all")]
    if guide:
        row = (Span(0, wide(guide), "guide", "motion guide"),)
        bars.append(Bar(row, (), f"motion guide, {seconds(guide)} s"))
    return tuple(bars)
