"""Plans that copy packets."""

from __future__ import annotations

from fractions import Fraction
from math import floor
from typing import Final

from vaceprep.plans import wording
from vaceprep.plans.frames import (
    Run,
    base_rate,
    copyable,
    on_grid,
    packed_length,
    shortened,
    step_rate,
)
from vaceprep.plans.model import CopyRecipe, Edit, Plan
from vaceprep.plans.request import REWRAPPED, VideoRequest
from vaceprep.rules import codes
from vaceprep.wording import decimal

#: Bytes that the container adds: per frame, and once.
FRAME_OVERHEAD: Final = 32
FILE_OVERHEAD: Final = 4096


def copied(request: VideoRequest, start: Fraction, room: Fraction, cut: bool) -> Plan | None:
    """Return the plan that copies packets; None if they cannot be copied."""
    samples = request.samples
    if request.must_encode() or samples is None or request.options.frames is not None:
        return None
    first = request.first(start)
    if first is None:
        return None
    run = copyable(samples, first, room if cut else None)
    whole = request.options.window_frames
    if run is not None and whole is not None and run.frames > whole:
        run = shortened(run, samples, whole)
    if run is None:
        return None
    rate = _grid(request, run)
    if rate is not None and cut and run.frames > room * rate:
        run = shortened(run, samples, max(floor(room * rate), 1))
    if whole not in (None, run.frames):
        # Frames of a part of a longer video would be in no part.
        return None
    length = run.frames / rate if rate is not None else packed_length(run, samples)
    if (cut and length > room) or run.frames / length < request.options.limits.video_fps:
        return None
    if rate is None and (
        request.reasons([codes.VIDEO_VARIABLE_RATE, codes.VIDEO_FPS])
        or request.options.rate is not None
    ):
        return None
    if not cut and run.frames != request.facts.frames:
        # An edit list shows frames that cannot be copied without what it hides.
        return None
    size = run.bytes + FILE_OVERHEAD + FRAME_OVERHEAD * run.frames
    if request.options.keep_audio:
        size = max(size, request.facts.bytes or 0)
    least, most = request.options.limits.video_bytes
    if size > (most if request.options.only_errors else least):
        return None
    recipe = CopyRecipe(
        start=first,
        frames=run.frames,
        length=length,
        rate=rate,
        limit=size,
        keep_audio=request.options.keep_audio and request.facts.has_audio,
    )
    edits = _copy_edits(request, run, first, room, rate)
    return Plan(request.role, edits, True, recipe, request.remaining)


def _grid(request: VideoRequest, run: Run) -> Fraction | None:
    """Return the constant rate at which each copied frame has its own slot; None if none fits."""
    if request.options.rate is not None:
        rates = [request.options.rate]
    else:
        found = (base_rate(request.facts, run.times, run.end), step_rate(run.times))
        rates = [rate for rate in found if rate is not None]
    return next((rate for rate in rates if on_grid(run, rate)), None)


def _copy_edits(
    request: VideoRequest, run: Run, first: Fraction, room: Fraction, rate: Fraction | None
) -> tuple[Edit, ...]:
    facts, edits = request.facts, []
    if codes.VIDEO_NAME in request.wanted:
        edits.append(request.rename())
    if run.frames != facts.frames:
        reason = request.reasons([codes.VIDEO_DURATION]) + request.cuts
        which = wording.kept(run.frames, facts.frames, first, facts.duration, run.end)
        text = f"{which}, packets copied{_fewer(request, run, room, rate)}"
        edits.append(Edit("cut", reason, text))
    if codes.VIDEO_VARIABLE_RATE in request.wanted and rate is not None:
        text = f"each frame put on its place at {decimal(rate)} FPS, packets copied"
        edits.append(Edit("retime", request.reasons([codes.VIDEO_VARIABLE_RATE]), text))
    reasons = request.reasons((*REWRAPPED, codes.VIDEO_SIZE))
    if reasons or not edits:
        text = wording.rewrapped(facts, set(request.wanted), request.options.keep_audio)
        edits.append(Edit("rewrap", reasons or request.cuts, text))
    return tuple(edits)


def _fewer(request: VideoRequest, run: Run, room: Fraction, rate: Fraction | None) -> str:
    """Return why there are fewer frames than ``--duration`` asks for; empty if there are not.

    ``room`` is the requested length in seconds, limited to what the role allows.
    """
    rate = rate or request.facts.fps
    if "--duration" not in request.cuts or request.samples is None or rate is None:
        return ""
    first = run.times[0]
    begin = sum(1 for time in request.samples.times if first <= time < first + room)
    requested = min(begin, floor(room * rate))
    if run.frames >= requested:
        return ""
    return wording.fewer(
        run.frames, requested, longer=room < request.options.limits.seconds(request.role)
    )
