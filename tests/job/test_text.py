"""The line of a job file on which a value stands."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vaceprep.job.joblines import _json_line, finder, parts_of

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
