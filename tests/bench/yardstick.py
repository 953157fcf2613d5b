"""What a person types: the ``ffmpeg`` program with the settings that vaceprep encodes with."""

from __future__ import annotations

import json
import re
import sys
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Final

from tests.bench.measure import output

#: Asks vaceprep for its settings; in a process of its own, because that imports PyAV.
_ASK: Final = """
import json, sys
from vaceprep.contract import VIDEO_BYTES_DECIMAL
from vaceprep.preparation.video.encode import AIM, CRF, PRESET
from vaceprep.preparation.video.filters import LANCZOS
ceiling = int(AIM * 8 * VIDEO_BYTES_DECIMAL / (int(sys.argv[1]) + 1))
print(json.dumps([CRF, PRESET, ceiling, LANCZOS]))
"""
#: What quality is measured against, whatever vaceprep chooses.
PLAIN: Final = ("-crf", "18", "-preset", "medium")


@dataclass(frozen=True, slots=True)
class Case:
    """A source with a window and, where it is scaled, the size that comes out."""

    file: Path
    seconds: int
    size: tuple[int, int] | None = None


@cache
def _settings(seconds: int) -> tuple[int, str, int, str]:
    """The CRF, the preset, the ceiling in bits a second and the scaler's flags."""
    crf, preset, ceiling, scaler = json.loads(output([sys.executable, "-c", _ASK, str(seconds)]))
    return crf, preset, ceiling, scaler


def same(case: Case) -> tuple[str, ...]:
    """Encoder settings equal to vaceprep's."""
    crf, preset, ceiling, _ = _settings(case.seconds)
    rate = ("-maxrate", str(ceiling), "-bufsize", str(ceiling))
    return ("-crf", str(crf), "-preset", preset, *rate)


def _scale(case: Case) -> str:
    if case.size is None:
        return "format=yuv420p"
    scaler = _settings(case.seconds)[3]
    return f"scale={case.size[0]}:{case.size[1]}:{scaler},format=yuv420p"


def encode(program: str, case: Case, target: Path, settings: tuple[str, ...]) -> list[str]:
    """The command that encodes the first seconds as H.264 in an MP4 with its index first."""
    filters = [] if case.size is None else ["-vf", _scale(case)]
    source = [program, "-nostdin", "-y", "-v", "error", "-i", str(case.file)]
    coded = ["-an", "-c:v", "libx264", *settings, "-pix_fmt", "yuv420p", "-movflags", "+faststart"]
    return [*source, "-t", str(case.seconds), *filters, *coded, str(target)]


def similarity(program: str, case: Case, made: Path) -> float:
    """SSIM against the source, scaled as it was for encoding; frames are compared by number."""
    grid = "settb=1/1000,setpts=N"
    graph = (f"[0:v]{grid}[made];[1:v]{_scale(case)},{grid}[source];[made][source]ssim=shortest=1",)
    inputs = ["-i", str(made), "-t", str(case.seconds), "-i", str(case.file)]
    told = output(
        [program, "-nostdin", "-hide_banner", *inputs, "-lavfi", *graph, "-f", "null", "-"],
        errors=True,
    )
    found = re.search(r"SSIM .*All:([0-9.]+)", told)
    if found is None:
        raise RuntimeError(f"no similarity was told for {made.name}: {told[-300:]}")
    return float(found[1])
