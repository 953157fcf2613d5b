"""The job key ``masks``: a mask for each part of a video that is split.

It is no field of the request's body: each part's job has its mask as ``mask_image_url``.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from vaceprep.contract import FIRST_MASK_FRAME, Function
from vaceprep.job.media import path_text
from vaceprep.rules.draft import PART_MASKS, FieldError

FRAME: Final = "frame"
IMAGE: Final = "image"
#: The function whose jobs may have the key.
OWNERS: Final[dict[str, tuple[Function, ...]]] = {PART_MASKS: ("video_edit",)}
#: Its shape in the JSON Schema of job files.
SHAPE: Final[dict[str, Any]] = {
    "description": "A mask image for each part of a long video; for --split alone.",
    "anyOf": [
        {
            "type": "array",
            "items": {
                "type": "object",
                "properties": {
                    FRAME: {
                        "type": "integer",
                        "minimum": FIRST_MASK_FRAME,
                        "description": "The frame of the whole video it was drawn on, from 1.",
                    },
                    IMAGE: {
                        "type": "string",
                        "minLength": 1,
                        "description": "The mask: a path or URL.",
                    },
                },
                "required": [FRAME, IMAGE],
                "additionalProperties": False,
            },
        },
        {"type": "null"},
    ],
}


def clean(value: Any) -> Any:
    """Return the value with paths as text."""
    if not isinstance(value, list | tuple):
        return value
    return [
        {key: path_text(held) if key == IMAGE else held for key, held in one.items()}
        if isinstance(one, Mapping)
        else one
        for one in value
    ]


def errors_of(value: Any) -> Iterator[FieldError]:
    """Yield what is wrong with the shape of the key; None is absent."""
    if value is None:
        return
    if not isinstance(value, list):
        allowed = "a list of masks, each with frame and image"
        yield FieldError((PART_MASKS,), "type", value, allowed)
        return
    for number, mask in enumerate(value):
        if not isinstance(mask, Mapping):
            allowed = "a mapping with frame and image"
            yield FieldError((PART_MASKS, number), "type", mask, allowed)
            continue
        for key in mask:
            if key not in (FRAME, IMAGE):
                path = (PART_MASKS, number, str(key))
                yield FieldError(path, "type", mask[key], "nothing beside frame and image")
        frame, image = mask.get(FRAME), mask.get(IMAGE)
        if not isinstance(frame, int) or isinstance(frame, bool) or frame < FIRST_MASK_FRAME:
            allowed = f"a whole number of {FIRST_MASK_FRAME} or more"
            yield FieldError((PART_MASKS, number, FRAME), "number", frame, allowed)
        if not isinstance(image, str) or not image:
            yield FieldError((PART_MASKS, number, IMAGE), "text", image, "a path or URL")
