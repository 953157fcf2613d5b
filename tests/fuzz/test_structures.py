"""Structure-aware mutations of PNG chunks and JPEG scans, with libpng and libjpeg as the yardstick.

What passes here must be a file that ``pngtopnm`` (libpng) opens and ``djpeg`` (libjpeg) decodes
without a warning. Damage that only flips coded bits is left out: no decoder finds all of it.
"""

from __future__ import annotations

import io
import random
import re
import shutil
import struct
import subprocess
import zlib
from collections.abc import Callable

import pytest
from PIL import Image

from tests.probes.stillmedia import chunk, probe
from vaceprep.facts import ImageFacts

SIGNATURE = b"\x89PNG\r\n\x1a\n"
QUICK, LONG = 40, 750
#: Bytes at the end of a run whose loss may cost less than one block: the proof is not as fine.
LAST_BLOCK = 16
Chunk = tuple[bytes, bytes]


def picture(mode: str = "RGB") -> Image.Image:
    noise = Image.effect_noise((90, 70), 50)
    return Image.merge("RGB", [noise, noise.rotate(180), noise]).convert(mode)


def encoded(image: Image.Image, fmt: str, **options: object) -> bytes:
    data = io.BytesIO()
    image.save(data, fmt, **options)
    return data.getvalue()


PNGS = [encoded(picture(mode), "PNG") for mode in ("RGB", "L", "P", "RGBA", "1")]
JPEGS = [
    encoded(picture(), "JPEG"),
    encoded(picture("L"), "JPEG"),
    encoded(picture(), "JPEG", restart_marker_blocks=2),
    encoded(picture(), "JPEG", restart_marker_rows=1, subsampling=0),
    encoded(picture(), "JPEG", progressive=True),
    encoded(picture("L"), "JPEG", progressive=True, restart_marker_rows=1),
]


def chunks(data: bytes) -> list[Chunk]:
    found, at = [], 8
    while at < len(data):
        length = struct.unpack_from(">I", data, at)[0]
        found.append((data[at + 4 : at + 8], data[at + 8 : at + 8 + length]))
        at += 12 + length
    return found


def inflated(body: bytes) -> bytes:
    try:
        return zlib.decompress(body)
    except zlib.error:
        return b"\0" * 99


def mutated_png(dice: random.Random) -> bytes:
    listed = chunks(dice.choice(PNGS))
    for _ in range(dice.randint(1, 2)):
        place = dice.randrange(len(listed))
        name, body = listed[place]
        kind = dice.randrange(8)
        if kind == 0:
            del listed[place]
        elif kind == 1:
            listed.insert(dice.randrange(len(listed) + 1), (name, body))
        elif kind == 2:
            other = dice.randrange(len(listed))
            listed[place], listed[other] = listed[other], listed[place]
        elif kind == 3 and body:
            listed[place] = name, body[: dice.randrange(len(body))]
        elif kind == 4:
            at = dice.randrange(len(listed) + 1)
            listed.insert(
                at, (dice.choice([b"tEXt", b"ABCD", b"gAMA", b"sRGB", b"aBCd"]), b"\0\1\2\3")
            )
        elif kind == 5 and name == b"IDAT":
            raw = inflated(body)
            short = raw[: dice.randrange(len(raw) + 1)]
            listed[place] = name, zlib.compress(short, wbits=dice.choice([9, 11, 15]))
        elif kind == 6 and name == b"IDAT" and len(body) > 4:
            cut = dice.randrange(1, len(body))
            listed[place : place + 1] = [(name, body[:cut]), (name, body[cut:])]
        elif kind == 7 and name == b"IHDR":
            at = dice.randrange(8, 13)
            listed[place] = name, body[:at] + bytes([dice.randrange(8)]) + body[at + 1 :]
        if not listed:
            return SIGNATURE
    return SIGNATURE + b"".join(chunk(*one) for one in listed)


def mutated_jpeg(dice: random.Random) -> bytes:
    """Runs of coded data shortened or left out, restart markers and whole scans left out."""
    data = dice.choice(JPEGS)
    marks = [m.start() for m in re.finditer(rb"\xff[^\x00\xff]", data)]
    scans = [at for at in marks if data[at + 1] == 0xDA]
    restarts = [at for at in marks if 0xD0 <= data[at + 1] <= 0xD7]
    kind = dice.randrange(4)
    if kind == 0 and restarts:
        first = dice.choice(restarts)
        following = next(at for at in marks if at > first)
        return data[:first] + data[following:]
    if kind == 1 and len(scans) > 1:
        first = dice.choice(scans)
        following = next(at for at in marks if at > first and data[at + 1] in (0xC4, 0xD9))
        return data[:first] + data[following:]
    starts = [*(at + 2 + int.from_bytes(data[at + 2 : at + 4], "big") for at in scans)]
    starts += [at + 2 for at in restarts]
    begin = dice.choice(starts)
    end = next(at for at in marks if at >= begin)
    keep = dice.randrange(end - begin + 1) if end > begin else 0
    if end - begin - keep < LAST_BLOCK:
        keep = end - begin
    while keep and data[begin + keep - 1] == 0xFF:
        keep -= 1
    behind = data[end:] if kind < 3 else b"\xff\xd9"
    return data[: begin + keep] + behind


def opens(command: list[str], data: bytes, quiet: bool) -> bool:
    done = subprocess.run(command, input=data, capture_output=True, timeout=60, check=False)
    return done.returncode == 0 and not (quiet and done.stderr)


def no_worse(
    mutate: Callable[[random.Random], bytes], command: list[str], count: int, quiet: bool
) -> None:
    passed = refused = 0
    for seed in range(count):
        data = mutate(random.Random(seed))
        if isinstance(probe(data), ImageFacts):
            assert opens(command, data, quiet), seed
            passed += 1
        else:
            refused += 1
    assert passed
    assert refused


@pytest.mark.skipif(shutil.which("pngtopnm") is None, reason="pngtopnm is not here")
@pytest.mark.parametrize("count", [QUICK, pytest.param(LONG, marks=pytest.mark.long)])
def test_no_png_passes_that_libpng_does_not_open(count: int) -> None:
    no_worse(mutated_png, ["pngtopnm"], count, quiet=False)


@pytest.mark.skipif(shutil.which("djpeg") is None, reason="djpeg is not here")
@pytest.mark.parametrize("count", [QUICK, pytest.param(LONG, marks=pytest.mark.long)])
def test_no_jpeg_passes_that_libjpeg_warns_of(count: int) -> None:
    no_worse(mutated_jpeg, ["djpeg"], count, quiet=True)
