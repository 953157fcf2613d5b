"""Files that are no jobs: VP400 and exit 1 in every format, never a crash and never a wait."""

from __future__ import annotations

import json
import os
import re
import subprocess
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

import vaceprep
from tests import started
from tests.job.table import EXAMPLES, IMAGE, OUT, U, minimal
from tests.job.write import brief, job_file
from vaceprep import InvalidJob, Job
from vaceprep.cli.main import run

resource = pytest.importorskip("resource", reason="limits on memory need a POSIX system")

DEEP = 100_000
OK = json.dumps(minimal(OUT))
#: Name: the file's ending, its text or bytes, and a word that the message has to have.
BROKEN: dict[str, tuple[str, str | bytes, str]] = {
    "not json": ("json", "{prompt: x}", "line 1"),
    "text": ("json", "hello", "json"),
    "cut off": ("json", OK[:-1], "json"),
    "two values": ("json", OK + OK, "json"),
    "a list": ("json", f"[{OK}]", "a list"),
    "a number": ("json", "5", "a number"),
    "a word": ("json", '"video_edit"', "text"),
    "true": ("json", "true", "true or false"),
    "null": ("json", "null", "empty"),
    "NaN": ("json", "NaN", "a number"),
    "empty": ("json", "", "empty"),
    "blank": ("json", " \n", "json"),
    "twice": ("json", '{"prompt": "a", "prompt": "b"}', "'prompt' stands there twice"),
    "twice, inside": ("json", '{"extra": {"a": 1, "a": 2}}', "'a' stands there twice"),
    "deep": ("json", '{"extra":' + "[" * DEEP + "]" * DEEP + "}", "deep"),
    "deep mappings": ("json", '{"a":' * DEEP + "1" + "}" * DEEP, "deep"),
    "open brackets": ("json", "[" * DEEP, "deep"),
    "many digits": ("json", '{"seed": ' + "9" * 10_000 + "}", "digits"),
    "many values": ("json", '{"extra": {"a": [' + "0," * 20_000 + "0]}}", "values"),
    "not utf-8": ("json", b'{"prompt": "caf\xe9"}', "UTF-8"),
    "utf-16": ("json", OK.encode("utf-16"), "UTF-8"),
    "an mp4": ("json", b"\0\0\0\x20ftypisom\0\0\2\0", "json"),
    "no yaml": ("yaml", "a: [1", "yaml"),
    "yaml list": ("yaml", "- a\n- b\n", "a list"),
    "yaml word": ("yaml", "hello\n", "text"),
    "yaml nothing": ("yaml", "# a comment\n", "empty"),
    "yaml empty": ("yaml", "", "empty"),
    "yaml twice": ("yaml", "prompt: a\nprompt: b\n", "'prompt' stands there twice"),
    "yaml twice, inside": ("yaml", "extra: {a: 1, a: 2}\n", "'a' stands there twice"),
    "yaml number as key": ("yaml", "1: a\n", "1"),
    "yaml word as key": ("yaml", "on: a\n", "True"),
    "yaml list as key": ("yaml", "? [a]\n: 1\n", "text"),
    "yaml null as key": ("yaml", "extra: {~: 1}\n", "text"),
    "yaml two documents": ("yaml", "a: 1\n---\nb: 2\n", "document"),
    "yaml object": ("yaml", "a: !!python/object/apply:os.getcwd []\n", "tag"),
    "yaml name": ("yaml", "a: !!python/name:os.system\n", "tag"),
    "yaml own tag": ("yaml", "a: !env HOME\n", "tag"),
    "yaml bomb": ("yaml", "", "values"),
    "yaml circle": ("yaml", "a: &a [*a]\n", ""),
    "yaml deep": ("yaml", "a: " + "[" * DEEP + "]" * DEEP, "deep"),
    "yaml deep mappings": ("yaml", "a: " + "{a: " * DEEP + "1" + "}" * DEEP, "deep"),
    "yaml open brackets": ("yaml", "[" * DEEP, ""),
    "yaml deep blocks": ("yaml", "".join(" " * n + "a:\n" for n in range(2000)), "deep"),
    "yaml hex": ("yaml", "seed: 0x" + "f" * 10_000, "digits"),
    "yaml no int": ("yaml", 'seed: !!int ""\n', ""),
    "yaml no float": ("yaml", 'seed: !!float ""\n', ""),
    "yaml no bool": ("yaml", "watermark: !!bool maybe\n", ""),
    "yaml no date": ("yaml", "seed: !!timestamp soon\n", ""),
    "yaml no mapping": ("yaml", "a: !!map [x]\n", ""),
    "yaml no day": ("yaml", "seed: 2024-13-45\n", ""),
    "yaml nul": ("yaml", "a: \0\n", "yaml"),
    "yaml not utf-8": ("yml", b"prompt: caf\xe9\n", "UTF-8"),
    "no toml": ("toml", "prompt: a\n", "toml"),
    "toml twice": ("toml", 'prompt = "a"\nprompt = "b"\n', "toml"),
    "toml deep": ("toml", "a = " + "[" * DEEP + "]" * DEEP, "deep"),
    "toml hex": ("toml", "seed = 0x" + "f" * 10_000, "digits"),
    "toml dots": ("toml", "a" + ".a" * 50_000 + " = 1", ""),
    "toml empty": ("toml", "", "empty"),
}
#: What takes the whole interpreter along, or all memory, where it is not stopped in time.
DANGEROUS = {name for name in BROKEN if re.search("bomb|deep|open|dots|circle", name)}


