"""A job whose video is too long, before it is sent: its parts, each a job of its own."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import TYPE_CHECKING, Final

from vaceprep.checks.inputs import Item
from vaceprep.contract import Function
from vaceprep.cost import Cost, total
from vaceprep.files.source import is_url
from vaceprep.parts.pieces import PartRecord
from vaceprep.plans.parts import CannotDivide, CannotSplit
from vaceprep.records import replace as changed
from vaceprep.rules.catalogue import Finding
from vaceprep.runs.admit import PartOf, Ready, admit, admitted
from vaceprep.runs.model import RunEntry, RunOptions
from vaceprep.runs.part_note import PartNote
from vaceprep.runs.redo import REDO, redo_note
from vaceprep.runs.split_model import PartEntry, SplitEntry, SplitRun
from vaceprep.runs.used_parts import seconds

if TYPE_CHECKING:
    from vaceprep.parts.split import PartJob, Split

#: Returns whether a job with that identity, and whether a part, would be sent.
IsNew = Callable[[str], bool]
IsFresh = Callable[[Ready], bool]


@dataclass(frozen=True, slots=True)
class Group:
    """A job whose video is split, and its parts in order."""

    #: See ``group_of``.
    name: str
    split: Split
    choice: SplitRun
    parts: tuple[Ready, ...]
    #: Those that would be sent now.
    fresh: tuple[Ready, ...]
    #: Sentences about the whole, said before money is spent.
    remarks: tuple[str, ...] = ()
    #: With ``carry_style``: the row of each part that was sent before; None if it is sent now.
    rows: tuple[int | None, ...] = ()
    #: The parts are the steps that extend a clip: see ``runs.extend_chain``.
    extended: bool = False

    @property
    def item(self) -> Item:
        """The job."""
        return self.split.item

    @property
    def source(self) -> str:
        """The job as given."""
        return self.item.source

    @property
    def function(self) -> Function:
        """The function of the job."""
        return self.parts[0].function

    @property
    def cost(self) -> Cost | None:
        """What the parts that would be sent now cost together."""
        return total(part.cost for part in self.fresh)

    @property
    def length(self) -> Fraction:
        """Seconds of the part of the video that is split."""
        return self.split.window[1] - self.split.window[0]

    def entry(self, parts: Sequence[PartEntry]) -> SplitEntry:
        """The report on the parts."""
        own = self.split
        return SplitEntry(own.video, own.window, own.cuts, tuple(parts), extended=self.extended)


#: The functions that take a reference image beside their video, and its field. M U
STYLED: Final[tuple[Function, ...]] = ("video_repainting", "video_edit")
REFERENCE: Final = "ref_images_url"


class WrongSplit(ValueError):
    """The options of the split do not fit the job; a sentence."""


def split_job(
    item: Item,
    options: RunOptions,
    *,
    service: str = "",
    account: str = "",
    is_new: IsNew = lambda _: True,
    is_fresh: IsFresh = lambda _: True,
) -> Group | Ready | RunEntry:
    """The job as a group of parts if its video is too long, else as it is; writes nothing.

    Raises WrongSplit if the function or the options of the split do not fit.
    """
    choice = options.split
    item = admitted(item)
    if choice is None:
        return admit(item, options, service=service, account=account, is_new=is_new)
    from vaceprep.parts.split import split

    try:
        found = split(item, choice.options, options.prepare, options.fields, price=options.price)
    except CannotSplit as error:
        raise WrongSplit(str(error)) from None
    except CannotDivide as error:
        reason = str(error) or None
        return RunEntry(item.source, None, "refused", findings=error.findings, error=reason)
    if found is None:
        unread = _unread(item, options)
        if unread is not None:
            return RunEntry(item.source, None, "refused", error=unread)
        whole = admit(item, options, service=service, account=account, is_new=is_new)
        if choice.redo and isinstance(whole, Ready):
            raise WrongSplit(f"{item.source} is not split: its video is no longer than the limit")
        return whole
    if choice.carry_style:
        need_style(item)
    missing = [number for number in sorted(choice.redo) if number > len(found.parts)]
    if missing:
        raise WrongSplit(f"there is no part {missing[0]}: {item.source} has {len(found.parts)}")
    return _group(found, choice, options, service, account, is_fresh)


def _unread(item: Item, options: RunOptions) -> str | None:
    """Why it is not known whether the video is to be split; None if that is known."""
    video = item.job.get("video_url") if isinstance(item.job, dict) else None
    if options.remote or not isinstance(video, str) or not is_url(video):
        return None
    return (
        "whether video_url is longer than the limit is not known, since it is a URL and URLs are "
        "not read (--no-remote): name a local file, or leave out --split or --no-remote"
    )


def need_style(item: Item) -> None:
    """Raise WrongSplit for a job whose parts take no reference image, or that has its own."""
    values = item.job if isinstance(item.job, dict) else {}
    function = values.get("function")
    if function not in STYLED:
        raise WrongSplit(
            f"{function} takes no reference image, so --carry-style is for {' and '.join(STYLED)}"
        )
    if values.get(REFERENCE) not in (None, []):
        raise WrongSplit(
            f"the job has {REFERENCE}; with --carry-style each part has the last frame of the "
            "result before as its reference: leave out one of the two"
        )


def _group(
    found: Split,
    choice: SplitRun,
    options: RunOptions,
    service: str,
    account: str,
    is_fresh: IsFresh,
) -> Group | RunEntry:
    name = group_of(found)
    hashed: dict[str, str] = {}
    parts: list[Ready] = []
    for number, one in enumerate(found.parts):
        part = admit_part(found, one, options, service, account, group=name, hashed=hashed)
        if isinstance(part, RunEntry):
            return _refused(found, number, part)
        parts.append(redone(part, choice))
    fresh = tuple(part for part in parts if is_fresh(part))
    return Group(name, found, choice, tuple(parts), fresh)


def admit_part(
    found: Split,
    one: PartJob,
    options: RunOptions,
    service: str,
    account: str,
    *,
    group: str,
    hashed: dict[str, str] | None = None,
    carried: Mapping[str, str] | None = None,
) -> Ready | RunEntry:
    """One part as a job. ``carried``: see ``PartOf``."""
    seeded = not has_own_seed(found)
    part = PartOf(part_note(found, one, group), seeded=seeded, carried=carried or {})
    # The part has its own window, and the sound is put under the whole.
    prepare = changed(options.prepare, start=None, duration=None)
    options = replace(options, prepare=prepare, fields=one.fields, restore_audio=False)
    return admit(
        one.item,
        options,
        service=service,
        account=account,
        part=part,
        hashed=hashed,
    )


def has_own_seed(found: Split) -> bool:
    """Whether the job has a seed, which its parts then have."""
    values = found.item.job
    return isinstance(values, dict) and values.get("seed") is not None


def redone(part: Ready, choice: SplitRun) -> Ready:
    """The part, to be sent again with its own seed if ``--redo`` names it."""
    if part.part is None or part.part.record.index not in choice.redo:
        return part
    notes = {**part.notes, REDO: redo_note(choice.seed)}
    if choice.seed is None:
        return replace(part, redo=True, notes=notes)
    values = {**(part.item.job if isinstance(part.item.job, dict) else {}), "seed": choice.seed}
    return replace(part, redo=True, notes=notes, item=part.item._replace(job=values))


def part_note(found: Split, one: PartJob, group: str) -> PartNote:
    """What the ledger and the sidecar of its result say about a part."""
    part = one.part
    record = PartRecord(
        source=os.path.abspath(found.video),
        index=part.index,
        count=len(found.parts),
        start=part.start,
        end=part.end,
        overlap=part.overlap,
        after_cut=part.after_cut,
        window=found.window,
    )
    return PartNote(group, found.item.source, record)


def group_of(found: Split) -> str:
    """64 hex digits that are the same for each split of the same window of the same job."""
    base = found.item.base or found.item.source
    record = [
        os.path.abspath(base),
        found.item.source[len(base) :],
        os.path.abspath(found.video),
        [str(time) for time in found.window],
    ]
    return hashlib.sha256(json.dumps(record).encode()).hexdigest()


def _refused(found: Split, number: int, entry: RunEntry) -> RunEntry:
    """The entry of a job one of whose parts cannot be sent: none is."""
    part = found.parts[number].part
    about = f"part {part.index} ({seconds(part.start)} to {seconds(part.end)} s)"
    reason = entry.error or _texts(entry.findings)
    return replace(
        entry,
        source=found.item.source,
        error=f"{about} cannot be sent, so no part is" + (f": {reason}" if reason else ""),
    )


def _texts(findings: Sequence[Finding]) -> str:
    return "; ".join(dict.fromkeys(finding.message for finding in findings))


def planned_parts(group: Group) -> tuple[PartEntry, ...]:
    """The parts as planned, with the cost of each."""
    fresh = {id(part) for part in group.fresh}
    return tuple(
        part_entry(part, "planned" if id(part) in fresh else "sent", resumed=id(part) not in fresh)
        for part in group.parts
    )


def part_entry(part: Ready, status: str, *, resumed: bool = False) -> PartEntry:
    """The report on one part that has not ended."""
    if part.part is None:
        raise ValueError("it is no part")
    record = part.part.record
    return PartEntry(
        index=record.index,
        start=record.start,
        end=record.end,
        overlap=record.overlap,
        after_cut=record.after_cut,
        status=status,
        cost=part.cost,
        resumed=resumed,
        mask=_mask(part),
    )


def _mask(part: Ready) -> str | None:
    values = part.job.given()
    for name in ("mask_image_url", "mask_video_url"):
        mask = values.get(name)
        if isinstance(mask, str) and mask:
            frame = values.get("mask_frame_id")
            at = "" if frame is None else f" of frame {frame}"
            return os.path.basename(mask) + at
    return None
