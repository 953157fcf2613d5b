"""The sound of the source under a joined video, interleaved with its picture."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from fractions import Fraction
from typing import Final

from av.container import OutputContainer

from vaceprep.files.source import Opened
from vaceprep.parts.grid import RATE
from vaceprep.preparation.read import reading, video_of
from vaceprep.preparation.video.audio import Sound
from vaceprep.probes.sniff import Sniffed

#: A last packet of sound may end so much behind the source's picture; players allow more.
OVER: Final = 1 / RATE


class Source:
    """An open video whose sound is used from ``start`` on, for ``length`` seconds."""

    def __init__(
        self, name: str, opened: Opened, sniffed: Sniffed, start: Fraction, length: Fraction
    ) -> None:
        self.name = name
        self._opened, self._sniffed = opened, sniffed
        self._start, self._length = start, length
        self._steps: Iterator[Fraction] = iter(())
        self._at = Fraction(-1)
        self._sound: Sound | None = None
        #: Whether any sound was written.
        self.some = False

    def begin(self, out: OutputContainer) -> None:
        """Add the track of sound to an output."""
        self._sound = Sound(
            out, self._opened, self._sniffed, self._start, self._length, exact=True, over=OVER
        )
        self._steps = self._sound.steps()

    def until(self, time: Fraction | None) -> None:
        """Mux the sound up to a time of the joined video; None: all of it."""
        while time is None or self._at < time:
            at = next(self._steps, None)
            if at is None:
                return
            self._at, self.some = at, True

    def close(self) -> None:
        """Close the source."""
        if self._sound is not None:
            self._sound.close()

    def note(self) -> str:
        """Return what was done with the sound, as a sentence."""
        if self._sound is None or not self.some:
            return f"{self.name} has no sound in this window; the video is silent"
        if self._sound.copied:
            return f"the sound of {self.name} is copied, packet by packet"
        return f"the sound of {self.name} is encoded as AAC, since MP4 does not carry its codec"


@contextmanager
def sound_of(path: str, start: Fraction, length: Fraction) -> Iterator[Source | None]:
    """Open a source of sound; None if it has no sound. Raises Refused if it cannot be read."""
    with reading(path, "video_url") as read:
        facts = video_of(read)
        if not facts.has_audio or read.sniffed.demuxer is None:
            yield None
            return
        source = Source(os.path.basename(path), read.opened, read.sniffed, start, length)
        try:
            yield source
        finally:
            source.close()
