"""The results to join, measured: what they have in common, and what is said of the others."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Final

from vaceprep.errors import Refused
from vaceprep.facts import VideoFacts
from vaceprep.parts.grid import RATE, Placed
from vaceprep.plans.encode import Colours, is_hdr, tags
from vaceprep.plans.size import even_size, scaled_to
from vaceprep.preparation.read import reading, video_of
from vaceprep.probes.sniff import Sniffed

#: Frames by which a result may miss its window before a note says so: the service gives one more.
SLACK: Final = 2


@dataclass(frozen=True, slots=True)
class Result:
    """One result that was measured."""

    place: Placed
    sniffed: Sniffed
    facts: VideoFacts

    @property
    def path(self) -> str:
        """The path of the file."""
        return self.place.piece.path

    @property
    def name(self) -> str:
        """The file's name without folders."""
        return os.path.basename(self.path)

    @property
    def size(self) -> tuple[int, int]:
        """The displayed size in pixels."""
        return self.facts.width, self.facts.height

    @property
    def colours(self) -> Colours:
        """The colours of its frames, where they are encoded."""
        return tags(self.facts, tone_mapped=is_hdr(self.facts))


def measured(places: Sequence[Placed]) -> tuple[Result, ...]:
    """Measure each result. Raises Refused where one cannot be joined to the first."""
    found = []
    for place in places:
        with reading(place.piece.path, "video_url") as read:
            facts = video_of(read)
            if read.sniffed.demuxer is None:
                raise Refused(f"{place.piece.path} is no video that can be joined; give an MP4")
            found.append(Result(place, read.sniffed, facts))
    first = found[0]
    for result in found[1:]:
        how = scaled_to(result.size, even_size(first.size), "pad")
        if how.scaled != how.canvas:
            raise Refused(
                f"{result.name} is {_by(result.size)} and {first.name} is {_by(first.size)}: "
                "results of different shapes are not joined; run the part again at the same size"
            )
    return tuple(found)


def notes_on(results: Sequence[Result]) -> list[str]:
    """Return a sentence for each result that is not like the first, or not like its window."""
    said = []
    first = results[0]
    for result in results:
        facts, piece = result.facts, result.place.piece
        if result.size != first.size:
            said.append(
                f"{result.name} is {_by(result.size)}; it is scaled to {_by(first.size)}, "
                f"the size of {first.name}"
            )
        if facts.fps is not None and facts.fps != RATE:
            said.append(
                f"{result.name} has {float(facts.fps):.4g} FPS; its frames are dropped or repeated "
                f"to {RATE} FPS, by time"
            )
        if facts.duration is None:
            continue
        over = facts.duration - (piece.end - piece.start)
        if over < -SLACK / RATE:
            said.append(f"{result.name} is {_s(-over)} s shorter than its window; {_HELD}")
        elif over > SLACK / RATE:
            said.append(f"{result.name} is {_s(over)} s longer than its window; {_LEFT_OUT}")
    return said


_HELD: Final = "its last frame is shown until the window ends"
_LEFT_OUT: Final = "what is over at its end is left out"


def _by(size: tuple[int, int]) -> str:
    return f"{size[0]}x{size[1]}"


def _s(seconds: Fraction) -> str:
    return f"{float(seconds):.3g}"
