"""Metadata of an MP4 file: the reader of boxes names what FFmpeg names, or leaves the file."""

from __future__ import annotations

import struct

import pytest

from tests.media import Hand, box, full, u32
from tests.probes.agreement import by_boxes
from tests.probes.entries import with_child

MOOV, TRAK = ("moov",), ("moov", "trak")
PLACE = "com.apple.quicktime.location.ISO6709"
MAKE = "com.apple.quicktime.make"


def text(name: str, value: bytes, language: int = 0x15C7) -> bytes:
    """A text of QuickTime's user data."""
    return box(name, struct.pack(">HH", len(value), language), value)


def loci(place: bytes = b"Paris\0", tail: int = 13, language: int = 0x15C7) -> bytes:
    """A place of 3GPP."""
    return full("loci", struct.pack(">H", language), place, bytes(tail))


def handler(kind: bytes) -> bytes:
    return full("hdlr", u32(0), kind, bytes(12), b"\0")


def data(value: bytes, kind: int = 1) -> bytes:
    """The value of an item."""
    return box("data", u32(kind, 0), value)


def keyed(
    *pairs: tuple[str, bytes],
    space: str = "mdta",
    more: int = 0,
    first: int = 1,
    extra: bytes = b"",
) -> bytes:
    """The boxes of QuickTime's metadata: keys, and an item for each."""
    keys = b"".join(box(space, key.encode()) for key, _ in pairs)
    items = b"".join(
        box(u32(first + n).decode("latin-1"), value) for n, (_, value) in enumerate(pairs)
    )
    listed = full("keys", u32(len(pairs) + more), keys)
    return handler(b"mdta") + listed + extra + box("ilst", items)


#: An item of iTunes.
TOOL = box("\xa9too", data(b"x"))


def location(way: tuple[str, ...], *children: bytes) -> tuple[str, ...] | None:
    """The personal metadata by both readers; None where the file is left to PyAV."""
    changed = Hand(frames=80, timescale=16).data()
    for child in children:
        changed = with_child(changed, way, child)
    facts = by_boxes(changed)
    return None if facts is None else facts.location


@pytest.mark.parametrize(
    ("children", "expected"),
    [
        ([box("udta", text("\xa9xyz", b"+48.8577+002.2950/"))], ("location",)),
        ([box("udta", text("\xa9xyz", b"+48.8577+002.2950/", 0), bytes(4))], ("location",)),
        ([box("udta", text("\xa9xyz", b"+48.8577/", 0x55C4))], ("location",)),
        ([box("udta", text("\xa9mak", b"Maker"), text("\xa9swr", b"1"))], ()),
        ([box("udta", loci())], ("location",)),
        ([box("udta", loci(language=0x55C4), box("free"))], ("location",)),
        ([box("udta", loci(b"\0", 20))], ("location",)),
        ([box("udta", loci()), box("udta", text("\xa9xyz", b"+1+1/"))], ("location",)),
        ([box("meta", keyed((PLACE, data(b"+48.8577/")), (MAKE, data(b"Apple"))))], (PLACE,)),
        ([full("meta", keyed((PLACE, data(b"+48.8577/"))))], (PLACE,)),
        ([box("udta", full("meta", keyed((PLACE, data(b"+1/")))))], (PLACE,)),
        ([box("meta", keyed(("com.android.capture.fps", data(bytes(4), 23))))], ()),
        ([box("meta", keyed(("auto", data(b"\1", 22)), ("b", data(b"\1\1\1\1", 21))))], ()),
        ([box("meta", keyed(("later", data(bytes(8), 74))))], ()),
        ([box("meta", keyed(("a.gps.b", data(bytes(4), 23))))], ("a.gps.b",)),
        ([box("meta", keyed(("Serial", data(b"1")), ("xyz", data(b""))))], ("Serial", "xyz")),
        ([box("meta", handler(b"mdta"))], ()),
        ([box("meta", handler(b"mdir"))], ()),
        (
            [
                box(
                    "udta", full("meta", handler(b"mdir"), box("ilst", box("\xa9too", data(b"x"))))
                ),
                box("meta", keyed((PLACE, data(b"+1/")))),
            ],
            (PLACE,),
        ),
    ],
)
def test_metadata_of_the_movie(children: list[bytes], expected: tuple[str, ...]) -> None:
    assert location(MOOV, *children) == expected


