"""The line of a value in a job file, and a job file with other values."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from vaceprep.job.read import parse
from vaceprep.job.text import _json_line, finder, parts_of, rewrite

JOB = {
    ".json": """\
{
\t"function": "image_reference",
\t"prompt": "a } \\" ] ,", "obj_or_bg": ["obj",
\t\t"bg"],
\t"ref_images_url": [
\t\t"a.png",
\t\t"b.png"
\t], "a/b~c": 1, "seed":
\t5
}
""",
    ".yaml": """\
# a comment
function: image_reference
prompt: |
  ref_images_url: not this
ref_images_url:
  - a.png
  - b.png
obj_or_bg: [obj,
  bg]
a/b~c: 1
""",
    ".toml": '''\
function = "image_reference"
prompt = """
ref_images_url = "not this"
"""
ref_images_url = [
  "a.png",
  "b.png",
]
"a/b~c" = 1
[extra]
seed = 5
''',
}


@pytest.mark.parametrize(
    ("ending", "pointer", "line"),
    [
        (".json", "/function", 2),
        (".json", "/prompt", 3),
        (".json", "/obj_or_bg/1", 4),
        (".json", "/ref_images_url", 5),
        (".json", "/ref_images_url/1", 7),
        (".json", "/ref_images_url/2", 5),
        (".json", "/a~1b~0c", 8),
        # The line of the key, not that of the value.
        (".json", "/seed", 8),
        (".json", "/absent", None),
        (".json", "/function/0", 2),
        (".json", "", None),
        (".yaml", "/function", 2),
        (".yaml", "/ref_images_url", 5),
        (".yaml", "/ref_images_url/1", 7),
        (".yaml", "/obj_or_bg/1", 9),
        (".yaml", "/ref_images_url/x", 5),
        (".yaml", "/a~1b~0c", 10),
        (".yaml", "/absent", None),
        (".toml", "/function", 1),
        (".toml", "/ref_images_url/1", 5),
        (".toml", "/a~1b~0c", 9),
        (".toml", "/seed", None),
        (".toml", "", None),
    ],
)
def test_the_line_of_a_value(ending: str, pointer: str, line: int | None, tmp_path: Path) -> None:
    path = tmp_path / f"job{ending}"
    path.write_text(JOB[ending])
    file, line_of = finder(str(path))
    assert file == str(path)
    assert line_of(pointer) == line


def test_a_line_of_a_manifest_is_its_line() -> None:
    file, line_of = finder("C:\\jobs\\all.JSONL:12")
    assert (file, line_of("/prompt")) == ("C:\\jobs\\all.JSONL", 12)


@pytest.mark.parametrize("text", ["", "{", "[" * 5000, "a: &a [*a]", "? [1]\n: 2", "- 1", "null"])
@pytest.mark.parametrize("ending", [".json", ".yaml", ".toml"])
def test_what_is_no_job_has_no_lines(text: str, ending: str, tmp_path: Path) -> None:
    path = tmp_path / f"job{ending}"
    path.write_text(text)
    assert finder(str(path))[1]("/prompt") is None
    assert finder(str(tmp_path / "absent.json"))[1]("/prompt") is None


VALUES = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.text()),
    lambda inner: st.one_of(st.lists(inner), st.dictionaries(st.text(), inner)),
    max_leaves=8,
)


@given(st.dictionaries(st.text(), VALUES, min_size=1, max_size=4), st.data())
@settings(max_examples=40)
def test_any_member_of_any_json_is_found(job: dict[str, Any], data: st.DataObject) -> None:
    text = json.dumps(job, indent=1)
    key = data.draw(st.sampled_from(list(job)))
    pointer = "/" + key.replace("~", "~0").replace("/", "~1")
    line = _json_line(text, parts_of(pointer))
    assert line is not None
    assert text.splitlines()[line - 1].startswith(f" {json.dumps(key)}: ")


YAML_TEXT = """\
---
# A job.
function: "video_edit"   # quoted
prompt: |
  two
  lines
