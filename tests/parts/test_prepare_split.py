"""``prepare --split``: a job for each part, the timeline before anything is written."""

from __future__ import annotations

import json
import subprocess
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
import yaml
from PIL import Image, ImageOps

import vaceprep
from tests.conftest import Run
from tests.parts.counted import write

SIZE = (368, 368)
RATE = 16
#: Where the second shot begins, and how many frames there are.
CUT, FRAMES = 40, 100
KEYS = {
    *("index", "from", "to", "from_exact", "to_exact", "frames", "overlap", "after_cut", "mask"),
    *("cost", "output", "status"),
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A clip of 6.25 s with a cut at 2.5 s, and jobs for it."""
    here = tmp_path_factory.mktemp("jobs")
    shown = iter(range(FRAMES))

    def paint(image: Image.Image) -> Image.Image:
        return ImageOps.invert(image) if next(shown) >= CUT else image

    write(here / "clip.mp4", [5] * FRAMES, rate=RATE, size=SIZE, paint=paint)
    Image.new("L", SIZE, 255).save(here / "white.png")
    mask = Image.new("L", SIZE, 0)
    mask.paste(255, (40, 40, 200, 200))
    mask.save(here / "mask.png")
    job = {"video_url": "clip.mp4", "prompt": "a lake"}
    jobs = {
        "wide": {"function": "video_outpainting", **job, "left_scale": 1.5},
        "edit": {"function": "video_edit", **job, "mask_image_url": "mask.png"},
        "masks": {
            "function": "video_edit",
            **job,
            "masks": [{"frame": 1, "image": "mask.png"}, {"frame": 50, "image": "mask.png"}],
        },
        "longer": {
            "function": "video_extension",
            "first_clip_url": "clip.mp4",
            "prompt": "a lake",
        },
    }
    for name, values in jobs.items():
        (here / f"{name}.vace.yaml").write_text(yaml.safe_dump(values, sort_keys=False))
    return here


def test_the_timeline_is_shown_and_the_cuts_are_kept(
    folder: Path, tmp_path: Path, vaceprep_cli: Run
) -> None:
    def prepare(*arguments: Any) -> subprocess.CompletedProcess[str]:
        return vaceprep_cli("prepare", *arguments, cwd=folder)

    cuts = tmp_path / "cuts.txt"
    done = prepare("masks.vace.yaml", "--split", "--dry-run", "--cuts", cuts, "-o", tmp_path / "a")
    assert done.returncode == 0, done.stdout + done.stderr
    told = " ".join(done.stdout.split())
    assert "6.25 s of clip.mp4 in 2 parts; shot cuts at 2.5 s; 6.25 s, 0.63 USD" in told
    assert "part 1 0 to 2.5 s, frames 1 to 40; mask mask.png of frame 1; 2.5 s, 0.25 USD" in told
    assert "part 2 2.5 to 6.25 s, frames 41 to 100; after a shot cut; mask mask.png of" in told
    assert not (tmp_path / "a").exists()
    assert "\n2.5  # 2.500 s, frame 41, part 2 begins here\n" in cuts.read_text()
    # The same file, without a search for cuts.
    again = prepare("wide.vace.yaml", "--split", "--dry-run", "--cuts", cuts, "--format", "json")
    head, *parts = json.loads(again.stdout)["files"]
    assert (head["status"], head["cuts"], len(parts)) == ("planned", [2.5], 4)
    assert all(set(part) == KEYS for part in head["parts"])
    assert [part["frames"] for part in head["parts"]] == [[1, 40], [41, 100]]
    assert head["cost"]["usd"] == 0.63
    for wrong, words in (
        (("longer.vace.yaml",), "is for video_repainting, video_edit and video_outpainting"),
        (("clip.mp4",), "--split is for jobs"),
        (("wide.vace.yaml", "-o", "one.yaml"), "name a folder"),
        (("wide.vace.yaml", "--part-length", "1"), "--part-length is from 2 to 5 s"),
    ):
        refused = prepare(*wrong, "--split")
        assert refused.returncode == 2, refused.stdout
        assert words in " ".join(refused.stderr.replace("│", " ").split())


def test_a_job_and_media_are_written_for_each_part(folder: Path, tmp_path: Path) -> None:
    job = folder / "masks.vace.yaml"
    options: dict[str, Any] = {"split": True, "cuts": [Fraction(5, 2)]}
    shares: list[tuple[str, float]] = []
    report = vaceprep.prepare(
        job, tmp_path, **options, progress=lambda *share: shares.append(share)
    )
    head, *rest = report.files
    assert report.ok and head.split is not None and (head.status, len(rest)) == ("prepared", 6)
    assert {name for name, _ in shares} == {str(job), *(f"{job}#part-0{n}" for n in (1, 2))}
    names = sorted(path.name for path in tmp_path.iterdir())
    assert names == [
        *("clip-part-01.mp4", "clip-part-02.mp4", "mask-part-01.png", "mask-part-02.png"),
        *("masks-part-01.vace.yaml", "masks-part-02.vace.yaml"),
    ]
    second = yaml.safe_load((tmp_path / "masks-part-02.vace.yaml").read_text())
    assert (second["video_url"], second["mask_image_url"]) == (names[1], names[3])
    # Frame 50 of the clip is the tenth of its part.
    assert second["mask_frame_id"] == 10 and "masks" not in second
    assert all(vaceprep.check(part.output or "").ok for part in head.split.parts)
    assert vaceprep.prepare(job, tmp_path, **options).files[2].reused


def test_what_no_part_can_be_made_of(folder: Path, tmp_path: Path) -> None:
    (refused,) = vaceprep.plan(folder / "edit.vace.yaml", split=True, cuts="none").files
    assert refused.status == "failed" and refused.split is None
    assert "part 2 (frames 47 to 100) has no mask" in str(refused.error)
    bad = {"function": "video_edit", "video_url": "clip.mp4", "prompt": "x", "masks": 3}
    (refused,) = vaceprep.plan(bad, split=True).files
    assert [finding.pointer for finding in refused.remaining] == ["/masks"]
    white = yaml.safe_load((folder / "edit.vace.yaml").read_text())
    white |= {"video_url": str(folder / "clip.mp4"), "mask_image_url": str(tmp_path / "no.png")}
    head = vaceprep.plan({**white, "mask_type": "fixed"}, split=True, cuts="none").files[0]
    assert head.error == "parts 1 and 2 cannot be prepared"
    with pytest.raises(ValueError, match="cuts is 'some'"):
        vaceprep.plan(folder / "edit.vace.yaml", split=True, cuts="some")
    with pytest.raises(ValueError, match="it must be 1 or more"):
        vaceprep.plan(folder / "edit.vace.yaml", split=True, max_parts=0)
    with pytest.raises(ValueError, match="--split is for"):
        vaceprep.plan(folder / "longer.vace.yaml", split=True)


def test_masks_without_split_are_a_finding(folder: Path) -> None:
    report = vaceprep.check(folder / "masks.vace.yaml")
    found = {finding.code for finding in report.findings}
    assert "VP408" in found and "VP409" not in found
    short = vaceprep.plan(folder / "wide.vace.yaml", duration=5, split=True)
    assert len(short.files) == 2 and short.files[0].split is None
