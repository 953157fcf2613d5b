"""``vaceprep request``: the body from a file or from flags, offline, nothing sent."""

from __future__ import annotations

import io
import json
import re
import socket
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import Run
from tests.job.table import (
    EDIT,
    EXAMPLES,
    EXTEND,
    FUNCTIONS,
    IMAGE,
    OUT,
    PAINT,
    U,
    Values,
    fields_of,
    minimal,
    spec_of,
)
from tests.job.write import job_file
from vaceprep.cli.main import run

Capture = pytest.CaptureFixture[str]
#: The flags that ``request`` has of its own, for every function.
OWN = {"--placeholder-urls", "--extra", "--config", "--no-config", "--format", "--help"}
#: One value for each field, as it is typed, and as it goes over the wire.
TYPED: dict[str, tuple[list[str], Any]] = {
    "prompt": (["a cat"], "a cat"),
    "negative_prompt": (["no dog"], "no dog"),
    "seed": (["2147483647"], 2147483647),
    "duration": (["5"], 5),
    "size": (["960x960"], "960*960"),
    "ref_images_url": ([f"{U}1.png"], [f"{U}1.png"]),
    "obj_or_bg": (["obj"], ["obj"]),
    "video_url": ([f"{U}v.mp4"], f"{U}v.mp4"),
    "control_condition": (["depth"], "depth"),
    "strength": (["0.25"], 0.25),
    "mask_image_url": ([f"{U}m.png"], f"{U}m.png"),
    "mask_type": (["tracking"], "tracking"),
    "mask_frame_id": (["7"], 7),
    "expand_ratio": (["1"], 1.0),
    "expand_mode": (["bbox"], "bbox"),
    "first_frame_url": ([f"{U}ff.png"], f"{U}ff.png"),
    "last_frame_url": ([f"{U}lf.png"], f"{U}lf.png"),
    "first_clip_url": ([f"{U}fc.mp4"], f"{U}fc.mp4"),
    "last_clip_url": ([f"{U}lc.mp4"], f"{U}lc.mp4"),
    "top_scale": (["1.5"], 1.5),
    "bottom_scale": (["1"], 1.0),
    "left_scale": (["2.0"], 2.0),
    "right_scale": (["1e0"], 1.0),
}
BOOLEANS = ("prompt_extend", "watermark", "safety_filter")


def flag(name: str) -> str:
    return "--" + name.replace("_", "-")


def words(job: Values) -> list[str]:
    """A job as it is typed."""
    typed = [str(job["function"])]
    for name, value in job.items():
        if isinstance(value, bool):
            typed.append(flag(name) if value else flag(f"no_{name}"))
        elif name != "function":
            for one in value if isinstance(value, list) else [value]:
                typed += [flag(name), str(one)]
    return typed


def body(capsys: Capture, *arguments: str | Path) -> Any:
    assert run(["request", *map(str, arguments)]) == 0
    printed = capsys.readouterr()
    assert re.fullmatch(r"cost: (up to )?5 s, 0\.50 USD\n", printed.err)
    return json.loads(printed.out)


def refusal(capsys: Capture, *arguments: str | Path) -> list[tuple[str, str | None]]:
    """Code and pointer of each finding, the same in text and in JSON."""
    assert run(["request", *map(str, arguments), "--format", "json"]) == 1
    printed = capsys.readouterr()
    (entry,) = json.loads(printed.out)["files"]
    assert run(["request", *map(str, arguments)]) == 1
    text = capsys.readouterr()
    assert text.out == ""
    for finding in entry["findings"]:
        assert finding["code"] in text.err
        assert finding["pointer"] is None or f"at {finding['pointer']}" in text.err
    return [(finding["code"], finding["pointer"]) for finding in entry["findings"]]


@pytest.mark.parametrize("function", FUNCTIONS)
def test_an_example_typed_as_flags(function: str, capsys: Capture) -> None:
    printed = body(capsys, *words(EXAMPLES[function]))
    assert printed == {**EXAMPLES[function], "model": "wan2.1-vace-plus"}


