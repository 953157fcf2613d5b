"""Every field of the contract's table: its limits on both sides, and every wrong type."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

import vaceprep
from tests.job.table import (
    EMPTY_IS_ABSENT,
    EXTEND,
    EXTENSIONS,
    FUNCTIONS,
    IMAGE,
    OUT,
    Spec,
    around,
    bad,
    fields_of,
    good,
    minimal,
    pairs,
    spec_of,
    strangers,
)
from tests.job.write import brief, checked, job_file, refused, warned
from vaceprep import Job

FOREIGN = (
    *("input should", "pydantic", "field required", "value error", "validation error"),
    *("type=", "extra inputs", "traceback", "for further information"),
)


#: What all functions share is tried on one of them; test_any_job tries it on all.
WRONG = [
    (function, name)
    for function, name in pairs()
    if spec_of(name, function).functions != FUNCTIONS or function == OUT
]


def with_value(function: str, spec: Spec, value: Any) -> dict[str, Any]:
    job = {**around(spec.name, function), spec.name: value}
    if spec.kind == "medias" and isinstance(value, list) and 1 < len(value) <= 3:
        job["obj_or_bg"] = ["obj"] * len(value)
    return job


@pytest.mark.parametrize(("function", "name"), pairs())
def test_what_the_table_allows_is_let_through(function: str, name: str) -> None:
    spec = spec_of(name, function)
    for value in good(spec):
        job = Job.from_dict(with_value(function, spec, value))
        expected = value.replace("x", "*") if name == "size" else value
        assert getattr(job, name) == expected
        assert type(getattr(job, name)) is not bool or spec.kind == "bool"


@pytest.mark.parametrize("function", FUNCTIONS)
def test_each_functions_least_job_passes(function: str, tmp_path: Path) -> None:
    findings = checked(tmp_path, minimal(function))
    assert brief(findings) == []
    assert Job.from_dict(minimal(function)).body() == {
        "model": "wan2.1-vace-plus",
        **minimal(function),
    }


@pytest.mark.parametrize(("function", "name"), WRONG)
def test_what_the_table_forbids_has_one_finding_that_points_to_it(
    function: str, name: str, tmp_path: Path
) -> None:
    spec = spec_of(name, function)
    for wrong in bad(spec):
        value = wrong.value
        if isinstance(value, int) and not isinstance(value, bool) and value > 10**99:
            # No writer of JSON is asked for four hundred digits in the file.
            continue
        findings = checked(tmp_path, with_value(function, spec, value))
        assert brief(findings) == [(wrong.code, f"/{name}{wrong.at}")], ascii(value)
        for finding in findings:
            lowered = finding.message.lower()
            assert not [word for word in FOREIGN if word in lowered], finding.message


@pytest.mark.parametrize(("function", "name"), WRONG)
def test_a_job_of_a_forbidden_value_cannot_be_made(function: str, name: str) -> None:
    spec = spec_of(name, function)
    for wrong in bad(spec):
        found = refused(with_value(function, spec, wrong.value))
        assert found == [(wrong.code, f"/{name}{wrong.at}")], ascii(wrong.value)


@pytest.mark.parametrize(("function", "name"), strangers())
def test_a_field_of_another_function_is_an_error_whatever_it_holds(
    function: str, name: str, tmp_path: Path
) -> None:
    owner = next(f for f in FUNCTIONS if name in fields_of(f))
    for value in (good(spec_of(name, owner))[0], 5, {"a": 1}):
        job = {**minimal(function), name: value}
        assert brief(checked(tmp_path, job)) == [("VP408", f"/{name}")]
        assert refused(job) == [("VP408", f"/{name}")]


@pytest.mark.parametrize(("function", "name"), strangers())
def test_an_empty_field_of_another_function_is_not_there(function: str, name: str) -> None:
    assert Job.from_dict({**minimal(function), name: None}).body() == {
        "model": "wan2.1-vace-plus",
        **minimal(function),
    }
    if name in EMPTY_IS_ABSENT:
        assert name not in Job.from_dict({**minimal(function), name: ""}).body()


@pytest.mark.parametrize(("function", "name"), pairs())
def test_null_is_absent(function: str, name: str, tmp_path: Path) -> None:
    job = {**around(name, function), name: None}
    required = function in spec_of(name, function).required
    guide = function == EXTEND and name == "control_condition"
    if required or guide:
        assert brief(checked(tmp_path, job)) == [("VP402", f"/{name}")]
        assert refused(job) == [("VP402", f"/{name}")]
    elif name in ("mask_image_url", "mask_video_url"):
        assert refused(job) == [("VP409", "/mask_image_url")]
    elif name in EXTENSIONS:
        assert refused(job) == [("VP410", "/first_clip_url")]
    else:
        assert name not in Job.from_dict(job).model_dump(exclude_none=True, exclude={"model"})
        assert Job.from_dict(job).body() == Job.from_dict(around(name, function)).body()


@pytest.mark.parametrize(
    ("function", "name"), [pair for pair in pairs() if pair[1] in EMPTY_IS_ABSENT]
)
def test_an_empty_text_counts_as_absent_where_the_contract_says_so(
    function: str, name: str
) -> None:
    empty, null = ({**around(name, function), name: v} for v in ("", None))
    try:
        body = Job.from_dict(null).body()
    except vaceprep.InvalidJob as error:
        assert refused(empty) == [(f.code, f.pointer) for f in error.findings]
    else:
        assert Job.from_dict(empty).body() == body


def test_an_empty_list_is_absent_only_where_the_field_is_optional(tmp_path: Path) -> None:
    for function in ("video_repainting", "video_edit"):
        job = {**minimal(function), "ref_images_url": [], "obj_or_bg": []}
        assert checked(tmp_path, job)[-1].code == "VP412"
        assert Job.from_dict(job).body() == Job.from_dict(minimal(function)).body()
    one = {**minimal(IMAGE), "obj_or_bg": []}
    assert "obj_or_bg" not in Job.from_dict(one).body()
    assert refused({**minimal(IMAGE), "ref_images_url": []}) == [("VP406", "/ref_images_url")]


@pytest.mark.parametrize("function", FUNCTIONS)
def test_an_unknown_field_is_named_with_the_nearest_known_one(
    function: str, tmp_path: Path
) -> None:
    job = {**minimal(function), "negativ_prompt": "x", "a/b~c": 1}
    findings = checked(tmp_path, job)
    assert brief(findings) == [("VP401", "/negativ_prompt"), ("VP401", "/a~1b~0c")]
    assert "negative_prompt" in findings[0].message
    assert warned(findings) in ([], [("VP411", "/top_scale")])


def test_a_word_close_to_an_allowed_one_is_told(tmp_path: Path) -> None:
    job = {**minimal("video_repainting"), "control_condition": "postbody"}
    (finding,) = [f for f in checked(tmp_path, job) if f.code == "VP403"]
    assert "postbody" in finding.message
    assert "did you mean posebody?" in finding.message
    assert finding.measured == "postbody"
    for word in ("posebodyface", "posebody", "depth", "scribble"):
        assert word in str(finding.allowed)


def test_a_wrong_value_says_what_was_given_and_what_is_allowed(tmp_path: Path) -> None:
    job = {**minimal(IMAGE), "seed": -1, "prompt_extend": "yes", "size": "640*480"}
    told = {f.pointer: f for f in checked(tmp_path, job) if f.code == "VP403"}
    assert set(told) == {"/seed", "/prompt_extend", "/size"}
    assert "-1" in told["/seed"].message
    assert "0 to 2147483647" in told["/seed"].message
    assert "true or false" in told["/prompt_extend"].message
    for size in ("1280*720", "720*1280", "960*960", "832*1088", "1088*832"):
        assert size in told["/size"].message


def test_the_same_is_said_of_a_file_and_of_a_mapping(tmp_path: Path) -> None:
    job = {**minimal("video_edit"), "seed": "1", "foo": 2, "prompt": None}
    path = job_file(tmp_path, job)
    with pytest.raises(vaceprep.InvalidJob) as caught:
        Job.from_file(path)
    assert [(f.code, f.pointer) for f in caught.value.findings] == refused(job)
    assert sorted(refused(job)) == [("VP401", "/foo"), ("VP402", "/prompt"), ("VP403", "/seed")]
