"""The drawings of a video that was split: its timeline, and the seams of the joined result."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from io import BytesIO
from typing import TYPE_CHECKING, Final

from vaceprep.contract import OUTPUT_FPS
from vaceprep.errors import Refused
from vaceprep.facts import VideoFacts
from vaceprep.preparation.read import reading
from vaceprep.report.html.tables import WHOLE
from vaceprep.report.html.thumbnails import SMALL, Thumbnails, bounded
from vaceprep.report.html.view import Bar, Drawn, Picture, Row, Span
from vaceprep.report.timeline import continued, head_of, notes_of, price_of
from vaceprep.runs.split_model import PartEntry, SeamEntry, SplitEntry
from vaceprep.runs.used_parts import seconds

if TYPE_CHECKING:
    from PIL.Image import Image

#: Thousandths of the width between two parts, and of a cut.
GAP: Final = 2.0
CUT: Final = 3.0
#: Pixels between the two frames of a seam.
BETWEEN: Final = 4
#: The most seams with pictures.
MOST_SEAMS: Final = 60


def timeline_of(split: SplitEntry) -> Drawn:
    """The parts side by side, with their overlaps and the shot cuts."""
    begin, end = split.window
    whole = end - begin

    def place(at: Fraction) -> float:
        return round(float((at - begin) / whole) * WHOLE, 2)

    spans: list[Span] = []
    shared: list[Span] = []
    for part, before in continued(split):
        # What a part of a chain repeats is not shown again.
        start = part.start if before is None else before.end - part.overlap
        own = start + part.overlap
        about = f"part {part.index}: {text_of(part, before)}"
        width = max(place(part.end) - place(own) - GAP, GAP)
        spans.append(Span(place(own) + GAP / 2, width, "used", about))
        if part.overlap:
            about = f"parts {part.index - 1} and {part.index} share {seconds(part.overlap)} s"
            if before is not None:
                about = f"{seconds(part.overlap)} s of both parts are cross-faded"
            shared.append(Span(place(start), place(own) - place(start), "shared", about))
    cuts = [
        Span(place(cut) - CUT / 2, CUT, "cut", f"shot cut at {float(cut):.2f} s")
        for cut in split.cuts
        if begin <= cut <= end
    ]
    return Drawn("Timeline", bars=(Bar(tuple(spans), (*shared, *cuts), head_of(split)),))


def part_rows(split: SplitEntry) -> tuple[Row, ...]:
    """A row for each part."""
    return tuple(Row(f"part {p.index}", text_of(p, before)) for p, before in continued(split))


def text_of(part: PartEntry, before: PartEntry | None = None) -> str:
    """What is to be known of one part, in a line. ``before``: the part that it continues."""
    cost = [] if part.cost is None else [price_of(part.cost)]
    times = f"{seconds(part.start)} to {seconds(part.end)} s"
    return ", ".join([times, *cost, *notes_of(part, before)])


def seams_of(split: SplitEntry, videos: Sequence[str], thumbnails: Thumbnails) -> Drawn | None:
    """The last frame before each seam beside the first one after it, and their difference.

    ``videos``: the joined video, from which frames are taken that the join did not hand over.
    """
    if not split.seams:
        return None
    pictures: list[Picture] = []
    for seam in split.seams[:MOST_SEAMS]:
        frames = [_opened(data) for data in (seam.last, seam.first) if data is not None]
        if len(frames) < 2:
            frames = _taken(seam, videos, thumbnails)
        if len(frames) < 2:
            continue
        text = seam_text(seam)
        picture: Picture | None = thumbnails.printed(
            _beside(frames), f"the last frame before and the first frame after {text}", text
        )
        if picture is not None:
            pictures.append(picture)
    note = "" if pictures else "; ".join(map(seam_text, split.seams))
    return Drawn("Seams", tuple(pictures), note=note)


def seam_text(seam: SeamEntry) -> str:
    """A seam in a clause."""
    step = "" if seam.difference is None else f", step {seam.difference:.2f} (mean CIE ΔE 2000)"
    matched = ", colours matched" if seam.matched else ""
    return f"{seconds(seam.at)} s{step}{matched}"


def _opened(data: bytes) -> Image:
    from PIL import Image as Pillow

    with Pillow.open(BytesIO(data)) as opened:
        return opened.convert("RGB")


def _taken(seam: SeamEntry, videos: Sequence[str], thumbnails: Thumbnails) -> list[Image]:
    """The two frames from the joined video; none if it cannot be read."""
    half = Fraction(1, 2 * OUTPUT_FPS)
    for path in videos:
        try:
            with reading(path, "video_url") as read:
                facts = read.facts
        except Refused:
            continue
        if not isinstance(facts, VideoFacts):
            continue
        size = bounded((facts.width, facts.height), SMALL)
        shots = thumbnails.taken(path, facts, [seam.at - half, seam.at + half], size).shots
        return [shot.image.convert("RGB") for shot in shots]
    return []


def _beside(frames: Sequence[Image]) -> Image:
    """Two pictures side by side, of one height."""
    from PIL import Image as Pillow

    small = [frame.resize(bounded(frame.size, SMALL)) for frame in frames]
    height = max(frame.height for frame in small)
    whole = Pillow.new("RGB", (sum(frame.width for frame in small) + BETWEEN, height), "white")
    whole.paste(small[0], (0, 0))
    whole.paste(small[1], (small[0].width + BETWEEN, 0))
    return whole
