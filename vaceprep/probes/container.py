"""Open a container through PyAV so that FFmpeg can read nothing but the given bytes.

A path or a named file object lets FFmpeg follow playlists, sequences and protocols. Prevented by: a
nameless object, exactly one allowed demuxer, no protocol, and refusing every nested open.
"""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from typing import Any, Final, NoReturn, Protocol

import av
import av.error
from av.container import InputContainer

from vaceprep.contract import MAX_FRAME_PIXELS, READ_SECONDS
from vaceprep.files.source import Opened

#: Exceptions that PyAV raises on broken bytes, beside its own.
BROKEN: Final = (
    av.error.FFmpegError,
    OSError,
    ValueError,
    OverflowError,
    RuntimeError,
    MemoryError,
    IndexError,
)

#: For every decoder: refuse a header that claims a huge frame before allocating memory for it.
BOUNDED: Final = {"max_pixels": str(MAX_FRAME_PIXELS)}
#: A cover picture is listed as a video stream.
ATTACHED_PICTURE: Final = av.stream.Disposition.attached_pic

#: PyAV 18 raises on metadata that is not UTF-8 unless this is given. PyAV 19 lacks the argument: it
#: keeps such bytes as lone surrogates, which ``read_tags`` replaces.
_METADATA: Final[dict[str, Any]] = (
    {"metadata_errors": "replace"} if hasattr(InputContainer, "metadata_errors") else {}
)


class _Rational(Protocol):
    """PyAV's type of rates and time bases: ``Fraction`` (18) or ``AVRational`` (19)."""

    @property
    def numerator(self) -> int: ...

    @property
    def denominator(self) -> int: ...


def fraction(value: _Rational | None) -> Fraction | None:
    """Convert a rate, time base or aspect of PyAV to a Fraction; None if unset or undefined.

    PyAV 19 returns 0/1 or 0/0 where PyAV 18 returns None, and rounds the product of two of its
    rationals to 32 bits, so convert each value where it is read.
    """
    if value is None or not value.numerator or not value.denominator:
        return None
    return Fraction(value.numerator, value.denominator)


def read_tags(metadata: Mapping[str, str]) -> dict[str, str]:
    """Return the metadata of a container or stream; bytes that are not UTF-8 become U+FFFD."""
    return {_valid(key): _valid(value) for key, value in metadata.items()}


def _valid(text: str) -> str:
    if text.isascii():
        return text
    return text.encode("utf-8", "surrogateescape").decode("utf-8", "replace")


def _deny(*_: Any, **__: Any) -> NoReturn:
    raise PermissionError("nothing but the file itself may be opened")


def open_container(
    opened: Opened, demuxer: str, *, fast: bool = False, without_edits: bool = False
) -> InputContainer:
    """Open with one demuxer. ``fast`` decodes nothing and leaves codec facts incomplete.

    ``without_edits`` ignores the edit list and shows the whole track.

    Raises one of ``BROKEN`` where the bytes are not what the demuxer expects.
    """
    opened.seek(0)
    limits = {"format_whitelist": demuxer, "protocol_whitelist": "none"}
    options = {"threads": "1", **BOUNDED}
    if without_edits:
        limits |= {"ignore_editlist": "1"}
    if demuxer == "apng":
        # Browsers show a delay of 0 as 100 ms; FFmpeg would use 1/15 s.
        limits |= {"default_fps": "10"}
    if fast:
        limits |= {"probesize": "32", "analyzeduration": "1"}
        options["skip_frame"] = "all"
    container: InputContainer = av.open(
        opened,
        "r",
        format=demuxer.split(",", maxsplit=1)[0],
        options=options,
        container_options=limits,
        io_open=_deny,
        timeout=READ_SECONDS,
        **_METADATA,
    )
    return container


def clause(error: BaseException) -> str:
    """Return FFmpeg's message as a short clause without its numbers and paths."""
    if isinstance(error, av.error.FFmpegError) and error.strerror:
        return str(error.strerror).lower()
    if isinstance(error, MemoryError):
        return "it asks for more memory than there is"
    return str(error).splitlines()[0][:120].lower() if str(error) else type(error).__name__
