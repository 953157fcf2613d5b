"""A job as written, before validation: the input of the rules for jobs. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from math import isfinite
from typing import Any, Final, Literal

from vaceprep.contract import FIRST_MASK_FRAME, Function
from vaceprep.limits import CONTRACT, Limits
from vaceprep.rules import codes
from vaceprep.rules.catalogue import Finding

#: The key with a mask for each part of a video that is split; it is never sent.
PART_MASKS: Final = "masks"
ErrorKind = Literal["missing", "type", "choice", "range", "short", "long", "text", "number"]


@dataclass(frozen=True, slots=True)
class FieldError:
    """An invalid value of a field.

    ``path`` is the field's name and, in a list, the index. ``allowed`` completes "allowed is ...";
    ``choices`` are the values of an enumeration.
    """

    path: tuple[str | int, ...]
    kind: ErrorKind
    given: Any
    allowed: str
    choices: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """The name of the field."""
        return str(self.path[0])


@dataclass(frozen=True, slots=True)
class Draft:
    """A job as written, before validation.

    ``values`` are the fields that count as set; ``function`` is None if missing or unknown;
    ``fields`` maps each field to its functions; ``broken`` says why the file could not be read.
    """

    values: Mapping[str, Any] = field(default_factory=dict)
    function: Function | None = None
    errors: tuple[FieldError, ...] = ()
    fields: Mapping[str, tuple[Function, ...]] = field(default_factory=dict)
    broken: str | None = None
    #: The limits that apply to the job and its media.
    limits: Limits = CONTRACT
    #: Whether the job's video is split, which PART_MASKS is for.
    split: bool = False

    def has(self, name: str) -> bool:
        """Whether a field counts as set."""
        return name in self.values

    def failed(self, name: str) -> bool:
        """Whether the value of a field alone is invalid."""
        return any(e.name == name for e in self.errors)

    def references(self) -> int | None:
        """Return the number of reference images; None if unknown."""
        value = self.values.get("ref_images_url", [])
        return len(value) if isinstance(value, list) else None


Findings = Iterator[Finding]
#: Integers with more bits are not printed; Python itself refuses thousands of digits.
LONGEST_BITS: Final = 1000


def pointer(*path: str | int) -> str:
    """Return a JSON pointer (RFC 6901)."""
    return "".join("/" + str(p).replace("~", "~0").replace("/", "~1") for p in path)


def json_text(value: Any) -> str:
    """Return a given value as JSON text, truncated."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if value is None:
        return "null"
    if isinstance(value, int) and value.bit_length() > LONGEST_BITS:
        return "a number of hundreds of digits"
    try:
        text = f'"{value}"' if isinstance(value, str) else str(value)
    except ValueError:
        # A list or mapping that contains such a number.
        text = f"a {type(value).__name__} with a number of hundreds of digits"
    return _short(text)


def _short(text: str) -> str:
    """Truncate, and escape lone surrogates, which no output can encode."""
    text = text if len(text) <= 60 else f"{text[:57]}..."
    return text.encode("utf-8", "backslashreplace").decode()


def plain(value: Any) -> str | int | float | None:
    """Return a given value in a form that fits into a finding."""
    if isinstance(value, bool) or value is None:
        return json_text(value)
    if isinstance(value, str):
        return _short(value)
    if isinstance(value, int) and abs(value) < 1 << 63:
        return value
    if isinstance(value, float) and isfinite(value):
        return value
    return json_text(value)


#: Errors that a more specific rule reports instead of VP403.
SPECIFIC: Final = {
    **{("prompt", kind): codes.PROMPT_LENGTH for kind in ("short", "long", "text")},
    ("negative_prompt", "long"): codes.NEGATIVE_PROMPT_LENGTH,
    ("ref_images_url", "short"): codes.REFERENCE_COUNT,
    ("ref_images_url", "long"): codes.REFERENCE_COUNT,
    ("mask_frame_id", "range"): codes.MASK_FRAME_ID,
    ("obj_or_bg", "long"): codes.OBJ_OR_BG,
}


def specific(error: FieldError) -> str | None:
    """Return the rule that reports an error instead of VP403; None for VP403."""
    return SPECIFIC.get((error.name, error.kind)) if len(error.path) == 1 else None


def errors_for(draft: Draft, code: str) -> Iterator[FieldError]:
    """Return the errors that the rule ``code`` reports instead of VP403."""
    return (e for e in draft.errors if specific(e) == code)


def frame_id_too_small(draft: Draft) -> Iterator[FieldError]:
    """Return the errors of a ``mask_frame_id`` below the first frame, which VP305 reports."""
    return (
        e for e in draft.errors if specific(e) == codes.MASK_FRAME_ID and e.given < FIRST_MASK_FRAME
    )
