"""VP401 to VP412 and VP416: what a job's fields break; each rule fires, and just does not."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.job.table import EDIT, EXTEND, FUNCTIONS, IMAGE, OUT, PAINT, U, Values, minimal
from vaceprep.contract import FUNCTIONS as CONTRACT_FUNCTIONS
from vaceprep.job.draft import draft_of
from vaceprep.rules.all import RULES
from vaceprep.rules.catalogue import Finding
from vaceprep.rules.draft import Draft, pointer
from vaceprep.rules.job import RULES as JOB_RULES
from vaceprep.rules.job import judge_job
from vaceprep.rules.job_media import Together, judge_together

R = f"{U}r.png"
Said = list[tuple[str, str, str | None]]
#: Advice that most of the least jobs get; it has tests of its own.
ADVICE = ("VP412", "VP416")


def judged(job: dict[Any, Any]) -> list[Finding]:
    draft = draft_of(job)
    return [*judge_job(draft), *judge_together(Together(draft))]


def said(function: str | None, /, *without: str, **fields: Any) -> Said:
    """Code, severity and pointer of what is said of a function's least job with changes."""
    job = {**(minimal(function) if function else {"prompt": "a"}), **fields}
    for name in without:
        del job[name]
    found = [f for f in judged(job) if f.code not in ADVICE]
    return [(f.code, f.severity.value, f.pointer) for f in found]


def error(code: str, at: str | None) -> Said:
    return [(code, "error", at)]


def warning(code: str, at: str) -> Said:
    return [(code, "warning", at)]


