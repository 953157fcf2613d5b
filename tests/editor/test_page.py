"""The page in a real browser: what the mouse and the keys do is exactly what the job gets."""

from __future__ import annotations

import hashlib
import io
import shutil
from collections.abc import Callable, Iterator
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING

import httpx
import pytest
from PIL import Image

import vaceprep
from tests.editor.page_actions import Desk, open_page
from tests.editor.test_run_api import rehearsal
from tests.media import encode
from vaceprep.cli.main import run
from vaceprep.editor.window import time_text
from vaceprep.job.read import read_job

if TYPE_CHECKING:
    from playwright.sync_api import Browser

SIDE = 360
RATE = Fraction(30000, 1001)
FRAMES = 60
#: Sends the mask, and gives its name.
SENT = """() => import("./page/mask.js").then(async ({mask}) => {
  await mask.sendLater.now();
  await mask.sending;
  return (await import("./page/state.js")).state.job.mask_image_url;
})"""
Pixels = set[tuple[int, int]]


@pytest.fixture(scope="module")
def footage(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A clip whose times are no decimal numbers."""
    path = tmp_path_factory.mktemp("page") / "clip.mp4"
    options = {"movflags": "+faststart"}
    encode(path, rate=RATE, frames=FRAMES, size=(SIDE, SIDE), container_options=options)
    return path


@pytest.fixture(scope="module")
def desk(browser: Browser, footage: Path) -> Iterator[Desk]:
    """One page for all tests of this module; nothing went wrong on it at the end."""
    with open_page(browser, footage) as opened:
        yield opened
        assert opened.complaints == []


def _where(inside: Callable[[int, int], bool]) -> Pixels:
    return {(x, y) for x in range(SIDE) for y in range(SIDE) if inside(x, y)}


def _line(y: int, first: int, last: int, diameter: int) -> Pixels:
    """A level stroke of the brush."""

    def inside(x: int, line: int) -> bool:
        beyond = max(first - x, x - last, 0)
        return 4 * (beyond**2 + (line - y) ** 2) <= diameter**2

    return _where(inside)


def _box(left: int, top: int, right: int, bottom: int) -> Pixels:
    return _where(lambda x, y: left <= x <= right and top <= y <= bottom)


def _mask(desk: Desk) -> Pixels:
    """The white pixels of the job's mask, as the server has it."""
    name = desk.page.evaluate(SENT)
    answer = httpx.get(f"{desk.address}api/mask", params={"name": name}, verify=False)
    picture = Image.open(io.BytesIO(answer.content))
    assert (picture.mode, picture.size) == ("L", (SIDE, SIDE))
    values = picture.tobytes()
    assert set(values) <= {0, 255}
    return {(i % SIDE, i // SIDE) for i, value in enumerate(values) if value}


def test_strokes_by_mouse_and_keys(desk: Desk) -> None:
    """Brush, rectangle, eraser, fill, undo and redo give exactly the expected pixels."""
    page = desk.page
    page.evaluate("document.querySelector('#brush-size').value = 21")
    page.dispatch_event("#brush-size", "input")
    desk.drag([(50, 60), (120, 60), (200, 60)])
    brush = _line(60, 50, 200, 21)
    assert _mask(desk) == brush
    desk.choose("rectangle")
    desk.drag([(300, 300), (120, 130), (100, 200)])
    both = brush | _box(100, 200, 300, 300)
    assert _mask(desk) == both
    desk.choose("eraser")
    desk.drag([(90, 250), (310, 250)])
    erased = both - _line(250, 90, 310, 21)
    assert _mask(desk) == erased
    page.click("#mask-undo")
    assert _mask(desk) == both
    page.keyboard.press("Control+z")
    assert _mask(desk) == brush
    page.click("#mask-redo")
    page.keyboard.press("Control+Shift+z")
    assert _mask(desk) == erased
    # By the keys alone: from the middle of the picture 3 steps to the right, 1 pixel each.
    page.click("#mask-clear")
    desk.choose("rectangle")
    page.focus("#stage")
    for key in ("ArrowUp", " ", "ArrowDown", "Shift+ArrowRight", "Shift+ArrowRight", " "):
        page.keyboard.press(key)
    assert _mask(desk) == _box(180, 170, 182, 180)
    page.click("#mask-invert")
    assert len(_mask(desk)) == SIDE * SIDE - 3 * 11


def test_a_mask_is_loaded_from_a_file(desk: Desk, tmp_path: Path) -> None:
    """A grey picture of half the size becomes the mask, scaled without new levels."""
    picture = Image.new("L", (SIDE // 2, SIDE // 2))
    picture.paste(230, (10, 20, 60, 50))
    picture.save(tmp_path / "drawn.png")
    desk.page.set_input_files("#mask-file", tmp_path / "drawn.png")
    desk.page.wait_for_function(
        "() => document.querySelector('#said').textContent.includes('load')"
    )
    assert _mask(desk) == _box(20, 40, 119, 99)


def test_the_mask_belongs_to_the_frame_it_is_painted_on(desk: Desk) -> None:
    """A stroke on another frame of the part moves the mask there; the note says so before."""
    page = desk.page
    page.click("#frame-on")
    page.click("#frame-on")
    assert "moves it to frame 3" in page.inner_text("#mask-note")
    desk.choose("ellipse")
    desk.drag([(10, 10), (30, 30)])
    assert desk.state()["job"]["mask_frame_id"] == 3
    assert page.inner_text("#mask-note").startswith("Painted: ")
    assert page.inner_text("#mask-note").endswith("of the picture, on frame 3.")


def test_the_growth_of_a_mask_is_said_and_turned_off(desk: Desk) -> None:
    """The service makes a mask that follows convex; one button keeps its outline."""
    page = desk.page
    growth = page.inner_text("#mask-growth")
    assert "to the convex shape around all that is painted and outwards by 5 %" in growth
    page.click("#mask-outline")
    assert desk.state()["job"]["expand_mode"] == "original"
    assert page.is_hidden("#mask-outline")
    assert "convex" not in page.inner_text("#mask-growth")


def test_a_limit_is_named_once(desk: Desk) -> None:
    about = [text.strip() for text in desk.page.locator("p[id^=about-]").all_text_contents()]
    assert "Seconds of the result: 5 is the only value." in about
    assert "How far a tracking mask grows outwards, 0.0 to 1.0." in about


def test_the_window_is_exact_to_the_frame(desk: Desk) -> None:
    """Dragged edges and arrow keys end at the times of frames, written as exact fractions."""
    page = desk.page
    desk.drag_to("#window-last", 0.5)
    desk.wait_for_window(0 / RATE, 30 / RATE)
    desk.drag_to("#window-first", 0.25)
    desk.wait_for_window(15 / RATE, 15 / RATE)
    page.keyboard.press("ArrowRight")
    desk.wait_for_window(16 / RATE, 14 / RATE)
    page.focus("#window-body")
    page.keyboard.press("ArrowLeft")
    desk.wait_for_window(15 / RATE, 14 / RATE)
    page.keyboard.press("Home")
    desk.wait_for_window(0 / RATE, 14 / RATE)
    page.fill("#window-start", "0.51")
    page.fill("#window-duration", "1.26")
    page.keyboard.press("Tab")
    desk.wait_for_window(15 / RATE, 37 / RATE)
    command = desk.state()["verdict"]["command"]
    assert f"--start {time_text(15 / RATE)} --duration {time_text(37 / RATE)}" in command
    assert "37 frames of 60" in page.inner_text("#window-text")


def test_the_shown_frame_is_the_one_of_the_command(
    desk: Desk, footage: Path, tmp_path: Path
) -> None:
    """The stage holds the very pixels that ``vaceprep frame`` writes."""
    desk.page.fill("#frame", "20")
    shown = desk.page.evaluate(
        """async () => {
          const {stage} = await import("./page/stage.js");
          await stage.show.idle();
          const pen = new OffscreenCanvas(360, 360).getContext("2d");
          pen.drawImage(stage.image, 0, 0);
          const {data} = pen.getImageData(0, 0, 360, 360);
          const digest = await crypto.subtle.digest("SHA-256", data);
          return [stage.frame, [...new Uint8Array(digest)]];
        }"""
    )
    target = tmp_path / "frame.png"
    assert run(["frame", str(footage), "--at", str(20 / RATE), "-o", str(target)]) == 0
    pixels = Image.open(target).convert("RGBA").tobytes()
    assert shown == [20, list(hashlib.sha256(pixels).digest())]


def test_the_saved_job_is_what_the_page_showed(desk: Desk) -> None:
    """Saving writes the job and its mask; ``check`` finds in them what the page showed."""
    page = desk.page
    page.fill("#field-prompt", "A red door in the evening")
    page.select_option("#field-size", "960*960")
    # The mask was painted before the part began.
    page.click("#mask-here")
    shown = desk.state()
    assert shown["verdict"]["ok"]
    assert page.inner_text("#status").startswith("Ready")
    assert "USD" in page.inner_text("#cost")
    white = _mask(desk)
    page.click("#save")
    page.wait_for_function("() => document.querySelector('#saved').textContent.startsWith('Saved')")
    assert page.inner_text("#save") == "Saved"
    path = page.inner_text("#path")
    job = read_job(path)
    assert job == shown["job"]
    saved = Image.open(Path(path).with_name(job["mask_image_url"]))
    assert {(i % SIDE, i // SIDE) for i, v in enumerate(saved.tobytes()) if v} == white
    report = vaceprep.check(path)
    assert report.ok
    shown_codes = [finding["code"] for finding in shown["verdict"]["findings"]]
    assert sorted(finding.code for finding in report.findings) == sorted(shown_codes)


def test_another_page_may_not_ask(desk: Desk, browser: Browser) -> None:
    """A page of another origin is refused: it can neither read nor end anything."""
    other = browser.new_page()
    ask = (
        f"() => fetch('{desk.address}api/quit', {{method: 'POST'}}).then(() => 'read', () => 'no')"
    )
    assert other.evaluate(ask) == "no"
    other.close()
    assert httpx.get(f"{desk.address}api/state", verify=False).status_code == 200


def test_the_page_before_anything_is_done_and_after_its_end(
    browser: Browser, footage: Path
) -> None:
    """It says how to give a mask; nothing of it asks or fails after its end."""
    with open_page(browser, footage) as desk:
        desk.state()
        assert "paint what is replaced, or load a mask" in desk.page.inner_text("#findings")
        assert "Save first" in desk.page.inner_text("#saved")
        desk.page.click("#quit")
        desk.page.wait_for_selector("text=vaceprep edit has ended")
        desk.page.set_viewport_size({"width": 900, "height": 700})
        desk.page.wait_for_timeout(300)
        assert desk.complaints == []


@pytest.mark.long
def test_from_a_clip_to_a_rehearsed_result(
    browser: Browser, footage: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A rectangle, a prompt and one button: the result is on the page and plays."""
    monkeypatch.setenv("VACEPREP_STATE_DIR", str(tmp_path / "state"))
    clip = shutil.copy(footage, tmp_path / "clip.mp4")
    with open_page(browser, Path(clip), rehearsal=rehearsal) as desk:
        page = desk.page
        desk.choose("rectangle")
        desk.drag([(0, 0), (359, 150)])
        page.fill("#field-prompt", "A harbour under a stormy sky")
        desk.state()
        page.click("#rehearse")
        page.wait_for_selector("#result:not([hidden])", timeout=120_000)
        page.click("#play-both")
        page.wait_for_function(
            "() => [...document.querySelectorAll('#result video')].every((v) => v.videoWidth > 0)"
        )
        assert page.inner_text("#run-state").startswith("Finished")
        assert "not by the model" in page.inner_text("#result-path")
        assert desk.complaints == []


@pytest.mark.long
def test_a_mask_for_each_part_of_a_long_video(browser: Browser, tmp_path: Path) -> None:
    """With the whole video chosen, a stroke belongs to the part of the frame it is painted on."""
    clip = tmp_path / "long.mp4"
    encode(clip, rate=24, frames=24 * 7, size=(SIDE, SIDE))
    with open_page(browser, clip) as desk:
        page = desk.page
        page.fill("#field-prompt", "A harbour under a stormy sky")
        page.select_option("#field-size", "960*960")
        page.check("#split")
        page.wait_for_selector("#parts-list li:nth-child(2)")
        desk.choose("rectangle")
        desk.drag([(0, 0), (359, 150)])
        desk.state()
        page.click("#parts-list li:nth-child(2) button")
        page.wait_for_function("() => document.querySelector('#mask-note').textContent[0] === 'N'")
        desk.drag([(359, 359), (0, 200)])
        found = desk.state()
        masks = found["job"]["masks"]
        assert "mask_image_url" not in found["job"]
        assert [mask["frame"] for mask in masks] == [1, int(page.input_value("#frame")) + 1]
        assert found["verdict"]["ok"]
        assert "--split" in found["verdict"]["command"]
        page.click("#save")
        page.wait_for_function(
            "() => document.querySelector('#saved').textContent.startsWith('Saved')"
        )
        pictures = [Image.open(tmp_path / mask["image"]).getbbox() for mask in masks]
        assert pictures == [(0, 0, 360, 151), (0, 200, 360, 360)]
        assert desk.complaints == []
