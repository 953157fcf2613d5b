"""Clean a strict mask: small islands and holes removed, its edges closed and opened."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING, Final, NamedTuple

from vaceprep.contract_advice import SPECK_SHARE
from vaceprep.errors import Refused

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray
    from PIL.Image import Image

    Mask = NDArray[np.bool_]

#: Pixels by which edges are closed and opened: gaps and lines of up to twice as many go. J
RADIUS: Final = 2
NEEDED: Final = "--clean needs numpy and scipy: pip install 'vaceprep[pixels]'"


class Cleaned(NamedTuple):
    """A cleaned mask and what was changed."""

    image: Image
    islands: int
    holes: int
    #: Part of all pixels that changed.
    changed: Fraction

    @property
    def remark(self) -> str:
        """A sentence on what was changed."""
        if not self.changed:
            return "cleaned: no pixel had to change"
        share = max(float(100 * self.changed), 0.001)
        parts = [
            f"{count:,} small {name}{'' if count == 1 else 's'}"
            for count, name in ((self.islands, "island"), (self.holes, "hole"))
            if count
        ]
        removed = f"; {' and '.join(parts)} removed" if parts else ""
        return f"cleaned: {share:.3g} % of the pixels changed{removed}"


def check_clean() -> None:
    """Raise Refused where what cleaning needs is not installed."""
    try:
        import numpy as np  # noqa: F401
        import scipy.ndimage  # noqa: F401
    except ImportError:
        raise Refused(NEEDED) from None


def cleaned(mask: Image) -> Cleaned:
    """Clean a strict mask of black and white, 8-bit grey. Raises Refused.

    The largest white and the largest black part stay, however small they are.
    """
    check_clean()
    import numpy as np
    from PIL import Image as Pillow

    before: Mask = np.asarray(mask) > 0
    white, islands, holes = _without_specks(before)
    # What is left of lines and gaps may be small again.
    white, *_ = _without_specks(_smooth(white))
    changed = Fraction(int(np.count_nonzero(white != before)), max(before.size, 1))
    image = Pillow.fromarray(white.astype(np.uint8) * 255)
    return Cleaned(image, islands, holes, changed)


def _without_specks(white: Mask) -> tuple[Mask, int, int]:
    """Return a mask without small islands and holes, and how many of each it had."""
    white, islands = _without_small(white, corners=True)
    black, holes = _without_small(~white, corners=False)
    return ~black, islands, holes


def _without_small(parts: Mask, *, corners: bool) -> tuple[Mask, int]:
    """Remove small connected parts but the largest; ``corners``: corners connect too."""
    import numpy as np
    from scipy import ndimage

    labels, count = ndimage.label(parts, structure=np.ones((3, 3)) if corners else None)
    if not count:
        return parts, 0
    sizes = np.bincount(labels.ravel())
    sizes[0] = 0
    kept = sizes >= float(SPECK_SHARE * parts.size)
    kept[sizes.argmax()] = True
    kept[0] = False
    return kept[labels], count - int(np.count_nonzero(kept))


def _smooth(white: Mask) -> Mask:
    """Close gaps and remove lines that are thinner than any of three shapes.

    A part that is a union of squares, discs or diamonds of that width stays as it is, so that
    neither right angles nor curves nor slopes are rounded off.
    """
    import numpy as np

    # The picture's border is no edge of the mask.
    edge = 2 * RADIUS
    padded: Mask = np.pad(white, edge, mode="edge")
    opened = _opened(~_opened(~padded))
    return opened[edge:-edge, edge:-edge]


def _opened(white: Mask) -> Mask:
    """Return the union of the openings by a square, a disc and a diamond."""
    import numpy as np
    from scipy import ndimage

    across, down = np.ogrid[-RADIUS : RADIUS + 1, -RADIUS : RADIUS + 1]
    square = np.ones((2 * RADIUS + 1, 2 * RADIUS + 1), bool)
    shapes = (
        square,
        across**2 + down**2 <= RADIUS**2 + 1,
        abs(across) + abs(down) <= RADIUS,
    )
    found: Mask = np.zeros_like(white)
    for shape in shapes:
        found |= ndimage.binary_opening(white, shape)
    return found