#: The rule, a job that fires it, what is said, and a job like it that does not fire it.
PAIRS: dict[str, tuple[Said, Said, Said]] = {
    "unknown": (said(OUT, colour="red"), error("VP401", "/colour"), said(OUT, seed=1)),
    "unknown, though null is none": (said(OUT, x=0), error("VP401", "/x"), said(OUT, x=None)),
    "in another case": (said(OUT, Seed=1), error("VP401", "/Seed"), said(OUT, seed=1)),
    "no function": (said(None), error("VP402", "/function"), said(OUT)),
    "no prompt": (said(OUT, "prompt"), error("VP402", "/prompt"), said(OUT)),
    "no condition": (
        said(PAINT, "control_condition"),
        error("VP402", "/control_condition"),
        said(EDIT),
    ),
    "a guide without its condition": (
        said(EXTEND, video_url=f"{U}g.mp4"),
        error("VP402", "/control_condition"),
        said(EXTEND, video_url=f"{U}g.mp4", control_condition="depth"),
    ),
    "a function there is not": (
        said(OUT, function="video_outpaint"),
        error("VP403", "/function"),
        said(OUT, function="video_outpainting"),
    ),
    "another model": (
        said(OUT, model="wan2.1-vace"),
        error("VP403", "/model"),
        said(OUT, model="wan2.1-vace-plus"),
    ),
    "801 characters": (
        said(OUT, prompt="\u00e9" * 801),
        error("VP404", "/prompt"),
        said(OUT, prompt="\u00e9" * 800),
    ),
    "a blank prompt": (said(OUT, prompt=" \n"), error("VP404", "/prompt"), said(OUT, prompt=" . ")),
    "501 characters": (
        said(OUT, negative_prompt="x" * 501),
        error("VP405", "/negative_prompt"),
        said(OUT, negative_prompt="x" * 500),
    ),
    "no reference": (
        said(IMAGE, ref_images_url=[]),
        error("VP406", "/ref_images_url"),
        said(IMAGE, ref_images_url=[R]),
    ),
    "four references": (
        said(IMAGE, ref_images_url=[R] * 4, obj_or_bg=["obj"] * 4),
        error("VP406", "/ref_images_url"),
        said(IMAGE, ref_images_url=[R] * 3, obj_or_bg=["obj"] * 3),
    ),
    "four references, however labelled": (
        said(IMAGE, ref_images_url=[R] * 4),
        error("VP406", "/ref_images_url"),
        said(IMAGE, ref_images_url=[R]),
    ),
    "two references to repaint": (
        said(PAINT, ref_images_url=[R] * 2),
        error("VP406", "/ref_images_url"),
        said(PAINT, ref_images_url=[R]),
    ),
    "two references to edit": (
        said(EDIT, ref_images_url=[R] * 2),
        error("VP406", "/ref_images_url"),
        said(EDIT, ref_images_url=[R], obj_or_bg=["bg"]),
    ),
    "two without labels": (
        said(IMAGE, ref_images_url=[R] * 2),
        error("VP407", "/obj_or_bg"),
        said(IMAGE, ref_images_url=[R]),
    ),
    "fewer labels": (
        said(IMAGE, ref_images_url=[R] * 3, obj_or_bg=["obj", "bg"]),
        error("VP407", "/obj_or_bg"),
        said(IMAGE, ref_images_url=[R] * 3, obj_or_bg=["obj", "bg", "obj"]),
    ),
    "more labels": (
        said(IMAGE, obj_or_bg=["obj", "bg"]),
        error("VP407", "/obj_or_bg"),
        said(IMAGE, obj_or_bg=["bg"]),
    ),
    "two backgrounds": (
        said(IMAGE, ref_images_url=[R] * 2, obj_or_bg=["bg", "bg"]),
        error("VP407", "/obj_or_bg"),
        said(IMAGE, ref_images_url=[R] * 2, obj_or_bg=["bg", "obj"]),
    ),
    "more labels to edit": (
        said(EDIT, ref_images_url=[R], obj_or_bg=["obj", "obj"]),
        error("VP407", "/obj_or_bg"),
        said(EDIT, ref_images_url=[R], obj_or_bg=["obj"]),
    ),
    "another function's": (
        said(OUT, strength=0.5),
        error("VP408", "/strength"),
        said(PAINT, strength=0.5),
    ),
    "labels of nothing": (
        said(PAINT, obj_or_bg=["obj"]),
        warning("VP408", "/obj_or_bg"),
        said(PAINT, obj_or_bg=["obj"], ref_images_url=[R]),
    ),
    "a condition without a guide": (
        said(EXTEND, control_condition="depth"),
        warning("VP408", "/control_condition"),
        said(EDIT, control_condition="depth"),
    ),
    "growth of a fixed mask": (
        said(EDIT, mask_type="fixed", expand_ratio=0.1),
        warning("VP408", "/expand_ratio"),
        said(EDIT, mask_type="tracking", expand_ratio=0.1),
    ),
    "the shape of a fixed mask's growth": (
        said(EDIT, mask_type="fixed", expand_mode="bbox"),
        warning("VP408", "/expand_mode"),
        said(EDIT, expand_mode="bbox"),
    ),
    "the type of a mask video": (
        said(EDIT, "mask_image_url", mask_video_url=f"{U}m.mp4", mask_type="fixed"),
        warning("VP408", "/mask_type"),
        said(EDIT, mask_type="fixed"),
    ),
    "the frame of a mask video": (
        said(EDIT, "mask_image_url", mask_video_url=f"{U}m.mp4", mask_frame_id=1),
        warning("VP408", "/mask_frame_id"),
        said(EDIT, mask_frame_id=1),
    ),
    "no mask": (
        said(EDIT, "mask_image_url"),
        error("VP409", "/mask_image_url"),
        said(EDIT),
    ),
    "two masks": (
        said(EDIT, mask_video_url=f"{U}m.mp4"),
        error("VP409", "/mask_video_url"),
        said(EDIT, "mask_image_url", mask_video_url=f"{U}m.mp4"),
    ),
    "nothing to extend": (
        said(EXTEND, "first_clip_url"),
        error("VP410", "/first_clip_url"),
        said(EXTEND, "first_clip_url", last_frame_url=f"{U}l.png"),
    ),
    "a guide is nothing to extend": (
        said(EXTEND, "first_clip_url", video_url=f"{U}g.mp4", control_condition="depth"),
        error("VP410", "/first_clip_url"),
        said(EXTEND, video_url=f"{U}g.mp4", control_condition="depth"),
    ),
    "all four at one": (
        said(OUT, top_scale=1.0, bottom_scale=1, left_scale=1.0),
        warning("VP411", "/top_scale"),
        said(OUT, bottom_scale=1.001),
    ),
}


def quiet(job: Said) -> Said:
    """Without what the least outpainting job always has: nothing to expand."""
    return [s for s in job if s != ("VP411", "warning", "/top_scale")]


@pytest.mark.parametrize("name", PAIRS)
def test_it_fires_alone_and_just_does_not(name: str) -> None:
    fires, expected, silent = PAIRS[name]
    assert (fires if expected[0][0] == "VP411" else quiet(fires)) == expected
    assert quiet(silent) == []


def test_every_rule_has_a_pair() -> None:
    told = {expected[0][0] for _, expected, _ in PAIRS.values()}
    assert told == {rule.code for rule in JOB_RULES} - {"VP400", *ADVICE}


@pytest.mark.parametrize("function", FUNCTIONS)
def test_the_rewriting_of_prompts_is_advice_where_upstream_says_so(function: str) -> None:
    def advised(**fields: Any) -> list[Finding]:
        return [f for f in judged({**minimal(function), **fields}) if f.code == "VP412"]

    assert advised(prompt_extend=False) == []
    expected = [] if function == IMAGE else [("advice", "/prompt_extend")]
    for fields in ({}, {"prompt_extend": None}, {"prompt_extend": True}):
        assert [(f.severity.value, f.pointer) for f in advised(**fields)] == expected
    assert advised(prompt_extend="no") == []


