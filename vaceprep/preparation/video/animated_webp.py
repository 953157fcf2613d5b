"""Decode frames of an animated WEBP, which FFmpeg does not read."""

from __future__ import annotations

from collections.abc import Generator, Iterator
from fractions import Fraction

from av.video.frame import VideoFrame
from PIL.Image import Image

from vaceprep.errors import Refused
from vaceprep.files.source import Opened
from vaceprep.plans.model import Colour
from vaceprep.preparation.video.frame import flattened
from vaceprep.probes.images import pixels
from vaceprep.probes.images.webp import shown_for


def as_frame(image: Image) -> VideoFrame:
    """Return an RGB or grey image as a PyAV frame."""
    frame = VideoFrame(image.width, image.height, "gray" if image.mode == "L" else "rgb24")
    plane, row = frame.planes[0], image.width * len(image.getbands())
    data = image.tobytes()
    if plane.line_size != row:
        pad = bytes(plane.line_size - row)
        data = b"".join(data[at : at + row] + pad for at in range(0, len(data), row))
    plane.update(data)
    return frame


def pictures_of(opened: Opened, format_name: str) -> Iterator[tuple[Image, Fraction, Fraction]]:
    """Yield each picture with its start and end in s. Raises Refused, and what Pillow raises."""
    make = pixels.decoder(format_name)
    if make is None:
        raise Refused(f"{format_name} is not decoded here")
    image = pixels.header(make, pixels.rewound(opened))
    end = Fraction(0)
    for index in range(int(getattr(image, "n_frames", 1))):
        image.seek(index)
        image.load()
        start = end
        end += Fraction(shown_for(int(image.info.get("duration", 0))), 1000)
        yield image, start, end


def frames_of(
    opened: Opened, format_name: str, start: Fraction, behind: Colour
) -> Generator[tuple[VideoFrame, Fraction]]:
    """Yield each frame from the one shown at ``start`` on, with its time in s. Raises Refused."""
    try:
        for image, clock, end in pictures_of(opened, format_name):
            if end > start:
                yield as_frame(flattened(image, behind)), clock
    except Refused:
        raise
    except Exception as error:  # Pillow raises nearly everything for broken data
        raise Refused(f"its frames do not decode ({error})") from None
