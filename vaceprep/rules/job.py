"""VP400 to VP412: what a job's fields break, without looking at any media. Pure.

Each function yields every finding of its rule, so that all problems are told at once. The models
of ``vaceprep.job`` supply what each field may be (``FieldError``); conditions between fields are
judged here, on the values as they were given.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from math import isfinite
from typing import Any, Final, Literal

from vaceprep.contract import (
    EXTENSION_FIELDS,
    FIRST_MASK_FRAME,
    FUNCTIONS,
    MAX_BACKGROUNDS,
    MAX_NEGATIVE_PROMPT,
    MAX_PROMPT,
    MAX_REFERENCES,
    NO_REWRITE,
    SCALE_FIELDS,
    SCALE_RANGE,
    Function,
)
from vaceprep.rules.catalogue import CHECKS, RULES, Finding, Rule, Severity, rule
from vaceprep.rules.wording import listed

ERROR, WARNING, ADVICE = Severity.ERROR, Severity.WARNING, Severity.ADVICE

ErrorKind = Literal["missing", "type", "choice", "range", "short", "long", "text", "number"]


@dataclass(frozen=True, slots=True)
class FieldError:
    """A value that its field cannot have.

    ``path`` is the field's name and, in a list, the position. ``allowed`` completes "allowed is
    ..."; ``choices`` are the words of an enumeration.
    """

    path: tuple[str | int, ...]
    kind: ErrorKind
    given: Any
    allowed: str
    choices: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """The field's name."""
        return str(self.path[0])


@dataclass(frozen=True, slots=True)
class Draft:
    """A job as it was written, before it is known to be one.

    ``values`` are the fields that count as set; ``function`` is None where it is missing or
    unknown; ``fields`` says which functions have which field; ``broken`` why the whole file
    could not be read.
    """

    values: Mapping[str, Any] = field(default_factory=dict)
    function: Function | None = None
    errors: tuple[FieldError, ...] = ()
    fields: Mapping[str, tuple[Function, ...]] = field(default_factory=dict)
    broken: str | None = None

    def has(self, name: str) -> bool:
        """Whether a field counts as set."""
        return name in self.values

    def failed(self, name: str) -> bool:
        """Whether a field's value is wrong by itself."""
        return any(e.name == name for e in self.errors)

    def references(self) -> int | None:
        """How many reference images there are; None where that cannot be said."""
        value = self.values.get("ref_images_url", [])
        return len(value) if isinstance(value, list) else None


Findings = Iterator[Finding]
#: Whole numbers beyond this are not written out; Python itself refuses some thousand digits.
LONGEST_BITS: Final = 1000
JOB_RULES: Final[list[str]] = []


def pointer(*path: str | int) -> str:
    """A JSON pointer (RFC 6901)."""
    return "".join("/" + str(p).replace("~", "~0").replace("/", "~1") for p in path)


