"""Colours of a PNG from its cICP, sRGB, gAMA and cHRM chunks (PNG, third edition, section 4.3).

The first of cICP, iCCP, sRGB, and gAMA with cHRM counts.
"""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, Final

from vaceprep.probes.images import cicp

if TYPE_CHECKING:
    from vaceprep.probes.images.layout import Layout

COLOUR_CHUNKS: Final = frozenset((b"cICP", b"sRGB", b"gAMA", b"cHRM"))
#: gAMA of sRGB, and the share by which another may differ and count as sRGB: one level. J
_SRGB_GAMMA: Final = 45455
_NEAR_GAMMA: Final = 0.02
#: Most that each of cHRM's coordinates may differ from sRGB's. J
_NEAR_XY: Final = 0.002
_UNIT: Final = 100_000


class Told:
    """The colour chunks of one PNG, the first of each name."""

    def __init__(self) -> None:
        self._bodies: dict[bytes, bytes] = {}

    def take(self, name: bytes, body: bytes) -> None:
        """Keep a chunk's body."""
        self._bodies.setdefault(name, body)

    def into(self, layout: Layout, *, grey: bool) -> None:
        """Add the effective colours to the layout, beside the ICC profile that it already has."""
        named = self._bodies.get(b"cICP", b"")
        if len(named) == 4 and named[2] == 0:
            layout.icc = None
            layout.colours = cicp.of_numbers(named[0], named[1], full=bool(named[3]))
        elif layout.icc is None and b"sRGB" not in self._bodies:
            layout.colours = self._measured(grey)

    def _measured(self, grey: bool) -> cicp.Colours | None:
        body, corners = self._bodies.get(b"gAMA", b""), self._bodies.get(b"cHRM", b"")
        gamma = int.from_bytes(body, "big") if len(body) == 4 else 0
        curve, parts = cicp.srgb_curve, []
        if gamma and abs(gamma / _SRGB_GAMMA - 1) > _NEAR_GAMMA:
            exponent = _UNIT / gamma
            parts.append(f"gamma {exponent:.3g} (gAMA)")

            def curve(x: float) -> float:
                return float(x**exponent)

        chromaticities = cicp.BT709
        if len(corners) == 32 and not grey:
            values = [v / _UNIT for v in struct.unpack(">8I", corners)]
            white, *rgb = zip(values[::2], values[1::2], strict=True)
            found = (rgb[0], rgb[1], rgb[2], white)
            if not _is_near(found) and all(xy[1] > 0 for xy in found[3:]):
                chromaticities = found
                parts.append("its own primaries (cHRM)")
        if not parts:
            return None
        try:
            return cicp.Colours(" and ".join(parts), cicp.profile(chromaticities, curve))
        except (ZeroDivisionError, OverflowError, struct.error):
            # Ignore coordinates that span no colours.
            return None


def _is_near(found: cicp.Chromaticities) -> bool:
    pairs = zip(found, cicp.BT709, strict=True)
    return all(
        abs(a - b) <= _NEAR_XY for one, other in pairs for a, b in zip(one, other, strict=True)
    )
