"""The coded frames around a time window, which a plan needs to copy them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from fractions import Fraction
from itertools import chain
from typing import Final

from av.container import InputContainer
from av.packet import Packet
from av.video.stream import VideoStream

from vaceprep.facts import NO_STRETCH, SampleFacts, VideoFacts
from vaceprep.files.source import Opened
from vaceprep.formats import MOV, PARTLY_TIMED, REORDER_PACKETS, ROUNDING
from vaceprep.probes.container import BROKEN, clause, fraction, open_container
from vaceprep.probes.h264 import begins_clean
from vaceprep.probes.mp4.boxes import read_boxes
from vaceprep.probes.mp4.track import Edit
from vaceprep.probes.shown_packets import Coded, coded, demuxed, with_shown
from vaceprep.probes.sniff import Sniffed
from vaceprep.probes.streams import video_stream
from vaceprep.probes.timing import NORMAL_RATE

#: Seconds before the window at which to search for its keyframe, tried in turn.
BACK_OFF: Final = (Fraction(0), Fraction(2), Fraction(20), Fraction(120))
#: Most frames of one window; at 1,000 frames a second a window of 5 s has 5,000.
MAX_WINDOW: Final = 50_000
AVI: Final = "avi"


class SeekFailed(Exception):
    """Seeking did not find the window."""


def in_stretches(opened: Opened, demuxer: str) -> bool:
    """Return whether an edit list plays several windows: FFmpeg's times overlap where they meet."""
    if demuxer != MOV:
        return False
    edits = (t.edits for t in read_boxes(opened).tracks if t.handler == "vide")
    return any(sum(e.media_time >= 0 for e in listed) > 1 for listed in edits)


def retimed(opened: Opened, demuxer: str) -> Edit | None:
    """Return the only edit of the video track that shows something, if its speed is not 1."""
    if demuxer != MOV:
        return None
    for track in read_boxes(opened).tracks:
        shown = [e for e in track.edits if e.media_time >= 0] if track.handler == "vide" else []
        if len(shown) == 1 and shown[0].rate > 0 and shown[0].rate != NORMAL_RATE:
            return shown[0]
    return None


def shows_nothing(facts: VideoFacts) -> bool:
    """Return whether an edit list hides the whole track; such a list is ignored."""
    return NO_STRETCH in (facts.edit_effect or "")


def _obstacle(opened: Opened, demuxer: str, facts: VideoFacts) -> str | None:
    if not facts.packets_are_frames:
        return "some of its packets are no frames of their own"
    if demuxer in PARTLY_TIMED:
        return "its frames carry no times of presentation"
    if in_stretches(opened, demuxer):
        return "its edit list plays several stretches"
    return None


def none(obstacle: str) -> SampleFacts:
    """Return facts that say why no frame can be copied."""
    return SampleFacts((), (), (), (), Fraction(0), None, obstacle)


def survey(
    opened: Opened, sniffed: Sniffed, facts: VideoFacts, start: Fraction, length: Fraction
) -> SampleFacts:
    """Return the frames from the keyframe before ``start`` to after ``start + length`` seconds."""
    demuxer = sniffed.demuxer
    if demuxer is None:
        return none("FFmpeg does not read it")
    obstacle = _obstacle(opened, demuxer, facts)
    if obstacle is not None:
        return none(obstacle)
    try:
        near = [back for back in BACK_OFF if back < start]
        for back in (*near, None):
            with open_container(
                opened, demuxer, fast=demuxer == MOV, without_edits=shows_nothing(facts)
            ) as container:
                video = video_stream(container)
                if video is None:
                    return none("it has no video track")
                try:
                    return _survey(container, video, facts, start, length, back)
                except SeekFailed:
                    continue
    except BROKEN as error:
        return none(f"reading its packets fails ({clause(error)})")
    return none("its packets do not begin before the wanted frame")


