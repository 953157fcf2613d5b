"""One direction through the rooms, and nothing imported that a command does not use."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.net.server import serving
from tests.paths import ROOT

HEAVY = (
    "av",
    "PIL",
    "PIL.Image",
    "httpx",
    "pydantic",
    "click",
    "yaml",
    "pebble",
    "ruamel",
    "tomlkit",
    "tenacity",
    "rich",
)
#: Modules of Python that take longer to import than one file takes to check.
SLOW = ("dataclasses", "inspect", "datetime", "logging", "uuid")


def imported(code: str, *arguments: str | Path, watched: tuple[str, ...] = HEAVY) -> set[str]:
    """Which of the heavy packages a program has imported at its end."""
    watch = f"import sys; print(*(n for n in {watched!r} if n in sys.modules))"
    done = subprocess.run(
        [sys.executable, "-c", f"{code}\n{watch}", *arguments],
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    return set(done.stdout.splitlines()[-1].split())


def test_no_room_imports_one_further_down() -> None:
    done = subprocess.run(
        [sys.executable, "-c", "from importlinter.cli import lint_imports_command as c; c()"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_importing_the_package_costs_nothing() -> None:
    assert imported("import vaceprep; vaceprep.__version__") == set()
    assert (
        imported("import vaceprep; vaceprep.Report, vaceprep.Finding, vaceprep.VideoFacts") == set()
    )


CHECK = "import sys, vaceprep; vaceprep.check(sys.argv[1])"


def test_a_video_is_checked_without_pillow(clip: Path) -> None:
    interlaced = ROOT / "fixtures" / "video" / "interlaced.mp4"
    assert imported(CHECK, interlaced) == {"av"}
    assert imported(CHECK, clip) == set()


def test_one_file_is_checked_without_click(clip: Path) -> None:
    command = "import sys; from vaceprep.cli.main import run; run(['check', *sys.argv[1:]])"
    for options in ([], ["--format", "json"], ["--strict", "--advice"]):
        assert imported(command, *options, clip, watched=HEAVY + SLOW) == set()
    assert "click" in imported(command, "--jobs", "1", clip)


def test_an_image_is_checked_without_pyav(tmp_path: Path) -> None:
    from PIL import Image

    path = tmp_path / "picture"
    # Pillow's compiled decoder proves a JPEG, and no rule needs the pixels of an opaque PNG.
    for fmt, mode, needed in (
        ("JPEG", "RGB", {"PIL"}),
        ("PNG", "RGB", set()),
        ("PNG", "RGBA", {"PIL", "PIL.Image"}),
        ("WEBP", "RGB", {"PIL", "PIL.Image"}),
    ):
        Image.new(mode, (400, 400)).save(path, fmt)
        assert imported(CHECK, path) == needed


@pytest.mark.parametrize("data", [b"", b"hello", b"#EXTM3U\n", b"RIFF\0\0\0\0WAVE"])
def test_what_is_no_media_is_refused_with_neither(data: bytes, tmp_path: Path) -> None:
    path = tmp_path / "clip.mp4"
    path.write_bytes(data)
    assert imported(CHECK, path) == set()


def test_a_url_s_text_is_judged_with_neither() -> None:
    assert imported(CHECK, "http://localhost/clip.mp4") == set()


FAR = "import sys, vaceprep; vaceprep.check(sys.argv[1], allow_hosts=['127.0.0.1'])"


def test_a_url_is_read_with_what_its_file_needs(clip: Path, tmp_path: Path) -> None:
    from PIL import Image

    Image.new("RGB", (400, 400)).save(tmp_path / "picture.jpg")
    with serving({"/clip.mp4": clip, "/picture.jpg": tmp_path / "picture.jpg"}) as site:
        assert imported(FAR, site.at("/clip.mp4")) == set()
        assert imported(FAR, site.at("/picture.jpg")) == {"PIL"}
        # A host outside ASCII, a user or a proxy takes httpx.
        assert imported(FAR, site.at("/clip.mp4?a=[]")) - {"click"} == {"httpx"}
    isolated = "import sys, vaceprep; vaceprep.check(sys.argv[1:], isolate=True)"
    main = f'if __name__ == "__main__":\n    {isolated}'
    assert "httpx" not in imported(main, clip, clip)


@pytest.mark.parametrize(
    "arguments", [["--version"], ["--help"], ["rules"], ["config"], ["completion", "bash"]]
)
def test_a_command_imports_what_it_uses(arguments: list[str]) -> None:
    listed = ", ".join(map(repr, arguments))
    code = f"from vaceprep.cli.main import run; run([{listed}])"
    assert imported(code) <= {"click"}


def test_httpx_leaves_out_its_command_line_and_can_still_be_asked_for_it() -> None:
    code = "from vaceprep.net.lean_httpx import httpx; import vaceprep.net.client"
    assert imported(code) == {"httpx"}
    assert {"click", "rich"} <= imported(f"{code}; import httpx._main")
