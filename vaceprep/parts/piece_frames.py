"""The frames of one piece, one for each frame of the joined video, with its colours corrected."""

from __future__ import annotations

import io
import os
import tempfile
from collections import deque
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, closing
from dataclasses import replace
from fractions import Fraction
from typing import Final

from av.video.frame import VideoFrame
from PIL.Image import Image

from vaceprep.errors import Refused
from vaceprep.files.source import CannotOpen, open_path
from vaceprep.parts.colour_match import NONE, Correction, changes, cube, table
from vaceprep.parts.grid import RATE, Placed
from vaceprep.parts.results import Result
from vaceprep.plans.encode import Colours, is_hdr
from vaceprep.plans.model import EncodeRecipe
from vaceprep.plans.size import Fit, even_size
from vaceprep.preparation.video.decode import frames_from
from vaceprep.preparation.video.encode import in_every_slot
from vaceprep.preparation.video.filters import LANCZOS, SCALED, Chain, source_of
from vaceprep.preparation.video.frame import as_image
from vaceprep.probes.container import BROKEN, clause

#: Pixels of a picture that colours are measured on.
SAMPLES: Final = 48 * 27
#: Pixels and quality of the pictures of a seam.
PICTURE: Final = 320 * 180
QUALITY: Final = 80
TICK: Final[Fraction] = 1 / RATE


