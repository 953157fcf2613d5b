"""Sources of which two decoders, or two ways of conversion, rightly show different things."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

from PIL import Image

import vaceprep
from tests.preparation import numbered
from tests.preparation.video.test_verify import drawn, write
from vaceprep.facts import VideoFacts
from vaceprep.files.source import open_path
from vaceprep.preparation.video.compare import Reference, is_right
from vaceprep.preparation.video.source_frames import Clock, Timed, source_frames
from vaceprep.preparation.video.thumbnails import ANY, Preparation, Thumbnail, thumbnail
from vaceprep.probes.sniff import sniff

WHITE, BLACK = (255, 255, 255), (0, 0, 0)


def _levels(image: Image.Image) -> tuple[int, int]:
    """The least and the greatest level of the middle of a picture."""
    low, high = image.convert("L").crop((4, 4, 28, 28)).getextrema()
    assert isinstance(low, int)
    assert isinstance(high, int)
    return low, high


def test_each_field_of_an_interlaced_frame_may_be_shown() -> None:
    # The first field is black, the second is white: a cut between two fields.
    image = Image.new("RGB", (320, 240), BLACK)
    for line in range(1, 240, 2):
        image.paste(WHITE, (0, line, 320, line + 1))
    frame = numbered.as_frame(image)
    allowed = thumbnail(frame, Preparation(fields=True))
    assert _levels(allowed.low)[1] < 20
    assert _levels(allowed.high)[0] > 235
    reference = Reference([(Fraction(0), allowed)])
    for colour in (BLACK, WHITE):
        shown = thumbnail(numbered.as_frame(Image.new("RGB", (320, 240), colour)), Preparation())
        assert is_right([reference.distance(Fraction(0), shown.low, range(1))])
    # Without fields only their mean would be right.
    mean = Reference([(Fraction(0), thumbnail(frame, Preparation()))])
    assert not is_right([mean.distance(Fraction(0), shown.low, range(1))])


def test_the_luma_of_a_mask_in_rgb_may_be_that_of_either_matrix() -> None:
    green = Image.new("RGB", (64, 64), (0, 191, 0))
    sides = thumbnail(green, Preparation(threshold=True))
    assert (_levels(sides.low), _levels(sides.high)) == ((0, 0), (255, 255))
    for level in (0, 255):
        certain = thumbnail(Image.new("RGB", (64, 64), (level,) * 3), Preparation(threshold=True))
        assert _levels(certain.low) == _levels(certain.high) == (level, level)


def test_the_luma_of_a_mask_in_yuv_is_its_plane() -> None:
    for level, white in ((100, (0, 0)), (126, (0, 255)), (150, (255, 255))):
        for pixels in ("yuv420p", "yuv444p", "nv12", "gray"):
            grey = Image.new("RGB", (64, 64), (level,) * 3)
            frame = numbered.as_frame(grey).reformat(format=pixels)
            for index, plane in enumerate(frame.planes):
                plane.update(bytes([128 if index else level]) * plane.buffer_size)
            sides = thumbnail(frame, Preparation(threshold=True))
            assert (_levels(sides.low)[0], _levels(sides.high)[0]) == white, (level, pixels)


def _read(path: Path, *, salvage: bool) -> list[Timed]:
    with open_path(str(path)) as opened:
        facts = vaceprep.check(path).files[0].facts
        assert isinstance(facts, VideoFacts)
        frames = source_frames(
            opened, sniff(opened.head), facts, Fraction(0), Fraction(9), Clock(), salvage=salvage
        )
        return list(frames)


def test_after_damage_any_picture_is_right_until_the_next_keyframe(tmp_path: Path) -> None:
    path = write(tmp_path / "clip.mp4", frames=36)
    whole = _read(path, salvage=True)
    assert len(whole) == 36
    assert all(frame is not None for frame, _ in whole)
    data = bytearray(path.read_bytes())
    place = len(data) // 4
    data[place : place + 300] = bytes(range(1, 251, 5)) * 6
    path.write_bytes(data)
    damaged = [frame is None for frame, _ in _read(path, salvage=True)]
    # Keyframes of this encoder are 12 frames apart.
    assert any(damaged[:24])
    assert not any(damaged[24:])
    entry = vaceprep.prepare(path, tmp_path / "out", salvage=True).files[0]
    assert entry.status == "prepared", entry.error


def test_where_any_picture_is_right_none_is_shown_at_another_time() -> None:
    small = thumbnail(numbered.as_frame(drawn(0)), Preparation()).low
    other = thumbnail(numbered.as_frame(drawn(9)), Preparation()).low
    reference = Reference([(Fraction(0), Thumbnail(small, small)), (Fraction(1), ANY)])
    assert is_right([reference.distance(Fraction(0), other, range(1, 2))])
    wrong = reference.compared(reference.distance(Fraction(0), other, range(1)), other)
    assert wrong.other == float("inf")
