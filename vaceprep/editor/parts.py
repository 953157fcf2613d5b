"""The parts of a video that is longer than the limit, as ``run --split`` makes them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import TYPE_CHECKING, Any

from vaceprep.checks.inputs import Item
from vaceprep.cost import Cost
from vaceprep.editor.media_routes import look_of
from vaceprep.editor.window import time_text
from vaceprep.errors import Refused
from vaceprep.files.source import is_url
from vaceprep.job.media import resolve
from vaceprep.parts.split import SPLIT_FUNCTIONS, VIDEO, Split, parts_in, split
from vaceprep.plans.part_jobs import masks_of
from vaceprep.plans.parts import CannotDivide, CannotSplit, Part, SplitOptions
from vaceprep.preparation.job_assets import options_for
from vaceprep.runs.admit import planned_media
from vaceprep.runs.model import RunOptions
from vaceprep.runs.split_model import SplitRun

if TYPE_CHECKING:
    from vaceprep.editor.context import Editor


@dataclass(frozen=True)
class Parts:
    """The parts of one state of the job."""

    choice: SplitRun
    #: Whether the cuts are known; ``share`` of the video in which they were looked for.
    done: bool
    share: float
    parts: tuple[Part, ...] = ()
    #: The mask of each part and the frame it was drawn on; None where there is none.
    masks: tuple[tuple[int, str] | None, ...] = ()
    cost: Cost | None = None
    #: Why the job cannot be split as it is, a sentence.
    error: str | None = None

    @property
    def ok(self) -> bool:
        """Whether ``run --split`` would take the job."""
        return self.done and self.error is None

    def words(self) -> list[str]:
        """The options of ``run`` that give the same parts, beside ``--split``."""
        cuts = self.choice.options.cuts
        if not self.done or cuts is None:
            return []
        return ["--cuts", ",".join(time_text(cut) for cut in cuts) or "none"]

    def to_dict(self, named: Callable[[str], str]) -> dict[str, Any]:
        """The key ``parts`` of ``api/job``; ``named`` gives a file as the job names it."""
        masks = self.masks or (None,) * len(self.parts)
        return {
            "done": self.done,
            "share": round(self.share, 3),
            "error": self.error,
            "parts": [
                {
                    "index": part.index,
                    "first": part.first,
                    "last": part.last,
                    "start": time_text(part.start),
                    "end": time_text(part.end),
                    "overlap": time_text(part.overlap),
                    "after_cut": part.after_cut,
                    "mask": None if mask is None else {"frame": mask[0], "image": named(mask[1])},
                }
                for part, mask in zip(self.parts, masks, strict=True)
            ],
        }


def parts_of_review(editor: Editor, item: Item, options: RunOptions) -> Parts | None:
    """The parts of a job's video; None where nothing is split."""
    values = item.job if isinstance(item.job, dict) else {}
    video = values.get(VIDEO)
    if values.get("function") not in SPLIT_FUNCTIONS or not isinstance(video, str) or not video:
        return None
    if is_url(video):
        return None
    path = resolve(video, editor.session.folder)
    own = options_for(VIDEO, options.prepare, options.fields)
    try:
        # Whether it is long enough at all is known before its cuts are.
        if not parts_in(item, path, own, SplitOptions(cuts=())):
            return None
        look = look_of(editor, path, VIDEO)
        if not look.done or look.result is None:
            return Parts(SplitRun(), look.done, look.share, error=look.error)
        choice = SplitRun(SplitOptions(cuts=_inside(look.result[0], own.start, own.duration)))
        parts = parts_in(item, path, own, choice.options)
    except (CannotSplit, Refused) as error:
        return Parts(SplitRun(), True, 1.0, error=_sentence(error))
    found = Parts(choice, True, 1.0, parts, _masks(values, parts))
    try:
        made = split(item, choice.options, options.prepare, options.fields, price=options.price)
    except (CannotSplit, Refused) as error:
        return replace(found, error=_sentence(error))
    if made is None:
        return replace(found, error="the job would be refused; see the findings")
    return replace(found, cost=made.cost, error=_refusal(made, options))


def _inside(
    cuts: Sequence[Fraction], start: Fraction | None, duration: Fraction | None
) -> tuple[Fraction, ...]:
    """The cuts in the chosen part of the video."""
    first = start or Fraction(0)
    return tuple(c for c in cuts if c > first and (duration is None or c < first + duration))


def _sentence(error: Exception) -> str:
    findings = error.findings if isinstance(error, CannotDivide) else ()
    return str(error) or "; ".join(f.message for f in findings) or "it cannot be split"


def _masks(values: dict[str, Any], parts: Sequence[Part]) -> tuple[tuple[int, str] | None, ...]:
    """The mask of each part, also where others have none yet."""
    found: list[tuple[int, str] | None] = []
    for part in parts:
        given = values.get("masks")
        near = [
            mask
            for mask in (given if isinstance(given, list) else ())
            if isinstance(mask, dict)
            and isinstance(mask.get("frame"), int)
            and part.first < mask["frame"] <= part.last + 1
        ]
        try:
            mine = masks_of({**values, "masks": near} if near else values, [part])
        except CannotDivide:
            mine = None
        found.append(None if mine is None else (mine[0].frame, mine[0].image))
    return tuple(found)


def _refusal(made: Split, options: RunOptions) -> str | None:
    """Why a part would be refused, in a sentence; None if none would."""
    whole = replace(options, prepare=options.prepare.__class__(limits=options.prepare.limits))
    for part in made.parts:
        planned = planned_media(part.item, replace(whole, fields=part.fields), {})
        if not planned[0].ok:
            reasons = [e.error for e in planned if e.error]
            reasons += [f.message for e in planned for f in e.remaining if not e.ok]
            return f"part {part.part.index}: {'; '.join(dict.fromkeys(filter(None, reasons)))}"
    return None
