"""VP120 to VP127: the container of a video: index, edit list, other streams and metadata."""

from __future__ import annotations

from fractions import Fraction
from typing import Final

from vaceprep.contract import HEADER_TOLERANCE, KEPT_PIXELS
from vaceprep.facts import VideoFacts, shown
from vaceprep.rules import codes
from vaceprep.rules.catalogue import Asset, Finding, Rule, Severity, rule, rules_of
from vaceprep.rules.video import too_long
from vaceprep.wording import decimal, listed

WARNING, ADVICE = Severity.WARNING, Severity.ADVICE


@rule(
    codes.VIDEO_NOT_FASTSTART,
    ADVICE,
    "J",
    fires="the index stands after the media data",
    fix="rewrap",
    why="A service that reads by ranges has to fetch the end of the file first.",
)
def video_not_faststart(rule: Rule, facts: VideoFacts, _: Asset) -> Finding | None:
    if facts.index_first is not False or facts.fragmented:
        return None
    return rule.found("its index stands after the media data")


@rule(
    codes.VIDEO_FRAGMENTED,
    WARNING,
    "J",
    fires="the MP4 is fragmented",
    fix="rewrap",
    why="Many readers see no duration, or only the first fragment.",
)
def video_fragmented(rule: Rule, facts: VideoFacts, _: Asset) -> Finding | None:
    return rule.found("it is a fragmented MP4") if facts.fragmented else None


@rule(
    codes.VIDEO_EDIT_LIST,
    WARNING,
    "J",
    fires="an edit list changes what is shown, or frames before the first keyframe are not shown",
    fix="apply it",
    why="Readers that ignore edit lists show other frames than a player does.",
)
def video_edit_list(rule: Rule, facts: VideoFacts, _: Asset) -> Finding | None:
    effects = [] if facts.unshown is None else [facts.unshown]
    if facts.edit_effect is not None:
        effects.append(f"its edit list changes what is shown: {facts.edit_effect}")
    return rule.found("; ".join(effects)) if effects else None


@rule(
    codes.VIDEO_EXTRA_STREAMS,
    ADVICE,
    "U",
    fires="there are sound, data or further video tracks",
    fix="leave them out",
    why="The service's output is silent: other tracks only cost bytes.",
)
def video_extra_streams(rule: Rule, facts: VideoFacts, _: Asset) -> Finding | None:
    if not facts.streams:
        return None
    names = [f"{s.kind} ({s.codec})" if s.codec else s.kind for s in facts.streams]
    many = "" if len(names) == 1 else "s"
    return rule.found(
        f"it has {len(names)} more stream{many}: {listed(names[:6])}",
        measured=len(names),
        allowed=0,
        unit="streams",
    )


@rule(
    codes.VIDEO_CONTAINER_DURATION,
    WARNING,
    "J",
    fires="the container lasts longer than the limit though the video track does not",
    fix="rewrap without the longer track",
    why="A reader may take either length.",
)
def video_container_duration(rule: Rule, facts: VideoFacts, asset: Asset) -> Finding | None:
    limit = asset.limits.seconds(asset.role)
    if facts.duration is None or facts.container_duration is None:
        return None
    if too_long(facts.duration, facts, limit):
        return None
    others = [s.duration for s in facts.streams if s.duration is not None]
    if all(not too_long(d, facts, limit) for d in others):
        # Only the header is that long, by rounding or, if it is further off, a case for VP127.
        rounded = facts.container_duration
        if rounded > limit and facts.header_tick:
            rounded -= facts.header_tick
        if not too_long(rounded, facts, limit) or header_lies(facts):
            return None
    clip = asset.role in ("first_clip_url", "last_clip_url")
    note = asset.limits.note("clip_seconds" if clip else "video_seconds")
    return rule.found(
        f"the container lasts {decimal(facts.container_duration, limit)} s, over "
        f"{decimal(limit)} s{note}, though its video ends after {decimal(facts.duration)} s",
        measured=shown(facts.container_duration),
        allowed=float(limit),
        unit="s",
    )


@rule(
    codes.VIDEO_LOCATION,
    ADVICE,
    "J",
    fires="the metadata contain a place or a serial number",
    fix="strip",
    why="A public URL would reveal it to anyone.",
)
def video_location(rule: Rule, facts: VideoFacts, _: Asset) -> Finding | None:
    if not facts.location:
        return None
    return rule.found(
        f"its metadata contain a place or a serial number ({', '.join(facts.location[:4])})",
        measured=len(facts.location),
        allowed=0,
        unit="entries",
    )


@rule(
    codes.VIDEO_ABOVE_720P,
    ADVICE,
    "U",
    fires="it has more pixels than the service keeps (1280×720)",
    fix="scale down, only where asked (--fit-720p)",
    why="The service scales larger inputs down: the bytes are uploaded for nothing.",
)
def video_above_720p(rule: Rule, facts: VideoFacts, _: Asset) -> Finding | None:
    pixels = facts.width * facts.height
    if pixels <= KEPT_PIXELS:
        return None
    return rule.found(
        f"it is shown at {facts.width}x{facts.height} px, more than the service keeps",
        measured=pixels,
        allowed=KEPT_PIXELS,
        unit="px",
    )


def _off(claimed: Fraction, measured: Fraction, tick: Fraction | None = None) -> bool:
    if claimed == measured:
        return False
    return abs(claimed - measured) > max(HEADER_TOLERANCE * measured, tick or Fraction(0))


def header_lies(facts: VideoFacts) -> bool:
    """Whether the header's duration or frame count is off by more than the tolerance."""
    claimed, length = facts.declared_duration, facts.duration
    if length and claimed is not None and _off(claimed, length, facts.header_tick):
        return True
    return bool(
        facts.frames
        and facts.declared_frames
        and facts.frames != facts.declared_frames
        and _off(Fraction(facts.declared_frames), Fraction(facts.frames))
    )


@rule(
    codes.VIDEO_HEADER_LIES,
    WARNING,
    "J",
    fires="the header's duration or frame count differs from the measured one by over 1 %, or a "
    "box claims more bytes than there are, or samples are never shown (--deep)",
    fix="rewrap",
    why="A reader that believes the header refuses, or cuts, what is fine.",
)
def video_header_lies(rule: Rule, facts: VideoFacts, _: Asset) -> Finding | None:
    if facts.decoded is not None and facts.decoded.never_shown:
        return rule.found(
            f"{facts.decoded.never_shown} of its {facts.frames} samples are never shown",
            measured=facts.frames,
            allowed=facts.decoded.frames,
            unit="frames",
        )
    if not header_lies(facts):
        return None if facts.overrun is None else rule.found(f"{facts.overrun}, with every frame")
    claimed, length = facts.declared_duration, facts.duration
    if claimed is not None and length is not None and _off(claimed, length, facts.header_tick):
        return rule.found(
            f"its header claims {decimal(claimed)} s where {decimal(length)} s are there",
            measured=shown(claimed),
            allowed=shown(length),
            unit="s",
        )
    return rule.found(
        f"its header claims {facts.declared_frames} frames where {facts.frames} are there",
        measured=facts.declared_frames,
        allowed=facts.frames,
        unit="frames",
    )


RULES: Final = rules_of(globals())
