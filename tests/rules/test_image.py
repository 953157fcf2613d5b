"""Each image rule on each side of its limit, and which of them speaks."""

from __future__ import annotations

import pickle
from dataclasses import replace
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.plans.anyimage import GOOD
from vaceprep.contract import IMAGE_ROLES, Role
from vaceprep.facts import ImageFacts, Unreadable, VideoFacts
from vaceprep.formats import name_disagrees
from vaceprep.limits import CONTRACT, Limits
from vaceprep.rules.all import BY_CODE
from vaceprep.rules.catalogue import Asset, Finding, Severity
from vaceprep.rules.image import judge_image

VIDEO = VideoFacts(
    container="mp4",
    major_brand="isom",
    bytes=1,
    fragmented=False,
    index_first=True,
    truncation=None,
    overrun=None,
    duration=Fraction(5),
    frames=80,
    fps=Fraction(16),
    rounding_tick=None,
    constant_rate=True,
    min_interval=None,
    max_interval=None,
    stored_width=100,
    stored_height=100,
    width=100,
    height=100,
    crop=None,
    rotation=0,
    mirrored=False,
    sample_aspect_ratio=Fraction(1),
    codec="h264",
    profile=None,
    pixel_format="yuv420p",
    bit_depth=8,
    color_transfer=None,
    color_primaries=None,
    color_matrix=None,
    color_range=None,
    interlaced=False,
    dolby_vision=None,
    edit_list=False,
    edit_effect=None,
    unshown=None,
    packets_are_frames=True,
    streams=(),
    container_duration=Fraction(5),
    location=(),
    declared_duration=Fraction(5),
    header_tick=None,
    declared_frames=80,
    decoded=None,
    mask=None,
    reader="ffmpeg",
)


def judge(facts: Any, role: Role = "ref_images_url", name: str | None = None) -> dict[str, Finding]:
    found = judge_image(facts, Asset(role, name))
    assert len({f.code for f in found}) == len(found)
    assert [f.code for f in found] == sorted(f.code for f in found)
    return {f.code: f for f in found}


def changed(**changes: Any) -> ImageFacts:
    return replace(GOOD, **changes)


@pytest.mark.parametrize("role", IMAGE_ROLES)
def test_a_good_image_has_no_finding(role: Role) -> None:
    assert judge(GOOD, role, "photo.jpg") == {}


def inline(characters: int, size: int = 1000, limits: Limits = CONTRACT) -> list[Finding]:
    asset = Asset("ref_images_url", None, limits, characters)
    return judge_image(changed(bytes=size), asset)


def test_the_text_of_a_data_uri_is_limited_too() -> None:
    assert inline(10_485_760) == []
    (found,) = inline(10_485_761)
    assert (found.code, found.severity.value, found.fix) == ("VP202", "error", None)
    assert (found.measured, found.allowed, found.unit) == (10_485_761, 10_485_760, "characters")
    assert "publish it" in found.message
    # An image that is itself too large has one finding, about its bytes.
    (found,) = inline(14_000_000, 10 * 2**20 + 1)
    assert found.unit == "bytes"
    # The warning between both readings of 10 MB gives way to the error.
    (found,) = inline(13_400_000, 10_000_001)
    assert (found.severity.value, found.unit) == ("error", "characters")


def test_the_text_of_a_data_uri_may_grow_with_a_configured_limit() -> None:
    larger = CONTRACT._replace(image_megabytes=Fraction(20))
    assert inline(20 * 2**20, limits=larger) == []
    assert [f.code for f in inline(20 * 2**20 + 1, limits=larger)] == ["VP202"]
    assert inline(10_485_760, limits=CONTRACT._replace(image_megabytes=Fraction(5))) == []


