"""A commented job file for one function, with every field it has, ready to edit."""

from __future__ import annotations

import json
import textwrap
from typing import Any, Final, Literal

from vaceprep.contract import Function
from vaceprep.job.model import MODELS, Job, fields_in_order
from vaceprep.rules.job_fields import PLACEHOLDER

Language = Literal["yaml", "toml", "json"]
#: Example values of fields that must be set. Users replace the media names.
EXAMPLES: Final[dict[str, Any]] = {
    "prompt": PLACEHOLDER,
    "video_url": "clip.mp4",
    "ref_images_url": ["reference.png"],
    "control_condition": "depth",
    "mask_image_url": "mask.png",
    "mask_video_url": "mask.mp4",
    "first_frame_url": "first.png",
    "last_frame_url": "last.png",
    "first_clip_url": "first.mp4",
    "last_clip_url": "last.mp4",
    "negative_prompt": "blurry",
    "seed": 42,
    "safety_filter": True,
    "obj_or_bg": ["obj"],
    "extra": {},
}
#: Optional fields that the template sets, because one of several is needed or recommended.
CHOSEN: Final[dict[Function, dict[str, Any]]] = {
    "image_reference": {"obj_or_bg": ["obj"]},
    "video_repainting": {"prompt_extend": False},
    "video_edit": {"prompt_extend": False, "mask_image_url": "mask.png"},
    "video_extension": {"prompt_extend": False, "first_clip_url": "first.mp4"},
    "video_outpainting": {"prompt_extend": False, "left_scale": 1.5, "right_scale": 1.5},
}
WIDTH: Final = 96


def _default(model: type[Job], name: str) -> Any:
    extra = model.model_fields[name].json_schema_extra
    if isinstance(extra, dict) and "default" in extra:
        return extra["default"]
    return EXAMPLES.get(name, "depth")


def starting_values(function: Function) -> dict[str, Any]:
    """The fields that the template sets."""
    model = MODELS[function]
    chosen = CHOSEN[function]
    values: dict[str, Any] = {"function": function}
    for name in fields_in_order(model):
        if name in chosen:
            values[name] = chosen[name]
        elif model.model_fields[name].is_required():
            values[name] = EXAMPLES[name]
    return values


def template(function: Function, language: Language = "yaml") -> str:
    """The text of the job file. JSON has no comments, so it has only the set fields."""
    values = starting_values(function)
    if language == "json":
        return json.dumps(values, indent=2) + "\n"
    model = MODELS[function]
    lines = [
        f"# A job for {function}. Paths are relative to this file; URLs may stand in their place.",
        "# Check it: vaceprep check THIS-FILE",
        "",
    ]
    for name in ("function", *fields_in_order(model)):
        text = model.model_fields[name].description or ""
        lines += [f"# {line}" for line in textwrap.wrap(text, WIDTH)]
        value = values[name] if name in values else _default(model, name)
        # JSON's scalars and lists are valid YAML and, mappings apart, valid TOML.
        line = f"{name}{':' if language == 'yaml' else ' ='} {json.dumps(value)}"
        lines += [line if name in values else f"# {line}", ""]
    return "\n".join(lines).rstrip("\n") + "\n"
