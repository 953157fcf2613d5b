"""Pydantic types of the fields that several functions share."""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING, Annotated, Any, Final

from pydantic import BeforeValidator, Field

from vaceprep import contract
from vaceprep.job.media import path_text

_SIZE_X: Final = re.compile(r"(\d{3,4})[xX](\d{3,4})")


def size_text(value: Any) -> Any:
    """``1280x720`` in the service's form."""
    match = _SIZE_X.fullmatch(value) if isinstance(value, str) else None
    return value if match is None else match.expand(r"\1*\2")


def optional(description: str, **extra: Any) -> Any:
    """An optional field; ``default`` in ``extra`` is the service's own, which is not sent."""
    return Field(default=None, description=description, json_schema_extra=extra or None)


if TYPE_CHECKING:
    # Accepts a path object, but stores its text.
    Media = str | os.PathLike[str]
else:
    Media = Annotated[str, BeforeValidator(path_text), Field(min_length=1)]
Unit = Annotated[
    float, Field(ge=contract.UNIT_RANGE[0], le=contract.UNIT_RANGE[1], allow_inf_nan=False)
]
Scale = Annotated[
    float, Field(ge=contract.SCALE_RANGE[0], le=contract.SCALE_RANGE[1], allow_inf_nan=False)
]
# Not a Literal: 5.0 equals 5 but is not an integer.
Seconds = Annotated[
    int,
    Field(
        ge=contract.OUTPUT_SECONDS,
        le=contract.OUTPUT_SECONDS,
        json_schema_extra={"enum": [contract.OUTPUT_SECONDS]},
    ),
]
OutputSize = Annotated[contract.Size, BeforeValidator(size_text)]
SideReferences = Annotated[list[Media], Field(max_length=contract.MAX_SIDE_REFERENCES)]
Labels = Annotated[list[contract.Label], Field(max_length=contract.MAX_REFERENCES)]