def clock_of(packet: Packet[VideoStream], demuxer: str) -> int | None:
    """Return a packet's presentation time in ticks; in AVI, which has none, its chunk's place.

    FFmpeg makes up presentation times for AVI that are late where frames are reordered.
    """
    return packet.dts if demuxer == AVI else packet.pts


def from_start(container: InputContainer, video: VideoStream) -> tuple[int | None, Iterator[Coded]]:
    """Return the first frame's time, in ticks, and the packets from the first keyframe on.

    The time is None if a packet has none. The container must be freshly opened: a seek to the start
    fails in some containers, lands after it in others, and loses palettes.
    """
    packets = coded(demuxed(container, video), video)
    held: list[Coded] = []
    first: list[Packet[VideoStream]] = []
    for part in packets:
        held.append(part)
        if part.shows:
            first.append(part.packet)
        if len(first) == REORDER_PACKETS:
            break
    return earliest(first, container.format.name), chain(held, packets)


def origin_of(container: InputContainer, video: VideoStream) -> int | None:
    """Return the presentation time of the first frame, in ticks; None if it has none.

    Reads the first packets of a container that was just opened.
    """
    return from_start(container, video)[0]


def earliest(packets: Iterable[Packet[VideoStream]], demuxer: str) -> int | None:
    """Return the earliest time of packets, in ticks; None if one of them has none."""
    times = [clock_of(packet, demuxer) for packet in packets]
    known = [t for t in times if t is not None]
    return min(known) if known and len(known) == len(times) else None


def from_keyframe(
    container: InputContainer, video: VideoStream, target: int
) -> Iterator[Packet[VideoStream]]:
    """Yield packets from a keyframe shown at or before ``target`` ticks. Raises SeekFailed."""
    container.seek(target, stream=video, backward=True)
    packets = (p for p in container.demux(video) if p.size)
    for packet in packets:
        if packet.is_keyframe:
            if packet.pts is None or packet.pts > target:
                raise SeekFailed
            return chain([packet], packets)
    raise SeekFailed


def _survey(
    container: InputContainer,
    video: VideoStream,
    facts: VideoFacts,
    start: Fraction,
    length: Fraction,
    back: Fraction | None,
) -> SampleFacts:
    base = fraction(video.time_base)
    origin, opening = from_start(container, video)
    if base is None or origin is None:
        return none("its frames carry no times of presentation")
    # A rounding clock may place the wanted frame one tick later.
    tick = facts.rounding_tick or (base if facts.container in ROUNDING else Fraction(0))
    if back is not None:
        target = origin + int((start - back) / base)
        packets = with_shown(from_keyframe(container, video, target), video)
    else:
        packets = opening
    extradata = video.codec_context.extradata or b""
    times: list[Fraction] = []
    sizes: list[int] = []
    clean: list[bool] = []
    breaks: list[int] = []
    beyond = 0
    hidden, end = False, facts.duration
    for packet, is_shown in packets:
        if packet.is_discard:
            hidden = True
            continue
        if not is_shown:
            return none("some of its packets show no picture")
        if hidden:
            breaks.append(len(times))
            hidden = False
        if packet.pts is None:
            return none("some of its frames carry no time of presentation")
        if packet.is_corrupt:
            return none("one of its packets is damaged")
        at = (packet.pts - origin) * base
        times.append(at)
        sizes.append(packet.size)
        # Every decoder begins at the start of the track.
        opens = back is None and not times and not breaks
        clean.append(
            packet.is_keyframe
            and (opens or begins_clean(bytes(packet), facts.codec or "", extradata))
        )
        beyond = beyond + 1 if at > start + length + tick else 0
        if beyond > REORDER_PACKETS:
            end = None
            break
        if len(times) > MAX_WINDOW:
            return none(f"it has more than {MAX_WINDOW:,} frames in the window")
    return SampleFacts(
        tuple(times), tuple(sizes), tuple(clean), tuple(breaks), tick, end, obstacle=None
    )
