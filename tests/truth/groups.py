"""Groups of pictures: open ones, pyramids, late first keyframes, hidden frames, empty samples."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import av
from av.audio.stream import AudioStream
from av.video.stream import VideoStream

from tests.truth import matroska
from tests.truth.geometry import by_hand
from tests.truth.model import Made, Shown, Source, Truth
from tests.truth.write import SOUND_RATE, Coding, Packet, beeps_of, clip, sounded


def _from(truth: Truth, first: int) -> Truth:
    """What is shown where the first pictures are missing: times count from the first shown."""
    begin = next(s.begin for s in truth.shown if s.number == first)
    kept = tuple(
        Shown(s.number, s.begin - begin, s.end - begin) for s in truth.shown if s.number >= first
    )
    beeps = tuple(beep - begin for beep in truth.beeps if beep >= begin)
    return replace(truth, shown=kept, beeps=beeps)


def late_keyframe(coding: Coding, group: int, dropped: int) -> Source:
    """Written without its first ``dropped`` packets, so that the first group does not decode.

    There are no B-frames: picture ``group`` is the first that is shown. Sound is there from the
    first packet on.
    """
    options = {**coding.options, "g": str(group), "bf": "0", "keyint_min": str(group)}
    steady = replace(coding, options={**options, "sc_threshold": "0"})

    def make(folder: Path) -> Made:
        path, truth = clip(folder, steady, changed=lambda packets: packets[dropped:])
        return Made(path, _from(truth, group))

    return make


def from_open_group(coding: Coding) -> Source:
    """Written from the second keyframe on, where the groups of pictures are open.

    Pictures that follow that keyframe in the file and precede it on the screen refer to pictures
    that are not there: the keyframe is the first that is shown.
    """

    def make(folder: Path) -> Made:
        first: list[int] = []

        def cut(packets: list[Packet]) -> list[Packet]:
            keyframes = [at for at, packet in enumerate(packets) if packet.is_keyframe]
            start = packets[keyframes[1]]
            first.append(round((start.pts or 0) * (start.time_base or 0) * Fraction(coding.rate)))
            return packets[keyframes[1] :]

        path, truth = clip(folder, coding, changed=cut)
        return Made(path, _from(truth, first[0]))

    return make


def hidden_vp8(coding: Coding, every: int, back: Fraction = Fraction(0)) -> Source:
    """VP8 packets that are never shown, each ``back`` seconds before a keyframe.

    The hidden packet is the keyframe itself with show_frame 0 (RFC 6386, 9.1): decoding it
    changes nothing, as the keyframe comes again.
    """
    dense = replace(coding, codec="libvpx", options={**coding.options, "g": str(every)})

    def hide(packets: list[matroska.Packet]) -> list[matroska.Packet]:
        made = []
        for packet in packets:
            if packet.keyframe and packet.at > 0:
                hidden = bytes([packet.data[0] & 0xEF]) + packet.data[1:]
                made.append(matroska.Packet(hidden, packet.at - back, True))
            made.append(packet)
        return made

    def make(folder: Path) -> Made:
        return Made(*by_hand(folder, dense, filtered=hide, ending="webm"))

    return make


def hidden_vp9(coding: Coding, every: int, back: Fraction = Fraction(0)) -> Source:
    """VP9 packets that are never shown: each keyframe comes hidden first (show_frame 0)."""
    dense = replace(coding, codec="libvpx-vp9", options={**coding.options, "g": str(every)})

    def hide(packets: list[matroska.Packet]) -> list[matroska.Packet]:
        made = []
        for packet in packets:
            # frame_marker(2) profile(2) show_existing(1) frame_type(1) show_frame(1): profile 0.
            if packet.keyframe and packet.at > 0:
                hidden = bytes([packet.data[0] & 0xFD]) + packet.data[1:]
                made.append(matroska.Packet(hidden, packet.at - back, True))
            made.append(packet)
        return made

    def make(folder: Path) -> Made:
        return Made(*by_hand(folder, dense, filtered=hide, ending="webm"))

    return make


#: User data of no meaning (ITU-T H.264 D.1.7): a SEI message of 16 + 4 bytes, and its NAL unit.
SEI = bytes([6, 5, 20]) + bytes(range(1, 17)) + b"none" + b"\x80"


def sei_samples(coding: Coding) -> Source:
    """A sample of SEI alone before each picture but the first, one tick before it."""
    rate = Fraction(coding.rate)
    tick = 1 / (rate * 512)
    steady = replace(coding, options={**coding.options, "bf": "0"})

    def add(packets: list[Packet]) -> list[Packet]:
        made: list[Packet] = []
        for number, packet in enumerate(packets):
            if number:
                # The encoder gives start codes or lengths; four bytes of length serve in MP4.
                extra = av.Packet(len(SEI).to_bytes(4, "big") + SEI)
                if bytes(packet)[:4] == b"\0\0\0\1" or bytes(packet)[:3] == b"\0\0\1":
                    extra = av.Packet(b"\0\0\0\1" + SEI)
                assert packet.pts is not None and packet.dts is not None
                extra.stream, extra.time_base = packet.stream, packet.time_base
                extra.pts, extra.dts = packet.pts - 256, packet.dts - 256
                made.append(extra)
            made.append(packet)
        return made

    def make(folder: Path) -> Made:
        return Made(*clip(folder, steady, tick=tick, changed=add))

    return make


def thumbnail_first(coding: Coding) -> Source:
    """A track of one small still picture before the video's track."""

    def make(folder: Path) -> Made:
        path, truth = clip(folder, replace(coding, ending="first"))
        target = coding.path(folder)
        with av.open(str(path)) as given, av.open(str(target), "w", format="mp4") as out:
            still = out.add_stream("mjpeg", rate=1)
            assert isinstance(still, VideoStream)
            still.width, still.height, still.pix_fmt = 160, 96, "yuvj420p"
            video = given.streams.video[0]
            copy = out.add_stream_from_template(video, opaque=True)
            grey = av.VideoFrame(160, 96, "yuvj420p")
            for plane in grey.planes:
                plane.update(b"\x80" * plane.buffer_size)
            grey.pts, grey.time_base = 0, Fraction(1)
            out.mux(still.encode(grey))
            out.mux(still.encode(None))
            for packet in given.demux(video):
                if packet.size:
                    packet.stream = copy
                    out.mux(packet)
        path.unlink()
        return Made(target, truth)

    return make


def sound_apart(
    coding: Coding, begin: Fraction = Fraction(0), more: Fraction = Fraction(0)
) -> Source:
    """The sound begins so much later than the first picture, and ends so much after the last."""

    def make(folder: Path) -> Made:
        path, truth = clip(folder, replace(coding, ending="first", sound=""))
        target = coding.path(folder)
        with av.open(str(path)) as given, av.open(str(target), "w", format=coding.container) as out:
            video = given.streams.video[0]
            copy = out.add_stream_from_template(video, opaque=True)
            sound = out.add_stream(coding.sound, rate=SOUND_RATE, layout="mono")
            assert isinstance(sound, AudioStream)
            beeps = beeps_of(truth.shown)
            heard = [beep - begin for beep in beeps if beep >= begin]
            packets = sounded(sound, truth.end + more - begin, heard, begin)
            beeps = tuple(beep for beep in beeps if beep >= begin)
            for packet in given.demux(video):
                if packet.size:
                    packet.stream = copy
                    packets.append(packet)
            packets.sort(key=lambda p: (p.dts or 0) * (p.time_base or 0))
            for packet in packets:
                out.mux(packet)
        path.unlink()
        return Made(target, replace(truth, beeps=beeps))

    return make
