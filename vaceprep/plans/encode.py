"""Plans that decode, change and encode, used if no other plan is enough."""

from __future__ import annotations

from fractions import Fraction
from math import floor
from typing import Final, NamedTuple

from vaceprep.contract import HDR_TRANSFERS, VIDEO_SIDE, WIDE_PRIMARIES
from vaceprep.facts import VideoFacts
from vaceprep.plans import wording
from vaceprep.plans.frames import base_rate, multiple, slot
from vaceprep.plans.model import Edit, EncodeRecipe, Plan
from vaceprep.plans.request import REWRAPPED, VideoRequest
from vaceprep.plans.size import Fit, even, fit, scaled_to, within
from vaceprep.records import replace
from vaceprep.rules import codes

#: Lines and columns from which players assume BT.709 for an untagged picture.
HD_LINES: Final = 720
HD_COLUMNS: Final = 1280
#: Prefixes of the names of RGB pixel formats.
RGB: Final = ("rgb", "bgr", "gbr", "argb", "abgr", "0rgb", "0bgr", "pal8", "x2rgb")
#: The reasons for edits that an option asks for.
FIT_MODEL: Final = ("--fit-model",)
BARS: Final = ("--crop-bars",)
#: Edits of the picture's size.
SIZE_EDITS: Final = frozenset(["scale", "pad", "crop"])


class Colours(NamedTuple):
    """Primaries, transfer characteristics and matrix."""

    primaries: str
    transfer: str
    matrix: str


BT709: Final = Colours("bt709", "bt709", "bt709")
BT601: Final = Colours("smpte170m", "smpte170m", "smpte170m")


def tags(facts: VideoFacts, *, tone_mapped: bool) -> Colours:
    """Return the output's colour tags: the source's own tags, or what players assume."""
    if tone_mapped or (facts.pixel_format or "").startswith(RGB):
        return BT709
    hd = facts.stored_height >= HD_LINES or facts.stored_width >= HD_COLUMNS
    usual = BT709 if hd else BT601
    matrix = facts.color_matrix
    return Colours(
        facts.color_primaries or usual.primaries,
        facts.color_transfer or usual.transfer,
        usual.matrix if matrix in (None, "gbr") else matrix,
    )


def encoded(request: VideoRequest, start: Fraction, room: Fraction, cut: bool) -> Plan:
    """Return the plan that re-encodes the window, with every requested change of the picture."""
    facts, options = request.facts, request.options
    found = request.first(start)
    first = start if found is None else found
    rate, frames = _timeline(request, first, room)
    recipe = EncodeRecipe(
        start=first,
        rate=rate,
        frames=frames,
        size=_size(request),
        rotation=facts.rotation or 0,
        mirrored=facts.mirrored,
        deinterlace=facts.interlaced is not False,
        tone_map=is_hdr(facts),
        blend=options.fps_mode == "blend",
        threshold=request.role == "mask_video_url",
        keep_audio=options.keep_audio and facts.has_audio,
        salvage=options.salvage,
        beside=options.beside,
        behind=options.behind,
        limit=options.limits.video_bytes[0],
    )
    return Plan(request.role, _encode_edits(request, recipe, cut), False, recipe, request.remaining)


def _timeline(request: VideoRequest, start: Fraction, room: Fraction) -> tuple[Fraction, int]:
    """Return the rate and number of frames of the output."""
    facts, options = request.facts, request.options
    if request.model is not None:
        return request.model.fps, request.model.frames
    left = (facts.duration or room) - start
    times: list[Fraction] = []
    end = None
    if request.samples is not None and request.samples.times:
        shown = sorted(t for t in request.samples.times if t >= start)
        times = [t for t in shown if t < start + room]
        after = next((t for t in shown if t >= start + room), None)
        end = request.samples.end if after is None else after
    base = base_rate(facts, times, end)
    least = options.limits.video_fps
    base = base or least
    rate = options.rate or base * multiple(base, least)
    frames = min(max(slot(left, rate), 1), floor(room * rate))
    if options.window_frames is not None and facts.constant_rate:
        # A clock that rounds, or a last frame that is cut short, makes no frame fewer.
        frames = min(options.window_frames * multiple(base, least), floor(room * rate))
    if options.frames is not None:
        frames = min(options.frames, floor(room * rate))
    return rate, max(frames, 1)


