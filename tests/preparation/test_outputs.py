"""Names of outputs: where they go, never two alike, and no walk takes up what was made before."""

from __future__ import annotations

import os
import time
import unicodedata
from itertools import product
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.media import small_mp4
from vaceprep.checks.inputs import Item, Skipped, collect, kind_of
from vaceprep.errors import Refused
from vaceprep.preparation.outputs import Output, Outputs, fitting, parse_output, skipped_paths


def names(output: str | None, *given: str | Item, ending: str | None = ".mp4") -> list[str]:
    outputs = Outputs(parse_output(output))
    items = [item if isinstance(item, Item) else Item(item, kind_of(item)) for item in given]
    return [outputs.target(item, ending) for item in items]


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.parametrize(
    ("text", "output"),
    [
        (None, Output("beside")),
        ("out", Output("folder", "out")),
        ("out.d", Output("folder", "out.d")),
        ("clip.mp4", Output("file", "clip.mp4")),
        ("out/A.JPeG", Output("file", "out/A.JPeG")),
        ("job.yml", Output("file", "job.yml")),
        ("there.mp4", Output("folder", "there.mp4")),
        ("new.mp4/", Output("folder", "new.mp4/")),
        (".mp4", Output("folder", ".mp4")),
    ],
)
def test_a_file_or_a_folder(text: str | None, output: Output, here: Path) -> None:
    (here / "there.mp4").mkdir()
    assert parse_output(text) == output


@pytest.mark.parametrize("ending", "mp4 png jpg jpeg webp bmp tif tiff json yaml yml toml".split())
def test_every_ending_that_is_written_names_a_file(ending: str, here: Path) -> None:
    assert parse_output(f"x.{ending}").kind == "file"
    assert parse_output(f"x.{ending.upper()}").kind == "file"


@pytest.mark.parametrize("text", ["", "-", "clip.mov", "a.GIF", "b.heic"])
def test_what_cannot_be_meant(text: str, here: Path) -> None:
    with pytest.raises(ValueError, match=r"outputs are files|nothing that prepare writes"):
        parse_output(text)


def test_beside_the_source(here: Path) -> None:
    assert names(None, "clip.mov", "a/clip.mov", "/b/clip.mov") == [
        "prepared/clip.mp4",
        "a/prepared/clip.mp4",
        "/b/prepared/clip.mp4",
    ]


def test_what_is_no_file_goes_into_the_current_folder(here: Path) -> None:
    assert names(None, "-", "data:image/png;base64,AA", ending=".png") == [
        "prepared/stdin.png",
        "prepared/data.png",
    ]
    urls = ("https://a.b/c/clip.mov?x=/y.z#f", "https://a.b", "https://a.b/..", "s3://b/..\\x.mov")
    assert names("out", *urls) == [
        "out/clip.mp4",
        "out/source.mp4",
        "out/source-2.mp4",
        "out/.._x.mp4",
    ]


def test_a_walked_folder_keeps_its_tree(here: Path) -> None:
    for name in ("shoot/b.mov", "shoot/a/b.mov", "shoot/a/c/B.MOV"):
        (here / name).parent.mkdir(parents=True, exist_ok=True)
        (here / name).write_bytes(small_mp4())
    for given_as in (
        "shoot",
        "shoot/",
        "./shoot",
        "shoot//",
        "shoot/../shoot",
        str(here / "shoot"),
    ):
        items = list(collect([given_as], Skipped()))
        assert {item.root for item in items} == {given_as}
        assert names("out", *items) == ["out/b.mp4", "out/a/b.mp4", "out/a/c/B.mp4"]
        beside = [os.path.join(given_as, "prepared", n) for n in ("b.mp4", "a/b.mp4", "a/c/B.mp4")]
        assert names(None, *items) == beside
    os.chdir("shoot")
    assert names(None, *collect(["."], Skipped()))[2] == "./prepared/a/c/B.mp4"


def test_two_sources_for_one_name(here: Path) -> None:
    assert names("out", "a/x.mov", "b/x.mkv", "c/X.avi", "x-2.mov", "d/x.mov") == [
        "out/x.mp4",
        "out/x-2.mp4",
        "out/X-3.mp4",
        "out/x-2-2.mp4",
        "out/x-4.mp4",
    ]
    accents = [f"{unicodedata.normalize(form, 'é')}.mov" for form in ("NFC", "NFD")]
    assert names("out", *accents)[1].endswith("-2.mp4")
    assert names(None, "s/x.mov", "./s/../s/x.mkv", str(here / "s/x.avi")) == [
        "s/prepared/x.mp4",
        "./s/../s/prepared/x-2.mp4",
        f"{here}/s/prepared/x-3.mp4",
    ]