@pytest.mark.parametrize("function", FUNCTIONS)
def test_every_field_of_the_table_is_a_flag_and_nothing_else(
    function: str, capsys: Capture
) -> None:
    assert run(["request", function, "--help"]) == 0
    told = set(re.findall(r"(?<![\w-])--[a-z][a-z-]*", capsys.readouterr().out))
    fields = {n for n in fields_of(function) if n not in ("model", "extra")}
    negated = {flag(f"no_{name}") for name in BOOLEANS}
    assert told == {flag(name) for name in fields} | negated | OWN


@pytest.mark.parametrize("function", FUNCTIONS)
def test_every_flag_goes_into_the_body_with_its_type(function: str, capsys: Capture) -> None:
    typed: list[str] = [function]
    expected: Values = {"model": "wan2.1-vace-plus", "function": function}
    for name in fields_of(function):
        if name in BOOLEANS:
            typed.append(flag(name))
            expected[name] = True
        elif name in TYPED:
            typed += [flag(name), *TYPED[name][0]]
            expected[name] = TYPED[name][1]
    assert set(expected) | {"extra", "mask_video_url"} >= set(fields_of(function))
    printed = body(capsys, *typed, "--extra", "later=[1]")
    assert printed == {**expected, "later": [1]}
    for name, value in expected.items():
        assert type(printed[name]) is type(value), name
    no = body(capsys, *words(minimal(function)), *(flag(f"no_{name}") for name in BOOLEANS))
    assert [no[name] for name in BOOLEANS] == [False] * 3


def test_a_list_is_the_flag_again_and_again(capsys: Capture) -> None:
    typed = [IMAGE, "--prompt", "a"]
    for number, label in enumerate(["obj", "bg", "obj"]):
        typed += ["--ref-images-url", f"{U}{number}.png", "--obj-or-bg", label]
    printed = body(capsys, *typed)
    assert printed["ref_images_url"] == [f"{U}{n}.png" for n in range(3)]
    assert printed["obj_or_bg"] == ["obj", "bg", "obj"]


@pytest.mark.parametrize(
    ("function", "typed", "expected"),
    [
        (OUT, ["--seed", "5.0"], ("VP403", "/seed")),
        (OUT, ["--seed", "x"], ("VP403", "/seed")),
        (OUT, ["--seed", "-1"], ("VP403", "/seed")),
        (OUT, ["--seed", "1_0"], ("VP403", "/seed")),
        (OUT, ["--seed", " 1"], ("VP403", "/seed")),
        (OUT, ["--seed", "\u0665"], ("VP403", "/seed")),
        (OUT, ["--seed", "9" * 5000], ("VP403", "/seed")),
        (OUT, ["--duration", "6"], ("VP403", "/duration")),
        (OUT, ["--top-scale", "nan"], ("VP403", "/top_scale")),
        (OUT, ["--top-scale", "2.01"], ("VP403", "/top_scale")),
        (OUT, ["--top-scale", "1_0"], ("VP403", "/top_scale")),
        (OUT, ["--top-scale", ""], ("VP403", "/top_scale")),
        (OUT, ["--prompt", ""], ("VP404", "/prompt")),
        (OUT, ["--prompt", "x" * 801], ("VP404", "/prompt")),
        (OUT, ["--video-url", ""], ("VP402", "/video_url")),
        (OUT, ["--negative-prompt", "x" * 501], ("VP405", "/negative_prompt")),
        (PAINT, ["--control-condition", "postbody"], ("VP403", "/control_condition")),
        (PAINT, ["--control-condition", ""], ("VP402", "/control_condition")),
        (IMAGE, ["--obj-or-bg", "obj", "--obj-or-bg", "bg"], ("VP407", "/obj_or_bg")),
        (IMAGE, ["--size", "1280x721"], ("VP403", "/size")),
        (EDIT, ["--mask-frame-id", "0"], ("VP305", "/mask_frame_id")),
        (EDIT, ["--mask-video-url", f"{U}m.mp4"], ("VP409", "/mask_video_url")),
        (EXTEND, ["--first-clip-url", ""], ("VP410", "/first_clip_url")),
        (OUT, ["--extra", "seed=5"], ("VP403", "/extra/seed")),
        (OUT, ["--extra", "a=NaN"], ("VP403", "/extra/a")),
        (OUT, ["--extra", "a=1e999"], ("VP403", "/extra/a")),
    ],
)
def test_flags_are_judged_by_the_same_rules(
    function: str, typed: list[str], expected: tuple[str, str], capsys: Capture
) -> None:
    assert refusal(capsys, *words(minimal(function)), *typed) == [expected]


