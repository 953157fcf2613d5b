"""The page's shapes give exactly the expected pixels, and its PNG holds them, in a real browser."""

from __future__ import annotations

import io
import random
import threading
from base64 import b64decode
from collections.abc import Callable, Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any

import pytest
from PIL import Image

from tests.paths import ROOT

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

WIDTH, HEIGHT = 61, 43
Point = tuple[int, int]
Pixels = set[Point]

MODULES = """async () => {
  window.m = Object.assign({}, ...await Promise.all(
    ["bitmap", "shapes", "png", "fraction", "likeness"].map((name) => import(`/${name}.js`))));
  window.file = async (bitmap) => {
    const bytes = new Uint8Array(await (await m.encode(bitmap)).arrayBuffer());
    return btoa(String.fromCharCode(...bytes));
  };
  window.at = ([x, y]) => ({x, y});
  window.drawn = async (shape, points, ...rest) => {
    const bitmap = new m.Bitmap(61, 43);
    const spans = shape === "polygon"
      ? m.polygon(points.map(at), 61, 43)
      : m[shape](at(points[0]), at(points[1]), ...rest, 61, 43);
    bitmap.paint(spans, 255);
    return file(bitmap);
  };
}"""


class Quiet(SimpleHTTPRequestHandler):
    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        pass