def test_many_sources_for_one_name_take_no_longer(here: Path) -> None:
    given = [f"{n}/x.mov" for n in range(5000)]
    start = time.monotonic()
    assert names("out", *given)[-1] == "out/x-5000.mp4"
    # 0.2 s; a minute where every name is tried from the start.
    assert time.monotonic() - start < 10


def test_a_file_and_a_folder_for_one_name(here: Path) -> None:
    walked = ["s/x.mov", "s/x.mp4/y.mov", "s/X.MP4/z.mov"]
    items = [Item(source, "path", root="s") for source in walked]
    assert names("out", *items) == ["out/x.mp4", "out/x.mp4-2/y.mp4", "out/X.MP4-2/z.mp4"]
    assert names("out", *items[1:], items[0])[2] == "out/x-2.mp4"


@pytest.mark.parametrize(
    ("source", "ending", "name"),
    [
        ("CLIP.MP4", None, "CLIP.MP4"),
        ("CLIP.MP4", ".mp4", "CLIP.MP4"),
        ("CLIP.MOV", ".mp4", "CLIP.mp4"),
        (".hidden.mov", ".mp4", ".hidden.mp4"),
        (".mp4", ".mp4", ".mp4.mp4"),
        ("noending", ".mp4", "noending.mp4"),
        ("noending", None, "noending"),
        ("a.b.c.mov", ".mp4", "a.b.c.mp4"),
        ("photo.jpeg", ".jpg", "photo.jpg"),
        ("x.not really an ending, is it", ".mp4", "x.not really an ending, is it.mp4"),
        ("\udcff\udcfe.mov", ".mp4", "\udcff\udcfe.mp4"),
        ("\ud800.mov", ".mp4", "\ud800.mp4"),
    ],
)
def test_stems_and_endings(source: str, ending: str | None, name: str, here: Path) -> None:
    assert names("out", source, ending=ending) == [f"out/{name}"]


