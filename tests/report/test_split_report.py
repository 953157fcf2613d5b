"""The timeline of a split and the seams of its result, as text and as drawings."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from fractions import Fraction
from io import BytesIO
from typing import Any

import pytest
from PIL import Image

from vaceprep.cost import cost_of
from vaceprep.facts import VideoFacts
from vaceprep.ledger.row import Row, State
from vaceprep.limits import CONTRACT
from vaceprep.parts.pieces import PART, PartRecord
from vaceprep.plans.model import Edit, Options
from vaceprep.plans.parts import OVERLAP
from vaceprep.preparation.report import Prepared
from vaceprep.report.html.split_drawing import BETWEEN, MOST_SEAMS, part_rows, seams_of, timeline_of
from vaceprep.report.html.thumbnails import SMALL, Thumbnails
from vaceprep.report.task_groups import task_lines
from vaceprep.report.text import Style
from vaceprep.report.timeline import MOST_CUTS, cuts_text, timeline_lines
from vaceprep.runs.part_note import PartNote
from vaceprep.runs.split_model import Offer, PartEntry, SeamEntry, SplitEntry
from vaceprep.runs.split_offer import offer_of, offer_text

PRICE = Fraction(1, 10)


def part(index: int, start: Fraction, end: Fraction, **more: Any) -> PartEntry:
    cost = cost_of("video_repainting", end - start)
    return PartEntry(
        index,
        start,
        end,
        **{"overlap": Fraction(0), "after_cut": False, **more},
        cost=cost,
        status="planned",
    )


HALF = Fraction(1, 2)
SPLIT = SplitEntry(
    "/media/clip.mp4",
    (Fraction(0), Fraction(12)),
    (Fraction(8),),
    (
        part(1, Fraction(0), Fraction(9, 2)),
        part(2, Fraction(4), Fraction(8), overlap=HALF, mask="a.png of frame 1"),
        part(3, Fraction(8), Fraction(12), after_cut=True, resumed=True),
    ),
)


def test_the_timeline_names_parts_cuts_masks_and_costs() -> None:
    assert [*timeline_lines(SPLIT)] == [
        "clip.mp4, 0 to 12 s: 3 parts, 12.5 s, 1.25 USD in all; shot cut at 8.00 s",
        "    part 1  0 to 4.5 s   0.45 USD",
        "    part 2  4 to 8 s     0.40 USD  shares 0.5 s with the part before; "
        "mask a.png of frame 1",
        "    part 3  8 to 12 s    0.40 USD  begins at a cut; sent before, and not again",
    ]


CHAIN = SplitEntry(
    "/media/clip.mp4",
    (Fraction(0), Fraction(8)),
    (),
    (
        part(1, Fraction(0), Fraction(5)),
        part(2, Fraction(2), Fraction(7), overlap=HALF),
        part(3, Fraction(4), Fraction(8), overlap=HALF),
    ),
    extended=True,
)


def test_the_timeline_of_a_chain_names_what_each_part_continues() -> None:
    lines = [*timeline_lines(CHAIN)]
    assert lines[0].startswith("clip.mp4 is extended to 8 s: 3 tasks, ")
    assert lines[2].endswith("continues the last 3 s of part 1")
    assert part_rows(CHAIN)[2].value.endswith("continues the last 3 s of part 2")
    # Only what the joined video shows of each.
    (bar,) = timeline_of(CHAIN).bars
    assert [round(span.at) for span in bar.spans] == [1, 626, 876]
    assert [mark.at for mark in bar.marks] == [562.5, 812.5]


def test_many_cuts_are_counted() -> None:
    cuts = [Fraction(n) for n in range(MOST_CUTS + 5)]
    assert cuts_text(cuts).endswith(" and 5 more")
    assert cuts_text(()) == "no shot cut"


def test_a_drawing_of_the_timeline_is_to_scale() -> None:
    (bar,) = timeline_of(SPLIT).bars
    assert [(span.at, span.at + span.width) for span in bar.spans] == [
        pytest.approx((1, 374)),
        pytest.approx((376, 665.67), abs=0.1),
        pytest.approx((667.67, 999), abs=0.1),
    ]
    assert [mark.kind for mark in bar.marks] == ["shared", "cut"]
    assert [row.label for row in part_rows(SPLIT)] == ["part 1", "part 2", "part 3"]


def picture() -> bytes:
    out = BytesIO()
    Image.new("RGB", (640, 360), "red").save(out, "JPEG")
    return out.getvalue()


def test_a_seam_shows_both_frames_and_their_difference() -> None:
    seams = (
        SeamEntry(Fraction(17, 4), True, 1.234, picture(), picture()),
        SeamEntry(Fraction(8), False, None),
    )
    drawn = seams_of(replace(SPLIT, seams=seams), ["no such file"], Thumbnails(1))
    assert drawn is not None
    (one,) = drawn.pictures
    assert one.caption == "4.25 s, step 1.23 (mean CIE ΔE 2000), colours matched"
    assert (one.width, one.height) == (2 * SMALL + BETWEEN, 162)
    bare = seams_of(replace(SPLIT, seams=seams[1:]), (), Thumbnails(1))
    assert bare is not None
    assert bare.note == "8 s"
    assert seams_of(SPLIT, (), Thumbnails(1)) is None
    assert MOST_SEAMS == 60


def cut(whole: Fraction) -> list[Prepared]:
    facts = VideoFacts(**{**_video(), "duration": whole})
    window = (Fraction(0), Fraction(5))
    edits = (Edit("cut", (), "first"),)
    return [Prepared("clip.mp4", None, "video_url", "planned", edits, before=facts, window=window)]


def _video() -> dict[str, Any]:
    return dict.fromkeys(VideoFacts._required)


@pytest.mark.parametrize(
    ("whole", "options", "parts", "seconds"),
    [
        (12, Options(), 3, 13),
        ("5.01", Options(), 2, "5.51"),
        ("9.5", Options(), 2, 10),
        (12, Options(start=Fraction(4)), 2, "8.5"),
        (40, Options(start=Fraction(4), duration=Fraction(9)), 2, "9.5"),
    ],
)
def test_the_offer_counts_parts_without_cuts(
    whole: int | str, options: Options, parts: int, seconds: int | str
) -> None:
    offer = offer_of("video_outpainting", cut(Fraction(whole)), options, CONTRACT, PRICE)
    assert offer is not None
    assert (offer.parts, offer.cost.seconds) == (parts, Fraction(seconds))
    assert f"--split makes {parts} parts" in offer_text(offer)
    assert OVERLAP == HALF


def test_what_is_not_too_long_gets_no_offer() -> None:
    short = Options(start=Fraction(4), duration=Fraction(5))
    assert offer_of("video_repainting", cut(Fraction(40)), short, CONTRACT, PRICE) is None
    assert offer_of("video_extension", cut(Fraction(40)), Options(), CONTRACT, PRICE) is None


def test_more_parts_than_usual_are_offered_with_their_option() -> None:
    offer = offer_of("video_edit", cut(Fraction(7200)), Options(), CONTRACT, PRICE)
    assert isinstance(offer, Offer)
    assert f"--max-parts {offer.parts + 1}" in offer_text(offer)


def row(number: int, index: int, state: State, job: str = "clip.vace.yaml") -> Row:
    times = Fraction(4 * index - 4), Fraction(4 * index)
    window = Fraction(0), Fraction(12)
    record = PartRecord("/clip.mp4", index, 3, *times, Fraction(0), False, window)
    note = PartNote("g", job, record)
    return Row(
        number, "j", "s", "a", "video_repainting", f"{job}#part-0{index}", state, None, 0.0, 0.0,
        notes={PART: note.to_dict()},
    )  # fmt: skip


def lines(rows: Sequence[Row]) -> list[str]:
    return [line for line in task_lines(rows, Style()) if "part" in line or "job.json" in line]


def test_the_parts_of_a_split_are_listed_together() -> None:
    alone = replace(row(3, 1, "accepted"), source="job.json", notes={})
    found = lines([row(4, 1, "accepted"), alone, row(2, 2, "failed"), row(1, 1, "downloaded")])
    assert found[0] == (
        "clip.vace.yaml  video_repainting, 3 parts: 1 accepted, 1 failed, 1 not sent; 1 earlier"
    )
    assert [line.split()[0] for line in found[1:]] == ["4", "1", "2", "3"]
    assert found[-1].startswith("3  accepted  job.json")
