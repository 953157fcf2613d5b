"""Images prepared for real: what was predicted comes out, passes, and needs nothing more."""

from __future__ import annotations

import json
import sys
import threading
from dataclasses import replace
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

import vaceprep
from tests.preparation.stills import FIXTURES, MASK, PHOTO, given, passes, prepare, write
from tests.probes.stillmedia import CORPUS, picture, saved
from vaceprep.contract import IMAGE_ROLES, Role
from vaceprep.errors import Refused
from vaceprep.facts import ImageFacts
from vaceprep.plans.image import plan_image
from vaceprep.plans.model import ImageRecipe, Options, Plan
from vaceprep.plans.predict import predict_image
from vaceprep.plans.size import Fit
from vaceprep.preparation.image import render as image_module
from vaceprep.preparation.image.render import make_image
from vaceprep.preparation.read import reading
from vaceprep.rules.catalogue import Asset, Severity
from vaceprep.rules.judge import judge

ROLES = {
    entry["file"]: entry["role"]
    for entry in json.loads((FIXTURES / "expected.json").read_text("utf-8"))
    if entry["role"] in IMAGE_ROLES
}
OTHERS = sorted(CORPUS.glob("exif/*.jpg")) + sorted(CORPUS.glob("vace/[im]*/*.*"))
FILES = [(FIXTURES / name, role) for name, role in ROLES.items()]
FILES += [(path, MASK if path.parent.name == "masks" else PHOTO) for path in OTHERS]


# --- every file there is -------------------------------------------------------------------


@pytest.mark.parametrize(("path", "role"), FILES, ids=lambda v: getattr(v, "name", v))
def test_every_readable_image(path: Path, role: Role, tmp_path: Path) -> None:
    try:
        facts = vaceprep.probe(path, role)
    except vaceprep.ProbeError:
        return
    if not isinstance(facts, ImageFacts):
        return
    plan = plan_image(facts, judge(facts, Asset(role, path.name)), role)
    if not plan.possible:
        assert [f.code for f in plan.remaining] == ["VP303"]
        return
    done = prepare(path, tmp_path, role)
    if not done.plan.recipe:
        assert done.data == path.read_bytes()
    if "mask-full" not in [f.rule for f in done.plan.remaining]:
        passes(done, role)
    expected = predict_image(done.plan, facts)
    assert (done.after.bytes or 0) <= (expected.bytes or 0)
    found = done.after
    if done.plan.lossless or role != MASK:
        assert found.mask == expected.mask
    assert replace(found, bytes=0, mask=None) == replace(expected, bytes=0, mask=None)


ASKED: list[dict[str, Any]] = [
    {"only_errors": True},
    {"size": (640, 368)},
    {"size": (640, 368), "shape": "crop", "background": (1, 2, 3)},
    {"size": (400, 400), "only_errors": True},
]


# Every day each option meets a third of the files, another third than the one before.
@pytest.mark.parametrize(
    ("asked", "files"),
    [
        *(pytest.param(a, FILES[n % 3 :: 3], id=f"{a}-third") for n, a in enumerate(ASKED)),
        *(pytest.param(a, FILES, id=f"{a}-all", marks=pytest.mark.long) for a in ASKED),
    ],
)
def test_every_option_comes_out_as_predicted(
    asked: dict[str, Any], files: list[tuple[Path, Role]], tmp_path: Path
) -> None:
    for path, role in files:
        try:
            facts = vaceprep.probe(path, role)
        except vaceprep.ProbeError:
            continue
        plan = plan_image(facts, judge(facts, Asset(role, path.name)), role, Options(**asked))
        if not plan.possible:
            continue
        done = prepare(path, tmp_path, role, **asked)
        report = vaceprep.check(done.path, role=role)
        assert not [f for f in report.findings if f.severity is Severity.ERROR], path
        expected = predict_image(done.plan, done.before)
        found = replace(done.after, bytes=0, mask=None)
        assert found == replace(expected, bytes=0, mask=None), path


