"""Facts of images and options: compliant, nearly so, and anything."""

from __future__ import annotations

from dataclasses import fields as dataclass_fields
from dataclasses import replace
from typing import Any

from hypothesis import strategies as st

from tests.plans.anyfacts import limits
from vaceprep.contract import (
    IMAGE_BYTES_BINARY,
    IMAGE_BYTES_DECIMAL,
    MAX_IMAGE_PIXELS,
)
from vaceprep.facts import ImageFacts, MaskFacts
from vaceprep.plans.model import Options

GOOD = ImageFacts(
    format="jpeg",
    bytes=500_000,
    stored_width=1280,
    stored_height=720,
    width=1280,
    height=720,
    orientation=1,
    mode="RGB",
    bit_depth=8,
    has_alpha=False,
    icc_profile=None,
    srgb=True,
    frames=1,
    location=(),
    decoded=True,
    mask=None,
)
MASK = replace(GOOD, format="png", mode="L", mask=MaskFacts(921_600, 21_600, 900_000, 0, 1, None))

FORMATS = "jpeg png bmp tiff webp gif heic heif avif jp2 pnm psd qoi pcx something".split()
MODES = "RGB RGBA RGBX RGBa L LA La P PA 1 I F CMYK YCbCr LAB HSV I;16 I;16B RGB;16 RGBA;16 L;2"
SIDES = st.one_of(
    st.integers(1, 3000),
    st.sampled_from([1, 2, 359, 360, 361, 1999, 2000, 2001, 20_000, 13_000]),
    st.integers(1, MAX_IMAGE_PIXELS),
)
BYTES = st.one_of(
    st.none(),
    st.integers(0, 2**40),
    st.sampled_from(
        [IMAGE_BYTES_DECIMAL, IMAGE_BYTES_DECIMAL + 1, IMAGE_BYTES_BINARY, IMAGE_BYTES_BINARY + 1]
    ),
)
PLACES = st.sampled_from([(), ("GPSLatitude",), ("GPSLatitude", "BodySerialNumber")])


@st.composite
def masks(draw: st.DrawFn) -> MaskFacts | None:
    if draw(st.integers(0, 9)) == 0:
        return None
    white, black, other = (draw(st.sampled_from([0, 1, 7, 90_000])) for _ in range(3))
    return MaskFacts(white + black + other, white, black, other, 1, 1 if other else None)


@st.composite
def any_facts(draw: st.DrawFn) -> ImageFacts:
    """Anything, or something compliant of which a few fields are anything."""
    odd = draw(odd_facts())
    if draw(st.booleans()):
        return odd
    fields = draw(st.sets(st.sampled_from(sorted(ODD_FIELDS)), max_size=3))
    base = replace(draw(st.sampled_from([GOOD, MASK])), format=draw(st.sampled_from(FORMATS[:5])))
    changes: dict[str, Any] = {"mask": MASK.mask, **{name: getattr(odd, name) for name in fields}}
    return replace(base, **changes)


ODD_FIELDS = {field.name for field in dataclass_fields(ImageFacts)} - {"decoded"}


@st.composite
def odd_facts(draw: st.DrawFn) -> ImageFacts:
    width = draw(SIDES)
    height = min(draw(SIDES), max(MAX_IMAGE_PIXELS // width, 1))
    orientation = draw(st.integers(1, 8))
    stored = (height, width) if orientation >= 5 else (width, height)
    profile = draw(st.sampled_from([None, "sRGB", "Display P3", "a damaged profile"]))
    return ImageFacts(
        format=draw(st.sampled_from(FORMATS)),
        bytes=draw(BYTES),
        stored_width=stored[0],
        stored_height=stored[1],
        width=width,
        height=height,
        orientation=orientation,
        mode=draw(st.sampled_from(MODES.split())),
        bit_depth=draw(st.sampled_from([None, 1, 2, 4, 5, 8, 16, 32])),
        has_alpha=draw(st.sampled_from([None, False, True])),
        icc_profile=profile,
        srgb=profile in (None, "sRGB") or draw(st.booleans()),
        frames=draw(st.sampled_from([1, 2, 10_000])),
        location=draw(PLACES),
        decoded=draw(st.integers(0, 9)) > 0,
        mask=draw(masks()),
    )


COLOURS = st.sampled_from([None, (255, 255, 255), (1, 2, 3), (9, 9, 9)])
ANY_OPTIONS = st.builds(
    Options,
    limits=limits,
    only_errors=st.booleans(),
    shape=st.sampled_from(["pad", "crop"]),
    background=COLOURS,
    size=st.one_of(
        st.none(),
        st.none(),
        st.sampled_from([(1280, 720), (640, 360), (320, 240), (2001, 400), (1, 1)]),
        st.tuples(st.integers(1, 4000), st.integers(1, 4000)),
    ),
)
