"""Masks and pictures of the page: checked when they come, saved with the job."""

from __future__ import annotations

import io
import json
import os
from pathlib import Path
from typing import Any

import httpx
import pytest
from PIL import Image, ImageDraw

import vaceprep
from tests.editor.conftest import Serve
from vaceprep.editor import draft_routes

JOB: dict[str, Any] = {
    **{"function": "video_edit", "prompt": "A red sky", "prompt_extend": False},
    "video_url": "clip.mp4",
}


def png(image: Image.Image, fmt: str = "PNG") -> bytes:
    out = io.BytesIO()
    image.save(out, fmt)
    return out.getvalue()


def mask(size: tuple[int, int] = (360, 360)) -> Image.Image:
    image = Image.new("L", size, 0)
    image.paste(255, (90, 90, 270, 270))
    return image


def send(client: httpx.Client, image: Image.Image, frame: int = 0, **query: Any) -> Any:
    found = client.put("api/mask", params={"frame": frame, **query}, content=png(image))
    assert found.status_code == 200, found.text
    return found.json()


def test_a_mask_is_saved_with_the_job(serve: Serve, clip_here: Path) -> None:
    client = serve(clip_here)
    found = send(client, mask(), 11)
    assert found == {
        **{"name": "clip-mask.png", "mask_frame_id": 12, "findings": [], "remarks": []},
    }
    job = {**JOB, "mask_image_url": found["name"], "mask_frame_id": found["mask_frame_id"]}
    answer = client.put("api/job", json={"job": job}).json()
    assert answer["ok"] is True
    assert not any("mask.png" in edit["detail"] for e in answer["plan"] for edit in e["plan"])
    assert os.listdir(clip_here.parent) == ["clip.mp4"]
    saved = client.post("api/save", json={}).json()
    path = clip_here.with_name("clip.vace.yaml")
    assert saved["path"] == str(path)
    assert saved["command"] == f"vaceprep run {path}"
    assert vaceprep.Job.from_file(path).given() == {
        **job,
        "video_url": str(clip_here),
        "mask_image_url": str(clip_here.with_name("clip-mask.png")),
    }
    assert saved["report"] == vaceprep.check(path).to_dict()
    assert saved["report"]["summary"]["errors"] == 0
    assert Image.open(clip_here.with_name("clip-mask.png")).tobytes() == mask().tobytes()


def test_a_mask_drawn_again_replaces_its_own_file_alone(serve: Serve, clip_here: Path) -> None:
    other = clip_here.with_name("clip-mask.png")
    other.write_bytes(b"of somebody else")
    client = serve(clip_here)
    assert send(client, mask())["name"] == "clip-mask-2.png"
    client.put("api/job", json={"job": {**JOB, "mask_image_url": "clip-mask-2.png"}})
    assert client.post("api/save").status_code == 200
    drawn = mask()
    drawn.paste(255, (0, 0, 100, 100))
    assert send(client, drawn, 3)["name"] == "clip-mask-2.png"
    assert client.post("api/save").status_code == 200
    saved = Image.open(clip_here.with_name("clip-mask-2.png"))
    assert saved.tobytes() == drawn.tobytes()
    assert other.read_bytes() == b"of somebody else"
    assert send(client, mask(), 3, part=2)["name"] == "clip-mask-part-02.png"


def test_islands_are_found_as_one_draws(serve: Serve, clip_here: Path) -> None:
    image = mask()
    for n in range(30):
        image.putpixel((10 + 10 * n, 20), 255)
    assert [f["code"] for f in send(serve(clip_here), image)["findings"]] == ["VP611"]
    empty = Image.new("L", (360, 360), 0)
    assert "VP303" in [f["code"] for f in send(serve(clip_here), empty)["findings"]]


@pytest.mark.parametrize(
    ("image", "frame", "words"),
    [
        (mask((359, 360)), 0, "360x360"),
        (mask().point([100] * 256), 0, "neither"),
        (mask(), 48, "no frame 48"),
    ],
)
def test_a_mask_that_is_not_strict_is_refused(
    shared: httpx.Client, image: Image.Image, frame: int, words: str
) -> None:
    client = shared
    found = client.put("api/mask", params={"frame": frame}, content=png(image))
    assert found.status_code == 422
    assert words in found.json()["error"]
    assert client.put("api/mask?frame=0", content=b"GIF89a").status_code == 415
    assert client.put("api/mask?frame=0", content=b"\x89PNG\r\n\x1a\n").status_code == 422


def test_a_mask_comes_back_strict(serve: Serve, clip_here: Path) -> None:
    client = serve(clip_here)
    mask((720, 720)).resize((720, 720)).save(clip_here.with_name("large.png"))
    found = client.get("api/mask", params={"name": "large.png"})
    image = Image.open(io.BytesIO(found.content))
    assert image.size == (360, 360)
    assert set(image.convert("L").tobytes()) == {0, 255}
    name = send(client, mask())["name"]
    found = client.get("api/mask", params={"name": name})
    assert Image.open(io.BytesIO(found.content)).convert("L").tobytes() == mask().tobytes()
    for wrong in ("../x.png", "none.png", "/etc/passwd"):
        assert client.get("api/mask", params={"name": wrong}).status_code in (403, 422)


