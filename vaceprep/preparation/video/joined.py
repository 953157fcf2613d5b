"""A start between two keyframes: a few frames encoded anew, the rest of the packets copied."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import closing
from fractions import Fraction
from itertools import takewhile

from av.packet import Packet
from av.video.frame import VideoFrame
from av.video.stream import VideoStream

from vaceprep.errors import Refused
from vaceprep.facts import VideoFacts
from vaceprep.files.source import Opened
from vaceprep.plans.model import CopyRecipe
from vaceprep.preparation.video.audio import Sound
from vaceprep.preparation.video.copy import open_mp4, taken, write_packets
from vaceprep.preparation.video.decode import frames_from
from vaceprep.preparation.video.join import (
    CannotJoin,
    Parameters,
    check_join,
    described,
    encode_head,
    parse_annexb,
    parse_avcc,
    with_lengths,
)
from vaceprep.probes.codec import video_stream
from vaceprep.probes.container import open_container
from vaceprep.probes.samples import shows_nothing
from vaceprep.probes.sniff import Sniffed


def join(
    opened: Opened,
    sniffed: Sniffed,
    facts: VideoFacts,
    recipe: CopyRecipe,
    path: str,
    tell: Callable[[Fraction], None],
) -> None:
    """Write the recipe's frames to ``path``: its head encoded, what follows copied.

    Raises CannotJoin where the two parts make no clean track, Refused, or one of ``BROKEN``.
    """
    rate, key = recipe.rate, recipe.join
    if rate is None or key is None:
        raise CannotJoin("its frames are not evenly spaced")
    demuxer = sniffed.demuxer or ""
    plain = shows_nothing(facts)
    with taken(opened, demuxer, facts, key, recipe.frames - recipe.head) as (video, tail):
        parameters = _parameters(video)
        data = [bytes(packet) for packet in tail]
        if (video.codec_context.extradata or b"")[:1] != b"\1":
            data = [with_lengths(part) for part in data]
        check_join(data[0], parameters)
        described(parameters)
    with closing(frames_from(opened, demuxer, facts, recipe.start)) as walked:
        half = 1 / rate / 2
        frames = _told((f for f, t in takewhile(lambda s: s[1] < key - half, walked)), recipe, tell)
        head, extradata = encode_head(frames, rate, parameters)
    with open_container(opened, demuxer, without_edits=plain) as source:
        video = _video(video_stream(source))
        if len(head) != recipe.head:
            raise CannotJoin(f"{len(head)} frames decode before its keyframe, not {recipe.head}")
        step = rate.denominator
        rank = {t: i for i, t in enumerate(sorted(p.pts or 0 for p in tail))}
        times = [h.rank for h in head] + [recipe.head + rank[p.pts or 0] for p in tail]
        packets = [Packet(part) for part in (*(h.data for h in head), *data)]
        for packet, key_frame in zip(
            packets, (*(h.key for h in head), *(p.is_keyframe for p in tail)), strict=True
        ):
            packet.is_keyframe = key_frame
        with open_mp4(path, rate.numerator) as out:
            stream = out.add_stream_from_template(video, opaque=True)
            stream.codec_context.extradata = extradata
            stream.codec_context.codec_tag = "avc1"
            base = Fraction(1, rate.numerator)
            stream.time_base = base
            ticks = [t * step for t in times]
            lengths = [step] * len(ticks)
            if not recipe.keep_audio:
                write_packets(out, stream, packets, ticks, lengths, base)
                return
            with closing(Sound(out, opened, sniffed, recipe.start, recipe.length)) as sound:
                write_packets(out, stream, packets, ticks, lengths, base)
                sound.write()


def _video(video: VideoStream | None) -> VideoStream:
    if video is None:
        raise Refused("it has no video track")
    return video


def _parameters(video: VideoStream) -> Parameters:
    extradata = video.codec_context.extradata or b""
    return parse_avcc(extradata) if extradata[:1] == b"\1" else parse_annexb(extradata)


def _told(
    frames: Iterable[VideoFrame], recipe: CopyRecipe, tell: Callable[[Fraction], None]
) -> Iterator[VideoFrame]:
    for number, frame in enumerate(frames):
        tell(Fraction(number, recipe.head + 1))
        yield frame
