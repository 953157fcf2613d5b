"""The first frame of a track, where FFmpeg takes facts from it: AV1, MPEG-4 Visual and VP9."""

from __future__ import annotations

from typing import Final

from vaceprep.files.source import Opened
from vaceprep.probes.codec import Codec
from vaceprep.probes.mp4.allowed_boxes import NeedsFFmpeg
from vaceprep.probes.mp4.track import Track

#: Bytes read of the first sample: its headers, with metadata between them.
HEAD: Final = 1024
#: The codecs whose first frame is read.
CODECS: Final = ("av1", "mpeg4", "vp9")


def check_first_frame(opened: Opened, track: Track, codec: Codec, extradata: bytes) -> None:
    """Raise NeedsFFmpeg if the first frame differs from the facts of the decoder configuration.

    Raises OSError if reading fails.
    """
    if codec.name not in CODECS:
        return
    shown = next((edit.media_time for edit in track.edits if edit.media_time >= 0), None)
    first = track.offsets[0][1] if len(track.offsets) else 0
    if track.edits and (shown is None or shown > first):
        raise NeedsFFmpeg("an edit list that begins after the first frame")
    size = track.fixed_size if track.sizes is None else track.sizes[0]
    start = track.chunks[0] if track.chunks else 0
    head = opened.read_at(start, min(size, HEAD))
    try:
        if codec.name == "av1":
            from vaceprep.probes import av1

            av1.check_first_frame(extradata, head)
        elif codec.name == "mpeg4":
            from vaceprep.probes import mpeg4

            mpeg4.check_first_frame(extradata, head)
        else:
            _vp9(opened, codec, head, start, size)
    except ValueError as error:
        raise NeedsFFmpeg(str(error)) from None


def _vp9(opened: Opened, codec: Codec, head: bytes, start: int, size: int) -> None:
    """Raise ValueError or NeedsFFmpeg unless the frame is as the configuration says."""
    from vaceprep.probes import vp9

    last = opened.read_at(start + size - 1, 1) if head else b""
    if not last:
        raise NeedsFFmpeg("a first sample without bytes")
    frame = vp9.read_first_frame(head, last[0], size)
    said = (codec.profile, codec.pixel_format, codec.full_range, codec.matrix)
    if (frame.profile, frame.pixel_format, frame.full_range, frame.matrix) != said:
        raise NeedsFFmpeg("a first frame of another form than the configuration")
    if (frame.width, frame.height) != (codec.width, codec.height):
        raise NeedsFFmpeg("a first frame of another size than the sample entry")
