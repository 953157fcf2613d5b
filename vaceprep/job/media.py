"""The media of a body: which fields have them, by JSON pointer, and where local paths are."""

from __future__ import annotations

import os
from collections.abc import Mapping
from types import ModuleType
from typing import Any, Final

from vaceprep.contract import Role
from vaceprep.files.source import is_url

#: The media fields, each named like its role, in the order of reports.
MEDIA_FIELDS: Final[tuple[Role, ...]] = (
    *("video_url", "first_clip_url", "last_clip_url", "mask_video_url"),
    *("mask_image_url", "first_frame_url", "last_frame_url", "ref_images_url"),
)


def path_text(value: Any) -> Any:
    """The text of an object with ``__fspath__``; any other value unchanged."""
    if hasattr(value, "__fspath__"):
        return os.fsdecode(value)
    return value


def media_of(values: Mapping[str, Any]) -> dict[str, str]:
    """Every path and URL of a body, by JSON pointer; values of the wrong shape are left out."""
    found: dict[str, str] = {}
    for name in MEDIA_FIELDS:
        value = values.get(name)
        if name == "ref_images_url":
            items = value if isinstance(value, list | tuple) else ()
            texts = [(f"/{name}/{number}", path_text(item)) for number, item in enumerate(items)]
        else:
            texts = [(f"/{name}", path_text(value))]
        found |= {at: text for at, text in texts if isinstance(text, str)}
    return found


def role_of(pointer: str) -> Role:
    """The role of the media at a JSON pointer: its field."""
    name = pointer[1:].partition("/")[0]
    return next(role for role in MEDIA_FIELDS if role == name)


def put(values: dict[str, Any], at: str, value: str) -> None:
    """Set a path or URL at a JSON pointer of a body, without changing the original list."""
    name, _, index = at[1:].partition("/")
    if index:
        values[name] = [value if i == int(index) else v for i, v in enumerate(values[name])]
    else:
        values[name] = value


def resolve(path: str, base: str, flavour: ModuleType = os.path) -> str:
    """Resolve a local path relative to ``base``; URLs stay. ``~`` and variables are not expanded.

    ``flavour`` is ``ntpath`` or ``posixpath``: the syntax of the paths.
    """
    return path if is_url(path) else str(flavour.join(base, path))
