"""Many files by another library: ``python -m tests.bench.others LIBRARY FILE...``.

What it reads is printed as JSON, as ``vaceprep check`` prints what it reads; a file that gives
nothing ends it, since a fast refusal is no speed.
"""

from __future__ import annotations

import importlib
import json
import sys
from collections.abc import Callable
from typing import Any, Final


def _mediainfo(library: Any) -> Callable[[str], dict[str, Any]]:
    def read(name: str) -> dict[str, Any]:
        tracks = library.MediaInfo.parse(name).video_tracks
        video = tracks[0]
        return {
            "width": video.width,
            "height": video.height,
            "fps": video.frame_rate,
            "frames": video.frame_count,
            "duration": video.duration,
            "codec": video.format,
        }

    return read


def _opencv(library: Any) -> Callable[[str], dict[str, Any]]:
    def read(name: str) -> dict[str, Any]:
        video = library.VideoCapture(name)
        try:
            return {
                "width": video.get(library.CAP_PROP_FRAME_WIDTH),
                "height": video.get(library.CAP_PROP_FRAME_HEIGHT),
                "fps": video.get(library.CAP_PROP_FPS),
                "frames": video.get(library.CAP_PROP_FRAME_COUNT),
                "codec": video.get(library.CAP_PROP_FOURCC),
            }
        finally:
            video.release()

    return read


#: By the name of the module that is imported.
LIBRARIES: Final = {"pymediainfo": _mediainfo, "cv2": _opencv}


def main() -> None:
    """Read each file."""
    library, *files = sys.argv[1:]
    read = LIBRARIES[library](importlib.import_module(library))
    for name in files:
        found = read(name)
        if not found["width"] or not found["height"]:
            raise RuntimeError(f"{library} reads nothing of {name}")
        print(json.dumps({"source": name, **found}))


if __name__ == "__main__":
    main()
