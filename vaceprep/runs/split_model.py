"""Options and report of ``run --split``: plain values."""

from __future__ import annotations

from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any

from vaceprep.cost import Cost
from vaceprep.facts import exact, shown
from vaceprep.plans.parts import SplitOptions


@dataclass(frozen=True, slots=True)
class SplitRun:
    """How a job whose video is too long is split, sent and joined."""

    options: SplitOptions = field(default_factory=SplitOptions)
    #: The numbers of the parts that are sent again, and their seed; None keeps the job's.
    redo: frozenset[int] = frozenset()
    seed: int | None = None
    #: Each part has the last frame of the result before as its reference.
    carry_style: bool = False
    #: Match the colours of neighbours that no shot cut divides.
    match: bool = True


@dataclass(frozen=True, slots=True)
class ExtendRun:
    """How a clip is extended step by step: see ``runs.extend_chain``."""

    #: Seconds of the video that the results make together, the given clip included.
    length: Fraction
    #: Match the colours of neighbouring results.
    match: bool = True


@dataclass(frozen=True, slots=True)
class PartEntry:
    """The result of one part. Times in seconds of the presented source."""

    index: int
    start: Fraction
    end: Fraction
    overlap: Fraction
    after_cut: bool
    #: As of a job: see ``RunEntry.status``; ``waiting`` if it was not reached.
    status: str
    #: What it costs, whether it is sent by this run or was sent before.
    cost: Cost | None = None
    row: int | None = None
    task: str | None = None
    #: Its video on disk.
    output: str | None = None
    #: It was sent before, and not by this run.
    resumed: bool = False
    error: str | None = None
    #: Its mask, a few words; None without a mask.
    mask: str | None = None

    def to_dict(self) -> dict[str, Any]:
        """The entry of ``parts`` in the JSON of ``run``."""
        return {
            "index": self.index,
            "from": shown(self.start),
            "to": shown(self.end),
            "from_exact": exact(self.start),
            "to_exact": exact(self.end),
            "overlap": shown(self.overlap),
            "after_cut": self.after_cut,
            "mask": self.mask,
            "status": self.status,
            "row": self.row,
            "task": self.task,
            "output": self.output,
            "resumed": self.resumed,
            "cost": None if self.cost is None else self.cost.to_dict(),
            "error": self.error,
        }


@dataclass(frozen=True, slots=True)
class SeamEntry:
    """Where two results meet in the joined video, in seconds of it."""

    at: Fraction
    #: The colours of both sides were matched.
    matched: bool
    #: The mean difference of the last and the first frame; None if it was not measured.
    difference: float | None
    #: The two frames as pictures, where the join has just been made.
    last: bytes | None = None
    first: bytes | None = None

    def to_dict(self) -> dict[str, Any]:
        """The seam as JSON, without its pictures."""
        return {
            "at": shown(self.at),
            "at_exact": exact(self.at),
            "matched": self.matched,
            "difference": self.difference,
        }


@dataclass(frozen=True, slots=True)
class SplitEntry:
    """The parts of a job whose video was split, and what became of them."""

    #: The video that is split, the window of it in seconds, and its shot cuts.
    video: str
    window: tuple[Fraction, Fraction]
    cuts: tuple[Fraction, ...]
    parts: tuple[PartEntry, ...]
    seams: tuple[SeamEntry, ...] = ()
    #: They are the steps that extend a clip.
    extended: bool = False

    def to_dict(self) -> dict[str, Any]:
        """The keys that a split adds to its entry in the JSON of ``run``."""
        return {
            "parts": [part.to_dict() for part in self.parts],
            "cuts": [shown(cut) for cut in self.cuts],
            "seams": [seam.to_dict() for seam in self.seams],
        }


@dataclass(frozen=True, slots=True)
class Offer:
    """What ``--split`` would make of a video that is too long. Cuts can change it a little."""

    parts: int
    cost: Cost

    def to_dict(self) -> dict[str, Any]:
        """The key ``split`` in the JSON of ``run``."""
        return {"parts": self.parts, "cost": self.cost.to_dict()}
