"""What a look at a URL moves, and in how many requests."""

from __future__ import annotations

from pathlib import Path

import pytest
from PIL import Image

import vaceprep
from tests.conftest import Run
from tests.media import Hand, encode
from tests.net.big import deep_frames, sparse
from tests.net.server import HOST, serving
from vaceprep.contract import REMOTE_BYTES

#: What issue 8 allows beside the index.
MOST_BYTES = 512 * 1024
MOST_REQUESTS = 8


@pytest.mark.parametrize("frames", [40, 40_000])
def test_two_gigabytes_with_the_index_at_the_end(
    frames: int, tmp_path: Path, vaceprep_cli: Run
) -> None:
    index = sparse(tmp_path / "big.mp4", frames=frames)
    with serving({"/big.mp4": tmp_path / "big.mp4"}) as site:
        done = vaceprep_cli("check", site.at("/big.mp4"), "--allow-host", HOST)
        assert (done.returncode, done.stderr) == (1, "")
        assert "VP102" in done.stdout
        assert f"{frames / 25:g} s, 25 FPS" in done.stdout
        assert site.moved <= MOST_BYTES + index
        assert len(site.seen) <= MOST_REQUESTS
        assert site.connections == 1
        here = vaceprep.probe(tmp_path / "big.mp4")
        assert vaceprep.probe(site.at("/big.mp4"), allow_hosts=[HOST]) == here


def test_an_index_at_the_front(tmp_path: Path) -> None:
    data = Hand(frames=40, index_first=True).data()
    (tmp_path / "clip.mp4").write_bytes(data[:-8])
    with (tmp_path / "clip.mp4").open("r+b") as file:
        # The frames' box goes on to the end of a file that is mostly hole.
        at = data.index(b"mdat") - 4
        file.seek(at)
        file.write((2 * 10**9 - at).to_bytes(4, "big"))
        file.truncate(2 * 10**9)
    with serving({"/clip.mp4": tmp_path / "clip.mp4"}) as site:
        facts = vaceprep.probe(site.at("/clip.mp4"), allow_hosts=[HOST])
        assert facts == vaceprep.probe(tmp_path / "clip.mp4")
        assert len(site.seen) == 1
        # Without ranges its beginning is all that is taken, too.
        site.faults = ["whole"]
        assert vaceprep.probe(site.at("/clip.mp4"), allow_hosts=[HOST]) == facts
        assert len(site.seen) == 2


@pytest.mark.parametrize("isolate", [False, True])
def test_frames_that_stand_where_nobody_looked(isolate: bool, tmp_path: Path) -> None:
    """In a worker, what is missing is asked for, fetched, and measured once more."""
    path = tmp_path / "clip.mp4"
    path.write_bytes(deep_frames())
    with serving({"/clip.mp4": path}) as site:
        there = vaceprep.check(site.at("/clip.mp4"), allow_hosts=[HOST], isolate=isolate)
        assert there.files[0].facts == vaceprep.probe(path)
        # The head, the index, and where the frames are.
        assert len(site.seen) == 3
        assert site.moved <= MOST_BYTES


def test_an_image_is_taken_whole_and_once(tmp_path: Path) -> None:
    path = tmp_path / "picture.png"
    Image.effect_noise((600, 500), 100).save(path)
    with serving({"/picture.png": path}, content_type="image/png") as site:
        report = vaceprep.check(site.at("/picture.png"), allow_hosts=[HOST])
        assert report.files[0].facts == vaceprep.probe(path)
        assert report.files[0].findings == ()
        assert site.moved == path.stat().st_size
        assert len(site.seen) == 2


@pytest.mark.parametrize("kind", ["matroska", "fragmented"])
def test_what_has_no_index_is_taken_whole(kind: str, tmp_path: Path) -> None:
    path = tmp_path / "clip"
    flags = {"movflags": "+frag_keyframe+empty_moov"} if kind == "fragmented" else {}
    container = "mp4" if kind == "fragmented" else kind
    # Large enough that it does not come with the first request.
    options = {"g": "5", "qp": "0", "preset": "ultrafast"}
    encode(path, container=container, container_options=flags, options=options, size=(640, 360))
    with path.open("r+b") as file:
        file.seek(0, 2)
        if kind == "fragmented":
            file.write(b"\0\3\0\0free" + bytes(3 * 65536 - 8))
    with serving({"/clip": path}) as site:
        assert vaceprep.probe(site.at("/clip"), allow_hosts=[HOST]) == vaceprep.probe(path)
        assert site.moved == path.stat().st_size
        assert len(site.seen) <= MOST_REQUESTS


def test_what_would_have_to_be_taken_whole_and_is_too_large(tmp_path: Path) -> None:
    path = tmp_path / "clip.mkv"
    encode(path, container="matroska")
    with path.open("r+b") as file:
        file.truncate(REMOTE_BYTES + 1)
    with serving({"/clip.mkv": path}) as site:
        (finding,) = vaceprep.check(site.at("/clip.mkv"), allow_hosts=[HOST]).findings
        assert finding.code == "VP105"
        assert f"{REMOTE_BYTES:,} at most are fetched" in finding.message
        assert len(site.seen) == 1
        with path.open("r+b") as file:
            file.truncate(REMOTE_BYTES)
        found = vaceprep.check(site.at("/clip.mkv"), allow_hosts=[HOST])
        assert found.files[0].facts == vaceprep.probe(path)


def test_every_frame_where_the_file_can_be_had(tmp_path: Path, vaceprep_cli: Run) -> None:
    sparse(tmp_path / "big.mp4")
    (tmp_path / "clip.mp4").write_bytes(Hand(frames=40).data())
    files: dict[str, Path | bytes] = {f"/{n}.mp4": tmp_path / f"{n}.mp4" for n in ("big", "clip")}
    with serving(files) as site:
        urls = [site.at(path) for path in files]
        big, clip = vaceprep.check(urls, deep=True, allow_hosts=[HOST], isolate=True).files
        assert (big.facts.to_dict() if big.facts else {})["decoded_frames"] is None
        assert (clip.facts.to_dict() if clip.facts else {})["decoded_frames"] == 40
        done = vaceprep_cli("check", "--deep", *urls, "--allow-host", HOST)
        assert done.stderr.count("not decoded") == 1
        assert f"{urls[0]}: not decoded" in done.stderr
