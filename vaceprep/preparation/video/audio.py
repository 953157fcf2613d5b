"""The audio track of an output: copied if MP4 supports its codec, else encoded as AAC."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from math import floor
from typing import Final

import av
from av.audio.codeccontext import AudioCodecContext
from av.audio.frame import AudioFrame
from av.audio.stream import AudioStream
from av.container import InputContainer, OutputContainer
from av.filter import Graph
from av.packet import Packet

from vaceprep.files.source import Opened, second_reader
from vaceprep.plans.predict import CARRIED_SOUND
from vaceprep.preparation.video.filters import pulled
from vaceprep.probes.container import fraction, open_container
from vaceprep.probes.samples import BACK_OFF, origin_of
from vaceprep.probes.sniff import Sniffed
from vaceprep.probes.streams import video_stream

#: Bit rate of encoded audio, in bits per second.
RATE: Final = 192_000
#: Sample rate where the encoder does not support the source's.
USUAL_RATE: Final = 48_000
#: Samples per AAC packet.
AAC_FRAME: Final = 1024
#: Seconds of preroll that a decoder needs before the first audible sample, by codec: AAC and MP3
#: depend on earlier packets; RFC 7845 demands it for Opus.
LEAD: Final = {"opus": Fraction(8, 100)}
USUAL_LEAD: Final = Fraction(5, 100)
#: Seconds by which decoded audio may be off its time before samples are inserted or dropped.
DRIFT: Final = "0.02"


class Sound:
    """The first audio track of a source, read independently of the video.

    The window of the source that begins at ``start`` and lasts ``length`` is played from ``at`` on.
    Times are in seconds; ``start`` counts from the first presented frame. With ``exact``, the
    packets that overlap the start of the window are copied too and hidden by an edit list, so that
    the audio is complete from its first sample; a reader that ignores edit lists plays it slightly
    early and reports too long a duration. A copied packet may end ``over`` seconds behind the
    window.
    """

    def __init__(
        self,
        out: OutputContainer,
        opened: Opened,
        sniffed: Sniffed,
        start: Fraction,
        length: Fraction,
        *,
        at: Fraction = Fraction(0),
        exact: bool = False,
        over: Fraction = Fraction(0),
    ) -> None:
        self._out, self._start, self._length, self._at = out, start, length, at
        self._over = over
        reader, demuxer = second_reader(opened), sniffed.demuxer or ""
        self._begin = Fraction(0)
        with open_container(reader, demuxer) as looked:
            video = video_stream(looked)
            if video is not None:
                base = fraction(video.time_base) or Fraction(0)
                self._begin = (origin_of(looked, video) or 0) * base + start
        self._source: InputContainer = open_container(reader, demuxer)
        self._track: AudioStream | None = next(iter(self._source.streams.audio), None)
        self._lead = Fraction(0)
        self._copied = False
        self._stream: AudioStream | None = None
        if self._track is None or video is None:
            return
        name = self._track.codec_context.codec.canonical_name
        self._copied = name in CARRIED_SOUND
        if self._copied:
            self._stream = out.add_stream_from_template(self._track, opaque=True)
            if exact and not at:
                # Only an edit list at time 0 can hide them.
                self._lead = LEAD.get(name, USUAL_LEAD)
        else:
            self._stream = _encoder(out, self._track.codec_context)

    def close(self) -> None:
        """Close the source."""
        self._source.close()

    @property
    def copied(self) -> bool:
        """Whether the packets are copied; else the audio is encoded."""
        return self._copied

    def write(self) -> bool:
        """Mux the audio, cut to the length of the video. False if the window has none."""
        some = False
        for _ in self.steps():
            some = True
        return some

    def steps(self) -> Iterator[Fraction]:
        """Mux the audio step by step; after each, yield the seconds of the window that are muxed.

        Yields nothing if the window has no audio.
        """
        if self._stream is None or self._track is None:
            return iter(())
        if self._copied:
            return self._copy(self._track, self._stream)
        return self._encode(self._track, self._stream)

    def _packets(self, track: AudioStream) -> Iterator[Packet[AudioStream]]:
        base = fraction(track.time_base)
        if base is None:
            return
        early = self._begin - BACK_OFF[1]
        # In some containers a seek to the start position ends up after it.
        if early > (track.start_time or 0) * base:
            self._source.seek(int(early / base), stream=track, backward=True)
        yield from self._source.demux(track)

    def _copy(self, track: AudioStream, stream: AudioStream) -> Iterator[Fraction]:
        base = fraction(track.time_base) or Fraction(1)
        clock = track.codec_context.sample_rate or 0
        # Correct a time base that rounds: packets follow each other without gaps.
        coarse = clock and base > Fraction(1, clock)
        due: Fraction | None = None
        for packet in self._packets(track):
            if not packet.size or packet.pts is None:
                continue
            at = packet.pts * base - self._begin
            length = (packet.duration or 0) * base
            if coarse:
                if due is not None and abs(due - at) <= base:
                    at = due
                size = track.codec_context.frame_size
                if size and abs(Fraction(size, clock) - length) <= base:
                    length = Fraction(size, clock)
                due = at + length
            if at < 0 and at + length <= -self._lead:
                continue
            if at < 0 and not self._lead:
                continue
            if at + length > self._length + self._over or at >= self._length:
                break
            if coarse:
                packet.time_base = Fraction(1, clock)
                packet.duration = floor(length * clock)
            unit = fraction(packet.time_base) or base
            packet.pts = packet.dts = floor((self._at + at) / unit)
            packet.stream = stream
            self._out.mux(packet)
            yield at + length

    def _encode(self, track: AudioStream, stream: AudioStream) -> Iterator[Fraction]:
        rate = stream.codec_context.sample_rate
        first = floor(self._at * rate)
        # Only whole packets: a decoder pads a partial one beyond the end of the video.
        left = floor(self._length * rate / AAC_FRAME) * AAC_FRAME
        written = 0
        graph: Graph | None = None
        shape: tuple[str, str, int] | None = None
        for frame in self._frames(track):
            if shape != (frame.format.name, frame.layout.name, frame.sample_rate):
                # The audio format changes: flush the old filter graph and continue with a new one.
                written = self._send(graph, None, stream, first, written)
                shape = (frame.format.name, frame.layout.name, frame.sample_rate)
                graph = _chain(frame, stream, written, left)
            written = self._send(graph, frame, stream, first, written)
            if written:
                yield Fraction(written, rate)
            if written >= left:
                break
        written = self._send(graph, None, stream, first, written)
        if written:
            self._out.mux(stream.encode(None))
            yield Fraction(written, rate)

    def _frames(self, track: AudioStream) -> Iterator[AudioFrame]:
        """Yield decoded audio that overlaps the window, timed in samples from its start."""
        for packet in self._packets(track):
            for frame in packet.decode():
                base = fraction(frame.time_base)
                if not isinstance(frame, AudioFrame) or frame.pts is None or base is None:
                    continue
                at = frame.pts * base - self._begin
                if at >= self._length:
                    return
                if at + Fraction(frame.samples, frame.sample_rate) <= 0:
                    continue
                frame.pts, frame.time_base = (
                    floor(at * frame.sample_rate + Fraction(1, 2)),
                    Fraction(1, frame.sample_rate),
                )
                yield frame

    def _send(
        self,
        graph: Graph | None,
        frame: AudioFrame | None,
        stream: AudioStream,
        first: int,
        written: int,
    ) -> int:
        """Return the number of samples written so far."""
        if graph is None:
            return written
        graph.push(frame)
        for part in pulled(graph, AudioFrame):
            part.pts = first + written
            part.time_base = Fraction(1, stream.codec_context.sample_rate)
            written += part.samples
            self._out.mux(stream.encode(part))
        return written


def _encoder(out: OutputContainer, context: AudioCodecContext) -> AudioStream | None:
    """Return an AAC encoder with the source's rate and channels, where it supports them."""
    known = av.Codec("aac", "w").audio_rates or []
    rate = context.sample_rate if context.sample_rate in known else USUAL_RATE
    stream = out.add_stream("aac", rate=rate)
    if not isinstance(stream, AudioStream):
        return None
    stream.layout = {1: "mono", 6: "5.1"}.get(context.layout.nb_channels, "stereo")
    stream.bit_rate = RATE
    return stream


def _chain(frame: AudioFrame, stream: AudioStream, written: int, left: int) -> Graph:
    """Return the filter graph from decoded audio to the encoder, each sample at its time.

    It fills a gap before the first sample, or later, with silence.
    """
    rate, layout = stream.codec_context.sample_rate, stream.layout.name
    taken = stream.codec_context.format.name
    graph = Graph()
    graph.link_nodes(
        graph.add_abuffer(
            sample_rate=frame.sample_rate,
            format=frame.format,
            layout=frame.layout,
            time_base=Fraction(1, frame.sample_rate),
        ),
        graph.add("aresample", f"{rate}:async=1:min_hard_comp={DRIFT}:first_pts={written}"),
        graph.add("aformat", f"sample_fmts={taken}:sample_rates={rate}:channel_layouts={layout}"),
        graph.add("atrim", f"end_pts={left}"),
        graph.add("abuffersink"),
    ).configure()
    return graph
