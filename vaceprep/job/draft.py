"""Turn a mapping into a draft that the rules can check.

pydantic finds what is wrong with each single value; its messages never leave this module.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Final

from pydantic import ValidationError

from vaceprep.job import part_masks
from vaceprep.job.fields import size_text
from vaceprep.job.media import MEDIA_FIELDS, path_text
from vaceprep.job.model import FIELDS, MODELS, Job, shape_of
from vaceprep.limits import CONTRACT, Limits
from vaceprep.rules.catalogue import Finding, Severity
from vaceprep.rules.draft import PART_MASKS, Draft, ErrorKind, FieldError
from vaceprep.rules.job import judge_job
from vaceprep.rules.job_media import Together, judge_together

#: The kind of each pydantic error.
_KINDS: Final[dict[str, ErrorKind]] = {
    **{"missing": "missing", "literal_error": "choice"},
    **{"greater_than_equal": "range", "less_than_equal": "range"},
    **{"string_too_short": "short", "string_pattern_mismatch": "short", "too_short": "short"},
    **{"string_too_long": "long", "too_long": "long"},
}
#: Fields in which an empty text counts as absent.
_EMPTY_IS_ABSENT: Final = frozenset(["control_condition", *MEDIA_FIELDS])


def _is_absent(name: str, value: Any, function: str | None) -> bool:
    if value is None:
        return True
    if value == "" and isinstance(value, str):
        return name in _EMPTY_IS_ABSENT
    if isinstance(value, list | tuple) and not value:
        # If the images are required, an empty list is a wrong count.
        images = name == "ref_images_url" and function != "image_reference"
        return images or name in ("obj_or_bg", PART_MASKS)
    return False


def _clean(name: str, value: Any) -> Any:
    """Tuples as lists, and paths in media fields as text."""
    if name == PART_MASKS:
        return part_masks.clean(value)
    media = name in MEDIA_FIELDS
    if isinstance(value, list | tuple):
        return [path_text(item) if media else item for item in value]
    return path_text(value) if media else value


def draft_of(data: Mapping[Any, Any], limits: Limits = CONTRACT, *, split: bool = False) -> Draft:
    """The draft of a mapping: the fields that count as set, and the errors of single values.

    ``split``: its video is to be split, so that it may have a mask for each part.
    """
    named = data.get("function")
    function = named if isinstance(named, str) and named in MODELS else None
    values = {
        str(name): _clean(str(name), value)
        for name, value in data.items()
        if not _is_absent(str(name), value, function)
    }
    if isinstance(values.get("size"), str):
        values["size"] = size_text(values["size"])
    model = Job if function is None else MODELS[function]
    known = {name: value for name, value in values.items() if name in model.model_fields}
    errors = [*_field_errors(model, known), *_extra_errors(values.get("extra"))]
    errors += part_masks.errors_of(values.get(PART_MASKS))
    if limits != CONTRACT:
        errors = list(_within(errors, known, limits))
    wrong = {error.path for error in errors}
    errors += [e for e in _surrogates(known) if e.path not in wrong and e.path[:1] not in wrong]
    fields = {**FIELDS, **part_masks.OWNERS}
    return Draft(values, function, tuple(errors), fields, limits=limits, split=split)


def _within(
    errors: Iterable[FieldError], values: Mapping[str, Any], limits: Limits
) -> Iterator[FieldError]:
    """The errors under ``limits``, whose text lengths may differ from those of the models."""
    most = {
        "prompt": limits.prompt_characters,
        "negative_prompt": limits.negative_prompt_characters,
    }
    wrong = set()
    for error in errors:
        if error.name in most and error.kind == "long":
            continue
        wrong.add(error.name)
        yield error
    for name, longest in most.items():
        text = values.get(name)
        if not isinstance(text, str) or name in wrong:
            continue
        allowed = f"text of at most {longest} characters"
        if len(text) > longest:
            yield FieldError((name,), "long", text, allowed)
        elif name == "prompt" and not text.strip():
            # Too long for the model, which then does not check whether it is blank.
            yield FieldError((name,), "short", text, allowed)


def errors_of(draft: Draft) -> list[Finding]:
    """The findings on single fields that prevent a submission of this draft."""
    findings = [*judge_job(draft), *judge_together(Together(draft))]
    return [f for f in findings if f.severity is Severity.ERROR]


def _field_errors(model: type[Job], values: Mapping[str, Any]) -> Iterator[FieldError]:
    try:
        model.__pydantic_validator__.validate_python(dict(values))
    except ValidationError as error:
        complaints = error.errors(include_url=False, include_context=False)
    else:
        return
    seen: set[tuple[str | int, ...]] = set()
    for complaint in complaints:
        path = complaint["loc"]
        if path in seen or path[0] == "extra":
            continue
        seen.add(path)
        kind = _KINDS.get(complaint["type"], "type")
        allowed, choices = allowance(model, path, kind)
        given = None if kind == "missing" else complaint["input"]
        yield FieldError(path, kind, given, allowed, choices)


def _surrogates(values: Mapping[str, Any]) -> Iterator[FieldError]:
    """Errors for texts that JSON cannot represent, in any field but ``extra``."""
    for name, value in values.items():
        parts = enumerate(value) if isinstance(value, list) else [(None, value)]
        for number, text in parts:
            if isinstance(text, str) and not _is_json(text):
                path = (name,) if number is None else (name, number)
                yield FieldError(path, "type", text, "text without lone surrogates")


def _extra_errors(extra: Any) -> Iterator[FieldError]:
    """``extra`` may contain any JSON, but no field that the body already has."""
    if extra is None:
        return
    if not isinstance(extra, dict):
        yield FieldError(("extra",), "type", extra, "a mapping")
        return
    for name, value in extra.items():
        if name in FIELDS or name == PART_MASKS:
            allowed = "only a field that the body does not have of its own"
            yield FieldError(("extra", name), "choice", value, allowed)
        elif not _is_json(name) or not isinstance(name, str) or not _is_json(value):
            yield FieldError(("extra", str(name)), "type", value, "a value that JSON can say")


def _is_json(value: Any) -> bool:
    try:
        json.dumps(value, allow_nan=False, ensure_ascii=False).encode()
    except (TypeError, ValueError, RecursionError):
        return False
    return True


def allowance(
    model: type[Job], path: Sequence[str | int], kind: ErrorKind
) -> tuple[str, tuple[str, ...]]:
    """The allowed values of a field, in words, and the values of its enumeration."""
    shape = shape_of(model, str(path[0]))
    if len(path) > 1:
        shape = shape.get("items", {})
    words = shape.get("enum") or ([shape["const"]] if "const" in shape else [])
    if words:
        choices = tuple(str(w) for w in words)
        return " or ".join(filter(None, [", ".join(choices[:-1]), choices[-1]])), choices
    if shape.get("type") == "array":
        least, most = shape.get("minItems"), shape.get("maxItems")
        words = " or ".join(shape.get("items", {}).get("enum", ["entries"]))
        count = f"{least} to {most}" if least else f"at most {most}" if most else words
        return (count if kind in ("short", "long") else f"a list of {count}"), ()
    limits = ""
    if "minimum" in shape:
        limits = (
            f" from {shape['minimum']} to {shape['maximum']}"
            if "maximum" in shape
            else (f" of {shape['minimum']} or more")
        )
    if "maxLength" in shape:
        limits = f" of at most {shape['maxLength']} characters"
    names = {
        **{"integer": "a whole number", "number": "a number", "boolean": "true or false"},
        **{"string": "text", "object": "a mapping"},
    }
    word = names.get(shape.get("type", ""), "another value")
    if str(path[0]) in MEDIA_FIELDS:
        word = "a path or URL"
    return word + limits, ()
