"""The JSON Schema says what the rules say, but for what the lists below name."""

from __future__ import annotations

import math
from typing import Any

import pytest
from hypothesis import given
from jsonschema import Draft202012Validator

import vaceprep
from tests.job.generate import Change, changed, jobs
from tests.job.table import (
    EDIT,
    EXTEND,
    FUNCTIONS,
    IMAGE,
    OUT,
    PAINT,
    Bad,
    Spec,
    U,
    Values,
    around,
    bad,
    fields_of,
    good,
    minimal,
    pairs,
    spec_of,
    strangers,
)
from vaceprep import InvalidJob, Job

SCHEMA = vaceprep.schema()
VALIDATOR = Draft202012Validator(SCHEMA)


def rules_allow(job: Values) -> bool:
    try:
        Job.from_dict(job)
    except InvalidJob:
        return False
    return True


def schema_allows(job: Values) -> bool:
    return bool(VALIDATOR.is_valid(job))


def schema_cannot_say(value: Any) -> bool:
    """Values that JSON's own types or files have not, so that a schema lets them through."""
    if isinstance(value, float):
        # 5.0 is an integer in JSON Schema, where only the value counts; NaN is in no range, and
        # neither are infinities JSON.
        return value.is_integer() or not math.isfinite(value)
    if isinstance(value, str):
        # A lone surrogate: no file in UTF-8 has one, an escape in JSON may.
        return any("\ud800" <= c <= "\udfff" for c in value)
    if isinstance(value, list):
        return any(map(schema_cannot_say, value))
    if isinstance(value, dict):
        return any(map(schema_cannot_say, value.values()))
    return False


#: Where the schema is stricter: a field of another function is never there, not even as null or
#: as an empty text, which the rules count as absent. An editor should not offer it at all.
ONLY_THE_RULES_ALLOW: list[Values] = [
    {**minimal(OUT), "strength": None},
    {**minimal(OUT), "mask_image_url": ""},
    {**minimal(IMAGE), "control_condition": ""},
]
#: Where the rules are stricter: what hangs on bytes and hosts, which no schema reads.
ONLY_THE_SCHEMA_ALLOWS: list[Values] = [
    {**minimal(OUT), "seed": 5.0},
    {**minimal(OUT), "duration": 5.0},
    {**minimal(OUT), "top_scale": math.nan},
    {**minimal(OUT), "prompt": "a\ud800"},
    {**minimal(OUT), "extra": {"a": math.inf}},
]
#: What both refuse, or both let through, beyond single fields.
CONDITIONS: list[Values] = [
    {**minimal(IMAGE), "ref_images_url": [f"{U}1", f"{U}2"]},
    {**minimal(IMAGE), "ref_images_url": [f"{U}1", f"{U}2"], "obj_or_bg": ["obj"]},
    {**minimal(IMAGE), "ref_images_url": [f"{U}1", f"{U}2"], "obj_or_bg": []},
    {**minimal(IMAGE), "ref_images_url": [f"{U}1", f"{U}2"], "obj_or_bg": ["obj", "bg"]},
    {**minimal(IMAGE), "ref_images_url": [f"{U}1", f"{U}2"], "obj_or_bg": ["bg", "bg"]},
    {**minimal(IMAGE), "ref_images_url": [f"{U}1", f"{U}2", f"{U}3"], "obj_or_bg": ["obj"] * 3},
    {**minimal(IMAGE), "ref_images_url": [f"{U}1", f"{U}2", f"{U}3"], "obj_or_bg": ["obj"] * 2},
    {**minimal(IMAGE), "ref_images_url": [f"{U}{n}" for n in range(4)], "obj_or_bg": ["obj"] * 4},
    {**minimal(IMAGE), "ref_images_url": []},
    {**minimal(IMAGE), "ref_images_url": None},
    {**minimal(IMAGE), "ref_images_url": ""},
    {**minimal(IMAGE), "obj_or_bg": []},
    {**minimal(IMAGE), "obj_or_bg": None},
    {**minimal(PAINT), "ref_images_url": [f"{U}1"], "obj_or_bg": ["obj"]},
    {**minimal(PAINT), "ref_images_url": [f"{U}1"]},
    {**minimal(PAINT), "ref_images_url": []},
    {**minimal(PAINT), "ref_images_url": ""},
    {**minimal(PAINT), "ref_images_url": [f"{U}1", f"{U}2"]},
    {**minimal(PAINT), "ref_images_url": [f"{U}1"], "obj_or_bg": ["obj", "bg"]},
    {**minimal(PAINT), "obj_or_bg": ["obj"]},
    {**minimal(PAINT), "obj_or_bg": ["obj"] * 4},
    {**minimal(PAINT), "control_condition": ""},
    {**minimal(PAINT), "control_condition": None},
    {**minimal(PAINT), "video_url": ""},
    {**minimal(PAINT), "video_url": None},
    {**minimal(EDIT), "mask_video_url": f"{U}m.mp4"},
    {**minimal(EDIT), "mask_video_url": ""},
    {**minimal(EDIT), "mask_video_url": None},
    {**minimal(EDIT), "mask_image_url": None},
    {**minimal(EDIT), "mask_image_url": ""},
    {**minimal(EDIT), "mask_image_url": "", "mask_video_url": f"{U}m.mp4"},
    {**minimal(EDIT), "control_condition": ""},
    {**minimal(EDIT), "mask_type": "fixed", "expand_ratio": 0.5},
    {**minimal(EXTEND), "first_clip_url": ""},
    {**minimal(EXTEND), "first_clip_url": "", "last_frame_url": f"{U}l.png"},
    {**minimal(EXTEND), "video_url": f"{U}g.mp4"},
    {**minimal(EXTEND), "video_url": f"{U}g.mp4", "control_condition": ""},
    {**minimal(EXTEND), "video_url": f"{U}g.mp4", "control_condition": None},
    {**minimal(EXTEND), "video_url": f"{U}g.mp4", "control_condition": "depth"},
    {**minimal(EXTEND), "video_url": "", "control_condition": ""},
    {**minimal(EXTEND), "video_url": None},
    {**minimal(EXTEND), "control_condition": "depth"},
    {**minimal(OUT), "top_scale": 1, "bottom_scale": None},
    {"function": EXTEND, "prompt": "a"},
    {"function": OUT, "prompt": "a"},
    {"function": None, "prompt": "a"},
    {"function": "", "prompt": "a"},
    {"prompt": "a"},
    {},
]