def test_nothing_is_missed() -> None:
    assert len(FILES) >= 55
    assert {role for _, role in FILES} == set(IMAGE_ROLES)


# --- masks ---------------------------------------------------------------------------------


def test_masks_are_scaled_to_their_video_without_a_grey(tmp_path: Path) -> None:
    done = prepare(FIXTURES / "mask" / "lossy.jpg", tmp_path, MASK, size=(320, 180))
    assert done.edits == ["scale", "threshold", "convert-format"]
    assert (done.after.width, done.after.height, done.after.format) == (320, 180, "png")
    passes(done, MASK)


def test_a_mask_is_placed_on_any_canvas(tmp_path: Path) -> None:
    mask = Image.new("L", (640, 360), 255)
    path = write(tmp_path / "mask.png", saved(mask, "PNG"))
    recipe = ImageRecipe("png", mode="L", threshold=True, size=Fit((400, 225), (300, 301)))
    with reading(str(path), MASK) as read:
        data = make_image(read, Plan(MASK, (), False, recipe))
    with Image.open(BytesIO(data)) as image:
        assert image.size == (300, 301)
        assert image.getbbox() == (0, 38, 300, 263)


def test_a_mask_that_comes_out_black_is_refused(tmp_path: Path) -> None:
    dark = Image.new("L", (640, 360), 0)
    dark.paste(120, (100, 100, 200, 200))
    with pytest.raises(Refused, match=r"comes out all black, .* look at the mask"):
        given(tmp_path, saved(dark, "PNG"), MASK)
    clear = Image.new("LA", (640, 360), (0, 255))
    clear.paste((255, 0), (100, 100, 200, 200))
    with pytest.raises(Refused, match="look at the mask"):
        given(tmp_path, saved(clear, "PNG"), MASK)


def test_a_mask_loses_metadata_and_nothing_else(tmp_path: Path) -> None:
    mask = Image.new("L", (640, 360), 0)
    mask.paste(255, (100, 100, 200, 200))
    exif = Image.Exif()
    exif[274] = 8
    done = given(tmp_path, saved(mask, "TIFF", exif=exif), MASK)
    assert (done.edits, done.plan.lossless) == (["orient", "convert-format"], True)
    assert done.image.tobytes() == mask.transpose(Image.Transpose.ROTATE_90).tobytes()


# --- refusals, threads ---------------------------------------------------------------------


def test_heic_without_its_extra(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = FIXTURES / "image" / "heic.heic"
    with reading(str(path), PHOTO) as read:
        plan = plan_image(read.facts, judge(read.facts, Asset(PHOTO)), PHOTO)
        assert plan.possible
        monkeypatch.setitem(sys.modules, "pillow_heif", None)
        with pytest.raises(Refused, match=r"pip install 'vaceprep\[heic\]'"):
            make_image(read, plan)


def test_what_pillow_raises_is_one_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: Any, **__: Any) -> Image.Image:
        raise OSError("encoder error\n -2")

    monkeypatch.setattr(image_module, "placed", fail)
    with pytest.raises(Refused, match=r"^it cannot be prepared: .*\(encoder error -2\)$"):
        given(tmp_path, saved(picture(), "PNG"))
    monkeypatch.setattr(image_module, "placed", lambda *_: (_ for _ in ()).throw(MemoryError()))
    with pytest.raises(Refused, match="not enough memory"):
        given(tmp_path, saved(picture(), "PNG"))


def test_threads_agree(tmp_path: Path) -> None:
    names = ("cmyk.jpg", "display-p3.jpg", "palette-transparent.png", "pages.tiff", "gif.gif")
    expected = [prepare(FIXTURES / "image" / name, tmp_path).data for name in names]
    results: list[list[bytes]] = []

    def work(folder: Path) -> None:
        folder.mkdir()
        results.append([prepare(FIXTURES / "image" / n, folder).data for n in names])

    threads = [threading.Thread(target=work, args=(tmp_path / str(n),)) for n in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert results == [expected] * 4
