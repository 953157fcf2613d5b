"""Folders: what is walked, what is skipped, and that it is said."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.media import small_mp4
from vaceprep.checks.inputs import Skipped, collect, kind_of


def walk(*sources: Path | str) -> tuple[list[str], Skipped]:
    skipped = Skipped()
    return [item.source for item in collect(map(str, sources), skipped)], skipped


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    root = tmp_path / "shoot"
    for name in ("b.mp4", "a/clip.bin", "a/z.MOV", ".hidden.mp4", ".git/x.mp4", "a/.b/y.mp4"):
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(small_mp4())
    (root / "notes.txt").write_text("hello")
    (root / "broken.png").write_text("hello")
    (root / "song.mp3").write_bytes(b"ID3\4")
    outside = tmp_path / "outside.mp4"
    outside.write_bytes(small_mp4())
    (root / "link-out.mp4").symlink_to(outside)
    (root / "link-in.mp4").symlink_to(root / "b.mp4")
    (root / "folder-out").symlink_to(tmp_path)
    (root / "folder-in").symlink_to(root / "a")
    return root


def test_a_folder_s_media_by_name_or_bytes(tree: Path) -> None:
    found, skipped = walk(tree)
    assert found == [
        f"{tree}/{name}" for name in ("b.mp4", "broken.png", "link-in.mp4", "a/clip.bin", "a/z.MOV")
    ]
    assert (skipped.hidden, skipped.links, skipped.other) == (3, 2, 2)
    assert skipped.sentence() == (
        "skipped 3 hidden entries, 2 links out of the folder and "
        "2 files that are neither video nor image"
    )


def test_names_are_as_they_were_given(tree: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tree.parent)
    assert walk("shoot/a")[0] == ["shoot/a/clip.bin", "shoot/a/z.MOV"]
    assert walk("./shoot/../shoot/b.mp4")[0] == ["./shoot/../shoot/b.mp4"]


def test_what_is_named_itself_is_never_skipped(tree: Path) -> None:
    named = [str(tree / ".hidden.mp4"), str(tree / "link-out.mp4"), str(tree / "notes.txt")]
    found, skipped = walk(*named, "none.mp4")
    assert found == [*named, "none.mp4"]
    assert skipped.sentence() is None
    assert walk(tree / ".git")[0] == [f"{tree}/.git/x.mp4"]


def test_a_folder_behind_a_link_is_walked_where_it_is_named(tree: Path) -> None:
    assert len(walk(tree / "folder-in")[0]) == 2


def test_an_empty_folder_has_nothing(tmp_path: Path) -> None:
    found, skipped = walk(tmp_path)
    assert (found, skipped.sentence()) == ([], None)
    assert Skipped().sentence() is None


def test_pipes_in_a_folder_do_not_hang(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    os.mkfifo(tmp_path / "pipe.mp4")
    found, skipped = walk(tmp_path)
    assert found == [f"{tmp_path}/pipe.mp4"]
    assert skipped.other == 1


def test_names_that_are_no_text(tmp_path: Path) -> None:
    name = os.fsencode(tmp_path) + b"/\xff\xfe.mp4"
    Path(os.fsdecode(name)).write_bytes(small_mp4())
    assert [os.fsencode(source) for source in walk(tmp_path)[0]] == [name]


@pytest.mark.parametrize(
    ("source", "kind"),
    [
        ("-", "stdin"),
        ("https://example.com/x.mp4", "url"),
        ("s3://bucket/x.mp4", "url"),
        ("data:image/png;base64,AA", "data"),
        ("C:/x.mp4", "path"),
        ("./-", "path"),
        ("http:/x.mp4", "path"),
    ],
)
def test_kinds(source: str, kind: str) -> None:
    assert kind_of(source) == kind
