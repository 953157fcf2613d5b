"""TIFF and BigTIFF: the chain of pages, and raw photographs in the same container.

The decoder gets the first page's picture tags only, in a new directory with checked types and
counts: no metadata, no further page, no orientation.
"""

from __future__ import annotations

from itertools import chain
from typing import Final

from vaceprep.probes.images.exif import (
    TYPE_BYTES,
    Directory,
    TiffView,
    directory_location,
    valid_orientation,
)
from vaceprep.probes.images.layout import MAX_FRAMES, MAX_METADATA, Layout, Source
from vaceprep.probes.images.tiff_raster import (
    Field,
    missing,
    page_blocks,
    raster_of,
    with_directory,
)
from vaceprep.probes.images.tiff_tags import Tag

_THUMBNAIL_OR_MASK: Final = 0b101
#: Colour filter array and linear raw: pixels of a sensor, not of a picture.
_SENSOR: Final = (32803, 34892)
_MAKERS: Final = {b"NIKON": "nef", b"SONY": "arw", b"PENTAX": "pef", b"SAMSUNG": "srw"}
_MAX_SUB_IFDS: Final = 16
#: Tags that affect pixels: those with exactly one value, and all.
_SINGLE: Final[frozenset[int]] = frozenset(
    [
        Tag.IMAGE_WIDTH,
        Tag.IMAGE_LENGTH,
        Tag.COMPRESSION,
        Tag.PHOTOMETRIC,
        Tag.THRESHOLDING,
        Tag.FILL_ORDER,
        Tag.SAMPLES_PER_PIXEL,
        Tag.ROWS_PER_STRIP,
        Tag.PLANAR_CONFIGURATION,
        Tag.T4_OPTIONS,
        Tag.T6_OPTIONS,
        Tag.PREDICTOR,
        Tag.TILE_WIDTH,
        Tag.TILE_LENGTH,
        Tag.INK_SET,
        Tag.YCBCR_POSITIONING,
    ]
)
#: Offsets and lengths of strips, and of tiles.
_BLOCK_TABLES: Final = (
    (Tag.STRIP_OFFSETS, Tag.STRIP_BYTE_COUNTS),
    (Tag.TILE_OFFSETS, Tag.TILE_BYTE_COUNTS),
)
_PICTURE_TAGS: Final[frozenset[int]] = _SINGLE.union(
    [
        Tag.BITS_PER_SAMPLE,
        Tag.COLOR_MAP,
        Tag.EXTRA_SAMPLES,
        Tag.SAMPLE_FORMAT,
        Tag.JPEG_TABLES,
        Tag.YCBCR_COEFFICIENTS,
        Tag.YCBCR_SUBSAMPLING,
        Tag.REFERENCE_BLACK_WHITE,
        *range(Tag.JPEG_PROC, Tag.JPEG_AC_TABLES + 1),
        *chain.from_iterable(_BLOCK_TABLES),
    ]
)
#: Limit of the work for all pages' directories: values of their tables of strips, and this many
#: times the entries. Pages may share both, so the file's size is no bound. J
_MAX_WORK: Final = 4_000_000
_ENTRY_COST: Final = 10
_CUT: Final = "the file ends before the TIFF's data does"


def read_tiff(source: Source) -> Layout:
    """Read a TIFF's pages. Sizes in pixels as stored, of the first page; never raises.

    ``format`` becomes ``dng``, ``nef``, ``cr2``, ``arw`` or ``raw`` for a raw photograph.
    """
    layout = Layout("tiff")
    view = TiffView(source)
    if not view.order:
        return layout.cut("the file ends inside the TIFF's header")
    if view.first + 2 > source.size:
        return layout.cut(_CUT)
    main = view.directory(view.first)
    if main is None:
        return _no_directory(layout, view, source, view.first)
    _describe(layout, view, main)
    if (raw := _raw_kind(view, main, source)) is not None:
        layout.format, layout.width, layout.height = raw, 0, 0
        return layout
    pages = work = 0
    seen: set[int] = set()
    at = view.first
    page: Directory | None = main
    while True:
        seen.add(at)
        if page is None:
            return _no_directory(layout, view, source, at)
        work += _cost(page)
        if work > _MAX_WORK:
            return layout.broken("the TIFF's pages have more entries than any picture's")
        pages += not (page.integer(Tag.SUBFILE_TYPE) or 0) & _THUMBNAIL_OR_MASK
        if not _is_whole(page, source):
            return layout.cut(_CUT)
        if page.next is None:
            return layout.cut(_CUT)
        at = page.next
        # A cyclic chain has no further page.
        if not at or at in seen or len(seen) >= MAX_FRAMES:
            break
        page = view.directory(at)
    layout.frames = max(1, pages)
    if not layout.width or not layout.height:
        return layout.broken("the TIFF says no size")
    if _plain_bytes(layout, main) > source.size:
        # Before memory is allocated for pixels that cannot be present.
        return layout.cut(_CUT)
    layout.raster = raster_of(main, view.order)
    if layout.raster is not None:
        layout.mode = layout.raster.mode
    blocks = layout.raster or page_blocks(main, view.order)
    if blocks is not None and missing(blocks):
        return layout.cut("its strips hold fewer bytes than its pixels take")
    if layout.raster is None and not _hand_over(layout, view, main, source):
        return layout.broken("the TIFF's tags are damaged")
    return layout


