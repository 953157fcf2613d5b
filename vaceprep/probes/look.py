"""What a clip looks like: cuts, motion and black bars, from frames that are decoded anyway."""

from __future__ import annotations

from typing import Final

from av.video.frame import VideoFrame

from vaceprep.facts import LookFacts, VideoFacts
from vaceprep.probes.frame_measures import Measuring
from vaceprep.probes.shots import Summary

#: Quarters clockwise to the side that is displayed at the left.
_LEFT: Final = {0: 0, 90: 3, 180: 2, 270: 1}


class Looking:
    """Measures each frame of a video and reports at the end what it looks like."""

    def __init__(self, facts: VideoFacts) -> None:
        self._rotation, self._mirrored = facts.rotation or 0, facts.mirrored
        self._measuring = Measuring(facts.crop)
        self._summary = Summary()

    def add(self, frame: VideoFrame) -> None:
        """Measure the next frame that is presented."""
        self._summary.add(self._measuring.add(frame))

    def facts(self) -> LookFacts | None:
        """Return what the frames look like; None if there are none."""
        found = self._summary
        if not found.frames:
            return None
        return LookFacts(
            cuts=found.cut_times(),
            still=found.is_still(),
            flat=found.is_flat(),
            bars=_displayed(found.black_bars(), self._rotation, mirrored=self._mirrored),
        )


def _displayed(
    sides: tuple[float, float, float, float], rotation: int, *, mirrored: bool
) -> tuple[float, float, float, float]:
    """Return numbers for left, top, right and bottom of a stored picture as displayed."""
    left, top, right, bottom = sides
    if mirrored:
        left, right = right, left
    turned = (left, top, right, bottom)
    first = _LEFT.get(rotation, 0)
    return (
        turned[first],
        turned[(first + 1) % 4],
        turned[(first + 2) % 4],
        turned[(first + 3) % 4],
    )