def test_it_is_a_schema() -> None:
    Draft202012Validator.check_schema(SCHEMA)
    assert SCHEMA["$schema"] == "https://json-schema.org/draft/2020-12/schema"


def test_it_does_not_remember_what_was_done_to_it() -> None:
    vaceprep.schema()["$defs"].clear()
    assert vaceprep.schema() == SCHEMA


@pytest.mark.parametrize("function", FUNCTIONS)
def test_editors_find_every_field_with_a_description(function: str) -> None:
    properties = SCHEMA["$defs"][function]["properties"]
    own = {"masks"} if function == "video_edit" else set()
    assert set(properties) == {"function", *fields_of(function), *own}
    for name in fields_of(function):
        assert len(properties[name].get("description", "")) > 10, name


@pytest.mark.parametrize(("function", "name"), pairs())
def test_the_same_values_pass(function: str, name: str) -> None:
    spec = spec_of(name, function)
    for value in good(spec):
        job = _with(function, spec, value)
        assert rules_allow(job)
        assert schema_allows(job), value


@pytest.mark.parametrize(("function", "name"), pairs())
def test_the_same_values_are_refused(function: str, name: str) -> None:
    spec = spec_of(name, function)
    for wrong in bad(spec):
        if not _beyond_a_schema(wrong):
            assert not schema_allows(_with(function, spec, wrong.value)), wrong.value


def _with(function: str, spec: Spec, value: Any) -> Values:
    job = {**around(spec.name, function), spec.name: value}
    if spec.kind == "medias" and isinstance(value, list) and 1 < len(value) <= 3:
        job["obj_or_bg"] = ["obj"] * len(value)
    return job


def _beyond_a_schema(wrong: Bad) -> bool:
    return schema_cannot_say(wrong.value)


@pytest.mark.parametrize(("function", "name"), strangers())
def test_a_field_of_another_function_is_refused_null_too(function: str, name: str) -> None:
    owner = next(f for f in FUNCTIONS if name in fields_of(f))
    for value in good(spec_of(name, owner)):
        assert not schema_allows({**minimal(function), name: value})


@pytest.mark.parametrize("job", CONDITIONS, ids=ascii)
def test_conditions_between_fields(job: Values) -> None:
    assert schema_allows(job) == rules_allow(job)


@pytest.mark.parametrize("job", ONLY_THE_RULES_ALLOW, ids=ascii)
def test_where_the_schema_is_stricter(job: Values) -> None:
    assert rules_allow(job)
    assert not schema_allows(job)


@pytest.mark.parametrize("job", ONLY_THE_SCHEMA_ALLOWS, ids=ascii)
def test_where_the_rules_are_stricter(job: Values) -> None:
    assert not rules_allow(job)
    assert schema_allows(job)


@given(job=jobs())
def test_any_valid_job_passes(job: Values) -> None:
    assert list(VALIDATOR.iter_errors(job)) == []


@given(change=changed())
def test_any_change_that_leaves_the_contract_is_refused(change: Change) -> None:
    job, _, at = change
    value = job.get(at[1:].partition("/")[0])
    if not schema_cannot_say(value):
        assert not schema_allows(job)
