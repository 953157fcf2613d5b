"""A task's media as frames: upright, square pixels, at the rate and size of the result."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from fractions import Fraction
from typing import Final

from av.video.frame import VideoFrame
from PIL.Image import Image

from vaceprep.contract import OUTPUT_FPS, OUTPUT_PIXELS, Role
from vaceprep.errors import Refused
from vaceprep.facts import ImageFacts, VideoFacts
from vaceprep.plans.encode import Colours, is_hdr, tags
from vaceprep.plans.model import WHITE, EncodeRecipe
from vaceprep.plans.size import Fit, even_size, within
from vaceprep.preparation.image.colours import displayed
from vaceprep.preparation.read import reading, unreadable, video_of
from vaceprep.preparation.video.decode import frames_from
from vaceprep.preparation.video.encode import in_every_slot
from vaceprep.preparation.video.filters import MIDDLE, Chain, source_of

#: The result's frame rate.
RATE: Final = Fraction(OUTPUT_FPS)
TICK: Final = 1 / RATE


def kept(size: tuple[int, int]) -> tuple[int, int]:
    """The even size, of at most 720p, to which the service scales a picture of this size."""
    return even_size(within(size, OUTPUT_PIXELS))


@dataclass(frozen=True, slots=True)
class Clip:
    """A video that passed the check."""

    path: str
    role: Role
    facts: VideoFacts

    @property
    def size(self) -> tuple[int, int]:
        """The displayed size in pixels."""
        return self.facts.width, self.facts.height

    @property
    def frames(self) -> int:
        """The number of result frames that last as long as the clip."""
        length = self.facts.duration or Fraction(0)
        return max(1, int(length * RATE + Fraction(1, 2)))

    @property
    def colours(self) -> Colours:
        """The colours of the result."""
        return tags(self.facts, tone_mapped=is_hdr(self.facts))

    def shots(self, how: Fit) -> Iterator[VideoFrame]:
        """Its frames at the result's rate, as many as ``frames``, in 4:2:0.

        Raises Refused if a frame does not decode.
        """
        recipe = EncodeRecipe(
            start=Fraction(0),
            rate=RATE,
            frames=self.frames,
            size=how,
            rotation=self.facts.rotation or 0,
            mirrored=self.facts.mirrored,
            deinterlace=self.facts.interlaced is not False,
            tone_map=is_hdr(self.facts),
            threshold=self.role == "mask_video_url",
        )
        with reading(self.path, self.role) as read:
            demuxer = read.sniffed.demuxer
            if demuxer is None:
                raise Refused("it is no video")
            with closing(frames_from(read.opened, demuxer, self.facts, Fraction(0))) as frames:
                yield from in_every_slot(frames, self.facts, recipe)

    def masks(self, how: Fit) -> Iterator[VideoFrame]:
        """The frames of a mask as grey frames of full range; the last one is repeated."""
        to_grey: Chain | None = None
        last: VideoFrame | None = None
        for number, frame in enumerate(self.shots(how)):
            if to_grey is None:
                white = f"lutyuv=y='if(gte(val,{MIDDLE}),255,0)'"
                to_grey = Chain(source_of(frame, TICK), [white, "extractplanes=y"])
            frame.pts, frame.time_base = number, TICK
            for last in to_grey.push(frame):
                yield last
        while last is not None:
            # Rounding may make a mask one frame shorter than its video.
            yield last


def clip_of(path: str, role: Role) -> Clip:
    """A video with its facts. Raises Refused."""
    # With a mask's role, the check would read every pixel once more.
    with reading(path, "video_url") as read:
        return Clip(path, role, video_of(read))


def picture_of(path: str, role: Role) -> Image:
    """A still image as displayed, in sRGB without transparency. Raises Refused."""
    with reading(path, role) as read:
        if not isinstance(read.facts, ImageFacts):
            raise unreadable(path, "it is a video, not an image")
        return displayed(read, read.facts, WHITE)