def test_a_painted_frame_becomes_a_mask(serve: Serve, clip_here: Path) -> None:
    client = serve(clip_here)
    frame = client.get("api/frame", params={"field": "video_url", "index": 5}).content
    painted = Image.open(io.BytesIO(frame)).convert("RGB")
    ImageDraw.Draw(painted).rectangle((50, 60, 149, 159), fill=(255, 0, 0))
    query: dict[str, Any] = {"field": "mask_image_url", "frame": 5, "painted": 1}
    found = client.post("api/upload", params=query, content=png(painted)).json()
    assert found["mask_frame_id"] == 6
    got = client.get("api/mask", params={"name": found["name"]})
    drawn = Image.open(io.BytesIO(got.content)).convert("L")
    assert drawn.getbbox() == (50, 60, 150, 160)
    grey = mask().point([3] * 128 + [250] * 128)
    query = {"field": "mask_image_url", "frame": 5}
    found = client.post("api/upload", params=query, content=png(grey, "BMP")).json()
    got = client.get("api/mask", params={"name": found["name"]})
    assert Image.open(io.BytesIO(got.content)).convert("L").tobytes() == mask().tobytes()


def test_a_reference_is_kept_under_the_job_s_name(serve: Serve, clip_here: Path) -> None:
    client = serve(clip_here)
    data = png(Image.new("RGB", (400, 400), "red"), "JPEG")
    found = client.post("api/upload", params={"field": "ref_images_url"}, content=data).json()
    assert found["name"] == "clip-ref-images-1.jpg"
    job = {**JOB, "ref_images_url": [found["name"]], "obj_or_bg": ["bg"]}
    client.put("api/job", json={"job": job})
    assert client.get("api/state").json()["media"]["/ref_images_url/0"]["width"] == 400
    client.post("api/save")
    assert clip_here.with_name("clip-ref-images-1.jpg").read_bytes() == data


@pytest.mark.parametrize(
    ("field", "data", "status", "words"),
    [
        ("video_url", b"", 400, "takes no picture"),
        ("ref_images_url", b"hello", 422, "the picture cannot be read"),
        ("mask_image_url", b"hello", 422, "the picture cannot be read"),
        ("first_frame_url", b"x" * 2000, 413, "more than 1,000 bytes"),
    ],
)
def test_what_is_no_picture_is_refused(
    shared: httpx.Client,
    monkeypatch: pytest.MonkeyPatch,
    field: str,
    data: bytes,
    status: int,
    words: str,
) -> None:
    monkeypatch.setattr(draft_routes, "MAX_UPLOAD", 1000)
    found = shared.post("api/upload", params={"field": field}, content=data)
    assert found.status_code == status
    assert words in found.json()["error"]


def test_the_limits_are_deliberate() -> None:
    assert draft_routes.MAX_UPLOAD == 2**26
    assert (draft_routes.MOST_FRAMES, draft_routes.MOST_PARTS) == (10**9, 999)


YAML = """\
# A sky that I like
function: video_edit  # masked
prompt: A red sky

# which mask?
mask_image_url: old.png
# between
seed: 7
strength_note: null
video_url: clip.mp4
# the end
"""


def test_comments_stay_and_removed_fields_go(serve: Serve, clip_here: Path) -> None:
    job = clip_here.with_name("sky.vace.yaml")
    job.write_text(YAML.replace("strength_note: null\n", ""))
    client = serve(job)
    values = {"function": "video_edit", "prompt": "A blue sky", "video_url": "clip.mp4"}
    client.put("api/job", json={"job": {**values, "expand_ratio": 0.5}})
    saved = client.post("api/save").json()
    assert saved["notes"] == []
    assert job.read_text() == (
        "# A sky that I like\nfunction: video_edit  # masked\nprompt: A blue sky\n\n"
        "# which mask?\n# between\nvideo_url: clip.mp4\n# the end\nexpand_ratio: 0.5\n"
    )


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("a.toml", 'function = "video_edit" # masked\nprompt = "A sky"\nexpand_ratio = 1.0\n'),
        ("a.json", json.dumps({"function": "video_edit", "prompt": "A sky", "expand_ratio": 1.0})),
    ],
)
def test_other_formats_keep_their_own(serve: Serve, clip_here: Path, name: str, text: str) -> None:
    job = clip_here.with_name(name)
    job.write_text(text)
    client = serve(job)
    values = client.get("api/state").json()["job"]
    # JavaScript has one type of number.
    client.put("api/job", json={"job": {**values, "expand_ratio": 1}})
    assert client.post("api/save").status_code == 200
    if name == "a.toml":
        assert job.read_text() == text
    client.put("api/job", json={"job": {"function": "video_edit", "prompt": "Another"}})
    client.post("api/save")
    assert "expand_ratio" not in job.read_text()
    assert "Another" in job.read_text()


def test_a_file_that_was_changed_meanwhile_is_not_lost(serve: Serve, clip_here: Path) -> None:
    job = clip_here.with_name("sky.vace.yaml")
    job.write_text(YAML)
    client = serve(job)
    job.write_text("function: video_edit\n")
    found = client.post("api/save")
    assert found.status_code == 409
    assert "changed by another program" in found.json()["error"]
    assert job.read_text() == "function: video_edit\n"
    assert client.post("api/save", json={"force": True}).status_code == 200
    assert "A red sky" in job.read_text()
    other = clip_here.with_name("clip.vace.yaml")
    client = serve(clip_here)
    other.write_text("prompt: mine\n")
    assert client.post("api/save").status_code == 409
    assert other.read_text() == "prompt: mine\n"
