"""Where findings are: paths of Windows, macOS and Linux as URIs, and lines of job files."""

from __future__ import annotations

import ntpath
import posixpath
import re
from pathlib import Path
from types import ModuleType
from urllib.parse import unquote, urlsplit

import pytest
from hypothesis import given

from tests.report.reports import NAMES, finding
from vaceprep.checks.report import FileReport
from vaceprep.report.locations import Root, relative, root, spots, uri_of

LINUX = Root("/repo", "/repo")
INNER = Root("/repo", "/repo/media")
MAC = Root("/Users/ann/repo", "/Users/ann/repo")
WINDOWS = Root("C:\\repo", "C:\\repo")


@pytest.mark.parametrize(
    ("source", "of", "flavour", "uri"),
    [
        ("clip.mp4", LINUX, posixpath, "clip.mp4"),
        ("./shoot/../a b.mp4", LINUX, posixpath, "a%20b.mp4"),
        ("/repo/clip.mp4", LINUX, posixpath, "clip.mp4"),
        ("clip.mp4", INNER, posixpath, "media/clip.mp4"),
        ("../clip.mp4", INNER, posixpath, "clip.mp4"),
        ("../../clip.mp4", INNER, posixpath, "file:///clip.mp4"),
        ("/tmp/100% #1.mp4", LINUX, posixpath, "file:///tmp/100%25%20%231.mp4"),
        # A colon in the first segment would read as a scheme.
        ("c:clip.mp4", LINUX, posixpath, "c%3Aclip.mp4"),
        ("back\\slash.mp4", LINUX, posixpath, "back%5Cslash.mp4"),
        ("caf\u00e9.mp4", MAC, posixpath, "caf%C3%A9.mp4"),
        # macOS spells the accent by itself; the name stays the one that the disk has.
        ("cafe\u0301.mp4", MAC, posixpath, "cafe%CC%81.mp4"),
        ("/Volumes/Card/DCIM/1.MOV", MAC, posixpath, "file:///Volumes/Card/DCIM/1.MOV"),
        ("\udcff.mp4", LINUX, posixpath, "%FF.mp4"),
        ("clips\\a b.mp4", WINDOWS, ntpath, "clips/a%20b.mp4"),
        ("clips/a.mp4", WINDOWS, ntpath, "clips/a.mp4"),
        ("C:\\repo\\clips\\a.mp4", WINDOWS, ntpath, "clips/a.mp4"),
        ("c:\\REPO\\clips\\a.mp4", WINDOWS, ntpath, "clips/a.mp4"),
        ("C:\\clips\\a.mp4", WINDOWS, ntpath, "file:///C:/clips/a.mp4"),
        ("D:\\clips\\a#.mp4", WINDOWS, ntpath, "file:///D:/clips/a%23.mp4"),
        ("\\\\nas\\media\\a b.mp4", WINDOWS, ntpath, "file://nas/media/a%20b.mp4"),
        ("\\clips\\a.mp4", WINDOWS, ntpath, "file:///C:/clips/a.mp4"),
        ("https://u:p@h.example/a b.mp4?sig=1#x", LINUX, posixpath, "https://h.example/a%20b.mp4"),
        ("https://h.example/%20.mp4", LINUX, posixpath, "https://h.example/%20.mp4"),
        ("https://[/a?sig=1", LINUX, posixpath, "https://[/a"),
        ("-", LINUX, posixpath, None),
        ("data:image/png;base64,AAAA", LINUX, posixpath, None),
    ],
)
def test_a_source_as_a_uri(source: str, of: Root, flavour: ModuleType, uri: str | None) -> None:
    assert uri_of(source, of, flavour) == uri


@given(NAMES)
def test_any_name_is_a_uri_of_nothing_but_ascii(name: str) -> None:
    uri = uri_of(name, LINUX, posixpath)
    if uri is None:
        return
    assert re.fullmatch(r"[\w%/:.~-]*", uri, re.ASCII), uri
    assert not re.match(r"(?!file:)[A-Za-z][\w+.-]*:", uri)
    path = unquote(urlsplit(uri).path, errors="surrogateescape")
    if not any("\ud800" <= c <= "\udfff" for c in name):
        assert path == relative(name, LINUX, posixpath)


@given(NAMES)
def test_no_name_breaks_windows_paths(name: str) -> None:
    uri = uri_of(name, WINDOWS, ntpath)
    assert uri is None or (uri.isascii() and "\\" not in uri)


def test_the_root_is_the_repository_in_github_actions(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    inner = tmp_path / "media"
    inner.mkdir()
    monkeypatch.chdir(inner)
    assert root() == Root(str(inner), str(inner))
    monkeypatch.setenv("GITHUB_WORKSPACE", str(tmp_path))
    assert root() == Root(str(tmp_path), str(inner))
    monkeypatch.setenv("GITHUB_WORKSPACE", str(tmp_path / "elsewhere"))
    assert root() == Root(str(inner), str(inner))


def test_a_finding_on_an_asset_stands_in_its_job(tmp_path: Path) -> None:
    job = tmp_path / "edit.yaml"
    job.write_text("function: video_edit\nvideo_url: clip.mov\n")
    files = [
        FileReport(str(job), None, None, (finding("VP409", pointer="/mask_image_url"),)),
        FileReport("clip.mov", "video_url", None, (finding(pointer="/video_url"),)),
        FileReport("other.mov", "video_url", None, (finding(),)),
    ]
    found = [spot for _, _, spot in spots(files, advice=False)]
    assert found == [(str(job), None, None), (str(job), 2, "clip.mov"), ("other.mov", None, None)]
