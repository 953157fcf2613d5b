"""The image planner: what is proved for any facts at all, and edits one by one."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from tests.media import video_facts
from tests.plans.anyimage import ANY_OPTIONS, GOOD, MASK, any_facts
from vaceprep.contract import (
    IMAGE_ROLES,
    SIZES,
    Role,
)
from vaceprep.facts import ImageFacts, MaskFacts, Unreadable
from vaceprep.limits import CONTRACT, Limits
from vaceprep.plans.image import plan_image
from vaceprep.plans.model import ImageRecipe, Options, Plan, wanted
from vaceprep.plans.predict import predict_image
from vaceprep.plans.size import Fit
from vaceprep.rules.catalogue import Asset, Finding, Severity
from vaceprep.rules.judge import judge


def found(
    facts: Any, role: Role, name: str | None = None, limits: Limits = CONTRACT
) -> list[Finding]:
    return judge(facts, Asset(role, name, limits))


def planned(facts: Any, role: Role = "ref_images_url", **asked: Any) -> Plan:
    return plan_image(facts, found(facts, role), role, Options(**asked))


def names(plan: Plan) -> list[str]:
    return [edit.edit for edit in plan.edits]


def recipe(plan: Plan) -> ImageRecipe:
    assert isinstance(plan.recipe, ImageRecipe)
    return plan.recipe


ORDER = (
    "rename strip first-frame orient convert-colours flatten convert-mode scale pad crop "
    "threshold convert-format recompress"
).split()


# --- for any facts at all ------------------------------------------------------------------


def promises_hold(facts: ImageFacts, role: Role, options: Options, name: str | None) -> None:
    findings = found(facts, role, name, options.limits)
    plan = plan_image(facts, findings, role, options)
    assert plan.role == role
    if not plan.possible:
        assert (plan.edits, plan.recipe) == ((), None)
        assert all(f.severity is Severity.ERROR for f in plan.remaining)
        return
    after = predict_image(plan, facts)
    left = found(after, role, None, options.limits)
    # Nothing that stops a submission.
    assert not [f for f in left if f.severity is Severity.ERROR]
    # Nothing left of what was wanted, save what nothing mends.
    assert {f.code for f in left if wanted(f, options)} <= {"VP304"}
    # Nothing more to do.
    again = plan_image(after, left, role, options)
    assert (again.edits, again.recipe, again.possible) == ((), None, True)
    # What stays was there, and what was there is mended or stays.
    assert set(plan.remaining) <= set(findings)
    stays = {f.rule for f in plan.remaining}
    fixed = {slug for edit in plan.edits for slug in edit.reason}
    assert {f.rule for f in findings} <= stays | fixed
    assert not (stays & fixed)
    # Every edit has its reasons and its sentence, in one order.
    assert all(edit.reason and edit.detail for edit in plan.edits)
    assert names(plan) == [edit for edit in ORDER if edit in names(plan)]
    assert (plan.recipe is None) == (set(names(plan)) <= {"rename"})
    if options.size is not None:
        assert (after.width, after.height) == options.size


@settings(max_examples=150)
@given(any_facts(), st.sampled_from(IMAGE_ROLES), ANY_OPTIONS, st.sampled_from([None, "a.gif"]))
@example(replace(GOOD, width=1, height=20_000), "ref_images_url", Options(shape="crop"), None)
@example(replace(GOOD, format="bmp", bytes=12_000_054), "ref_images_url", Options(), None)
def test_the_three_promises(
    facts: ImageFacts, role: Role, options: Options, name: str | None
) -> None:
    promises_hold(facts, role, options, name)


@pytest.mark.long
@settings(max_examples=600)
@given(any_facts(), st.sampled_from(IMAGE_ROLES), ANY_OPTIONS, st.sampled_from([None, "a.gif"]))
@example(replace(GOOD, width=1, height=20_000), "ref_images_url", Options(shape="crop"), None)
@example(replace(GOOD, format="bmp", bytes=12_000_054), "ref_images_url", Options(), None)
def test_the_three_promises_for_long(
    facts: ImageFacts, role: Role, options: Options, name: str | None
) -> None:
    promises_hold(facts, role, options, name)


@given(any_facts(), st.sampled_from(IMAGE_ROLES), ANY_OPTIONS)
def test_compliant_facts_give_an_empty_plan(
    facts: ImageFacts, role: Role, options: Options
) -> None:
    options = replace(options, size=None)
    # As it comes out of a plan, or as it is: both happen to be compliant now and then.
    plan = plan_image(facts, found(facts, role, None, options.limits), role, options)
    facts = predict_image(plan, facts)
    if found(facts, role, None, options.limits):
        return
    plan = plan_image(facts, [], role, options)
    assert plan == Plan(role, (), True, None, ())
    assert plan.empty
    assert plan.possible


@given(any_facts(), st.sampled_from(IMAGE_ROLES))
def test_only_errors_mends_nothing_where_there_is_none(facts: ImageFacts, role: Role) -> None:
    findings = found(facts, role)
    plan = plan_image(facts, findings, role, Options(only_errors=True))
    if not any(f.severity is Severity.ERROR for f in findings):
        assert plan.empty
        assert plan.remaining == tuple(findings)


# --- what cannot be mended -----------------------------------------------------------------


@pytest.mark.parametrize(
    ("facts", "codes"),
    [
        (Unreadable("broken", "it is broken", 10, "png"), ["VP204"]),
        (Unreadable("bomb", "too many pixels", 10, "png", 60_000, 60_000), ["VP203", "VP205"]),
        (Unreadable("unsupported-image", "no decoder", 10, "jxl"), ["VP201"]),
        (Unreadable("missing", "there is no such file", None), ["VP204"]),
        (replace(GOOD, decoded=False), ["VP204"]),
        (video_facts(), ["VP201"]),
    ],
)
def test_impossible(facts: Any, codes: list[str]) -> None:
    for findings in (found(facts, "ref_images_url"), []):
        if findings or not isinstance(facts, ImageFacts):
            plan = plan_image(facts, findings, "ref_images_url")
            assert not plan.possible
            assert [f.code for f in plan.remaining] == codes


def test_heic_without_its_extra_names_it() -> None:
    plan = planned(Unreadable("unsupported-image", "no decoder", 10, "heic", 400, 400))
    (finding,) = plan.remaining
    assert "pip install 'vaceprep[heic]'" in finding.message


def test_an_empty_mask_is_impossible_and_a_full_one_stays() -> None:
    black = replace(MASK, mask=MaskFacts(100, 0, 100, 0, 1, None))
    plan = planned(black, "mask_image_url")
    assert [f.code for f in plan.remaining] == ["VP303"]
    assert not plan.possible
    white = replace(MASK, mask=MaskFacts(100, 100, 0, 0, 1, None))
    plan = planned(white, "mask_image_url")
    assert plan.empty
    assert [f.code for f in plan.remaining] == ["VP304"]
    # No pixel is pure white, but grey ones may become so.
    grey = replace(MASK, mask=MaskFacts(100, 0, 50, 50, 1, 1))
    assert [e.reason for e in planned(grey, "mask_image_url").edits] == [
        ("mask-not-binary", "mask-empty")
    ]


# --- one by one ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("changes", "edits", "lossless", "details"),
    [
        ({}, [], True, []),
        ({"location": ("GPSLatitude",)}, ["strip"], True, ["GPSLatitude", "stay as they are"]),
        ({"frames": 3}, ["first-frame"], True, ["first of 3 frames"]),
        ({"orientation": 6}, ["orient"], False, ["orientation 6", "its own quality"]),
        ({"orientation": 6, "format": "png"}, ["orient"], True, ["orientation 6"]),
        ({"width": 4000, "height": 3000}, ["scale"], False, ["from 4000x3000 to 2000x1500"]),
        ({"width": 4000, "height": 300}, ["scale", "pad"], False, ["with black to 2000x360"]),
        ({"width": 1000, "height": 300}, ["scale"], False, ["from 1000x300 to 1200x360"]),
        ({"srgb": False, "icc_profile": "P3"}, ["convert-colours"], False, ["from P3 to sRGB"]),
        ({"format": "png", "has_alpha": True}, ["flatten"], False, ["laid on white"]),
        ({"format": "png", "mode": "P"}, ["convert-mode"], True, ["8-bit palette to 8-bit RGB"]),
        ({"format": "png", "mode": "I;16", "bit_depth": 16}, ["convert-mode"], False, ["16-bit"]),
        ({"mode": "CMYK"}, ["convert-mode"], False, ["from 8-bit CMYK to 8-bit RGB"]),
        ({"format": "gif", "mode": "P"}, ["convert-mode", "convert-format"], True, ["GIF to PNG"]),
        ({"format": "heic"}, ["convert-format"], False, ["HEIC to JPEG"]),
        ({"format": "jp2"}, ["convert-format"], True, ["JPEG 2000 to PNG"]),
        ({"bytes": 11_000_000}, ["recompress"], False, ["at most 10.00 MB"]),
        ({"format": "tiff", "frames": 2}, ["first-frame"], True, ["first of 2 pages"]),
        ({"format": "webp", "frames": 2}, ["first-frame"], True, ["first of 2 frames"]),
    ],
)
def test_edits(
    changes: dict[str, Any], edits: list[str], lossless: bool, details: list[str]
) -> None:
    plan = planned(replace(GOOD, **changes))
    assert names(plan) == edits
    assert plan.lossless is lossless
    told = "; ".join(edit.detail for edit in plan.edits)
    assert all(detail in told for detail in details), told


def test_each_edit_names_its_rule() -> None:
    facts = replace(GOOD, format="gif", mode="P", frames=4, has_alpha=True, width=300, height=300)
    assert [(e.edit, *e.reason) for e in planned(facts).edits] == [
        ("first-frame", "image-animated"),
        ("flatten", "image-alpha"),
        ("convert-mode", "image-mode"),
        ("scale", "image-dimensions"),
        ("convert-format", "image-format"),
    ]


def test_a_name_alone_is_a_rename_alone() -> None:
    for fmt, ending in (("png", ".png"), ("jpeg", ".jpg"), ("tiff", ".tiff")):
        facts = replace(GOOD, format=fmt)
        plan = plan_image(facts, found(facts, "ref_images_url", "a.gif"), "ref_images_url")
        (edit,) = plan.edits
        assert (edit.edit, edit.reason) == ("rename", ("image-name",))
        assert ending in edit.detail
        assert (plan.recipe, plan.lossless) == (None, True)


@pytest.mark.parametrize("fmt", ["jpeg", "png", "webp"])
def test_metadata_alone_keep_the_coded_pixels(fmt: str) -> None:
    assert recipe(planned(replace(GOOD, format=fmt, location=("GPS",)))).pixels_kept
    turned = replace(GOOD, format=fmt, location=("GPS",), orientation=3)
    assert not recipe(planned(turned)).pixels_kept


def test_own_tables_only_for_what_is_only_turned() -> None:
    assert recipe(planned(replace(GOOD, orientation=6, location=("GPS",)))).own_tables
    assert not recipe(planned(replace(GOOD, orientation=6, width=2001))).own_tables
    assert not recipe(planned(replace(GOOD, orientation=6, srgb=False))).own_tables
    assert not recipe(planned(replace(GOOD, orientation=6, format="png"))).own_tables


@pytest.mark.parametrize(
    ("least", "most", "size"),
    [(360, 2000, None), (360, 1000, (1000, 563)), (800, 2000, (1422, 800)), (1, 6000, None)],
)
def test_an_image_is_scaled_to_the_limits_in_force(
    least: int, most: int, size: tuple[int, int] | None
) -> None:
    limits = Limits(image_side_min=least, image_side_max=most)
    plan = plan_image(
        GOOD,
        found(GOOD, "ref_images_url", None, limits),
        "ref_images_url",
        Options(limits=limits),
    )
    assert plan.possible
    assert plan.empty is (size is None)
    if size is not None:
        assert recipe(plan).size == Fit(size, size)


def test_crop_and_colours() -> None:
    facts = replace(GOOD, width=4000, height=300)
    plan = planned(facts, shape="crop")
    assert names(plan) == ["scale", "crop"]
    assert recipe(plan).size == Fit((4800, 360), (2000, 360))
    plan = planned(replace(facts, mode="L"), background=(255, 0, 0))
    assert "#ff0000" in plan.edits[-1].detail
    assert (recipe(plan).mode, recipe(plan).padding) == ("RGB", (255, 0, 0))
    assert recipe(planned(replace(facts, mode="L"))).mode == "L"


def test_a_bmp_that_cannot_fit_becomes_png() -> None:
    facts = replace(GOOD, format="bmp", bytes=12_000_054, width=2000, height=2000)
    plan = planned(facts)
    assert names(plan) == ["convert-format", "recompress"]
    assert recipe(plan).format == "png"
    small = replace(facts, width=4000, height=3000)
    assert recipe(planned(small)).format == "bmp"


def test_only_errors_keeps_what_it_can() -> None:
    facts = replace(GOOD, format="png", mode="RGBA", has_alpha=True, frames=2, width=300)
    plan = planned(facts, only_errors=True)
    assert names(plan) == ["first-frame", "scale"]
    assert {e.reason for e in plan.edits} == {("image-dimensions",)}
    assert (recipe(plan).mode, recipe(plan).flatten) == ("RGBA", None)
    assert {f.code for f in plan.remaining} == {"VP212", "VP215"}
    assert recipe(planned(replace(facts, format="bmp"), only_errors=True)).flatten is not None


def test_lossless_is_promised_only_where_noise_fits() -> None:
    facts = replace(GOOD, format="tiff", frames=2, width=1800, height=1800)
    assert planned(facts).lossless
    large = replace(facts, width=2000, height=2000)
    assert not planned(large).lossless
    assert recipe(planned(large)).may_lose
    assert planned(replace(large, mode="L")).lossless


# --- sizes that a job asks for -------------------------------------------------------------


def test_a_size_that_is_asked_for() -> None:
    assert planned(GOOD, size=(1280, 720)).empty
    plan = planned(GOOD, size=(640, 360))
    assert [(e.edit, e.reason) for e in plan.edits] == [("scale", ("size",))]
    plan = planned(GOOD, size=(720, 720))
    assert names(plan) == ["scale", "pad"]
    assert names(planned(GOOD, size=(720, 720), shape="crop")) == ["crop"]
    # Also where it has that size already: the one asked for is not swapped for another.
    for facts in (GOOD, replace(GOOD, width=320, height=240)):
        refused = planned(facts, size=(320, 240))
        assert [f.code for f in refused.remaining] == ["VP203"]
        assert not refused.possible


@pytest.mark.parametrize("size", SIZES)
def test_every_output_size(size: str) -> None:
    width, height = map(int, size.split("*"))
    after = predict_image(planned(GOOD, size=(width, height)), GOOD)
    assert (after.width, after.height) == (width, height)


def test_masks_are_scaled_by_nearest_neighbour_where_the_shape_agrees() -> None:
    plan = planned(MASK, "mask_image_url", size=(640, 360))
    (edit,) = plan.edits
    assert (edit.edit, edit.detail) == (
        "scale",
        "scaled from 1280x720 to 640x360 by nearest neighbour",
    )
    assert recipe(plan).threshold
    assert names(planned(MASK, "mask_image_url", size=(854, 480))) == ["scale"]
    other = planned(MASK, "mask_image_url", size=(720, 720))
    assert [f.code for f in other.remaining] == ["VP301"]
    assert "another shape" in other.remaining[0].message


def test_a_mask_becomes_png_only_where_its_pixels_change() -> None:
    jpeg = replace(MASK, format="jpeg")
    assert planned(jpeg, "mask_image_url").empty
    assert recipe(planned(replace(jpeg, location=("GPS",)), "mask_image_url")).format == "jpeg"
    grey = replace(jpeg, mask=MaskFacts(921_600, 21_600, 900_000 - 9, 9, 1, 1))
    plan = planned(grey, "mask_image_url")
    assert names(plan) == ["threshold", "convert-format"]
    assert not plan.lossless
    deep = replace(MASK, mode="I;16", bit_depth=16)
    assert (names(planned(deep, "mask_image_url")), planned(deep, "mask_image_url").lossless) == (
        ["convert-mode"],
        True,
    )


def test_fractions_do_not_hide_a_misfit() -> None:
    from vaceprep.plans.image import agrees

    assert agrees((1920, 1080), (854, 480))
    assert not agrees((1920, 1080), (960, 542))
    assert Fraction(1920, 1080) == Fraction(16, 9)
