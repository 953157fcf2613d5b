"""One sound track beside the picture: copied where MP4 carries it, else encoded as AAC."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from math import floor
from typing import Final

import av
from av.audio.frame import AudioFrame
from av.audio.stream import AudioStream
from av.container import InputContainer, OutputContainer
from av.packet import Packet

from vaceprep.plan.predict import CARRIED_SOUND
from vaceprep.probe.codec import video_stream
from vaceprep.probe.container import open_container
from vaceprep.probe.samples import BACK_OFF, origin_of
from vaceprep.probe.sniff import Sniffed
from vaceprep.source import Opened

#: Bits a second of sound that is encoded anew.
RATE: Final = 192_000


class Sound:
    """The first sound track of a source, opened a second time for its own walk."""

    def __init__(
        self,
        out: OutputContainer,
        opened: Opened,
        sniffed: Sniffed,
        start: Fraction,
        length: Fraction,
    ) -> None:
        self._out, self._start, self._length = out, start, length
        self._source: InputContainer = open_container(opened, sniffed.demuxer or "")
        self._track: AudioStream | None = next(iter(self._source.streams.audio), None)
        self._begin = Fraction(0)
        self._copied = False
        self._stream: AudioStream | None = None
        video = video_stream(self._source)
        if self._track is None or video is None:
            return
        origin = origin_of(self._source, video) or 0
        self._begin = origin * (video.time_base or Fraction(0)) + start
        name = self._track.codec_context.codec.canonical_name
        self._copied = name in CARRIED_SOUND
        if self._copied:
            self._stream = out.add_stream_from_template(self._track, opaque=True)
        else:
            context = self._track.codec_context
            added = out.add_stream("aac", rate=context.sample_rate or 48_000)
            if isinstance(added, AudioStream):
                added.layout = context.layout
                added.bit_rate = RATE
                self._stream = added

    def close(self) -> None:
        """Close the source."""
        self._source.close()

    def write(self) -> None:
        """Mux all of it, cut to the picture's length."""
        if self._stream is None or self._track is None:
            return
        if self._copied:
            self._copy(self._track, self._stream)
        else:
            self._encode(self._track, self._stream)

    def _packets(self, track: AudioStream) -> Iterator[Packet[AudioStream]]:
        base = track.time_base
        if base is None:
            return
        early = max(self._begin - BACK_OFF[1], Fraction(0))
        self._source.seek(int(early / base), stream=track, backward=True)
        yield from self._source.demux(track)

    def _copy(self, track: AudioStream, stream: AudioStream) -> None:
        base = track.time_base or Fraction(1)
        for packet in self._packets(track):
            if not packet.size or packet.pts is None:
                continue
            at = packet.pts * base - self._begin
            end = at + (packet.duration or 0) * base
            if at < 0:
                continue
            if end > self._length:
                break
            packet.pts = packet.dts = floor(at / base)
            packet.stream = stream
            self._out.mux(packet)

    def _encode(self, track: AudioStream, stream: AudioStream) -> None:
        rate = stream.codec_context.sample_rate
        resampler = av.AudioResampler(
            format=stream.codec_context.format, layout=stream.layout, rate=rate
        )
        left = floor(self._length * rate)
        written = 0
        base = Fraction(1, rate)
        for packet in self._packets(track):
            for frame in packet.decode():
                if not isinstance(frame, AudioFrame) or frame.pts is None or not frame.time_base:
                    continue
                at = frame.pts * frame.time_base - self._begin
                if at < 0 or written >= left:
                    continue
                frame.pts = None
                for part in resampler.resample(frame):
                    if written + part.samples > left:
                        continue
                    part.pts, part.time_base = written, base
                    written += part.samples
                    self._out.mux(stream.encode(part))
            if written >= left:
                break
        self._out.mux(stream.encode(None))