def _size(request: VideoRequest) -> Fit:
    facts, options = request.facts, request.options
    size = (facts.width, facts.height)
    if request.model is not None:
        return Fit(request.model.scaled, (request.model.width, request.model.height))
    if options.size is not None and options.size != size:
        return even(scaled_to(size, options.size, options.shape))
    how = Fit(size, size)
    if codes.VIDEO_DIMENSIONS in request.wanted:
        how = fit(size, VIDEO_SIDE, options.shape)
    if codes.VIDEO_ABOVE_720P in request.wanted:
        smaller = within(how.canvas)
        if smaller != how.canvas:
            how = Fit(smaller, smaller)
    if how.scaled == size:
        # Crop one line instead of scaling every line slightly.
        return Fit(how.scaled, even(how).canvas)
    return even(how)


def _encode_edits(request: VideoRequest, recipe: EncodeRecipe, cut: bool) -> tuple[Edit, ...]:
    facts, edits = request.facts, []
    if codes.VIDEO_NAME in request.wanted:
        edits.append(request.rename())
    whole = facts.duration or recipe.length
    if recipe.start or (cut and recipe.length < whole):
        reason = request.reasons([codes.VIDEO_DURATION]) + request.cuts
        text = wording.stretch(recipe.start, recipe.length, whole)
        edits.append(Edit("cut", reason or ("frames",), text))
    if request.options.bars:
        text = wording.unbarred(facts, mask=recipe.threshold)
        edits.append(Edit("crop", BARS, text))
        facts = replace(facts, crop=None)
    for name, code, text in wording.pictures(facts, recipe.size, recipe.deinterlace):
        fitted = request.model is not None and name in SIZE_EDITS
        reason = request.reasons([code]) or (FIT_MODEL if fitted else ("re-encode",))
        edits.append(Edit(name, reason, text))
    base = base_rate(facts)
    slow, uneven = request.reasons([codes.VIDEO_FPS]), request.reasons([codes.VIDEO_VARIABLE_RATE])
    if slow or uneven or (base is not None and recipe.rate != base):
        text = wording.resampled(facts, recipe.rate, recipe.blend)
        other = ("rate",)
        if request.model is not None:
            text = f"{text}: {recipe.frames} in all, each of which the model takes"
            other = FIT_MODEL
        edits.append(Edit("frame-rate", slow + uneven or other, text))
    if codes.MASK_NOT_BINARY in request.wanted:
        text = "every pixel made pure white or pure black"
        edits.append(Edit("threshold", request.reasons([codes.MASK_NOT_BINARY]), text))
    forced = request.must_encode() + request.reasons(
        [codes.VIDEO_CONTAINER, codes.VIDEO_SIZE, codes.VIDEO_VARIABLE_RATE]
    )
    why = (
        tuple(dict.fromkeys((*forced, *request.reasons(REWRAPPED))))
        or request.reasons([codes.VIDEO_DURATION]) + request.cuts
        or ("frames",)
    )
    text = wording.encoded(facts, recipe, _obstacle(request, forced))
    edits.append(Edit("re-encode", why, text))
    return tuple(edits)


def _obstacle(request: VideoRequest, forced: tuple[str, ...]) -> str | None:
    """Return why packets could not be copied though no rule forbids it; None if one does."""
    if request.must_encode():
        return None
    if request.samples is not None and request.samples.obstacle:
        return request.samples.obstacle
    if codes.VIDEO_SIZE in request.wanted:
        return None
    if codes.VIDEO_VARIABLE_RATE in request.wanted:
        return "its frames come too unevenly to be put on an even grid as they are"
    return "decoding cannot begin at the first frame that is kept"


def is_hdr(facts: VideoFacts) -> bool:
    """Return whether the colours are those of PQ, HLG or BT.2020."""
    return facts.color_transfer in HDR_TRANSFERS or facts.color_primaries in WIDE_PRIMARIES
