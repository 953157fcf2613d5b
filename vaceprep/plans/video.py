"""Plan a video's edits with the least damage: nothing, rename, rewrap, cut, re-encode."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from typing import Final

from vaceprep.contract import Role
from vaceprep.facts import ImageFacts, SampleFacts, Unreadable, VideoFacts
from vaceprep.model_view.fit import Fitted
from vaceprep.plans.copy import copied
from vaceprep.plans.encode import encoded
from vaceprep.plans.fit_model import model_fit
from vaceprep.plans.model import (
    NOTHING_ASKED,
    Options,
    Plan,
    errors,
    impossible,
    unfixed,
    wanted,
)
from vaceprep.plans.request import VideoRequest, requested_cut, wants
from vaceprep.records import replace
from vaceprep.rules import codes
from vaceprep.rules.catalogue import Finding, Severity
from vaceprep.rules.video_picture import video_hdr
from vaceprep.wording import decimal

#: Errors that no plan fixes.
HOPELESS: Final = (codes.VIDEO_UNREADABLE, codes.MASK_EMPTY)

IMPOSSIBLE: Final = "--fit-model is impossible"


class CannotPlan(ValueError):
    """The request does not fit the video; the message is a clause for a person."""


def plan_video(
    facts: VideoFacts | ImageFacts | Unreadable,
    findings: Sequence[Finding],
    role: Role,
    options: Options = NOTHING_ASKED,
    samples: SampleFacts | None = None,
) -> Plan:
    """Return the plan that fixes a video. ``samples`` are its coded frames, if surveyed.

    Raises CannotPlan if ``--start`` lies outside the video or ``--fit-model`` is impossible.
    """
    hopeless = tuple(f for f in findings if _is_hopeless(f, options))
    if hopeless or not isinstance(facts, VideoFacts):
        return impossible(role, hopeless or tuple(findings))
    to_fix = {f.code: f for f in findings if wants(facts, f, options)}
    remaining = tuple(f for f in findings if f.code not in to_fix)
    return _plan(VideoRequest(facts, role, options, samples, to_fix, remaining))


def window_of(facts: VideoFacts, role: Role, options: Options) -> tuple[Fraction, Fraction]:
    """Return the start and maximum length of the kept part, in seconds. Raises CannotPlan."""
    room = options.limits.seconds(role)
    if options.duration is not None:
        if options.duration <= 0:
            raise CannotPlan("the length asked for must be above zero")
        room = min(room, options.duration)
    length = facts.duration
    start = options.start
    if start is None:
        late = role == "first_clip_url" and length is not None and length > room
        # A clip to extend continues from its end.
        start = length - room if late and length is not None else Fraction(0)
    elif start < 0 or (length is not None and start >= length):
        known = "" if length is None else f"; the video lasts {decimal(length)} s"
        raise CannotPlan(f"there is no frame at {decimal(start)} s{known}")
    return start, room


def needs_survey(facts: VideoFacts, findings: Sequence[Finding], options: Options) -> bool:
    """Return whether the plan may copy packets, and so needs the coded frames."""
    found = {f.code for f in findings if wanted(f, options)}
    return bool(
        found - {codes.VIDEO_NAME}
        or requested_cut(facts, options)
        or options.size
        or options.rate
        or options.frames
        or options.fit_model
        or options.bars
    )


def _is_hopeless(finding: Finding, options: Options) -> bool:
    if finding.severity is not Severity.ERROR:
        return False
    if finding.code == codes.VIDEO_TRUNCATED:
        return not options.salvage
    return finding.code in HOPELESS and finding.fix is None


def _plan(request: VideoRequest) -> Plan:
    """Return the plan with the least damage."""
    facts = request.facts
    cut = codes.VIDEO_DURATION in request.wanted or bool(request.cuts)
    timed = facts.duration is not None and facts.fps is not None and bool(facts.frames)
    if request.options.fit_model and timed:
        request = replace(request, model=_model_of(request))
    if request.wanted.keys() <= {codes.VIDEO_NAME} and not cut and request.conforms():
        edits = (request.rename(),) if request.wanted else ()
        return Plan(request.role, edits, True, None, request.remaining)
    if not timed:
        # Without times the duration of a frame is unknown: any rate would be made up.
        message = "its frames carry no times, so no rate can be kept"
        if request.options.fit_model and not errors(request.wanted.values()):
            raise CannotPlan(f"{IMPOSSIBLE}: {message}")
        blind = [f for f in request.wanted.values() if f.severity is Severity.ERROR]
        rest = blind or list(request.wanted.values())
        return impossible(request.role, (*(unfixed(f, message) for f in rest), *request.remaining))
    start, room = window_of(facts, request.role, request.options)
    copy = copied(request, start, room, cut)
    if copy is None and facts.dolby_vision is not None:
        others = [f for f in request.remaining if f.code != codes.VIDEO_HDR]
        return impossible(request.role, (_undecodable(facts), *others))
    return copy or encoded(request, start, room, cut)


def _model_of(request: VideoRequest) -> Fitted:
    """Return what ``--fit-model`` makes of the kept part. Raises CannotPlan."""
    facts, options = request.facts, request.options
    start, room = window_of(facts, request.role, options)
    found = request.first(start)
    left = (facts.duration or room) - (start if found is None else found)
    model = model_fit(facts, min(left, room), options.limits)
    if isinstance(model, str):
        raise CannotPlan(f"{IMPOSSIBLE}: {model}")
    return model


def _undecodable(facts: VideoFacts) -> Finding:
    """Return why frames whose colours no decoder here supports are not encoded."""
    return video_hdr.found(
        f"its colours are Dolby Vision profile {facts.dolby_vision}, which cannot be converted "
        "here: export it as SDR or HDR10 with the camera or program that made it",
        measured=f"dolby vision profile {facts.dolby_vision}",
        allowed="bt709",
        severity=Severity.ERROR,
        fix="",
    )
