"""Frames, strip, window and sound of the page: exact, and found without reading the whole file."""

from __future__ import annotations

import io
import time
from collections.abc import Callable
from contextlib import closing
from fractions import Fraction
from itertools import pairwise
from pathlib import Path
from typing import Any

import av
import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from tests import beeps
from tests.conftest import Run
from tests.editor.conftest import Serve
from tests.media import encode
from tests.paths import ROOT
from vaceprep.editor import clip, kept, media_routes, pictures, timeline, waveform
from vaceprep.editor.background import Background
from vaceprep.editor.timeline import Timeline
from vaceprep.errors import Cancelled
from vaceprep.files.source import open_path
from vaceprep.preparation.read import reading, video_of
from vaceprep.preparation.video.finder import Finder
from vaceprep.preparation.video.frame import frame_at

VIDEOS = ROOT / "fixtures" / "video"


def ended(client: httpx.Client, path: str, **query: Any) -> Any:
    """The answer of slow work once it is done."""
    for _ in range(600):
        found = client.get(path, params=query).json()
        if found is None or found["done"]:
            return found
        time.sleep(0.02)
    raise AssertionError(f"{path} does not end")


def test_a_frame_is_that_of_the_command(
    serve: Serve, clip_here: Path, vaceprep_cli: Run, tmp_path: Path
) -> None:
    client = serve(clip_here)
    for index, at in ((0, "first"), (29, "29/24"), (47, "last")):
        found = client.get("api/frame", params={"field": "video_url", "index": index})
        assert found.headers["content-type"] == "image/png"
        out = tmp_path / f"frame-{index}.png"
        assert vaceprep_cli("frame", clip_here, "--at", at, "-o", out).returncode == 0
        assert found.content == out.read_bytes()
    small = client.get("api/frame", params={"field": "video_url", "index": 5, "height": 90})
    assert Image.open(io.BytesIO(small.content)).size == (90, 90)


@pytest.mark.parametrize("frames", ["0", "2"])
def test_the_strip_lists_pictures_over_the_whole_video(
    serve: Serve, tmp_path: Path, frames: str
) -> None:
    path = tmp_path / "keyed.mp4"
    options = {"g": "10", "sc_threshold": "0", "bf": frames}
    encode(path, rate=25, frames=50, size=(96, 64), options=options)
    client = serve(path)
    strip = client.get("api/strip", params={"field": "video_url", "count": 5, "height": 32}).json()
    assert [entry["index"] for entry in strip] == [0, 10, 20, 30, 40]
    assert [entry["time"] for entry in strip] == ["0", "0.4", "0.8", "1.2", "1.6"]
    with reading(str(path)) as read:
        assert list(timeline.timeline_of(read).keyframes) == [0, 10, 20, 30, 40]
    found = client.get(client.base_url.join(strip[2]["url"]))
    assert Image.open(io.BytesIO(found.content)).size == (48, 32)


ODD = ("hevc.mp4", "interlaced.mp4", "avi.avi", "mpegts.ts")


@pytest.mark.parametrize(
    "name",
    [
        *("matroska-b-frames.mkv", "edit-list-trims.mp4"),
        *(pytest.param(name, marks=pytest.mark.long) for name in ODD),
    ],
)
def test_many_frames_are_found_as_each_alone(name: str) -> None:
    path = VIDEOS / name
    with reading(str(path), "video_url") as read, open_path(path) as opened:
        facts = video_of(read)
        assert read.sniffed.demuxer is not None
        assert facts.duration is not None
        with closing(Finder(opened, read.sniffed.demuxer, facts)) as finder:
            for part in (9, 0, 5, 1, 9, 0):
                at = facts.duration * part / 10
                alone, found = frame_at(read, at), frame_at(read, at, finder=finder)
                assert (found.at, found.notes) == (alone.at, alone.notes)
                assert found.image.tobytes() == alone.image.tobytes()


def test_times_of_frames_are_exact(serve: Serve, tmp_path: Path) -> None:
    path = tmp_path / "film.mp4"
    encode(path, rate=Fraction(30000, 1001), frames=30, size=(96, 64))
    client = serve(path)
    asked = {"field": "video_url", "from": "0.1", "to": "0.2"}
    assert client.get("api/frames", params=asked).json() == {
        "first": 3,
        "times": ["0.1001", "1001/7500", "1001/6000"],
    }


def test_times_of_uneven_frames_are_their_own(serve: Serve) -> None:
    path = VIDEOS / "variable-rate.mp4"
    client = serve(path)
    video = client.get("api/state").json()["media"]["video_url"]
    asked = {"field": "video_url", "from": "0", "to": "100"}
    found = client.get("api/frames", params=asked).json()
    times = [Fraction(t) for t in found["times"]]
    assert (found["first"], len(times)) == (0, video["frames"])
    assert times[0] == 0
    assert times == sorted(set(times))
    assert len({b - a for a, b in pairwise(times)}) > 1


def test_a_picture_has_one_frame(serve: Serve, clip_here: Path) -> None:
    Image.new("RGBA", (400, 200), (255, 0, 0, 0)).save(clip_here.with_name("ref.png"))
    client = serve(clip_here)
    job = {"function": "image_reference", "prompt": "A", "ref_images_url": ["ref.png"]}
    client.put("api/job", json={"job": job})
    query: dict[str, Any] = {
        "field": "/ref_images_url/0",
        "index": 0,
        "height": 100,
        "of": "ref.png",
    }
    image = Image.open(io.BytesIO(client.get("api/frame", params=query).content))
    assert (image.size, image.mode) == ((200, 100), "RGB")
    assert image.getpixel((5, 5)) == (255, 255, 255)
    assert client.get("api/frame", params={**query, "index": 1}).status_code == 422


