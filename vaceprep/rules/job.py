"""VP407 to VP412 and VP416: conflicts between the fields of a job, without its media. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from vaceprep.contract import (
    EXTENSION_FIELDS,
    MAX_BACKGROUNDS,
    MAX_REFERENCES,
    NO_REWRITE,
    SCALE_FIELDS,
    SCALE_RANGE,
)
from vaceprep.rules import codes, job_fields
from vaceprep.rules.catalogue import Finding, Rule, Severity, rule, rules_of, run_all
from vaceprep.rules.draft import PART_MASKS, Draft, Findings, errors_for, json_text, pointer
from vaceprep.wording import listed

ERROR, WARNING, ADVICE = Severity.ERROR, Severity.WARNING, Severity.ADVICE


@rule(
    codes.OBJ_OR_BG,
    ERROR,
    "M U",
    fires="obj_or_bg is missing where needed, of the wrong length, or has more than one bg",
    why="Each reference image is a thing (obj) or the background (bg); one background at most.",
)
def obj_or_bg(rule: Rule, draft: Draft) -> Findings:
    count = draft.references()
    if draft.function is None or count is None or any(errors_for(draft, codes.REFERENCE_COUNT)):
        return
    images, at = draft.has("ref_images_url"), "/obj_or_bg"
    if draft.function == "image_reference" and not images:
        return
    if not draft.has("obj_or_bg"):
        if draft.function == "image_reference" and count > 1:
            yield rule.found(
                f"obj_or_bg is missing: {count} reference images need {count} labels",
                measured=0,
                allowed=count,
                unit="labels",
                pointer=at,
            )
        return
    labels = draft.values["obj_or_bg"]
    if not isinstance(labels, list):
        return
    most = count if images else MAX_REFERENCES
    backgrounds = labels.count("bg")
    if len(labels) > most or (images and len(labels) != count):
        yield rule.found(
            f"obj_or_bg has {len(labels)} labels for {count} reference images",
            measured=len(labels),
            allowed=most,
            unit="labels",
            pointer=at,
        )
    elif backgrounds > MAX_BACKGROUNDS:
        yield rule.found(
            f"obj_or_bg has {backgrounds} times bg; at most one image is the background",
            measured=backgrounds,
            allowed=MAX_BACKGROUNDS,
            unit="labels",
            pointer=at,
        )


@rule(
    codes.FIELD_NOT_FOR_FUNCTION,
    (ERROR, WARNING),
    "M J",
    fires="a field belongs to another function (warning: it takes no effect here)",
    why="The service refuses the field, or ignores what it was meant to do.",
)
def field_not_for_function(rule: Rule, draft: Draft) -> Findings:
    if draft.function is None:
        return
    for name in draft.values:
        owners = draft.fields.get(name, ())
        if owners and draft.function not in owners:
            yield rule.found(
                f"{name} is no field of {draft.function}; it belongs to {listed(list(owners))}",
                measured=name,
                allowed=", ".join(owners),
                pointer=pointer(name),
            )
    if draft.function == "video_edit" and draft.has(PART_MASKS) and not draft.split:
        yield rule.found(
            "masks is for a video that is split alone: give --split to vaceprep prepare or run",
            measured=PART_MASKS,
            pointer=pointer(PART_MASKS),
        )
    for name, reason in _idle(draft):
        if draft.has(name) and not draft.failed(name):
            yield rule.found(
                f"{name} takes no effect {reason}",
                measured=name,
                severity=WARNING,
                pointer=pointer(name),
            )


def _idle(draft: Draft) -> Iterator[tuple[str, str]]:
    """Yield the fields that have no effect in this draft, and why."""
    if draft.function == "video_extension" and not draft.has("video_url"):
        yield "control_condition", "without video_url"
    if draft.function in ("video_repainting", "video_edit") and not draft.has("ref_images_url"):
        yield "obj_or_bg", "without ref_images_url"
    if draft.function != "video_edit" or any(_mask_choice(draft)):
        return
    if draft.has(PART_MASKS):
        yield "mask_frame_id", "with masks, each of which has its own frame"
    elif not draft.has("mask_image_url"):
        options = ("mask_type", "mask_frame_id", "expand_ratio", "expand_mode")
        yield from ((name, "without mask_image_url") for name in options)
    if draft.values.get("mask_type") == "fixed" and not draft.has("mask_video_url"):
        yield from ((n, "with mask_type: fixed") for n in ("expand_ratio", "expand_mode"))


def _mask_choice(draft: Draft) -> Iterator[str]:
    if draft.function == "video_edit":
        both = [n for n in ("mask_image_url", "mask_video_url") if draft.has(n)]
        if both and draft.has(PART_MASKS):
            yield f"there are masks and {listed(both)}; give one of them alone"
        elif draft.has(PART_MASKS):
            return
        elif len(both) == 2:
            yield "there are two masks; give mask_image_url or mask_video_url, not both"
        elif not both:
            yield "there is no mask; give mask_image_url or mask_video_url"


@rule(
    codes.MASK_CHOICE,
    ERROR,
    "M U",
    fires="none or both of the two masks are given",
    why="video_edit needs exactly one; upstream prefers the image.",
)
def mask_choice(rule: Rule, draft: Draft) -> Findings:
    for message in _mask_choice(draft):
        given = [n for n in ("mask_image_url", "mask_video_url", PART_MASKS) if draft.has(n)]
        yield rule.found(
            message,
            measured=len(given),
            allowed=1,
            unit="masks",
            pointer=pointer(given[-1] if given else "mask_image_url"),
        )


@rule(
    codes.NOTHING_TO_EXTEND,
    ERROR,
    "G",
    fires="none of the four frames and clips is given",
    why="video_extension goes on from a frame or clip, or leads to one.",
)
def nothing_to_extend(rule: Rule, draft: Draft) -> Findings:
    if draft.function == "video_extension" and not any(map(draft.has, EXTENSION_FIELDS)):
        yield rule.found(
            f"there is nothing to extend; give one of {', '.join(EXTENSION_FIELDS)}",
            measured=0,
            allowed="at least 1",
            pointer=f"/{EXTENSION_FIELDS[0]}",
        )


@rule(
    codes.NOTHING_TO_EXPAND,
    WARNING,
    "J",
    fires="all four scales are 1.0",
    why="The result would be the input again, and it would be paid for.",
)
def nothing_to_expand(rule: Rule, draft: Draft) -> Findings:
    if draft.function != "video_outpainting" or any(map(draft.failed, SCALE_FIELDS)):
        return
    least = SCALE_RANGE[0]
    if all(draft.values.get(name, least) == least for name in SCALE_FIELDS):
        yield rule.found(
            "all four scales are 1.0: nothing is expanded",
            measured=least,
            allowed=f"above {least} on one side",
            pointer=f"/{SCALE_FIELDS[0]}",
        )


@rule(
    codes.PROMPT_REWRITE,
    ADVICE,
    "U",
    fires="prompt_extend is not false where upstream recommends it",
    why="A rewritten prompt drifts from the video that is edited.",
)
def prompt_rewrite(rule: Rule, draft: Draft) -> Findings:
    value = draft.values.get("prompt_extend")
    if draft.function in NO_REWRITE and value is not False and not draft.failed("prompt_extend"):
        yield rule.found(
            f"upstream recommends prompt_extend: false for {draft.function}",
            measured=json_text(value) if value is not None else None,
            allowed="false",
            pointer="/prompt_extend",
        )


@rule(
    codes.LABEL_MISSING,
    ADVICE,
    "C",
    fires="there is one reference image without obj_or_bg",
    fix='write obj_or_bg: ["obj"]',
    why="One image counts as obj, but upstream has refused jobs that do not say so.",
)
def label_missing(rule: Rule, draft: Draft) -> Findings:
    if draft.function not in draft.fields.get("obj_or_bg", ()) or draft.has("obj_or_bg"):
        return
    if draft.references() == 1 and not draft.failed("ref_images_url"):
        yield rule.found(
            "the reference image has no label; upstream has refused that",
            measured=0,
            allowed=1,
            unit="labels",
            pointer="/obj_or_bg",
        )


RULES: Final = (*job_fields.RULES, *rules_of(globals()))


def judge_job(draft: Draft) -> list[Finding]:
    """Return all findings on a job's fields; VP400 suppresses the other rules."""
    if draft.broken is not None:
        return run_all([job_fields.job_unreadable], draft)
    return run_all(RULES, draft)
