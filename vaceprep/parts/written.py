"""Check a joined video before it gets its name."""

from __future__ import annotations

from fractions import Fraction

from vaceprep.errors import Refused
from vaceprep.facts import VideoFacts
from vaceprep.parts.grid import RATE
from vaceprep.parts.results import Result
from vaceprep.plans.size import even_size
from vaceprep.preparation.verify import look, verified


def check(path: str, first: Result, frames: int, *, sounds: bool) -> None:
    """Measure the file and decode its first frame. Raises Refused if it is not what was asked for.

    ``first`` is a result: the joined video has its size. ``frames`` is its number of frames, and
    ``sounds`` says whether it has a track of sound.
    """
    facts, _ = verified(path, "video_url", "the joined video")
    if not isinstance(facts, VideoFacts):
        raise Refused("the joined video was not written as a video")
    wanted = {
        "frames": frames,
        "length": Fraction(frames) / RATE,
        "size": even_size(first.size),
        "sound": sounds,
    }
    found = {
        "frames": facts.frames,
        "length": facts.duration,
        "size": (facts.width, facts.height),
        "sound": facts.has_audio,
    }
    for name, value in wanted.items():
        if found[name] != value:
            raise Refused(
                f"the joined video was not kept: its {name} would be {found[name]} "
                f"instead of {value}"
            )
    look(path, facts)
