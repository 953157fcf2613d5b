"""What a user does on the page: opens it, and draws with the mouse from pixel to pixel."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Any

from vaceprep.editor.server import EditorServer
from vaceprep.editor.session import open_session
from vaceprep.editor.window import time_text

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

Point = tuple[int, int]
#: Where the middle of a pixel of the video is in the browser's window.
PLACE = """([x, y]) => import("./page/stage.js").then(({stage}) => {
  const box = stage.canvas.getBoundingClientRect();
  const share = box.width / stage.canvas.width;
  return [box.left + (stage.left + (x + 0.5) * stage.scale) * share,
          box.top + (stage.top + (y + 0.5) * stage.scale) * share];
})"""
STATE = """() => import("./page/state.js").then(async ({state}) => {
  await state.settle();
  return {job: state.job, window: state.window, verdict: state.verdict};
})"""


WINDOW = """([start, duration]) => import("./page/state.js").then(
  ({state}) => state.window.start === start && state.window.duration === duration)"""


@dataclass
class Desk:
    """One open page, and what its console says."""

    page: Page
    address: str
    complaints: list[str] = field(default_factory=list)

    def state(self) -> dict[str, Any]:
        """The job, the window and the server's answer, once all that waits is done."""
        found: dict[str, Any] = self.page.evaluate(STATE)
        return found

    def wait_for_window(self, start: Fraction, duration: Fraction) -> None:
        """Wait until the part of the video is exactly this one."""
        wanted = {"start": time_text(start), "duration": time_text(duration)}
        try:
            self.page.wait_for_function(WINDOW, arg=[wanted["start"], wanted["duration"]])
        except Exception as error:
            raise AssertionError(f"{self.state()['window']} and not {wanted}") from error

    def choose(self, tool: str) -> None:
        self.page.check(f"input[name=tool][value={tool}]")

    def drag(self, points: Sequence[Point]) -> None:
        """Press the mouse at the first pixel, move over the others and lift it at the last."""
        self.page.locator("#stage").scroll_into_view_if_needed()
        places = [self.page.evaluate(PLACE, list(point)) for point in points]
        mouse = self.page.mouse
        mouse.move(*places[0])
        mouse.down()
        for place in places[1:]:
            mouse.move(*place)
        mouse.up()

    def drag_to(self, selector: str, share: float) -> None:
        """Drag the middle of an element to a part of the filmstrip's width."""
        element = self.page.locator(selector)
        element.scroll_into_view_if_needed()
        box, strip = element.bounding_box(), self.page.locator("#strip").bounding_box()
        assert box is not None
        assert strip is not None
        y = box["y"] + box["height"] / 2
        mouse = self.page.mouse
        mouse.move(box["x"] + box["width"] / 2, y)
        mouse.down()
        mouse.move(strip["x"] + strip["width"] * share, y, steps=4)
        mouse.up()


@contextmanager
def open_page(browser: Browser, source: Path, **settings: Any) -> Iterator[Desk]:
    """The page of a new editor of ``source`` in a new window of the browser."""
    with EditorServer(open_session(str(source), None), **settings) as server:
        context = browser.new_context(
            viewport={"width": 1200, "height": 900}, reduced_motion="reduce"
        )
        try:
            desk = Desk(context.new_page(), server.address)
            desk.page.on("pageerror", lambda error: desk.complaints.append(str(error)))
            desk.page.on(
                "console",
                lambda said: desk.complaints.append(said.text) if said.type == "error" else None,
            )
            desk.page.goto(server.address)
            desk.page.wait_for_selector("body[data-busy=false]")
            yield desk
        finally:
            context.close()
