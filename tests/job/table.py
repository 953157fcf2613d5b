"""The contract's table of the body, written by hand a second time: tests compare against it.

Nothing here comes from the models: a reader that is tested with its own table proves nothing.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final, Literal

Values = dict[str, Any]

IMAGE, PAINT, EDIT, EXTEND, OUT = FUNCTIONS = (
    "image_reference",
    "video_repainting",
    "video_edit",
    "video_extension",
    "video_outpainting",
)
Kind = Literal[
    "text", "bool", "int", "five", "number", "enum", "media", "medias", "labels", "extra", "model"
]
U: Final = "https://example.com/"


@dataclass(frozen=True)
class Spec:
    """One row: the field's name, what it holds, whose it is, and its limits."""

    name: str
    kind: Kind
    functions: tuple[str, ...]
    low: float = 0
    high: float = 0
    choices: tuple[str, ...] = ()
    required: tuple[str, ...] = ()


@dataclass(frozen=True)
class Bad:
    """A value that its field cannot have, the rule that says so, and where in the field."""

    value: Any
    code: str = "VP403"
    at: str = ""


_ALL = FUNCTIONS
_SIZES = ("1280*720", "720*1280", "960*960", "832*1088", "1088*832")
_GUIDE = ("posebodyface", "depth")
TABLE: Final = (
    Spec("model", "model", _ALL, choices=("wan2.1-vace-plus",)),
    Spec("prompt", "text", _ALL, 1, 800, required=_ALL),
    Spec("negative_prompt", "text", _ALL, 0, 500),
    Spec("prompt_extend", "bool", _ALL),
    Spec("seed", "int", _ALL, 0, 2147483647),
    Spec("duration", "five", _ALL),
    Spec("watermark", "bool", _ALL),
    Spec("safety_filter", "bool", _ALL),
    Spec("extra", "extra", _ALL),
    Spec("size", "enum", (IMAGE, EDIT), choices=_SIZES),
    Spec("ref_images_url", "medias", (IMAGE,), 1, 3, required=(IMAGE,)),
    Spec("ref_images_url", "medias", (PAINT, EDIT), 0, 1),
    Spec("obj_or_bg", "labels", (IMAGE, PAINT, EDIT), choices=("obj", "bg")),
    Spec("video_url", "media", (PAINT, EDIT, OUT), required=(PAINT, EDIT, OUT)),
    Spec("video_url", "media", (EXTEND,)),
    Spec(
        "control_condition",
        "enum",
        (PAINT,),
        choices=("posebodyface", "posebody", "depth", "scribble"),
        required=(PAINT,),
    ),
    Spec("control_condition", "enum", (EDIT, EXTEND), choices=_GUIDE),
    Spec("strength", "number", (PAINT,), 0, 1),
    Spec("mask_image_url", "media", (EDIT,)),
    Spec("mask_video_url", "media", (EDIT,)),
    Spec("mask_type", "enum", (EDIT,), choices=("tracking", "fixed")),
    Spec("mask_frame_id", "int", (EDIT,), 1, math.inf),
    Spec("expand_ratio", "number", (EDIT,), 0, 1),
    Spec("expand_mode", "enum", (EDIT,), choices=("hull", "bbox", "original")),
    Spec("first_frame_url", "media", (EXTEND,)),
    Spec("last_frame_url", "media", (EXTEND,)),
    Spec("first_clip_url", "media", (EXTEND,)),
    Spec("last_clip_url", "media", (EXTEND,)),
    Spec("top_scale", "number", (OUT,), 1, 2),
    Spec("bottom_scale", "number", (OUT,), 1, 2),
    Spec("left_scale", "number", (OUT,), 1, 2),
    Spec("right_scale", "number", (OUT,), 1, 2),
)
NAMES: Final = tuple(dict.fromkeys(spec.name for spec in TABLE))
#: Fields in which an empty text counts as absent.
URL_FIELDS: Final = tuple(dict.fromkeys(s.name for s in TABLE if s.kind in ("media", "medias")))
EMPTY_IS_ABSENT: Final = ("control_condition", *URL_FIELDS)