@pytest.mark.parametrize(
    ("changes", "code", "severity"),
    [
        ({"format": "gif"}, "VP201", "error"),
        ({"format": "heic"}, "VP201", "error"),
        ({"bytes": 10 * 2**20 + 1}, "VP202", "error"),
        ({"bytes": 10 * 2**20}, "VP202", "warning"),
        ({"bytes": 10_000_001}, "VP202", "warning"),
        ({"bytes": 10_000_000}, None, None),
        ({"bytes": None}, "VP202", "error"),
        ({"width": 359}, "VP203", "error"),
        ({"height": 359}, "VP203", "error"),
        ({"width": 360, "height": 360}, None, None),
        ({"width": 2000, "height": 2000}, None, None),
        ({"width": 2001}, "VP203", "error"),
        ({"height": 2001}, "VP203", "error"),
        ({"decoded": False}, "VP204", "error"),
        ({"orientation": 2}, "VP211", "warning"),
        ({"has_alpha": True}, "VP212", "warning"),
        ({"has_alpha": None}, "VP212", "warning"),
        ({"mode": "RGBA"}, None, None),
        ({"mode": "LA"}, None, None),
        ({"mode": "L"}, None, None),
        ({"mode": "CMYK"}, "VP213", "warning"),
        ({"mode": "P"}, "VP213", "warning"),
        ({"mode": "1", "bit_depth": 1}, "VP213", "warning"),
        ({"mode": "I;16", "bit_depth": 16}, "VP213", "warning"),
        ({"mode": "RGB;16", "bit_depth": 16}, "VP213", "warning"),
        ({"mode": "L;4", "bit_depth": 4}, "VP213", "warning"),
        ({"mode": "F", "bit_depth": 32}, "VP213", "warning"),
        ({"mode": "LAB"}, "VP213", "warning"),
        ({"bit_depth": None}, "VP213", "warning"),
        ({"icc_profile": "Display P3", "srgb": False}, "VP214", "warning"),
        ({"icc_profile": "c2", "srgb": True}, None, None),
        ({"frames": 2}, "VP215", "warning"),
        ({"location": ("GPSLatitude",)}, "VP216", "advice"),
    ],
)
def test_each_rule_on_each_side(
    changes: dict[str, Any], code: str | None, severity: str | None
) -> None:
    found = judge(changed(**changes))
    assert list(found) == ([] if code is None else [code])
    if code is not None:
        assert found[code].severity == severity
        assert found[code].source == BY_CODE[code].source
        assert found[code].rule == BY_CODE[code].slug
        assert pickle.loads(pickle.dumps(found[code])) == found[code]


@pytest.mark.parametrize(
    ("facts", "words"),
    [
        (changed(bytes=None), "could not be measured"),
        (changed(has_alpha=None), "could not be measured"),
        (changed(bit_depth=None), "could not be measured"),
        (changed(srgb=False), "could not be measured"),
        (changed(width=4000, height=300), "is 4000x300 px; each side must be 360 to 2000 px"),
        (changed(format="jxl"), "JPEG XL"),
        (changed(icc_profile="Display P3", srgb=False), "Display P3"),
        (changed(format="tiff", frames=3), "3 pages"),
    ],
)
def test_messages(facts: ImageFacts, words: str) -> None:
    (finding,) = judge(facts).values()
    assert words in finding.message


def test_masks_have_their_own_limits() -> None:
    odd = changed(width=100, height=4000, mode="1", bit_depth=1, has_alpha=True)
    found = judge(odd, "mask_image_url")
    assert set(found) == {"VP212", "VP213"}
    assert found["VP213"].severity is Severity.ADVICE
    assert "black" in str(found["VP212"].fix)
    plain = judge(odd)
    assert set(plain) == {"VP203", "VP212", "VP213"}
    assert "white" in str(plain["VP212"].fix)


def test_a_video_where_an_image_is_due_has_no_fix() -> None:
    for facts in (VIDEO, Unreadable("moving-image", "it is a video", 9, "mp4", 640, 480)):
        found = judge(facts, name="clip.mp4")
        assert set(found) == {"VP201"}
        assert found["VP201"].fix is None
        assert "ref_images_url" in found["VP201"].message


UNREADABLE = ["missing", "folder", "permission", "empty", "not-media", "truncated", "broken"]


@pytest.mark.parametrize("reason", UNREADABLE)
def test_unreadable_speaks_alone(reason: Any) -> None:
    facts = Unreadable(reason, "there is a reason", 20 * 2**20)
    found = judge(facts, name="photo.png")
    assert set(found) == {"VP204"}
    assert "there is a reason" in found["VP204"].message
    assert found["VP204"].fix is None


def test_a_header_may_still_prove_format_and_size() -> None:
    assert set(judge(Unreadable("truncated", "cut", 9, "jpeg", 640, 480))) == {"VP204"}
    assert set(judge(Unreadable("truncated", "cut", 9, "gif", 640, 480))) == {"VP201", "VP204"}
    small = Unreadable("broken", "bad", 9, "png", 100, 480)
    assert set(judge(small, name="x.jpg")) == {"VP203", "VP204"}
    assert set(judge(small, "mask_image_url")) == {"VP204"}


def test_bombs() -> None:
    bomb = Unreadable("bomb", "it claims 20000x20000 pixels", 9, "png", 20_000, 20_000)
    assert set(judge(bomb, name="a.png")) == {"VP203", "VP205"}
    assert judge(bomb)["VP205"].measured == 400_000_000
    assert set(judge(bomb, "mask_image_url")) == {"VP205"}
    assert set(judge(replace(bomb, format="jp2"))) == {"VP201", "VP203", "VP205"}


