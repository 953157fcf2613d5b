"""Sources as this room needs them: opened safely, measured, or refused in one sentence."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Final

from vaceprep.contract import MAX_IMAGE_PIXELS, Role
from vaceprep.errors import Refused
from vaceprep.facts import Facts, ImageFacts, Unreadable, VideoFacts
from vaceprep.files.source import CannotOpen, Opened, is_data_uri, is_url, open_path, open_stdin
from vaceprep.probes.measure import default_role, measure
from vaceprep.probes.sniff import Sniffed, sniff

STDIN: Final = "-"


@dataclass(frozen=True, slots=True)
class Read:
    """One open source with what its first bytes and a probe said."""

    source: str
    opened: Opened
    sniffed: Sniffed
    facts: Facts


def unreadable(source: str, clause: str) -> Refused:
    """The refusal of a source that gives no facts."""
    name = "standard input" if source == STDIN else source
    return Refused(f"{name} cannot be read: {clause}")


@contextmanager
def reading(source: str, role: Role | None = None) -> Iterator[Read]:
    """Open and measure one local file, or standard input (``-``).

    ``role`` None takes it for what its bytes are. Raises Refused.
    """
    if is_url(source) or is_data_uri(source):
        raise unreadable(source, "URLs are not read here; give a local file")
    try:
        with open_stdin() if source == STDIN else open_path(source) as opened:
            sniffed = sniff(opened.head)
            facts = measure(opened, role or default_role(sniffed, source), sniffed)
            if isinstance(facts, Unreadable):
                raise unreadable(source, facts.message)
            yield Read(source, opened, sniffed, facts)
    except CannotOpen as error:
        raise unreadable(source, error.fact.message) from None


def video_of(read: Read) -> VideoFacts:
    """The facts of a video. Raises Refused for an image."""
    if isinstance(read.facts, ImageFacts):
        raise unreadable(read.source, "it is a still image, not a video")
    return read.facts


def check_pixels(size: tuple[int, int], what: str) -> None:
    """Refuse a picture that is larger than any that is decoded. Sizes in pixels."""
    width, height = size
    if width * height > MAX_IMAGE_PIXELS:
        raise Refused(
            f"{what} of {width}x{height} pixels is too large; {MAX_IMAGE_PIXELS:,} pixels at most"
        )


def displayed_size(source: str) -> tuple[int, int]:
    """Width and height in pixels at which a video or an image is shown. Raises Refused."""
    with reading(source) as read:
        return read.facts.width, read.facts.height
