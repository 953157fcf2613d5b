"""The values that ``prepare`` writes into a job that does not set them. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from vaceprep.contract import DEFAULT_LABEL, DEFAULT_MASK_TYPE, FIRST_MASK_FRAME
from vaceprep.facts import Facts
from vaceprep.job.text import Value
from vaceprep.plans.model import Edit, Options, wanted
from vaceprep.rules import codes
from vaceprep.rules.catalogue import Finding
from vaceprep.rules.draft import Draft
from vaceprep.rules.job import judge_job
from vaceprep.rules.job_media import Together, judge_together


@dataclass(frozen=True, slots=True)
class Addition:
    """A field that the job leaves out, and the value that ``prepare`` writes."""

    name: str
    value: Value
    edit: Edit


def additions(
    draft: Draft, media: Mapping[str, Facts], options: Options, mask_frame: int | None
) -> Iterator[Addition]:
    """Yield the fields to write into a job.

    ``media`` are the facts of the prepared media by JSON pointer; ``mask_frame`` is the number that
    ``mask_frame_id`` gets in any case.
    """
    findings = [*judge_job(draft), *judge_together(Together(draft, media))]
    for finding in findings:
        if finding.fix is None or not wanted(finding, options):
            continue
        if finding.code == codes.LABEL_MISSING:
            yield _added("obj_or_bg", [DEFAULT_LABEL], f'["{DEFAULT_LABEL}"]', finding)
        elif finding.code == codes.OUTPUT_SHAPE:
            yield _added("size", str(finding.allowed), str(finding.allowed), finding)
    if mask_frame is None and tracks_a_mask(draft) and not draft.has("mask_frame_id"):
        # The default of the service, written out.
        yield _added("mask_frame_id", FIRST_MASK_FRAME, str(FIRST_MASK_FRAME), None)


def tracks_a_mask(draft: Draft) -> bool:
    """Whether a job has a mask image that follows the motion of its video."""
    kind = draft.values.get("mask_type", DEFAULT_MASK_TYPE)
    is_edit = draft.function == "video_edit" and draft.has("mask_image_url")
    return is_edit and kind == DEFAULT_MASK_TYPE


def _added(name: str, value: Value, shown: str, finding: Finding | None) -> Addition:
    reason = () if finding is None else (finding.rule,)
    return Addition(name, value, Edit("adjust", reason, f"{name} is now {shown} (it was absent)"))
