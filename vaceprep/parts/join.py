"""Join the results of parts to one video, with the sound of their source."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from fractions import Fraction

from vaceprep.parts.pieces import Joined, Piece

OnProgress = Callable[[Fraction], None]


def join(
    pieces: Sequence[Piece],
    output: str,
    *,
    sound: str | None,
    sound_start: Fraction = Fraction(0),
    length: Fraction,
    match: bool = True,
    force: bool = False,
    sources: Sequence[str] = (),
    on_progress: OnProgress | None = None,
    pictures: bool = True,
) -> Joined:
    """Join ``pieces`` to one video of ``length`` seconds, at ``output``.

    ``sound`` is the video whose sound from ``sound_start`` on is put under the whole; None for no
    sound. ``match``: match the colours of neighbours that no shot cut divides. ``sources`` are
    never overwritten. ``on_progress`` gets the share that is done; an exception that it raises,
    such as Cancelled, ends the work. ``pictures``: also take the pictures of the seams.

    Raises Refused, with a sentence; nothing half-written remains.
    """
    raise NotImplementedError
