"""Any valid job, and any single change that leaves the contract; both from the table by hand."""

from __future__ import annotations

import math
from typing import Any

from hypothesis import strategies as st

from tests.job.table import (
    EDIT,
    EMPTY_IS_ABSENT,
    EXTEND,
    EXTENSIONS,
    FUNCTIONS,
    IMAGE,
    NAMES,
    OUT,
    PAINT,
    Spec,
    Values,
    bad,
    fields_of,
    good,
    spec_of,
)

#: A changed job, what speaks of it, and where.
Change = tuple[Values, str, str]

characters = st.characters(exclude_categories=["Cs"])
words = st.text(characters, max_size=30)
prompts = st.one_of(
    words.map(lambda text: f"a{text}"),
    st.sampled_from(["x" * 800, "\U0001f600" * 800, "\n a", "'\"\\", "# : - {}", "null", "5"]),
)
urls = st.one_of(
    st.text("abcABC019-_.~%?&=/", min_size=1, max_size=20).map(
        lambda t: f"https://example.com/{t}"
    ),
    st.just("data:image/png;base64,AAAA"),
)
json_values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**63) | st.floats(-1e9, 1e9) | words,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(words, inner, max_size=3),
    max_leaves=6,
)


def value_of(spec: Spec) -> st.SearchStrategy[Any]:
    """Any value that the field can have, but how many images and labels there are."""
    if spec.name == "prompt":
        return prompts
    if spec.kind == "text":
        return words | st.just("x" * 500)
    if spec.kind == "int":
        return st.integers(int(spec.low), 2147483647)
    if spec.kind == "number":
        return st.floats(spec.low, spec.high) | st.integers(int(spec.low), int(spec.high))
    if spec.kind == "media":
        return urls
    if spec.kind == "extra":
        names = words.filter(lambda name: name not in NAMES and name != "function")
        return st.dictionaries(names, json_values, max_size=3)
    return st.sampled_from(good(spec))


def _some(function: str, names: list[str]) -> st.SearchStrategy[Values]:
    return st.fixed_dictionaries(
        {}, optional={name: value_of(spec_of(name, function)) for name in names}
    )


@st.composite
def _images(draw: st.DrawFn, function: str) -> Values:
    """Reference images with as many labels as they need, at most one of them ``bg``."""
    least, most = (1, 3) if function == IMAGE else (0, 1)
    images = draw(st.lists(urls, min_size=least, max_size=most))
    if not images:
        return draw(st.sampled_from([{}, {"ref_images_url": []}, {"obj_or_bg": []}]))
    labels = ["obj"] * len(images)
    background = draw(st.none() | st.integers(0, len(images) - 1))
    if background is not None:
        labels[background] = "bg"
    told = len(images) > 1 or draw(st.booleans())
    return {"ref_images_url": images} | ({"obj_or_bg": labels} if told else {})


@st.composite
def jobs(draw: st.DrawFn, functions: tuple[str, ...] = FUNCTIONS) -> Values:
    """Any job that the contract lets through, its media as URLs, its keys in any order."""
    function = draw(st.sampled_from(functions))
    job: Values = {"function": function, "prompt": draw(prompts)}
    placed = {"prompt", "ref_images_url", "obj_or_bg"}
    if function in (IMAGE, PAINT, EDIT):
        job |= draw(_images(function))
    if function in (PAINT, EDIT, OUT):
        job["video_url"] = draw(urls)
        placed.add("video_url")
    if function == PAINT:
        job["control_condition"] = draw(value_of(spec_of("control_condition", PAINT)))
        placed.add("control_condition")
    if function == EDIT:
        placed |= {"mask_image_url", "mask_video_url"}
        job[draw(st.sampled_from(["mask_image_url", "mask_video_url"]))] = draw(urls)
    if function == EXTEND:
        placed |= {"video_url", "control_condition", *EXTENSIONS}
        chosen = draw(st.sets(st.sampled_from(EXTENSIONS), min_size=1))
        job |= {name: draw(urls) for name in sorted(chosen)}
        if draw(st.booleans()):
            job["video_url"] = draw(urls)
            job["control_condition"] = draw(st.sampled_from(["depth", "posebodyface"]))
    job |= draw(_some(function, [n for n in fields_of(function) if n not in placed]))
    return {name: job[name] for name in draw(st.permutations(sorted(job)))}


@st.composite
def with_absent(draw: st.DrawFn, job: Values) -> Values:
    """The same job with more fields that do not count as set: null, and empty texts."""
    unset = [name for name in NAMES if name not in job]
    for name in draw(st.lists(st.sampled_from(unset), max_size=3)):
        job = {**job, name: draw(st.sampled_from([None, ""])) if name in EMPTY_IS_ABSENT else None}
    return job


