"""What the page gets first: the job, its functions and its media."""

from __future__ import annotations

import os
from fractions import Fraction
from pathlib import Path

import httpx
import pytest

from tests.editor.conftest import Serve, client_of
from tests.media import encode
from vaceprep.editor import window as windows
from vaceprep.editor.errors import BadRequest
from vaceprep.editor.server import EditorServer
from vaceprep.editor.session import open_session
from vaceprep.job.model import MODELS


def test_a_video_begins_a_new_job(serve: Serve, clip_here: Path) -> None:
    state = serve(clip_here).get("api/state").json()
    assert state["job"] == {
        **{"function": "video_edit", "prompt": "", "prompt_extend": False},
        "video_url": "clip.mp4",
    }
    assert state["path"] == str(clip_here.parent / "clip.vace.yaml")
    assert state["window"] == {"start": "0", "duration": "2"}
    video = state["media"]["video_url"]
    assert (video["width"], video["height"], video["frames"]) == (360, 360, 48)
    assert (video["fps_exact"], video["has_audio"]) == ("24/1", True)
    assert state["files"] == [{"name": "clip.mp4", "kind": "video"}]
    assert state["limits"]["seconds"] == 5
    assert state["allow_send"] is False
    assert state["price"] == "0.10 USD a second"
    assert os.listdir(clip_here.parent) == ["clip.mp4"]


def test_the_window_of_a_long_video_is_the_limit(serve: Serve, tmp_path: Path) -> None:
    encode(tmp_path / "long.mp4", rate=10, frames=63, size=(64, 48))
    state = serve(tmp_path / "long.mp4").get("api/state").json()
    assert state["window"] == {"start": "0", "duration": "5"}


def test_a_job_keeps_its_values_and_names_what_is_missing(serve: Serve, clip_here: Path) -> None:
    job = clip_here.with_name("sky.vace.yaml")
    job.write_text(
        "function: video_edit\nprompt: A red sky\nvideo_url: clip.mp4\n"
        "mask_image_url: mask.png\nref_images_url: ['https://a.example/b.png']\n"
    )
    state = serve(job).get("api/state").json()
    assert state["job"]["mask_image_url"] == "mask.png"
    assert state["path"] == str(job)
    assert state["media"]["video_url"]["frames"] == 48
    assert "mask.png" in state["media"]["mask_image_url"]["error"]
    assert state["media"]["/ref_images_url/0"]["error"] == "URLs are not read here"


def test_without_a_source_the_folder_s_files_are_offered(
    serve: Serve, clip_here: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(clip_here.parent)
    state = serve(None).get("api/state").json()
    assert state["files"] == [{"name": "clip.mp4", "kind": "video"}]
    assert state["media"] == {}
    assert state["path"] == "edit.vace.yaml"


def test_each_function_has_its_fields_with_limits(shared: httpx.Client) -> None:
    functions = shared.get("api/state").json()["functions"]
    assert list(functions) == list(MODELS)
    edit = functions["video_edit"]["fields"]
    assert edit["prompt"]["limit"]["max_length"] == 800
    assert edit["prompt"]["required"] is True
    assert edit["expand_mode"]["choices"] == ["hull", "bbox", "original"]
    assert edit["expand_ratio"]["limit"] == {"min": 0.0, "max": 1.0}
    assert edit["video_url"]["type"] == "media"
    assert edit["ref_images_url"]["type"] == "media-list"
    assert functions["video_outpainting"]["fields"]["top_scale"]["default"] == 1.0
    assert "model" not in edit
    assert "extra" not in edit


@pytest.mark.parametrize(
    ("text", "time"), [("0", 0), ("1.5", Fraction(3, 2)), ("1001/30000", Fraction(1001, 30000))]
)
def test_times_are_exact(text: str, time: Fraction) -> None:
    assert windows.time_of(text, "start") == time
    assert windows.time_text(Fraction(time)) == text


@pytest.mark.parametrize("text", ["", "-1", "1e9", "1/0", "nan", "1 ", "٣", 1.5, None, "9" * 20])
def test_what_is_no_time_is_refused(text: object) -> None:
    with pytest.raises(BadRequest, match="start is no time"):
        windows.time_of(text, "start")


def test_the_page_ends_the_server(clip_here: Path) -> None:
    with EditorServer(open_session(str(clip_here), None)) as server:
        assert not server.ended.is_set()
        with client_of(server.address) as client:
            assert client.post("api/quit").json() == {}
        assert server.ended.wait(10)


def test_a_folder_that_is_not_there_yet(serve: Serve, clip_here: Path, tmp_path: Path) -> None:
    """The video is found from the job's folder, which only saving makes."""
    state = serve(clip_here, tmp_path / "new").get("api/state").json()
    assert state["media"]["video_url"]["frames"] == 48
    assert not (tmp_path / "new").exists()
