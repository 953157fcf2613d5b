"""The checks of ``vaceprep doctor``: what is installed and configured, and whether it works.

Nothing is sent and no secret is shown.
"""

from __future__ import annotations

import contextlib
import json
import os
import platform
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from importlib import metadata
from typing import Any, Final, Literal
from urllib.parse import urlsplit

from vaceprep.files.state import VARIABLE, state_dir
from vaceprep.version import __version__

Status = Literal["ok", "note", "error"]

#: Optional distributions, with their purpose.
EXTRAS: Final = {
    "pillow-heif": ("heic", "HEIC pictures"),
    "obstore": ("objects", "publishing to object stores"),
    "boto3": ("objects", "the same, with AWS profiles"),
    "starlette": ("sandbox", "the sandbox and the demo"),
    "uvicorn": ("sandbox", "the sandbox and the demo"),
    "scipy": ("pixels", "mask fix --clean"),
}
#: Pillow's features for reading and writing images.
PILLOW: Final = {
    "jpg": ("JPEG", True),
    "zlib": ("PNG", True),
    "webp": ("WEBP", True),
    "libtiff": ("compressed TIFF", False),
    "littlecms2": ("colour profiles", True),
}
ENCODERS: Final = {
    "libx264": ("H.264 video: prepare cannot encode without it", True),
    "aac": ("AAC sound, for --keep-audio and --restore-audio", False),
}
#: The self-test's clip: frame rate too low, wrong container. Pixels and seconds.
SIDE: Final = 360
RATE: Final = 12
SECONDS: Final = 1
#: Time limit in seconds for a command of the self-test.
PATIENCE: Final = 120
PROGRAM: Final = (
    "import sys; sys.path.insert(0, sys.argv.pop(1)); from vaceprep.cli import main; main()"
)
#: The rules that check must report on it.
EXPECTED: Final = frozenset(["video-container", "video-fps"])


class Broken(Exception):
    """A command of the self-test did not print its result; the message says how it ended."""


@dataclass(frozen=True, slots=True)
class Check:
    """One result. ``hint`` says what to do if there is a problem."""

    name: str
    status: Status
    detail: str
    hint: str | None = None

    def to_dict(self) -> dict[str, Any]:
        """The entry of ``checks`` in the JSON."""
        return asdict(self)


def examine() -> Iterator[Check]:
    """Run every check in order."""
    yield from _versions()
    yield from _media()
    yield from _extras()
    yield _state()
    yield _configuration()
    yield from _service()
    yield _proxies()
    yield self_test()


def _versions() -> Iterator[Check]:
    yield Check("vaceprep", "ok", __version__)
    implementation = platform.python_implementation()
    where = f"{platform.system()} {platform.machine()}"
    yield Check("python", "ok", f"{platform.python_version()} ({implementation}, {where})")


def _media() -> Iterator[Check]:
    """PyAV with its libraries and encoders, Pillow with its features."""
    reinstall = "install vaceprep again from wheels: pip install --force-reinstall av pillow"
    try:
        import av
        from av.codec import codecs_available
    except ImportError as error:
        yield Check("pyav", "error", f"it cannot be imported: {error}", reinstall)
    else:
        yield Check("pyav", "ok", av.__version__)
        versions = sorted(av.library_versions.items())
        libraries = ", ".join(f"{n} {'.'.join(map(str, v))}" for n, v in versions)
        yield Check("ffmpeg", "ok", libraries)
        for name, (what, needed) in ENCODERS.items():
            if name in codecs_available and _encodes(name):
                yield Check(f"encoder {name}", "ok", what)
            else:
                status: Status = "error" if needed else "note"
                yield Check(f"encoder {name}", status, f"missing; {what}", reinstall)
    try:
        import PIL
        from PIL import features
    except ImportError as error:
        yield Check("pillow", "error", f"it cannot be imported: {error}", reinstall)
        return
    missing = [n for n in PILLOW if not features.check(n)]
    grave = any(PILLOW[n][1] for n in missing)
    have = ", ".join(what for n, (what, _) in PILLOW.items() if n not in missing)
    without = f"; without {', '.join(PILLOW[n][0] for n in missing)}" if missing else ""
    yield Check(
        "pillow",
        "error" if grave else "note" if missing else "ok",
        f"{PIL.__version__} with {have}{without}",
        reinstall if missing else None,
    )


def _encodes(name: str) -> bool:
    from av.codec import Codec
    from av.codec.codec import UnknownCodecError

    try:
        Codec(name, "w")
    except (UnknownCodecError, ValueError):
        return False
    return True


def _extras() -> Iterator[Check]:
    for name, (extra, what) in EXTRAS.items():
        try:
            yield Check(name, "ok", f"{metadata.version(name)}, for {what}")
        except metadata.PackageNotFoundError:
            hint = f"only where you want it: pip install 'vaceprep[{extra}]'"
            yield Check(name, "note", f"not installed; for {what}", hint)


def _state() -> Check:
    folder = state_dir()
    hint = f"set {VARIABLE} to a folder of yours"
    if folder is None:
        return Check("state directory", "error", "there is no home folder for it", hint)
    there = os.path.isdir(folder)
    above = os.path.abspath(folder)
    while not os.path.lexists(above):
        # The first run creates it; a check must not.
        above = os.path.dirname(above)
    detail = f"{folder}" if there else f"{folder} (made by the first run)"
    try:
        with tempfile.TemporaryFile(dir=above):
            pass
    except OSError as error:
        reason = error.strerror or str(error)
        return Check("state directory", "error", f"{folder} cannot be written: {reason}", hint)
    return Check("state directory", "ok", detail)


