"""Files of every ending pass, stay under the limit, and lose nothing where they need not."""

from __future__ import annotations

import os
from io import BytesIO
from pathlib import Path

import pytest
from PIL import Image

import vaceprep
from vaceprep.contract import IMAGE_BYTES_DECIMAL
from vaceprep.errors import Refused
from vaceprep.formats import WRITTEN
from vaceprep.plans.size import fit
from vaceprep.preparation.image.encode import encode
from vaceprep.preparation.image.render import placed
from vaceprep.preparation.verify import write_verified
from vaceprep.rules.catalogue import Severity


def noise(size: tuple[int, int]) -> Image.Image:
    return Image.frombytes("RGB", size, os.urandom(size[0] * size[1] * 3))


@pytest.mark.parametrize("ending", sorted(WRITTEN))
def test_every_ending_passes(tmp_path: Path, ending: str) -> None:
    image = Image.radial_gradient("L").resize((640, 360)).convert("RGB")
    path = tmp_path / f"a{ending}"
    write_verified(encode(image, WRITTEN[ending]), str(path), force=False, role="first_frame_url")
    report = vaceprep.check(path, role="first_frame_url", strict=True)
    assert report.ok
    assert [f for f in report.findings if f.severity is not Severity.ADVICE] == []
    with Image.open(path) as again:
        same = again.convert("RGB").tobytes() == image.tobytes()
    assert same == (WRITTEN[ending] != "jpeg")


@pytest.mark.parametrize("fmt", ["png", "bmp", "tiff"])
def test_too_large_for_a_lossless_format(fmt: str) -> None:
    with pytest.raises(Refused, match=r"takes 1\d\.\d\d MB, over 10.00 MB; .*\.jpg or \.webp"):
        encode(noise((2000, 2000)), fmt)


@pytest.mark.parametrize("fmt", ["jpeg", "webp"])
def test_the_best_quality_that_fits(fmt: str) -> None:
    image = noise((600, 600))
    limit = len(encode(image, fmt)) // 3
    data = encode(image, fmt, limit)
    assert 0.7 * limit < len(data) <= limit
    with Image.open(BytesIO(data)) as again:
        assert again.size == image.size
    with pytest.raises(Refused, match="no quality"):
        encode(image, fmt, 100)


def test_noise_of_the_largest_size_fits_as_jpeg() -> None:
    assert len(encode(noise((2000, 2000)), "jpeg")) <= IMAGE_BYTES_DECIMAL


def test_padding_is_even_and_black() -> None:
    image = Image.new("RGB", (4000, 300), "white")
    padded = placed(image, fit(image.size))
    assert padded.size == (2000, 360)
    box = padded.convert("L").point(lambda level: 255 * (level > 128)).getbbox()
    assert box == (0, 105, 2000, 255)
