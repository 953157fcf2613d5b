"""Configurations as people meet them: check, prepare, run, request, probe and config."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from PIL import Image

import vaceprep
from tests.media import encode
from tests.paths import ROOT
from vaceprep.cli.main import run

FIXTURES = ROOT / "fixtures"
JOB = {
    "function": "video_outpainting",
    "prompt": "More of it",
    "video_url": "clip.mp4",
    "left_scale": 1.5,
    "prompt_extend": False,
}


class Said(NamedTuple):
    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


Cli = Callable[..., Said]


@pytest.fixture(scope="session")
def six(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Six seconds at 16 frames a second, which the contract does not take."""
    path = tmp_path_factory.mktemp("six") / "six.mp4"
    encode(path, rate=16, frames=96, size=(360, 360), container_options={"movflags": "+faststart"})
    return path


@pytest.fixture
def cli(tmp_path: Path, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Cli:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("VACEPREP_STATE_DIR", str(tmp_path / ".state"))

    def call(*arguments: str | Path) -> Said:
        capfd.readouterr()
        code = run([str(a) for a in arguments])
        said = capfd.readouterr()
        assert "Traceback" not in said.err
        return Said(code, said.out, said.err)

    return call


@pytest.fixture
def here(tmp_path: Path, six: Path) -> Path:
    """A folder with a clip of six seconds, a mask, and a configuration."""
    shutil.copy(six, tmp_path / "clip.mp4")
    (tmp_path / "masks").mkdir()
    shutil.copy(FIXTURES / "mask" / "grey.png", tmp_path / "masks" / "a.png")
    write(tmp_path, LIMITED)
    return tmp_path


LIMITED = """
[roles]
"masks/**" = "mask_image_url"
[limits]
video-seconds = 6
"""
TOLD = "config  vaceprep.toml: video-seconds is 6 instead of 5\n"


def write(folder: Path, text: str, name: str = "vaceprep.toml") -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / name
    path.write_text(text)
    return path


def codes(said: Said) -> dict[str, set[str]]:
    return {
        Path(f["source"]).name: {found["code"] for found in f["findings"]}
        for f in said.json["files"]
    }


def test_check_holds_files_to_the_limits_and_says_so(here: Path, cli: Cli) -> None:
    done = cli("check", "clip.mp4")
    assert done.code == 0
    assert TOLD in done.out
    assert done.out.splitlines()[-1].startswith("1 file checked: 0 errors")
    done = cli("check", "clip.mp4", "--format", "json")
    assert done.json["config"] == [
        {
            "path": "vaceprep.toml",
            "limits": {"video-seconds": {"value": 6, "default": 5}},
            "severity": {},
            "select": None,
            "ignore": [],
            "strict": False,
        }
    ]
    assert codes(done) == {"clip.mp4": {"VP604"}}


def test_without_a_configuration_nothing_is_said_of_it(here: Path, cli: Cli) -> None:
    done = cli("check", "clip.mp4", "--no-config")
    assert (done.code, "config" in done.out) == (1, False)
    done = cli("check", "clip.mp4", "--no-config", "--format", "json")
    assert set(done.json) == {"version", "summary", "files"}
    assert codes(done) == {"clip.mp4": {"VP104", "VP604"}}


def test_the_role_comes_from_the_globs_unless_it_is_named(here: Path, cli: Cli) -> None:
    assert codes(cli("check", "masks", "--format", "json"))["a.png"] == {"VP302"}
    done = cli("check", "masks", "--format", "json", "--role", "ref_images_url")
    assert done.json["files"][0]["role"] == "ref_images_url"
    assert codes(done)["a.png"] == set()
    facts = cli("probe", "masks/a.png", "--format", "json")
    assert facts.code == 0
    done = cli("config", "masks/a.png", "--format", "json")
    assert done.json["role"] == "mask_image_url"


def test_each_file_has_the_nearest_configuration(here: Path, six: Path, cli: Cli) -> None:
    write(here / "sub", "")
    shutil.copy(six, here / "sub" / "nested.mp4")
    done = cli("check", ".", "--format", "json")
    found = codes(done)
    assert (found["clip.mp4"], found["nested.mp4"]) == ({"VP604"}, {"VP104", "VP604"})
    assert [c["path"] for c in done.json["config"]] == ["vaceprep.toml", "sub/vaceprep.toml"]
    named = write(here / "other", "[limits]\nvideo-seconds = 7", "mine.toml")
    found = codes(cli("check", ".", "--format", "json", "--config", named))
    assert (found["clip.mp4"], found["nested.mp4"]) == ({"VP604"}, {"VP604"})


def test_the_command_line_wins(here: Path, cli: Cli) -> None:
    write(here, 'select = ["VP104"]\nignore = ["VP104"]\nstrict = true')
    shutil.copy(FIXTURES / "video" / "hevc.mp4", here / "hevc.mp4")
    assert codes(cli("check", "clip.mp4", "--format", "json")) == {"clip.mp4": set()}
    done = cli("check", "clip.mp4", "--ignore", "VP2", "--format", "json")
    assert codes(done) == {"clip.mp4": {"VP104"}}
    assert (done.json["config"][0]["ignore"], done.json["config"][0]["select"]) == ([], ["VP104"])
    done = cli("check", "hevc.mp4", "--select", "VP111", "--format", "json")
    assert (done.code, codes(done)) == (1, {"hevc.mp4": {"VP111"}})
    done = cli("check", "hevc.mp4", "--select", "VP111", "--no-strict", "--format", "json")
    assert (done.code, codes(done)) == (0, {"hevc.mp4": {"VP111"}})
    assert done.json["config"][0]["strict"] is False


def test_hosts(here: Path, cli: Cli) -> None:
    write(here, 'allow-hosts = ["media.lan"]')
    assert cli("check", "--no-remote", "http://media.lan/a.mp4").code == 0
    assert cli("check", "--no-remote", "http://other.lan/a.mp4").code == 1
    assert (
        cli("check", "--no-remote", "http://media.lan/a.mp4", "--allow-host", "other.lan").code == 1
    )


def test_a_lowered_error_is_told_with_the_finding_and_at_the_end(here: Path, cli: Cli) -> None:
    write(here, '[severity]\nvideo-duration = "warning"')
    done = cli("check", "clip.mp4")
    assert done.code == 0
    assert "(an error, which vaceprep.toml calls warning)" in done.out
    assert "config  vaceprep.toml: video-duration counts as warning\n" in done.out


@pytest.mark.parametrize(
    "command", [["check"], ["probe"], ["prepare"], ["prepare", "--dry-run"], ["config"]]
)
def test_a_configuration_that_cannot_be_meant_is_exit_2(
    command: list[str], here: Path, cli: Cli
) -> None:
    write(here, "strikt = true")
    done = cli(*command, "clip.mp4")
    assert (done.code, done.out) == (2, "")
    assert "vaceprep.toml: has no key strikt; did you mean strict?" in done.err
    assert "--no-config" in done.err
    assert not (here / "prepared").exists()
    done = cli(*command, "clip.mp4", "--config", "nothing.toml")
    assert (done.code, done.out) == (2, "")
    assert "nothing.toml: it cannot be read" in done.err
    done = cli(*command, "clip.mp4", "--config", "a.toml", "--no-config")
    assert done.code == 2


def test_what_a_file_says_is_made_printable(here: Path, cli: Cli) -> None:
    write(here, '"\\u001b[31mred" = 1')
    done = cli("check", "clip.mp4")
    assert done.code == 2
    assert "\x1b" not in done.err


def test_a_job_and_its_media(here: Path, cli: Cli) -> None:
    job = write(here, json.dumps({**JOB, "prompt": "x" * 900}), "a.vace.json")
    assert cli("check", job).code == 1
    write(here, "[limits]\nvideo-seconds = 6\nprompt-characters = 900")
    assert cli("check", job).code == 0
    # The job's own configuration counts, not that of the folder its media lie in.
    write(here / "jobs", json.dumps({**JOB, "video_url": "../clip.mp4"}), "b.vace.json")
    write(here / "jobs", "")
    assert cli("check", "jobs/b.vace.json").code == 1
    done = cli("request", job, "--placeholder-urls")
    assert (done.code, len(done.json["prompt"])) == (0, 900)
    assert "prompt-characters is 900 instead of 800" in done.err
    assert cli("request", job, "--placeholder-urls", "--no-config").code == 1


def test_prepare_keeps_what_the_limits_allow(here: Path, cli: Cli) -> None:
    write(here, 'output = "ready"\n' + LIMITED)
    done = cli("prepare", "clip.mp4", "masks/a.png")
    assert done.code == 0, done
    assert TOLD in done.out
    assert (here / "ready" / "clip.mp4").read_bytes() == (here / "clip.mp4").read_bytes()
    assert vaceprep.check(here / "ready" / "a.png", "mask_image_url").ok
    done = cli("prepare", "clip.mp4", "-o", "mine", "--no-config", "--format", "json")
    assert set(done.json) == {"version", "files"}
    (entry,) = done.json["files"]
    assert entry["status"] == "prepared"
    assert entry["after"]["duration"] <= 5


def test_prepare_mends_to_the_limits(here: Path, cli: Cli) -> None:
    write(here, "[limits]\nvideo-seconds = 2.5\nvideo-fps = 24\nimage-side-max = 1000")
    Image.new("RGB", (1500, 900)).save(here / "wide.png")
    done = cli("prepare", "clip.mp4", "wide.png", "-o", "ready", "--format", "json")
    assert done.code == 0, done
    video, image = done.json["files"]
    assert (video["after"]["duration"], video["after"]["fps"]) == (2.5, 32.0)
    assert (image["after"]["width"], image["after"]["height"]) == (1000, 600)
    assert [c["path"] for c in done.json["config"]] == ["vaceprep.toml"]
    again = cli("prepare", "clip.mp4", "-o", "ready", "--format", "json")
    assert again.json["files"][0]["reused"]
    # Under other limits it is another piece of work.
    write(here, "[limits]\nvideo-seconds = 2")
    other = cli("prepare", "clip.mp4", "-o", "ready", "--format", "json")
    assert other.json["files"][0]["status"] == "failed"


def test_prepare_asks_where_outputs_go_where_configurations_differ(here: Path, cli: Cli) -> None:
    write(here, 'output = "ready"')
    for name in ("a", "b"):
        (here / name).mkdir()
        shutil.copy(here / "clip.mp4", here / name / "clip.mp4")
    # It merely lies above its source, so its output does not count: neither does that above it.
    write(here / "a", 'output = "a-out"')
    done = cli("prepare", "a", "b", "--dry-run")
    assert done.code == 2
    assert "a and b are under different configurations" in done.err
    assert cli("prepare", "a", "b", "--dry-run", "-o", "out").code == 0


def test_run_plans_under_the_limits(here: Path, cli: Cli) -> None:
    write(here, json.dumps(JOB), "a.vace.json")
    done = cli("run", "a.vace.json", "--dry-run", "--format", "json")
    assert done.code == 0
    (job,) = done.json["jobs"]
    assert [p["status"] for p in job["prepared"]] == ["planned", "planned"]
    assert job["prepared"][1]["plan"] == []
    assert done.json["config"][0]["limits"] == {"video-seconds": {"value": 6, "default": 5}}
    assert TOLD in cli("run", "a.vace.json", "--dry-run").out
    done = cli("run", "a.vace.json", "--dry-run", "--format", "json", "--no-config")
    assert done.json["jobs"][0]["prepared"][1]["plan"][0]["edit"] == "cut"
    assert set(done.json) == {"version", "cost", "jobs"}


def test_jobs_of_one_run_have_one_configuration(here: Path, cli: Cli) -> None:
    write(here, json.dumps(JOB), "a.vace.json")
    write(here / "sub", json.dumps({**JOB, "video_url": "../clip.mp4"}), "b.vace.json")
    write(here / "sub", "[limits]\nvideo-seconds = 7")
    done = cli("run", "a.vace.json", "sub/b.vace.json", "--dry-run")
    assert (done.code, done.out) == (2, "")
    assert "a.vace.json and sub/b.vace.json are under different configurations" in done.err
    done = cli("run", "a.vace.json", "sub/b.vace.json", "--dry-run", "--config", "vaceprep.toml")
    assert done.code == 0


def test_run_walks_under_the_limits_to_the_folder_that_is_settled(here: Path, cli: Cli) -> None:
    write(here, 'output = "videos"\n[limits]\nvideo-seconds = 6\nprompt-characters = 1000')
    write(here, json.dumps({**JOB, "prompt": "x" * 900}), "a.vace.json")
    done = cli("run", "a.vace.json", "--sandbox", "--format", "json")
    assert done.code == 0, done
    (video,) = done.json["jobs"][0]["videos"]
    assert Path(video).parent == here / "videos"
    assert vaceprep.probe(video).to_dict()["duration"] == 6.0


def test_run_publishes_where_the_configuration_says(here: Path, cli: Cli) -> None:
    write(here, json.dumps(JOB), "a.vace.json")
    key = write(here, "tok-not-used", "key")
    asked = ("run", "a.vace.json", "--api-key-file", key)
    done = cli(*asked)
    assert (done.code, "give --publish TARGET" in done.err) == (2, True)
    write(here, 'publish = "web"\npublic-base = "https://media.example.com/m"\n' + LIMITED)
    (here / "web").mkdir()
    # Nobody can be asked here, so nothing is sent; by then the place to publish is settled.
    done = cli(*asked)
    assert (done.code, "there is no terminal to ask on" in done.err) == (2, True)
    assert f"publishing to {here / 'web'}, as vaceprep.toml says" in done.err
    (here / "mine").mkdir()
    done = cli(*asked, "--publish", "mine")
    assert "as vaceprep.toml says" not in done.err
    assert list((here / "web").iterdir()) == []


def test_config_shows_each_value_and_where_it_came_from(here: Path, cli: Cli) -> None:
    write(here, 'ignore = ["video-fps"]\n[severity]\nvideo-codec = "error"\n' + LIMITED)
    done = cli("config")
    assert done.code == 0
    lines = [line.split() for line in done.out.splitlines()]
    assert ["ignore", "video-fps", "vaceprep.toml"] in lines
    assert ["severity.video-codec", "error", "vaceprep.toml"] in lines
    assert ["limits.video-seconds", "6", "vaceprep.toml,", "default", "5"] in lines
    assert ["limits.clip-seconds", "3", "default"] in lines
    assert ["strict", "false", "default"] in lines
    values = cli("config", "clip.mp4", "--format", "json").json["values"]
    assert values["limits"]["video-seconds"] == {
        **{"value": 6, "origin": "vaceprep.toml", "default": 5},
    }
    assert values["roles"] == {"masks/**": {"value": "mask_image_url", "origin": "vaceprep.toml"}}
    assert values["select"] == {"value": None, "origin": "default"}
    bare = cli("config", "--no-config")
    assert bare.out.startswith("no configuration")
    assert "vaceprep.toml\n" not in bare.out
    assert cli("config", "nowhere").code == 2


def test_the_library_takes_a_configuration_where_one_is_named(here: Path, cli: Cli) -> None:
    clip = here / "clip.mp4"
    assert not vaceprep.check(clip).ok
    report = vaceprep.check([clip, here / "masks" / "a.png"], config=here / "vaceprep.toml")
    assert [f.ok for f in report.files] == [True, False]
    assert report.to_dict()["config"][0]["path"].endswith("vaceprep.toml")
    config = vaceprep.find_config(here)
    assert config is not None
    assert vaceprep.check(clip, config=config).ok
    assert not vaceprep.check(clip, "last_clip_url", config=config).ok
    job = vaceprep.VideoOutpainting(prompt="a", video_url=str(clip), left_scale=1.5)
    assert not vaceprep.check(job).ok
    assert vaceprep.check(job, config=config).ok
    planned = vaceprep.plan(clip, config=config)
    assert planned.files[0].plan == ()
    assert planned.to_dict()["config"][0]["limits"]["video-seconds"]["value"] == 6
    assert vaceprep.plan(clip).files[0].plan != ()
    write(here, 'select = ["VP2"]\nstrict = true')
    hevc = FIXTURES / "video" / "hevc.mp4"
    assert vaceprep.check(hevc, config=here / "vaceprep.toml").ok
    assert not vaceprep.check(hevc, select=["VP1"], config=here / "vaceprep.toml").ok
    assert vaceprep.check(hevc, select=["VP1"], strict=False, config=here / "vaceprep.toml").ok