def test_the_other_client_s_names_lead_to_ours() -> None:
    (finding,) = [f for f in judged({**minimal(OUT), "images": [R]}) if f.code == "VP401"]
    assert "did you mean ref_images_url?" in finding.message
    (finding,) = [
        f for f in judged({**minimal(EDIT), "expand_mode": "orginal"}) if f.code == "VP403"
    ]
    assert "did you mean original?" in finding.message
    assert said(EDIT, size="1280x720") == []


def test_the_model_s_name_in_another_region_is_told() -> None:
    def message(**fields: Any) -> str:
        (finding,) = [f for f in judged({**minimal(PAINT), **fields}) if f.code == "VP403"]
        return finding.message

    for name in ("wanx2.1-vace-plus", " WANX2.1-VACE-PLUS\n"):
        assert "Beijing" in message(model=name)
    assert "Beijing" in message(extra={"model": "wanx2.1-vace-plus"})
    for name in ("wanx2.1-vace", "wan2.1-vace", "wanx2.1-vace-plus-2"):
        assert "Beijing" not in message(model=name)


@pytest.mark.parametrize("function", FUNCTIONS)
def test_one_reference_without_its_label_is_advice(function: str) -> None:
    def advised(*images: str, **fields: Any) -> list[Finding]:
        job = {**minimal(function), "ref_images_url": list(images), **fields}
        return [f for f in judged(job) if f.code == "VP416"]

    expected = [("advice", "/obj_or_bg")] if function in (IMAGE, PAINT, EDIT) else []
    absent: tuple[dict[str, Any], ...] = ({}, {"obj_or_bg": None}, {"obj_or_bg": []})
    for fields in absent:
        assert [(f.severity.value, f.pointer) for f in advised(R, **fields)] == expected
        assert advised(R, R, **fields) == []
        assert advised(**fields) == []
    for labels in (["obj"], ["bg"], ["bird"], "obj", ["obj", "obj"]):
        assert advised(R, obj_or_bg=labels) == []
    # An image that is no text is VP403 alone.
    assert [f.code for f in judged({**minimal(IMAGE), "ref_images_url": [5]})] == ["VP403"]


def test_a_broken_file_has_one_finding_and_no_other() -> None:
    draft = Draft(values={"foo": 1}, broken="it is a list")
    findings = [*judge_job(draft), *judge_together(Together(draft))]
    assert [(f.code, f.pointer) for f in findings] == [("VP400", None)]
    assert "it is a list" in findings[0].message


# --- which rule speaks -------------------------------------------------------------------------


@pytest.mark.parametrize("value", [None, ""])
def test_required_and_absent_is_missing_references_too(value: str | None) -> None:
    assert said(IMAGE, ref_images_url=value) == error("VP402", "/ref_images_url")
    assert said(IMAGE, "ref_images_url") == error("VP402", "/ref_images_url")
    labels = ["obj", "bg", "bg", "obj"]
    assert said(IMAGE, "ref_images_url", obj_or_bg=labels) == error("VP402", "/ref_images_url")


def test_a_label_that_is_none_is_an_invalid_value() -> None:
    fields = {"ref_images_url": [R] * 2, "obj_or_bg": ["bird", "obj"]}
    assert said(IMAGE, **fields) == error("VP403", "/obj_or_bg/0")
    assert said(IMAGE, obj_or_bg=["Obj"]) == error("VP403", "/obj_or_bg/0")


def test_a_frame_out_of_range_and_a_frame_that_is_no_number() -> None:
    for number in (0, -1):
        assert said(EDIT, mask_frame_id=number) == error("VP305", "/mask_frame_id")
    for value in (1.0, "1", True, [1]):
        assert said(EDIT, mask_frame_id=value) == error("VP403", "/mask_frame_id")
    assert said(EDIT, mask_frame_id=1) == []


@pytest.mark.parametrize("function", [None, "video_edits", "", 5, True, ["video_edit"], {}])
def test_without_a_known_function_only_the_common_rules_run(function: Any) -> None:
    at = error("VP402" if function is None else "VP403", "/function")
    own = {"video_url": 5, "mask_type": "x", "obj_or_bg": ["x"], "top_scale": 9, "strength": None}
    assert said(None, function=function, **own) == at
    common = said(None, function=function, prompt="", seed=-1, foo=1, negative_prompt="x" * 501)
    assert sorted(common) == sorted(
        [
            *at,
            *error("VP401", "/foo"),
            *error("VP403", "/seed"),
            *error("VP404", "/prompt"),
            *error("VP405", "/negative_prompt"),
        ]
    )
    both = [*at, *error("VP402", "/prompt")]
    assert sorted(said(None, "prompt", function=function)) == sorted(both)
    assert not [f for f in judged({"function": function, "prompt": "a"}) if f.code == "VP412"]