@pytest.mark.parametrize(("start", "duration", "frames"), [("0", "2", 48), ("0.5", "1", 24)])
def test_a_window_is_an_mp4_of_exactly_its_frames(
    shared: httpx.Client, start: str, duration: str, frames: int
) -> None:
    query = {"field": "video_url", "start": start, "duration": duration}
    found = shared.get("api/clip", params=query)
    assert found.headers["content-type"] == "video/mp4"
    with av.open(io.BytesIO(found.content), "r") as container:
        video = container.streams.video[0]
        assert video.codec_context.name == "h264"
        assert len(list(container.decode(video))) == frames
        assert len(container.streams.audio) == 1
    part = shared.get("api/clip", params=query, headers={"Range": "bytes=0-9"})
    assert (part.status_code, part.content) == (206, found.content[:10])


def test_slow_work_ends_with_the_editor(moving: Path, tmp_path: Path) -> None:
    work = Background()

    def slow(step: Callable[[float], None]) -> None:
        while True:
            step(0.5)

    begun = work.task("slow", slow)
    work.close()
    assert (begun.done, begun.error) == (True, "the editor ends")
    with reading(str(moving)) as read, pytest.raises(Cancelled):
        clip.write_clip(read, Fraction(0), Fraction(2), str(tmp_path / "a.mp4"), work.check)


def test_sound_has_peaks_and_silence_has_none(shared: httpx.Client) -> None:
    found = ended(shared, "api/waveform", field="video_url", count=8)
    assert found == {"done": True, "share": 1.0, "error": None, "peaks": [0.0] * 8}


def test_peaks_follow_the_sound(serve: Serve, tmp_path: Path) -> None:
    path = tmp_path / "beeps.mp4"
    beeps.write(path, beeps=[0.5], seconds=2)
    found = ended(serve(path), "api/waveform", field="video_url", count=20)["peaks"]
    assert max(found) == max(found[4:8]) > 0.1
    assert max(found[:4] + found[9:]) < 0.05


def test_without_sound_the_waveform_is_null(serve: Serve, tmp_path: Path) -> None:
    path = tmp_path / "mute.mp4"
    encode(path, frames=5)
    client = serve(path)
    assert client.get("api/waveform", params={"field": "video_url", "count": 5}).json() is None


def test_cuts_and_windows_come_from_one_look(shared: httpx.Client) -> None:
    assert ended(shared, "api/cuts", field="video_url")["cuts"] == []
    (window,) = ended(shared, "api/pick")["windows"]
    assert (window["start"], window["duration"], window["frame"]) == ("0", "2", 0)
    assert window["reasons"]


@pytest.mark.parametrize(
    ("path", "query", "status", "words"),
    [
        ("frame", {"field": "video_url"}, 400, "index is missing"),
        ("frame", {"field": "video_url", "index": "-1"}, 400, "index must be"),
        ("frame", {"field": "video_url", "index": "48"}, 422, "no frame 48"),
        ("frame", {"field": "video_url", "index": "0", "height": "9999"}, 400, "height must be"),
        ("frame", {"field": "video_url", "index": "0", "size": "1"}, 400, "unknown parameter"),
        ("frame", {"field": "../x.mp4", "index": "0"}, 404, "no file"),
        ("frame", {"field": "mask_image_url", "index": "0"}, 404, "no file"),
        ("frames", {"field": "video_url", "from": "0", "to": "1e99"}, 400, "to is no time"),
        ("clip", {"field": "video_url", "start": "3", "duration": "1"}, 422, "after the end"),
        ("strip", {"field": "video_url", "count": "100000", "height": "32"}, 400, "count must"),
        ("waveform", {"field": "video_url", "count": "0"}, 400, "count must"),
    ],
)
def test_wrong_queries_are_refused_in_a_sentence(
    shared: httpx.Client, path: str, query: dict[str, str], status: int, words: str
) -> None:
    found = shared.get(f"api/{path}", params=query)
    assert found.status_code == status
    assert words in found.json()["error"]


@settings(max_examples=20)
@given(
    frames=st.integers(1, 400),
    rate=st.fractions(min_value=1, max_value=120, max_denominator=1001),
    uneven=st.booleans(),
    data=st.data(),
)
def test_a_timeline_finds_each_frame_by_its_time(
    frames: int, rate: Fraction, uneven: bool, data: st.DataObject
) -> None:
    times = [n / rate for n in range(frames)]
    line = Timeline(frames, frames / rate, None if uneven else rate, times if uneven else ())
    index = data.draw(st.integers(0, frames - 1))
    assert line.at(line.time(index)) == index
    assert line.at(line.time(index) + 1 / rate / 2) == index
    first, last = sorted(data.draw(st.tuples(*[st.fractions(0, 10, max_denominator=999)] * 2)))
    assert list(line.between(first, last)) == [
        n for n, time in enumerate(times) if first <= time < last
    ]
    strip = line.spread(data.draw(st.integers(1, 50)))
    assert strip == sorted(set(strip))
    assert strip[0] == 0


def test_the_numbers_of_the_page_are_deliberate() -> None:
    assert (clip.SIDE, int(clip.RATE), clip.LONGEST, clip.PRESET) == (640, 60, 30, "ultrafast")
    assert (pictures.HEIGHTS, timeline.MOST_TIMES) == ((16, 1080), 20_000)
    assert (waveform.RATE, waveform.FULL, waveform.REPORTED) == (8000, 32768, 500)
    assert (media_routes.MOST_PICTURES, media_routes.MOST_PEAKS) == (400, 4000)
    assert (media_routes.WINDOWS, kept.ROOM) == (3, 2**27)
