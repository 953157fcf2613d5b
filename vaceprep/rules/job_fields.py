"""VP400 to VP406: errors in single fields of a job. Pure.

Each function yields all findings of its rule, so that all problems are reported at once. The models
of ``vaceprep.job.model`` define the allowed values of each field (``FieldError``).
"""

from __future__ import annotations

from difflib import get_close_matches
from typing import Any, Final

from vaceprep.contract import BEIJING_MODEL, FUNCTIONS
from vaceprep.rules import codes
from vaceprep.rules.catalogue import Rule, Severity, rule, rules_of
from vaceprep.rules.draft import (
    Draft,
    Findings,
    errors_for,
    json_text,
    plain,
    pointer,
    specific,
)

ERROR = Severity.ERROR


@rule(
    codes.JOB_UNREADABLE,
    ERROR,
    "J",
    fires="the job file cannot be opened, is not valid JSON, YAML or TOML, or is not a mapping",
    why="Nothing in it can be judged. No other job rule speaks beside this one.",
)
def job_unreadable(rule: Rule, draft: Draft) -> Findings:
    if draft.broken is not None:
        yield rule.found(f"the job cannot be read: {draft.broken}")


#: Options of prepare that people write into a job, which has no such fields.
OPTIONS: Final = frozenset(
    [
        "start",
        "fps_mode",
        "pad",
        "crop",
        "background",
        "keep_audio",
        "fit_720p",
        "fit_model",
        "crop_bars",
        "salvage",
    ]
)


#: Fields as MuleRouter's own client names them, and as its page does. C
OTHER_NAMES: Final = {"images": "ref_images_url"}


@rule(
    codes.UNKNOWN_FIELD,
    ERROR,
    "J",
    fires="the body has no such field",
    why="The service refuses or ignores it; what is new can be passed on in extra.",
)
def unknown_field(rule: Rule, draft: Draft) -> Findings:
    for name in draft.values:
        if name in draft.fields:
            continue
        near = get_close_matches(name, draft.fields, 1, 0.7)
        if name in OTHER_NAMES:
            near = [OTHER_NAMES[name]]
        if name in OPTIONS:
            near = []
            hint = f"; it is an option: vaceprep prepare JOB --{name.replace('_', '-')} VALUE"
        elif near:
            hint = f"; did you mean {near[0]}?"
        else:
            hint = "; pass it in extra if it is meant"
        yield rule.found(
            f"there is no field {json_text(name)}{hint}",
            measured=plain(name),
            allowed=near[0] if near else None,
            pointer=pointer(name),
        )


@rule(
    codes.MISSING_FIELD,
    ERROR,
    "M U",
    fires="a required field is absent or null",
    why="The service refuses the job without it.",
)
def missing_field(rule: Rule, draft: Draft) -> Findings:
    if not draft.has("function"):
        yield rule.found(
            f"function is missing; it is one of {', '.join(FUNCTIONS)}",
            allowed=", ".join(FUNCTIONS),
            pointer="/function",
        )
    for error in draft.errors:
        if error.kind == "missing":
            whose = f" for {draft.function}" if draft.function else ""
            yield rule.found(
                f"{error.name} is missing, which is required{whose}",
                allowed=error.allowed or None,
                pointer=pointer(error.name),
            )
    guided = draft.function == "video_extension" and draft.has("video_url")
    if guided and not draft.has("control_condition"):
        yield rule.found(
            "control_condition is missing, which is required with video_url",
            allowed="posebodyface or depth",
            pointer="/control_condition",
        )


@rule(
    codes.INVALID_VALUE,
    ERROR,
    "M U",
    fires="a value has the wrong type, or is outside its enumeration or range",
    why="The service refuses it, or takes its default in silence.",
)
def invalid_value(rule: Rule, draft: Draft) -> Findings:
    if draft.has("function") and draft.function is None:
        given = draft.values["function"]
        yield rule.found(
            f"function is {json_text(given)}; it is one of {', '.join(FUNCTIONS)}"
            f"{_near(given, FUNCTIONS)}",
            measured=plain(given),
            allowed=", ".join(FUNCTIONS),
            pointer="/function",
        )
    for error in draft.errors:
        if error.kind == "missing" or specific(error):
            continue
        where = "".join(f"[{p}]" if isinstance(p, int) else f".{p}" for p in error.path)[1:]
        yield rule.found(
            f"{where} is {json_text(error.given)}; allowed is {error.allowed}"
            f"{_beijing(error.given) or _near(error.given, error.choices)}",
            measured=plain(error.given),
            allowed=error.allowed,
            pointer=pointer(*error.path),
        )


def _near(given: Any, choices: tuple[str, ...]) -> str:
    """Return ``; did you mean ...?`` if one allowed word is similar."""
    if not isinstance(given, str):
        return ""
    near = get_close_matches(given.strip().lower(), choices, 1, 0.6)
    return f"; did you mean {near[0]}?" if near else ""


def _beijing(given: Any) -> str:
    """Return what the model's name in another region is, if it is given."""
    if isinstance(given, str) and given.strip().lower() == BEIJING_MODEL:
        return f"; {BEIJING_MODEL} is its name in Alibaba's Beijing region, not here"
    return ""


#: The placeholder prompt in the job files of ``init``; it must be replaced before submission.
PLACEHOLDER: Final = "Describe what the video shall show"


@rule(
    codes.PROMPT_LENGTH,
    ERROR,
    "M",
    fires="the prompt is empty, blank, the placeholder of init, or over 800 characters",
    why="Upstream cuts the rest off in silence: what was asked for would not be made.",
)
def prompt_length(rule: Rule, draft: Draft) -> Findings:
    most = draft.limits.prompt_characters
    note = draft.limits.note("prompt_characters")
    for error in errors_for(draft, codes.PROMPT_LENGTH):
        count = len(error.given)
        message = (
            f"the prompt has {count} characters; at most {most} are used{note}"
            if error.kind == "long"
            else "the prompt is empty or blank"
        )
        yield rule.found(
            message, measured=count, allowed=most, unit="characters", pointer="/prompt"
        )
    given = draft.values.get("prompt")
    if isinstance(given, str) and given.strip().rstrip(".") == PLACEHOLDER:
        message = "the prompt is still the placeholder that init wrote; replace it with your own"
        yield rule.found(message, measured=given.strip(), pointer="/prompt")


@rule(
    codes.NEGATIVE_PROMPT_LENGTH,
    ERROR,
    "M",
    fires="the negative prompt is over 500 characters",
    why="The service refuses it.",
)
def negative_prompt_length(rule: Rule, draft: Draft) -> Findings:
    most = draft.limits.negative_prompt_characters
    note = draft.limits.note("negative_prompt_characters")
    for error in errors_for(draft, codes.NEGATIVE_PROMPT_LENGTH):
        count = len(error.given)
        yield rule.found(
            f"the negative prompt has {count} characters; at most {most} are allowed{note}",
            measured=count,
            allowed=most,
            unit="characters",
            pointer="/negative_prompt",
        )


@rule(
    codes.REFERENCE_COUNT,
    ERROR,
    "M U",
    fires="there are too few or too many reference images",
    why="image_reference takes one to three, video_repainting and video_edit at most one.",
)
def reference_count(rule: Rule, draft: Draft) -> Findings:
    for error in errors_for(draft, codes.REFERENCE_COUNT):
        count = len(error.given)
        yield rule.found(
            f"there are {count} reference images; {draft.function} takes {error.allowed}",
            measured=count,
            allowed=error.allowed,
            unit="images",
            pointer="/ref_images_url",
        )


RULES: Final = rules_of(globals())
