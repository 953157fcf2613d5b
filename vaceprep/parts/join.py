"""Join the results of parts to one video, with the sound of their source."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from fractions import Fraction
from itertools import pairwise
from typing import Final

from vaceprep.errors import CannotCopy, Refused
from vaceprep.files.atomic import FULL, placing
from vaceprep.parts import packets
from vaceprep.parts.grid import RATE, frames_of, placed
from vaceprep.parts.mixed import Mixed
from vaceprep.parts.piece_frames import pictures_at
from vaceprep.parts.pieces import Joined, Piece, Seam
from vaceprep.parts.results import Result, measured, notes_on
from vaceprep.parts.sound import Source, sound_of
from vaceprep.parts.written import check
from vaceprep.plans.size import even_size
from vaceprep.preparation.video.copy import open_mp4
from vaceprep.preparation.video.encode import CRF, PRESET, h264_stream, send
from vaceprep.probes.container import BROKEN, clause

COPIED: Final = "the packets of the results are copied: no frame is encoded"
ENCODED: Final = f"the frames are encoded as H.264, CRF {CRF}"

OnProgress = Callable[[Fraction], None]


def join(
    pieces: Sequence[Piece],
    output: str,
    *,
    sound: str | None,
    sound_start: Fraction = Fraction(0),
    sound_length: Fraction | None = None,
    length: Fraction,
    match: bool = True,
    force: bool = False,
    sources: Sequence[str] = (),
    on_progress: OnProgress | None = None,
    pictures: bool = True,
) -> Joined:
    """Join ``pieces`` to one video of ``length`` seconds, at ``output``.

    ``sound`` is the video whose sound from ``sound_start`` on is put under the whole, at most
    ``sound_length`` seconds of it; None for no sound. ``match``: match the colours of neighbours
    that no shot cut divides. ``sources`` are never overwritten. ``on_progress`` gets the share that
    is done; an exception that it raises, such as Cancelled, ends the work. ``pictures``: also take
    the pictures of the seams.

    Raises Refused, with a sentence; nothing half-written remains.
    """
    places = placed(pieces, length)
    results = measured(places)
    kept = [*(piece.path for piece in pieces), *([sound] if sound else []), *sources]
    notes = notes_on(results)
    with (
        placing(output, force=force, sources=kept, make_folder=True) as place,
        _sound(sound, sound_start, min(length, sound_length or length)) as source,
    ):
        progress = on_progress or _ignore
        try:
            how, seams = _written(results, source, place.path, match, pictures, progress)
        except BROKEN as error:
            if getattr(error, "errno", None) in FULL:
                raise
            raise Refused(f"the results cannot be joined: {clause(error)}") from None
        frames = frames_of(length)
        check(place.path, results[0], frames, sounds=source is not None and source.some)
        place.commit()
    notes.append(COPIED if how is None else f"{ENCODED}, since {how}")
    if source is not None:
        notes.append(source.note())
    elif sound is not None:
        notes.append(f"{os.path.basename(sound)} has no sound; the video is silent")
    return Joined(output, how is None, frames, tuple(seams), tuple(notes))


def _written(
    results: Sequence[Result],
    source: Source | None,
    path: str,
    match: bool,
    pictures: bool,
    on_progress: OnProgress,
) -> tuple[str | None, list[Seam]]:
    """Write the video. Return why its frames are encoded, None if packets are copied; the seams."""
    try:
        made = packets.plan(results)
    except CannotCopy as reason:
        return str(reason), _encode(results, source, path, match, pictures, on_progress)
    packets.write(results, made, source, path, on_progress)
    seams = []
    for before, after in pairwise(results):
        last, first = pictures_at(before, after) if pictures else (None, None)
        seams.append(Seam(after.place.first / RATE, False, None, last, first))
    return None, seams


def _ignore(_: Fraction) -> None:
    pass


def _sound(
    path: str | None, start: Fraction, length: Fraction
) -> AbstractContextManager[Source | None]:
    return nullcontext() if path is None else sound_of(path, start, length)


def _encode(
    results: Sequence[Result],
    source: Source | None,
    path: str,
    match: bool,
    pictures: bool,
    on_progress: OnProgress,
) -> list[Seam]:
    """Decode, mix and encode all frames."""
    size = even_size(results[0].size)
    mixed = Mixed(results, size, match=match, pictures=pictures)
    whole = results[-1].place.end
    with open_mp4(path, RATE.numerator, edits=source is not None) as out:
        stream = h264_stream(out, RATE, size, results[0].colours)
        stream.options = {"preset": PRESET, "crf": str(CRF)}
        if source is not None:
            source.begin(out)
        for number, frame in enumerate(mixed.frames()):
            send(out, stream, frame, number, RATE)
            if source is not None:
                source.until(number / RATE)
            on_progress(Fraction(number + 1, whole))
        out.mux(stream.encode(None))
        if source is not None:
            source.until(None)
    return mixed.seams
