"""The job of each part of a video: pure values."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from vaceprep.plans.parts import Part


def part_jobs(
    job: Mapping[str, Any], parts: Sequence[Part], *, seed: int
) -> tuple[dict[str, Any], ...]:
    """Return the job of each part: with its mask, and with ``seed`` where the job has none."""
    own = {key: value for key, value in job.items() if key != "masks"}
    own.setdefault("seed", seed)
    return tuple(dict(own) for _ in parts)