def _bomb(first: str, level: str) -> str:
    """Nine levels of nine aliases each: 387 million values, or as many merged keys."""
    levels = [f"&a {first}"]
    for before, name in pairwise("abcdefghij"):
        nine = "[" + ", ".join([f"*{before}"] * 9) + "]"
        levels.append(f"&{name} {level.replace('NINE', nine)}")
    return "[" + ", ".join(levels) + "]\n"


def written(folder: Path, name: str) -> Path:
    ending, text, _ = BROKEN[name]
    if name == "yaml bomb":
        text = "extra: " + _bomb("[x]", "NINE")
    path = folder / f"job.{ending}"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


def bounded(*arguments: str | Path, **more: Any) -> subprocess.CompletedProcess[str]:
    """The command with bounds on memory and time, so that no bomb hurts the machine."""
    environment = {**os.environ, "PYTHONUTF8": "1"}
    return started.completed(
        arguments, cwd=".", env=environment, timeout=60, module="tests.job.bounded", **more
    )


@pytest.mark.parametrize("name", BROKEN)
def test_what_is_no_job_is_unreadable(
    name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = written(tmp_path, name)
    if name in DANGEROUS:
        done = bounded("check", "--format", "json", path)
        assert "Traceback" not in done.stderr
        assert done.returncode == 1, done.stderr[-300:]
        out = done.stdout
    else:
        assert run(["check", "--format", "json", str(path)]) == 1
        out = capsys.readouterr().out
    report = json.loads(out)
    assert report["summary"] == {"checked": 1, "errors": 1, "warnings": 0, "advice": 0}
    (entry,) = report["files"]
    assert (entry["source"], entry["role"], entry["facts"]) == (str(path), None, None)
    (finding,) = entry["findings"]
    assert (finding["code"], finding["rule"]) == ("VP400", "job-unreadable")
    assert finding["pointer"] is None
    assert BROKEN[name][2].lower() in finding["message"].lower()
    assert len(finding["message"]) < 500


@pytest.mark.parametrize("name", ["not json", "a list", "twice", "empty", "yaml object", "no toml"])
def test_every_command_says_the_same_and_exits_1(
    name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = written(tmp_path, name)
    with pytest.raises(InvalidJob) as caught:
        Job.from_file(path)
    (finding,) = caught.value.findings
    assert finding.code == "VP400"
    for arguments in (["check"], ["check", "--format", "json"], ["request", "--format", "json"]):
        assert run([*arguments, str(path)]) == 1
        printed = capsys.readouterr()
        assert "VP400" in printed.out
        assert finding.message in printed.out.replace('\\"', '"')
    for arguments in (
        ["request"],
        ["request", "--extra", "a=1"],
        ["request", "--placeholder-urls"],
    ):
        assert run([*arguments, str(path)]) == 1
        printed = capsys.readouterr()
        assert printed.out == ""
        assert "VP400" in printed.err


def test_a_file_that_cannot_be_opened(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    os.mkfifo(tmp_path / "pipe.json")
    (tmp_path / "folder").mkdir()
    os.symlink("circle.json", tmp_path / "circle.json")
    for name in (
        "pipe.json",
        "missing.yaml",
        "circle.json",
        "no/such/folder.toml",
        "pipe.json/x.json",
    ):
        path = tmp_path / name
        assert run(["check", str(path)]) == 1
        assert "VP400" in capsys.readouterr().out
        assert run(["request", str(path)]) == 1
        assert "VP400" in capsys.readouterr().err
    for path in (tmp_path / "folder", Path("/dev/zero"), Path("/dev/null")):
        assert run(["request", str(path)]) == 1
        assert "VP400" in capsys.readouterr().err


@pytest.mark.parametrize("ending", ["json", "yaml", "toml", "jsonl"])
def test_a_hundred_megabytes_are_not_read(
    ending: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / f"big.{ending}"
    with path.open("wb") as file:
        file.truncate(100 * 2**20)
    assert run(["check", str(path)]) == 1
    printed = capsys.readouterr().out
    assert "VP400" in printed
    assert "bytes" in printed


def test_a_byte_order_mark_is_no_mistake(tmp_path: Path) -> None:
    for ending in ("json", "yaml", "toml"):
        path = job_file(tmp_path, EXAMPLES[OUT], ending)
        path.write_bytes(b"\xef\xbb\xbf" + path.read_bytes())
        assert Job.from_file(path) == Job.from_dict(EXAMPLES[OUT])


@pytest.mark.parametrize("number", ["NaN", "Infinity", "-Infinity", "1e999", "-1e999"])
def test_a_number_that_is_none_is_its_fields_own_finding(number: str, tmp_path: Path) -> None:
    path = tmp_path / "job.json"
    path.write_text(OK[:-1] + f', "top_scale": {number}, "extra": {{"a": [{number}]}}}}')
    findings = vaceprep.check(path, remote=False).findings
    assert brief(findings) == [("VP403", "/top_scale"), ("VP403", "/extra/a")]
    # In JSON it must not come back as a number that JSON has not.
    json.loads(
        json.dumps([f.to_dict() for f in findings], allow_nan=False), parse_constant=pytest.fail
    )


@pytest.mark.parametrize(
    ("text", "at"),
    [
        ("top_scale: .nan", "/top_scale"),
        ("top_scale: -.inf", "/top_scale"),
        ("prompt: 2024-01-31", "/prompt"),
        ("prompt: 2024-01-31T10:00:00Z", "/prompt"),
        ("prompt: !!binary aGVsbG8=", "/prompt"),
        ("video_url: !!binary aGVsbG8=", "/video_url"),
        ("prompt: yes", "/prompt"),
        ("prompt: 5", "/prompt"),
        ("seed: 1:30", None),
        ("seed: '5'", "/seed"),
        ("seed: 5.0", "/seed"),
        ("watermark: 'yes'", "/watermark"),
        ("extra: {day: 2024-01-31}", "/extra/day"),
        ("extra: {set: !!set {a, b}}", "/extra/set"),
        ("extra: !!omap [a: 1]", "/extra"),
    ],
)
def test_what_yaml_makes_of_a_value_is_judged_as_its_type(
    text: str, at: str | None, tmp_path: Path
) -> None:
    name = text.partition(":")[0]
    job = {k: v for k, v in minimal(OUT).items() if k != name}
    path = tmp_path / "job.yaml"
    path.write_text("".join(f"{k}: {json.dumps(v)}\n" for k, v in job.items()) + text + "\n")
    found = [f for f in vaceprep.check(path, remote=False).findings if f.code == "VP403"]
    assert [f.pointer for f in found] == ([at] if at else [])


def test_merged_keys_do_not_multiply(tmp_path: Path) -> None:
    path = tmp_path / "job.yaml"
    path.write_text("<<: " + _bomb("{k: v}", "{<<: NINE}"))
    done = bounded("check", "--format", "json", path)
    assert "Traceback" not in done.stderr
    assert done.returncode == 1, done.stderr[-300:]
    # Whether merging is refused or done in good time, the job is none.
    found = json.loads(done.stdout)["files"][0]["findings"]
    assert found[0]["code"] in ("VP400", "VP401")


def test_yaml_merges_and_aliases_work_as_in_yaml(tmp_path: Path) -> None:
    path = tmp_path / "job.yaml"
    path.write_text(
        f"<<: &base {{prompt: a, seed: 1}}\nfunction: video_outpainting\nseed: 2\n"
        f"video_url: &v {U}a.mp4\nextra: {{again: *v}}\n"
    )
    body = Job.from_file(path).body()
    assert (body["prompt"], body["seed"], body["again"]) == ("a", 2, f"{U}a.mp4")


@pytest.mark.parametrize("depth", [1, 90, 300, 600, 900, 940, 960, 970, 980, 990])
def test_no_depth_crashes(depth: int, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    nested = "[" * depth + "]" * depth
    for at, text in (
        ("/prompt", f'"prompt": {nested}'),
        ("", f'"prompt": "x", "extra": {{"a": {nested}}}'),
    ):
        path = tmp_path / "job.json"
        path.write_text(f'{{"function": "{OUT}", "video_url": "{U}a", {text}}}')
        for command in (["check", "--no-remote"], ["request"]):
            code = run([*command, str(path)])
            printed = capsys.readouterr()
            assert code == 1 if at else code in (0, 1)
            assert code == 0 or "VP40" in printed.out + printed.err


def test_assets_that_are_no_files(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.png")
    (tmp_path / "folder").mkdir()
    job = {
        **minimal(IMAGE),
        "ref_images_url": ["pipe.png", "/dev/zero", "folder"],
        "obj_or_bg": ["obj", "obj", "bg"],
    }
    files = vaceprep.check(job_file(tmp_path, job), remote=False).files
    assert [entry.ok for entry in files] == [True, False, False, False]
    assert brief(vaceprep.check(job_file(tmp_path, job), remote=False).findings) == [
        ("VP204", f"/ref_images_url/{n}") for n in range(3)
    ]
    for path in ("pipe.png", "/dev/zero", "folder", "missing.mp4", "a\0b", "x" * 5000, "."):
        findings = vaceprep.check(
            job_file(tmp_path, {**minimal(OUT), "video_url": path}), remote=False
        ).findings
        assert brief(findings) == [("VP105", "/video_url")]


def test_usage_alone_exits_2(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = str(job_file(tmp_path, minimal(OUT)))
    for wrong in (
        ["request"],
        ["request", "--nope", path],
        ["request", path, "--format", "xml"],
        ["request", path, "--extra", "novalue"],
        ["request", path, "second.json"],
        ["request", OUT, "--mask-type", "fixed"],
        ["request", OUT, "stray"],
        ["check"],
        ["check", path, "--nope"],
        ["check", path, "--select", "no-such-rule"],
        ["check", path, "--role", "nobody"],
        ["init"],
        ["init", "nothing"],
        ["init", OUT, "-o", "job.txt"],
    ):
        assert run(wrong) == 2, wrong
        assert capsys.readouterr().out == ""
