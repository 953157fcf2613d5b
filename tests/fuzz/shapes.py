"""Hypothesis strategies that build boxes and image headers, and break them.

They build what looks right, with numbers that are mostly small and sometimes absurd, so that a
reader gets past the first check; ``broken`` then changes what any builder made.
"""

from __future__ import annotations

import struct
import zlib
from typing import Final

from hypothesis import strategies as st
from hypothesis.strategies import DrawFn, SearchStrategy

from tests.fuzz.mutate import WORDS

Bytes = SearchStrategy[bytes]

small: Final = st.integers(0, 40)
#: Numbers of 8, 16, 32 and 64 bits: mostly small, sometimes at the edges.
u8: Final = st.one_of(small, st.integers(0, 0xFF))
u16: Final = st.one_of(small, st.sampled_from([w & 0xFFFF for w in WORDS]), st.integers(0, 0xFFFF))
u32: Final = st.one_of(
    small, st.sampled_from([w & 0xFFFFFFFF for w in WORDS]), st.integers(0, 0xFFFFFFFF)
)
u64: Final = st.one_of(small, st.sampled_from([w & (2**64 - 1) for w in WORDS]))
junk: Final = st.binary(max_size=48)

HOLDERS: Final = tuple(b"moov trak mdia minf stbl edts dinf udta mvex moof traf meta".split())
LEAVES: Final = tuple(
    b"ftyp mvhd tkhd mdhd hdlr elst dref stsd stts ctts stsz stz2 stsc stco co64 stss trex "
    b"tfhd trun free mdat uuid XMP_ zzzz".split()
)


def _mostly(right: int, wrong: SearchStrategy[int]) -> SearchStrategy[int]:
    """A number that is right four times of five, so that one wrong one is seen alone."""
    return st.integers(0, 4).flatmap(lambda luck: st.just(right) if luck else wrong)


def _packed(form: str, *parts: SearchStrategy[int]) -> Bytes:
    return st.tuples(*parts).map(lambda values: struct.pack(form, *values))


@st.composite
def box(draw: DrawFn, kind: Bytes, body: Bytes) -> bytes:
    """A box whose size is right nine times of ten."""
    name, inside = draw(kind), draw(body)
    size = len(inside) + 8
    if draw(st.integers(0, 9)) == 0:
        size = draw(u32)
    if size == 1 or draw(st.integers(0, 19)) == 0:
        return b"\0\0\0\1" + name + struct.pack(">Q", draw(u64)) + inside
    return struct.pack(">I", size & 0xFFFFFFFF) + name + inside


def _counted(head: Bytes, entry: Bytes) -> Bytes:
    """A table: version and flags, a count that is mostly true, entries."""

    @st.composite
    def build(draw: DrawFn) -> bytes:
        entries = draw(st.lists(entry, max_size=8))
        count = draw(_mostly(len(entries), u32))
        return draw(head) + struct.pack(">I", count & 0xFFFFFFFF) + b"".join(entries)

    return build()


