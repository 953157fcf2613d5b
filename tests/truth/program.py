"""Sources that only the ffmpeg program of the machine can encode: Theora, two-pass VP8 ...

Its pictures are drawn here and piped in; without the program the row is skipped.
"""

from __future__ import annotations

import subprocess
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

from tests.truth import read
from tests.truth.model import Made, Source, Truth, even
from tests.truth.write import Coding, beeps_of, tone, upright


def _ffmpeg(*arguments: str | Path, data: bytes = b"") -> None:
    command = ["ffmpeg", "-v", "error", "-hide_banner", "-y", "-threads", "1"]
    try:
        subprocess.run(
            [*command, *map(str, arguments)],
            input=data,
            check=True,
            capture_output=True,
            timeout=120,
        )
    except subprocess.CalledProcessError as failed:
        said = failed.stderr.decode("utf-8", "replace").strip()
        if "Unknown encoder" in said:
            raise read.Unread(f"this ffmpeg program has no encoder {arguments}") from None
        raise AssertionError(said) from None


def piped(coding: Coding, *encoder: str, passes: int = 1) -> Source:
    """Pictures encoded by the ffmpeg program with those arguments.

    ``coding.codec`` is its name for the encoder; ``coding.sound`` one for the sound.
    """

    def make(folder: Path) -> Made:
        if not read.have_ffmpeg():
            raise read.Unread("needs the ffmpeg program to encode the source")
        draw = upright(coding)
        data = b"".join(plane for n in range(coding.count) for plane, _ in draw(n))
        shown = even(range(coding.count), coding.rate)
        truth = Truth(shown, coding.size, rate=Fraction(coding.rate))
        width, height = coding.size
        given: list[str | Path] = [
            *("-f", "rawvideo", "-pix_fmt", coding.pixels, "-s", f"{width}x{height}"),
            *("-r", str(coding.rate), "-i", "-"),
        ]
        if coding.sound:
            truth = replace(truth, beeps=beeps_of(shown))
            heard = folder / "sound.raw"
            heard.write_bytes(tone(truth.end, truth.beeps).tobytes())
            given += ["-f", "s16le", "-ar", "48000", "-ac", "1", "-i", heard, "-c:a", coding.sound]
        log = folder / "passes"
        path = coding.path(folder)
        for number in range(1, passes + 1):
            more = ["-pass", str(number), "-passlogfile", str(log)] if passes > 1 else []
            _ffmpeg(*given, "-c:v", coding.codec, *encoder, *more, path, data=data)
        return Made(path, truth)

    return make
