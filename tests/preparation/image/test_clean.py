"""``mask fix --clean`` removes what is small and leaves the rest, and says how much changed."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from PIL import Image, ImageChops, ImageDraw

from vaceprep.cli.main import run
from vaceprep.preparation.image.clean import NEEDED, cleaned

SIZE = (640, 360)


def drawn() -> Image.Image:
    """A mask with right angles, curves and slopes, up to the picture's border."""
    image = Image.new("L", SIZE, 0)
    draw = ImageDraw.Draw(image)
    draw.rectangle((0, 200, 120, 359), fill=255)
    draw.ellipse((200, 60, 380, 300), fill=255)
    draw.polygon([(420, 300), (600, 300), (510, 120)], fill=255)
    draw.ellipse((250, 140, 320, 220), fill=0)
    return image


def speckled(image: Image.Image) -> tuple[Image.Image, int, int]:
    """The mask with islands and holes of under 115 pixels; and how many of each."""
    draw = ImageDraw.Draw(image)
    islands = [(20, 20, 20, 20), (60, 20, 69, 29), (630, 350, 639, 359), (280, 180, 283, 183)]
    holes = [(40, 250, 49, 259), (480, 280, 482, 282), (0, 300, 5, 305), (360, 180, 360, 180)]
    for box in islands:
        draw.rectangle(box, fill=255)
    for box in holes:
        draw.rectangle(box, fill=0)
    return image, len(islands), len(holes)


def test_planted_islands_and_holes_go_and_nothing_else() -> None:
    plain = drawn()
    settled = cleaned(plain)
    # At most the very tips of the slopes are thinner than the shapes that edges are opened by.
    assert (settled.islands, settled.holes) == (0, 0)
    assert settled.changed * plain.width * plain.height <= 30
    speckles, islands, holes = speckled(drawn())
    found = cleaned(speckles)
    assert (found.islands, found.holes) == (islands, holes)
    assert ImageChops.difference(found.image, settled.image).getbbox() is None
    assert cleaned(found.image).changed == 0


def test_lines_and_gaps_go_but_not_the_last_part() -> None:
    image = drawn()
    draw = ImageDraw.Draw(image)
    draw.line((121, 250, 200, 180), fill=255, width=2)
    draw.line((0, 330, 120, 330), fill=0, width=3)
    found = cleaned(image).image
    assert [found.getpixel(place) for place in ((160, 215), (60, 330))] == [0, 255]
    # Next to their ends alone some pixels stay.
    assert ImageChops.difference(found, cleaned(drawn()).image).histogram()[255] < 60
    small = Image.new("L", SIZE, 0)
    ImageDraw.Draw(small).rectangle((50, 50, 56, 56), fill=255)
    assert cleaned(small).remark == "cleaned: no pixel had to change"
    for level in (0, 255):
        assert cleaned(Image.new("L", SIZE, level)).changed == 0


def test_the_share_that_changed_is_said(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    image = Image.new("L", (400, 400), 0)
    draw = ImageDraw.Draw(image)
    draw.rectangle((100, 100, 299, 299), fill=255)
    draw.rectangle((20, 20, 27, 24), fill=255)
    draw.rectangle((150, 150, 155, 153), fill=0)
    source, target = tmp_path / "drawn.png", tmp_path / "mask.png"
    image.save(source)
    command = ["mask", "fix", str(source), "--size", "400x400", "--clean", "-o", str(target)]
    assert run(command) == 0
    said = capsys.readouterr().err
    assert "cleaned: 0.04 % of the pixels changed; 1 small island and 1 small hole removed" in said
    with Image.open(target) as made:
        assert (made.getbbox(), made.histogram()[255]) == ((100, 100, 300, 300), 200 * 200)
    monkeypatch.setitem(sys.modules, "scipy.ndimage", None)
    assert run([*command, "--force"]) == 1
    assert NEEDED in capsys.readouterr().err