@pytest.fixture(scope="module")
def page(browser: Browser) -> Iterator[Page]:
    handler = partial(Quiet, directory=str(ROOT / "vaceprep" / "editor" / "page"))
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        context = browser.new_context()
        opened = context.new_page()
        opened.goto(f"http://127.0.0.1:{server.server_port}/png.js")
        opened.evaluate(MODULES)
        yield opened
        context.close()
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def _white(encoded: str) -> Pixels:
    """The white pixels of a PNG, which has to be 8-bit grey and purely black and white."""
    picture = Image.open(io.BytesIO(b64decode(encoded)))
    picture.load()
    assert (picture.format, picture.mode, picture.size) == ("PNG", "L", (WIDTH, HEIGHT))
    values = picture.tobytes()
    assert set(values) <= {0, 255}
    return {(i % WIDTH, i // WIDTH) for i, value in enumerate(values) if value}


def _where(inside: Callable[[int, int], bool]) -> Pixels:
    return {(x, y) for x in range(WIDTH) for y in range(HEIGHT) if inside(x, y)}


def _near_line(a: Point, b: Point, diameter: int) -> Pixels:
    """Pixels at most half a diameter from the line, by squares of whole numbers."""
    wide, high = b[0] - a[0], b[1] - a[1]
    length = wide * wide + high * high

    def inside(x: int, y: int) -> bool:
        along = (x - a[0]) * wide + (y - a[1]) * high
        if 0 < along < length:
            across = (x - a[0]) * high - (y - a[1]) * wide
            return 4 * across * across <= diameter * diameter * length
        end = a if along <= 0 else b
        return 4 * ((x - end[0]) ** 2 + (y - end[1]) ** 2) <= diameter * diameter

    return _where(inside)


def _ellipse(a: Point, b: Point) -> Pixels:
    wide, high = abs(b[0] - a[0]) + 1, abs(b[1] - a[1]) + 1
    return _where(
        lambda x, y: (
            ((2 * x - a[0] - b[0]) * high) ** 2 + ((2 * y - a[1] - b[1]) * wide) ** 2
            <= (wide * high) ** 2
        )
    )


def _rectangle(a: Point, b: Point) -> Pixels:
    xs, ys = sorted((a[0], b[0])), sorted((a[1], b[1]))
    return _where(lambda x, y: xs[0] <= x <= xs[1] and ys[0] <= y <= ys[1])


def test_shapes(page: Page) -> None:
    """Strokes, rectangles and ellipses anywhere, partly outside too, by another implementation."""
    dice = random.Random(18)
    cases: list[list[Any]] = []
    expected: list[Pixels] = []
    for _ in range(25):
        a, b = [(dice.randint(-9, 70), dice.randint(-9, 50)) for _ in range(2)]
        diameter = dice.randint(1, 17)
        cases += [["stroke", [a, b], diameter], ["rectangle", [a, b]], ["ellipse", [a, b]]]
        expected += [_near_line(a, b, diameter), _rectangle(a, b), _ellipse(a, b)]
    drawn = page.evaluate("(cases) => Promise.all(cases.map((each) => drawn(...each)))", cases)
    for case, file, pixels in zip(cases, drawn, expected, strict=True):
        assert _white(file) == pixels, case


def test_polygon(page: Page) -> None:
    """A triangle with its outline; a pentagram's inside is even, so it stays black."""
    triangle = page.evaluate("() => drawn('polygon', [[5, 5], [25, 5], [5, 25]])")
    assert _white(triangle) == _where(lambda x, y: x >= 5 and y >= 5 and x + y <= 30)
    star = page.evaluate("() => drawn('polygon', [[30, 1], [42, 40], [8, 15], [52, 15], [18, 40]])")
    assert (30, 20) not in _white(star)
    assert {(30, 5), (30, 1), (52, 15), (42, 40)} <= _white(star)


def test_fill_is_bounded_by_sides(page: Page) -> None:
    """A fill does not pass between pixels that touch at a corner, and reaches into every bay."""
    filled = page.evaluate(
        """async () => {
          const bitmap = new m.Bitmap(61, 43);
          bitmap.paint(m.stroke(at([20, 0]), at([62, 42]), 1, 61, 43), 255);
          bitmap.paint(m.rectangle(at([0, 20]), at([10, 20]), 61, 43), 255);
          const black = bitmap.data.slice();
          bitmap.paint(m.region(at([0, 0]), 61, 43, (index) => !black[index]), 255);
          return file(bitmap);
        }"""
    )
    assert _white(filled) == _where(lambda x, y: x <= y + 20)


def test_fill_by_colour(page: Page) -> None:
    """A slow change of colour is filled up to an edge, and a little over it; no colour beyond."""
    filled = page.evaluate(
        """async () => {
          const picture = new OffscreenCanvas(61, 43);
          const pen = picture.getContext("2d");
          for (let y = 0; y < 43; y++) {
            pen.fillStyle = `rgb(${40 + y} ${90 + y} 200)`;
            pen.fillRect(0, y, 30, 1);
            pen.fillStyle = "rgb(200 60 40)";
            pen.fillRect(30, y, 31, 1);
          }
          const bitmap = new m.Bitmap(61, 43);
          const same = m.likeness(picture, 61, 43, at([10, 20]), 24);
          bitmap.paint(m.widened([...m.region(at([10, 20]), 61, 43, same)], 61, 43), 255);
          return file(bitmap);
        }"""
    )
    white = _white(filled)
    assert _where(lambda x, _: x < 28) <= white <= _where(lambda x, _: x < 32)


def test_undo_and_redo(page: Page) -> None:
    """Each step back and forward gives the very pixels; a new step forgets what was undone."""
    steps = page.evaluate(
        """async () => {
          const bitmap = new m.Bitmap(61, 43);
          const files = [await file(bitmap)];
          const step = async (spans, value) => {
            bitmap.begin();
            bitmap.paint(spans, value);
            files.push([bitmap.commit(), await file(bitmap)]);
          };
          await step(m.ellipse(at([3, 3]), at([40, 30]), 61, 43), 255);
          await step(m.stroke(at([0, 0]), at([60, 42]), 6, 61, 43), 0);
          await step(m.rectangle(at([0, 0]), at([0, 0]), 61, 43), 0);
          const results = [bitmap.undo(), await file(bitmap), bitmap.undo(), await file(bitmap),
            bitmap.undo(), bitmap.redo(), await file(bitmap), bitmap.redo(), await file(bitmap),
            bitmap.redo(), bitmap.undo()];
          await step(m.rectangle(at([50, 2]), at([58, 9]), 61, 43), 255);
          results.push(bitmap.redo());
          return {files, results};
        }"""
    )
    empty, (first, one), (second, two), (third, three), (fourth, four) = steps["files"]
    assert (first, second, third, fourth) == (True, True, False, True)
    assert three == two
    outcomes = [True, one, True, empty, False, True, one, True, two, False, True, False]
    assert steps["results"] == outcomes
    assert _white(two) == _ellipse((3, 3), (40, 30)) - _near_line((0, 0), (60, 42), 6)
    assert _white(four) == _white(one) | _rectangle((50, 2), (58, 9))


def test_a_mask_is_read_as_it_was_written(page: Page) -> None:
    """What the page writes, it reads with the same pixels."""
    assert page.evaluate(
        """async () => {
          const bitmap = new m.Bitmap(61, 43);
          bitmap.paint(m.ellipse(at([3, 3]), at([40, 30]), 61, 43), 255);
          const canvas = await m.decode(await m.encode(bitmap));
          const {data} = canvas.getContext("2d").getImageData(0, 0, 61, 43);
          return bitmap.data.every((value, index) => data[index * 4] === value);
        }"""
    )


def test_exact_times(page: Page) -> None:
    """Sums and comparisons of times are exact; what names no time gives null."""
    assert page.evaluate(
        """() => {
          const time = (text) => m.Fraction.parse(text);
          return [
            String(time("1001/30000").plus(time("0.1"))), String(time("2.50")), String(time("5")),
            time("1/3").compare(time("0.333333333333333333")), String(time("1").minus(time("3/2"))),
            time("1/0"), time("soon"), m.seconds(time("5/2")), m.seconds(3723.5, 1),
          ];
        }"""
    ) == ["4001/30000", "2.5", "5", 1, "-0.5", None, None, "2.500 s", "1:02:03.5"]
