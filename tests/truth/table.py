"""The table: one row is a source, what is asked of the product, and what has to come out.

A new quirk is one row in ``rows_quirks.py`` (``rows_containers.py`` for a container or a codec,
``rows_asked.py`` for what is asked of the product).
"""

from __future__ import annotations

from typing import Final

from tests.truth.rows_asked import ASKED
from tests.truth.rows_containers import CONTAINERS
from tests.truth.rows_quirks import CLOCKS, COLOURS, FIELDS, GEOMETRY, GROUPS

#: Rows that are wrong today, and why: the test of such a row fails where it passes.
NOT_YET: Final[dict[str, str]] = {
    "AVI MPEG-4": "null chunks of AVI are left out of the clock",
    "FLV Sorenson": "seeking to the start is refused",
    "WEBM VP8 of two passes": "packets that are never shown are counted as pictures",
    "GIF of 10 ms delays": "delays of 10 ms or less are not read as 100 ms",
    "APNG of 0 ms delays": "delays of 10 ms or less are not read as 100 ms",
    "WEBP lossy": "the way over RGB changes the matrix",
    "WEBP of 10 ms delays": "delays of 10 ms or less are not read as 100 ms",
    "PAFF TS, a time a field": "fields are counted as frames",
    "PAFF TS, a time a frame": "fields are counted as frames",
    "PAFF MP4": "fields are counted as frames",
    "PAFF MP4 bottom first, still fields": "fields are counted as frames",
    "PAFF MOV at 12.5": "fields are counted as frames",
    "null frames in AVI": "null chunks of AVI are left out of the clock",
    "one null frame in AVI": "null chunks of AVI are left out of the clock",
    "null frames in AVI MPEG-4": "null chunks of AVI are left out of the clock",
    "TS clock that wraps": "the sound is lost",
    "late keyframe MP4": "packets before the first keyframe are counted as pictures",
    "late keyframe MOV": "packets before the first keyframe are counted as pictures",
    "late keyframe TS": "packets before the first keyframe are counted as pictures",
    "late keyframe TS MPEG-2": "packets before the first keyframe are counted as pictures",
    "late keyframe MKV": "packets before the first keyframe are counted as pictures",
    "late keyframe HEVC": "packets before the first keyframe are counted as pictures",
    "hidden frames VP8": "packets that are never shown are counted as pictures",
    "hidden frames VP8 1 ms before": "packets that are never shown are counted as pictures",
    "hidden frames VP9": "packets that are never shown are counted as pictures",
    "thumbnail track first": "the first video track is taken, not the largest",
    "rotation at half scale": "the display matrix of this kind is not applied",
    "rotation 270 at double scale": "the display matrix of this kind is not applied",
    "rotation 90 MKV": "the display matrix of this kind is not applied",
    "rotation 180 MKV": "the display matrix of this kind is not applied",
    "rotation 270 MKV": "the display matrix of this kind is not applied",
    "clean aperture": "the crop rectangle is not applied",
    "clean aperture off the middle": "the crop rectangle is not applied",
    "clean aperture HEVC 10 bits": "the crop rectangle is not applied",
    "PixelCrop": "the crop rectangle is not applied",
    "PixelCrop top and bottom": "the crop rectangle is not applied",
    "PQ told by MP4": "HDR that only the container tells is not passed to the conversion",
    "PQ told by MKV": "HDR that only the container tells is not passed to the conversion",
    "HLG told by MP4": "HDR that only the container tells is not passed to the conversion",
    "HLG told by MOV": "HDR that only the container tells is not passed to the conversion",
    "HLG told by MKV": "HDR that only the container tells is not passed to the conversion",
    "FFV1 yuva444p smpte170m": "the way over RGB changes the matrix",
    "FFV1 yuva420p smpte170m": "the way over RGB changes the matrix",
    "ProRes 4444 alpha": "the way over RGB changes the matrix",
    "ProRes 4444 alpha, untagged": "the way over RGB changes the matrix",
    "palette MOV": "a seek to the start loses the palette",
    "part AVI": "null chunks of AVI are left out of the clock",
    "part of null frames": "null chunks of AVI are left out of the clock",
    "part of PAFF": "fields are counted as frames",
    "frame of an AVI with null frames": "null chunks of AVI are left out of the clock",
    "frame of a late keyframe, first": "packets before the first keyframe are counted as pictures",
    "frame turned in MKV": "the display matrix of this kind is not applied",
    "frame of a clean aperture": "the crop rectangle is not applied",
    "frame of HLG told by MP4": "HDR that only the container tells is not passed to the conversion",
    "frame of a palette": "a seek to the start loses the palette",
    "late keyframe FLV": "packets before the first keyframe are counted as pictures",
    "edit at half speed": "the edit's media_rate is not applied",
    "edit at double speed": "the edit's media_rate is not applied",
    "open GOP without its beginning, MP4": "packets that do not decode are counted as pictures",
    "open GOP without its beginning, TS": "packets that do not decode are counted as pictures",
    "open GOP without its beginning, MKV": "packets that do not decode are counted as pictures",
    "open GOP without its beginning, HEVC TS": "packets that do not decode are counted as pictures",
    "open GOP without its beginning, MPEG-2": "packets that do not decode are counted as pictures",
    "clean aperture MOV ProRes": "the crop rectangle is not applied",
    "PixelCrop of VP9": "the crop rectangle is not applied",
    "rotation 270 MKV VP9": "the display matrix of this kind is not applied",
    "soft telecine": "a seek to 0 lands behind the first keyframe",
}

ROWS: Final = (*CONTAINERS, *FIELDS, *CLOCKS, *GROUPS, *GEOMETRY, *COLOURS, *ASKED)
