"""A job as it was written, before it is known to be one: what its rules look at. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from math import isfinite
from typing import Any, Final, Literal

from vaceprep.contract import FIRST_MASK_FRAME, Function
from vaceprep.limits import CONTRACT, Limits
from vaceprep.rules import codes
from vaceprep.rules.catalogue import Finding, Rule, Severity, rule

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
    #: What it and its media are held to.
    limits: Limits = CONTRACT

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


def plain(value: Any) -> str | int | float | None:
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
) -> Callable[[Callable[[Rule, Draft], Findings]], Rule]:
    """A rule over a whole draft, which ``prepare`` cannot fix."""
    return rule(code, slug, severity, source, "job", fires=fires, fix=None, why=why)


#: Fields of which a more specific rule says what VP403 would.
SPECIFIC: Final = {
    **{("prompt", kind): codes.PROMPT_LENGTH for kind in ("short", "long", "text")},
    ("negative_prompt", "long"): codes.NEGATIVE_PROMPT_LENGTH,
    ("ref_images_url", "short"): codes.REFERENCE_COUNT,
    ("ref_images_url", "long"): codes.REFERENCE_COUNT,
    ("mask_frame_id", "range"): codes.MASK_FRAME_ID,
    ("obj_or_bg", "long"): codes.OBJ_OR_BG,
}


def specific(error: FieldError) -> str | None:
    """The rule that speaks of an error instead of VP403."""
    return SPECIFIC.get((error.name, error.kind)) if len(error.path) == 1 else None


def errors_for(draft: Draft, code: str) -> Iterator[FieldError]:
    """The errors of which another rule than VP403 speaks."""
    return (e for e in draft.errors if specific(e) == code)


def frame_id_too_small(draft: Draft) -> Iterator[FieldError]:
    """A ``mask_frame_id`` below the first frame; VP305 speaks of it."""
    return (
        e for e in draft.errors if specific(e) == codes.MASK_FRAME_ID and e.given < FIRST_MASK_FRAME
    )
