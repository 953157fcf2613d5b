"""VP111 to VP119: properties of a video's picture that all readers must show alike."""

from __future__ import annotations

from typing import Final

from vaceprep.contract import (
    HDR_TRANSFERS,
    VIDEO_CODEC,
    VIDEO_PIXEL_FORMATS,
    VIDEO_SIDE,
    WIDE_PRIMARIES,
)
from vaceprep.facts import VideoFacts, shown
from vaceprep.rules import codes
from vaceprep.rules.catalogue import Asset, Finding, Rule, Severity, rule, rules_of
from vaceprep.wording import NOT_MEASURED, decimal

WARNING: Final = Severity.WARNING


def _unlike(what: str, value: str | None, due: str) -> str:
    return f"its {what} is {value}, not {due}" if value else f"its {what} {NOT_MEASURED}"


@rule(
    codes.VIDEO_CODEC,
    WARNING,
    "J",
    fires="the codec is not H.264",
    fix="re-encode",
    why="Nothing says which codecs the service decodes; H.264 is what every reader has.",
)
def video_codec(rule: Rule, facts: VideoFacts, _: Asset) -> Finding | None:
    if facts.codec == VIDEO_CODEC:
        return None
    message = _unlike("codec", facts.codec, "H.264")
    return rule.found(message, measured=facts.codec, allowed=VIDEO_CODEC)


@rule(
    codes.VIDEO_PIXEL_FORMAT,
    WARNING,
    "J",
    fires="the pixels are not 8-bit 4:2:0",
    fix="re-encode",
    why="Other pixel formats decode wrongly or not at all in many readers.",
)
def video_pixel_format(rule: Rule, facts: VideoFacts, _: Asset) -> Finding | None:
    if facts.pixel_format in VIDEO_PIXEL_FORMATS:
        return None
    message = _unlike("pixel format", facts.pixel_format, "8-bit 4:2:0")
    return rule.found(message, measured=facts.pixel_format, allowed="yuv420p")


@rule(
    codes.VIDEO_ROTATION,
    WARNING,
    "J",
    fires="a display matrix turns or mirrors the picture, or is none that can be shown",
    fix="bake it in",
    why="A reader may ignore the matrix and edit the picture lying on its side.",
)
def video_rotation(rule: Rule, facts: VideoFacts, _: Asset) -> Finding | None:
    if facts.rotation == 0 and not facts.mirrored:
        return None
    if facts.rotation is None:
        message = "its display matrix is none of the eight that turn and mirror by right angles"
    else:
        turned = f"turned by {facts.rotation}° clockwise" if facts.rotation else ""
        parts = [p for p in ("mirrored" if facts.mirrored else "", turned) if p]
        message = f"its picture is shown {' and '.join(parts)} by a display matrix"
    return rule.found(message, measured=facts.rotation, allowed=0, unit="degrees")


@rule(
    codes.VIDEO_PIXEL_ASPECT,
    WARNING,
    "J",
    fires="the pixels are not square",
    fix="scale to square",
    why="A reader may ignore the pixel aspect and edit a squeezed picture.",
)
def video_pixel_aspect(rule: Rule, facts: VideoFacts, _: Asset) -> Finding | None:
    aspect = facts.sample_aspect_ratio
    if aspect == 1:
        return None
    ratio = f"{aspect.numerator}:{aspect.denominator}"
    return rule.found(
        f"its pixels are {ratio}, not square: {facts.stored_width}x{facts.stored_height} px "
        f"stored, {facts.width}x{facts.height} px shown",
        measured=ratio,
        allowed="1:1",
    )


@rule(
    codes.VIDEO_INTERLACED,
    WARNING,
    "J",
    fires="it is interlaced",
    fix="deinterlace",
    why="Fields show as combs in the edited picture.",
)
def video_interlaced(rule: Rule, facts: VideoFacts, _: Asset) -> Finding | None:
    if facts.interlaced is False:
        return None
    message = "it is interlaced" if facts.interlaced else f"whether it is interlaced {NOT_MEASURED}"
    return rule.found(
        message, measured="interlaced" if facts.interlaced else None, allowed="progressive"
    )


