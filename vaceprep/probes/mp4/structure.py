"""Check the index's structure against the standard before FFmpeg reads the file.

FFmpeg reads a table anywhere, even inside a comment or another track, at any cost. Vaceprep's
reader looks only in the right place, so a box elsewhere is refused.
"""

from __future__ import annotations

from typing import Final

from vaceprep.probes.mp4.box_types import Box
from vaceprep.probes.mp4.tables import BoxError, children

#: The parent of each box of the structure; the empty name is the file itself.
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
#: Boxes that may occur more than once in their parent.
MANY: Final[frozenset[str]] = frozenset([Box.TRAK, Box.TRAF, Box.TRUN, Box.MOOF])
#: Boxes that hold boxes and that FFmpeg parses.
HOLDERS: Final = frozenset(
    "moov trak mdia minf stbl edts dinf mvex moof traf udta meta wave sinf schi tref gmhd".split()
)
MAX_DEPTH: Final = 16
#: Most boxes read of one index; a file with a hundred tracks has some 3,000.
MAX_BOXES: Final = 100_000


def misplaced(kind: str) -> bool:
    """Return whether a top-level box belongs elsewhere."""
    return bool(HOMES.get(kind))


def check_structure(kind: str, view: memoryview) -> None:
    """Raise BoxError if a box is in the wrong place, repeated, or too deep."""
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
