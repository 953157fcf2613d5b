"""Names from strangers: no command breaks on them, and none of them says where output goes."""

from __future__ import annotations

import json
import os
import re
import shutil
import unicodedata
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from PIL import Image, ImageCms

from tests.media import encode
from tests.odd import STEMS, Done, below, call, fit_for_disks
from vaceprep.publish.target import asset_of
from vaceprep.report.escape import github_data, github_property, printable

Call = Callable[..., Done]
JOB = {
    "function": "video_outpainting",
    "prompt": "More of it",
    "left_scale": 1.5,
    "prompt_extend": False,
}
odd_stems = pytest.mark.parametrize("stem", STEMS.values(), ids=STEMS)


@pytest.fixture(scope="session")
def small(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A video that passes as it is."""
    path = tmp_path_factory.mktemp("small") / "small.mp4"
    encode(path, rate=24, frames=12, size=(360, 360), container_options={"movflags": "+faststart"})
    return path


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """An empty current folder, below one in which nothing may appear."""
    inner = tmp_path / "around" / "here"
    inner.mkdir(parents=True)
    monkeypatch.chdir(inner)
    monkeypatch.setenv("VACEPREP_STATE_DIR", str(tmp_path / "state"))
    monkeypatch.setenv("MULEROUTER_API_KEY", "a-key")
    yield inner
    assert below(inner.parent) - {"here"} == {f"here/{name}" for name in below(inner)}


@pytest.fixture
def vp(capsys: pytest.CaptureFixture[str], here: Path) -> Call:
    """Run a command in this process."""
    return lambda *arguments: call(capsys, *arguments)


def job_about(video: str, path: Path) -> str:
    """Write a job that names a video."""
    path.write_text(json.dumps({**JOB, "video_url": video}))
    return str(path)


# --- reading -------------------------------------------------------------------------------


@odd_stems
@pytest.mark.parametrize("command", ["probe", "check"])
def test_looking(command: str, stem: str, vp: Call, small: Path) -> None:
    name = f"./{stem}.mp4"
    shutil.copy(small, name)
    assert vp(command, name).code == 0
    told = vp(command, "--format", "json", name)
    assert told.code == 0
    assert os.path.samefile(told.json["files"][0]["source"], small) is False
    assert told.json["files"][0]["source"] == name
    # By its own folder, and without the ./ behind a --.
    assert vp(command, "--format", "json", ".").json["files"][0]["source"] == name
    assert vp(command, "--", f"{stem}.mp4").code == 0


@pytest.mark.parametrize("command", ["probe", "check", "prepare"])
def test_a_name_that_no_disk_holds(command: str, vp: Call) -> None:
    names = [
        "x" * 256 + ".mp4",
        "x/" * 3000 + "x.mp4",
        "\udcff" * 300 + ".mp4",
        "./-",
        "a/\x1b.mp4",
    ]
    told = vp(command, "--format", "json", *names)
    assert told.code == 1
    assert [entry["source"] for entry in told.json["files"]] == names
    assert vp(command, *names).code == 1


@pytest.mark.parametrize("command", ["probe", "check", "prepare", "run", "request"])
@pytest.mark.parametrize("stem", ["-rf", "--x\x1b[31m\n", "--\u202e"])
def test_a_name_taken_for_an_option_is_wrong_usage(command: str, stem: str, vp: Call) -> None:
    done = vp(command, f"{stem}.mp4")
    assert done.code == 2
    assert "No such option" in done.err


def test_names_in_the_place_of_words(vp: Call, here: Path) -> None:
    odd = "\x1b[31m\u202e\n\udcff"
    Path(odd).touch()
    for arguments in (
        [odd],
        ["rules", odd],
        ["check", "--select", odd, "x.mp4"],
        ["check", "--role", odd, "x.mp4"],
        ["check", "-j", odd, "x.mp4"],
        ["init", odd],
        ["init", "video_edit", "-o", odd],
        ["frame", "x.mp4", "--at", odd, "-o", "x.png"],
        ["frame", "x.mp4", "--at", "1", "-o", odd],
        ["mask", "make", "--rect", odd, "-o", "x.png"],
        ["mask", "make", "--size-of", odd, "-o", odd],
        ["mask", odd],
        ["task", odd],
        ["task", "wait", odd],
        ["task", "forget", odd],
        ["task", "adopt", odd, odd],
        ["run", odd],
        ["run", "x.json", "--publish", odd],
        ["run", "x.json", "--site", odd],
        ["run", "x.json", "--api-key-file", odd],
        ["run", "x.json", "--sandbox", "--fault", odd],
        ["run", "x.json", "--dry-run", "--extra", odd],
        ["sandbox", "--key-file", odd],
        ["sandbox", "--fault", odd],
        ["prepare", "x.mp4", "--start", odd],
        ["prepare", "x.mp4", "--background", odd],
        ["prepare", "x.mp4", "y.mp4", "-o", f"{odd}.mp4"],
        ["request", "video_edit", f"--{odd}"],
    ):
        assert vp(*arguments).code == 2, arguments
    assert below(here) == {odd}


# --- writing -------------------------------------------------------------------------------


def test_prepare_names_what_every_system_takes(vp: Call, here: Path, small: Path) -> None:
    for stem in STEMS.values():
        shutil.copy(small, f"./{stem}.mp4")
    told = vp("prepare", "--format", "json", ".")
    assert told.code == 0
    assert {e["status"] for e in told.json["files"]} == {"unchanged"}
    assert {e["source"] for e in told.json["files"]} == {f"./{s}.mp4" for s in STEMS.values()}
    made = [os.path.basename(e["output"]) for e in told.json["files"]]
    assert sorted(made) == sorted(os.listdir("prepared"))
    fit_for_disks(made)
    assert "nul_.mp4" in made
    assert "Con_.final.mp4" in made
    # What is odd on no system stays as it was.
    assert {"-rf.mp4", "--help.mp4", os.fsdecode(b"latin-\xe9\xff.mp4"), "x" * 250 + ".mp4"} <= {
        *made
    }
    again = vp("prepare", "--format", "json", ".")
    assert all(e["reused"] for e in again.json["files"])
    assert vp("prepare", ".").code == 0


def test_names_alike_on_some_disks(vp: Call, here: Path, small: Path) -> None:
    alike = [
        "Stra\u00dfe",
        "STRASSE",
        *(unicodedata.normalize(f, "\u00e9") for f in ("NFC", "NFD")),
    ]
    alike += ["nul", "nul_", "a:b", "a_b", "a?b"]
    for stem in alike:
        (here / stem).mkdir(exist_ok=True)
        shutil.copy(small, f"{stem}.mp4")
        shutil.copy(small, f"{stem}/in.mp4")
    told = vp("prepare", "--format", "json", ".", "-o", "out")
    assert told.code == 0
    made = [e["output"] for e in told.json["files"]]
    # Folders that are alike on some disks become one there; what is in them stays apart.
    fit_for_disks([name.removeprefix("out/").replace("/", " in ") for name in made])
    assert len(made) == 2 * len(alike)


@odd_stems
def test_prepare_a_job(stem: str, vp: Call, here: Path, small: Path) -> None:
    shutil.copy(small, f"./{stem}.mp4")
    job_about(f"{stem}.mp4", Path(f"./{stem}.json"))
    told = vp("prepare", "--format", "json", f"./{stem}.json")
    if "\udcff" in stem:
        # JSON has no way to name it, which is a finding of the job's.
        assert told.code == 1
        return
    assert told.code == 0
    fit_for_disks([*os.listdir("prepared")])
    made = json.loads(Path(told.json["files"][0]["output"]).read_text())
    assert Path("prepared", made["video_url"]).read_bytes() == small.read_bytes()
    assert vp("check", told.json["files"][0]["output"]).code == 0
    assert vp("prepare", "--dry-run", f"./{stem}.json").code == 0


@odd_stems
def test_request(stem: str, vp: Call, here: Path) -> None:
    job = job_about(f"{stem}.mp4", here / f"{stem}.json")
    assert vp("request", job).code == 1
    done = vp("request", "--placeholder-urls", job)
    if "\udcff" in stem:
        assert done.code == 1
        return
    assert done.code == 0
    assert done.json["video_url"].isascii()
    assert done.json["video_url"].startswith("https://example.com/")
    assert ".." not in done.json["video_url"].removeprefix("https://example.com/").split("/")


@odd_stems
def test_files_that_the_user_names(stem: str, vp: Call, small: Path, here: Path) -> None:
    shutil.copy(small, f"./{stem}.mp4")
    Image.new("L", (360, 360), 255).save("white.png")
    out = f"./{stem}.png"
    for arguments in (
        ["mask", "make", "--size-of", f"./{stem}.mp4", "--rect", "0,0,9,9", "-o", out],
        ["mask", "fix", "white.png", "--size-of", f"./{stem}.mp4", "-o", out],
        ["mask", "preview", "white.png", f"./{stem}.mp4", "-o", out],
        ["frame", f"./{stem}.mp4", "--at", "first", "-o", out],
    ):
        assert vp(*arguments).code == 0, arguments
        os.unlink(out)
    assert vp("init", "video_edit", "-o", f"./{stem}.yaml").code == 0
    assert below(here) == {f"{stem}.mp4", "white.png", f"{stem}.yaml"}


# --- from a job or a manifest ----------------------------------------------------------------


def test_media_anywhere_and_outputs_here_alone(vp: Call, here: Path, small: Path) -> None:
    """A job may name any file that its user may read; what is made of it stays together."""
    (here / "jobs").mkdir()
    shutil.copy(small, "up.mp4")
    lines = [str(small), "../up.mp4", "../../here/./up.mp4", "../../../etc/passwd", "/etc/passwd"]
    manifest = here / "jobs" / "many.jsonl"
    manifest.write_text("".join(json.dumps({**JOB, "video_url": v}) + "\n" for v in lines))
    told = vp("prepare", "--format", "json", manifest, "-o", "out")
    assert told.code == 1
    made = {e["output"] for e in told.json["files"] if e["output"] is not None}
    assert made == {f"out/{name}" for name in os.listdir("out")}
    fit_for_disks(os.listdir("out"))
    assert below(here) == {"up.mp4", "jobs", "jobs/many.jsonl", "out", *made}
    assert vp("run", "--dry-run", manifest).code == 1
    assert vp("check", manifest).code == 1


@pytest.mark.parametrize("command", [["check"], ["prepare"], ["run", "--dry-run"], ["request"]])
@pytest.mark.parametrize("value", ["\0.mp4", "x" * 300_000, "../" * 5000 + "x.mp4", "\x1b[2J", "."])
def test_a_path_in_a_job_that_is_none(command: list[str], value: str, vp: Call, here: Path) -> None:
    job = job_about(value, here / "job.json")
    assert vp(*command, job).code == 1
    assert vp(*command, "--format", "json", job).code == 1
    assert below(here) <= {"job.json"}


@odd_stems
def test_a_published_key_has_nothing_of_the_name(stem: str, small: Path, here: Path) -> None:
    for name in (f"./{stem}.mp4", f"./{stem}", f"./x.{stem[-9:]}"):
        shutil.copy(small, name)
        asset = asset_of(name)
        assert asset.key == f"{asset.sha256[:32]}.mp4"
    Path(f"./x.{stem[-9:]}").write_bytes(b"no media")
    assert re.fullmatch(r"[0-9a-f]{32}(\.[a-z0-9]{1,8})?", asset_of(f"./x.{stem[-9:]}").key)


# --- metadata ------------------------------------------------------------------------------


@pytest.mark.parametrize("command", [["probe"], ["check", "--advice", "--deep"], ["prepare"]])
@pytest.mark.parametrize("four", [b"\x1b[2J", b"\n::e", b"\x9b31m", b"\x00\xff\r\x07"])
def test_codes_in_a_file_that_would_move_the_cursor(
    command: list[str], four: bytes, vp: Call, small: Path
) -> None:
    whole = small.read_bytes()
    Path("brand.mp4").write_bytes(whole[:8] + four + whole[12:])
    Path("codec.mp4").write_bytes(whole.replace(b"avc1", four))
    Path("handler.mp4").write_bytes(whole.replace(b"VideoHandler", four * 3))
    for name in ("brand.mp4", "codec.mp4", "handler.mp4"):
        code = vp(*command, name).code
        told = vp(*command, "--format", "json", name)
        assert (code, told.json["files"][0]["source"]) == (told.code, name)


@pytest.mark.parametrize("command", [["probe"], ["check", "--advice"], ["prepare"]])
def test_words_in_a_picture_that_would_move_the_cursor(
    command: list[str], vp: Call, here: Path
) -> None:
    odd = "\x1b[2J\u202e\n::error::"
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    text = "sRGB built-in".encode("utf-16-be")
    assert text in profile
    profile = profile.replace(text, odd.encode("utf-16-be")[: len(text)].ljust(len(text), b"\0"))
    exif = Image.Exif()
    exif.update({271: odd, 272: odd, 305: odd, 42033: odd})
    image = Image.new("RGB", (400, 400))
    image.save("words.jpg", icc_profile=profile, exif=exif)
    image.save("words.tiff", icc_profile=profile, description=odd.encode())
    for name in ("words.jpg", "words.tiff"):
        code = vp(*command, name).code
        assert code == vp(*command, "--format", "json", name).code


# --- links ---------------------------------------------------------------------------------


def test_an_output_s_name_that_is_a_link(vp: Call, here: Path, small: Path) -> None:
    outside = here / "precious.txt"
    outside.write_text("precious")
    (here / "out").mkdir()
    shutil.copy(small, "clip.mp4")
    for link, target in (("clip.mp4", "../precious.txt"), ("new.mp4", "../not-there")):
        (here / "out" / link).symlink_to(target)
        shutil.copy(small, link) if not os.path.exists(link) else None
        told = vp("prepare", "--format", "json", link, "-o", "out")
        assert (told.code, told.json["files"][0]["status"]) == (1, "failed")
        # Force takes the link's place, never the file's behind it.
        assert vp("prepare", "--force", link, "-o", "out").code == 0
        assert not (here / "out" / link).is_symlink()
    for arguments in (
        ["init", "video_edit", "-o", "link.yaml"],
        ["frame", "clip.mp4", "--at", "first", "-o", "link.png"],
        ["mask", "make", "--size", "64x64", "--rect", "0,0,9,9", "-o", "link.png"],
    ):
        Path(arguments[-1]).unlink(missing_ok=True)
        Path(arguments[-1]).symlink_to("precious.txt")
        assert vp(*arguments).code == 1
        assert vp(*arguments, "--force").code == 0
        assert not Path(arguments[-1]).is_symlink()
    assert outside.read_text() == "precious"
    assert not (here / "not-there").exists()


def test_a_folder_for_outputs_that_is_a_link(vp: Call, here: Path, small: Path) -> None:
    """``prepared`` and folders below ``-o`` may come with a stranger's archive."""
    (here / "elsewhere").mkdir()
    (here / "shoot" / "sub").mkdir(parents=True)
    shutil.copy(small, "shoot/sub/clip.mp4")
    job_about("sub/clip.mp4", here / "shoot" / "job.json")
    (here / "shoot" / "prepared").symlink_to("../elsewhere")
    for source in ("shoot", "shoot/job.json"):
        told = vp("prepare", "--format", "json", source)
        assert told.code == 1
        assert "is a link" in told.json["files"][0]["error"]
    (here / "out").mkdir()
    (here / "out" / "sub").symlink_to("../elsewhere")
    assert vp("prepare", "shoot", "-o", "out").code == 1
    assert below(here / "elsewhere") == set()
    # What the user names is the user's choice, and within the folder a link may lead anywhere.
    (here / "mine").symlink_to("elsewhere")
    assert vp("prepare", "shoot", "-o", "mine").code == 0
    (here / "shoot" / "real").mkdir()
    (here / "shoot" / "prepared").unlink()
    (here / "shoot" / "prepared").symlink_to("real")
    assert vp("prepare", "shoot").code == 0


# --- a job's way to the service ----------------------------------------------------------------


def test_results_of_oddly_named_jobs(vp: Call, here: Path, small: Path) -> None:
    """One rehearsal of them all: results, sidecars, the ledger, the names of published files."""
    kinds = ["escape", "not utf-8", "device with more", "backslashes", "long and wide"]
    for kind in kinds:
        path = here / f"{STEMS[kind]}.json"
        path.write_text(json.dumps({**JOB, "prompt": kind, "video_url": str(small)}))
    jobs = [f"./{STEMS[kind]}.json" for kind in kinds]
    told = vp("run", "--sandbox", "--format", "json", "-o", "out", *jobs)
    assert told.code == 0, told.err
    entries: list[dict[str, Any]] = told.json["jobs"]
    assert [e["source"] for e in entries] == jobs
    made = {video for e in entries for video in e["videos"]}
    assert len(made) == len(kinds)
    fit_for_disks(os.listdir("out"))
    assert {str(Path(v).with_suffix(".json")) for v in made} | made == {
        f"out/{name}" for name in os.listdir("out")
    }
    for entry in entries:
        kept = json.loads(Path(entry["videos"][0]).with_suffix(".json").read_text())
        assert kept["source"] == entry["source"]
    rows = vp("task", "list", "--sandbox", "--format", "json").json["tasks"]
    assert {row["source"] for row in rows} == {*jobs}
    assert vp("task", "list", "--sandbox").code == 0


# --- what is printed -----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("plain", "plain"),
        ("é 画 \U0001f600", "é 画 \U0001f600"),
        ("a\nb\r\t\x1b[0m", "a\\x0ab\\x0d\\x09\\x1b[0m"),
        ("\x7f\x85\x9b", "\\x7f\\x85\\x9b"),
        ("\u202e\u2066\u200b\u2028\ufeff", "\\u202e\\u2066\\u200b\\u2028\\ufeff"),
        ("\udcff\ud800", "\\xff\\ud800"),
        ("\U000e0041\uffff", "\\U000e0041\\uffff"),
    ],
)
def test_printable(text: str, said: str) -> None:
    assert printable(text) == said
    assert printable(said) == said


@pytest.mark.parametrize("letter", ["x", "\x1b", "\U000e0041"])
@pytest.mark.parametrize("limit", [8, 400, 4000])
def test_printable_is_bounded(letter: str, limit: int) -> None:
    for count in (limit - 1, limit, limit + 1, 2 * limit + 1, 2_000_000):
        said = printable("<" + letter * count + ">", limit)
        assert len(said) <= limit
        assert (said[0], said[-1]) == ("<", ">")


def test_what_github_takes_for_a_command() -> None:
    assert github_data("100 %\n::error::x\r") == "100 %25\\x0a::error::x\\x0d"
    assert github_property("a:b,c%\n.mp4") == "a%3Ab%2Cc%25\\x0a.mp4"
    assert len(github_data("\x1b" * 2_000_000)) <= 4000
