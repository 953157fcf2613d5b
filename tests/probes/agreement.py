"""Assert that the reader of MP4 boxes gives exactly the facts of the reader through PyAV."""

from __future__ import annotations

from tests.probes.both_readers import measure_twice
from vaceprep.facts import VideoFacts
from vaceprep.files.source import open_bytes


def by_boxes(data: bytes) -> VideoFacts | None:
    """The facts by boxes, which must be those by PyAV; None where PyAV is left to measure."""
    with open_bytes(data) as opened:
        found = measure_twice(opened)
    if found is None or found.boxes is None:
        return None
    assert found.boxes == found.ffmpeg
    assert isinstance(found.ffmpeg, VideoFacts)
    assert (found.boxes.reader, found.ffmpeg.reader) == ("mp4", "ffmpeg")
    return found.boxes


def read_with_bits_turned(data: bytes) -> tuple[int, int]:
    """Turn bits of the sample entries one by one; return how many files were read, and of which."""
    places = list[int]()
    at = data.find(b"stsd")
    while at >= 0:
        places.extend(range(at + 4, at + int.from_bytes(data[at - 4 : at]) - 4))
        at = data.find(b"stsd", at + 4)
    read = 0
    for place in places:
        # The first, the last and one between: each field of a parameter set has one of them.
        for bit in (0, 4, 7):
            changed = bytearray(data)
            changed[place] ^= 1 << bit
            read += by_boxes(bytes(changed)) is not None
    return read, 3 * len(places)
