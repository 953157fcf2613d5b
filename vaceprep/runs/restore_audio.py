"""Put the source's sound under a result; the video packets stay unchanged."""

from __future__ import annotations

import hashlib
import os
from contextlib import closing
from fractions import Fraction
from typing import NamedTuple

from av.container import InputContainer, OutputContainer
from av.video.stream import VideoStream

from vaceprep.checks.inputs import Item
from vaceprep.contract import VideoRole
from vaceprep.errors import Refused
from vaceprep.facts import Unreadable, VideoFacts
from vaceprep.files.atomic import FULL
from vaceprep.files.source import CannotOpen, open_path
from vaceprep.formats import MOV
from vaceprep.plans.model import CopyRecipe, EncodeRecipe, Options
from vaceprep.plans.video import CannotPlan
from vaceprep.preparation.read import Source, measured, planned
from vaceprep.preparation.video.audio import Sound
from vaceprep.preparation.video.copy import open_mp4
from vaceprep.probes.container import BROKEN, clause, fraction, open_container, read_tags
from vaceprep.probes.samples import origin_of
from vaceprep.probes.streams import video_stream

#: Tags that FFmpeg generates for each file that it writes or reads.
_OWN_TAGS = frozenset(["major_brand", "minor_version", "compatible_brands", "encoder"])


class Window(NamedTuple):
    """The part of a source that was used, in seconds from its first displayed frame."""

    start: Fraction
    length: Fraction


def restore_sound(
    result: str,
    source: str,
    role: VideoRole,
    options: Options,
    into: str,
    window: Window | None = None,
) -> bool:
    """Write ``result``, an MP4, with the sound of ``source`` to ``into``.

    ``role`` and ``options`` are those with which ``source`` was prepared: they define the window
    whose sound is used. It starts with the video, except under ``last_clip_url``, whose clip is at
    the result's end. It is cut to the video's length; it is never stretched. Sound is copied, or
    encoded as AAC if MP4 does not support it. Each video packet is the result's own, at its own
    time; sound that the result had is dropped.

    ``window`` is the part of ``source`` that was used, if already known.

    ``into`` is an existing empty file, which is renamed afterwards. Returns False, and leaves
    ``into`` empty, if the source has no sound in that window.

    Raises Refused if a file cannot be read or the output is wrong; OSError if the disk is full.
    """
    try:
        with open_path(source) as opened:
            sound_source = measured(Item(source, "path"), opened, role, options)
            facts = _video(sound_source, source)
            if not facts.has_audio or sound_source.sniffed.demuxer is None:
                return False
            if window is None:
                window = window_of_plan(sound_source, options)
            with open_path(result) as silent:
                result_source = measured(Item(result, "path"), silent, "video_url")
                picture = _video(result_source, result)
                if result_source.sniffed.demuxer != MOV or picture.duration is None:
                    raise Refused(f"{result} is no MP4 whose length is known")
                if not _mux(result_source, picture, sound_source, window, role, into):
                    os.truncate(into, 0)
                    return False
                _check(result_source, picture, into)
        return True
    except CannotOpen as error:
        raise Refused(f"the sound cannot be put back: {error.fact.message}") from None
    except BROKEN as error:
        if getattr(error, "errno", None) in FULL:
            raise
        raise Refused(f"the sound cannot be put back: {clause(error)}") from None


def _video(source: Source, path: str) -> VideoFacts:
    if isinstance(source.facts, Unreadable):
        raise Refused(f"{path} cannot be read: {source.facts.message}")
    if not isinstance(source.facts, VideoFacts):
        raise Refused(f"{path} is no video")
    return source.facts


def window_of_plan(source: Source, options: Options) -> Window:
    """The window of an open video that ``prepare`` uses. Raises Refused if it uses none."""
    try:
        plan = planned(source, options)
    except CannotPlan as error:
        raise Refused(f"{source.item.source}: {error}") from None
    if not plan.possible:
        reason = "; ".join(f.message for f in plan.remaining)
        raise Refused(f"{source.item.source} cannot be prepared: {reason}")
    if isinstance(plan.recipe, CopyRecipe | EncodeRecipe):
        return Window(plan.recipe.start, plan.recipe.length)
    facts = source.facts
    length = facts.duration if isinstance(facts, VideoFacts) else None
    return Window(Fraction(0), length or Fraction(0))


def _mux(
    result_source: Source,
    picture: VideoFacts,
    sound_source: Source,
    window: Window,
    role: VideoRole,
    into: str,
) -> bool:
    with open_container(result_source.opened, MOV) as container:
        video = _track(container)
        base = fraction(video.time_base) or Fraction(1, 90_000)
        begin = (origin_of(container, video) or 0) * base
        room = picture.duration or Fraction(0)
        length = min(window.length, room)
        at = begin
        if role == "last_clip_url":
            at += room - length
        # FFmpeg reads what precedes a colon as a protocol, unless the path is absolute.
        with open_mp4(os.path.abspath(into), base.denominator, edits=True) as out:
            stream = out.add_stream_from_template(video, opaque=True)
            if picture.codec == "hevc":
                stream.codec_context.codec_tag = "hvc1"
            stream.time_base = base
            kept = read_tags(container.metadata).items()
            out.metadata.update({k: v for k, v in kept if k not in _OWN_TAGS})
            sound = Sound(
                out,
                sound_source.opened,
                sound_source.sniffed,
                window.start,
                length,
                at=at,
                exact=True,
            )
            with closing(sound):
                _copy(container, video, out, stream)
                return sound.write()


def _track(container: InputContainer) -> VideoStream:
    video = video_stream(container)
    if video is None:
        raise Refused("the result has no video track")
    return video


def _copy(
    container: InputContainer, video: VideoStream, out: OutputContainer, stream: VideoStream
) -> None:
    # Searching for the first frame has advanced the demuxer.
    container.seek(min(video.start_time or 0, 0), stream=video, backward=True)
    for packet in container.demux(video):
        if packet.size:
            packet.stream = stream
            out.mux(packet)


class _Packets(NamedTuple):
    """The digests of the video packets, their times, and the time of the first displayed one."""

    sha256: str
    times: tuple[Fraction | None, ...]
    begin: Fraction


def _packets(container: InputContainer) -> _Packets:
    sha, times, shown = hashlib.sha256(), list[Fraction | None](), list[Fraction]()
    for packet in container.demux(_track(container)):
        if packet.size:
            sha.update(bytes(packet))
            base = fraction(packet.time_base) or Fraction(0)
            times.append(None if packet.pts is None else packet.pts * base)
            if packet.pts is not None and not packet.is_discard:
                shown.append(packet.pts * base)
    return _Packets(sha.hexdigest(), tuple(times), min(shown, default=Fraction(0)))


def _check(result_source: Source, picture: VideoFacts, into: str) -> None:
    """Check that the output is the result with sound that ends with it. Raises Refused."""
    with open_path(into) as opened:
        made = measured(Item(into, "path"), opened, "video_url")
        facts = _video(made, "what was written")
        with open_container(result_source.opened, MOV) as container:
            before = _packets(container)
        with open_container(opened, MOV) as container:
            after = _packets(container)
        if before != after or facts.duration != picture.duration:
            raise Refused("the sound cannot be put back: the picture would not stay as it is")
        last = after.begin + (picture.duration or 0)
        ends = [s.duration for s in facts.streams if s.kind == "audio"]
        if len(ends) != 1 or ends[0] is None or ends[0] > last:
            raise Refused("the sound cannot be put back: it would not end with the picture")
