"""Links out of a folder are not followed: not to read, not to write, not by a race."""

from __future__ import annotations

import json
import os
import threading
from pathlib import Path

import pytest

import vaceprep
from tests.conftest import Run
from tests.media import Hand, small_mp4
from vaceprep.checks.bytes import Options
from vaceprep.checks.inputs import Skipped, collect
from vaceprep.checks.source import check_item
from vaceprep.files.source import CannotOpen, leads_inside, open_path

#: Told from ``small_mp4`` by its number of frames.
SECRET = Hand(frames=21, index_first=True).data()


@pytest.fixture
def shoot(tmp_path: Path) -> Path:
    folder = tmp_path / "shoot"
    folder.mkdir()
    (tmp_path / "secret.mp4").write_bytes(SECRET)
    return folder


def sources(folder: Path) -> tuple[list[str], int]:
    skipped = Skipped()
    return [item.source for item in collect([str(folder)], skipped)], skipped.links


def test_links_to_parents(shoot: Path) -> None:
    (shoot / "a").mkdir()
    (shoot / "a" / "clip.mp4").write_bytes(small_mp4())
    for name, there in (
        ("up", ".."),
        ("a/up", "../.."),
        ("a/same", ".."),
        ("self", "."),
        ("root", "/"),
        ("a/through.mp4", "../a/../../secret.mp4"),
        ("out.mp4", "../secret.mp4"),
        ("chain.mp4", "out.mp4"),
        ("void.mp4", "../nowhere/x.mp4"),
        ("near.mp4", "../shoot-not/x.mp4"),
    ):
        (shoot / name).symlink_to(there)
    found, links = sources(shoot)
    assert found == [f"{shoot}/a/clip.mp4"]
    assert links == 8  # All but a/same and self, which lead to what was walked.


def test_a_folder_whose_name_begins_alike_is_another(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "ab").mkdir()
    assert not leads_inside(tmp_path / "ab", tmp_path / "a")
    assert leads_inside(tmp_path / "a" / "x" / "..", tmp_path / "a")
    assert not leads_inside(tmp_path / "a" / ".." / "ab", tmp_path / "a")


def test_a_link_put_in_its_place_after_the_walk(shoot: Path) -> None:
    clip = shoot / "clip.mp4"
    clip.write_bytes(small_mp4())
    (item,) = collect([str(shoot)], Skipped())
    clip.unlink()
    clip.symlink_to("../secret.mp4")
    (finding,) = check_item(item, Options()).findings
    assert (finding.code, "leads out of the folder" in finding.message) == ("VP105", True)
    # What is named itself is followed.
    facts = vaceprep.probe(clip)
    assert isinstance(facts, vaceprep.VideoFacts) and facts.frames == 21


def test_a_folder_put_in_its_place_after_the_walk(shoot: Path) -> None:
    (shoot / "a").mkdir()
    (shoot / "a" / "secret.mp4").write_bytes(small_mp4())
    (item,) = collect([str(shoot)], Skipped())
    (shoot / "a").rename(shoot.parent / "b")
    (shoot / "a").symlink_to("..")
    assert [f.code for f in check_item(item, Options()).findings] == ["VP105"]


@pytest.mark.parametrize("swapped", ["clip.mp4", "a"])
def test_a_race_reads_nothing_outside(swapped: str, shoot: Path) -> None:
    """The file, or its folder, is one moment itself and the next a link to what is outside."""
    (shoot / "a").mkdir()
    clip = shoot / ("a/secret.mp4" if swapped == "a" else swapped)
    clip.write_bytes(small_mp4())
    small, secret = len(small_mp4()), len(SECRET)
    assert small != secret
    spare, link, place = shoot / "spare", shoot / "link", shoot / swapped
    link.symlink_to(".." if swapped == "a" else "../secret.mp4")
    over = threading.Event()

    def swap() -> None:
        while not over.is_set():
            for one, other in ((spare, link), (link, spare)):
                place.rename(one)
                other.rename(place)

    swapping = threading.Thread(target=swap)
    swapping.start()
    seen: set[object] = set()
    try:
        for _ in range(2000):
            try:
                with open_path(clip, str(shoot)) as opened:
                    seen.add(opened.size)
            except CannotOpen as error:
                seen.add(error.fact.reason)
    finally:
        over.set()
        swapping.join()
    assert seen <= {small, "special", "missing"}


# --- outputs -------------------------------------------------------------------------------


def prepared(run: Run, *arguments: str | Path) -> list[dict[str, object]]:
    done = run("prepare", "--format", "json", *arguments)
    assert "Traceback" not in done.stderr
    files: list[dict[str, object]] = json.loads(done.stdout)["files"]
    return files


@pytest.mark.parametrize("planted", ["prepared", "prepared/a"])
@pytest.mark.parametrize("force", [[], ["--force"]])
def test_no_link_leads_outputs_out_of_a_folder(
    planted: str, force: list[str], shoot: Path, vaceprep_cli: Run
) -> None:
    elsewhere = shoot.parent / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "clip.mp4").write_text("mine")
    (shoot / "a").mkdir()
    (shoot / "a" / "clip.mov").write_bytes(small_mp4())
    (shoot / planted).parent.mkdir(exist_ok=True)
    (shoot / planted).symlink_to(elsewhere)
    (entry,) = prepared(vaceprep_cli, shoot, *force)
    assert entry["status"] == "failed"
    assert f"{shoot / 'prepared'}" in json.dumps(entry)
    assert "name the folder with -o" in json.dumps(entry)
    assert sorted(os.listdir(elsewhere)) == ["clip.mp4"]
    assert (elsewhere / "clip.mp4").read_text() == "mine"
    # A folder that is named itself is the user's choice, but not what is planted in it.
    (entry,) = prepared(vaceprep_cli, shoot, "-o", shoot / "prepared", *force)
    assert entry["status"] == ("prepared" if planted == "prepared" else "failed")
    assert (elsewhere / "clip.mp4").read_text() == "mine"


def test_a_link_in_the_folder_is_fine(shoot: Path, vaceprep_cli: Run) -> None:
    (shoot / "clip.mov").write_bytes(small_mp4())
    (shoot / "big").mkdir()
    (shoot / "prepared").symlink_to("big")
    (entry,) = prepared(vaceprep_cli, shoot / "clip.mov")
    assert (entry["status"], os.listdir(shoot / "big")) == ("prepared", ["clip.mp4"])


def test_a_link_under_an_output_s_name_is_not_written_through(
    shoot: Path, vaceprep_cli: Run
) -> None:
    (shoot / "clip.mov").write_bytes(small_mp4())
    (shoot / "prepared").mkdir()
    target = shoot / "prepared" / "clip.mp4"
    target.symlink_to(shoot.parent / "secret.mp4")
    (entry,) = prepared(vaceprep_cli, shoot / "clip.mov")
    assert entry["status"] == "failed"
    (entry,) = prepared(vaceprep_cli, shoot / "clip.mov", "--force")
    assert entry["status"] == "prepared"
    assert not target.is_symlink()
    assert (shoot.parent / "secret.mp4").read_bytes() == SECRET