seed: 012
prompt_extend: yes
extra: {at: 12:30, big: 1_000, o: 0o14, day: 2020-01-02, on_: "no"}
video_url:    'clip.mov'
ref_images_url:
  # the first
  - "one.bmp"
  - two.bmp
"""
TOML_TEXT = """\
# A job.
function = 'video_edit' # quoted
video_url = "clip.mov"  # ten seconds
ref_images_url = [
  "one.bmp", # the first
  'two.bmp',
]

[extra] # last
at = 12:30:00
"""
CHANGES: dict[str, str | int] = {
    "/video_url": "clip.mp4",
    "/ref_images_url/1": "two.png",
    "/mask_frame_id": 7,
}


def changed(text: str, ending: str) -> dict[str, Any]:
    values = parse(text, ending)
    values |= {"video_url": "clip.mp4", "mask_frame_id": 7}
    values["ref_images_url"][1] = "two.png"
    return values


@pytest.mark.parametrize("line_end", ["\n", "\r\n"])
@pytest.mark.parametrize(("ending", "old"), [(".yaml", YAML_TEXT), (".toml", TOML_TEXT)])
def test_other_values_leave_the_other_lines_as_they_are(
    ending: str, old: str, line_end: str
) -> None:
    old = old.replace("\n", line_end)
    values = changed(old, ending)
    text, note = rewrite(values, ending, old, CHANGES)
    assert note is None
    assert parse(text, ending) == values
    lines = old.split(line_end)
    kept = [line for line in lines if "clip.mov" not in line and "two.bmp" not in line]
    assert not set(kept) - set(text.split(line_end))
    assert text.count("\n") == old.count("\n") + 1


def test_a_text_that_cannot_be_kept_is_written_anew_and_said_so() -> None:
    # YAML 1.2 reads "yes" as text and would write it so; PyYAML would read true.
    old = "a: &a x.mov\nb: [*a, 1]\n"
    values = {"a": "yes", "b": ["x.mov", 1]}
    text, note = rewrite(values, ".yaml", f"# c\n{old}", {"/a": "yes"})
    assert yaml.safe_load(text) == values
    assert note is not None
    assert "cannot be kept with the new values" in note


@pytest.mark.parametrize(("ending", "sign"), [(".yaml", ":"), (".toml", " =")])
def test_comments_are_kept_up_to_a_size(ending: str, sign: str) -> None:
    def note_of(size: int) -> str | None:
        values = {"a": "y.mp4", "b": ""}
        head = f'a{sign} "x.mov" # c\nb{sign} "'
        values["b"] = "x" * (size - len(head) - 2)
        return rewrite(values, ending, f'{head}{values["b"]}"\n', {"/a": "y.mp4"}).note

    assert note_of(262_144) is None
    assert "it has 262,145 bytes, and comments are kept up to 262,144" in str(note_of(262_145))


@pytest.mark.parametrize(("ending", "sign"), [(".yaml", ": "), (".toml", " = ")])
def test_comments_are_kept_up_to_a_number_of_values(ending: str, sign: str) -> None:
    def note_of(keys: int) -> str | None:
        values: dict[str, Any] = {f"k{n}": n for n in range(keys)}
        old = "".join(f"{name}{sign}{value}\n" for name, value in values.items())
        values["k0"] = 9
        return rewrite(values, ending, old, {"/k0": 9}).note

    # The mapping itself is one of them.
    assert note_of(499) is None
    assert "it has more than 500 values" in str(note_of(500))


def test_comments_are_kept_up_to_a_number_of_lines() -> None:
    def note_of(lines: int) -> str | None:
        old = "a = 1\n" + "#\n" * (lines - 1)
        return rewrite({"a": 2}, ".toml", old, {"/a": 2}).note

    assert note_of(10_000) is None
    assert "it has more than 10,000 lines" in str(note_of(10_001))


def test_json_and_new_files_lose_no_comments() -> None:
    assert rewrite({"a": 1}, ".json", '{"a":2}', {"/a": 1}) == ('{\n  "a": 1\n}\n', None)
    assert rewrite({"a": 1}, ".yaml", None, {}) == ("a: 1\n", None)