_zeros: Final = st.just(bytes(4))
_head: Final = st.one_of(_zeros, _zeros, st.just(b"\1\0\0\0"), st.binary(min_size=4, max_size=4))
_matrix: Final = st.lists(
    st.sampled_from([0, 0x10000, 0xFFFF0000, 0x40000000, 0x7FFFFFFF]), min_size=9, max_size=9
).map(lambda values: struct.pack(">9I", *values))
TABLES: Final[dict[bytes, Bytes]] = {
    b"stts": _counted(_head, _packed(">II", u32, u32)),
    b"ctts": _counted(_head, _packed(">II", u32, u32)),
    b"stsc": _counted(_head, _packed(">III", u32, u32, u32)),
    b"stco": _counted(_head, _packed(">I", u32)),
    b"co64": _counted(_head, _packed(">Q", u64)),
    b"elst": _counted(_head, _packed(">III", u32, u32, u32)),
    b"stsz": st.tuples(_head, _packed(">I", u32), _counted(st.just(b""), _packed(">I", u32))).map(
        b"".join
    ),
    b"stz2": st.tuples(
        _head, _packed(">I", st.sampled_from([4, 8, 16, 5])), _packed(">I", u32), junk
    ).map(b"".join),
    b"stsd": _counted(_head, box(st.sampled_from([b"avc1", b"encv", b"mp4a"]), junk)),
    b"dref": _counted(_head, box(st.just(b"url "), junk)),
    b"mvhd": st.tuples(_head, _packed(">IIII", u32, u32, u32, u32),
                       st.binary(min_size=16, max_size=16), _matrix, junk).map(b"".join),
    b"tkhd": st.tuples(_head, _packed(">IIIII", u32, u32, small, u32, u32),
                       st.binary(min_size=16, max_size=16), _matrix, junk).map(b"".join),
    b"mdhd": st.tuples(_head, _packed(">IIII", u32, u32, u32, u32), junk).map(b"".join),
    b"hdlr": st.tuples(_head, _zeros, st.sampled_from([b"vide", b"soun", b"meta"]), junk).map(
        b"".join
    ),
    b"ftyp": st.sampled_from([b"isom\0\0\2\0isomavc1", b"qt  \0\0\0\0", b"heic\0\0\0\0mif1", b""]),
}  # fmt: skip
leaf: Final = st.one_of(
    *(box(st.just(kind), body) for kind, body in TABLES.items()),
    box(st.sampled_from(LEAVES), junk),
)


def _joined(parts: Bytes, most: int = 5) -> Bytes:
    return st.lists(parts, max_size=most).map(b"".join)


@st.composite
def movie(draw: DrawFn) -> bytes:
    """A file with the boxes where they belong, each of them possibly absurd."""

    def one(kind: bytes) -> bytes:
        return draw(box(st.just(kind), TABLES[kind])) if draw(st.integers(0, 9)) else b""

    def holder(kind: bytes, *inside: bytes) -> bytes:
        return draw(box(st.just(kind), st.just(b"".join(inside))))

    tables = [one(kind) for kind in (b"stsd", b"stts", b"ctts", b"stsc", b"stsz", b"stco")]
    minf = holder(b"minf", holder(b"dinf", one(b"dref")), holder(b"stbl", *tables))
    media = holder(b"mdia", one(b"mdhd"), one(b"hdlr"), minf)
    track = holder(b"trak", one(b"tkhd"), holder(b"edts", one(b"elst")), media)
    index = holder(b"moov", one(b"mvhd"), track, draw(_joined(leaf, 2)))
    data = holder(b"mdat", draw(junk))
    order = draw(st.permutations([index, data]))
    return one(b"ftyp") + b"".join(order) + draw(_joined(leaf, 2))


#: Boxes inside boxes, in any order and at any depth.
jumble: Final = _joined(
    st.recursive(leaf, lambda inner: box(st.sampled_from(HOLDERS), _joined(inner)), max_leaves=12)
)
boxes: Final = st.one_of(movie(), movie(), jumble)


@st.composite
def tiff(draw: DrawFn, big: bool | None = None) -> bytes:
    """A TIFF structure: EXIF blocks are such, too."""
    order = draw(st.sampled_from("<>"))
    big = draw(st.booleans()) if big is None else big
    tags = st.sampled_from(
        [254, 256, 257, 258, 259, 262, 270, 273, 274, 277, 279, 324, 330, 700, 34665, 34675, 34853,
         2, 4, 6, 0xA431, 0xC62F, 50706, 0xB002]
    )  # fmt: skip
    pages, data = draw(st.integers(1, 3)), b""
    start = 16 if big else 8
    for page in range(pages):
        entries = draw(st.lists(st.tuples(tags, st.integers(0, 19), u32, u32), max_size=8))
        count = draw(_mostly(len(entries), u16))
        body = struct.pack(order + ("Q" if big else "H"), count)
        for tag, kind, number, value in entries:
            form = order + ("HHQQ" if big else "HHII")
            body += struct.pack(form, tag, kind, number, value)
        after = start + len(data) + len(body) + (8 if big else 4)
        following = draw(_mostly(after if page < pages - 1 else 0, u32))
        data += body + struct.pack(order + ("Q" if big else "I"), following)
    mark = b"II" if order == "<" else b"MM"
    if big:
        head = mark + struct.pack(order + "HHHQ", 43, 8, 0, draw(_mostly(16, u64)))
    else:
        head = mark + struct.pack(order + "HI", 42, draw(_mostly(8, u32)))
    return head + data + draw(junk)


