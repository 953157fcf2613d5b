"""The numbers of the advice on what the model makes of a request: the contract's last part.

The service enforces none of them. They are first values, tuned by tests; the marks are those of
``contract``.
"""

from __future__ import annotations

from fractions import Fraction
from typing import Final

from vaceprep.contract import MODEL_STEP

# --- what a clip's frames look like, measured on 64x36 grey values from 0 to 255 -------------

#: Mean difference between two neighbouring frames above which a shot may change, how many times the
#: median of the differences around it that is, and how many are around it. J
CUT_DIFFERENCE: Final = 30.0
CUT_RATIO: Final = 3.0
CUT_AROUND: Final = 12
#: The same mean difference where most of the picture changes: the part that does, and the greatest
#: correlation of the two frames. J
UNLIKE_DIFFERENCE: Final = 15.0
UNLIKE_PART: Final = 0.65
UNLIKE: Final = 0.75
#: Correlation below which two frames show nothing in common, and the ratio that is enough then. J
FOREIGN: Final = 0.5
FOREIGN_RATIO: Final = 2.0
#: Mean difference below which a clip stands still, and spread of the luma below which a frame is
#: one flat colour. J
STILL_DIFFERENCE: Final = 0.5
FLAT_SPREAD: Final = 2
#: Luma below which a line at the border is black, and the least part of a side that black lines
#: take as a bar. J
BAR_LUMA: Final = 20
BAR_SHARE: Final = Fraction(1, 50)

# --- advice on what the model makes of a request ---------------------------------------------

#: Part of its linear size that an outpainted video keeps at least. U G
KEPT_LINEAR: Final = Fraction(1, 2)
#: Seconds of new video that are worth an extension's price. U
NEW_SECONDS: Final = Fraction(3)
#: Part of the canvas that may stay white around a reference. G
WHITE_SHARE: Final = Fraction(1, 3)

# --- the shape of masks ----------------------------------------------------------------------

#: Part of the picture that changes and changes back, and within how many frames, where a mask
#: flickers. G J
FLICKER_SHARE: Final = Fraction(1, 100)
FLICKER_FRAMES: Final = MODEL_STEP
#: Part of the picture below which an island or a hole is tiny, and how many of them there may be. J
SPECK_SHARE: Final = Fraction(5, 10_000)
MOST_SPECKS: Final = 20
#: Part of a mask that is white at least. G R
LEAST_WHITE: Final = Fraction(1, 100)

# --- reference images ------------------------------------------------------------------------

#: Part of each side that is the border of a reference, the levels by which a colour differs from
#: the border's usual one, and the part of the border that may: more is no plain background. U J
BORDER_SHARE: Final = Fraction(1, 20)
BORDER_LEVELS: Final = 24
BUSY_SHARE: Final = Fraction(3, 10)
