"""Jobs as objects: frozen, made directly, pickled; and what refuses them."""

from __future__ import annotations

import copy
import pickle
from collections.abc import Callable
from functools import partial
from typing import Any

import pytest

import vaceprep
from tests.job.table import EDIT, EXAMPLES, EXTEND, FUNCTIONS, IMAGE, OUT, PAINT, U, minimal
from vaceprep import (
    Finding,
    ImageReference,
    InvalidJob,
    Job,
    NotPublished,
    VideoEdit,
    VideoExtension,
    VideoOutpainting,
    VideoRepainting,
)

CLASSES: dict[str, type[Job]] = {
    IMAGE: ImageReference,
    PAINT: VideoRepainting,
    EDIT: VideoEdit,
    EXTEND: VideoExtension,
    OUT: VideoOutpainting,
}


def findings_of(make: Callable[[], object]) -> tuple[Finding, ...]:
    with pytest.raises(InvalidJob) as caught:
        make()
    return caught.value.findings


@pytest.mark.parametrize("function", FUNCTIONS)
def test_the_function_names_the_class(function: str) -> None:
    read = Job.from_dict(EXAMPLES[function])
    assert type(read) is CLASSES[function]
    own = {k: v for k, v in EXAMPLES[function].items() if k != "function"}
    made = CLASSES[function](**own)
    assert made == read
    assert made.body() == read.body()


@pytest.mark.parametrize("function", FUNCTIONS)
def test_a_job_survives_pickle_and_copy(function: str) -> None:
    job = Job.from_dict({**EXAMPLES[function], "extra": {"a": [1]}})
    for again in (pickle.loads(pickle.dumps(job)), copy.copy(job), copy.deepcopy(job)):
        assert again == job
        assert again.body() == job.body()


def test_what_was_given_is_not_changed_and_not_kept() -> None:
    images, extra = [f"{U}a.png"], {"a": 1}
    data = {**minimal(IMAGE), "ref_images_url": images, "extra": extra, "size": "1280x720"}
    before = copy.deepcopy(data)
    job = Job.from_dict(data, base="folder")
    assert data == before
    images.append("b.png")
    assert job.body()["ref_images_url"] == [f"{U}a.png"]
    body = job.body()
    body["ref_images_url"].append("c.png")
    body["prompt"] = ""
    assert job.body()["ref_images_url"] == [f"{U}a.png"]


@pytest.mark.parametrize("name", ["prompt", "video_url", "seed", "nothing"])
def test_a_job_is_frozen(name: str) -> None:
    job = Job.from_dict(minimal(OUT))
    with pytest.raises((TypeError, AttributeError, ValueError)):
        setattr(job, name, "x")
    with pytest.raises((TypeError, AttributeError, ValueError)):
        delattr(job, name)
    assert job == Job.from_dict(minimal(OUT))


def test_a_direct_constructor_tells_everything_at_once() -> None:
    wrong: dict[str, Any] = {"prompt": "", "video_url": 5, "seed": -1}
    wrong |= {"strength": 1.0, "colour": "red"}
    findings = findings_of(lambda: VideoEdit(**wrong))
    assert sorted((f.code, f.pointer) for f in findings) == [
        ("VP401", "/colour"),
        ("VP403", "/seed"),
        ("VP403", "/video_url"),
        ("VP404", "/prompt"),
        ("VP408", "/strength"),
        ("VP409", "/mask_image_url"),
    ]


def test_a_constructor_without_anything() -> None:
    for function, cls in CLASSES.items():
        codes = {(f.code, f.pointer) for f in findings_of(cls)}
        assert ("VP402", "/prompt") in codes
        assert all(code in ("VP402", "VP409", "VP410") for code, _ in codes), function


def test_the_constructor_of_all_functions_needs_one() -> None:
    findings = findings_of(lambda: Job(prompt="x"))
    assert [(f.code, f.pointer) for f in findings] == [("VP402", "/function")]


def test_a_class_takes_no_other_function() -> None:
    other: dict[str, Any] = {**minimal(IMAGE), "function": IMAGE}
    findings = findings_of(lambda: VideoEdit(**other))
    assert [(f.code, f.pointer) for f in findings] == [("VP403", "/function")]


