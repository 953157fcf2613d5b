"""A job of a video and its mask: the mask follows the video."""

from __future__ import annotations

import json
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import Any

from PIL import Image

from tests.truth import mosaic
from tests.truth.colour import BT709
from tests.truth.model import Made, Source, Truth, even
from tests.truth.paint import planes
from tests.truth.write import Coding, clip


def _job(folder: Path, **media: str) -> Path:
    fields: dict[str, Any] = {"function": "video_edit", "prompt": "a red car", **media}
    path = folder / "job.json"
    path.write_text(json.dumps(fields), encoding="utf-8")
    return path


def mask_video(video: Coding, mask: Coding) -> Source:
    """A mask video of numbered masks beside a numbered video; what counts is the mask."""

    def draw(number: int) -> Any:
        return planes(mosaic.mask(number), mask.size, mask.pixels, mask.colour)

    def make(folder: Path) -> Made:
        film, truth = clip(folder, replace(video, ending=f"film.{video.container}"))
        beside, masked = clip(folder, replace(mask, ending=f"mask.{mask.container}"), draw=draw)
        path = _job(folder, video_url=film.name, mask_video_url=beside.name)
        told = replace(masked, size=truth.size, mask=True, rate=truth.rate)
        return Made(path, told)

    return make


def mask_image(video: Coding, size: tuple[int, int], number: int = 5) -> Source:
    """A mask image of another size than the video's, nearly black and white."""

    def make(folder: Path) -> Made:
        film, truth = clip(folder, replace(video, ending=f"film.{video.container}"))
        ((packed, _),) = planes(mosaic.mask(number), size, "rgb24", BT709)
        softened = bytes(250 if level else 4 for level in packed)
        Image.frombytes("RGB", size, softened).save(folder / "mask.png")
        path = _job(folder, video_url=film.name, mask_image_url="mask.png")
        shown = even((number,), Fraction(1))
        return Made(path, Truth(shown, truth.size, mask=True))

    return make
