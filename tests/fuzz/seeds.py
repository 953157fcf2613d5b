"""The whole files that broken ones are made of: all fixtures, with the roles that fit them."""

from __future__ import annotations

import json
import re
from functools import cache
from pathlib import Path
from typing import Final, NamedTuple

from tests.paths import ROOT
from vaceprep.contract import IMAGE_ROLES, VIDEO_ROLES, Role

FIXTURES: Final = ROOT / "fixtures"
#: How often each folder's files are taken, in a hundred.
SHARES: Final = {"video": 45, "image": 45, "mask": 10}
#: Names inside files near which a changed byte changes the most: boxes, chunks, markers, tags.
NAMES: Final = re.compile(
    rb"ftyp|moov|mvhd|trak|tkhd|edts|elst|mdia|mdhd|hdlr|minf|dinf|dref|stbl|stsd|stts|ctts|stsc"
    rb"|stsz|stco|stss|avc1|avcC|hvcC|av1C|esds|colr|pasp|udta|meta|ilst|mvex|moof|traf|tfhd|trun"
    rb"|sidx|mfra|IHDR|PLTE|tRNS|IDAT|IEND|acTL|fcTL|fdAT|iCCP|eXIf|RIFF|VP8[ LX]|ANIM|ANMF|ALPH"
    rb"|ICCP|EXIF|XMP |Exif|II\x2a\x00|MM\x00\x2a|II\x2b\x00|acsp|rTRC|rXYZ|desc|MPF\x00|Adobe|JFIF"
    rb"|\xff[\xc0-\xc4\xda\xdb\xdd\xd9\xe0-\xe2\xee]|\x1a\x45\xdf\xa3|\x15\x49\xa9\x66|\x16\x54\xae"
    rb"\x6b|\x1f\x43\xb6\x75|LIST|avih|strh|strf|idx1|onMetaData|\x21\xf9|\x2c\x00\x00|NETSCAPE"
)
#: Of one name, the places that are taken: a film has thousands of false ones in its data.
MANY: Final = 400


class Seed(NamedTuple):
    """One whole file."""

    name: str
    data: bytes
    role: Role
    #: Where its structure lies.
    marks: tuple[int, ...]

    @property
    def suffix(self) -> str:
        """The name's ending, with its dot."""
        return Path(self.name).suffix

    @property
    def roles(self) -> tuple[Role, ...]:
        """The roles that fit it: its own, and those of its kind."""
        alike = VIDEO_ROLES if self.role in VIDEO_ROLES else IMAGE_ROLES
        return (self.role, *sorted(alike))


@cache
def seeds() -> tuple[Seed, ...]:
    """All fixtures that have bytes, in an order that stays."""
    entries = json.loads((FIXTURES / "expected.json").read_text("utf-8"))
    roles: dict[str, Role] = {entry["file"]: entry["role"] for entry in entries}
    found = []
    for name in sorted(roles):
        data = (FIXTURES / name).read_bytes()
        if data:
            marks = [match.start() for match in NAMES.finditer(data)]
            step = max(1, len(marks) // MANY)
            found.append(Seed(name, data, roles[name], tuple(marks[::step])))
    return tuple(found)


@cache
def by_folder() -> dict[str, tuple[Seed, ...]]:
    """The same by the folder that they lie in."""
    return {
        folder: tuple(seed for seed in seeds() if seed.name.startswith(f"{folder}/"))
        for folder in SHARES
    }
