"""The frames of the joined video: those of its pieces, matched in colour and cross-faded."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from fractions import Fraction
from itertools import pairwise
from typing import Final

from av.video.frame import VideoFrame

from vaceprep.parts.colour_match import NONE, correction
from vaceprep.parts.colours import difference
from vaceprep.parts.fade import Fade
from vaceprep.parts.grid import RATE, weight
from vaceprep.parts.piece_frames import PieceFrames, samples
from vaceprep.parts.pieces import Seam
from vaceprep.parts.results import Result
from vaceprep.plans.encode import Colours

#: Most frames of an overlap that are looked ahead at, for as many are held in memory.
LOOK: Final = 15
#: Every so many of them is measured.
STEP: Final = 4


class Mixed:
    """The frames of the joined video in order, and its seams as far as they are reached."""

    def __init__(
        self, results: Sequence[Result], size: tuple[int, int], *, match: bool, pictures: bool
    ) -> None:
        self._results = results
        self._size = size
        self._colours: Colours = results[0].colours
        self._match, self._pictures = match, pictures
        self.seams: list[Seam] = []

    def frames(self) -> Iterator[VideoFrame]:
        """Yield every frame. Raises Refused where a frame does not decode."""
        active: list[tuple[PieceFrames, ExitStack]] = []
        fade: Fade | None = None
        with ExitStack() as everything:
            for number in range(self._results[-1].place.end):
                for result in self._results:
                    if result.place.first == number:
                        stack = everything.enter_context(ExitStack())
                        piece = stack.enter_context(PieceFrames(result, self._size, self._colours))
                        if active:
                            self._meet(active[-1][0], piece, number)
                        active.append((piece, stack))
                while active[0][0].result.place.end <= number:
                    active.pop(0)[1].close()
                frame = active[0][0].take()
                for (before, _), (piece, _) in pairwise(active):
                    fade = fade or Fade(frame)
                    share = weight(number, piece.result.place.first, before.result.place.end)
                    frame = fade.mixed(frame, piece.take(), share)
                yield frame

    def _meet(self, before: PieceFrames, piece: PieceFrames, number: int) -> None:
        """Match a piece to the one before it, and record the seam."""
        overlap = before.result.place.end - number
        common = min(overlap, LOOK)
        cut = piece.result.place.piece.after_cut
        matched = False
        if self._match and not cut:
            # Without an overlap, the frame after the last one shows the moment of the seam.
            numbers = range(0, max(common, 1), STEP)
            made = correction(
                samples(before, numbers, shown=True), samples(piece, numbers, shown=False)
            )
            piece.correct(made)
            matched = made != NONE
        middle = common // 2
        first, last = piece.shown(middle), before.last
        unlike = None
        if common or not cut:
            beside = before.shown(middle)
            unlike = difference(before.pixels(beside), piece.pixels(first))
            last = beside if common else last
        self.seams.append(
            Seam(
                at=Fraction(2 * number + overlap, 2) / RATE,
                matched=matched,
                difference=unlike,
                last=before.picture(last) if self._pictures and last is not None else None,
                first=piece.picture(first) if self._pictures else None,
            )
        )
