"""The nearest configuration upwards from each source, found with a few looks at the disk."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

import vaceprep
from vaceprep.config import BadConfig
from vaceprep.config.find import Finder, find_config, read_config
from vaceprep.config.model import Config
from vaceprep.contract import MAX_CONFIG_BYTES


def put(folder: Path, name: str, text: str) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / name
    path.write_text(text)
    return path


def strict(config: Config | None) -> bool | None:
    return None if config is None else config.strict


def test_the_nearest_upwards(tmp_path: Path) -> None:
    put(tmp_path, "pyproject.toml", "[tool.vaceprep]\nstrict = true")
    put(tmp_path / "a" / "b", "vaceprep.toml", "strict = false")
    (tmp_path / "a" / "b" / "c").mkdir()
    find = Finder()
    assert strict(find.of(str(tmp_path / "clip.mp4"))) is True
    assert strict(find.of(str(tmp_path / "a" / "clip.mp4"))) is True
    assert strict(find.of(str(tmp_path / "a" / "b" / "clip.mp4"))) is False
    assert strict(find.of(str(tmp_path / "a" / "b" / "c" / "clip.mp4"))) is False
    # What is not there has one all the same: its report must not differ from its neighbours'.
    assert strict(find.of(str(tmp_path / "a" / "b" / "no" / "such" / "clip.mp4"))) is False
    assert find.of(str(tmp_path / "a" / "x.mp4")) is find.of(str(tmp_path / "clip.mp4"))


def test_its_own_file_counts_before_the_shared_one(tmp_path: Path) -> None:
    put(tmp_path, "pyproject.toml", "[tool.vaceprep]\nstrict = true")
    put(tmp_path, "vaceprep.toml", "strict = false")
    assert strict(find_config(tmp_path)) is False


@pytest.mark.parametrize(
    "text", ["[project]\nname = 'x'", "dependencies = ['vaceprep']", "this is no TOML at all ["]
)
def test_other_tools_files_are_passed_by(text: str, tmp_path: Path) -> None:
    put(tmp_path, "vaceprep.toml", "strict = true")
    put(tmp_path / "sub", "pyproject.toml", text)
    assert strict(find_config(tmp_path / "sub")) is True


def test_an_empty_table_ends_the_search(tmp_path: Path) -> None:
    put(tmp_path, "vaceprep.toml", "strict = true")
    put(tmp_path / "sub", "pyproject.toml", "[tool.vaceprep]")
    config = find_config(tmp_path / "sub" / "clip.mp4")
    assert config is not None
    assert config.strict is None


def test_a_folder_of_that_name_is_none(tmp_path: Path) -> None:
    put(tmp_path, "pyproject.toml", "[tool.vaceprep]\nstrict = true")
    (tmp_path / "vaceprep.toml").mkdir()
    assert strict(find_config(tmp_path)) is True


def test_a_pipe_of_that_name_does_not_hang(tmp_path: Path) -> None:
    if not hasattr(os, "mkfifo"):
        pytest.skip("needs pipes with names")
    os.mkfifo(tmp_path / "vaceprep.toml")
    put(tmp_path, "pyproject.toml", "[tool.vaceprep]\nstrict = true")
    assert strict(find_config(tmp_path)) is True


def test_without_a_folder_it_is_the_current_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(tmp_path, "vaceprep.toml", "strict = true")
    (tmp_path / "sub").mkdir()
    monkeypatch.chdir(tmp_path / "sub")
    config = Finder().of(None)
    assert strict(config) is True
    assert strict(find_config()) is True
    assert config is not None
    assert config.path == str(tmp_path / "vaceprep.toml")
    monkeypatch.chdir(tmp_path)
    config = Finder().of("clip.mp4")
    assert config is not None
    assert (config.path, config.folder) == ("vaceprep.toml", str(tmp_path))


def test_one_file_for_all_or_none(tmp_path: Path) -> None:
    put(tmp_path, "vaceprep.toml", "strict = true")
    named = put(tmp_path / "other", "mine.toml", "strict = false")
    assert strict(Finder(str(named)).of(str(tmp_path / "clip.mp4"))) is False
    assert Finder(search=False).of(str(tmp_path / "clip.mp4")) is None
    shared = put(tmp_path / "other", "pyproject.toml", "[tool.vaceprep]\nstrict = false")
    assert strict(read_config(str(shared))) is False
    put(tmp_path / "other", "pyproject.toml", "[tool.ruff]")
    with pytest.raises(BadConfig, match=r"no table \[tool.vaceprep\]"):
        read_config(str(shared))
    with pytest.raises(BadConfig, match="there is no such file"):
        Finder(str(tmp_path / "nothing.toml"))
    with pytest.raises(BadConfig, match="folder"):
        Finder(str(tmp_path))


@pytest.mark.parametrize(("more", "good"), [(0, True), (1, False)])
def test_a_file_that_is_too_large_is_not_read(more: int, good: bool, tmp_path: Path) -> None:
    put(tmp_path, "vaceprep.toml", "#" * (MAX_CONFIG_BYTES + more))
    if good:
        assert find_config(tmp_path) is not None
    else:
        with pytest.raises(BadConfig, match="larger than"):
            find_config(tmp_path)


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may read all")
def test_a_file_that_may_not_be_read_is_not_passed_by(tmp_path: Path) -> None:
    put(tmp_path, "vaceprep.toml", "strict = true").chmod(0)
    with pytest.raises(BadConfig, match="cannot be read"):
        find_config(tmp_path)


ROLES = """
[roles]
"*.png" = "ref_images_url"
"masks/**" = "mask_image_url"
"masks/*.mp4" = "mask_video_url"
"/first.png" = "first_frame_url"
"shots/*/last.png" = "last_frame_url"
"masks/photos/" = "ref_images_url"
"""


@pytest.mark.parametrize(
    ("path", "role"),
    [
        ("a.png", "ref_images_url"),
        ("deep/er/a.png", "ref_images_url"),
        ("a.jpg", None),
        ("masks/a.png", "mask_image_url"),
        ("masks/b/a.tif", "mask_image_url"),
        ("other/masks/a.tif", None),
        ("masks/a.mp4", "mask_video_url"),
        ("masks/b/a.mp4", "mask_image_url"),
        ("first.png", "first_frame_url"),
        ("b/first.png", "ref_images_url"),
        ("shots/1/last.png", "last_frame_url"),
        ("shots/1/2/last.png", "ref_images_url"),
        ("masks/photos/a.jpg", "ref_images_url"),
        ("../a.png", None),
        ("..odd/a.png", "ref_images_url"),
    ],
)
def test_the_last_glob_that_matches_gives_the_role(
    path: str, role: str | None, tmp_path: Path
) -> None:
    put(tmp_path / "here", "vaceprep.toml", ROLES)
    config = find_config(tmp_path / "here")
    assert config is not None
    assert config.role_of(str(tmp_path / "here" / path)) == role


def test_a_check_without_a_configuration_reads_no_toml(clip: Path, tmp_path: Path) -> None:
    put(tmp_path, "pyproject.toml", "[project]\nname = 'x'")
    file = tmp_path / "clip.mp4"
    file.write_bytes(clip.read_bytes())
    code = (
        "import sys; from vaceprep.cli.main import run; run(['check', sys.argv[1]]); "
        "late = ('tomllib', 'pathspec', 'pydantic', 'vaceprep.config.read'); "
        "print(*(n for n in late if n in sys.modules), 'end')"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, file], capture_output=True, text=True, check=True, timeout=60
    )
    assert done.stdout.splitlines()[-1] == "end"


def test_the_library_reads_none_of_its_own_accord(
    clip: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "clip.mp4"
    file.write_bytes(clip.read_bytes())
    put(tmp_path, "vaceprep.toml", "this is no TOML")
    monkeypatch.chdir(tmp_path)
    assert vaceprep.check(file).configs == ()
    with pytest.raises(vaceprep.BadConfig, match="not valid TOML"):
        vaceprep.check(file, config=tmp_path / "vaceprep.toml")
