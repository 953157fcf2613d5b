"""``vaceprep init``: a commented job file that is right from its first line."""

from __future__ import annotations

import json
import re
import stat
from pathlib import Path
from typing import Any

import pytest
import yaml
from jsonschema import Draft202012Validator

import vaceprep
from tests.conftest import Run
from tests.job.table import FUNCTIONS, Values, fields_of, spec_of
from vaceprep import InvalidJob, Job, Severity
from vaceprep.cli.main import run
from vaceprep.rules.job_fields import PLACEHOLDER

Capture = pytest.CaptureFixture[str]
ENDINGS = ("yaml", "yml", "toml", "json")
#: Fields that a starting file does not name: the model is always sent.
UNNAMED = {"model"}


def made(folder: Path, function: str, ending: str) -> Path:
    path = folder / f"{function}.vace.{ending}"
    assert run(["init", function, "-o", str(path)]) == 0
    return path


def parsed(text: str, ending: str) -> Values:
    import tomllib

    loaded: Any = tomllib.loads(text) if ending == "toml" else yaml.safe_load(text)
    assert isinstance(loaded, dict)
    return loaded


def errors(path: Path) -> list[vaceprep.Finding]:
    """Errors on the job's fields; its media and its prompt are the user's to bring."""
    own = vaceprep.check(path).files[0]
    return [f for f in own.findings if f.severity is Severity.ERROR and f.code != "VP404"]


@pytest.mark.parametrize("ending", ENDINGS)
@pytest.mark.parametrize("function", FUNCTIONS)
def test_what_is_written_breaks_no_rule_on_fields(
    function: str, ending: str, tmp_path: Path
) -> None:
    path = made(tmp_path, function, ending)
    own = vaceprep.check(path).files[0]
    # The prompt is the user's to write.
    assert [f.code for f in own.findings] == ["VP404"], [f.message for f in own.findings]
    path.write_text(path.read_text().replace(PLACEHOLDER, "A calm sea"))
    own = vaceprep.check(path).files[0]
    assert own.findings == (), [f.message for f in own.findings]
    assert Job.from_file(path).given()["function"] == function


@pytest.mark.parametrize("function", FUNCTIONS)
def test_the_placeholder_is_never_sent(function: str, tmp_path: Path) -> None:
    path = made(tmp_path, function, "yaml")
    for text in (path.read_text(), path.read_text().replace(PLACEHOLDER, f"  {PLACEHOLDER}.  ")):
        path.write_text(text)
        with pytest.raises(InvalidJob) as error:
            Job.from_file(path)
        assert [f.code for f in error.value.findings] == ["VP404"]


@pytest.mark.parametrize("ending", ["yaml", "toml"])
@pytest.mark.parametrize("function", FUNCTIONS)
def test_every_field_stands_there_set_or_in_a_comment(
    function: str, ending: str, tmp_path: Path
) -> None:
    text = made(tmp_path, function, ending).read_text()
    mark = ":" if ending == "yaml" else r"\s*="
    named = re.findall(rf"(?m)^(?:# )?([a-z_]+){mark}(?= )", text)
    assert sorted(named) == sorted({"function", *fields_of(function)} - UNNAMED)
    # Each with a line that says what it is.
    lines = text.splitlines()
    for name in set(named) - {"function"}:
        at = next(n for n, line in enumerate(lines) if re.match(rf"(# )?{name}{mark}", line))
        assert re.match(r"# .{10}", lines[at - 1]), name


@pytest.mark.parametrize("ending", ["yaml", "toml"])
@pytest.mark.parametrize("function", FUNCTIONS)
def test_each_commented_field_can_be_switched_on_as_it_stands(
    function: str, ending: str, tmp_path: Path
) -> None:
    path = made(tmp_path, function, ending)
    text = path.read_text()
    mark = ":" if ending == "yaml" else " ="
    commented = re.findall(rf"(?m)^# ([a-z_]+){mark} ", text)
    for name in commented:
        path.write_text(re.sub(rf"(?m)^# (?={name}{mark} )", "", text))
        assert name in parsed(path.read_text(), ending)
        wrong = errors(path)
        # A second mask or a guide needs a second change; nothing else does.
        needed = {("VP409", "mask_video_url"), ("VP402", "video_url")}
        assert all((f.code, name) in needed for f in wrong), [f.message for f in wrong]


