"""VP101 to VP107: the service's requirements for a video.

Each function checks the facts of one file under one role; a fact that is None could not be
measured, and the rule reports that instead of passing.
"""

from __future__ import annotations

from fractions import Fraction
from math import ceil
from typing import Final

from vaceprep.contract import MP4_BRANDS
from vaceprep.facts import NO_STRETCH, Unreadable, VideoFacts, shown
from vaceprep.formats import CONTAINER_NAMES
from vaceprep.limits import CONTRACT, Limits
from vaceprep.probes.measure import ending
from vaceprep.rules import codes
from vaceprep.rules.catalogue import Asset, Finding, Rule, Severity, rule, rules_of
from vaceprep.wording import NOT_MEASURED, decimal, megabytes

ERROR, WARNING = Severity.ERROR, Severity.WARNING

#: Codecs whose packets MP4 can hold unchanged.
CARRIED: Final = frozenset(
    ["h264", "hevc", "av1", "vp9", "mpeg4", "mpeg2video", "mpeg1video", "mjpeg", "vvc"]
)


@rule(
    codes.VIDEO_CONTAINER,
    (ERROR, WARNING),
    "M",
    fires="the container is not MP4 by its first bytes (an unknown major brand: warning)",
    fix="rewrap, or re-encode where MP4 cannot carry the codec",
    why="The service takes MP4 alone. QuickTime and 3GPP look alike but carry another brand.",
)
def video_container(rule: Rule, facts: VideoFacts, _: Asset) -> Finding | None:
    fix = "rewrap into MP4 without re-encoding"
    if facts.container == "mp4":
        if facts.major_brand in MP4_BRANDS:
            return None
        return rule.found(
            f"its major brand is '{facts.major_brand}', which is none of MP4's usual ones",
            measured=facts.major_brand,
            allowed="mp4",
            severity=WARNING,
            fix=fix,
        )
    if facts.codec not in CARRIED:
        fix = f"re-encode into MP4, which cannot carry {facts.codec or 'this codec'}"
    name = CONTAINER_NAMES.get(facts.container, facts.container)
    message = f"the container is {name}, not MP4"
    if facts.container == "mov" and facts.major_brand is None:
        message = f"the container has no ftyp box, which makes it {name}, not MP4"
    return rule.found(message, measured=facts.container, allowed="mp4", fix=fix)


@rule(
    codes.VIDEO_SIZE,
    (ERROR, WARNING),
    "M",
    fires="the file is over 50 MB (over 50·10^6 bytes: warning; over 50·2^20: error)",
    fix="re-encode so that it stays below 50 MB",
    why="The service takes 50 MB and does not say which MB; over the larger reading is refused.",
)
def video_size(rule: Rule, facts: VideoFacts, asset: Asset) -> Finding | None:
    limits = asset.limits
    least, most = limits.video_bytes
    if facts.bytes is None:
        return rule.found(f"its size {NOT_MEASURED}", allowed=most, unit="bytes")
    if facts.bytes <= least:
        return None
    over = facts.bytes > most
    reading = "" if over else " where MB means 10^6 bytes"
    # Cutting also removes bytes, so an encoding may be unnecessary.
    length, longest = facts.duration, limits.seconds(asset.role)
    fits = length is not None and length > longest and facts.bytes * longest / length <= least
    return rule.found(
        f"it has {megabytes(facts.bytes)} ({facts.bytes:,} bytes), over "
        f"{decimal(limits.video_megabytes)} MB{reading}{limits.note('video_megabytes')}",
        measured=facts.bytes,
        allowed=most if over else least,
        unit="bytes",
        severity=ERROR if over else WARNING,
        fix="cut to the allowed length; re-encode only where that is not enough" if fits else None,
    )


def too_slow(facts: VideoFacts, limits: Limits = CONTRACT) -> bool:
    """Whether the frame rate is below the minimum, allowing for a time base that rounds."""
    least = limits.video_fps
    if facts.fps is None or facts.fps >= least:
        return False
    if facts.rounding_tick and facts.duration and facts.frames:
        length = facts.duration - facts.rounding_tick
        return not (length > 0 and facts.frames / length >= least)
    return True


@rule(
    codes.VIDEO_FPS,
    ERROR,
    "M",
    fires="it plays at fewer than 16 frames a second",
    fix="repeat frames to the smallest whole multiple at or above 16",
    why="The service refuses fewer than 16 FPS. Whole multiples keep motion even.",
)
def video_fps(rule: Rule, facts: VideoFacts, asset: Asset) -> Finding | None:
    limits = asset.limits
    least = limits.video_fps
    if facts.fps is None or facts.fps <= 0:
        return rule.found(f"its frame rate {NOT_MEASURED}", allowed=float(least), unit="fps")
    if not too_slow(facts, limits):
        return None
    times = ceil(least / facts.fps)
    return rule.found(
        f"it plays at {decimal(facts.fps, least)} FPS; at least {decimal(least)} are needed"
        f"{limits.note('video_fps')}",
        measured=shown(facts.fps),
        allowed=float(least),
        unit="fps",
        fix=f"show each frame {times} times, which gives {decimal(facts.fps * times)} FPS",
    )