exif: Final = st.one_of(tiff(big=False), tiff(big=False).map(lambda data: b"Exif\0\0" + data), junk)


@st.composite
def icc(draw: DrawFn) -> bytes:
    """An ICC profile with tags that may lie anywhere."""
    curve = st.one_of(
        _packed(">IIIH", st.just(0x63757276), st.just(0), small, u16),
        st.tuples(_packed(">IIHH", st.just(0x70617261), st.just(0), st.integers(0, 5), small),
                  st.binary(max_size=28)).map(b"".join),
    )  # fmt: skip
    colourants = st.sampled_from(
        [(0.43607, 0.22249, 0.01392), (0.38515, 0.71687, 0.09708), (0.14307, 0.06061, 0.71410)]
    ).map(lambda xyz: b"XYZ " + struct.pack(">4x3i", *(round(v * 65536) for v in xyz)))
    text = st.tuples(
        st.sampled_from([b"desc", b"mluc", b"text"]), _packed(">III", u32, u32, u32), junk
    ).map(b"".join)
    found = {}
    for name in b"rXYZ gXYZ bXYZ rTRC gTRC bTRC kTRC".split():
        if draw(st.integers(0, 9)):
            found[name] = draw(curve if name.endswith(b"TRC") else colourants)
    tags = [(b"desc", draw(text)), *found.items()]
    table, body = b"", b""
    start = 132 + 12 * len(tags)
    for name, value in tags:
        offset = draw(_mostly(start + len(body), u32))
        table += name + struct.pack(">II", offset, draw(_mostly(len(value), u32)))
        body += value
    space = draw(st.sampled_from([b"RGB ", b"GRAY", b"CMYK"]))
    head = bytes(16) + space + bytes(16) + b"acsp" + bytes(88)
    return head + struct.pack(">I", draw(_mostly(len(tags), u32))) + table + body


@st.composite
def png(draw: DrawFn) -> bytes:
    """Chunks with right checksums."""
    header = _packed(">IIBBBBB", u32, u32, u8, u8, small, small, small)
    packed = junk.map(zlib.compress)
    kinds = {
        b"IHDR": header, b"IDAT": packed, b"IEND": st.just(b""), b"PLTE": junk, b"tRNS": junk,
        b"acTL": junk, b"fcTL": junk, b"eXIf": exif,
        b"iCCP": packed.map(lambda data: b"n\0\0" + data),
        b"iTXt": packed.map(lambda data: b"XML:com.adobe.xmp\0\1\0\0\0" + data),
    }  # fmt: skip
    data = b"\x89PNG\r\n\x1a\n"
    names = draw(st.lists(st.sampled_from(sorted(kinds)), max_size=6))
    for name in (b"IHDR", *names, b"IEND"):
        body = draw(kinds[name])
        length = len(body) if draw(st.integers(0, 14)) else draw(u32)
        data += struct.pack(">I", length) + name + body
        data += struct.pack(">I", zlib.crc32(name + body))
    return data