@pytest.mark.parametrize("letter", ["a", "é", "\U0001f600", "\udcff"])
def test_names_that_are_too_long_for_a_disk(letter: str, here: Path) -> None:
    stem = letter * ((255 - 4) // len(os.fsencode(letter)))
    first, second, unchanged = names("out", f"a/{stem}.qt", f"b/{stem}.qt", f"{stem}xx.qt")
    for name in (first, second, unchanged):
        os.makedirs("out", exist_ok=True)
        Path(name).touch()
        assert 250 < len(os.fsencode(os.path.basename(name))) <= 255
    assert second.endswith("-2.mp4")


def test_a_file_is_for_one_source(here: Path) -> None:
    assert names("x.mp4", "a.mov") == ["x.mp4"]
    with pytest.raises(ValueError, match=r"x\.mp4 is one file, but .* name a folder"):
        names("x.mp4", "a.mov", "b.mov")
    one, two = Item("a.mov", "path"), Item("b.mov", "path")
    file, folder = parse_output("x.mp4"), parse_output("x")
    with pytest.raises(ValueError, match="one file"):
        fitting(file, [one, two])
    assert fitting(file, [one]) == [one]
    assert fitting(file, []) == []
    assert fitting(folder, [one, two]) == [one, two]


@pytest.mark.parametrize(
    ("target", "source", "ending", "fits"),
    [
        ("x.JPEG", "a.png", ".jpg", True),
        ("x.png", "a.apng", None, True),
        ("x.mp4", "a.m4v", None, True),
        ("x.mp4", "noending", None, True),
        ("x.yaml", "a.yml", None, True),
        ("x.png", "a.jpg", ".jpg", False),
        ("x.png", "a.mov", ".mp4", False),
        ("x.json", "a.yml", None, False),
    ],
)
def test_a_file_has_the_ending_of_what_is_made(
    target: str, source: str, ending: str | None, fits: bool, here: Path
) -> None:
    if fits:
        assert names(target, source, ending=ending) == [target]
    else:
        with pytest.raises(Refused, match=f"{target} is no name for what is made"):
            names(target, source, ending=ending)


def test_a_job_s_media_go_beside_it(here: Path) -> None:
    outputs = Outputs(parse_output(None))
    job = outputs.target(Item("j/job.yaml", "job"), None)
    assert job == "j/prepared/job.yaml"
    media = [Item(source, "path") for source in ("m/a.mov", "/x/A.avi")]
    assert [outputs.beside(job, item, ".mp4") for item in media] == [
        "j/prepared/a.mp4",
        "j/prepared/A-2.mp4",
    ]
    outputs = Outputs(parse_output("new.json"))
    job = outputs.target(Item("j/job.json", "job"), None)
    odd = Item("m/new.png", "path")
    assert outputs.beside(job, odd, ".json") == "new-2.json"


def test_a_manifest_s_line(here: Path) -> None:
    items = [Item(f"m/jobs.jsonl:{n}", "job", {}, "m/jobs.jsonl") for n in (1, 2)]
    assert names(None, *items, ending=".json") == [
        "m/prepared/jobs-1.json",
        "m/prepared/jobs-2.json",
    ]


def walked(source: Path | str, output: str | None) -> tuple[list[str], str | None]:
    skipped = Skipped()
    skip = skipped_paths(parse_output(output), [str(source)])
    found = [item.source for item in collect([str(source)], skipped, skip)]
    return [os.path.relpath(path, source) for path in found], skipped.sentence()


@pytest.mark.parametrize("output", [None, "shoot/out", "shoot/a/deep", "shoot/one.mp4", "aside"])
def test_a_second_walk_finds_the_sources_alone(output: str | None, here: Path) -> None:
    for name in ("b.mov", "a/c.mov", "a/prepared/d.mov"):
        (here / "shoot" / name).parent.mkdir(parents=True, exist_ok=True)
        (here / "shoot" / name).write_bytes(small_mp4())
    sources = ["b.mov", "a/c.mov", "a/prepared/d.mov"]
    assert walked("shoot", output) == (sources, None)
    parsed = parse_output(output)
    items = list(collect(["shoot"], Skipped()))
    for target in names(output, *(items[:1] if parsed.kind == "file" else items)):
        os.makedirs(os.path.dirname(target), exist_ok=True)
        Path(target).write_bytes(small_mp4())
    for spelt in ("shoot", "shoot/", here / "shoot", "shoot/a/.."):
        assert walked(spelt, output) == (sources, None)


def test_what_was_made_without_a_folder_is_no_source_with_one(here: Path) -> None:
    (here / "shoot/prepared").mkdir(parents=True)
    (here / "shoot/prepared/a.mp4").write_bytes(small_mp4())
    assert walked("shoot", "out") == ([], None)
    # What is named itself is taken.
    assert walked("shoot/prepared", "out") == (["a.mp4"], None)


def test_outputs_behind_a_link_are_outputs(here: Path) -> None:
    (here / "shoot").mkdir()
    (here / "big").mkdir()
    (here / "shoot/prepared").symlink_to(here / "big")
    assert walked("shoot", None) == ([], None)


def test_a_walked_folder_is_no_place_for_outputs(here: Path) -> None:
    (here / "shoot").mkdir()
    for output in ("shoot", "./shoot/", str(here / "shoot")):
        with pytest.raises(ValueError, match="is read itself"):
            skipped_paths(parse_output(output), ["clip.mov", "shoot"])
    # A file beside its source is fine: only a walk cannot tell them apart.
    assert skipped_paths(parse_output("."), ["clip.mov"]) == {str(here)}


PARTS = st.text(st.sampled_from("aA.\\-2 éÉe\u0301ß\udcff\U0001f600"), min_size=1, max_size=5)
NAMES = st.one_of(PARTS, st.builds(str.__mul__, PARTS, st.integers(1, 90)))
FOLDERS = st.lists(st.one_of(NAMES, st.sampled_from(["", ".", ".."])), max_size=2)
SOURCES = st.builds(lambda folders, name: [*folders, name], FOLDERS, NAMES)
ITEMS = st.lists(st.tuples(SOURCES, st.booleans(), st.sampled_from([None, ".mp4", ".png"])))


@given(ITEMS, st.sampled_from([None, "out"]))
def test_never_two_alike_and_always_inside(
    given_items: list[tuple[list[str], bool, str | None]], output: str | None
) -> None:
    outputs = Outputs(parse_output(output))
    targets = []
    for parts, in_root, ending in given_items:
        item = Item("/".join(["root", *parts]), "path", root="root" if in_root else None)
        target = outputs.target(item, ending)
        outside = os.path.dirname(item.source) if not in_root else "root"
        base = output or os.path.join(outside, "prepared")
        assert target.startswith(base + "/")
        assert ".." not in target.removeprefix(base).split("/")
        assert len(os.fsencode(os.path.basename(target))) <= 255
        targets.append(unicodedata.normalize("NFD", target).casefold())
    assert len(set(targets)) == len(targets)
    if output:
        for one, other in product(targets, targets):
            assert not one.startswith(other + "/"), "a file and a folder of one name"
