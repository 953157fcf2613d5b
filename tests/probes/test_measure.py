"""Bytes and role decide who measures a file; its name never does."""

from __future__ import annotations

from fractions import Fraction
from io import BytesIO
from pathlib import Path

import pytest
from PIL import Image

import vaceprep
from vaceprep.contract import IMAGE_ROLES, VIDEO_ROLES, Role
from vaceprep.facts import ImageFacts, VideoFacts
from vaceprep.probes.measure import default_role, ending, is_media
from vaceprep.probes.sniff import sniff


def picture(kind: str, frames: int = 1, milliseconds: int = 100) -> bytes:
    pictures = [Image.new("RGB", (400, 380), (20 * n, 9, 9)) for n in range(frames)]
    out = BytesIO()
    more = {"save_all": True, "append_images": pictures[1:], "duration": milliseconds}
    pictures[0].save(out, kind, **(more if frames > 1 else {}))
    return out.getvalue()


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("a.MP4", ".mp4"),
        ("a.b.Mov", ".mov"),
        (".mp4", ""),
        ("mp4", ""),
        ("a.", "."),
        ("folder.d/name", ""),
        ("C:\\clips.d\\name.PNG", ".png"),
    ],
)
def test_endings(name: str, expected: str) -> None:
    assert ending(name) == expected


@pytest.mark.parametrize("kind", ["GIF", "PNG", "WEBP"])
def test_moving_images_are_videos_under_a_video_s_role_alone(kind: str, tmp_path: Path) -> None:
    path = tmp_path / "picture.bin"
    path.write_bytes(picture(kind, frames=10))
    assert isinstance(vaceprep.probe(path), ImageFacts)
    facts = vaceprep.probe(path, "video_url")
    assert isinstance(facts, VideoFacts)
    assert (facts.frames, facts.duration, facts.fps) == (10, Fraction(1), Fraction(10))
    assert (facts.width, facts.height) == (400, 380)
    codes = {f.code for f in vaceprep.check(path, "video_url").findings}
    assert {"VP101", "VP103"} <= codes
    assert "VP105" not in codes


@pytest.mark.parametrize("role", VIDEO_ROLES)
@pytest.mark.parametrize("kind", ["GIF", "PNG", "WEBP", "JPEG", "BMP", "TIFF"])
def test_still_images_are_no_videos(kind: str, role: Role, tmp_path: Path) -> None:
    path = tmp_path / "clip.mp4"
    path.write_bytes(picture(kind))
    (finding,) = vaceprep.check(path, role).findings
    assert finding.code == "VP105"
    assert "still image" in finding.message


@pytest.mark.parametrize("role", IMAGE_ROLES)
def test_a_video_where_an_image_is_due_is_the_image_rule_s(role: Role, clip: Path) -> None:
    codes = [f.code for f in vaceprep.check(clip, role).findings]
    assert codes == ["VP201"]


def test_roles_by_default(clip: Path, tmp_path: Path) -> None:
    png = tmp_path / "picture.mp4"
    png.write_bytes(picture("PNG"))
    renamed = tmp_path / "clip.png"
    renamed.write_bytes(clip.read_bytes())
    assert vaceprep.check(png).files[0].role == "ref_images_url"
    assert vaceprep.check(renamed).files[0].role == "video_url"
    assert vaceprep.check(tmp_path / "none.png").files[0].role == "ref_images_url"
    assert vaceprep.check(tmp_path / "none.mp4").files[0].role == "video_url"
    assert vaceprep.check(tmp_path / "none").files[0].role == "video_url"


def test_unknown_bytes_go_by_the_name() -> None:
    unknown = sniff(bytes(64))
    assert default_role(unknown, "a.JPG") == "ref_images_url"
    assert default_role(unknown, None) == "video_url"
    assert default_role(sniff(b"fLaC"), "a.jpg") == "video_url"


def test_what_counts_in_a_folder(clip: Path) -> None:
    assert is_media(clip.read_bytes()[:4096], "notes.txt")
    assert is_media(b"hello", "clip.mp4")
    assert is_media(b"", "PICTURE.JPEG")
    assert not is_media(b"hello", "notes.txt")
    assert not is_media(b"fLaC", "song.flac")