def spec_of(name: str, function: str) -> Spec:
    """The row of a field for one function."""
    return next(s for s in TABLE if s.name == name and function in s.functions)


def fields_of(function: str) -> list[str]:
    """Every field of one function."""
    return [s.name for s in TABLE if function in s.functions]


def minimal(function: str) -> Values:
    """The least that a function needs."""
    own: dict[str, Values] = {
        IMAGE: {"ref_images_url": [f"{U}cat.png"]},
        PAINT: {"video_url": f"{U}a.mp4", "control_condition": "depth"},
        EDIT: {"video_url": f"{U}a.mp4", "mask_image_url": f"{U}m.png"},
        EXTEND: {"first_clip_url": f"{U}f.mp4"},
        OUT: {"video_url": f"{U}a.mp4"},
    }
    return {"function": function, "prompt": "a cat", **own[function]}


def around(name: str, function: str) -> Values:
    """A valid job of the function in which the field, once set, takes effect; without it."""
    job = minimal(function)
    if name == "obj_or_bg":
        job["ref_images_url"] = [f"{U}cat.png"]
    if function == EXTEND and name in ("video_url", "control_condition"):
        job |= {"video_url": f"{U}g.mp4", "control_condition": "depth"}
    if name == "mask_video_url":
        job.pop("mask_image_url")
    if function == EXTEND and name in EXTENSIONS:
        job.pop("first_clip_url")
    job.pop(name, None)
    return job


EXTENSIONS: Final = ("first_frame_url", "last_frame_url", "first_clip_url", "last_clip_url")
SURROGATE: Final = "a\ud800"
_NOT_FINITE: Final = (math.nan, math.inf, -math.inf)


def good(spec: Spec) -> list[Any]:
    """Values that the field can have, both ends of its limits among them."""
    low, high = spec.low, spec.high
    if spec.kind == "text":
        most = int(high)
        values: list[Any] = ["x" * int(low), "x" * most, "\U0001f600" * most, "a\nb\0\u200b"]
        return [*values, "\u2003x", " x "] if spec.name == "prompt" else values
    if spec.kind == "int":
        return [int(low), int(low) + 1, 2147483647]
    if spec.kind == "number":
        return [float(low), float(high), int(low), int(high), (low + high) / 2]
    if spec.kind == "medias":
        many = [f"{U}{n}.png" for n in range(3)]
        return [many[: int(high)], many[:1]]
    others = [size.replace("*", "x") for size in spec.choices] if spec.name == "size" else []
    kinds: dict[str, list[Any]] = {
        "bool": [True, False],
        "five": [5],
        "enum": [*spec.choices, *others],
        "model": [*spec.choices],
        "media": [f"{U}x", "HTTP://example.com/x", "a.b", "~/x", "$HOME/x", "C:/x", "data:,"],
        "labels": [["obj"], ["bg"]],
        "extra": [{}, {"camera": {"zoom": [1, 2.5, None, True, "x"]}}, {"": ""}],
    }
    return kinds[spec.kind]


def bad(spec: Spec) -> Iterator[Bad]:
    """Values that the field cannot have: each just outside its limits, and of every other type."""
    for value in _wrong_types(spec):
        yield Bad(value)
    kind, low, high = spec.kind, spec.low, spec.high
    if spec.name == "prompt":
        yield from (Bad("x" * 801, "VP404"), Bad("\U0001f600" * 801, "VP404"))
        yield from (Bad(blank, "VP404") for blank in ("", " ", "\n\t", "\u2003\xa0", " " * 801))
    elif kind == "text":
        yield from (Bad("x" * (int(high) + 1), "VP405"), Bad(" " * 501, "VP405"))
    elif spec.name == "mask_frame_id":
        yield from (Bad(0, "VP305"), Bad(-1, "VP305"), Bad(-(10**30), "VP305"))
    elif kind == "int":
        yield from (Bad(int(low) - 1), Bad(int(high) + 1), Bad(10**30))
    elif kind == "five":
        yield from (Bad(4), Bad(6), Bad(0), Bad(-5))
    elif kind == "number":
        yield from (
            Bad(math.nextafter(low, -9)),
            Bad(math.nextafter(high, 9)),
            Bad(-1),
            Bad(10**300),
        )
    elif kind == "medias":
        yield Bad([f"{U}{n}" for n in range(int(high) + 1)], "VP406")
        items: tuple[Any, ...] = (5, True, None, ["a"], {}, SURROGATE, "")
        yield from (Bad([item], at="/0") for item in items)
        if low:
            yield Bad([], "VP406")
    elif kind == "labels":
        yield from (
            Bad([v], at="/0") for v in ("bird", "", "OBJ", 5, True, None, ["obj"], SURROGATE)
        )
        yield from (Bad(["obj", "obj"], "VP407"), Bad(["obj"] * 4, "VP407"))
    elif kind == "extra":
        yield from (Bad({name: 1}, at=f"/{name}") for name in NAMES if name != "extra")
        yield Bad({"function": 1}, at="/function")
        yield from (Bad({"a": v}, at="/a") for v in (*_NOT_FINITE, [math.nan], SURROGATE))


