"""Black bars that stay through the kept part of a video, exact to the line (``--crop-bars``)."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import closing
from fractions import Fraction
from typing import Final, NamedTuple

from av.video.frame import VideoFrame
from av.video.reformatter import VideoReformatter
from PIL import Image

from vaceprep.contract_advice import BAR_LUMA, BAR_SHARE
from vaceprep.errors import Refused
from vaceprep.facts import Crop, VideoFacts
from vaceprep.files.source import Opened
from vaceprep.plans.bars import cropped, visible
from vaceprep.preparation.video.decode import frames_from
from vaceprep.probes.container import BROKEN
from vaceprep.probes.frame_measures import BRIGHT, bright_edges
from vaceprep.probes.shots import STRAIGHT
from vaceprep.probes.sniff import Sniffed

#: Luma of one pixel that no black line has: an encoder's ringing beside the edge stays below. J
NEVER_BLACK: Final = 3 * BAR_LUMA
#: Lines of a bar into which the picture may bleed in less than most of the frames. J
BLEEDING: Final = 2

_NEVER: Final = [255 * (level >= NEVER_BLACK) for level in range(256)]
#: Left, top, right and bottom, the last two being the first pixels outside.
Box = tuple[int, int, int, int]


class _Seen(NamedTuple):
    """What is not black in one frame, and which of its four edges are straight."""

    box: Box
    straight: tuple[bool, bool, bool, bool]


def without_bars(
    opened: Opened,
    sniffed: Sniffed,
    facts: VideoFacts,
    window: tuple[Fraction, Fraction],
    *,
    salvage: bool = False,
) -> VideoFacts | None:
    """Return the facts with the bars cropped; None without any, or if the frames do not decode.

    ``window`` is the start and the longest length of the kept part in seconds.
    """
    if sniffed.demuxer is None:
        return None
    start, room = window
    size = facts.stored_width, facts.stored_height
    scaler = VideoReformatter()
    seen: list[_Seen] = []
    try:
        with closing(frames_from(opened, sniffed.demuxer, facts, start, salvage=salvage)) as frames:
            for frame, time in frames:
                if time >= start + room:
                    break
                if (frame.width, frame.height) != size:
                    return None
                found = _seen(_picture(frame, scaler, facts.crop))
                if found is not None:
                    seen.append(found)
    except (Refused, *BROKEN):
        return None
    bars = bars_of(seen, visible(facts))
    return None if bars is None else cropped(facts, bars)


def bars_of(seen: Sequence[_Seen], size: tuple[int, int]) -> Crop | None:
    """Return the bars that all frames have, in pixels; None without any."""
    if not seen:
        return None
    found = []
    for side in range(4):
        length = size[side % 2]
        depths = [one.box[side] if side < 2 else length - one.box[side] for one in seen]
        least = min(depths)
        # In some frames an encoder's bleeding hides the last lines of the bar.
        near = [depth for depth in depths if depth <= least + BLEEDING]
        bar = max(sorted(set(near)), key=near.count)
        straight = any(
            one.straight[side] and depth <= least + BLEEDING
            for one, depth in zip(seen, depths, strict=True)
        )
        found.append(bar if straight and bar >= BAR_SHARE * length else 0)
    return Crop(*found) if any(found) else None


def _picture(frame: VideoFrame, scaler: VideoReformatter, crop: Crop | None) -> Image.Image:
    """Return the luma, 0 to 255, of what the container shows of a frame."""
    plane = scaler.reformat(frame, format="gray", threads=1).planes[0]
    size = frame.width, frame.height
    whole = Image.frombuffer("L", size, bytes(plane), "raw", "L", plane.line_size, 1)
    if crop is None:
        return whole
    return whole.crop((crop.left, crop.top, size[0] - crop.right, size[1] - crop.bottom))


def _seen(picture: Image.Image) -> _Seen | None:
    """Return what is not black in a picture; None if all of it is."""
    box = picture.point(_NEVER).getbbox()
    rows = _extent(picture.resize((1, picture.height), Image.Resampling.BOX).tobytes(), box, 1)
    if rows is None:
        return None
    lines = picture.crop((0, rows[0], picture.width, rows[1]))
    means = lines.resize((picture.width, 1), Image.Resampling.BOX).tobytes()
    columns = _extent(means, box, 0) or (0, picture.width)
    left, top, right, bottom = columns[0], rows[0], columns[1], rows[1]
    box = left, top, right, bottom
    one, two, three, four = (
        bright >= STRAIGHT for bright in bright_edges(picture.point(BRIGHT), box)
    )
    return _Seen(box, (one, two, three, four))


def _extent(means: bytes, box: Box | None, axis: int) -> tuple[int, int] | None:
    """Return the first line that is not black and the first after the last one; None if all are."""
    lines = [number for number, mean in enumerate(means) if mean >= BAR_LUMA]
    if box is not None:
        lines += [box[axis], box[axis + 2] - 1]
    return (min(lines), max(lines) + 1) if lines else None
