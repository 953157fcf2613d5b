"""How loud a video's sound is over its time: one peak for each of so many equal parts."""

from __future__ import annotations

import sys
from array import array
from collections.abc import Callable, Iterator
from fractions import Fraction
from typing import Final

from av.audio.frame import AudioFrame
from av.container import InputContainer
from av.filter import Graph

from vaceprep.facts import VideoFacts
from vaceprep.preparation.read import Read, unreadable, video_of
from vaceprep.preparation.video.filters import pulled
from vaceprep.probes.container import BROKEN, clause, fraction, open_container
from vaceprep.probes.samples import origin_of
from vaceprep.probes.streams import video_stream

#: Samples a second of the simplified sound, and its loudest value.
RATE: Final = 8000
FULL: Final = 32768
#: Parts of the whole, the most that are kept.
MOST: Final = 4000
#: Frames of sound between two reports of progress.
REPORTED: Final = 500


def peaks_of(read: Read, count: int, step: Callable[[float], None]) -> list[float] | None:
    """The peak of each part, 0 to 1; None without sound. Calls ``step`` with the share done.

    Raises Refused.
    """
    facts = video_of(read)
    demuxer = read.sniffed.demuxer
    if not facts.has_audio or demuxer is None or not facts.duration:
        return None
    peaks = [0] * count
    try:
        with open_container(read.opened, demuxer) as looked:
            begin = _begin(looked)
        with open_container(read.opened, demuxer) as container:
            for number, (samples, at) in enumerate(_simplified(container)):
                _add(peaks, samples, at - begin, facts)
                if number % REPORTED == 0:
                    step(min(max(float((at - begin) / facts.duration), 0.0), 1.0))
    except BROKEN as error:
        raise unreadable(read.source, f"its sound does not decode ({clause(error)})") from None
    return [round(peak / FULL, 4) for peak in peaks]


def _begin(container: InputContainer) -> Fraction:
    """The time of the first frame shown, on the container's clock."""
    video = video_stream(container)
    if video is None:
        return Fraction(0)
    base = fraction(video.time_base) or Fraction(0)
    return (origin_of(container, video) or 0) * base


def _simplified(container: InputContainer) -> Iterator[tuple[array[int], Fraction]]:
    """The first sound track as one channel of 16 bits: samples, and the time of the first."""
    track = next(iter(container.streams.audio), None)
    if track is None:
        return
    graph: Graph | None = None
    shape: tuple[str, str, int] | None = None
    for frame in container.decode(track):
        base = fraction(frame.time_base)
        if frame.pts is None or base is None:
            continue
        if shape != (frame.format.name, frame.layout.name, frame.sample_rate):
            shape = (frame.format.name, frame.layout.name, frame.sample_rate)
            graph = _graph(frame)
        at, frame.pts = frame.pts * base, None
        if graph is None:
            continue
        graph.push(frame)
        for part in pulled(graph, AudioFrame):
            samples = array("h", bytes(part.planes[0])[: 2 * part.samples])
            if sys.byteorder == "big":
                samples.byteswap()
            yield samples, at


def _graph(frame: AudioFrame) -> Graph:
    graph = Graph()
    graph.link_nodes(
        graph.add_abuffer(
            sample_rate=frame.sample_rate,
            format=frame.format,
            layout=frame.layout,
            time_base=Fraction(1, frame.sample_rate),
        ),
        graph.add("aresample", str(RATE)),
        graph.add("aformat", f"sample_fmts=s16:sample_rates={RATE}:channel_layouts=mono"),
        graph.add("abuffersink"),
    ).configure()
    return graph


def _add(peaks: list[int], samples: array[int], at: Fraction, facts: VideoFacts) -> None:
    """Take samples from ``at`` seconds on into account."""
    if not samples or not facts.duration:
        return
    count = len(peaks)
    length = Fraction(len(samples), RATE)
    first = int(at * count // facts.duration)
    last = int((at + length) * count // facts.duration)
    # A piece of sound is short: parts that it reaches get the peak of all of it.
    loudest, lowest = max(samples), min(samples)
    peak = max(loudest, -lowest)
    for number in range(max(first, 0), min(last, count - 1) + 1):
        peaks[number] = max(peaks[number], peak)
