"""Cross-fade the frames of two pieces."""

from __future__ import annotations

from fractions import Fraction
from typing import Final

from av.filter import Graph
from av.video.frame import VideoFrame

from vaceprep.errors import Refused
from vaceprep.parts.grid import RATE
from vaceprep.preparation.video.filters import pulled, source_of

TICK: Final[Fraction] = 1 / RATE


class Fade:
    """FFmpeg's ``blend`` for frames of one size and format."""

    def __init__(self, like: VideoFrame) -> None:
        self._graph = Graph()
        source = source_of(like, TICK, RATE)
        self._over = self._graph.add("buffer", source)
        self._under = self._graph.add("buffer", source)
        self._blend = self._graph.add("blend", "all_mode=normal:all_opacity=0.5")
        self._sink = self._graph.add("buffersink")
        self._over.link_to(self._blend, 0, 0)
        self._under.link_to(self._blend, 0, 1)
        self._blend.link_to(self._sink)
        self._graph.configure()
        self._count = 0

    def mixed(self, earlier: VideoFrame, later: VideoFrame, share: float) -> VideoFrame:
        """Return both frames mixed; ``share`` is that of the later one, above 0 and below 1."""
        self._blend.process_command("all_opacity", f"{share:.6f}")
        for entry, frame in ((self._over, later), (self._under, earlier)):
            frame.pts, frame.time_base = self._count, TICK
            entry.push(frame)
        self._count += 1
        for made in pulled(self._sink, VideoFrame):
            return made
        raise Refused("two frames cannot be cross-faded: no picture comes out")
