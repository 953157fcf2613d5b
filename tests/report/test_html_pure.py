"""What the page draws and says, from numbers alone."""

from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image, ImageFilter

from tests.media import video_facts
from vaceprep.contract import VIDEO_ROLES
from vaceprep.report.html import ssim
from vaceprep.report.html.entries import default_window
from vaceprep.report.html.tables import WHOLE, extension_bars, rows, window_bar
from vaceprep.report.html.thumbnails import bounded, instants
from vaceprep.report.html.videos import link_to

seconds = st.fractions(Fraction(1, 100), 8000, max_denominator=1001)


@given(seconds, st.sampled_from(VIDEO_ROLES))
def test_a_bar_stays_within_its_width(duration: Fraction, role: str) -> None:
    facts = video_facts(duration=duration)
    bar = window_bar(facts, role, default_window(facts, role))  # type: ignore[arg-type]
    assert bar is not None
    for span in (*bar.spans, *bar.marks):
        assert 0 <= span.at <= span.at + span.width <= WHOLE + 0.01


@pytest.mark.parametrize(
    ("duration", "role", "told"),
    [
        (Fraction(5), "video_url", "all 5 s used; the limit is 5 s"),
        (Fraction(501, 100), "video_url", "the first 5 of 5.01 s used; the limit is 5 s"),
        (Fraction(7, 2), "first_clip_url", "0.5 s to 3.5 s of 3.5 s used; the limit is 3 s"),
        (Fraction(7, 2), "last_clip_url", "the first 3 of 3.5 s used; the limit is 3 s"),
    ],
)
def test_the_used_window_is_said(duration: Fraction, role: str, told: str) -> None:
    facts = video_facts(duration=duration)
    bar = window_bar(facts, role, default_window(facts, role))  # type: ignore[arg-type]
    assert bar is not None and bar.caption == told


@given(
    st.one_of(st.none(), seconds),
    st.one_of(st.none(), seconds),
    st.tuples(st.booleans(), st.booleans()),
    st.one_of(st.none(), seconds),
)
def test_a_timeline_stays_within_its_width(
    first: Fraction | None,
    last: Fraction | None,
    frames: tuple[bool, bool],
    guide: Fraction | None,
) -> None:
    for bar in extension_bars(first, last, frames, guide, Fraction(5)):
        for span in (*bar.spans, *bar.marks):
            assert span.at >= 0 and span.at + span.width <= WHOLE + 0.02


def test_a_timeline_tells_what_the_service_makes() -> None:
    (bar,) = extension_bars(Fraction(2), Fraction(1), (False, True), None, Fraction(5))
    assert bar.caption.startswith("first clip 2 s, 2 s made by the service, last clip 1 s")
    assert [(s.kind, s.at, s.width) for s in bar.spans] == [
        ("clip-first", 0, 400.0),
        ("new", 400.0, 400.0),
        ("clip-last", 800.0, 200.0),
    ]


@given(seconds, st.integers(1, 5000), st.integers(1, 9))
def test_instants_lie_in_the_middle_of_frames(duration: Fraction, frames: int, count: int) -> None:
    fps = frames / duration
    facts = video_facts(duration=duration, frames=frames, fps=fps)
    found = instants(facts, count)
    assert 1 <= len(found) <= min(count, frames)
    assert list(found) == sorted(set(found))
    for at in found:
        assert 0 < at < duration and (at * fps) % 1 == Fraction(1, 2)


@given(st.integers(1, 10**6), st.integers(1, 10**6), st.integers(1, 500))
def test_a_bounded_size_is_bounded(width: int, height: int, longest: int) -> None:
    got = bounded((width, height), longest)
    assert min(got) >= 1 and max(got) <= longest


def test_alike_is_one_and_different_is_less() -> None:
    noise = Image.effect_noise((64, 48), 60).convert("RGB")
    blurred = noise.filter(ImageFilter.GaussianBlur(2))
    assert ssim.ssim([(noise, noise)]) == 1.0
    assert ssim.ssim([(noise, blurred)]) < 0.8
    both = ssim.ssim([(noise, noise), (noise, blurred)])
    assert both == pytest.approx((1 + ssim.ssim([(noise, blurred)])) / 2)


@pytest.mark.parametrize(
    ("value", "said"), [(1.0, "1.0000"), (0.99999, "0.9999"), (0.99994, "0.9999"), (0.5, "0.5000")]
)
def test_what_is_not_the_same_is_never_called_the_same(value: float, said: str) -> None:
    assert ssim.worded(value, 1, (64, 48), still=False) == f"SSIM {said} on 1 frame at 64x48"


def test_what_cannot_be_compared_is_not() -> None:
    plain = video_facts()
    assert ssim.incomparable(plain, video_facts(width=640, height=360)) is None
    padded = ssim.incomparable(plain, video_facts(width=960, height=960))
    assert padded is not None and "padded or cropped" in padded
    hdr = ssim.incomparable(video_facts(color_transfer="smpte2084"), plain)
    assert hdr is not None and "HDR" in hdr


def test_a_row_knows_whether_it_changed() -> None:
    found = {r.label: r for r in rows(video_facts(), video_facts(codec="hevc"))}
    assert found["codec"].changed and not found["duration"].changed
    assert "turned" not in found
    assert "turned" in {r.label for r in rows(video_facts(rotation=90), video_facts())}


@pytest.mark.parametrize(
    ("path", "page", "link"),
    [
        ("out/a b.mp4", "report.html", "out/a%20b.mp4"),
        ("out/a.mp4", "reports/r.html", "../out/a.mp4"),
        ("javascript:alert(1).mp4", "r.html", "javascript%3Aalert%281%29.mp4"),
        ('"><b>.mp4', "r.html", "%22%3E%3Cb%3E.mp4"),
    ],
)
def test_a_link_is_a_path_and_nothing_else(path: str, page: str, link: str) -> None:
    assert link_to(path, page) == link
