"""The report in a browser: headless Chromium, driven over the WebDriver protocol."""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from PIL import Image

import vaceprep
from tests.media import encode
from vaceprep.checks.inputs import Item
from vaceprep.report.html.build import Found
from vaceprep.report.html.page import write_report

pytestmark = pytest.mark.long

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
DRIVER = shutil.which("chromedriver")
FLAGS = (
    "--headless --no-sandbox --disable-gpu --disable-quic --no-first-run "
    "--disable-background-networking --disable-component-update --disable-sync"
).split()
needs_browser = pytest.mark.skipif(
    CHROMIUM is None or DRIVER is None, reason="needs chromium and chromedriver"
)


def axe() -> Path | None:
    """axe-core, where somebody installed it: in AXE_CORE, or among npm's global packages."""
    named = os.environ.get("AXE_CORE")
    if named:
        return Path(named)
    npm = shutil.which("npm")
    if npm is None:
        return None
    root = subprocess.run(
        [npm, "root", "-g"], capture_output=True, text=True, check=False, timeout=60
    ).stdout.strip()
    path = Path(root, "axe-core", "axe.min.js")
    return path if path.is_file() else None


class Browser:
    """One window."""

    def __init__(self, web: httpx.Client, session: str) -> None:
        self._web, self._at = web, f"/session/{session}"

    def ask(self, path: str, **body: Any) -> Any:
        answer = self._web.post(self._at + path, json=body)
        answer.raise_for_status()
        return answer.json()["value"]

    def run(self, script: str, *arguments: Any) -> Any:
        return self.ask("/execute/sync", script=script, args=list(arguments))

    def open(self, path: Path, width: int, scheme: str) -> None:
        """The page at a width, light or dark, with every picture decoded."""
        self.cdp("Emulation.setDeviceMetricsOverride", width=width, height=900,
                 deviceScaleFactor=1, mobile=False)  # fmt: skip
        media = [{"name": "prefers-color-scheme", "value": scheme}]
        self.cdp("Emulation.setEmulatedMedia", features=media)
        self.ask("/url", url=path.as_uri())

    def cdp(self, method: str, **parameters: Any) -> Any:
        return self.ask("/goog/cdp/execute", cmd=method, params=parameters)

    def complaints(self) -> list[str]:
        return [entry["message"] for entry in self.ask("/se/log", type="browser")]


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    assert CHROMIUM is not None and DRIVER is not None
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    profile = tmp_path_factory.mktemp("profile")
    options = {"binary": CHROMIUM, "args": [*FLAGS, f"--user-data-dir={profile}"]}
    wish = {"goog:chromeOptions": options, "goog:loggingPrefs": {"browser": "ALL"}}
    driver = subprocess.Popen(
        [DRIVER, f"--port={port}"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        with httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=120, trust_env=False) as web:
            for _ in range(100):
                try:
                    web.get("/status").raise_for_status()
                    break
                except httpx.HTTPError:
                    time.sleep(0.1)
            made = web.post("/session", json={"capabilities": {"alwaysMatch": wish}})
            made.raise_for_status()
            session = made.json()["value"]["sessionId"]
            yield Browser(web, session)
            web.delete(f"/session/{session}")
    finally:
        driver.terminate()
        driver.wait(timeout=30)


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A report of a long clip, a fine picture, a small one, a broken file and a job."""
    folder = tmp_path_factory.mktemp("report")
    encode(folder / "long.mp4", rate=16, frames=96, size=(640, 480))
    Image.new("RGB", (640, 480), "teal").save(folder / "fine.png")
    Image.new("RGB", (100, 100), "navy").save(folder / "small.png")
    (folder / "broken.mp4").write_bytes(b"no film")
    job = {"function": "video_outpainting", "prompt": "wide", "prompt_extend": False}
    job |= {"video_url": "long.mp4", "left_scale": 2.0}
    (folder / "wide.json").write_text(json.dumps(job))
    found = []
    for name in ("long.mp4", "fine.png", "small.png", "broken.mp4", "wide.json"):
        path = folder / name
        item = Item(str(path), "job") if name.endswith("json") else Item(str(path), "path")
        found.append(Found(item, vaceprep.check(path).files))
    target = folder / "report.html"
    write_report(str(target), "check", found)
    return target


SHOWN = (
    "return [...document.querySelectorAll('article:not([hidden]) header :is(h2, h3)')]"
    ".map(n => n.textContent.split('/').pop())"
)
SET = (
    "const n = document.getElementById(arguments[0]); n.value = arguments[1];"
    "n.dispatchEvent(new Event('input', {bubbles: true}));"
)
DECODED = (
    "return Promise.all([...document.images].map(i => { i.loading = 'eager';"
    "return i.decode().then(() => i.naturalWidth > 0) }))"
)


@needs_browser
@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1280, 390])
def test_it_renders_without_a_complaint(
    browser: Browser, report: Path, width: int, scheme: str
) -> None:
    browser.open(report, width, scheme)
    decoded = browser.run(DECODED)
    assert len(decoded) > 8 and all(decoded)
    assert browser.run("return document.documentElement.scrollWidth") <= width
    ground = browser.run("return getComputedStyle(document.body).backgroundColor")
    assert (max(map(int, ground[4:-1].split(","))) < 60) is (scheme == "dark")
    assert browser.complaints() == []


@needs_browser
def test_the_filter_works(browser: Browser, report: Path) -> None:
    browser.open(report, 1280, "light")
    everything = ["long.mp4", "fine.png", "small.png", "broken.mp4", "wide.json", "long.mp4"]
    assert browser.run(SHOWN) == everything
    browser.run(SET, "rule", "video-duration")
    assert browser.run(SHOWN) == ["long.mp4", "long.mp4"]
    browser.run(SET, "text", "VIDEO_url no-such-word")
    assert browser.run(SHOWN) == []
    assert browser.run("return document.getElementById('shown').textContent") == "0 of 6 shown"
    assert browser.run("return document.querySelector('section.job').hidden") is True
    browser.run("document.querySelector('#filter button').click()")
    time.sleep(0.1)
    assert browser.run(SHOWN) == everything
    browser.run(SET, "severity", "none")
    assert browser.run(SHOWN) == ["fine.png", "wide.json"]
    browser.run(SET, "severity", "error")
    browser.run(SET, "text", "small")
    assert browser.run(SHOWN) == ["small.png"]
    assert browser.complaints() == []


@needs_browser
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_no_serious_problem(browser: Browser, report: Path, scheme: str) -> None:
    source = axe()
    if source is None:
        pytest.skip("needs axe-core: npm install -g axe-core, or its file in AXE_CORE")
    browser.open(report, 1280, scheme)
    browser.run(f"{source.read_text('utf-8')}\nwindow.axe = axe;")
    found = browser.run("return axe.run(document).then(r => r.violations)")
    grave = [v for v in found if v["impact"] in ("serious", "critical")]
    assert grave == [], json.dumps(grave)[:2000]


@needs_browser
def test_it_prints_without_its_filter(browser: Browser, report: Path) -> None:
    browser.open(report, 1280, "dark")
    browser.cdp("Emulation.setEmulatedMedia", media="print")
    shown = "return getComputedStyle(document.querySelector('search')).display"
    assert browser.run(shown) == "none"
    assert browser.run("return getComputedStyle(document.body).color") == "rgb(0, 0, 0)"
    browser.cdp("Emulation.setEmulatedMedia", media="")