@st.composite
def jpeg(draw: DrawFn) -> bytes:
    """Segments, a scan, and mostly an end mark."""
    bodies = st.one_of(
        junk,
        exif,
        icc().map(lambda data: b"ICC_PROFILE\0\1\1" + data),
        tiff(big=False).map(lambda data: b"MPF\0" + data),
        _packed(">BHHB", u8, u16, u16, u8),
        st.just(b"http://ns.adobe.com/xap/1.0/\0<x/>"),
    )
    data = b"\xff\xd8"
    for _ in range(draw(st.integers(0, 6))):
        marker = draw(st.sampled_from([0xC0, 0xC2, 0xC4, 0xDB, 0xE0, 0xE1, 0xE2, 0xEE, 0xFE, 1]))
        body = draw(bodies)[:65000]
        length = len(body) + 2 if draw(st.integers(0, 14)) else draw(u16)
        data += bytes([0xFF, marker]) + struct.pack(">H", length) + body
    return data + b"\xff\xda\0\2" + draw(junk) + draw(st.sampled_from([b"\xff\xd9", b""]))


@st.composite
def webp(draw: DrawFn) -> bytes:
    """A RIFF of WEBP's chunks."""
    names = st.sampled_from(
        [b"VP8X", b"VP8 ", b"VP8L", b"ANIM", b"ANMF", b"EXIF", b"XMP ", b"ICCP"]
    )
    bodies = st.one_of(junk, exif, st.just(b"\0\0\0\x9d\x01\x2a\x68\1\x68\1"), st.just(b"\x2f" * 9))
    chunks = b""
    for _ in range(draw(st.integers(0, 6))):
        body = draw(bodies)
        length = len(body) if draw(st.integers(0, 14)) else draw(u32)
        chunks += draw(names) + struct.pack("<I", length) + body + bytes(len(body) & 1)
    size = draw(_mostly(len(chunks) + 4, u32))
    return b"RIFF" + struct.pack("<I", size) + b"WEBP" + chunks


@st.composite
def gif(draw: DrawFn) -> bytes:
    """Blocks of a GIF."""
    blocks = st.lists(st.binary(min_size=1, max_size=20), max_size=4).map(
        lambda parts: b"".join(bytes([len(p)]) + p for p in parts) + b"\0"
    )
    data = b"GIF89a" + draw(_packed("<HHBBB", u16, u16, u8, u8, u8))
    for _ in range(draw(st.integers(0, 4))):
        label = st.sampled_from([b"!\xf9", b"!\xfe", b"!\xff"])
        picture = _packed("<HHHHBB", u16, u16, u16, u16, u8, u8).map(lambda p: b"," + p)
        data += draw(st.one_of(label, picture)) + draw(blocks)
    return data + draw(st.sampled_from([b";", b""]))


@st.composite
def bmp(draw: DrawFn) -> bytes:
    """A BMP's two headers."""
    header = draw(st.sampled_from([12, 40, 52, 56, 64, 108, 124, 7]))
    body = draw(_packed("<IIHHIIIIII", u32, u32, u16, u16, u32, u32, u32, u32, u32, u32))
    rest = draw(st.binary(max_size=120))
    places = struct.pack("<IHHI", draw(u32), 0, 0, draw(u32))
    return b"BM" + places + struct.pack("<I", header) + body + rest


SHAPES: Final[dict[str, Bytes]] = {
    "boxes": boxes,
    "jpeg": jpeg(),
    "png": png(),
    "bmp": bmp(),
    "tiff": tiff(),
    "webp": webp(),
    "gif": gif(),
    "metadata": st.one_of(exif, icc()),
}


@st.composite
def broken(draw: DrawFn, built: Bytes) -> bytes:
    """What was built, or that with some bytes changed, cut off or put in."""
    data = bytearray(draw(built))
    for _ in range(draw(st.sampled_from([0, 0, 1, 3]))):
        if not data:
            break
        at = draw(st.integers(0, len(data) - 1))
        how = draw(st.sampled_from(["set", "word", "cut", "put"]))
        if how == "set":
            data[at] = draw(st.integers(0, 255))
        elif how == "word":
            data[at : at + 4] = struct.pack(">I", draw(u32))
        elif how == "cut":
            del data[at:]
        else:
            data[at:at] = draw(junk)
    return bytes(data)
