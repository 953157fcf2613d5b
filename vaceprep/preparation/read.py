"""Open and measure sources safely, or refuse them in one sentence."""

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
    """One open source with the results of sniffing its first bytes and of a probe."""

    source: str
    opened: Opened
    sniffed: Sniffed
    facts: Facts


def unreadable(source: str, clause: str) -> Refused:
    """Return the refusal of a source that cannot be measured."""
    name = "standard input" if source == STDIN else source
    return Refused(f"{name} cannot be read: {clause}")


@contextmanager
def reading(source: str, role: Role | None = None) -> Iterator[Read]:
    """Open and measure one local file, or standard input (``-``).

    ``role`` None chooses the role by content. Raises Refused.
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
    """Return the facts of a video. Raises Refused for an image."""
    if isinstance(read.facts, ImageFacts):
        raise unreadable(read.source, "it is a still image, not a video")
    return read.facts


def check_pixels(size: tuple[int, int], what: str) -> None:
    """Raise Refused for a picture over the pixel limit of decoding. Sizes in pixels."""
    width, height = size
    if width * height > MAX_IMAGE_PIXELS:
        raise Refused(
            f"{what} of {width}x{height} pixels is too large; {MAX_IMAGE_PIXELS:,} pixels at most"
        )


def displayed_size(source: str) -> tuple[int, int]:
    """Return the displayed width and height of a video or an image in pixels. Raises Refused."""
    with reading(source) as read:
        return read.facts.width, read.facts.height
