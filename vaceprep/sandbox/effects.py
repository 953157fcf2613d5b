"""Effects: what the sandbox makes of a task's media, on request."""

from __future__ import annotations

from typing import Final, NamedTuple

#: Every effect and what it does.
DESCRIPTIONS: Final = {
    "identity": "video_url is the result: same pictures, 30 FPS",
    "drift": "each task shifts colours further: brighter, redder",
    "frame-more": "one frame more than 30 x the length, as the service",
}
EFFECTS: Final = tuple(DESCRIPTIONS)
#: Tasks until ``drift`` turns back: with more, colours would be clipped.
TURN: Final = 8
#: What one step of ``drift`` changes: contrast of luma, and levels of Y, U and V.
CONTRAST: Final = 0.02
LEVELS: Final = (5, -3, 3)
#: The middle of luma in limited range.
MIDDLE: Final = 126


class Effects(NamedTuple):
    """The effects on one task."""

    identity: bool = False
    #: Steps of the colour shift; 0 shifts nothing.
    drift: int = 0
    frame_more: bool = False

    def filters(self) -> list[str]:
        """Return the filters of every frame, in limited range."""
        if not self.drift:
            return []
        gain = 1 - CONTRAST * self.drift
        y, u, v = (level * self.drift for level in LEVELS)
        return [
            f"lutyuv=y='clip((val-{MIDDLE})*{gain}+{MIDDLE + y},16,235)'"
            f":u='clip(val+{u},16,240)':v='clip(val+{v},16,240)'"
        ]


NO_EFFECTS: Final = Effects()


def parse_effect(text: str) -> str:
    """Return the name of an effect. Raises ValueError."""
    if text not in DESCRIPTIONS:
        raise ValueError(f"there is no effect {text!r}; effects: {', '.join(EFFECTS)}")
    return text


def effects_of(names: tuple[str, ...], number: int) -> Effects:
    """Return the effects on task ``number``, counted from 0 in the order of acceptance.

    The drift of a task is its number; from the eighth on it goes back, and so on.
    """
    place = number % (2 * TURN)
    drift = min(place, 2 * TURN - place) if "drift" in names else 0
    return Effects("identity" in names, drift, "frame-more" in names)
