"""``python -m vaceprep`` as a process of its own that does not import everything again.

A server imports the modules once and forks for each command, so that a start costs a hundredth of
a second of processor time. The command still is a process with its own arguments, environment,
folder, standard streams and exit code. Tests of the start itself (imports, encodings of the
environment, signals while it starts) start Python.
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import IO, Any

from tests.paths import ROOT

#: What commands import: loaded in the server, before it forks.
MODULES = (
    *("av", "PIL.Image", "httpx", "pydantic", "yaml", "sqlite3", "vaceprep.cli.main"),
    *(f"vaceprep.cli.{name}" for name in ("check", "prepare", "run", "task", "batch", "probe")),
    *("vaceprep.checks.library", "vaceprep.preparation.library", "vaceprep.runs.library"),
    *("vaceprep.preparation.file", "vaceprep.runs.runner", "vaceprep.rules.job"),
)
#: Variables that Python reads before any code of ours: with these a command starts anew.
AT_START = ("PYTHONPATH", "PYTHONIOENCODING", "LC_ALL", "LANG", "PYTHONWARNINGS", "PYTHONSAFEPATH")


def completed(
    arguments: Sequence[str | bytes | Path],
    *,
    cwd: str | Path,
    env: Mapping[str, str],
    timeout: float,
    text: bool = True,
    errors: str | None = None,
    input: str | bytes | None = None,  # noqa: A002
    stdin: int | IO[Any] | None = None,
    module: str = "vaceprep",
) -> subprocess.CompletedProcess[Any]:
    """As ``subprocess.run`` of ``python -m vaceprep`` with captured output and no check.

    ``module`` is another module to run, one of the tests' own.
    """
    words = [os.fsdecode(word) for word in arguments]
    command = [sys.executable, "-m", module, *words]
    odd = any(env.get(name) != os.environ.get(name) for name in AT_START)
    if odd or env.get("PYTHONUTF8") != "1" or not hasattr(os, "fork"):
        encoding: dict[str, Any] = {"errors": errors} if text else {}
        given: dict[str, Any] = {"stdin": stdin} if input is None else {"input": input}
        return subprocess.run(
            command, capture_output=True, check=False, cwd=cwd, env=env, timeout=timeout, text=text,
            **encoding, **given,
        )  # fmt: skip
    with contextlib.ExitStack() as stack:
        files = [stack.enter_context(tempfile.TemporaryFile()) for _ in range(3)]
        source: int | None = None
        if input is not None:
            files[0].write(input if isinstance(input, bytes) else input.encode())
            files[0].seek(0)
        elif stdin == subprocess.DEVNULL:
            source = stack.enter_context(open(os.devnull, "rb")).fileno()
        elif stdin is not None:
            source = stdin if isinstance(stdin, int) else stdin.fileno()
        else:
            source = 0
        handles = [files[0].fileno() if source is None else source, files[1].fileno()]
        handles.append(files[2].fileno())
        code = _server().call([module, *words], str(cwd), dict(env), handles, timeout)
        said = []
        for file in files[1:]:
            file.seek(0)
            data = file.read()
            said.append(_text(data, errors) if text else data)
    return subprocess.CompletedProcess(command, code, *said)


def _text(data: bytes, errors: str | None) -> str:
    lines = data.decode("utf-8", errors or "strict")
    return lines.replace("\r\n", "\n").replace("\r", "\n")


SERVE = "from tests.started import serve; serve()"


class Server:
    """The process that forks, one command after another."""

    def __init__(self) -> None:
        self.socket, other = socket.socketpair()
        with other:
            self.process = subprocess.Popen(
                [sys.executable, "-c", SERVE, str(other.fileno())],
                pass_fds=[other.fileno()],
                cwd=ROOT,
                env={**os.environ, "PYTHONUTF8": "1"},
            )
        self.lock = threading.Lock()

    def call(
        self, words: list[str], cwd: str, env: dict[str, str], handles: list[int], timeout: float
    ) -> int:
        """The exit code of a command; minus the signal that ended it."""
        with self.lock:
            asked = json.dumps([words, cwd, env], ensure_ascii=True).encode()
            socket.send_fds(self.socket, [len(asked).to_bytes(8, "big")], handles)
            self.socket.sendall(asked)
            child = int.from_bytes(self._receive(8), "big")
            self.socket.settimeout(timeout)
            try:
                return int.from_bytes(self._receive(8), "big", signed=True)
            except TimeoutError:
                os.kill(child, signal.SIGKILL)
                self.socket.settimeout(10)
                self._receive(8)
                raise subprocess.TimeoutExpired(words, timeout) from None
            finally:
                self.socket.settimeout(None)

    def _receive(self, count: int) -> bytes:
        data = b""
        while len(data) < count:
            piece = self.socket.recv(count - len(data))
            assert piece, "the server of commands is gone"
            data += piece
        return data

    def close(self) -> None:
        """End the server."""
        self.socket.close()
        self.process.wait(timeout=30)


_servers: list[Server] = []


def _server() -> Server:
    if not _servers:
        _servers.append(Server())
    return _servers[0]


def close() -> None:
    """End the server, where one was started."""
    while _servers:
        _servers.pop().close()


def serve() -> None:
    """The server's loop, and the rest of each forked command, which ends as Python does."""
    import importlib

    channel = socket.socket(fileno=int(sys.argv[1]))
    cli = importlib.import_module("vaceprep.cli")
    entry = cli.main
    for name in MODULES:
        importlib.import_module(name)
    # The module of the same name has taken its place.
    cli.main = entry  # type: ignore[attr-defined]
    while True:
        head, handles, _, _ = socket.recv_fds(channel, 8, 3)
        if not head:
            os._exit(0)
        size, asked = int.from_bytes(head, "big"), b""
        while len(asked) < size:
            asked += channel.recv(size - len(asked))
        child = os.fork()
        if not child:
            channel.close()
            words, cwd, env = json.loads(asked)
            _command(words, cwd, env, handles)
            return
        for handle in handles:
            os.close(handle)
        channel.sendall(child.to_bytes(8, "big"))
        _, status = os.waitpid(child, 0)
        code = os.waitstatus_to_exitcode(status)
        channel.sendall(code.to_bytes(8, "big", signed=True))


def _command(words: list[str], cwd: str, env: dict[str, str], handles: list[int]) -> None:
    import runpy

    for number, handle in enumerate(handles):
        os.dup2(handle, number)
        os.close(handle)
    os.environ.clear()
    os.environ.update(env)
    os.chdir(cwd)
    sys.path[0] = cwd
    sys.path.append(str(ROOT))
    streams = [
        os.fdopen(number, mode, encoding="utf-8", errors=errors, closefd=False)
        for number, mode, errors in (
            (0, "r", "surrogateescape"),
            (1, "w", "surrogateescape"),
            (2, "w", "backslashreplace"),
        )
    ]
    sys.stdin, sys.stdout, sys.stderr = streams
    for name, stream in zip(("stdin", "stdout", "stderr"), streams, strict=True):
        setattr(sys, f"__{name}__", stream)
    module, *words = words
    sys.argv = ["vaceprep", *words]
    for name in [name for name in sys.modules if name == "tests" or name.startswith("tests.")]:
        del sys.modules[name]
    runpy.run_module(module, run_name="__main__", alter_sys=True)
