"""An image prepared for real, and measured again: what several tests share."""

from __future__ import annotations

import os
from io import BytesIO
from pathlib import Path
from typing import Any, NamedTuple

from PIL import Image, ImageChops

import vaceprep
from tests.paths import ROOT
from vaceprep.contract import Role
from vaceprep.facts import ImageFacts
from vaceprep.formats import ENDINGS
from vaceprep.plans.image import plan_image
from vaceprep.plans.model import Options, Plan
from vaceprep.preparation.image.render import made_format, make_image
from vaceprep.preparation.read import reading
from vaceprep.rules.catalogue import Asset, Severity
from vaceprep.rules.judge import judge

FIXTURES = ROOT / "fixtures"
PHOTO: Role = "ref_images_url"
MASK: Role = "mask_image_url"


class Done(NamedTuple):
    """One file before and after."""

    before: ImageFacts
    plan: Plan
    data: bytes
    path: Path
    after: ImageFacts

    @property
    def edits(self) -> list[str]:
        return [edit.edit for edit in self.plan.edits]

    @property
    def image(self) -> Image.Image:
        with Image.open(BytesIO(self.data)) as image:
            image.load()
            return image


def prepare(path: Path, folder: Path, role: Role = PHOTO, **asked: Any) -> Done:
    """Plan, make, write, and measure what came out."""
    options = Options(**asked)
    with reading(str(path), role) as read:
        facts = read.facts
        assert isinstance(facts, ImageFacts)
        plan = plan_image(facts, judge(facts, Asset(role, path.name)), role, options)
        data = make_image(read, plan)
    out = write(folder / f"made{ENDINGS[made_format(data)][0]}", data)
    after = vaceprep.probe(out, role)
    assert isinstance(after, ImageFacts)
    return Done(facts, plan, data, out, after)


def write(path: Path, data: bytes) -> Path:
    path.write_bytes(data)
    return path


def given(folder: Path, data: bytes, role: Role = PHOTO, **asked: Any) -> Done:
    """The same for bytes without a telling name."""
    return prepare(write(folder / "given", data), folder, role, **asked)


def passes(done: Done, role: Role = PHOTO) -> None:
    report = vaceprep.check(done.path, role=role, strict=True)
    assert [f for f in report.findings if f.severity is Severity.ERROR] == []
    again = plan_image(done.after, judge(done.after, Asset(role, done.path.name)), role)
    assert (again.edits, again.recipe) == ((), None)


def furthest(one: Image.Image, other: Image.Image) -> int:
    """The largest difference of any pixel in any channel, in levels of 255."""
    assert (one.size, one.mode) == (other.size, other.mode)
    extrema: Any = ImageChops.difference(one, other).getextrema()
    return max(e[1] for e in extrema) if isinstance(extrema[0], tuple) else int(extrema[1])


def noise(size: tuple[int, int], mode: str = "RGB") -> Image.Image:
    return Image.frombytes(mode, size, os.urandom(size[0] * size[1] * len(mode)))


def scans(data: bytes) -> bytes:
    """A JPEG's coded pixels: from its first scan to the end mark behind it."""
    start = data.index(b"\xff\xda")
    return data[start : data.index(b"\xff\xd9", start)]
