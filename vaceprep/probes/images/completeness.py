"""Prove that a JPEG's or PNG's pixel data are complete where Pillow alone would not notice.

libjpeg fills missing pixels with grey, and Pillow drops its warnings; Pillow takes the end of a
PNG's zlib stream for the end of its pixels and does not verify the checksum.

- Decode a JPEG of one scan without its end mark and with 8 bytes after the coded data that are no
  code: if a block is missing, the decoder asks for more bytes and there are none.
- Decode a JPEG of several scans or with restart markers twice, the second time with random bytes
  after every run of coded data. A complete run ends before them, and the decoder skips them; a run
  that ends too early decodes them as pixels, and the two pictures differ.
- Inflate a PNG here if its pixels are not needed. Else let Pillow decode one row too many into
  memory that holds a mark: the last true row must have replaced the mark, and reading on has
  verified the stream's checksum.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable
from typing import IO, TYPE_CHECKING, Final

from vaceprep.probes.images import pixels
from vaceprep.probes.images.layout import Fault, Layout, Source, Spliced

if TYPE_CHECKING:
    from PIL.Image import Image
    from PIL.ImageFile import ImageFile

    from vaceprep.probes.images.png_data import Rows

Make = Callable[[IO[bytes]], "ImageFile"]
Parts = list[bytes | tuple[int, int]]
#: Eight bytes of 255: 16 or more ones are no valid code. A decoder reads this far ahead.
_NO_CODE: Final = b"\xff\0" * 8
#: Bytes without 255 that decode to varied values. The first starts with ones, since decoders read
#: missing bits as zeros.
_NOISE: Final = b"\xfe" + bytes((73 * i * i + 41 * i + 17) % 251 for i in range(64))
#: Scale divisor for decoding a JPEG: an eighth is fastest, and a half shows most coefficients of a
#: block. Below this many pixels, two decodings are compared at full size. J
MEANS, _DETAILS = 8, 2
_SMALL: Final = 1 << 18
#: Initial content of the memory of a PNG's rows, by channels; alpha is opaque.
_MARKS: Final = {1: (173,), 2: (173, 255), 3: (173, 91, 54), 4: (173, 91, 54, 255)}
_ENDS_EARLY: Final = "its coded data end before its last block"


def jpeg(source: Source, layout: Layout, make: Make) -> None:
    """Raise Fault, or Pillow's exception, if the JPEG does not cover its picture."""
    scans = layout.scans_found
    if scans is None or not scans.frame.proven:
        pixels.decode(pixels.header(make, Spliced(source, layout.parts)))
        return
    if scans.fault:
        raise Fault(scans.fault)
    if scans.simple:
        _decode_suspended(source, layout, make, scans.ends)
        return
    share = compared_share(layout)
    plain = _reduced(source, layout.parts, make, share)
    noisy = _reduced(source, with_noise(layout.parts, scans.ends), make, share)
    if plain.tobytes() != noisy.tobytes():
        raise Fault(_ENDS_EARLY)


def compared_share(layout: Layout) -> int:
    """Return the scale divisor at which two decodings of a JPEG are compared."""
    return 1 if layout.width * layout.height < _SMALL else _DETAILS


def _reduced(source: Source, parts: Parts, make: Make, share: int) -> Image:
    image = pixels.header(make, Spliced(source, parts))
    width, height = image.size
    image.draft(None, (max(1, width // share), max(1, height // share)))
    return pixels.decode(image)


def suspended(parts: Parts, ends: list[int]) -> Parts:
    """Return the parts up to the end of the only scan, and bytes that are no code."""
    return [*_between(parts, 0, ends[0]), _NO_CODE] if ends else parts


def _decode_suspended(source: Source, layout: Layout, make: Make, ends: list[int]) -> None:
    try:
        _reduced(source, suspended(layout.parts, ends), make, MEANS)
    except OSError as error:
        if "truncated" in str(error):
            raise Fault(_ENDS_EARLY) from None
        raise


def _between(parts: Parts, start: int, end: int) -> Parts:
    """Return the parts, those of the file from one offset up to another."""
    found: Parts = []
    for part in parts:
        if isinstance(part, bytes):
            found.append(part)
        elif max(part[0], start) < min(sum(part), end):
            at = max(part[0], start)
            found.append((at, min(sum(part), end) - at))
    return found


def with_noise(parts: Parts, ends: list[int]) -> Parts:
    """Return the parts with noise before each of these offsets, which lie in the last part."""
    last = parts[-1]
    if not isinstance(last, tuple):
        return parts
    found, at = parts[:-1], last[0]
    for end in ends:
        found += [(at, end - at), _NOISE]
        at = end
    return [*found, (at, sum(last) - at)]


def png(source: Source, layout: Layout, make: Make, *, needed: bool, exact: bool) -> Image | None:
    """Return the picture if its pixels are ``needed``, else None. Raises Fault, or Pillow's errors.

    Unless ``exact``, an opaque row may follow the last one.
    """
    rows = layout.rows
    if rows is None:
        return pixels.decode(pixels.header(make, Spliced(source, layout.parts)))
    if needed and rows.plain:
        return _marked(source, layout, make, rows, exact)
    _inflated(source, rows)
    return pixels.decode(pixels.header(make, Spliced(source, layout.parts))) if needed else None


def _inflated(source: Source, rows: Rows) -> None:
    from vaceprep.probes.images import png_data

    message = png_data.fault(source, rows)
    if message:
        raise Fault(message)


def _marked(source: Source, layout: Layout, make: Make, rows: Rows, exact: bool) -> Image:
    from PIL import Image as Pillow

    width, height = layout.width, layout.height
    header = b"IHDR" + width.to_bytes(4, "big") + (height + 1).to_bytes(4, "big")
    header += source.read_at(24, 5)
    checksum = zlib.crc32(header).to_bytes(4, "big")
    taller: Parts = [
        source.read_at(0, 12) + header + checksum,
        *_between(layout.parts, 33, source.size),
    ]
    image = pixels.header(make, Spliced(source, taller))
    marks = _MARKS[len(image.getbands())]
    mark = marks if len(marks) > 1 else marks[0]
    image.im = Pillow.new(image.mode, image.size, mark).im
    decoded = pixels.decode(image)
    last = decoded.crop((0, height - 1, width, height))
    if last.tobytes() == Pillow.new(image.mode, (width, 1), mark).tobytes():
        _inflated(source, rows)
    # An additional opaque row changes no alpha channel; other callers count pixels.
    return decoded.crop((0, 0, width, height)) if exact else decoded
