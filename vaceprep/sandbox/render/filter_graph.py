"""An FFmpeg filter graph with several inputs, in the notation of FFmpeg's command line."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Final

from av.filter import Graph
from av.filter.context import FilterContext
from av.video.frame import VideoFrame

from vaceprep.preparation.video.filters import pulled, source_of
from vaceprep.sandbox.render.clips import TICK

_STEP: Final = re.compile(r"((?:\[\w+\])*)(\w+)(?:=([^\[\]]*))?((?:\[\w+\])*)")
_LABEL: Final = re.compile(r"\[(\w+)\]")


class FilterGraph:
    """Filters between labelled pads: ``[in0]split[a][b]``, ..., and a last one to ``[out]``."""

    def __init__(self, first: Sequence[VideoFrame], steps: Sequence[str]) -> None:
        """``first`` is a frame of each input, which are labelled ``in0``, ``in1``, ..."""
        graph = Graph()
        pads: dict[str, tuple[FilterContext, int]] = {}
        self._entries = []
        for number, frame in enumerate(first):
            entry = graph.add("buffer", source_of(frame, TICK, rate=1 / TICK))
            self._entries.append(entry)
            pads[f"in{number}"] = entry, 0
        for step in steps:
            parts = _STEP.fullmatch(step)
            if parts is None:
                raise ValueError(f"{step!r} is no filter between pads")
            made = graph.add(parts[2], parts[3])
            for place, label in enumerate(_LABEL.findall(parts[1])):
                source, pad = pads.pop(label)
                source.link_to(made, pad, place)
            for pad, label in enumerate(_LABEL.findall(parts[4])):
                pads[label] = made, pad
        self._sink = graph.add("buffersink")
        last, pad = pads.pop("out")
        last.link_to(self._sink, pad, 0)
        graph.configure()
        # The filters do not keep the graph alive.
        self._graph = graph

    def push(self, number: int, frames: Sequence[VideoFrame]) -> Iterator[VideoFrame]:
        """The output for frame ``number`` of every input."""
        for entry, frame in zip(self._entries, frames, strict=True):
            frame.pts, frame.time_base = number, TICK
            entry.push(frame)
        yield from pulled(self._sink, VideoFrame)

    def end(self) -> Iterator[VideoFrame]:
        """The remaining output after the last frame."""
        for entry in self._entries:
            entry.push(None)
        yield from pulled(self._sink, VideoFrame)
