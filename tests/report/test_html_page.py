"""The report as a file: what is in it, what it never asks for, where it may be written."""

from __future__ import annotations

import base64
import hashlib
import json
import re
import subprocess
import sys
import time
from html.parser import HTMLParser
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from PIL import Image

import vaceprep
from tests.conftest import Run
from tests.media import encode
from tests.paths import ROOT
from vaceprep.checks.inputs import Item
from vaceprep.errors import Refused
from vaceprep.report.html import thumbnails as albums
from vaceprep.report.html.build import Found, page_of
from vaceprep.report.html.page import ready, write_report
from vaceprep.report.html.thumbnails import Thumbnails
from vaceprep.report.html.videos import ResultVideos
from vaceprep.report.html.view import Page
from vaceprep.runs.model import RunEntry

SIZE = (640, 480)


class Seen(HTMLParser):
    """Every tag with its attributes, and the text of the page."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.text += data

    def all(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.tags if name == tag]


@pytest.fixture(scope="session")
def media(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A clip that is too long, a picture, a mask of half the size, a text, and a job."""
    folder = tmp_path_factory.mktemp("media")
    quick = {"preset": "ultrafast", "g": "16"}
    encode(folder / "long.mp4", rate=16, frames=96, size=SIZE, options=quick)
    Image.new("RGB", SIZE, "teal").save(folder / "picture.png")
    mask = Image.new("L", (SIZE[0] // 2, SIZE[1] // 2))
    mask.paste(255, (0, 0, SIZE[0] // 4, SIZE[1] // 2))
    mask.save(folder / "mask.png")
    (folder / "broken.mp4").write_bytes(b"no film")
    job = {"function": "video_edit", "prompt": "<b>bold</b>", "prompt_extend": False}
    job |= {"size": "1088*832"}
    job |= {"video_url": "long.mp4", "mask_image_url": "mask.png", "mask_frame_id": 3}
    (folder / "edit.json").write_text(json.dumps(job))
    wide = {"function": "video_outpainting", "prompt": "wide", "prompt_extend": False}
    wide |= {"video_url": "long.mp4", "left_scale": 2.0, "right_scale": 1.5}
    (folder / "wide.json").write_text(json.dumps(wide))
    more = {"function": "video_extension", "prompt": "on", "prompt_extend": False}
    more |= {"first_clip_url": "long.mp4", "last_frame_url": "picture.png"}
    (folder / "more.json").write_text(json.dumps(more))
    return folder


def checked(*paths: Path) -> list[Found]:
    return [
        Found(Item(str(p), "job" if p.suffix == ".json" else "path"), vaceprep.check(p).files)
        for p in paths
    ]


def page(*paths: Path) -> Page:
    return page_of("check", checked(*paths), "report.html")


def written(tmp_path: Path, *paths: Path) -> Seen:
    target = tmp_path / "report.html"
    write_report(str(target), "check", checked(*paths))
    return Seen(target.read_text("utf-8"))


def test_the_page_asks_for_nothing_and_runs_its_own_script_alone(
    media: Path, tmp_path: Path
) -> None:
    seen = written(tmp_path, *sorted(media.iterdir()))
    text = (tmp_path / "report.html").read_text("utf-8")
    policy = next(m["content"] for m in seen.all("meta") if "http-equiv" in m) or ""
    assert policy.startswith("default-src 'none'; img-src data:; media-src data:;")
    for tag in ("style", "script"):
        (body,) = re.findall(f"<{tag}>(.*?)</{tag}>", text, re.S)
        digest = base64.b64encode(hashlib.sha256(body.encode()).digest()).decode()
        assert f"{tag}-src 'sha256-{digest}'" in policy
    for tag, attributes in seen.tags:
        # No style or handler of its own: the policy would refuse it.
        assert not [a for a in attributes if a == "style" or a.startswith("on")], tag
        for name in ("src", "href", "poster"):
            value = attributes.get(name) or "data:"
            assert value.startswith(("data:", "#")), (tag, value)
    assert "http://" not in text and "https://" not in text
    for image in seen.all("img"):
        assert (image["loading"], image["decoding"]) == ("lazy", "async")
        assert image["alt"] and image["width"] and image["height"]


def test_every_file_has_its_entry_with_a_picture_or_none(media: Path) -> None:
    made = page(media / "long.mp4", media / "picture.png", media / "broken.mp4")
    clip, picture, broken = (g.entries[0] for g in made.groups)
    assert [len(s.pictures) for s in clip.sides] == [5]
    assert [p.faint for p in clip.sides[0].pictures] == [False] * 4 + [True]
    assert clip.bar is not None and "the first 5 of 6 s used" in clip.bar.caption
    assert clip.grade == "error" and "video-duration:error" in clip.pairs
    assert [len(s.pictures) for s in picture.sides] == [1]
    assert picture.severities == "none" and picture.grade == "fine"
    assert broken.sides == () and broken.grade == "error"


def test_a_video_is_shown_the_right_way_up(tmp_path: Path) -> None:
    fixture = ROOT / "fixtures" / "video" / "rotated-90.mp4"
    made = page(fixture)
    shown = made.groups[0].entries[0].sides[0].pictures
    facts = vaceprep.probe(fixture)
    assert facts.height > facts.width
    assert shown and all(p.height > p.width for p in shown)


def test_a_job_shows_its_mask_on_its_frame(media: Path) -> None:
    (group,) = page(media / "edit.json").groups
    own = group.entries[0]
    assert group.job is not None and len(group.entries) == 3
    # The job's fields are fine, and its media are not.
    assert own.findings == () and own.grade == "error"
    assert own.drawn is not None
    assert own.drawn.pictures[0].caption == "50.0 % edited, shown on frame 3 of 96"
    assert "shown scaled" in own.drawn.note
    with Image.open(_data(own.drawn.pictures[0].uri)) as laid:
        tinted = laid.convert("RGB").getpixel((laid.width // 4, laid.height // 2))
        plain = laid.convert("RGB").getpixel((laid.width * 3 // 4, laid.height // 2))
    assert isinstance(tinted, tuple) and isinstance(plain, tuple)
    assert tinted[0] - tinted[1] > 60 and max(plain) - min(plain) < 12


def _data(uri: str) -> Any:
    from io import BytesIO

    return BytesIO(base64.b64decode(uri.partition(",")[2]))


def test_a_canvas_is_to_scale_and_a_timeline_has_its_parts(media: Path) -> None:
    wide, more = (g.entries[0].drawn for g in page(media / "wide.json", media / "more.json").groups)
    assert wide is not None and wide.canvas is not None and more is not None
    assert (wide.canvas.size, wide.canvas.corner) == ((1120, 480), (320, 0))
    assert "1120x480, which is the size of the result" in wide.canvas.caption
    assert [s.kind for s in more.bars[0].spans] == ["clip-first", "new"]
    assert [p.caption for p in more.pictures] == ["first clip", "last frame"]


def test_foreign_text_is_printable_and_escaped(media: Path, tmp_path: Path) -> None:
    name = "x'\"><img src=http:nn onerror=alert(1)>\u202egpj.mp4"
    path = tmp_path / name
    path.write_bytes((media / "long.mp4").read_bytes())
    raw = tmp_path.joinpath("report.html")
    write_report(str(raw), "check", checked(path, media / "edit.json"))
    text = raw.read_text("utf-8")
    seen = Seen(text)
    assert not [i for i in seen.all("img") if "onerror" in i]
    assert "\u202e" not in text and "\\u202e" in seen.text
    assert "<b>bold" not in text and "<b>bold</b>" in seen.text


def test_both_sides_of_what_was_prepared_and_how_alike_they_are(
    media: Path, tmp_path: Path
) -> None:
    source = media / "long.mp4"
    answer = vaceprep.prepare(str(source), str(tmp_path / "out.mp4"), start=0.5)
    made = page_of("prepare", [Found(Item(str(source), "path"), answer.files)], "r.html")
    entry = made.groups[0].entries[0]
    assert [s.title for s in entry.sides] == ["before", "after"]
    assert [len(s.pictures) for s in entry.sides] == [5, 5]
    assert entry.bar is not None and entry.bar.caption.startswith("0.5 s to 5.5 s of 6 s used")
    before, after = ([p.caption for p in s.pictures] for s in entry.sides)
    assert float(before[0].split()[0]) - float(after[0].split()[0]) == pytest.approx(0.5, abs=0.02)
    value = re.match(r"SSIM (\d\.\d{4}) on 5 frames at 480x360", entry.likeness)
    assert value is not None and float(value[1]) > 0.95
    assert any(r.label == "duration" and r.changed for r in entry.rows)


def test_a_result_is_carried_where_it_is_small_and_linked_where_not(
    media: Path, tmp_path: Path
) -> None:
    video = media / "long.mp4"
    ran = RunEntry("a.json", "video_edit", "downloaded", task="t", videos=(str(video),))
    report = str(tmp_path / "r.html")
    made = page_of("run", [Found(None, (ran,))], report)
    (film,) = made.groups[0].entries[0].films
    assert film.uri is not None and _data(film.uri).getvalue() == video.read_bytes()
    size = video.stat().st_size
    assert ResultVideos(report, Thumbnails(1), most=size).film(str(video)).uri is not None
    large = ResultVideos(report, Thumbnails(1), most=size - 1).film(str(video))
    assert large.uri is None and large.link.endswith("/long.mp4") and large.pictures
    gone = ResultVideos(report, Thumbnails(1)).film(str(tmp_path / "gone.mp4"))
    assert gone.uri is None and "no such file" in gone.note


def test_a_rehearsed_result_is_not_called_downloaded() -> None:
    """The page of a rehearsal names the stand-in, as the text does."""
    ran = RunEntry("a.json", "video_edit", "downloaded", task="t", rehearsed=True)
    made = page_of("run", [Found(None, (ran,))], "r.html")
    (entry,) = made.groups[0].entries
    assert (entry.status, entry.grade) == ("rehearsed", "fine")
    assert entry.about == "task t, made by the local stand-in, not by the model"
    assert [badge[:2] for badge in made.counts] == [(1, "rehearsed")]
    assert made.statuses == ("rehearsed",)


def test_pictures_are_bounded_in_bytes_and_time(media: Path) -> None:
    facts = vaceprep.probe(media / "picture.png")
    assert isinstance(facts, vaceprep.ImageFacts)
    shot = Thumbnails(1).still(str(media / "picture.png"), facts, (64, 48)).shots[0]
    large = Thumbnails(1)
    assert large.printed(shot.image, "a") is not None and large.dropped == 0
    none = Thumbnails(1, most_bytes=10)
    assert none.printed(shot.image, "a") is None and none.dropped == 1
    late = Thumbnails(1, seconds=-1)
    got = late.still(str(media / "picture.png"), facts, (64, 48))
    assert got.shots == () and albums.LATE in got.note and late.dropped == 1
    clip = vaceprep.probe(media / "long.mp4")
    assert isinstance(clip, vaceprep.VideoFacts)
    got = late.strip(str(media / "long.mp4"), clip, (), (64, 48))
    assert got.shots == () and albums.LATE in got.note


@pytest.mark.parametrize("after", [0, 1, 2, 4])
def test_reading_stops_a_decoder_whose_time_is_over(
    after: int,
    media: Path,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    """Whenever it is over, and without PyAV's tracebacks on standard error."""
    clip = vaceprep.probe(media / "long.mp4")
    assert isinstance(clip, vaceprep.VideoFacts)
    ticks = iter(range(10**9))
    # One tick of this clock for each look at it: the album's own three come first.
    monkeypatch.setattr(time, "monotonic", lambda: float(next(ticks)))
    monkeypatch.setattr(albums, "FILE_SECONDS", 1.5 + after)
    got = Thumbnails(1, seconds=10**9).strip(
        str(media / "long.mp4"), clip, albums.instants(clip, 5), (64, 48)
    )
    assert len(got.shots) < 5 and albums.LATE in got.note
    assert capfd.readouterr() == ("", "")


def test_reading_past_the_time_ends_the_file_and_raises_nothing() -> None:
    """PyAV prints an exception of ``read`` that the next one replaces."""
    ends = time.monotonic()
    file = SimpleNamespace(read=lambda size=-1: b"more")
    late, early = albums._Watch(file, ends - 1), albums._Watch(file, ends + 1000)
    assert file.read(4) == b"" and late.late and not early.late
    early.check()
    with pytest.raises(TimeoutError, match=albums.LATE):
        late.check()


def test_a_report_of_ours_is_written_over_and_nothing_else(media: Path, tmp_path: Path) -> None:
    target = tmp_path / "deep" / "report.html"
    write_report(str(target), "check", checked(media / "picture.png"))
    first = target.read_bytes()
    write_report(str(target), "check", checked(media / "long.mp4"))
    assert target.read_bytes() != first
    assert [p.name for p in target.parent.iterdir()] == ["report.html"]
    foreign = tmp_path / "mine.html"
    foreign.write_text("<!doctype html>\n<html>\n<p>vaceprep")
    with pytest.raises(Refused, match="is no report of vaceprep"):
        ready(str(foreign))
    ready(str(foreign), force=True)
    with pytest.raises(Refused, match="the source itself"):
        ready(str(media / "long.mp4"), [str(media / "long.mp4")], force=True)
    with pytest.raises(Refused, match="is a folder"):
        ready(str(tmp_path))
    with pytest.raises(Refused, match="name one"):
        ready("-")


def test_the_commands_write_it_beside_any_format(
    media: Path, tmp_path: Path, vaceprep_cli: Run
) -> None:
    state = {"VACEPREP_STATE_DIR": str(tmp_path / "state")}
    done = vaceprep_cli(
        "check", media / "long.mp4", "--format", "json", "--report", "a.html", env=state
    )
    assert done.returncode == 1 and json.loads(done.stdout)["summary"]["errors"] == 1
    assert "report: a.html" in done.stderr
    assert "vaceprep check: 1 file, 1 error" in (tmp_path / "a.html").read_text("utf-8")
    done = vaceprep_cli(
        "prepare", media / "edit.json", "-o", "out", "--report", "b.html", env=state
    )
    assert done.returncode == 0, done.stderr
    assert "1 unchanged, 2 prepared" in (tmp_path / "b.html").read_text("utf-8")
    done = vaceprep_cli("run", media / "edit.json", "--dry-run", "--report", "c.html", env=state)
    assert done.returncode == 0, done.stderr
    assert "1 planned" in (tmp_path / "c.html").read_text("utf-8")


def test_a_foreign_file_stops_the_command_before_any_work(
    media: Path, tmp_path: Path, vaceprep_cli: Run
) -> None:
    (tmp_path / "notes.html").write_text("mine")
    for command in (["check"], ["prepare", "-o", "out"]):
        done = vaceprep_cli(*command, media / "long.mp4", "--report", "notes.html")
        assert done.returncode == 2 and "no report of vaceprep" in done.stderr
        assert done.stdout == ""
    assert (tmp_path / "notes.html").read_text() == "mine" and not (tmp_path / "out").exists()


def test_templates_cost_nothing_without_a_report(media: Path) -> None:
    code = (
        "import sys; from vaceprep.cli.main import run; run(['check', sys.argv[1]]);"
        "print('jinja2' in sys.modules)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, media / "picture.png"],
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    assert done.stdout.splitlines()[-1] == "False"
