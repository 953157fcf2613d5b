"""``vaceprep mask`` as a person runs it."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from PIL import Image, ImageChops

import vaceprep
from tests.paths import ROOT
from tests.preparation import numbered
from vaceprep.cli.main import run
from vaceprep.preparation.image.preview import TINT

FIXTURES = ROOT / "fixtures"
CORPUS = ROOT.parent / "shared" / "corpus" / "vace"
ROTATED = FIXTURES / "video" / "rotated-90.mp4"

needs_corpus = pytest.mark.skipif(not CORPUS.is_dir(), reason="needs ../shared/corpus/vace")


def mask(*arguments: str | Path) -> int:
    return run(["mask", *map(str, arguments)])


def codes(path: Path) -> set[str]:
    return {f.code for f in vaceprep.check(path, role="mask_image_url").findings}


def test_make(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    target = tmp_path / "m.png"
    shapes = ["--rect", "10,10,20,5", "--ellipse", "50%,50%,50%,50%", "--polygon", "0,0 9,0 0,9"]
    assert mask("make", "--size", "640x360", *shapes, "-o", target) == 0
    said = capsys.readouterr()
    assert (said.out, said.err) == (f"{target}\n", "")
    with Image.open(target) as image:
        assert (image.format, image.mode, image.size) == ("PNG", "L", (640, 360))
        places = [(10, 10), (29, 14), (30, 14), (10, 15), (480, 270), (321, 181), (0, 0), (8, 8)]
        found = [image.getpixel(place) for place in places]
    assert found == [255, 255, 0, 0, 255, 0, 255, 0]
    assert codes(target) == set()


def test_make_at_the_displayed_size(tmp_path: Path) -> None:
    sources = {
        ROTATED: (360, 640),
        FIXTURES / "video" / "pixel-aspect.mp4": (640, 360),
        FIXTURES / "image" / "orientation-6.jpg": None,
    }
    for number, (source, size) in enumerate(sources.items()):
        target = tmp_path / f"{number}.png"
        assert mask("make", "--size-of", source, "--rect", "0,0,50%,50%", "-o", target) == 0
        facts = vaceprep.probe(source)
        with Image.open(target) as image:
            assert image.size == (facts.width, facts.height)
            assert size in (None, image.size)


def test_invert(tmp_path: Path) -> None:
    target = tmp_path / "m.png"
    shape = ["--size", "400x400", "--rect", "0,0,100,100", "--invert"]
    assert mask("make", *shape, "-o", target) == 0
    with Image.open(target) as image:
        assert image.histogram()[0] == 100 * 100
        assert image.getpixel((0, 0)) == 0


def test_all_or_nothing_is_said(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert mask("make", "--size", "400x400", "-o", tmp_path / "a.png") == 0
    assert "warning: no pixel is white, so there is nothing to edit" in capsys.readouterr().err
    assert mask("make", "--size", "400x400", "--invert", "-o", tmp_path / "b.png") == 0
    assert "warning: no pixel is black, so everything is edited" in capsys.readouterr().err
    assert codes(tmp_path / "a.png") == {"VP303"}
    assert codes(tmp_path / "b.png") == {"VP304"}


@pytest.mark.parametrize(
    ("shape", "reason"),
    [
        (["--rect", "640,0,10,10"], "the rectangle 640,0,10,10 lies wholly outside the 640x360"),
        (["--ellipse", "-50,0,40,40"], "the ellipse -50,0,40,40 lies wholly outside"),
        (["--polygon", "0,400 9,400 9,500"], "the polygon 0,400 9,400 9,500 lies wholly outside"),
        (["--rect", "1.1,1.1,0.1,0.1"], "covers no pixel"),
    ],
)
def test_shapes_outside(
    tmp_path: Path, shape: list[str], reason: str, capsys: pytest.CaptureFixture[str]
) -> None:
    fine = ["--rect", "0,0,9,9"]
    assert mask("make", "--size", "640x360", *fine, *shape, "-o", tmp_path / "m.png") == 1
    assert reason in capsys.readouterr().err
    assert os.listdir(tmp_path) == []


@pytest.mark.parametrize(
    "arguments",
    [
        ["make"],
        ["make", "--size", "640x360", "--size-of", "a.mp4"],
        ["make", "--size", "640"],
        ["make", "--size", "640x360", "--rect", "1,2,3"],
        ["make", "--size", "640x360", "--polygon", "1,2 3,4"],
        ["fix", "a.png"],
        ["fix", "a.png", "--size", "640x360", "--threshold", "0"],
        ["preview", "a.png"],
        ["preview", "a.png", "a.mp4", "--frame-id", "0"],
        ["paint"],
    ],
)
def test_wrong_usage(tmp_path: Path, arguments: list[str]) -> None:
    assert mask(*arguments, "-o", tmp_path / "m.png") == 2


def test_only_png_is_written(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert mask("make", "--size", "640x360", "-o", tmp_path / "m.jpg") == 2
    assert "does not end in .png" in capsys.readouterr().err


def test_too_many_pixels(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert mask("make", "--size", "99999x99999", "-o", tmp_path / "m.png") == 1
    assert "178,956,970 pixels at most" in capsys.readouterr().err


def test_fix(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    drawn, target = tmp_path / "drawn.jpg", tmp_path / "m.png"
    image = Image.new("RGB", (180, 320), (20, 20, 20))
    image.paste((240, 250, 240), (0, 0, 90, 160))
    image.save(drawn)
    assert mask("fix", drawn, "--size-of", ROTATED, "-o", target) == 0
    assert capsys.readouterr().out == f"{target}\n"
    assert codes(target) == set()
    with Image.open(target) as fixed:
        assert (fixed.mode, fixed.size) == ("L", (360, 640))
        assert fixed.getbbox() == (0, 0, 180, 320)
    assert mask("fix", drawn, "--size", "640x360", "-o", tmp_path / "n.png") == 1
    assert "of another shape than 640x360; --stretch" in capsys.readouterr().err
    assert mask("fix", drawn, "--size", "640x360", "--stretch", "-o", tmp_path / "n.png") == 0
    assert mask("fix", drawn, "--size-of", ROTATED, "-o", target) == 1
    assert mask("fix", drawn, "--size-of", ROTATED, "-o", target, "--force", "--invert") == 0


def test_fix_never_changes_its_source(tmp_path: Path) -> None:
    path = tmp_path / "m.png"
    Image.new("L", (640, 360), 100).save(path)
    before = path.read_bytes()
    assert mask("fix", path, "--size", "640x360", "-o", path, "--force") == 1
    assert path.read_bytes() == before


def test_preview(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """White is tinted and outlined, black is the frame itself, and it is the right frame."""
    clip = numbered.write(tmp_path / "a.mp4", frames=30)
    width, height = numbered.SIZE
    made = tmp_path / "m.png"
    assert mask("make", "--size-of", clip, "--rect", "0,50%,100%,50%", "-o", made) == 0
    capsys.readouterr()
    target = tmp_path / "look.png"
    assert mask("preview", made, clip, "--frame-id", "20", "-o", target) == 0
    said = capsys.readouterr()
    assert said.out == f"{target}\n"
    assert said.err == f"50.0 % edited, frame 20 of 30, {width}x{height}\n"
    with Image.open(target) as image:
        assert image.format == "PNG"
        assert image.width >= width
        assert image.height > height
        bright = 2 * numbered.BLOCK - 5
        kept = tuple(image.getpixel((bright, 90)))  # type: ignore[arg-type]
        edited = tuple(image.getpixel((bright, 270)))  # type: ignore[arg-type]
        assert image.getpixel((bright, 180)) == (255, 255, 255)
        assert image.getpixel((bright, 179)) == (0, 0, 0)
        strip = image.crop((0, height, image.width, image.height)).convert("L")
        assert strip.getextrema() == (0, 255)
        # Frame 20 carries number 19: the blocks of its bits are white.
        blocks = [image.getpixel((n * numbered.BLOCK + 9, 90)) for n in range(numbered.BITS)]
        assert [block[0] > 128 for block in blocks] == [bool(19 >> n & 1) for n in range(10)]  # type: ignore[index]
    tinted = [0.6 * a + 0.4 * b for a, b in zip(kept, TINT, strict=True)]
    assert all(abs(a - b) < 4 for a, b in zip(edited, tinted, strict=True))


def test_preview_of_a_mask_of_another_size(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    made = tmp_path / "m.png"
    assert mask("make", "--size", "640x360", "--rect", "0,0,9,9", "-o", made) == 0
    capsys.readouterr()
    assert mask("preview", made, ROTATED, "-o", tmp_path / "look.png") == 1
    said = capsys.readouterr().err
    assert "the mask is 640x360 but the video is shown at 360x640" in said
    assert f"vaceprep mask fix {made} --size-of {ROTATED} --stretch" in said
    assert os.listdir(tmp_path) == ["m.png"]


def test_preview_says_what_is_wrong_with_the_mask(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    made = tmp_path / "m.png"
    Image.new("L", (360, 640), 200).save(made)
    assert mask("preview", made, ROTATED, "-o", tmp_path / "a.png") == 0
    said = capsys.readouterr().err
    assert "VP302" in said
    assert "100 % edited" in said
    assert mask("preview", made, ROTATED, "--frame-id", "99", "-o", tmp_path / "b.png") == 1
    assert "there is no frame 99: the video has frames 1 to" in capsys.readouterr().err


@pytest.mark.parametrize("command", ["fix", "preview"])
def test_unreadable(tmp_path: Path, command: str, capsys: pytest.CaptureFixture[str]) -> None:
    rest = ["--size", "640x360"] if command == "fix" else [str(ROTATED)]
    for name in ("image/none.png", "image/truncated.png", "image/bomb.png", "video/text.mp4"):
        assert mask(command, FIXTURES / name, *rest, "-o", tmp_path / "a.png") == 1
        assert "cannot be read: " in capsys.readouterr().err
    assert os.listdir(tmp_path) == []


@needs_corpus
@pytest.mark.parametrize("name", ["test", "test2"])
def test_real_masks_over_their_videos(tmp_path: Path, name: str) -> None:
    drawn = CORPUS / "masks" / f"{name}.png"
    clip = CORPUS / "videos" / f"{name}.mp4"
    assert mask("preview", drawn, clip, "-o", tmp_path / "a.png") == 0
    assert mask("fix", drawn, "--size-of", clip, "-o", tmp_path / "m.png") == 0
    assert codes(tmp_path / "m.png") == set()


def painted(folder: Path, box: tuple[int, int, int, int]) -> tuple[Path, Path]:
    """A frame with detail, and a copy with a red rectangle painted on it."""
    noise = Image.effect_noise((400, 360), 40)
    frame = Image.merge("RGB", [noise, Image.linear_gradient("L").resize((400, 360)), noise])
    frame.save(folder / "frame.png")
    copy = frame.copy()
    copy.paste((255, 0, 0), box)
    copy.save(folder / "painted.png")
    copy.save(folder / "painted.jpg", quality=75)
    return folder / "frame.png", folder / "painted.png"


def share_wrong(mask: Path, box: tuple[int, int, int, int]) -> float:
    with Image.open(mask) as found:
        wanted = Image.new("L", found.size, 0)
        wanted.paste(255, box)
        off = ImageChops.difference(found, wanted).histogram()
    assert off[0] + off[255] == sum(off)
    return off[255] / sum(off)


def test_fix_over_a_frame(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    box = (40, 30, 240, 130)
    frame, copy = painted(tmp_path, box)
    target = tmp_path / "m.png"
    assert mask("fix", copy, "--over", frame, "-o", target) == 0
    assert capsys.readouterr().err == "13.9 % of the frame is edited\n"
    assert share_wrong(target, box) == 0
    assert codes(target) == set()
    lossy = tmp_path / "l.png"
    assert mask("fix", tmp_path / "painted.jpg", "--over", frame, "-o", lossy) == 0
    assert share_wrong(lossy, box) < 0.01
    scaled = tmp_path / "s.png"
    assert mask("fix", copy, "--over", frame, "--size", "800x720", "-o", scaled) == 0
    assert share_wrong(scaled, (80, 60, 480, 260)) == 0


def test_fix_over_an_erased_part(tmp_path: Path) -> None:
    frame, _ = painted(tmp_path, (0, 0, 1, 1))
    with Image.open(frame) as image:
        alpha = Image.new("L", image.size, 255)
        alpha.paste(0, (0, 0, 100, 90))
        image.putalpha(alpha)
        image.save(tmp_path / "erased.png")
    assert mask("fix", tmp_path / "erased.png", "--over", frame, "-o", tmp_path / "m.png") == 0
    assert share_wrong(tmp_path / "m.png", (0, 0, 100, 90)) < 0.001


def test_fix_over_the_wrong_picture(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    frame, copy = painted(tmp_path, (0, 0, 50, 50))
    target = tmp_path / "m.png"
    assert mask("fix", frame, "--over", frame, "-o", target) == 1
    assert "does not differ from the frame" in capsys.readouterr().err
    Image.new("RGB", (500, 360)).save(tmp_path / "other.png")
    assert mask("fix", copy, "--over", tmp_path / "other.png", "-o", target) == 1
    assert "of another shape" in capsys.readouterr().err
    assert mask("fix", copy, "--over", ROTATED, "-o", target) == 1
    assert "vaceprep frame" in capsys.readouterr().err
    assert not target.exists()
    Image.new("RGB", (400, 360), (0, 255, 0)).save(tmp_path / "green.png")
    assert mask("fix", tmp_path / "green.png", "--over", frame, "-o", target) == 0
    assert "is it the frame" in capsys.readouterr().err


def test_fix_warns_of_a_picture(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    _, copy = painted(tmp_path, (0, 0, 50, 50))
    assert mask("fix", copy, "--size", "400x360", "-o", tmp_path / "m.png") == 0
    said = capsys.readouterr().err
    assert said.startswith("warning: ")
    assert "--over FRAME" in said