class PieceFrames:
    """The frames of a result in order. A context manager; it holds only frames looked ahead at."""

    def __init__(self, result: Result, size: tuple[int, int], colours: Colours) -> None:
        """``size`` and ``colours`` are those of the joined video."""
        self.result = result
        self._size, self._colours = size, colours
        self._stack = ExitStack()
        self._frames: Iterator[VideoFrame] = iter(())
        self._ahead: deque[VideoFrame] = deque()
        self._steps = self._to_matrix()
        self._chain: Chain | None = None
        self._small: dict[int, Chain] = {}
        #: The last frame that was taken, as it is shown.
        self.last: VideoFrame | None = None

    def __enter__(self) -> PieceFrames:
        try:
            self._frames = self._open()
        except CannotOpen as error:
            self._stack.close()
            raise Refused(f"{self.result.path} cannot be read: {error.fact.message}") from None
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def _open(self) -> Iterator[VideoFrame]:
        result, facts = self.result, self.result.facts
        place = result.place
        opened = self._stack.enter_context(open_path(result.path))
        decoded = frames_from(opened, result.sniffed.demuxer or "", facts, place.offset)
        self._stack.enter_context(closing(decoded))
        recipe = EncodeRecipe(
            start=place.offset,
            rate=RATE,
            # One more, which shows the moment at which the next piece begins.
            frames=place.end - place.first + 1,
            size=Fit(self._size, self._size),
            rotation=facts.rotation or 0,
            mirrored=facts.mirrored,
            deinterlace=facts.interlaced is not False,
            tone_map=is_hdr(facts),
        )
        return in_every_slot(decoded, facts, recipe)

    def _next(self) -> VideoFrame:
        try:
            return next(self._frames)
        except StopIteration:
            raise Refused(f"{self.result.path} cannot be joined: no frame decodes") from None
        except Refused as error:
            raise Refused(f"{self.result.path} cannot be joined: {error}") from None
        except BROKEN as error:
            raise Refused(f"{self.result.path} cannot be joined: {clause(error)}") from None

    def raw(self, number: int) -> VideoFrame:
        """Return the frame ``number`` frames ahead of the next one, without correction."""
        while len(self._ahead) <= number:
            self._ahead.append(self._next())
        return self._ahead[number]

    def shown(self, number: int) -> VideoFrame:
        """Return the same frame as it is shown."""
        return self._through(self.raw(number))

    def take(self) -> VideoFrame:
        """Return the next frame as it is shown."""
        frame = self._ahead.popleft() if self._ahead else self._next()
        self.last = self._through(frame)
        return self.last

    def _through(self, frame: VideoFrame) -> VideoFrame:
        if not self._steps:
            return frame
        if self._chain is None:
            self._chain = Chain(source_of(frame, TICK), self._steps)
        frame.pts, frame.time_base = 0, TICK
        for made in self._chain.push(frame):
            return made
        raise Refused(f"{self.result.path} cannot be joined: a frame is lost in the filters")

    def correct(self, made: Correction) -> None:
        """Correct the colours of all frames from the next one on."""
        if made == NONE:
            return
        entries = table(made)
        if not changes(entries):
            return
        folder = self._stack.enter_context(tempfile.TemporaryDirectory(prefix="vaceprep-"))
        path = os.path.join(folder, "match.cube")
        with open(path, "w", encoding="ascii") as file:
            file.write(cube(entries))
        ours, theirs = _matrix(self.result.colours), _matrix(self._colours)
        self._steps = [
            f"scale={LANCZOS}:in_color_matrix={ours}:in_range=tv:out_range=pc",
            "format=gbrp",
            f"lut3d=file={_escaped(path)}:interp=tetrahedral",
            f"scale={LANCZOS}:out_color_matrix={theirs}:in_range=pc:out_range=tv",
            "format=yuv420p",
        ]
        self._chain = None

    def _to_matrix(self) -> list[str]:
        """Return the filters from the piece's matrix to the joined video's."""
        ours, theirs = _matrix(self.result.colours), _matrix(self._colours)
        if ours == theirs:
            return []
        return [f"scale={LANCZOS}:in_color_matrix={ours}:out_color_matrix={theirs}:out_range=tv"]

    def pixels(self, frame: VideoFrame, *, shown: bool = True) -> bytes:
        """Return the packed RGB of a small picture of a frame of this piece."""
        return self._rgb(frame, SAMPLES, shown).tobytes()

    def picture(self, frame: VideoFrame) -> bytes:
        """Return a small picture of a shown frame, as JPEG."""
        buffer = io.BytesIO()
        self._rgb(frame, PICTURE, True).save(buffer, "JPEG", quality=QUALITY)
        return buffer.getvalue()

    def _rgb(self, frame: VideoFrame, pixels: int, shown: bool) -> Image:
        width, height = small(self._size, pixels)
        key = 2 * pixels + shown
        if key not in self._small:
            matrix = _matrix(self._colours if shown else self.result.colours)
            scale = f"scale={width}:{height}:flags=area:in_color_matrix={matrix}:in_range=tv"
            self._small[key] = Chain(source_of(frame, TICK), [scale, "format=rgb24"])
        frame.pts, frame.time_base = 0, TICK
        for made in self._small[key].push(frame):
            return as_image(made, "RGB")
        raise Refused(f"{self.result.path} cannot be joined: a frame is lost in the filters")


def small(size: tuple[int, int], pixels: int) -> tuple[int, int]:
    """Return a size of the same shape with about so many pixels, never a larger one."""
    width, height = size
    factor = min(1.0, (pixels / (width * height)) ** 0.5)
    return max(1, round(width * factor)), max(1, round(height * factor))


def samples(frames: PieceFrames, numbers: Sequence[int], *, shown: bool) -> list[bytes]:
    """Return small pictures of the frames so far ahead."""
    take = frames.shown if shown else frames.raw
    return [frames.pixels(take(number), shown=shown) for number in numbers]


def _matrix(colours: Colours) -> str:
    return SCALED.get(colours.matrix, colours.matrix)


def _escaped(path: str) -> str:
    """Return a path as a value among the arguments of a filter."""
    return "".join(f"\\{c}" if c in "\\':,;[]" else c for c in path)


def pictures_at(before: Result, after: Result) -> tuple[bytes, bytes]:
    """Return pictures of the last used frame of one result and the first of the next."""
    found = []
    for result, number in ((before, before.place.end - 1), (after, after.place.first)):
        place = Placed(result.place.piece, number, number + 1)
        there = replace(result, place=place)
        with PieceFrames(there, even_size(result.size), result.colours) as frames:
            found.append(frames.picture(frames.raw(0)))
    return found[0], found[1]
