"""Sources for the rows on ``prepare``, made with the ``ffmpeg`` program and never committed.

Run as a program (``python -m tests.bench.prepare_media FOLDER``), as ``media`` is. The pictures are
a zoom into fine detail over soft gradients, with a camera's noise: not as easy as a test card.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Final

#: Minutes that the long file repeats.
MINUTES: Final = 120
#: Seconds between two keyframes of the minute.
GROUP: Final = 5

_FFMPEG: Final = ("ffmpeg", "-nostdin", "-y", "-v", "error")
_HD: Final = "1920x1080"


def _pictures(rate: int, size: str, noise: int) -> tuple[str, str]:
    """The same scene at any size: the zoom itself is costly to draw."""
    drawn = f"size={_HD}:rate={rate}"
    parts = (
        f"mandelbrot={drawn}:end_pts=900,format=yuv420p[detail]",
        f"gradients={drawn}:speed=0.02:seed=7,format=yuv420p[soft]",
        "[detail][soft]blend=all_mode=average[both]",
        f"[both]scale={size}:flags=bicubic,setsar=1,noise=alls={noise}:allf=t",
    )
    return "-filter_complex", ";".join(parts)


def _h264(preset: str, crf: int, b_frames: int, *more: str) -> tuple[str, ...]:
    quality = ("-preset", preset, "-crf", str(crf), "-bf", str(b_frames))
    return ("-c:v", "libx264", *quality, "-pix_fmt", "yuv420p", *more)


def _run(*arguments: str) -> None:
    subprocess.run([*_FFMPEG, *arguments], check=True)


def make(folder: Path) -> None:
    """Everything, into a folder that appears only when it is whole."""
    folder.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder.parent, prefix=folder.name) as name:
        made = Path(name, "media")
        made.mkdir()
        twenty, hd, uhd, minute = (
            str(made / f"{one}.mp4") for one in ("twenty", "hd", "uhd", "minute")
        )
        # 1080p with B-frames, four times as long as the service takes.
        _run(*_pictures(30, _HD, 4), "-t", "20", *_h264("veryfast", 22, 3), twenty)
        _run(*_pictures(30, _HD, 4), "-t", "5", *_h264("veryfast", 22, 3), hd)
        _run("-i", hd, "-c", "copy", str(made / "hd.mov"))
        x265 = ("-c:v", "libx265", "-preset", "ultrafast", "-crf", "20", "-tag:v", "hvc1")
        _run("-i", hd, *x265, "-x265-params", "log-level=none", str(made / "hevc.mp4"))
        _run(*_pictures(30, "3840x2160", 4), "-t", "5", *_h264("superfast", 24, 2), uhd)
        # Above 720p and small: two hours of it are to fit into the page cache.
        keys = ("-g", str(25 * GROUP), "-sc_threshold", "0")
        _run(*_pictures(25, "1366x768", 0), "-t", "60", *_h264("veryfast", 30, 3, *keys), minute)
        listed = Path(name, "list.txt")
        listed.write_text(f"file '{minute}'\n" * MINUTES, "utf-8")
        _run("-f", "concat", "-safe", "0", "-i", str(listed), "-c", "copy", str(made / "hours.mp4"))
        made.rename(folder)


if __name__ == "__main__":
    make(Path(sys.argv[1]))
