"""The index's structure, held to what the standard says before FFmpeg sees the file.

FFmpeg takes a table wherever it stands, inside a comment or another track, and pays for it. Our
own reader looks only where it belongs: so anything that stands elsewhere is refused.
"""

from __future__ import annotations

from typing import Final

from vaceprep.probes.mp4.box_types import Box
from vaceprep.probes.mp4.tables import BoxError, children

#: The box that each box of the structure belongs into; the empty name is the file itself.
HOMES: Final[dict[str, str]] = {
    **{Box.MOOV: "", Box.MOOF: ""},
    **{Box.MVHD: Box.MOOV, Box.TRAK: Box.MOOV, Box.MVEX: Box.MOOV},
    **{Box.TKHD: Box.TRAK, Box.EDTS: Box.TRAK, Box.MDIA: Box.TRAK, Box.ELST: Box.EDTS},
    **{Box.MDHD: Box.MDIA, Box.MINF: Box.MDIA, Box.STBL: Box.MINF},
    **dict.fromkeys(
        (Box.STTS, Box.CTTS, Box.STSZ, Box.STZ2, Box.STSC, Box.STCO, Box.CO64, Box.STSS), Box.STBL
    ),
    **{Box.TRAF: Box.MOOF, Box.TFHD: Box.TRAF, Box.TRUN: Box.TRAF},
}
#: Boxes that may stand more than once in their home.
MANY: Final[frozenset[str]] = frozenset([Box.TRAK, Box.TRAF, Box.TRUN, Box.MOOF])
#: Boxes that hold boxes and that FFmpeg looks into.
HOLDERS: Final = frozenset(
    "moov trak mdia minf stbl edts dinf mvex moof traf udta meta wave sinf schi tref gmhd".split()
)
MAX_DEPTH: Final = 16
#: Boxes of one index that are looked at; a file with a hundred tracks has some 3,000.
MAX_BOXES: Final = 100_000


def misplaced(kind: str) -> bool:
    """Whether a box at the file's top level belongs elsewhere."""
    return bool(HOMES.get(kind))


def check_structure(kind: str, view: memoryview) -> None:
    """Raises BoxError where a box stands in the wrong place, twice, or too deep."""
    waiting = [(kind, view, 1)]
    seen = 0
    while waiting:
        parent, body, depth = waiting.pop()
        if depth > MAX_DEPTH:
            raise BoxError("its boxes are nested too deeply")
        names = set()
        for name, inner in children(body):
            seen += 1
            if seen > MAX_BOXES:
                raise BoxError(f"its index has more than {MAX_BOXES:,} boxes")
            home = HOMES.get(name)
            if home is not None and home != parent:
                raise BoxError(
                    f"its box {name!r} stands inside {parent!r}, where it does not belong"
                )
            if home is not None and name not in MANY:
                if name in names:
                    raise BoxError(f"its box {parent!r} holds two {name!r}")
                names.add(name)
            if name in HOLDERS:
                waiting.append((name, inner, depth + 1))