@rule(
    codes.VIDEO_HDR,
    WARNING,
    "J",
    fires="its colours are PQ, HLG or BT.2020, or Dolby Vision profile 5",
    fix="tone-map to BT.709 (Dolby Vision profile 5: none)",
    why="Read as BT.709, such colours look grey and washed out; those of Dolby Vision profile 5 "
    "look green and purple.",
)
def video_hdr(rule: Rule, facts: VideoFacts, _: Asset) -> Finding | None:
    if facts.dolby_vision is not None:
        return rule.found(
            f"its colours are Dolby Vision profile {facts.dolby_vision}, which only a decoder of "
            "Dolby Vision knows: export it as SDR or HDR10 with the camera or program that made it",
            measured=f"dolby vision profile {facts.dolby_vision}",
            allowed="bt709",
            fix="",
        )
    curve = facts.color_transfer if facts.color_transfer in HDR_TRANSFERS else None
    wide = facts.color_primaries if facts.color_primaries in WIDE_PRIMARIES else None
    if curve is None and wide is None:
        return None
    names = {
        "smpte2084": "PQ (smpte2084)",
        "arib-std-b67": "HLG (arib-std-b67)",
        "bt2020": "BT.2020",
    }
    colours = " in ".join(names.get(part, part) for part in (curve, wide) if part)
    return rule.found(
        f"its colours are {colours}, not BT.709",
        measured=curve or wide,
        allowed="bt709",
        fix="tone-map to BT.709",
    )


@rule(
    codes.VIDEO_VARIABLE_RATE,
    WARNING,
    "J",
    fires="its frames are not evenly spaced",
    fix="resample at the average rate, at least 16",
    why="A reader that counts frames loses the beat; masks and sound drift.",
)
def video_variable_rate(rule: Rule, facts: VideoFacts, _: Asset) -> Finding | None:
    if facts.constant_rate or facts.frames == 1:
        return None
    if facts.constant_rate is None or facts.min_interval is None or facts.max_interval is None:
        return rule.found(f"the spacing of its frames {NOT_MEASURED}")
    low, high = facts.min_interval * 1000, facts.max_interval * 1000
    return rule.found(
        f"its frames are {decimal(low)} to {decimal(high, low)} ms apart"
        if low != high
        else "its frames are not evenly spaced",
        measured=shown(facts.max_interval),
        allowed=shown(facts.min_interval),
        unit="s",
    )


@rule(
    codes.VIDEO_ODD_SIZE,
    WARNING,
    "J",
    fires="width or height is odd",
    fix="crop one line",
    why="4:2:0 colour covers two lines and columns at a time.",
)
def video_odd_size(rule: Rule, facts: VideoFacts, _: Asset) -> Finding | None:
    size = f"{facts.stored_width}x{facts.stored_height}"
    if facts.stored_width % 2 == 0 and facts.stored_height % 2 == 0:
        return None
    return rule.found(
        f"it is {size} px; width and height should be even",
        measured=size,
        allowed="even",
        unit="px",
    )


@rule(
    codes.VIDEO_DIMENSIONS,
    WARNING,
    "R",
    fires="a side as displayed is outside 360 to 2000 px",
    fix="scale, as images are",
    why="The page limits images alone; people report that videos are held to the same.",
)
def video_dimensions(rule: Rule, facts: VideoFacts, _: Asset) -> Finding | None:
    low, high = VIDEO_SIDE
    if low <= facts.width <= high and low <= facts.height <= high:
        return None
    return rule.found(
        f"it is shown at {facts.width}x{facts.height} px; each side should be {low} to {high} px",
        measured=f"{facts.width}x{facts.height}",
        allowed=f"{low} to {high}",
        unit="px",
    )


RULES: Final = rules_of(globals())
