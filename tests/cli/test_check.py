"""``vaceprep check`` and ``probe`` as users run them: a process, its output and its exit code."""

from __future__ import annotations

import json
import os
import select
import shutil
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from PIL import Image

from tests import started
from tests.conftest import Run
from tests.media import Hand, small_mp4
from vaceprep.contract import ROLES

NUMBER = {"type": ["number", "null"]}
TEXT = {"type": ["string", "null"]}
WHOLE = {"type": "integer", "minimum": 0}

FINDING = {
    "type": "object",
    "additionalProperties": False,
    "properties": {
        "code": {"pattern": r"^VP[1-6]\d\d$"},
        "rule": {"pattern": r"^[a-z]+(-[a-z0-9]+)+$"},
        "severity": {"enum": ["error", "warning", "advice"]},
        "source": {"pattern": r"^[MUGCRJ]( [MUGCRJ])*$"},
        "message": {"type": "string", "minLength": 1},
        "measured": {"type": ["string", "number", "null"]},
        "allowed": {"type": ["string", "number", "null"]},
        "unit": TEXT,
        "fix": TEXT,
        "pointer": TEXT,
    },
}
FINDING["required"] = list(FINDING["properties"])  # type: ignore[call-overload]
#: Promised keys; more may stand beside them.
VIDEO = {
    "properties": {
        "kind": {"const": "video"},
        "container": {"type": "string"},
        "major_brand": TEXT,
        "duration": NUMBER,
        "fps": NUMBER,
        "frames": {"type": ["integer", "null"]},
        "width": WHOLE,
        "height": WHOLE,
        "rotation": {"enum": [0, 90, 180, 270, None]},
        "codec": TEXT,
        "pixel_format": TEXT,
        "bytes": WHOLE,
        "has_audio": {"type": "boolean"},
    },
}
IMAGE = {
    "properties": {
        "kind": {"const": "image"},
        "format": {"type": "string"},
        "width": WHOLE,
        "height": WHOLE,
        "mode": {"type": "string"},
        "orientation": {"minimum": 1, "maximum": 8},
        "frames": WHOLE,
        "has_alpha": {"type": ["boolean", "null"]},
        "bytes": WHOLE,
    },
}
for kind in (VIDEO, IMAGE):
    kind["required"] = list(kind["properties"])  # type: ignore[assignment]
FACTS = {"anyOf": [{"type": "null"}, {"type": "object", "oneOf": [VIDEO, IMAGE]}]}
#: What measured it is said of videos, and of nothing else.
READER: dict[str, Any] = {
    "if": {"properties": {"facts": {"type": "object", "properties": {"kind": {"const": "video"}}}}},
    "then": {"required": ["reader"]},
    "else": {"properties": {"reader": False}},
}
READERS = {"enum": ["mp4", "webp", "ffmpeg"]}
CHECK_SCHEMA = {
    "type": "object",
    "additionalProperties": False,
    "required": ["version", "summary", "files"],
    "properties": {
        "version": {"const": 1},
        "summary": {
            "type": "object",
            "additionalProperties": False,
            "required": ["checked", "errors", "warnings", "advice"],
            "properties": dict.fromkeys(("checked", "errors", "warnings", "advice"), WHOLE),
        },
        "files": {
            "type": "array",
            "items": {
                "type": "object",
                "additionalProperties": False,
                "required": ["source", "role", "facts", "findings"],
                **READER,
                "properties": {
                    "source": {"type": "string"},
                    "role": {"enum": [*ROLES, None]},
                    "facts": FACTS,
                    "reader": READERS,
                    "findings": {"type": "array", "items": FINDING},
                },
            },
        },
    },
}
PROBE_SCHEMA = {
    "type": "object",
    "required": ["version", "files"],
    "additionalProperties": False,
    "properties": {
        "version": {"const": 1},
        "files": {
            "items": {
                "required": ["source", "facts", "error"],
                **READER,
                "additionalProperties": False,
                "properties": {
                    "source": {"type": "string"},
                    "facts": FACTS,
                    "reader": READERS,
                    "error": TEXT,
                },
            }
        },
    },
}


@pytest.fixture
def shoot(tmp_path: Path) -> Path:
    """A folder of good, bad and unreadable files."""
    folder = tmp_path / "shoot"
    folder.mkdir()
    (folder / "good.mp4").write_bytes(small_mp4(index_first=True))
    (folder / "long.mp4").write_bytes(Hand(frames=200).data())
    (folder / "text.mp4").write_text("hello")
    (folder / "mov.mp4").write_bytes(Hand(brand="qt").data())
    (folder / "notes.txt").write_text("hello")
    (folder / ".hidden.mp4").write_bytes(small_mp4())
    Image.new("RGB", (400, 400)).save(folder / "picture.png")
    return folder


def no_trouble(done: subprocess.CompletedProcess[str]) -> None:
    assert "Traceback" not in done.stderr
    assert "Exception ignored" not in done.stderr