def _no_directory(layout: Layout, view: TiffView, source: Source, at: int) -> Layout:
    count = view.offset(source.read_at(at, 8 if view.big else 2))
    step = 20 if view.big else 12
    if at + 2 > source.size or (0 < count <= 4096 and at + count * step > source.size - 2):
        return layout.cut(_CUT)
    return layout.broken("the TIFF's directory of tags is damaged")


def _describe(layout: Layout, view: TiffView, main: Directory) -> None:
    layout.width = max(0, main.integer(Tag.IMAGE_WIDTH) or 0)
    layout.height = max(0, main.integer(Tag.IMAGE_LENGTH) or 0)
    bits = main.integers(Tag.BITS_PER_SAMPLE) if Tag.BITS_PER_SAMPLE in main.entries else (1,)
    layout.bit_depth = bits[0] if bits else None
    layout.orientation = valid_orientation(main.integer(Tag.ORIENTATION))
    layout.location = directory_location(view, main)
    for tag in (Tag.XMP, Tag.ICC_PROFILE):
        if tag in main.entries and main.entries[tag].bytes <= MAX_METADATA:
            data = main.raw(tag)
            if tag == Tag.XMP:
                layout.xmp.append(data)
            else:
                layout.icc = data


def _raw_kind(view: TiffView, main: Directory, source: Source) -> str | None:
    if Tag.DNG_VERSION in main.entries:
        return "dng"
    if source.read_at(8, 2) == b"CR" and not view.big:
        return "cr2"
    inner = [view.directory(at) for at in main.integers(Tag.SUB_IFDS)[:_MAX_SUB_IFDS]]
    pictures = [main, *(d for d in inner if d is not None)]
    if not any(d.integer(Tag.PHOTOMETRIC) in _SENSOR for d in pictures):
        return None
    make = main.raw(Tag.MAKE).upper()
    return next((name for maker, name in _MAKERS.items() if make.startswith(maker)), "raw")


def _cost(page: Directory) -> int:
    tables = (page.entries.get(tag) for pair in _BLOCK_TABLES for tag in pair)
    return _ENTRY_COST * page.listed + sum(entry.count for entry in tables if entry)


def _is_whole(page: Directory, source: Source) -> bool:
    """Return whether the page's values, strips and tiles all lie inside the file."""
    if any(page.outside(tag) for tag in page.entries):
        return False
    for places, lengths in _BLOCK_TABLES:
        offsets, sizes = page.integers(places), page.integers(lengths)
        # Without lengths (once allowed), only the offset must lie inside.
        sizes = sizes or (1,) * len(offsets)
        if any(o + s > source.size for o, s in zip(offsets, sizes, strict=False)):
            return False
    return True


def _plain_bytes(layout: Layout, main: Directory) -> int:
    """Return the bytes of the pixels if they are not compressed; else 0."""
    subsampled = main.integer(Tag.PHOTOMETRIC) == 6
    if (main.integer(Tag.COMPRESSION) or 1) != 1 or subsampled:
        return 0
    bits = (layout.bit_depth or 1) * max(1, main.integer(Tag.SAMPLES_PER_PIXEL) or 1)
    return (layout.width * bits + 7) // 8 * layout.height


def _hand_over(layout: Layout, view: TiffView, main: Directory, source: Source) -> bool:
    """Pass on the file, then a new classic directory with the first page's picture tags."""
    fields: list[Field] = []
    for tag in sorted(_PICTURE_TAGS & main.entries.keys()):
        entry = main.entries[tag]
        if entry.kind not in TYPE_BYTES or not entry.count:
            continue
        data = main.raw(tag)
        if not data:
            return False
        count = 1 if tag in _SINGLE else entry.count
        fields.append((tag, entry.kind, count, data[: count * TYPE_BYTES[entry.kind]]))
    parts = with_directory(source, view.order, fields)
    layout.parts = parts or []
    return parts is not None
