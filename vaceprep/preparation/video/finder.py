"""Find many frames of one video, each as ``seek.find`` does, without opening it for each."""

from __future__ import annotations

from fractions import Fraction

from av.container import InputContainer
from av.video.stream import VideoStream

from vaceprep.facts import VideoFacts
from vaceprep.files.source import Opened
from vaceprep.formats import UNTIMED
from vaceprep.preparation.video.decode import PALETTE, WHOLE
from vaceprep.preparation.video.seek import (
    Found,
    NoFrame,
    TooLate,
    Untimed,
    at_or_before,
    find,
    open_video,
    presented,
)
from vaceprep.probes.container import BROKEN, fraction
from vaceprep.probes.samples import AVI, in_stretches, retimed
from vaceprep.probes.shown_packets import coded, demuxed


class Finder:
    """Finds frames by their times; nothing else may read ``opened`` between two searches."""

    def __init__(self, opened: Opened, demuxer: str, facts: VideoFacts) -> None:
        self._opened, self._demuxer, self._facts = opened, demuxer, facts
        self._container: InputContainer | None = None
        self._video: VideoStream | None = None
        self._first = 0
        self._base = Fraction(0)
        self._seeks = self._can_seek()

    def _can_seek(self) -> bool:
        """Whether frames are found by a seek to their times, and not by other means."""
        if self._demuxer in (AVI, *UNTIMED) or self._demuxer in WHOLE:
            return False
        if self._facts.pixel_format == PALETTE:
            return False
        if self._facts.edit_effect is None:
            return True
        special = retimed(self._opened, self._demuxer) is not None
        return not special and not in_stretches(self._opened, self._demuxer)

    def close(self) -> None:
        """Close the file's decoder."""
        if self._container is not None:
            self._container.close()
            self._container = None

    def find(self, wanted: Fraction) -> Found:
        """Find the frame shown at a time. Raises NoFrame, or one of ``BROKEN``."""
        try:
            found = self._near(wanted) if self._seeks else None
        except (*BROKEN, NoFrame, TooLate, Untimed):
            found = None
        if found is None:
            # The decoder starts afresh after anything unusual.
            self.close()
            return find(self._opened, self._demuxer, wanted, self._facts)
        return found

    def _near(self, wanted: Fraction) -> Found:
        """Find the frame from the keyframe before it."""
        if self._container is None:
            self._start()
        container, video = self._container, self._video
        if container is None or video is None:
            raise Untimed
        target = self._first + int(wanted // self._base)
        container.seek(target, stream=video, backward=True)
        found = at_or_before(container, video, target, self._first, self._base, self._facts)
        if found.at is not None and found.at < 0:
            raise TooLate
        return found

    def _start(self) -> None:
        """Open the file, and read the time of the first frame. Raises Untimed."""
        container, video = open_video(self._opened, self._demuxer)
        self._container, self._video = container, video
        base = fraction(video.time_base)
        first = next(presented(coded(demuxed(container, video), video)), None)
        if base is None or first is None:
            raise Untimed
        self._base, self._first = base, first