def test_exit_codes(shoot: Path, vaceprep_cli: Run) -> None:
    for arguments, code in (
        (["check", shoot / "good.mp4"], 0),
        (["check", shoot / "good.mp4", "--strict"], 1),
        (["check", shoot / "long.mp4"], 1),
        (["check", shoot / "long.mp4", "--ignore", "video-duration"], 0),
        (["check", shoot / "missing.mp4"], 1),
        (["check", shoot / "missing.mp4", "--select", "video-fps"], 1),
        (["check", "http://10.0.0.1/x.mp4"], 1),
        (["check", "https://example.com/x.mp4", "--no-remote"], 0),
        (["check", "http://10.0.0.1/x.mp4", "--allow-host", "10.0.0.1", "--no-remote"], 0),
        (["probe", shoot / "long.mp4"], 0),
        (["probe", shoot / "text.mp4"], 1),
        (["check"], 2),
        (["check", "--nonsense", shoot], 2),
        (["nonsense"], 2),
        (["check", shoot, "-j", "0"], 2),
        (["check", shoot, "--format", "xml"], 2),
        (["--version"], 0),
        (["--help"], 0),
        (["check", "--help"], 0),
    ):
        done = vaceprep_cli(*arguments)
        assert done.returncode == code, (arguments, done.stdout, done.stderr)
        no_trouble(done)


def test_json_holds_its_promise(shoot: Path, vaceprep_cli: Run) -> None:
    done = vaceprep_cli("check", "--format", "json", shoot, "missing.mp4", "http://[::1]/a.png")
    assert done.returncode == 1
    said: dict[str, Any] = json.loads(done.stdout)
    jsonschema.validate(said, CHECK_SCHEMA)
    by_name = {os.path.basename(f["source"]): f for f in said["files"]}
    assert set(by_name) == {
        *("good.mp4", "long.mp4", "text.mp4", "mov.mp4", "picture.png"),
        *("missing.mp4", "a.png"),
    }
    assert said["summary"]["checked"] == 7
    listed = [f["severity"] for entry in said["files"] for f in entry["findings"]]
    for severity, key in (("error", "errors"), ("warning", "warnings"), ("advice", "advice")):
        assert said["summary"][key] == listed.count(severity)
    assert by_name["long.mp4"]["facts"]["duration"] == 8.0
    assert by_name["long.mp4"]["facts"]["fps"] == 25.0
    assert by_name["text.mp4"]["facts"] is None
    assert by_name["missing.mp4"]["source"] == "missing.mp4"


def test_json_of_probe(shoot: Path, vaceprep_cli: Run) -> None:
    done = vaceprep_cli("probe", "--format", "json", shoot, "missing.mp4", "https://10.0.0.1/a.mp4")
    said = json.loads(done.stdout)
    jsonschema.validate(said, PROBE_SCHEMA)
    assert all((f["facts"] is None) is (f["error"] is not None) for f in said["files"])
    assert len(said["files"]) == 7


def test_json_of_nothing(tmp_path: Path, vaceprep_cli: Run) -> None:
    done = vaceprep_cli("check", "--format", "json", tmp_path)
    jsonschema.validate(json.loads(done.stdout), CHECK_SCHEMA)
    assert "no video or image was found" in done.stderr


def test_one_bad_file_stops_no_other_and_all_is_counted(shoot: Path, vaceprep_cli: Run) -> None:
    done = vaceprep_cli("check", shoot)
    assert done.returncode == 1
    for name in ("good.mp4", "long.mp4", "text.mp4", "mov.mp4", "picture.png"):
        assert name in done.stdout
    assert "5 files checked" in done.stdout
    assert done.stderr == "skipped 1 hidden entry and 1 file that is neither video nor image\n"
    assert "\x1b" not in done.stdout


def test_a_fine_file_is_one_line_and_advice_is_asked_for(clip: Path, vaceprep_cli: Run) -> None:
    fine = vaceprep_cli("check", clip, "--ignore", "VP119,VP127").stdout.splitlines()
    assert len(fine) == 2
    assert fine[0].startswith("ok ")
    assert "video-not-faststart" not in fine[0]
    asked = vaceprep_cli("check", clip, "--advice").stdout
    assert "video-not-faststart (VP120)" in asked


@pytest.mark.parametrize("form", ["text", "json"])
def test_any_number_of_workers_prints_the_same(form: str, shoot: Path, vaceprep_cli: Run) -> None:
    first = vaceprep_cli("check", "--format", form, "-j", "1", shoot, shoot, shoot)
    for jobs in ("2", "4"):
        again = vaceprep_cli("check", "--format", form, "-j", jobs, shoot, shoot, shoot)
        assert (again.stdout, again.returncode) == (first.stdout, first.returncode)


def test_a_wrong_role_is_told_the_right_ones(clip: Path, vaceprep_cli: Run) -> None:
    done = vaceprep_cli("check", "--role", "video_uri", clip)
    assert (done.returncode, done.stdout) == (2, "")
    assert "video_url" in done.stderr


