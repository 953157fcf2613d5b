"""The JSON Schema of job files, so that editors complete and check them.

The fields come from the models; conditions between fields that a schema can express are added
here. What it cannot express (a mask's frame against its video, an ``extra`` that a later body
accepts) only ``check`` reports.
"""

from __future__ import annotations

import copy
from typing import Any, Final

from vaceprep.contract import (
    EXTENSION_FIELDS,
    MAX_BACKGROUNDS,
    MAX_REFERENCES,
    MAX_SIDE_REFERENCES,
    Function,
)
from vaceprep.job import part_masks
from vaceprep.job.media import MEDIA_FIELDS
from vaceprep.job.model import FIELDS, MODELS
from vaceprep.rules.draft import PART_MASKS

DRAFT: Final = "https://json-schema.org/draft/2020-12/schema"


def _given(name: str) -> dict[str, Any]:
    """True if a text field counts as set: neither absent, null nor empty."""
    return {"required": [name], "properties": {name: {"type": "string", "minLength": 1}}}


def _many(name: str, least: int, most: int | None = None) -> dict[str, Any]:
    shape = {"type": "array", "minItems": least}
    if most is not None:
        shape["maxItems"] = most
    return {"required": [name], "properties": {name: shape}}


def _labels(count: int) -> dict[str, Any]:
    """The number of labels must equal ``count``, the number of images; for one, none are needed."""
    labels = {"type": "array", "minItems": count, "maxItems": count}
    absent = [{"type": "null"}, {"type": "array", "maxItems": 0}] if count == 1 else []
    then: dict[str, Any] = {"properties": {"obj_or_bg": {"anyOf": [labels, *absent]}}}
    if count > 1:
        then["required"] = ["obj_or_bg"]
    return {"if": _many("ref_images_url", count, count), "then": then}


def _conditions(function: Function) -> dict[str, Any]:
    """The conditions between the fields of one function."""
    if function == "image_reference":
        return {"allOf": [_labels(count) for count in range(1, MAX_REFERENCES + 1)]}
    if function == "video_repainting":
        return _labels(MAX_SIDE_REFERENCES)
    if function == "video_edit":
        masks = [_given("mask_image_url"), _given("mask_video_url"), _many(PART_MASKS, 1)]
        return {"oneOf": masks, **_labels(MAX_SIDE_REFERENCES)}
    if function == "video_extension":
        guided = {"if": _given("video_url"), "then": _given("control_condition")}
        return {"anyOf": [_given(name) for name in EXTENSION_FIELDS], **guided}
    return {}


def _loosen(name: str, shape: dict[str, Any], function: Function) -> dict[str, Any]:
    """Accept what the models clean up before validation: empty texts, the other form of a size."""
    shape = copy.deepcopy(shape)
    shape.pop("title", None)
    branches = shape.get("anyOf", [shape])
    for branch in branches:
        if name == "size" and "enum" in branch:
            branch["enum"] += [size.replace("*", "x") for size in branch["enum"]]
        if name == "obj_or_bg" and "items" in branch:
            background = {"contains": {"const": "bg"}, "minContains": 0}
            branch |= {**background, "maxContains": MAX_BACKGROUNDS}
    optional = any(branch.get("type") == "null" for branch in branches)
    if optional and name in (*MEDIA_FIELDS, "control_condition"):
        branches.append({"const": ""})
    if name == "extra":
        for branch in branches:
            if branch.get("type") == "object":
                branch["propertyNames"] = {"not": {"enum": sorted([*FIELDS, PART_MASKS])}}
    if name == "function":
        shape = {"const": function, "description": "Which of the five functions the job is for."}
    if name == "model":
        about = shape.pop("description")
        shape = {"anyOf": [shape, {"type": "null"}], "description": about}
    return shape


def _function_schema(function: Function) -> dict[str, Any]:
    raw = MODELS[function].model_json_schema()
    return {
        "type": "object",
        "title": function,
        "description": raw.get("description", ""),
        "properties": {
            **{n: _loosen(n, s, function) for n, s in raw["properties"].items()},
            **{n: part_masks.SHAPE for n, whose in part_masks.OWNERS.items() if function in whose},
        },
        "required": ["function", *raw["required"]],
        "additionalProperties": False,
        **_conditions(function),
    }


def schema() -> dict[str, Any]:
    """The JSON Schema (2020-12) of a job file: one of the five functions."""
    return {
        "$schema": DRAFT,
        "title": "A job for wan2.1-vace-plus",
        "type": "object",
        "required": ["function"],
        "properties": {"function": {"enum": list(MODELS)}},
        "oneOf": [{"$ref": f"#/$defs/{function}"} for function in MODELS],
        "$defs": {function: _function_schema(function) for function in MODELS},
    }