def too_long(length: Fraction, facts: VideoFacts, limit: Fraction) -> bool:
    """Whether ``length`` exceeds ``limit``, allowing for a time base that rounds."""
    if length <= limit or not facts.rounding_tick:
        return length > limit
    return length - facts.rounding_tick > limit


@rule(
    codes.VIDEO_DURATION,
    ERROR,
    "M U",
    fires="it lasts longer than 5 s (first and last clip: 3 s)",
    fix="cut to the limit: the first clip keeps its end, all others their beginning",
    why="The service silently uses only the first 5 s of a longer video, or refuses it.",
)
def video_duration(rule: Rule, facts: VideoFacts, asset: Asset) -> Finding | None:
    limit = asset.limits.seconds(asset.role)
    if facts.duration is None:
        return rule.found(f"its duration {NOT_MEASURED}", allowed=float(limit), unit="s")
    if not too_long(facts.duration, facts, limit):
        return None
    clip = asset.role in ("first_clip_url", "last_clip_url")
    end = "last" if asset.role == "first_clip_url" else "first"
    kept = limit
    frames = ""
    if facts.fps and facts.constant_rate:
        count = limit * facts.fps // 1
        kept, frames = count / facts.fps, f" ({count} frames)"
    most = decimal(limit)
    source = asset.limits.note("clip_seconds" if clip else "video_seconds")
    note = "" if clip else f": the service silently uses only the first {most} s"
    return rule.found(
        f"it lasts {decimal(facts.duration, limit)} s; at most {most} s are allowed{source}{note}",
        measured=shown(facts.duration),
        allowed=float(limit),
        unit="s",
        fix=f"keep the {end} {decimal(kept)} s{frames}",
    )


@rule(
    codes.VIDEO_UNREADABLE,
    ERROR,
    "M",
    fires="it cannot be opened, is no video, is encrypted, its index contradicts itself, or "
    "(--deep) none of its frames decodes",
    why="What cannot be measured must not pass. No other video rule fires beside it, except where "
    "it has a fix.",
)
def video_unreadable(rule: Rule, facts: VideoFacts | Unreadable, _: Asset) -> Finding | None:
    if isinstance(facts, Unreadable):
        return rule.found(f"cannot be read: {facts.message}", measured=facts.reason)
    if NO_STRETCH in (facts.edit_effect or ""):
        return rule.found(
            "cannot be read: its edit list shows none of its frames",
            measured="undecodable",
            fix="leave out the edit list",
        )
    if facts.decoded is not None and facts.decoded.frames == 0:
        reason = f" ({facts.decoded.error})" if facts.decoded.error else ""
        return rule.found(
            f"cannot be read: none of its frames decodes{reason}", measured="undecodable"
        )
    return None


@rule(
    codes.VIDEO_TRUNCATED,
    ERROR,
    "J",
    fires="the index points past the end of the file, or frames fail to decode (--deep)",
    fix="with prepare --salvage: re-encode what still decodes",
    why="Part of the video is missing and cannot be restored.",
)
def video_truncated(rule: Rule, facts: VideoFacts, _: Asset) -> Finding | None:
    if facts.truncation is not None:
        return rule.found(f"it is cut off: {facts.truncation}", measured="truncated")
    decoded = facts.decoded
    if decoded is not None and decoded.failed_frame is not None:
        return rule.found(
            f"its frame {decoded.failed_frame} (in decoding order) does not decode: "
            f"{decoded.error or 'no reason given'}",
            measured=decoded.failed_frame,
            unit="frame",
        )
    if decoded is not None and decoded.missing:
        return rule.found(
            f"{decoded.missing} of the {facts.frames} frames that its index names never come out "
            "of the decoder",
            measured=decoded.frames,
            allowed=facts.frames,
            unit="frames",
        )
    return None


@rule(
    codes.VIDEO_NAME,
    WARNING,
    "J",
    fires="the name's ending and the bytes disagree about MP4",
    fix="rename on output",
    why="The bytes decide, but servers derive the content type from the name.",
)
def video_name(rule: Rule, facts: VideoFacts, asset: Asset) -> Finding | None:
    if asset.name is None:
        return None
    suffix, is_mp4 = ending(asset.name), facts.container == "mp4"
    if is_mp4 == (suffix == ".mp4"):
        return None
    if is_mp4:
        ends = f"ends in '{suffix}'" if suffix else "has no ending"
        message = f"the bytes are MP4 but the name {ends}"
        return rule.found(message, measured=suffix or None, allowed=".mp4")
    kind = CONTAINER_NAMES.get(facts.container, facts.container)
    return rule.found(f"the name ends in '.mp4' but the bytes are {kind}", measured=suffix)


RULES: Final = rules_of(globals())
