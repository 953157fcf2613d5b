"""Opening a container through PyAV so that it can reach nothing but the bytes it is given.

A path or a named file object lets FFmpeg follow playlists, sequences and protocols. What holds:
a nameless object, exactly one demuxer allowed, no protocol, and a refusal for every nested open.
"""

from __future__ import annotations

from typing import Any, Final, NoReturn

import av
import av.error
from av.container import InputContainer

from vaceprep.contract import MAX_FRAME_PIXELS, READ_SECONDS
from vaceprep.source import Opened

#: What PyAV raises on broken bytes, beside its own errors.
BROKEN: Final = (
    av.error.FFmpegError,
    OSError,
    ValueError,
    OverflowError,
    RuntimeError,
    MemoryError,
    IndexError,
)

#: For every decoder: a header's claim of a huge frame is refused before memory is taken for it.
BOUNDED: Final = {"max_pixels": str(MAX_FRAME_PIXELS)}
#: A cover picture poses as a video stream.
ATTACHED_PICTURE: Final = av.stream.Disposition.attached_pic


def _deny(*_: Any, **__: Any) -> NoReturn:
    raise PermissionError("nothing but the file itself may be opened")


def open_container(
    opened: Opened, demuxer: str, *, fast: bool = False, without_edits: bool = False
) -> InputContainer:
    """Open with one demuxer. ``fast`` decodes nothing and leaves codec facts incomplete.

    ``without_edits`` shows the whole track, whatever an edit list says.

    Raises one of ``BROKEN`` where the bytes are not what the demuxer expects.
    """
    opened.seek(0)
    limits = {"format_whitelist": demuxer, "protocol_whitelist": "none"}
    options = {"threads": "1", **BOUNDED}
    if without_edits:
        limits |= {"ignore_editlist": "1"}
    if fast:
        limits |= {"probesize": "32", "analyzeduration": "1"}
        options["skip_frame"] = "all"
    return av.open(
        opened,
        "r",
        format=demuxer.split(",", maxsplit=1)[0],
        options=options,
        container_options=limits,
        io_open=_deny,
        metadata_errors="replace",
        timeout=READ_SECONDS,
    )


def clause(error: BaseException) -> str:
    """What FFmpeg says, as a short clause without its numbers and paths."""
    if isinstance(error, av.error.FFmpegError) and error.strerror:
        return str(error.strerror).lower()
    if isinstance(error, MemoryError):
        return "it asks for more memory than there is"
    return str(error).splitlines()[0][:120].lower() if str(error) else type(error).__name__
