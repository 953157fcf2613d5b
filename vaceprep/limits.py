"""The limits used: the contract's, or those that a configuration sets instead.

They are passed as data from the reader of a configuration to the rules and plans, so that two files
of one run may have different limits and threads do not share them.
"""

from __future__ import annotations

from fractions import Fraction
from math import floor
from typing import Any, Final, NamedTuple

from vaceprep import contract
from vaceprep.contract import Role

#: Bytes of a megabyte in the decimal and the binary reading.
DECIMAL: Final = 10**6
BINARY: Final = 2**20


class Limits(NamedTuple):
    """The limits of media and prompts; the contract's by default.

    Seconds and frames per second are exact; a side is in pixels as displayed; a prompt is counted
    in code points.
    """

    #: Longest video and mask video, in seconds. M
    video_seconds: Fraction = contract.MAX_SECONDS
    #: Longest first or last clip, in seconds. U
    clip_seconds: Fraction = contract.MAX_CLIP_SECONDS
    #: Both clips of one request together, in seconds. U
    clips_seconds: Fraction = contract.MAX_CLIPS_SECONDS
    #: Lowest frame rate in frames per second. M
    video_fps: Fraction = contract.MIN_FPS
    #: Largest video, in megabytes. M
    video_megabytes: Fraction = Fraction(contract.VIDEO_BYTES_DECIMAL, DECIMAL)
    #: Largest image, in megabytes. M
    image_megabytes: Fraction = Fraction(contract.IMAGE_BYTES_DECIMAL, DECIMAL)
    #: Shortest and longest side of an image, in pixels. M
    image_side_min: int = contract.IMAGE_SIDE[0]
    image_side_max: int = contract.IMAGE_SIDE[1]
    #: Longest prompt and negative prompt, in code points. M U, M C
    prompt_characters: int = contract.MAX_PROMPT
    negative_prompt_characters: int = contract.MAX_NEGATIVE_PROMPT
    #: The configuration that changed them; None for the contract's own.
    origin: str | None = None

    def seconds(self, role: Role) -> Fraction:
        """The longest duration of a video in that field. M U"""
        clip = role in ("first_clip_url", "last_clip_url")
        return self.clip_seconds if clip else self.video_seconds

    @property
    def video_bytes(self) -> tuple[int, int]:
        """Bytes above which a video may be refused, and above which it is: 10^6 and 2^20. M J"""
        return _both(self.video_megabytes)

    @property
    def image_bytes(self) -> tuple[int, int]:
        """The same for an image. M J"""
        return _both(self.image_megabytes)

    @property
    def inline_characters(self) -> int:
        """Characters of a ``data:`` URI above which it is refused; more with larger images. G"""
        return max(contract.IMAGE_INLINE_CHARACTERS, self.image_bytes[1])

    @property
    def image_side(self) -> tuple[int, int]:
        """Shortest and longest side of an image, in pixels. M"""
        return self.image_side_min, self.image_side_max

    def changed(self) -> dict[str, tuple[Fraction | int, Fraction | int]]:
        """Each limit that differs from the contract's, by key: the value, and the contract's."""
        return {
            key(name): (value, usual)
            for name in NAMES
            if (value := getattr(self, name)) != (usual := getattr(CONTRACT, name))
        }

    def note(self, *names: str) -> str:
        """`` (limit of pyproject.toml)`` if one of these attributes was changed; else empty.

        A message with a limit ends with it, so that nobody mistakes it for the contract's.
        """
        if all(getattr(self, name) == getattr(CONTRACT, name) for name in names):
            return ""
        return f" (limit of {self.origin or 'the configuration'})"

    def to_dict(self) -> dict[str, dict[str, Any]]:
        """The changed limits as JSON values: ``{"video-seconds": {"value": 6, "default": 5}}``."""
        return {
            name: {"value": number(value), "default": number(usual)}
            for name, (value, usual) in self.changed().items()
        }


def _both(megabytes: Fraction) -> tuple[int, int]:
    return floor(megabytes * DECIMAL), floor(megabytes * BINARY)


def key(name: str) -> str:
    """An attribute's key in a configuration: ``video-seconds``."""
    return name.replace("_", "-")


def number(value: Fraction | int) -> int | float:
    """A limit as a JSON number."""
    whole = Fraction(value)
    return int(whole) if whole.denominator == 1 else float(whole)


NAMES: Final = Limits._fields[:-1]
#: The limits without a configuration.
CONTRACT: Final = Limits()