def sent(job: Values) -> Values:
    """The body that the contract wants of a valid job."""
    body: Values = {"model": "wan2.1-vace-plus"}
    for name, value in job.items():
        optional_list = name in ("obj_or_bg", "ref_images_url")
        absent = value is None or (value == "" and name in EMPTY_IS_ABSENT)
        if absent or name == "extra" or (value == [] and optional_list):
            continue
        body[name] = value.replace("x", "*") if name == "size" else value
    return body | (job.get("extra") or {})


def same(one: Any, other: Any) -> bool:
    """Whether two JSON values are equal and of one type; 1 and 1.0 are one number."""
    if isinstance(one, bool) or isinstance(other, bool):
        return one is other
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(same(one[k], other[k]) for k in one)
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(same, one, other))
    if isinstance(one, float) and isinstance(other, float) and math.isnan(one):
        return math.isnan(other)
    return bool(one == other)


def _dropped(job: Values) -> list[Change]:
    function = job["function"]
    gone = [("function", "VP402", "/function")]
    gone += [(n, "VP402", f"/{n}") for n in fields_of(function) if function in _needs(n, function)]
    gone += [(n, "VP409", "/mask_image_url") for n in ("mask_image_url", "mask_video_url")]
    if len(job.get("ref_images_url", [])) > 1:
        gone.append(("obj_or_bg", "VP407", "/obj_or_bg"))
    if function == EXTEND and "video_url" in job:
        gone.append(("control_condition", "VP402", "/control_condition"))
    changes = [
        ({k: v for k, v in job.items() if k != name}, code, at)
        for name, code, at in gone
        if name in job
    ]
    if function == EXTEND:
        rest = {k: v for k, v in job.items() if k not in EXTENSIONS}
        changes.append((rest, "VP410", "/first_clip_url"))
    return changes


def _needs(name: str, function: str) -> tuple[str, ...]:
    return spec_of(name, function).required


def _counts(job: Values) -> list[Change]:
    """Wrong numbers of images, labels and masks."""
    function = job["function"]
    changes: list[Change] = []
    if function == EDIT:
        both = {"mask_image_url": "https://e.com/m.png", "mask_video_url": "https://e.com/m.mp4"}
        changes.append(({**job, **both}, "VP409", "/mask_video_url"))
    images = job.get("ref_images_url") or []
    if images:
        labels = ["obj"] * (len(images) + 1)
        changes.append(({**job, "obj_or_bg": labels}, "VP407", "/obj_or_bg"))
    if len(images) > 1:
        changes.append(({**job, "obj_or_bg": ["bg"] * len(images)}, "VP407", "/obj_or_bg"))
        changes.append(({**job, "obj_or_bg": []}, "VP407", "/obj_or_bg"))
    return changes


@st.composite
def changed(draw: st.DrawFn) -> Change:
    """A valid job with one change that leaves the contract."""
    job = draw(jobs())
    function = job["function"]
    kind = draw(st.sampled_from(["drop", "value", "unknown", "foreign", "count", "function"]))
    counts = _counts(job)
    if kind == "count" and counts:
        return draw(st.sampled_from(counts))
    if kind == "drop":
        return draw(st.sampled_from(_dropped(job)))
    if kind == "function":
        wrong = draw(words.filter(lambda w: w not in FUNCTIONS) | st.sampled_from([5, True, []]))
        return {**job, "function": wrong}, "VP403", "/function"
    if kind == "foreign":
        name = draw(st.sampled_from([n for n in NAMES if n not in fields_of(function)]))
        owner = next(f for f in FUNCTIONS if name in fields_of(f))
        value = draw(st.sampled_from(good(spec_of(name, owner))))
        return {**job, name: value}, "VP408", f"/{name}"
    if kind == "unknown":
        known = (*NAMES, "function", "")
        name = draw(st.text("abcdefgh_/~ü", min_size=1).filter(lambda n: n not in known))
        value = draw(st.sampled_from([1, "x", True, [], {}]))
        return {**job, name: value}, "VP401", "/" + name.replace("~", "~0").replace("/", "~1")
    name = draw(st.sampled_from([n for n in fields_of(function) if _alone(n, job)]))
    wrong_value = draw(st.sampled_from(list(bad(spec_of(name, function)))))
    return {**job, name: wrong_value.value}, wrong_value.code, f"/{name}{wrong_value.at}"


def _alone(name: str, job: Values) -> bool:
    """Whether a wrong value of the field breaks nothing else: no second mask, no label apart."""
    if name in ("mask_image_url", "mask_video_url"):
        return name in job
    if name == "ref_images_url":
        return not job.get("obj_or_bg")
    if name == "obj_or_bg":
        return len(job.get("ref_images_url") or []) == 1
    if job["function"] == EXTEND:
        return name not in ("video_url", "control_condition") or "video_url" in job
    return True
