"""Files that want a reader to hang, crash or eat the machine; and a process that survives them."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from tests.media import Hand, box, ftyp, full, runs, u32, u64

MANY = 0xFFFFFFFF
FIFTY_MILLION = 50_000_000

#: Runs in a process of its own and forks for each file, with little memory and time.
WORKER = """
import json, os, resource, sys, time
import av
import vaceprep, vaceprep.probes.video, vaceprep.rules.all, vaceprep.checks.library
for name in sys.stdin.read().splitlines():
    sys.stdout.flush()
    child = os.fork()
    if not child:
        resource.setrlimit(resource.RLIMIT_AS, (3_000_000_000, 3_000_000_000))
        resource.setrlimit(resource.RLIMIT_CPU, (8, 8))
        said = {"name": name}
        try:
            report = vaceprep.check(name)
            json.dumps(report.to_dict(), allow_nan=False)
            said["findings"] = {f.code: f.message for f in report.findings}
        except BaseException as error:
            said["error"] = repr(error)
        said["megabytes"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
        print(json.dumps(said), flush=True)
        os._exit(0)
    status = os.waitpid(child, 0)[1]
    if status:
        print(json.dumps({"name": name, "error": f"died with status {status}"}), flush=True)
"""


@dataclass(frozen=True)
class Outcome:
    """What came of one file: findings, or how the process ended; and its peak memory."""

    findings: dict[str, str]
    error: str | None
    megabytes: int


def survive(files: Mapping[str, Path]) -> dict[str, Outcome]:
    """Check each file in a fork of a process of its own."""
    done = subprocess.run(
        [sys.executable, "-c", WORKER],
        input="\n".join(str(path) for path in files.values()),
        capture_output=True,
        text=True,
        timeout=300,
        check=True,
    )
    said = {entry["name"]: entry for entry in map(json.loads, done.stdout.splitlines())}
    return {
        name: Outcome(
            said[str(path)].get("findings", {}),
            said[str(path)].get("error"),
            said[str(path)].get("megabytes", 0),
        )
        for name, path in files.items()
    }


def _tables(kind: str, table: bytes, **more: bytes) -> bytes:
    return Hand(tables={kind: table, **more}).data()


def _many_samples() -> dict[str, bytes]:
    return {
        "stsz": full("stsz", u32(1, FIFTY_MILLION)),
        "stts": runs("stts", [(FIFTY_MILLION, 1)]),
        "stsc": full("stsc", u32(1, 1, FIFTY_MILLION, 1)),
    }


def _hidden(**where: bytes) -> bytes:
    return Hand(**where).data()  # type: ignore[arg-type]


def _evil_track() -> bytes:
    return Hand(tables=_many_samples()).track(48)


def _fragment(samples: int) -> bytes:
    empty = {
        "stsz": full("stsz", u32(0, 0)),
        "stts": runs("stts", []),
        "stco": full("stco", u32(0)),
        "stsc": full("stsc", u32(0)),
    }
    extends = box("mvex", full("trex", u32(1, 1, 1, 0, 0)))
    movie = Hand(frames=0, tables=empty, in_movie=extends).movie(0)
    header = full("tfhd", u32(1), flags=0x20000)
    run = full("trun", u32(samples, 8), flags=1)
    fragment = box("moof", full("mfhd", u32(1)), box("traf", header, full("tfdt", u32(0)), run))
    return ftyp() + movie + fragment + box("mdat", bytes(100))


def _quadratic_chunks() -> bytes:
    count = 40_000
    back_and_forth = b"".join(u32(1 if i % 2 == 0 else count + 1, 0, 1) for i in range(count))
    return Hand(
        tables={
            "stsc": full("stsc", u32(count), back_and_forth),
            "stco": full("stco", u32(count), u32(48) * count),
        }
    ).data()


def _many_edits(samples: int, edits: int, ctts: list[tuple[int, int]] | None = None) -> bytes:
    """A few edits that each play the whole of a long track."""
    whole = Hand(
        stts=[(samples, 1)],
        ctts=ctts,
        edits=[(samples * 40 - i * 40, i, 0x10000) for i in range(edits)],
        media_duration=samples,
        tables={
            "stsz": full("stsz", u32(1, samples)),
            "stsc": full("stsc", u32(1, 1, samples, 1)),
        },
    )
    return whole.data() + bytes(samples)


def _endless_depth() -> bytes:
    nested = b""
    for _ in range(20_000):
        nested = box("udta", nested)
    return Hand(in_movie=nested).data()


#: By name: a file that no reader should trust.
HOSTILE: dict[str, Callable[[], bytes]] = {
    "4 billion samples in stts": lambda: _tables("stts", runs("stts", [(MANY, 1)])),
    "4 billion runs in stts": lambda: _tables("stts", runs("stts", [(8, 1)], count=MANY)),
    "4 billion samples in stsz": lambda: _tables("stsz", full("stsz", u32(0, MANY))),
    "4 billion samples of a size": lambda: _tables("stsz", full("stsz", u32(1, MANY))),
    "4 billion samples in stz2": lambda: _tables("stsz", full("stz2", u32(4, MANY))),
    "4 billion runs in ctts": lambda: _tables("ctts", runs("ctts", [(8, 1)], count=MANY)),
    "4 billion offsets in one run": lambda: _tables("ctts", runs("ctts", [(MANY, 7)])),
    "4 billion chunks": lambda: _tables("stco", full("stco", u32(MANY, 48))),
    "4 billion chunk runs": lambda: _tables("stsc", full("stsc", u32(MANY, 1, 1, 1))),
    "4 billion samples a chunk": lambda: _tables("stsc", full("stsc", u32(1, 1, MANY, 1))),
    "4 billion sample entries": lambda: _tables("stsd", full("stsd", u32(MANY))),
    "50 million samples": lambda: Hand(tables=_many_samples()).data(),
    "50 million samples in a second track": lambda: _hidden(in_movie=_evil_track()),
    "track outside the index": lambda: _hidden(on_top=_evil_track()),
    "track in an index in the index": lambda: _hidden(in_movie=box("moov", _evil_track())),
    "track in an index in a track": lambda: _hidden(in_track=box("moov", _evil_track())),
    "track in the media": lambda: _hidden(in_media=_evil_track()),
    "track in an index in the media": lambda: _hidden(in_media=box("moov", _evil_track())),
    "track in user data": lambda: _hidden(in_movie=box("udta", _evil_track())),
    "fragment of 50 million": lambda: _fragment(FIFTY_MILLION),
    "fragment of 85 million": lambda: _fragment(85_000_000),
    "fragment of 4 billion": lambda: _fragment(MANY),
    "chunk runs back and forth": _quadratic_chunks,
    "edits that multiply": lambda: _many_edits(200_000, 900),
    "edits over reordered frames": lambda: _many_edits(2_000_000, 900, [(1, 1), (1, 0)]),
    "4 billion edits": lambda: _hidden(
        in_track=box("edts", full("elst", u32(MANY, 1, 0, 0x10000)))
    ),
    "zero time base": lambda: Hand(timescale=0).data(),
    "zero movie time base": lambda: Hand(movie_timescale=0).data(),
    "frames that stand still": lambda: Hand(stts=[(8, 0)]).data(),
    "times beyond all bounds": lambda: Hand(stts=[(8, MANY)], ctts=[(8, 2**31 - 1)]).data(),
    "matrix of zeros": lambda: Hand(matrix=(0,) * 9).data(),
    "matrix of ones": lambda: Hand(matrix=(-1,) * 9).data(),
    "largest matrix": lambda: Hand(matrix=(0x7FFFFFFF,) * 9, movie_matrix=(-(2**31),) * 9).data(),
    "a thousand tracks": lambda: _hidden(in_movie=Hand().track(48) * 1000),
    "a thousand empty tracks": lambda: _hidden(in_movie=box("trak") * 1000),
    "index of 2 GB in 1 KB": lambda: ftyp() + box("moov", bytes(1000), size=2_000_000_000),
    "index of 16 EB": lambda: ftyp() + u32(1) + b"moov" + u64(2**64 - 1) + bytes(1000),
    "size that wraps": lambda: ftyp() + u32(1) + b"free" + u64(2**64 - 8) + Hand().data(),
    "box of size 0 first": lambda: u32(0) + b"ftyp" + Hand().data(),
    "box of size 1 cut": lambda: ftyp() + u32(1) + b"moov",
    "inner box of size 0": lambda: _hidden(in_movie=box("udta", size=0) + bytes(40)),
    "inner box of size 1": lambda: _hidden(in_movie=u32(1) + b"udta" + u64(3) + bytes(40)),
    "inner box that overflows": lambda: _hidden(in_movie=box("trak", bytes(40), size=MANY)),
    "20,000 boxes deep": _endless_depth,
    "100,000 boxes": lambda: ftyp() + box("free") * 100_000 + Hand(brand=None).data(),
    "no frames": lambda: Hand(frames=0).data(),
    "nothing but ftyp": lambda: ftyp(),
    "nothing but a head": lambda: b"\0\0\0\x18ftyp",
    "sample entry of another codec": lambda: Hand(entry="zzzz").data(),
    "sample entry cut": lambda: _tables("stsd", full("stsd", u32(1), box("avc1", bytes(3)))),
    "matroska of nothing": lambda: b"\x1a\x45\xdf\xa3" + bytes(200),
    "matroska without an end": lambda: b"\x1a\x45\xdf\xa3\x01" + b"\xff" * 200,
    "transport stream of nothing": lambda: (b"\x47" + bytes(187)) * 2000,
    "avi of nothing": lambda: b"RIFF\xff\xff\xff\xffAVI LIST\xff\xff\xff\xffhdrlavih" + bytes(99),
    "flv of nothing": lambda: b"FLV\1\5\0\0\0\x09" + b"\xff" * 400,
    "gif of nothing": lambda: b"GIF89a" + b"\xff" * 400,
    "ogg of nothing": lambda: b"OggS" + b"\xff" * 400,
    "bare h.264 of nothing": lambda: b"\0\0\0\1\x67" + b"\xff" * 4000,
}


def sparse_table(path: Path, kind: str, per_run: int, count: int) -> None:
    """A table of ``count`` runs of zeros as the last box of a whole index, mostly a hole."""
    size = 16 + count * per_run
    data = Hand().data()
    at = data.index(b"moov") - 4
    index = bytearray(data[at:])
    for name in (b"moov", b"trak", b"mdia", b"minf", b"stbl"):
        where = index.index(name) - 4
        grown = int.from_bytes(index[where : where + 4], "big") + size
        index[where : where + 4] = u32(grown)
    with path.open("wb") as file:
        file.write(data[:at] + index + u32(size) + kind.encode() + u32(0, count))
        file.truncate(at + len(index) + size)
