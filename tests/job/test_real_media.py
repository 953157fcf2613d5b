"""The real masks and videos of the model's own repository as video_edit jobs, truth by hand."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import pytest

import vaceprep
from tests.job.table import EDIT, Values, minimal
from tests.job.write import brief, job_file
from tests.paths import ROOT
from vaceprep import FileReport, Severity

CORPUS = ROOT.parent / "shared" / "corpus" / "vace"


def entries(folder: Path, job: Values) -> tuple[FileReport, ...]:
    return vaceprep.check(job_file(folder, job), remote=False).files


def said(folder: Path, job: Values) -> list[tuple[str, str | None]]:
    return brief(vaceprep.check(job_file(folder, job), remote=False).findings)


@pytest.mark.skipif(not CORPUS.is_dir(), reason="the corpus is not on this machine")
def test_the_real_video_and_mask_of_the_models_own_repository(tmp_path: Path) -> None:
    """By hand: 81 frames at 16 FPS (5.0625 s), 1280x720; its mask is 1280x720, black and white."""
    job = {
        **minimal(EDIT),
        "video_url": str(CORPUS / "videos" / "test.mp4"),
        "mask_image_url": str(CORPUS / "masks" / "test.png"),
        "mask_frame_id": 81,
    }
    own, video, mask = entries(tmp_path, job)
    assert own.ok
    assert isinstance(video.facts, vaceprep.VideoFacts)
    assert (video.facts.frames, video.facts.duration) == (81, Fraction(81, 16))
    assert (video.facts.width, video.facts.height) == (1280, 720)
    assert brief(video.findings) == [("VP104", "/video_url")]
    assert "5.06" in video.findings[0].message
    assert mask.findings == ()
    for number, kind in ((82, Severity.WARNING), (83, Severity.ERROR)):
        (own, *_) = entries(tmp_path, {**job, "mask_frame_id": number})
        assert [f.severity for f in own.findings if f.code == "VP305"] == [kind]


@pytest.mark.skipif(not CORPUS.is_dir(), reason="the corpus is not on this machine")
def test_the_other_real_pair_passes_and_crossed_over_does_not(tmp_path: Path) -> None:
    """By hand: 25 frames at 25 FPS, 512x768; its mask is 512x768, black and white."""
    job = {
        **minimal(EDIT),
        "video_url": str(CORPUS / "videos" / "test2.mp4"),
        "mask_image_url": str(CORPUS / "masks" / "test2.png"),
        "ref_images_url": [str(CORPUS / "images" / "girl.png")],
    }
    assert said(tmp_path, job) == []
    crossed = {**job, "mask_image_url": str(CORPUS / "masks" / "test.png")}
    findings = vaceprep.check(job_file(tmp_path, crossed), remote=False).findings
    (finding,) = [f for f in findings if f.severity is Severity.ERROR]
    assert (finding.code, finding.pointer) == ("VP301", "/mask_image_url")
    assert (finding.measured, finding.allowed) == ("1280x720", "512x768")
    # Their shapes differ: no scale makes one of the other.
    assert finding.fix is None
