"""The pre-commit hooks, run by the real pre-commit on a scratch repository."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from tests.paths import ROOT
from vaceprep.formats import IMAGE_ENDINGS, VIDEO_ENDINGS

PARTS = ("vaceprep", "pyproject.toml", "README.md", "LICENSE", ".pre-commit-hooks.yaml")


def hooks() -> list[dict[str, object]]:
    loaded = yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text())
    assert isinstance(loaded, list)
    return loaded


def test_the_job_hook_takes_jobs_alone() -> None:
    hook = next(h for h in hooks() if h["id"] == "vaceprep-check-jobs")
    pattern = re.compile(str(hook["files"]))
    for name in ("a.vace.json", "b/a.vace.yaml", "a.vace.yml", "a.VACE.toml"):
        assert pattern.search(name), name
    for name in ("a.json", "vace.yaml", "a.vace.yaml.bak", "a.vace.md"):
        assert not pattern.search(name), name


def test_the_media_hook_knows_every_ending_that_the_probe_knows() -> None:
    hook = next(h for h in hooks() if h["id"] == "vaceprep-check")
    pattern = re.compile(str(hook["files"]))
    for known in IMAGE_ENDINGS | VIDEO_ENDINGS:
        assert pattern.search(f"a/b{known}"), known
        assert pattern.search(f"a/b{known.upper()}"), known
    for foreign in (".py", ".md", ".ts", ".tsx", ".mp4.txt"):
        assert not pattern.search(f"a/b{foreign}"), foreign


def git(*arguments: str, cwd: Path) -> str:
    done = subprocess.run(
        ["git", "-c", "user.name=t", "-c", "user.email=t@example.com", *arguments],
        cwd=cwd,
        check=True,
        capture_output=True,
        text=True,
    )
    return done.stdout.strip()


def repository(at: Path) -> None:
    git("init", "-q", "-b", "main", cwd=at)
    git("add", "-A", cwd=at)
    git("commit", "-q", "-m", "all", cwd=at)


@pytest.mark.long
@pytest.mark.skipif(shutil.which("git") is None, reason="git is not installed")
def test_pre_commit_stops_what_the_service_would_refuse(tmp_path: Path) -> None:
    hook_repo, user_repo = tmp_path / "hooks", tmp_path / "user"
    hook_repo.mkdir()
    user_repo.mkdir()
    for part in PARTS:
        source = ROOT / part
        if source.is_dir():
            shutil.copytree(source, hook_repo / part, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(source, hook_repo / part)
    repository(hook_repo)
    # As a user's configuration names them, so that both hooks share one environment.
    ids = [{"id": hook["id"]} for hook in hooks()]
    repo = {"repo": str(hook_repo), "rev": git("rev-parse", "HEAD", cwd=hook_repo), "hooks": ids}
    (user_repo / ".pre-commit-config.yaml").write_text(yaml.safe_dump({"repos": [repo]}))
    fixtures = ROOT / "fixtures" / "video"
    shutil.copy(fixtures / "ok-5s-16fps.mp4", user_repo / "fine.mp4")
    repository(user_repo)
    environment = os.environ | {"PRE_COMMIT_HOME": str(tmp_path / "home")}

    def try_hook(hook: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [
                *(sys.executable, "-m", "pre_commit", "run", hook),
                *("--all-files", "--verbose"),
            ],
            cwd=user_repo,
            env=environment,
            capture_output=True,
            text=True,
        )

    fine = try_hook("vaceprep-check")
    assert "Passed" in fine.stdout, fine.stdout + fine.stderr
    assert fine.returncode == 0
    shutil.copy(fixtures / "fps-15.mp4", user_repo / "slow.mp4")
    job = "function: video_outpainting\nprompt: x\nvideo_url: fine.mp4\ntop_scale: 1.5\n"
    (user_repo / "good.vace.yaml").write_text(job)
    (user_repo / "no-job.yaml").write_text("function: nothing\n")
    git("add", "-A", cwd=user_repo)
    refused = try_hook("vaceprep-check")
    assert refused.returncode == 1
    assert "video-fps" in refused.stdout
    assert "slow.mp4" in refused.stdout
    jobs = try_hook("vaceprep-check-jobs")
    assert jobs.returncode == 0, jobs.stdout
    (user_repo / "bad.vace.yaml").write_text(job + "left_scale: 3\n")
    git("add", "-A", cwd=user_repo)
    jobs = try_hook("vaceprep-check-jobs")
    assert jobs.returncode == 1
    assert "invalid-value (VP403) at /left_scale" in jobs.stdout