def test_the_choice_of_masks_silences_the_masks_options() -> None:
    options: Values = {"mask_type": "fixed", "expand_ratio": 0.1, "expand_mode": "bbox"}
    options["mask_frame_id"] = 1
    assert said(EDIT, "mask_image_url", **options) == error("VP409", "/mask_image_url")
    both = said(EDIT, mask_video_url=f"{U}m.mp4", **options)
    assert both == error("VP409", "/mask_video_url")
    one = said(EDIT, **options)
    assert one == [
        ("VP408", "warning", "/expand_ratio"),
        ("VP408", "warning", "/expand_mode"),
    ]
    # What is not an option of the mask is told all the same.
    assert said(EDIT, "mask_image_url", obj_or_bg=["obj"]) == [
        ("VP408", "warning", "/obj_or_bg"),
        ("VP409", "error", "/mask_image_url"),
    ]


def test_an_empty_mask_is_none() -> None:
    fields = {"mask_image_url": "", "mask_video_url": f"{U}m.mp4"}
    assert said(EDIT, **fields) == []
    assert said(EDIT, mask_image_url="", mask_video_url=None) == error("VP409", "/mask_image_url")


def test_an_empty_condition_is_missing_where_it_is_required() -> None:
    for empty in (None, ""):
        assert said(PAINT, control_condition=empty) == error("VP402", "/control_condition")
        guided = {"video_url": f"{U}g.mp4", "control_condition": empty}
        assert said(EXTEND, **guided) == error("VP402", "/control_condition")
        assert said(EXTEND, video_url="", control_condition=empty) == []
        assert said(EDIT, control_condition=empty) == []


def test_a_wrong_value_of_another_functions_field_is_one_finding() -> None:
    values: tuple[Any, ...] = (5, "x", [], {}, float("nan"))
    for value in values:
        assert quiet(said(OUT, mask_type=value)) == error("VP408", "/mask_type")


def test_a_wrong_scale_is_not_nothing_to_expand_too() -> None:
    assert said(OUT, top_scale=3) == error("VP403", "/top_scale")
    assert said(OUT, top_scale="1.0") == error("VP403", "/top_scale")


def test_labels_too_many_for_any_job_without_an_image() -> None:
    codes = {code for code, _, at in said(PAINT, obj_or_bg=["obj"] * 4) if at == "/obj_or_bg"}
    assert codes == {"VP407"}


def test_everything_is_told_at_once() -> None:
    job = {
        "function": EDIT,
        "prompt": "x" * 801,
        "negative_prompt": "x" * 501,
        "seed": 2147483648,
        "colour": "red",
        "strength": 1.0,
        "ref_images_url": [R, R],
        "mask_frame_id": 0,
        "duration": 6,
    }
    assert sorted((f.code, f.pointer) for f in judged(job) if f.severity == "error") == [
        ("VP305", "/mask_frame_id"),
        ("VP401", "/colour"),
        ("VP402", "/video_url"),
        ("VP403", "/duration"),
        ("VP403", "/seed"),
        ("VP404", "/prompt"),
        ("VP405", "/negative_prompt"),
        ("VP406", "/ref_images_url"),
        ("VP408", "/strength"),
        ("VP409", "/mask_image_url"),
    ]


def test_a_finding_is_json_whatever_was_given() -> None:
    for value in (float("nan"), 1 << 70, "a\ud800", b"x", {1: 2}, object(), [[]] * 9, "x" * 10**6):
        for finding in judged({**minimal(EDIT), "seed": value, "size": value, "a\ud800": value}):
            text = json.dumps(finding.to_dict(), allow_nan=False)
            assert len(text) < 2000
            finding.message.encode()


@pytest.mark.parametrize(
    ("path", "text"),
    [
        (("prompt",), "/prompt"),
        (("ref_images_url", 1), "/ref_images_url/1"),
        (("a/b~c",), "/a~1b~0c"),
        (("~1",), "/~01"),
        ((), ""),
        (("",), "/"),
    ],
)
def test_pointers(path: tuple[str | int, ...], text: str) -> None:
    assert pointer(*path) == text


def test_the_functions_are_the_five() -> None:
    assert CONTRACT_FUNCTIONS == FUNCTIONS
    assert set(JOB_RULES) <= set(RULES)