def _wrong_types(spec: Spec) -> list[Any]:
    kinds: dict[str, list[Any]] = {
        "text": [True, 5, 5.0, ["x"], [], {}, SURROGATE],
        "bool": [0, 1, 1.0, "true", "", [], [True], {}, SURROGATE],
        "int": [True, False, 5.0, "5", "", [5], [], {}, SURROGATE],
        "five": [True, 5.0, "5", "", [5], {}, SURROGATE],
        "number": [True, False, "1", "1.0", "", [1.0], {}, SURROGATE],
        "enum": [True, 5, ["depth"], {}, "nonsense", *_near_misses(spec), SURROGATE],
        "model": [True, 5, "wan2.1-vace", "", [], {}, SURROGATE],
        "media": [True, 5, 5.0, ["a"], {}, SURROGATE],
        "medias": [True, 5, f"{U}a.png", {}, SURROGATE],
        "labels": [True, 5, "obj", "", {}, SURROGATE],
        "extra": [True, 5, "", "x", [], [{}], SURROGATE],
    }
    return [*kinds[spec.kind], *_NOT_FINITE]


def _near_misses(spec: Spec) -> list[str]:
    if not spec.choices:
        return []
    first = spec.choices[0]
    more = ["1280×720", "1280", "1281x720"] if spec.name == "size" else [first.upper()]
    empty = [] if spec.name in EMPTY_IS_ABSENT else [""]
    return [f" {first}", first[:-1], *more, *empty]


def pairs() -> list[tuple[str, str]]:
    """Every function with every field that it has."""
    return [(function, name) for function in FUNCTIONS for name in fields_of(function)]


def strangers() -> list[tuple[str, str]]:
    """Every function with every field that only others have."""
    return [(f, name) for f in FUNCTIONS for name in NAMES if name not in fields_of(f)]


#: The page's five example bodies, as they stand there.
EXAMPLES: Final[dict[str, Values]] = {
    IMAGE: {
        "function": "image_reference",
        "prompt": "A cat playing in the garden",
        "ref_images_url": ["https://example.com/cat.jpg", "https://example.com/garden.jpg"],
        "obj_or_bg": ["obj", "bg"],
        "size": "1280*720",
        "duration": 5,
    },
    PAINT: {
        "function": "video_repainting",
        "prompt": "Transform the scene into a cyberpunk style",
        "video_url": "https://example.com/source.mp4",
        "control_condition": "depth",
        "strength": 0.8,
    },
    EDIT: {
        "function": "video_edit",
        "prompt": "Replace the background with a beach sunset",
        "video_url": "https://example.com/source.mp4",
        "mask_image_url": "https://example.com/mask.png",
        "mask_type": "tracking",
    },
    EXTEND: {
        "function": "video_extension",
        "prompt": "Continue the scene with the character walking forward",
        "first_clip_url": "https://example.com/clip.mp4",
        "duration": 5,
    },
    OUT: {
        "function": "video_outpainting",
        "prompt": "Expand to show more of the surrounding environment",
        "video_url": "https://example.com/source.mp4",
        "top_scale": 1.5,
        "left_scale": 1.3,
        "right_scale": 1.3,
    },
}
