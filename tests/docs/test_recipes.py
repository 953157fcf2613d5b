"""Each recipe is run as it stands there; what it makes is what it promises."""

from __future__ import annotations

import asyncio
import shlex
import shutil
from pathlib import Path
from typing import Any

import httpx
import pytest
from PIL import Image, ImageDraw

import vaceprep
from tests import beeps
from tests.docs.blocks import blocks
from tests.media import small_mp4
from vaceprep.cli.main import run

PAGE = "recipes.md"
RECIPES = {block.about: block.text.splitlines() for block in blocks(PAGE, "recipe")}
JOBS = {block.about: block.text for block in blocks(PAGE, "job")}
#: Of these the clip is too long for the job as it stands, which the page says.
LONG = {"night.vace.yaml"}


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """20 s of 16 pictures a second, with a beep at 13 s."""
    path = tmp_path_factory.mktemp("source") / "clip.mp4"
    beeps.write(path, seconds=20, beeps=[13], fps=16, size=(360, 360))
    return path


@pytest.fixture
def here(clip: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("VACEPREP_STATE_DIR", str(tmp_path / "state"))
    shutil.copy(clip, tmp_path / "clip.mp4")
    for name, text in JOBS.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text, encoding="utf-8")
    return tmp_path


def follow(name: str, *, sandbox: bool) -> None:
    """Run the lines of a recipe; those of the sandbox only where they are wanted."""
    for line in RECIPES[name]:
        command, *arguments = shlex.split(line)
        if command == "cp":
            painted = Image.open(arguments[0]).convert("RGB")
            ImageDraw.Draw(painted).rectangle((0, 0, 359, 119), fill=(255, 0, 255))
            painted.save(arguments[1])
            continue
        assert command == "vaceprep"
        if "--sandbox" in arguments and not sandbox:
            continue
        too_long = arguments[0] == "check" and arguments[1] in LONG
        assert run(arguments) == int(too_long), line


def video(path: Path) -> vaceprep.VideoFacts:
    facts = vaceprep.probe(path)
    assert isinstance(facts, vaceprep.VideoFacts)
    return facts


def test_seconds_12_to_17_with_their_sound(here: Path) -> None:
    follow("part", sandbox=False)
    made = here / "part" / "clip.mp4"
    assert vaceprep.check(made).ok
    assert video(made).duration == 5
    assert beeps.heard(made) == pytest.approx([1], abs=0.06)


def test_the_sky_s_mask_is_what_was_painted(here: Path) -> None:
    follow("mask", sandbox=False)
    follow("sky", sandbox=False)
    mask = Image.open(here / "sky/mask.png").convert("L")
    white = mask.histogram()[255] / (360 * 360)
    assert white == pytest.approx(1 / 3, abs=0.01)
    assert mask.getpixel((180, 60)) == 255
    assert mask.getpixel((180, 300)) == 0


def test_the_clip_to_extend_is_its_end(here: Path) -> None:
    follow("extend", sandbox=False)
    assert video(here / "end.mp4").duration == 2


@pytest.mark.long
@pytest.mark.parametrize("name", ["night", "parts", "mask sky", "extend", "wide"])
def test_the_whole_of_each_in_the_sandbox(name: str, here: Path) -> None:
    for part in name.split():
        follow(part, sandbox=True)
    folder = {"mask sky": "sky", "extend": "longer"}.get(name, name)
    made = [p for p in (here / folder).glob("*.mp4") if "video_" in p.name]
    assert len(made) == (2 if name == "parts" else 1)
    for path in made:
        assert (video(path).duration or 0) > 4
    if name == "night":
        assert beeps.heard(made[0]) == pytest.approx([1], abs=0.06)


def test_the_readme_s_recipes_are_those_of_the_page() -> None:
    shown = blocks("../README.md", "recipe")
    assert shown
    for block in shown:
        assert block.text.splitlines() == RECIPES[block.about]


def test_every_recipe_is_run() -> None:
    assert {*RECIPES} == {"part", "night", "parts", "mask", "sky", "extend", "wide"}


def test_uploads_in_a_web_server() -> None:
    (program,) = blocks(PAGE, "program")
    names: dict[str, Any] = {"__name__": "upload"}
    exec(compile(program.text, program.about, "exec"), names)

    async def post(data: bytes) -> httpx.Response:
        transport = httpx.ASGITransport(app=names["app"])
        async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
            return await client.post("/upload", content=data)

    good = asyncio.run(post(small_mp4()))
    assert (good.status_code, good.json()["ok"]) == (200, True)
    names_of_files = asyncio.run(post(b"/etc/hostname\nhttp://127.0.0.1:9/\n"))
    assert names_of_files.status_code == 422
    assert "cannot be read" in names_of_files.json()["errors"][0]