def test_an_image_that_is_not_decoded_here() -> None:
    facts = Unreadable("unsupported-image", "it is HEIC", 9, "heic")
    found = judge(facts, name="a.jpg")
    assert set(found) == {"VP201", "VP206"}
    assert found["VP201"].fix is None
    assert judge(changed(format="gif"))["VP201"].fix == "convert to PNG"


@pytest.mark.parametrize(
    ("name", "fmt", "disagrees"),
    [
        *((f"a{e}", "jpeg", False) for e in (".jpg", ".JPEG", ".jpe", ".jfif", ".mpo")),
        *((f"a{e}", "tiff", False) for e in (".tif", ".TIFF")),
        ("a.png", "png", False),
        ("a.apng", "png", False),
        ("a.b.webp", "webp", False),
        ("a.jpg", "png", True),
        ("a.png", "jpeg", True),
        ("a.mp4", "jpeg", True),
        ("a.dat", "jpeg", True),
        ("noending", "jpeg", False),
        (".png", "jpeg", False),
        ("a.heic", "heic", False),
        ("a.jpg", "jxr", True),
        ("a.wdp", "jxr", False),
    ],
)
def test_names(name: str, fmt: str, disagrees: bool) -> None:
    assert name_disagrees(name, fmt) is disagrees
    assert ("VP206" in judge(changed(format=fmt), name=name)) is disagrees
    assert "VP206" not in judge(changed(format=fmt))


IMAGE_FACTS = st.builds(
    ImageFacts,
    format=st.sampled_from(["jpeg", "png", "bmp", "tiff", "webp", "gif", "heic", "svg", "x"]),
    bytes=st.none() | st.integers(0, 3 * 10**7),
    stored_width=st.integers(1, 70_000),
    stored_height=st.integers(1, 70_000),
    width=st.integers(1, 70_000) | st.integers(355, 365) | st.integers(1995, 2005),
    height=st.integers(1, 70_000) | st.integers(355, 365) | st.integers(1995, 2005),
    orientation=st.integers(1, 8),
    mode=st.sampled_from(["RGB", "L", "P", "1", "RGBA", "CMYK", "I;16", "RGB;16", "?"]),
    bit_depth=st.none() | st.sampled_from([1, 8, 16, 32]),
    has_alpha=st.none() | st.booleans(),
    icc_profile=st.none() | st.text(max_size=5),
    srgb=st.booleans(),
    frames=st.integers(1, 10_000),
    location=st.lists(st.text(max_size=5), max_size=3).map(tuple),
    decoded=st.booleans(),
    mask=st.none(),
)
FAILURES = st.builds(
    Unreadable,
    reason=st.sampled_from([*UNREADABLE, "bomb", "unsupported-image", "moving-image"]),
    message=st.text(max_size=10),
    bytes=st.none() | st.integers(0, 3 * 10**7),
    format=st.none() | st.sampled_from(["jpeg", "gif", "heic", "mp4"]),
    width=st.none() | st.integers(1, 70_000),
    height=st.none() | st.integers(1, 70_000),
)
ASSETS = st.builds(
    Asset,
    role=st.sampled_from(IMAGE_ROLES),
    name=st.none() | st.text(max_size=9),
    limits=st.just(CONTRACT),
    inline=st.none() | st.integers(10_485_755, 10_485_765),
)


@given(IMAGE_FACTS, ASSETS)
def test_any_facts(facts: ImageFacts, asset: Asset) -> None:
    codes = {f.code: f for f in judge_image(facts, asset)}
    inside = all(360 <= side <= 2000 for side in (facts.width, facts.height))
    assert ("VP203" in codes) is (not inside and asset.role != "mask_image_url")
    severity = codes["VP202"].severity.value if "VP202" in codes else None
    if facts.bytes is not None:
        error = facts.bytes > 10_485_760 or (asset.inline or 0) > 10_485_760
        warning = facts.bytes > 10_000_000
        assert severity == ("error" if error else "warning" if warning else None)
    assert ("VP201" in codes) is (facts.format not in ("jpeg", "png", "bmp", "tiff", "webp"))
    assert ("VP215" in codes) is (facts.frames > 1)
    for finding in codes.values():
        assert finding.severity in BY_CODE[finding.code].severities


@given(FAILURES, ASSETS)
def test_any_failure_has_a_finding(facts: Unreadable, asset: Asset) -> None:
    codes = {f.code for f in judge_image(facts, asset)}
    assert codes & {"VP201", "VP204", "VP205"} or facts.reason == "unsupported-image"
    if "VP204" in codes:
        assert codes <= {"VP201", "VP203", "VP204"}
