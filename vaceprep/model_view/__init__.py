"""What the model takes of its input. Pure: from sizes, counts and times to the same.

The rules are those of the published code of the open model: advice and preview, never an error.
"""

from __future__ import annotations

from typing import Final

from vaceprep.contract import MODEL_CELL, MODEL_CELLS, MODEL_PIXELS, MODEL_STEP

#: What everything says that shows this.
CAVEAT: Final = "after the published code of the open model; the service may differ"


def steps_in_time(width: int, height: int, frames: int) -> int:
    """Return how many steps in time the model computes of a video. G"""
    return min((frames - 1) // MODEL_STEP + 1, MODEL_CELLS // cells_of(width, height))


def frames_taken(width: int, height: int, frames: int) -> int:
    """Return how many frames the model takes of a video. G"""
    return (steps_in_time(width, height, frames) - 1) * MODEL_STEP + 1


def is_even(frames: int, taken: int) -> bool:
    """Return whether all steps between the frames that the model takes are equal. G

    It takes the first and the last frame, so that they are if equal steps lead from one to the
    other: the times in between lie less than a frame behind such steps.
    """
    return taken < 2 or (frames - 1) % (taken - 1) == 0


def cells_of(width: int, height: int) -> int:
    """Cells that one frame of the source may take."""
    whole = (height // MODEL_CELL) * (width // MODEL_CELL)
    return max(1, min(MODEL_CELLS, MODEL_PIXELS // MODEL_CELL**2, whole))
