"""The drawings of a video that was split: its timeline, and the seams of the joined result."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from io import BytesIO
from typing import Final

from vaceprep.cost import usd
from vaceprep.report.html.tables import WHOLE
from vaceprep.report.html.thumbnails import SMALL, Thumbnails, bounded
from vaceprep.report.html.view import Bar, Drawn, Picture, Row, Span
from vaceprep.report.timeline import head_of, notes_of
from vaceprep.runs.split_model import PartEntry, SeamEntry, SplitEntry
from vaceprep.runs.used_parts import seconds

#: Thousandths of the width between two parts, and of a cut.
GAP: Final = 2.0
CUT: Final = 3.0
#: The most seams with pictures.
MOST_SEAMS: Final = 60


def timeline_of(split: SplitEntry) -> Drawn:
    """The parts side by side, with their overlaps and the shot cuts."""
    begin, end = split.window
    whole = end - begin

    def place(at: Fraction) -> float:
        return round(float((at - begin) / whole) * WHOLE, 2)

    spans = [
        Span(
            place(part.start + part.overlap) + GAP / 2,
            max(place(part.end) - place(part.start + part.overlap) - GAP, GAP),
            "used",
            f"part {part.index}: {text_of(part)}",
        )
        for part in split.parts
    ]
    shared = [
        Span(
            place(part.start),
            place(part.start + part.overlap) - place(part.start),
            "shared",
            f"parts {part.index - 1} and {part.index} share {seconds(part.overlap)} s",
        )
        for part in split.parts
        if part.overlap
    ]
    cuts = [
        Span(place(cut) - CUT / 2, CUT, "cut", f"shot cut at {float(cut):.2f} s")
        for cut in split.cuts
        if begin <= cut <= end
    ]
    return Drawn("Timeline", bars=(Bar(tuple(spans), (*shared, *cuts), head_of(split)),))


def part_rows(split: SplitEntry) -> tuple[Row, ...]:
    """A row for each part."""
    return tuple(Row(f"part {part.index}", text_of(part)) for part in split.parts)


def text_of(part: PartEntry) -> str:
    """What is to be known of one part, in a line."""
    cost = [] if part.cost is None else [usd(part.cost.most_usd)]
    times = f"{seconds(part.start)} to {seconds(part.end)} s"
    return ", ".join([times, *cost, *notes_of(part)])


def seams_of(split: SplitEntry, thumbnails: Thumbnails) -> Drawn | None:
    """The last frame before each seam, the first one after it, and their difference."""
    if not split.seams:
        return None
    pictures = [
        picture for seam in split.seams[:MOST_SEAMS] for picture in _pictures(seam, thumbnails)
    ]
    return Drawn("Seams", tuple(pictures), note="; ".join(map(seam_text, split.seams)))


def seam_text(seam: SeamEntry) -> str:
    """A seam in a clause."""
    measured = (
        "its step was not measured"
        if seam.difference is None
        else f"the step is {seam.difference:.2f} (mean CIE ΔE 2000)"
    )
    matched = ", colours matched" if seam.matched else ""
    return f"{seconds(seam.at)} s: {measured}{matched}"


def _pictures(seam: SeamEntry, thumbnails: Thumbnails) -> Iterator[Picture]:
    from PIL import Image

    for data, side in ((seam.last, "last frame before"), (seam.first, "first frame after")):
        if data is None:
            continue
        caption = f"{side} {seconds(seam.at)} s"
        with Image.open(BytesIO(data)) as opened:
            image = opened.convert("RGB")
        size = bounded(image.size, SMALL)
        picture: Picture | None = thumbnails.printed(image.resize(size), caption, caption)
        if picture is not None:
            yield picture
