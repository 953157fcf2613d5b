"""The machine and the versions that figures are told with."""

from __future__ import annotations

import os
import platform
import shutil
import sys
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from tests.bench.measure import output


def _cpu() -> str:
    try:
        for line in Path("/proc/cpuinfo").read_text("utf-8").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    except OSError:
        pass
    return platform.processor() or platform.machine()


def cores() -> int:
    """Cores that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _system() -> str:
    try:
        name = platform.freedesktop_os_release()["PRETTY_NAME"]
    except (OSError, KeyError):
        name = f"{platform.system()} {platform.release()}"
    return f"{name}, {platform.machine()}"


def _package(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return "absent"


def _ffprobe() -> str:
    program = shutil.which("ffprobe")
    if program is None:
        return "absent"
    words = output([program, "-version"]).split()
    return words[2] if len(words) > 2 else "unknown"


def describe() -> dict[str, str]:
    """Name to value, in the order of telling."""
    # In a process of its own: this one must not grow by PyAV's libraries.
    ask = "import av; print(av.ffmpeg_version_info)"
    return {
        "cpu": _cpu(),
        "cores": str(cores()),
        "system": _system(),
        "python": f"{platform.python_implementation()} {platform.python_version()}",
        "vaceprep": _package("vaceprep"),
        "pyav": f"{_package('av')} (FFmpeg {output([sys.executable, '-c', ask]).strip()})",
        "pillow": _package("pillow"),
        "ffprobe": _ffprobe(),
        "pymediainfo": _package("pymediainfo"),
        "opencv": _package("opencv-python-headless"),
    }


def sentence(machine: dict[str, str]) -> str:
    """The machine in one line."""
    cores = "1 core" if machine["cores"] == "1" else f"{machine['cores']} cores"
    return (
        f"{machine['cpu']}, {cores}, {machine['system']}; {machine['python']}, "
        f"vaceprep {machine['vaceprep']}, PyAV {machine['pyav']}, Pillow {machine['pillow']}, "
        f"ffprobe {machine['ffprobe']}"
    )