@pytest.mark.parametrize("option", ["--select", "--ignore"])
def test_an_unknown_rule_is_told_the_nearest(option: str, clip: Path, vaceprep_cli: Run) -> None:
    done = vaceprep_cli("check", option, "video-durration", clip)
    assert (done.returncode, done.stdout) == (2, "")
    assert "video-duration" in done.stderr


def test_an_unknown_command_is_told_the_nearest(clip: Path, vaceprep_cli: Run) -> None:
    assert "check" in vaceprep_cli("chek", clip).stderr
    assert f"vaceprep check {clip}" in vaceprep_cli(clip).stderr


# --- standard input and output -------------------------------------------------------------


def piped(data: bytes, *arguments: str) -> tuple[int, dict[str, Any]]:
    done = started.completed(
        ["check", "--format", "json", "-", *arguments],
        cwd=".",
        env={**os.environ, "PYTHONUTF8": "1"},
        timeout=60,
        input=data,
    )
    assert "Traceback" not in done.stderr
    said: dict[str, Any] = json.loads(done.stdout)
    jsonschema.validate(said, CHECK_SCHEMA)
    return done.returncode, said["files"][0]


def test_standard_input(tmp_path: Path) -> None:
    code, entry = piped(small_mp4())
    assert (code, entry["source"], entry["role"]) == (0, "-", "video_url")
    assert entry["facts"]["frames"] == 8
    assert "VP107" not in {f["code"] for f in entry["findings"]}
    picture = tmp_path / "a.png"
    Image.new("RGB", (400, 400)).save(picture)
    code, entry = piped(picture.read_bytes())
    assert (code, entry["role"], entry["facts"]["format"]) == (0, "ref_images_url", "png")


def test_standard_input_that_is_nothing() -> None:
    code, entry = piped(b"")
    assert (code, [f["code"] for f in entry["findings"]]) == (1, ["VP105"])


def test_standard_input_that_is_closed(tmp_path: Path) -> None:
    done = subprocess.run(
        ["sh", "-c", f"{sys.executable} -m vaceprep check - <&-"],
        capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert done.returncode == 1
    no_trouble(done)


@pytest.mark.parametrize("form", ["text", "json"])
def test_a_reader_that_goes_away(form: str, clip: Path) -> None:
    reader, writer = os.pipe()
    with open(reader, "rb", buffering=0) as told, open(writer, "wb") as pipe:
        process = started.start(["check", "--format", form, *[clip] * 400], stdout=pipe)
        pipe.close()
        assert told.read(1)
    _, said = process.communicate(timeout=60)
    assert process.returncode == 1
    assert said == ""


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="needs /dev/full")
@pytest.mark.parametrize(
    "arguments",
    [["check", "CLIP"], ["check", "--format", "json", "CLIP"], ["rules"], ["--version"]],
)
def test_a_full_disk(arguments: list[str], clip: Path) -> None:
    with open("/dev/full", "w") as full:
        process = started.start([clip if a == "CLIP" else a for a in arguments], stdout=full)
        _, said = process.communicate(timeout=60)
    assert process.returncode == 1
    assert "No space left" in said
    assert "Traceback" not in said
    assert "Exception ignored" not in said


def test_interrupted() -> None:
    source, descriptor = os.pipe()
    with open(descriptor, "wb", buffering=0):
        process = started.start(["check", "-"], stdin=source)
        os.close(source)
        os.set_blocking(descriptor, False)
        written = 0
        while written < 1 << 18:
            select.select([], [descriptor], [])
            written += os.write(descriptor, bytes(4096))
        process.send_signal(signal.SIGINT)
    # Closing the pipe wakes a read that the signal came just before.
    out, err = process.communicate(timeout=30)
    assert process.returncode == 130
    assert out == ""
    assert "Traceback" not in err


@pytest.mark.parametrize("encoding", ["ascii", pytest.param("latin-1", marks=pytest.mark.long)])
def test_a_terminal_that_knows_few_characters(
    encoding: str, tmp_path: Path, vaceprep_cli: Run
) -> None:
    turned = tmp_path / "ü日本.mp4"
    matrix = (0, 0x10000, 0, -0x10000, 0, 0, 0, 0, 0x40000000)
    turned.write_bytes(Hand(matrix=matrix).data())
    environment = {"PYTHONUTF8": "0", "PYTHONIOENCODING": encoding, "LC_ALL": "C"}
    done = vaceprep_cli("check", tmp_path, env=environment)
    assert done.returncode == 0
    assert "VP113" in done.stdout
    no_trouble(done)


@pytest.mark.skipif(shutil.which("vaceprep", path=os.path.dirname(sys.executable)) is None,
                    reason="the package is not installed")  # fmt: skip
def test_the_console_script(clip: Path) -> None:
    script = os.path.join(os.path.dirname(sys.executable), "vaceprep")
    done = subprocess.run([script, "check", clip], capture_output=True, timeout=60, check=False)
    assert done.returncode == 0