def _configuration() -> Check:
    """The configuration that applies in the current folder."""
    from vaceprep.config import BadConfig
    from vaceprep.config.find import Finder

    try:
        config = Finder(None, search=True).of(None)
    except BadConfig as error:
        hint = "fix it; --no-config ignores it"
        return Check("configuration", "error", str(error), hint)
    if config is None:
        return Check("configuration", "ok", "none here: no vaceprep.toml, no [tool.vaceprep]")
    effects = config.told()
    about = f": {'; '.join(effects)}" if effects else ""
    hint = "vaceprep config shows all of it"
    return Check("configuration", "note" if effects else "ok", f"{config.path}{about}", hint)


def _service() -> Iterator[Check]:
    """The key, never shown, and the base URL, each with its origin."""
    from vaceprep.api.settings import ConfigError, read_settings
    from vaceprep.contract import KEY_VARIABLE

    try:
        settings = read_settings()
    except ConfigError as error:
        yield Check("service", "error", str(error), "fix or unset it")
        return
    if settings.key is None:
        hint = f"for run and task: set {KEY_VARIABLE} in the environment or in .env"
        yield Check("key", "note", "none; check, prepare and run --sandbox need none", hint)
    else:
        yield Check("key", "ok", f"present, from {settings.key_origin}")
    yield Check("base url", "ok", f"{settings.base_url}, from {settings.base_origin}")


def _proxies() -> Check:
    """The proxies that the client uses, without credentials."""
    from urllib.request import getproxies

    found = {name: value for name, value in getproxies().items() if value}
    named = [f"{n} {_bare(v)}" for n, v in sorted(found.items()) if n != "no"]
    if not named:
        return Check("proxies", "ok", "none")
    without = f"; none for {found['no']}" if "no" in found else ""
    return Check("proxies", "ok", ", ".join(named) + without)


def _bare(proxy: str) -> str:
    """A proxy's host and port, without credentials."""
    text = proxy if "://" in proxy else f"http://{proxy}"
    try:
        parts = urlsplit(text)
        port = f":{parts.port}" if parts.port else ""
    except ValueError:
        return "(unreadable)"
    return f"{parts.scheme}://{parts.hostname or ''}{port}"


def self_test() -> Check:
    """Make a clip that needs fixing, check it, fix it, check it again; leave no file behind."""
    hint = "please report it with the whole output of: vaceprep doctor --format json"
    try:
        with tempfile.TemporaryDirectory(prefix="vaceprep-doctor-") as folder:
            problem = _tested(folder)
    except Broken as error:
        problem = str(error)
    except Exception as error:
        # Report any error at all.
        problem = f"{type(error).__name__}: {error}"
    if problem is not None:
        return Check("self-test", "error", problem, hint)
    return Check("self-test", "ok", "a clip was made, checked, prepared and checked again")


def _tested(folder: str) -> str | None:
    """The problem as text; None if there is none."""
    clip, output = os.path.join(folder, "clip.mov"), os.path.join(folder, "clip.mp4")
    _make(clip)
    checked = _vaceprep(folder, "check", clip)
    found = {finding["rule"] for finding in checked["files"][0]["findings"]}
    if not found >= EXPECTED:
        return f"check did not find {', '.join(sorted(EXPECTED - found))} on a clip that has it"
    entry = _vaceprep(folder, "prepare", clip, "-o", output)["files"][0]
    if entry["status"] != "prepared":
        return f"prepare could not fix a clip: {entry['error'] or entry['status']}"
    again = _vaceprep(folder, "check", output)
    if again["summary"]["errors"]:
        message = again["files"][0]["findings"][0]["message"]
        return f"check refuses what prepare made: {message}"
    return None


def _make(path: str) -> None:
    import av
    from av.video.frame import VideoFrame

    with av.open(path, "w", format="mov") as out:
        stream: Any = out.add_stream("libx264", rate=RATE)
        stream.width = stream.height = SIDE
        stream.pix_fmt = "yuv420p"
        for number in range(RATE * SECONDS):
            frame = VideoFrame(SIDE, SIDE, "yuv420p")
            for plane in frame.planes:
                plane.update(bytes([16 + number * 8]) * plane.buffer_size)
            out.mux(stream.encode(frame))
        out.mux(stream.encode(None))


def _vaceprep(folder: str, *arguments: str) -> Any:
    """The JSON output of a command in its own process; raises Broken if the process dies.

    The command keeps its state in ``folder``.
    """
    home = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
    done = subprocess.run(  # noqa: S603 (this very program)
        [sys.executable, "-c", PROGRAM, home, *arguments, "--format", "json"],
        cwd=folder,
        env={**os.environ, VARIABLE: os.path.join(folder, "state")},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        timeout=PATIENCE,
        check=False,
    )
    if done.returncode in (0, 1):
        with contextlib.suppress(ValueError):
            return json.loads(done.stdout)
    # It ended before it printed its JSON: its last message names the cause.
    last = done.stderr.decode(errors="replace").strip().rpartition("\n")[2]
    raise Broken(f"vaceprep {arguments[0]} ended with exit code {done.returncode}: {last}")
