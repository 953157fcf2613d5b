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
from vaceprep.plans.request import Asked
from vaceprep.rules import codes

#: Rules that a new container around the same packets fixes.
REWRAPPED: Final = (
    codes.VIDEO_CONTAINER,
    codes.VIDEO_NOT_FASTSTART,
    codes.VIDEO_FRAGMENTED,
    codes.VIDEO_EDIT_LIST,
    codes.VIDEO_EXTRA_STREAMS,
    codes.VIDEO_CONTAINER_DURATION,
    codes.VIDEO_LOCATION,
    codes.VIDEO_HEADER_LIES,
)
#: Bytes that the container adds: for each frame, and once.
FRAME_OVERHEAD: Final = 32
FILE_OVERHEAD: Final = 4096


def copied(ask: Asked, start: Fraction, room: Fraction, cut: bool) -> Plan | None:
    """The plan that copies packets; None where none does."""
    samples = ask.samples
    if ask.must_encode() or samples is None or ask.options.frames is not None:
        return None
    first = ask.first(start)
    if first is None:
        return None
    run = copyable(samples, first, room if cut else None)
    if run is None:
        return None
    rate = _grid(ask, run)
    if rate is not None and cut and run.frames > room * rate:
        run = shortened(run, samples, max(floor(room * rate), 1))
    length = run.frames / rate if rate is not None else packed_length(run, samples)
    if (cut and length > room) or run.frames / length < ask.options.limits.video_fps:
        return None
    if rate is None and (
        ask.reasons([codes.VIDEO_VARIABLE_RATE, codes.VIDEO_FPS]) or ask.options.rate is not None
    ):
        return None
    if not cut and run.frames != ask.facts.frames:
        # An edit list shows frames that cannot be copied without what it hides.
        return None
    size = run.bytes + FILE_OVERHEAD + FRAME_OVERHEAD * run.frames
    if ask.options.keep_audio:
        size = max(size, ask.facts.bytes or 0)
    least, most = ask.options.limits.video_bytes
    if size > (most if ask.options.only_errors else least):
        return None
    recipe = CopyRecipe(
        start=first,
        frames=run.frames,
        length=length,
        rate=rate,
        limit=size,
        keep_audio=ask.options.keep_audio and ask.facts.has_audio,
    )
    edits = _copy_edits(ask, run, first, room, rate)
    return Plan(ask.role, edits, True, recipe, ask.remaining)


def _grid(ask: Asked, run: Run) -> Fraction | None:
    """The even rate on which each copied frame has its place; None where none has."""
    if ask.options.rate is not None:
        rates = [ask.options.rate]
    else:
        found = (base_rate(ask.facts, run.times, run.end), step_rate(run.times))
        rates = [rate for rate in found if rate is not None]
    return next((rate for rate in rates if on_grid(run, rate)), None)


def _copy_edits(
    ask: Asked, run: Run, first: Fraction, room: Fraction, rate: Fraction | None
) -> tuple[Edit, ...]:
    facts, edits = ask.facts, []
    if codes.VIDEO_NAME in ask.wanted:
        edits.append(ask.rename())
    if run.frames != facts.frames:
        reason = ask.reasons([codes.VIDEO_DURATION]) + ask.cuts
        which = wording.kept(run.frames, facts.frames, first, facts.duration, run.end)
        text = f"{which}, packets copied{_fewer(ask, run, room, rate)}"
        edits.append(Edit("cut", reason, text))
    if codes.VIDEO_VARIABLE_RATE in ask.wanted and rate is not None:
        told = f"each frame put on its place at {wording.rate(rate)} FPS, packets copied"
        edits.append(Edit("retime", ask.reasons([codes.VIDEO_VARIABLE_RATE]), told))
    reasons = ask.reasons((*REWRAPPED, codes.VIDEO_SIZE))
    if reasons or not edits:
        told = wording.rewrapped(facts, set(ask.wanted), ask.options.keep_audio)
        edits.append(Edit("rewrap", reasons or ask.cuts, told))
    return tuple(edits)


def _fewer(ask: Asked, run: Run, room: Fraction, rate: Fraction | None) -> str:
    """Why there are fewer frames than ``--duration`` asks for; empty where there are not.

    ``room`` is the length asked for, in seconds, and at most what the role allows.
    """
    rate = rate or ask.facts.fps
    if "--duration" not in ask.cuts or ask.samples is None or rate is None:
        return ""
    first = run.times[0]
    begin = sum(1 for time in ask.samples.times if first <= time < first + room)
    asked = min(begin, floor(room * rate))
    if run.frames >= asked:
        return ""
    return wording.fewer(run.frames, asked, longer=room < ask.options.limits.seconds(ask.role))