def test_a_function_without_flags_tells_all_that_it_needs(capsys: Capture) -> None:
    assert refusal(capsys, EDIT) == [
        ("VP402", "/prompt"),
        ("VP402", "/video_url"),
        ("VP409", "/mask_image_url"),
    ]


def test_a_flag_of_another_function_is_wrong_usage(capsys: Capture) -> None:
    assert run(["request", OUT, "--strength", "1"]) == 2
    assert "--strength" in capsys.readouterr().err


def test_local_paths_are_refused_with_the_command_that_publishes_them(
    tmp_path: Path, capsys: Capture
) -> None:
    job = {**minimal(EDIT), "video_url": "clip.mp4", "ref_images_url": ["a\x1b[31m.png"]}
    path = job_file(tmp_path, job)
    assert run(["request", str(path)]) == 1
    printed = capsys.readouterr()
    assert printed.out == ""
    assert f"vaceprep run {path} --publish" in printed.err
    assert "--placeholder-urls" in printed.err
    assert f"/video_url is a local path: {tmp_path / 'clip.mp4'}" in printed.err
    assert "/ref_images_url/0" in printed.err
    assert "/mask_image_url" not in printed.err
    assert "\x1b" not in printed.err


def test_local_paths_typed_as_flags_are_refused_too(capsys: Capture) -> None:
    assert run(["request", OUT, "--prompt", "a", "--video-url", "clip.mp4"]) == 1
    printed = capsys.readouterr()
    assert printed.out == ""
    assert "vaceprep run" in printed.err
    assert "--publish" in printed.err


def test_placeholders_show_the_body_all_the_same(tmp_path: Path, capsys: Capture) -> None:
    job = {
        **minimal(IMAGE),
        "ref_images_url": ["my cat \u00fc?.png", f"{U}b.png", "C:\\x\\c.png"],
        "obj_or_bg": ["obj", "obj", "bg"],
    }
    urls = body(capsys, "--placeholder-urls", job_file(tmp_path, job))["ref_images_url"]
    assert urls[1] == f"{U}b.png"
    for url, name in ((urls[0], "my%20cat%20%C3%BC%3F.png"), (urls[2], "c.png")):
        assert url == f"https://example.com/{name}"
    assert body(
        capsys, IMAGE, "--prompt", "a", "--ref-images-url", "x/y.png", "--placeholder-urls"
    )["ref_images_url"] == ["https://example.com/y.png"]


def test_extra_is_json_where_it_is_json_and_text_elsewhere(tmp_path: Path, capsys: Capture) -> None:
    path = job_file(tmp_path, {**minimal(OUT), "extra": {"kept": 1, "over": 1}})
    pairs = ["n=1.5", "t=true", 'o={"a": [null]}', "w=left", "e=", "q=a=b", "over=2", "d={x"]
    typed = [word for pair in pairs for word in ("--extra", pair)]
    expected = {"n": 1.5, "t": True, "o": {"a": [None]}, "w": "left", "e": "", "q": "a=b"}
    printed = body(capsys, path, *typed)
    assert {k: v for k, v in printed.items() if k not in minimal(OUT)} == {
        "model": "wan2.1-vace-plus",
        **expected,
        **{"kept": 1, "over": 2, "d": "{x"},
    }


