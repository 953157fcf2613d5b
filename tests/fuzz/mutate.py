"""Broken files by number: the same seed and number give the same bytes on every machine."""

from __future__ import annotations

import zlib
from collections.abc import Callable
from random import Random
from typing import Final, Literal, NamedTuple

from tests.fuzz.seeds import SHARES, Seed, by_folder
from vaceprep.contract import ROLES, Role

Work = Literal["check", "deep", "prepare"]

#: Of a hundred inputs, those that are checked with every frame decoded, or prepared.
DEEP: Final = 12
PREPARED: Final = 1
#: Numbers at which readers trip.
WORDS: Final = (
    *(0, 1, 2, 3, 7, 8, 15, 16, 255, 256, 0x7FFF, 0x8000, 0xFFFF, 0x10000, 0xFFFFFF, 0x1000000),
    *(0x7FFFFFFF, 0x80000000, 0xFFFFFFFE, 0xFFFFFFFF, 0x100000000, 2**62, 2**63 - 1, 2**64 - 1),
)
#: The longest stretch that is left out, doubled or moved, in bytes.
STRETCH: Final = 4096
PNG: Final = b"\x89PNG\r\n\x1a\n"


class Case(NamedTuple):
    """One input, and what is done with it."""

    number: int
    #: The fixture that it was made of.
    fixture: str
    #: What was done to its bytes, in words.
    how: str
    data: bytes
    role: Role | None
    work: Work
    suffix: str


def _place(random: Random, data: bytes | bytearray, marks: tuple[int, ...]) -> int:
    """A place in the data: mostly near its structure, which is where readers decide."""
    if not data:
        return 0
    luck = random.random()
    if luck < 0.5 and marks:
        at = random.choice(marks) + random.randint(-8, 60)
    elif luck < 0.7:
        at = random.randrange(160)
    else:
        at = random.randrange(len(data))
    return min(max(at, 0), len(data) - 1)


def _bytes(random: Random, data: bytearray, marks: tuple[int, ...]) -> str:
    count = random.choice((1, 1, 1, 2, 4, 16))
    for _ in range(count):
        data[_place(random, data, marks)] = random.randrange(256)
    return f"{count} bytes set"


def _bits(random: Random, data: bytearray, marks: tuple[int, ...]) -> str:
    count = random.choice((1, 1, 2, 8, 64))
    for _ in range(count):
        data[_place(random, data, marks)] ^= 1 << random.randrange(8)
    return f"{count} bits turned"


