"""Containers and codecs: the same pictures in each that the machine can encode."""

from __future__ import annotations

from pathlib import Path

from tests.truth.model import Made, Source
from tests.truth.write import Coding, clip


def plain(coding: Coding) -> Source:
    """Pictures at a constant rate, without any quirk."""

    def make(folder: Path) -> Made:
        return Made(*clip(folder, coding))

    return make