def test_extra_on_the_command_line_hides_no_mistake_in_the_file(
    tmp_path: Path, capsys: Capture
) -> None:
    path = job_file(tmp_path, {**minimal(OUT), "extra": [1]})
    assert refusal(capsys, path, "--extra", "a=1") == [("VP403", "/extra")]


def test_extra_nested_too_deeply_is_refused(tmp_path: Path, vaceprep_cli: Run) -> None:
    path = job_file(tmp_path, minimal(OUT))
    done = vaceprep_cli("request", path, "--extra", "a=" + "[" * 20_000)
    assert "Traceback" not in done.stderr
    assert done.returncode in (0, 1, 2)


def test_options_stand_before_or_behind_the_job(tmp_path: Path, capsys: Capture) -> None:
    path = str(job_file(tmp_path, {**minimal(OUT), "video_url": "a.mp4"}))
    one = body(capsys, "--placeholder-urls", "--format", "json", path)
    assert one == body(capsys, path, "--placeholder-urls", "--format=json")
    assert one == body(capsys, "--format", "json", path, "--placeholder-urls", "--", *[])
    typed = words({**minimal(OUT), "prompt": "--format"})
    assert body(capsys, *typed)["prompt"] == "--format"


def test_more_than_one_job_is_wrong_usage(tmp_path: Path, capsys: Capture) -> None:
    path = str(job_file(tmp_path, minimal(OUT)))
    for wrong in ([path, path], [path, OUT], [OUT, path]):
        assert run(["request", *wrong]) == 2, wrong
        assert capsys.readouterr().out == ""


def test_a_file_named_as_a_function_is_still_a_file(tmp_path: Path, vaceprep_cli: Run) -> None:
    (tmp_path / OUT).write_text(json.dumps(minimal(OUT)))
    done = vaceprep_cli("request", f"./{OUT}")
    assert done.returncode == 0
    assert json.loads(done.stdout)["prompt"] == "a cat"


def test_standard_input(capsys: Capture, monkeypatch: pytest.MonkeyPatch) -> None:
    class Stdin:
        def __init__(self, data: bytes) -> None:
            self.buffer = io.BytesIO(data)

    for data, code in (
        (json.dumps(minimal(OUT)).encode(), 0),
        (b"\xef\xbb\xbf" + json.dumps(minimal(OUT)).encode(), 0),
        (b"", 1),
        (b"[1]", 1),
        (b"\xff", 1),
    ):
        monkeypatch.setattr("sys.stdin", Stdin(data))
        assert run(["request", "-"]) == code
        printed = capsys.readouterr()
        assert ("VP400" in printed.err) is bool(code)
        assert bool(printed.out) is not bool(code)


def test_nothing_connects_and_no_media_is_opened(
    tmp_path: Path, capsys: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refused(*_: Any, **__: Any) -> None:
        raise AssertionError("a connection was tried")

    monkeypatch.setattr(socket, "socket", refused)
    monkeypatch.setattr(socket, "create_connection", refused)
    job = {**minimal(OUT), "video_url": "https://127.0.0.1/nowhere.mp4"}
    assert body(capsys, job_file(tmp_path, job))["video_url"] == "https://127.0.0.1/nowhere.mp4"
    missing = {**minimal(OUT), "video_url": "no/such/file.mp4"}
    assert body(capsys, job_file(tmp_path, missing), "--placeholder-urls")


def test_as_a_user_runs_it(tmp_path: Path, vaceprep_cli: Run) -> None:
    job_file(tmp_path, EXAMPLES[EDIT], "yaml")
    done = vaceprep_cli("request", "job.yaml")
    assert (done.returncode, done.stderr) == (0, "cost: up to 5 s, 0.50 USD\n")
    assert json.loads(done.stdout) == {**EXAMPLES[EDIT], "model": "wan2.1-vace-plus"}
    refused = vaceprep_cli("request", EDIT, "--prompt", "a", "--seed", "x")
    assert refused.returncode == 1
    assert "seed" in refused.stderr
    assert spec_of("seed", EDIT).high == 2147483647