@pytest.mark.parametrize(
    "child",
    [
        box("meta", keyed((PLACE, data(b"+48.8577/")))),
        full("meta", keyed((MAKE, data(b"Apple")))),
        box("udta", text("\xa9nam", b"a name")),
    ],
)
def test_metadata_of_a_track(child: bytes) -> None:
    assert location(TRAK, child) == ()


def test_metadata_of_a_track_and_of_the_movie() -> None:
    with_track = with_child(
        Hand(frames=80, timescale=16).data(), TRAK, box("meta", keyed((PLACE, data(b"+1/"))))
    )
    after = with_child(with_track, MOOV, box("meta", keyed((MAKE, data(b"Apple")))))
    facts = by_boxes(after)
    assert facts is not None
    assert facts.location == ()


@pytest.mark.parametrize(
    ("way", "child"),
    [
        (MOOV, box("udta", text("\xa9xyz", b""))),
        (MOOV, box("udta", box("\xa9xyz", b"\0\4\x15\xc7abc"))),
        (MOOV, box("udta", box("cprt", bytes(12)))),
        (MOOV, box("udta", box("what", bytes(12)))),
        (MOOV, box("udta", loci(b"Paris", 0))),
        (MOOV, box("udta", loci(tail=12))),
        (MOOV, box("udta", loci(b"x" * 65 + b"\0"))),
        (MOOV, box("udta", box("loci", b"\1" + loci()[9:]))),
        (TRAK, box("udta", text("\xa9xyz", b"+1+1/"))),
        (TRAK, box("udta", loci())),
        (MOOV, box("meta", b"\1\0\0\0", keyed((PLACE, data(b"x"))))),
        (MOOV, box("meta", box("ilst"), handler(b"mdta"))),
        (MOOV, box("meta", handler(b"mdtb"))),
        (MOOV, box("meta", handler(b"mdta"), box("ilst"))),
        (MOOV, box("meta", keyed((PLACE, data(b"x"))), box("ilst"))),
        (MOOV, box("meta", keyed((PLACE, data(b"x")), extra=box("what")))),
        (MOOV, box("meta", keyed((PLACE, data(b"x")), space="udta"))),
        (MOOV, box("meta", keyed((PLACE, data(b"x")), more=1))),
        (MOOV, box("meta", keyed((PLACE, data(b"x")), first=0))),
        (MOOV, box("meta", keyed((PLACE, data(b"x")), first=2))),
        (MOOV, box("meta", keyed((PLACE, data(b"x", 2))))),
        (MOOV, box("meta", keyed((PLACE, data(b"x", 74))))),
        (MOOV, box("meta", keyed((MAKE, data(b"abc", 21))))),
        (MOOV, box("meta", keyed((PLACE, data(b"x") * 2)))),
        (MOOV, box("meta", keyed((PLACE, box("name", bytes(8)))))),
        (MOOV, box("meta", keyed((PLACE, data(b"x")), (PLACE.lower(), data(b"y"))))),
        (MOOV, box("meta", keyed(("", data(b"x"))))),
        (MOOV, box("meta", keyed(("pl\xe4ce", data(b"x"))))),
        (MOOV, box("meta", keyed(("com.apple.quicktime.artwork", data(b"x", 13))))),
    ],
)
def test_metadata_that_only_ffmpeg_knows(way: tuple[str, ...], child: bytes) -> None:
    assert location(way, child) is None


def test_two_lists_of_keys() -> None:
    listed = keyed((PLACE, data(b"+1/")))
    assert location(MOOV, box("udta", full("meta", listed)), box("meta", listed)) is None