@pytest.mark.parametrize(
    ("changes", "code", "at"),
    [
        ({"mask_frame_id": 0}, "VP305", "/mask_frame_id"),
        ({"mask_frame_id": -5}, "VP305", "/mask_frame_id"),
        ({"obj_or_bg": ["obj"] * 4}, "VP407", "/obj_or_bg"),
        ({"seed": 1 << 20_000}, "VP403", "/seed"),
        ({"expand_ratio": 1 << 20_000}, "VP403", "/expand_ratio"),
        ({"extra": {"a": 1 << 20_000}}, "VP403", "/extra/a"),
        ({"extra": {1: 2}}, "VP403", "/extra/1"),
        ({"video_url": b"a.mp4"}, "VP403", "/video_url"),
        ({"prompt": b"x"}, "VP403", "/prompt"),
        ({"seed": 1j}, "VP403", "/seed"),
        ({"ref_images_url": {f"{U}a.png": 1}}, "VP403", "/ref_images_url"),
    ],
    ids=lambda value: ascii(value)[:30] if not isinstance(value, dict) else "-".join(value),
)
def test_nothing_but_invalid_job_comes_out(changes: dict[str, Any], code: str, at: str) -> None:
    assert [
        (f.code, f.pointer)
        for f in findings_of(lambda: Job.from_dict({**minimal(EDIT), **changes}))
    ] == [(code, at)]
    assert [
        (f.code, f.pointer) for f in findings_of(lambda: VideoEdit(**{**minimal(EDIT), **changes}))
    ] == [(code, at)]


def test_a_frame_id_beyond_all_numbers_is_no_crash() -> None:
    job = {**minimal(EDIT), "mask_frame_id": 1 << 20_000}
    try:
        made = Job.from_dict(job)
    except InvalidJob as error:
        assert [f.pointer for f in error.findings] == ["/mask_frame_id"]
    else:
        assert vaceprep.check(made, remote=False).files[0].role is None


def test_something_that_is_no_mapping_is_unreadable() -> None:
    values: tuple[Any, ...] = ([1], "x", None, 5)
    for value in values:
        findings = findings_of(partial(Job.from_dict, value))
        assert [f.code for f in findings] == ["VP400"]


def test_replaced_gives_a_new_job_and_leaves_the_old() -> None:
    job = Job.from_dict(
        {
            **minimal(IMAGE),
            "ref_images_url": ["a.png", "b.png"],
            "obj_or_bg": ["obj", "bg"],
            "extra": {"x": 1},
        }
    )
    new = job.replaced({"/ref_images_url/1": f"{U}b.png"})
    assert new.local_paths() == {"/ref_images_url/0": "a.png"}
    assert job.local_paths() == {"/ref_images_url/0": "a.png", "/ref_images_url/1": "b.png"}
    assert type(new) is ImageReference
    assert new.given() | {"ref_images_url": 0} == job.given() | {"ref_images_url": 0}
    video = Job.from_dict({**minimal(OUT), "video_url": "a.mp4"})
    assert video.replaced({"/video_url": f"{U}a.mp4"}).body()["video_url"] == f"{U}a.mp4"
    assert video.replaced({}) == video


def test_a_job_can_be_checked_as_it_is() -> None:
    report = vaceprep.check(
        Job.from_dict({**minimal(OUT), "video_url": "nowhere.mp4"}), remote=False
    )
    assert [entry.role for entry in report.files] == [None, "video_url"]
    assert [(f.code, f.pointer) for f in report.files[1].findings] == [("VP105", "/video_url")]


def test_what_refuses_a_job_survives_pickle_and_copy() -> None:
    with pytest.raises(InvalidJob) as caught:
        Job.from_dict({**minimal(OUT), "seed": -1, "foo": 1})
    error = caught.value
    for again in (pickle.loads(pickle.dumps(error)), copy.copy(error)):
        assert again.findings == error.findings
        assert str(again) == str(error)
    assert "/seed" in str(error)
    assert isinstance(error, ValueError)


def test_what_is_not_published_survives_pickle_and_copy() -> None:
    with pytest.raises(NotPublished) as caught:
        Job.from_dict({**minimal(OUT), "video_url": "a.mp4"}).body()
    error = caught.value
    for again in (pickle.loads(pickle.dumps(error)), copy.copy(error)):
        assert again.paths == {"/video_url": "a.mp4"}
        assert str(again) == str(error)
