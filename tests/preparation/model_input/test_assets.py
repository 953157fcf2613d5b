"""What the model takes of the files of a job: the numbers that ``preview`` shows."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import pytest

from tests.media import video_facts
from vaceprep.contract import MODEL_FPS, Function, Role
from vaceprep.facts import Facts, ImageFacts
from vaceprep.model_view.canvas import Scales, outpainted
from vaceprep.model_view.frames import view
from vaceprep.preparation.model_input.assets import Given, ModelInput, input_of

VIDEO = Given("a.mp4", "video_url", video_facts())


def clip(role: Role, frames: int, fps: int = 24, **changes: Any) -> Given:
    facts = video_facts(frames=frames, fps=Fraction(fps), duration=Fraction(frames, fps), **changes)
    return Given(f"{role}.mp4", role, facts)


def image(role: Role, width: int = 1280, height: int = 720, name: str = "a.png") -> Given:
    from PIL import Image

    import vaceprep

    facts: Facts = _image(Image, vaceprep, width, height)
    return Given(name, role, facts)


def _image(image: Any, package: Any, width: int, height: int) -> ImageFacts:
    from io import BytesIO

    data = BytesIO()
    image.new("L", (width, height)).save(data, "PNG")
    facts = package.probe(data.getvalue(), role="mask_image_url")
    assert isinstance(facts, ImageFacts)
    return facts


def shown(function: Function | None, *given: Given, **values: Any) -> ModelInput:
    return input_of("job.yaml", function, given, values)


def test_a_video_is_taken_as_model_view_says() -> None:
    for frames, fps, size in ((80, 16, (1280, 720)), (150, 30, (1920, 1080)), (1, 16, (360, 640))):
        found = shown(None, clip("video_url", frames, fps, width=size[0], height=size[1]))
        seen = view(*size, frames, Fraction(fps))
        (file,) = found.files
        assert (file.used, file.width, file.height) == (seen.used, seen.width, seen.height)
        assert (file.scaled, file.crop) == (seen.scaled, seen.crop)
        assert (found.length, found.size) == (len(seen.used), (seen.width, seen.height))


@pytest.mark.parametrize(("fps", "kept"), [(16, 80), (24, 120), (1000, 5000)])
def test_of_a_long_video_the_first_five_seconds_count(fps: int, kept: int) -> None:
    (file,) = shown(None, clip("video_url", fps * 7200, fps)).files
    assert file.used == view(1280, 720, kept, Fraction(fps)).used


def test_an_outpainted_video_begins_inside_its_canvas() -> None:
    (file,) = shown(
        "video_outpainting", VIDEO, top_scale=1.5, bottom_scale=1.5, left_scale=1.5, right_scale=1.5
    ).files
    lies = outpainted(1280, 720, Scales(1.5, 1.5, 1.5, 1.5), len(file.used)).original
    assert (file.width, file.height) == (1280, 720)
    assert (file.scaled, file.crop) == ((640, 360), (-320, -180))
    assert (lies.left, lies.top) == (320, 180)
    assert shown("video_outpainting", VIDEO, top_scale="x", left_scale=9.0).files[0].crop == (0, 0)


def test_masks_follow_the_video_and_references_lie_on_its_canvas() -> None:
    found = shown(
        "video_edit",
        VIDEO,
        clip("mask_video_url", 60, 16, width=640, height=360),
        image("mask_image_url"),
        image("ref_images_url", 500, 1000),
        mask_frame_id=25,
    )
    video, moving, mask, reference = found.files
    assert moving.used == tuple(n for n in video.used if n < 60)
    assert (moving.scaled, mask.scaled, mask.used) == ((1280, 720), (1280, 720), (0,))
    assert (reference.width, reference.height) == (1280, 720)
    assert (reference.scaled, reference.crop) == ((360, 720), (-460, 0))
    missing = len(video.used) - len(moving.used)
    assert found.notes == (
        "mask_video_url: it has 60 frames, but the model reads it up to frame 80 of the video; "
        f"{missing} frames have no mask",
    )
    assert found.marked_frame == 24
    assert shown(None, VIDEO, mask_frame_id=-5).marked_frame == 0
    assert shown(None, VIDEO, mask_frame_id="x").marked_frame == 0


def test_references_alone_have_the_canvas_of_the_output() -> None:
    found = shown("image_reference", image("ref_images_url", 960, 960), size="720*1280")
    assert (found.files[0].width, found.files[0].height) == (720, 1280)
    assert (found.files[0].scaled, found.files[0].crop) == ((720, 720), (0, -280))
    assert shown("image_reference", image("ref_images_url"), size=[]).size == (1280, 720)


def test_an_extension_has_each_file_at_its_place() -> None:
    found = shown(
        "video_extension",
        clip("first_clip_url", 84, 24),
        image("last_frame_url", 1000, 1000),
        clip("video_url", 120, 24),
    )
    first, last, guide = found.files
    assert (found.length, len(first.used), first.first) == (81, 3 * MODEL_FPS, 0)
    # The clip of 3.5 s keeps its last 3 s.
    assert (first.used[0], first.used[-1]) == (12, 83)
    assert (last.used, last.first) == ((0,), 80)
    assert (last.scaled, last.crop) == ((1280, 1280), (0, 280))
    assert guide.used == view(1280, 720, 120, Fraction(24)).used
    assert {(file.width, file.height) for file in found.files} == {(1280, 720)}
    (late,) = shown("video_extension", clip("last_clip_url", 48, 24)).files
    assert (late.first, len(late.used), late.used[0]) == (49, 32, 0)
    assert shown("video_extension").files == ()


def test_what_cannot_be_numbered_is_named() -> None:
    unknown = Given("b.mp4", "mask_video_url", video_facts(frames=None))
    found = shown("video_edit", VIDEO, unknown)
    assert [file.role for file in found.files] == ["video_url"]
    assert "unknown" in found.notes[0]
    uneven = shown(None, Given("c.mp4", "video_url", video_facts(constant_rate=False)))
    assert "not evenly spaced" in uneven.notes[0]