def said(value: Any) -> str:
    """A given value as it would stand in JSON, cut short."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if value is None:
        return "null"
    if isinstance(value, int) and value.bit_length() > LONGEST_BITS:
        return "a number of hundreds of digits"
    try:
        text = f'"{value}"' if isinstance(value, str) else str(value)
    except ValueError:
        # A list or mapping with such a number in it.
        text = f"a {type(value).__name__} with a number of hundreds of digits"
    return _short(text)


def _short(text: str) -> str:
    """Cut short, and with lone surrogates written out, which no output can carry."""
    text = text if len(text) <= 60 else f"{text[:57]}..."
    return text.encode("utf-8", "backslashreplace").decode()


def _plain(value: Any) -> str | int | float | None:
    """A given value as a finding may carry it."""
    if isinstance(value, bool) or value is None:
        return said(value)
    if isinstance(value, str):
        return _short(value)
    if isinstance(value, int) and abs(value) < 1 << 63:
        return value
    if isinstance(value, float) and isfinite(value):
        return value
    return said(value)


def job_rule(
    code: str,
    slug: str,
    severity: Severity | tuple[Severity, ...],
    source: Any,
    *,
    fires: str,
    why: str,
) -> Callable[[Callable[[Rule, Draft], Findings]], Callable[[Rule, Draft], Findings]]:
    """A rule over a whole draft, which ``prepare`` cannot mend."""
    JOB_RULES.append(code)
    return rule(code, slug, severity, source, "job", fires=fires, fix=None, why=why)


@job_rule(
    "VP400",
    "job-unreadable",
    ERROR,
    "J",
    fires="the job file cannot be opened, is not valid JSON, YAML or TOML, or is not a mapping",
    why="Nothing in it can be judged. No other job rule speaks beside this one.",
)
def job_unreadable(rule: Rule, draft: Draft) -> Findings:
    if draft.broken is not None:
        yield rule.found(f"the job cannot be read: {draft.broken}")


@job_rule(
    "VP401",
    "unknown-field",
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
        hint = f"; did you mean {near[0]}?" if near else "; pass it in extra if it is meant"
        yield rule.found(
            f"there is no field {said(name)}{hint}",
            measured=_plain(name),
            allowed=near[0] if near else None,
            pointer=pointer(name),
        )


@job_rule(
    "VP402",
    "missing-field",
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


#: Fields of which a more specific rule says what VP403 would.
_SPECIFIC: Final = {
    **{("prompt", kind): "VP404" for kind in ("short", "long", "text")},
    ("negative_prompt", "long"): "VP405",
    ("ref_images_url", "short"): "VP406",
    ("ref_images_url", "long"): "VP406",
    ("mask_frame_id", "range"): "VP305",
    ("obj_or_bg", "long"): "VP407",
}


def _specific(error: FieldError) -> str | None:
    """The rule that speaks of an error instead of VP403."""
    return _SPECIFIC.get((error.name, error.kind)) if len(error.path) == 1 else None


@job_rule(
    "VP403",
    "invalid-value",
    ERROR,
    "M U",
    fires="a value has the wrong type, or is outside its enumeration or range",
    why="The service refuses it, or takes its default in silence.",
)
def invalid_value(rule: Rule, draft: Draft) -> Findings:
    if draft.has("function") and draft.function is None:
        given = draft.values["function"]
        yield rule.found(
            f"function is {said(given)}; it is one of {', '.join(FUNCTIONS)}"
            f"{_near(given, FUNCTIONS)}",
            measured=_plain(given),
            allowed=", ".join(FUNCTIONS),
            pointer="/function",
        )
    for error in draft.errors:
        if error.kind == "missing" or _specific(error):
            continue
        where = "".join(f"[{p}]" if isinstance(p, int) else f".{p}" for p in error.path)[1:]
        yield rule.found(
            f"{where} is {said(error.given)}; allowed is {error.allowed}"
            f"{_near(error.given, error.choices)}",
            measured=_plain(error.given),
            allowed=error.allowed,
            pointer=pointer(*error.path),
        )


def _near(given: Any, choices: tuple[str, ...]) -> str:
    """``; did you mean ...?`` where one allowed word is close."""
    if not isinstance(given, str):
        return ""
    near = get_close_matches(given.strip().lower(), choices, 1, 0.6)
    return f"; did you mean {near[0]}?" if near else ""


def _length_errors(draft: Draft, code: str) -> Iterator[FieldError]:
    return (e for e in draft.errors if _specific(e) == code)


@job_rule(
    "VP404",
    "prompt-length",
    ERROR,
    "M",
    fires="the prompt is empty, blank, or over 800 characters",
    why="Upstream cuts the rest off in silence: what was asked for would not be made.",
)
def prompt_length(rule: Rule, draft: Draft) -> Findings:
    for error in _length_errors(draft, "VP404"):
        count = len(error.given)
        message = (
            f"the prompt has {count} characters; at most {MAX_PROMPT} are used"
            if error.kind == "long"
            else "the prompt is empty or blank"
        )
        yield rule.found(
            message, measured=count, allowed=MAX_PROMPT, unit="characters", pointer="/prompt"
        )


@job_rule(
    "VP405",
    "negative-prompt-length",
    ERROR,
    "M",
    fires="the negative prompt is over 500 characters",
    why="The service refuses it.",
)
def negative_prompt_length(rule: Rule, draft: Draft) -> Findings:
    for error in _length_errors(draft, "VP405"):
        count = len(error.given)
        yield rule.found(
            f"the negative prompt has {count} characters; "
            f"at most {MAX_NEGATIVE_PROMPT} are allowed",
            measured=count,
            allowed=MAX_NEGATIVE_PROMPT,
            unit="characters",
            pointer="/negative_prompt",
        )


@job_rule(
    "VP406",
    "reference-count",
    ERROR,
    "M U",
    fires="there are too few or too many reference images",
    why="image_reference takes one to three, video_repainting and video_edit at most one.",
)
def reference_count(rule: Rule, draft: Draft) -> Findings:
    for error in _length_errors(draft, "VP406"):
        count = len(error.given)
        yield rule.found(
            f"there are {count} reference images; {draft.function} takes {error.allowed}",
            measured=count,
            allowed=error.allowed,
            unit="images",
            pointer="/ref_images_url",
        )


@job_rule(
    "VP407",
    "obj-or-bg",
    ERROR,
    "M U",
    fires="obj_or_bg is missing where needed, of the wrong length, or has more than one bg",
    why="Each reference image is a thing (obj) or the background (bg); one background at most.",
)
def obj_or_bg(rule: Rule, draft: Draft) -> Findings:
    count = draft.references()
    if draft.function is None or count is None or any(_length_errors(draft, "VP406")):
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


@job_rule(
    "VP408",
    "field-not-for-function",
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
    for name, reason in _idle(draft):
        if draft.has(name) and not draft.failed(name):
            yield rule.found(
                f"{name} takes no effect {reason}",
                measured=name,
                severity=WARNING,
                pointer=pointer(name),
            )


def _idle(draft: Draft) -> Iterator[tuple[str, str]]:
    """Fields that take no effect in this draft, and why."""
    if draft.function == "video_extension" and not draft.has("video_url"):
        yield "control_condition", "without video_url"
    if draft.function in ("video_repainting", "video_edit") and not draft.has("ref_images_url"):
        yield "obj_or_bg", "without ref_images_url"
    if draft.function != "video_edit" or any(_mask_choice(draft)):
        return
    if not draft.has("mask_image_url"):
        options = ("mask_type", "mask_frame_id", "expand_ratio", "expand_mode")
        yield from ((name, "without mask_image_url") for name in options)
    elif draft.values.get("mask_type") == "fixed":
        yield from ((n, "with mask_type: fixed") for n in ("expand_ratio", "expand_mode"))


def _mask_choice(draft: Draft) -> Iterator[str]:
    if draft.function == "video_edit":
        both = [n for n in ("mask_image_url", "mask_video_url") if draft.has(n)]
        if len(both) == 2:
            yield "there are two masks; give mask_image_url or mask_video_url, not both"
        elif not both:
            yield "there is no mask; give mask_image_url or mask_video_url"


@job_rule(
    "VP409",
    "mask-choice",
    ERROR,
    "M U",
    fires="none or both of the two masks are given",
    why="video_edit needs exactly one; upstream prefers the image.",
)
def mask_choice(rule: Rule, draft: Draft) -> Findings:
    for message in _mask_choice(draft):
        both = draft.has("mask_image_url")
        yield rule.found(
            message,
            measured=2 if both else 0,
            allowed=1,
            unit="masks",
            pointer="/mask_video_url" if both else "/mask_image_url",
        )


@job_rule(
    "VP410",
    "nothing-to-extend",
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


@job_rule(
    "VP411",
    "nothing-to-expand",
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


@job_rule(
    "VP412",
    "prompt-rewrite",
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
            measured=said(value) if value is not None else None,
            allowed="false",
            pointer="/prompt_extend",
        )


def frame_id_too_small(draft: Draft) -> Iterator[FieldError]:
    """A ``mask_frame_id`` below the first frame; VP305 speaks of it."""
    return (e for e in draft.errors if _specific(e) == "VP305" and e.given < FIRST_MASK_FRAME)


def judge_job(draft: Draft) -> list[Finding]:
    """What a job's fields break, all at once; while VP400 fires, no other rule does."""
    if draft.broken is not None:
        return list(CHECKS["VP400"](RULES["VP400"], draft))
    return [finding for code in JOB_RULES for finding in CHECKS[code](RULES[code], draft)]
