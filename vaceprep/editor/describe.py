"""The functions of the service as the page needs them: fields, types, limits, choices."""

from __future__ import annotations

from functools import cache
from typing import Any, Final

from vaceprep.contract import SIZES
from vaceprep.job.media import MEDIA_FIELDS
from vaceprep.job.model import MODELS, Job, fields_in_order, shape_of
from vaceprep.limits import CONTRACT, Limits, number

#: Keys of a field's JSON Schema that limit it, with their names here.
LIMITS: Final = {
    "minimum": "min",
    "maximum": "max",
    "minLength": "min_length",
    "maxLength": "max_length",
    "minItems": "min_items",
    "maxItems": "max_items",
}
#: Fields whose text has a limit that a configuration may change.
TEXTS: Final = {
    "prompt": "prompt_characters",
    "negative_prompt": "negative_prompt_characters",
}
#: Fields that the page does not offer: the first is fixed, the other unknown to vaceprep.
LEFT_OUT: Final = ("model", "extra")


def functions(limits: Limits = CONTRACT) -> dict[str, Any]:
    """The key ``functions`` of the state: of each function, its fields in reading order."""
    return {
        name: {
            "description": model.__doc__ or "",
            "fields": {
                field: _field(model, field, limits)
                for field in fields_in_order(model)
                if field not in LEFT_OUT
            },
        }
        for name, model in MODELS.items()
    }


def _field(model: type[Job], name: str, limits: Limits) -> dict[str, Any]:
    info = _plain(model, name)
    changed = TEXTS.get(name)
    if changed is None:
        return info
    return {**info, "limit": {**info["limit"], "max_length": getattr(limits, changed)}}


@cache
def _plain(model: type[Job], name: str) -> dict[str, Any]:
    """One field under the contract's limits."""
    shape = shape_of(model, name)
    info = model.model_fields[name]
    extra = info.json_schema_extra
    items = shape.get("items", {})
    choices = shape.get("enum") or items.get("enum") or []
    kind = str(shape.get("type", "string"))
    if name in MEDIA_FIELDS:
        kind = "media" if kind == "string" else "media-list"
    return {
        "type": kind,
        "required": info.is_required(),
        "default": extra.get("default") if isinstance(extra, dict) else None,
        "limit": {LIMITS[key]: value for key, value in shape.items() if key in LIMITS},
        "choices": [str(c) if isinstance(c, str) else c for c in choices],
        "description": info.description or "",
    }


def limits_of(limits: Limits) -> dict[str, Any]:
    """The key ``limits`` of the state: the service's numbers that the page draws."""
    return {
        "seconds": number(limits.video_seconds),
        "clip_seconds": number(limits.clip_seconds),
        "clips_seconds": number(limits.clips_seconds),
        "fps": number(limits.video_fps),
        "prompt_characters": limits.prompt_characters,
        "negative_prompt_characters": limits.negative_prompt_characters,
        "image_side": list(limits.image_side),
        "sizes": list(SIZES),
    }