def _word(random: Random, data: bytearray, marks: tuple[int, ...]) -> str:
    width = random.choice((1, 2, 2, 4, 4, 4, 8))
    order: Literal["big", "little"] = random.choice(("big", "big", "little"))
    at = _place(random, data, marks)
    old = int.from_bytes(data[at : at + width], order)
    near = (old + random.choice((-2, -1, 1, 2)), old * 2, old // 2, old << 8, old >> 8, ~old)
    value = random.choice((*WORDS, *near)) % (1 << 8 * width)
    data[at : at + width] = value.to_bytes(width, order)
    return f"a word of {width} bytes at {at} becomes {value}"


def _drop(random: Random, data: bytearray, marks: tuple[int, ...]) -> str:
    at, size = _place(random, data, marks), random.choice((1, 2, 4, 8, random.randrange(STRETCH)))
    del data[at : at + size]
    return f"{size} bytes left out at {at}"


def _double(random: Random, data: bytearray, marks: tuple[int, ...]) -> str:
    at, size = _place(random, data, marks), random.choice((1, 4, 8, random.randrange(STRETCH)))
    times = random.choice((1, 1, 1, 10))
    data[at:at] = data[at : at + size] * times
    return f"{size} bytes at {at} repeated {times} times"


def _noise(random: Random, data: bytearray, marks: tuple[int, ...]) -> str:
    at, size = _place(random, data, marks), random.choice((4, 16, 256))
    blank = random.choice((None, 0, 255))
    data[at : at + size] = random.randbytes(size) if blank is None else bytes([blank]) * size
    return f"{size} bytes at {at} become {'noise' if blank is None else blank}"


def _move(random: Random, data: bytearray, marks: tuple[int, ...]) -> str:
    at, to = _place(random, data, marks), _place(random, data, marks)
    size = random.choice((4, 8, 64, random.randrange(STRETCH)))
    piece = data[at : at + size]
    data[to : to + len(piece)] = piece
    return f"{size} bytes from {at} written over {to}"


def _cut(random: Random, data: bytearray, marks: tuple[int, ...]) -> str:
    at = _place(random, data, marks)
    del data[at:]
    return f"cut at {at}"


EDITS: Final[tuple[Callable[[Random, bytearray, tuple[int, ...]], str], ...]] = (
    *(_bytes, _bytes, _bits, _word, _word, _word, _word),
    *(_drop, _double, _noise, _move, _cut),
)


def fix_checksums(data: bytes) -> bytes:
    """A PNG with the right checksum in each chunk, so that what is broken is looked at."""
    if not data.startswith(PNG):
        return data
    mended, at = bytearray(data), len(PNG)
    while at + 12 <= len(data):
        end = at + 8 + int.from_bytes(data[at : at + 4], "big")
        if end + 4 > len(data):
            break
        mended[end : end + 4] = zlib.crc32(data[at + 4 : end]).to_bytes(4, "big")
        at = end + 4
    return bytes(mended)


def _splice(random: Random, first: Seed, second: Seed) -> tuple[bytes, str]:
    """The head of one file and the tail of another, or a piece of one inside the other."""
    at, other = _place(random, first.data, first.marks), _place(random, second.data, second.marks)
    if random.random() < 0.5:
        return first.data[:at] + second.data[other:], f"up to {at}, then {second.name} from {other}"
    piece = second.data[other : other + random.choice((8, 64, 512, STRETCH))]
    keep = at + random.choice((0, len(piece)))
    how = f"{len(piece)} bytes of {second.name} from {other} put in at {at}"
    return first.data[:at] + piece + first.data[keep:], how


def _pick(random: Random) -> Seed:
    folder = random.choices(tuple(SHARES), tuple(SHARES.values()))[0]
    return random.choice(by_folder()[folder])


def _role(random: Random, seed: Seed) -> Role | None:
    luck = random.random()
    if luck < 0.1:
        return None
    # Now and then a role that does not fit: a video where an image is due.
    return random.choice(seed.roles if luck < 0.95 else ROLES)


def _work(random: Random) -> Work:
    luck = random.randrange(100)
    return "prepare" if luck < PREPARED else "deep" if luck < PREPARED + DEEP else "check"


def mutant(seed: int, number: int, pool: tuple[Seed, ...] = ()) -> Case:
    """Input ``number`` of the run ``seed``: a fixture with one to six changes, or two spliced.

    Of the fixtures in ``pool``, if it has any, else of all.
    """
    random = Random(f"{seed}/{number}")
    first = random.choice(pool) if pool else _pick(random)
    said = []
    data = bytearray(first.data)
    if random.random() < 0.12:
        second = random.choice(pool) if pool else _pick(random)
        spliced, how = _splice(random, first, second)
        data = bytearray(spliced)
        said.append(how)
    if not said or random.random() < 0.3:
        for _ in range(random.choice((1, 1, 1, 2, 3, 6))):
            if data:
                said.append(random.choice(EDITS)(random, data, first.marks))
    whole = bytes(data)
    if random.random() < 0.8:
        whole = fix_checksums(whole)
    role, work = _role(random, first), _work(random)
    return Case(number, first.name, "; ".join(said), whole, role, work, first.suffix)


def truncation(seed: int, number: int) -> Case:
    """Truncation ``number``: a fixture cut anywhere, its last bytes included."""
    random = Random(f"truncation/{seed}/{number}")
    first = _pick(random)
    size = len(first.data)
    at = size - 1 - random.randrange(min(size, 64)) if random.random() < 0.2 else None
    at = random.randrange(size) if at is None else at
    data = first.data[:at]
    return Case(number, first.name, f"cut at {at}", data, first.role, "check", first.suffix)
