"""Extend a clip to a wanted length: ``run --extend-to``. Each step is a task of its own.

The last seconds of a result are the first clip of the next step, so the steps run one after
another. A step is a part of the video that they make together: see ``runs.split_group``.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from fractions import Fraction
from typing import Any, Final

from vaceprep.checks.inputs import Item
from vaceprep.contract import EXTENSION_FIELDS, FUNCTIONS, OUTPUT_FPS
from vaceprep.files.source import is_url
from vaceprep.job.draft import draft_of
from vaceprep.job.model import Job
from vaceprep.ledger.row import Row
from vaceprep.parts.split import PartJob, Split
from vaceprep.plans.chain import EXTENSION, RESULT, CannotExtend, ChainStep, carried, chain_of
from vaceprep.plans.model import Options
from vaceprep.plans.parts import Part, Timeline
from vaceprep.runs.admit import PartOf, Ready, admit, admitted
from vaceprep.runs.local_results import agrees
from vaceprep.runs.model import RunEntry, RunOptions
from vaceprep.runs.part_note import PartNote
from vaceprep.runs.runner import Runner
from vaceprep.runs.split_group import Group, part_note
from vaceprep.runs.split_model import SplitRun
from vaceprep.runs.used_parts import seconds, sound_source, used_parts

#: The field with what a step continues.
CLIP: Final = "first_clip_url"
#: The key of the sound in a row's notes.
SOUND: Final = "sound"
#: A name for a result that does not exist yet.
LATER: Final = "result.mp4"
#: Fields that a chain cannot have, each with the reason.
REFUSED: Final[Mapping[str, str]] = {
    "last_clip_url": "the end of the whole video would be the end of each task",
    "last_frame_url": "the end of the whole video would be the end of each task",
    "video_url": "a guide is for the seconds of one task",
}
#: Returns the row because of which a step is not sent; None if it is to be sent.
RowOf = Callable[[Ready], Row | None]
IsNew = Callable[[str], bool]


def chain_job(
    item: Item,
    options: RunOptions,
    *,
    service: str = "",
    account: str = "",
    is_new: IsNew = lambda _: True,
    row_of: RowOf = lambda _: None,
    rehearsed: bool = False,
) -> Group | RunEntry:
    """The job as the steps to a video of the wanted length; writes nothing.

    A step is known by the file that it continues, so only the steps up to the first without a
    result are read; the others are in the plan with their costs. Raises CannotExtend.
    """
    choice = options.extend
    if choice is None:
        raise CannotExtend("no length is given to extend it to")
    length = choice.length
    item = admitted(item)
    # Before anything is read: the number of steps does not depend on the given clip.
    steps = chain_of(length, limits=options.prepare.limits, price=options.price)
    need_extension(item, options)
    own = _split_of(item, options, steps, length)
    name = _name(item)
    first = admit(
        item._replace(source=own.parts[0].item.source),
        replace(options, restore_audio=False),
        service=service,
        account=account,
        is_new=is_new,
        part=PartOf(_note(own, own.parts[0], name), seeded=False),
    )
    if isinstance(first, RunEntry):
        return replace(first, source=item.source)
    first, remarks = _sounding(first, options)
    parts, rows = [first], [row_of(first)]
    while len(parts) < len(steps):
        path = _result(rows[-1], rehearsed)
        one = own.parts[len(parts)]
        found = None
        if path is not None:
            found = admit_step(own, one, options, service, account, name, path)
        if not isinstance(found, Ready):
            break
        parts.append(found)
        rows.append(row_of(found))
    fresh = [part for part, row in zip(parts, rows, strict=True) if row is None]
    later = [_later(own, one, first, name) for one in own.parts[len(parts) :]]
    return Group(
        name,
        own,
        SplitRun(match=choice.match),
        (*parts, *later),
        (*fresh, *later),
        (*used_parts(first.planned), *remarks, _sequence(options)),
        extended=True,
    )


def need_extension(item: Item, options: RunOptions) -> None:
    """Raise CannotExtend for a job whose results cannot be extended again."""
    if not isinstance(item.job, dict):
        return
    draft = draft_of(item.job, options.prepare.limits)
    if draft.function in FUNCTIONS and draft.function != EXTENSION:
        raise CannotExtend(
            f"--extend-to is for {EXTENSION}, and the function is {draft.function}; to extend its "
            f"result, make a job for {EXTENSION} with the result as first_clip_url"
        )
    for field, reason in REFUSED.items():
        if draft.has(field):
            raise CannotExtend(
                f"--extend-to and {field} cannot be combined: {reason}; leave out one of the two"
            )


def _split_of(
    item: Item, options: RunOptions, steps: Sequence[ChainStep], length: Fraction
) -> Split:
    """The steps as parts of the video that they make. The last one ends with it."""
    values = item.job if isinstance(item.job, dict) else {}
    given = [values[name] for name in EXTENSION_FIELDS if isinstance(values.get(name), str)]
    folder = os.path.dirname(item.base or item.source)
    video = given[0] if given and is_url(given[0]) else os.path.join(folder, *given[:1])
    parts = []
    for step in steps:
        end = min(step.end, length)
        frames = int(step.start * OUTPUT_FPS), int(end * OUTPUT_FPS) - 1
        part = Part(step.index, *frames, step.start, end, step.blend, after_cut=False)
        own = item._replace(source=f"{item.source}#part-{step.index:02d}")
        parts.append(PartJob(part, own, options.fields if step.index == 1 else _window(options)))
    return Split(item, video, Timeline((), length), (), tuple(parts), (Fraction(0), length))


def _note(own: Split, one: PartJob, name: str) -> PartNote:
    note = part_note(own, one, name)
    return replace(note, record=replace(note.record, extended=True))


def _window(options: RunOptions) -> Mapping[str, Options]:
    """The part of a result that the next step continues: its end, without a surplus frame."""
    shared = carried(options.prepare.limits)
    return {CLIP: replace(options.prepare, start=RESULT - shared, duration=shared)}


def _name(item: Item) -> str:
    """64 hex digits that are the same for each chain of the same job, to whatever length."""
    base = item.base or item.source
    record = ["extend", os.path.abspath(base), item.source[len(base) :]]
    return hashlib.sha256(json.dumps(record).encode()).hexdigest()


def _sounding(first: Ready, options: RunOptions) -> tuple[Ready, tuple[str, ...]]:
    """The first step, with the sound of the given clip only where it was asked for."""
    if not options.restore_audio:
        return replace(first, notes={k: v for k, v in first.notes.items() if k != SOUND}), ()
    found, silent = sound_source(first.job, first.planned, first.sources, search=True)
    notes = first.notes if found is None else {**first.notes, SOUND: found}
    return replace(first, notes=notes), () if silent is None else (silent,)


def _sequence(options: RunOptions) -> str:
    shared = seconds(carried(options.prepare.limits))
    return (
        f"each task continues the last {shared} s of the result before it, so the tasks are sent "
        "one after another"
    )


def _result(row: Row | None, rehearsed: bool) -> str | None:
    """The result of a step, if it is on disk as it was downloaded."""
    if row is None or row.state != "downloaded" or not agrees(row, rehearsed):
        return None
    return row.files[0]


def admit_step(
    own: Split, one: PartJob, options: RunOptions, service: str, account: str, name: str, path: str
) -> Ready | RunEntry:
    """A step after the first as a job: it continues the result at ``path``."""
    plain = replace(options.prepare, start=None, duration=None)
    return admit(
        one.item._replace(job=_values(own, os.path.abspath(path))),
        replace(options, prepare=plain, fields=one.fields, restore_audio=False),
        service=service,
        account=account,
        part=PartOf(_note(own, one, name), seeded=False),
    )


def _values(own: Split, clip: str) -> dict[str, Any]:
    """The fields of a step after the first: the job's, with another clip to continue."""
    values = own.item.job if isinstance(own.item.job, dict) else {}
    return {k: v for k, v in values.items() if k not in EXTENSION_FIELDS} | {CLIP: clip}


def _later(own: Split, one: PartJob, first: Ready, name: str) -> Ready:
    """A step whose clip does not exist yet, for the plan: what it costs and publishes."""
    values = _values(own, LATER)
    return replace(
        first,
        item=one.item._replace(job=values),
        job=Job.from_dict(values, limits=first.prepare.limits),
        identity=f"{first.identity}-{one.part.index}",
        planned=(),
        notes={},
        known={},
        sources={},
        fields=one.fields,
        part=_note(own, one, name),
    )


def run_steps(runner: Runner, group: Group) -> list[RunEntry]:
    """The results of the steps in order, up to the first that has none."""
    entries = [runner.one(group.parts[0])]
    account = runner.account
    for one in group.split.parts[1:]:
        before = entries[-1]
        if before.status != "downloaded":
            break
        found = admit_step(
            group.split,
            one,
            runner.options,
            account.service,
            account.fingerprint,
            group.name,
            before.videos[0],
        )
        entries.append(found if isinstance(found, RunEntry) else runner.one(found))
    return entries