@pytest.mark.parametrize("function", FUNCTIONS)
def test_a_default_in_a_comment_is_the_services_own(function: str, tmp_path: Path) -> None:
    text = made(tmp_path, function, "yaml").read_text()
    every = parsed(re.sub(r"(?m)^# (?=[a-z_]+: )", "", text), "yaml")
    defaults = {
        **{"duration": 5, "size": "1280*720", "strength": 1.0, "mask_type": "tracking"},
        **{"mask_frame_id": 1, "expand_ratio": 0.05, "expand_mode": "hull", "watermark": False},
        **{"top_scale": 1.0, "bottom_scale": 1.0},
    }
    for name in set(defaults) & set(fields_of(function)):
        assert every[name] == defaults[name], name
    rewrite = function == "image_reference"
    assert every["prompt_extend"] is rewrite
    assert spec_of("duration", function).kind == "five"


@pytest.mark.parametrize("function", FUNCTIONS)
def test_editors_find_no_fault_in_it(function: str, tmp_path: Path) -> None:
    validator = Draft202012Validator(vaceprep.schema())
    for ending in ("yaml", "toml"):
        values = parsed(made(tmp_path, function, ending).read_text(), ending)
        assert list(validator.iter_errors(values)) == []


def test_the_schema_for_editors_is_printed(capsys: Capture) -> None:
    assert run(["rules", "--schema"]) == 0
    printed = json.loads(capsys.readouterr().out)
    Draft202012Validator.check_schema(printed)
    assert printed == vaceprep.schema()


@pytest.mark.parametrize("ending", ENDINGS)
def test_an_existing_file_is_not_touched(ending: str, tmp_path: Path, capsys: Capture) -> None:
    path = tmp_path / f"mine.{ending}"
    path.write_text("mine")
    assert run(["init", "video_edit", "-o", str(path)]) == 1
    assert path.read_text() == "mine"
    assert "--force" in capsys.readouterr().err
    assert run(["init", "video_edit", "-o", str(path), "--force"]) == 0
    assert parsed(path.read_text(), ending)["function"] == "video_edit"


def test_where_nothing_can_be_written(tmp_path: Path, capsys: Capture) -> None:
    (tmp_path / "folder.yaml").mkdir()
    for name in ("no/such/folder/a.yaml", "folder.yaml", "x" * 300 + ".yaml"):
        assert run(["init", "video_edit", "-o", str(tmp_path / name), "--force"]) == 1
        printed = capsys.readouterr()
        assert printed.out == ""
        assert "cannot write" in printed.err
    assert stat.S_ISDIR((tmp_path / "folder.yaml").stat().st_mode)


def test_without_a_file_it_goes_to_standard_output(capsys: Capture) -> None:
    assert run(["init", "video_outpainting"]) == 0
    printed = capsys.readouterr()
    assert printed.err == ""
    assert parsed(printed.out, "yaml")["function"] == "video_outpainting"


@pytest.mark.parametrize("name", ["job.txt", "job", "job.jsonl", "job.mp4"])
def test_another_ending_is_wrong_usage(name: str, tmp_path: Path, capsys: Capture) -> None:
    assert run(["init", "video_edit", "-o", str(tmp_path / name)]) == 2
    assert ".yaml" in capsys.readouterr().err
    assert not (tmp_path / name).exists()


def test_a_function_there_is_not(capsys: Capture) -> None:
    assert run(["init", "video_edits"]) == 2
    told = capsys.readouterr().err
    assert all(function in told for function in FUNCTIONS)


def test_as_a_user_runs_it(tmp_path: Path, vaceprep_cli: Run) -> None:
    done = vaceprep_cli("init", "image_reference", "-o", "cat.vace.yaml")
    assert (done.returncode, done.stdout) == (0, "")
    assert "vaceprep check cat.vace.yaml" in done.stderr
    checked = vaceprep_cli("check", "cat.vace.yaml")
    # The prompt and the picture are the user's to bring, and that is all that is wrong.
    assert checked.returncode == 1
    assert "2 errors, 0 warnings" in checked.stdout
    assert "prompt-length (VP404)" in checked.stdout
    assert "/ref_images_url/0" in checked.stdout
    assert (tmp_path / "cat.vace.yaml").read_text().isascii()
