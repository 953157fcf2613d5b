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
import select
import signal
import socket
import subprocess
import sys
import tempfile
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import IO, Any, Self

from tests.paths import ROOT

#: What commands import: loaded in the server, before it forks.
MODULES = (
    *("av", "PIL.Image", "httpx", "pydantic", "yaml", "sqlite3", "vaceprep.cli.main"),
    *(f"vaceprep.cli.{name}" for name in ("check", "prepare", "run", "task", "batch", "probe")),
    *("vaceprep.checks.library", "vaceprep.preparation.library", "vaceprep.runs.library"),
    *("vaceprep.preparation.file", "vaceprep.runs.runner", "vaceprep.rules.job"),
    *("vaceprep.probes.video", "vaceprep.probes.image", "vaceprep.config.read"),
    *("vaceprep.preparation.video.encode", "vaceprep.preparation.video.copy"),
    *(f"vaceprep.report.{name}" for name in ("json", "prepare", "run", "catalogue")),
    *("vaceprep.rules.all", "vaceprep.publish.http_put", "tenacity"),
    *("uvicorn", "vaceprep.sandbox.server", "vaceprep.sandbox.render.results"),
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
    stdout: int | IO[Any] | None = None,
    module: str = "vaceprep",
) -> subprocess.CompletedProcess[Any]:
    """As ``subprocess.run`` of ``python -m vaceprep`` with captured output and no check.

    ``module`` is another module to run, one of the tests' own.
    """
    command = _command_line(arguments, module)
    odd = any(env.get(name) != os.environ.get(name) for name in AT_START)
    if odd or env.get("PYTHONUTF8") != "1" or not hasattr(os, "fork"):
        encoding: dict[str, Any] = {"errors": errors} if text else {}
        given: dict[str, Any] = {"stdin": stdin} if input is None else {"input": input}
        return subprocess.run(
            command, stdout=stdout or subprocess.PIPE, stderr=subprocess.PIPE, check=False,
            cwd=cwd, env=env, timeout=timeout, text=text, **encoding, **given,
        )  # fmt: skip
    with contextlib.ExitStack() as stack:
        if input is not None:
            source = stack.enter_context(tempfile.TemporaryFile())
            source.write(input if isinstance(input, bytes) else input.encode())
            source.seek(0)
            stdin = source
        process = stack.enter_context(
            start(arguments, cwd=cwd, env=env, stdin=stdin, stdout=stdout, module=module)
        )
        code = process.wait(timeout)
        said = process.read()
    return subprocess.CompletedProcess(
        command, code, *(_text(data, errors) if text else data for data in said)
    )


def start(
    arguments: Sequence[str | bytes | Path],
    cwd: str | Path = ".",
    *,
    env: Mapping[str, str] | None = None,
    stdin: int | IO[Any] | None = subprocess.DEVNULL,
    stdout: int | IO[Any] | None = None,
    stderr: int | IO[Any] | None = None,
    session: bool = False,
    module: str = "vaceprep",
) -> Command:
    """As ``subprocess.Popen`` of ``python -m vaceprep``: it returns while the command runs.

    What has no stream of its own goes to files that ``communicate`` reads; ``session`` makes the
    command the leader of a session.
    """
    with contextlib.ExitStack() as stack:
        files: list[IO[bytes]] = [tempfile.TemporaryFile() for _ in range(2)]  # noqa: SIM115
        handles = []
        for given, own in ((stdin, None), (stdout, files[0]), (stderr, files[1])):
            if given is None and own is None:
                handles.append(0)
            elif given == subprocess.DEVNULL:
                handles.append(stack.enter_context(open(os.devnull, "r+b")).fileno())
            else:
                stream = own if given is None else given
                assert stream is not None
                handles.append(stream if isinstance(stream, int) else stream.fileno())
        words = _command_line(arguments, module)
        environment = {**os.environ, "PYTHONUTF8": "1"} if env is None else dict(env)
        asked = [words[2:], os.path.abspath(cwd), environment, session]
        return Command(words, files, *_server().start(asked, handles))


def _command_line(arguments: Sequence[str | bytes | Path], module: str) -> list[str]:
    return [sys.executable, "-m", module, *map(os.fsdecode, arguments)]


def _text(data: bytes, errors: str | None) -> str:
    lines = data.decode("utf-8", errors or "strict")
    return lines.replace("\r\n", "\n").replace("\r", "\n")


class Command:
    """A command that the server started, with the methods of ``subprocess.Popen``."""

    def __init__(
        self, args: list[str], files: list[IO[bytes]], pid: int, reply: socket.socket
    ) -> None:
        self.args, self.pid = args, pid
        self.returncode: int | None = None
        self._files, self._reply = files, reply

    def send_signal(self, number: int) -> None:
        """Send it that signal, unless it has ended."""
        if self.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                os.kill(self.pid, number)

    def kill(self) -> None:
        """End it at once."""
        self.send_signal(signal.SIGKILL)

    def wait(self, timeout: float | None = None) -> int:
        """The exit code; minus the signal that ended it. What takes longer is killed."""
        if self.returncode is None:
            self._reply.settimeout(timeout)
            try:
                code = _receive(self._reply, 8)
            except TimeoutError:
                self.kill()
                self._reply.settimeout(10)
                self.returncode = int.from_bytes(_receive(self._reply, 8), "big", signed=True)
                raise subprocess.TimeoutExpired(self.args, timeout or 0) from None
            self.returncode = int.from_bytes(code, "big", signed=True)
        return self.returncode

    def read(self) -> list[bytes]:
        """What it wrote to standard output and to standard error so far."""
        said = []
        for file in self._files:
            file.seek(0)
            said.append(file.read())
        return said

    def communicate(self, timeout: float | None = None) -> tuple[str, str]:
        """What it wrote until its end, as text."""
        with self:
            self.wait(timeout)
            told, said = self.read()
        return _text(told, None), _text(said, None)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self.returncode is None:
            self.kill()
            self.wait(30)
        for file in self._files:
            file.close()
        self._reply.close()


def _receive(channel: socket.socket, count: int) -> bytes:
    data = b""
    while len(data) < count:
        piece = channel.recv(count - len(data))
        assert piece, "the server of commands is gone"
        data += piece
    return data


SERVE = "from tests.started import serve; serve()"


class Server:
    """The process that forks: it starts each command and tells how it ended."""

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

    def start(self, asked: list[Any], handles: list[int]) -> tuple[int, socket.socket]:
        """The process id, and the socket that tells the exit code."""
        data = json.dumps(asked, ensure_ascii=True).encode()
        reply, other = socket.socketpair()
        with other, self.lock:
            size = len(data).to_bytes(8, "big")
            socket.send_fds(self.socket, [size], [*handles, other.fileno()])
            self.socket.sendall(data)
        return int.from_bytes(_receive(reply, 8), "big"), reply

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
    import gc
    import importlib

    channel = socket.socket(fileno=int(sys.argv[1]))
    cli = importlib.import_module("vaceprep.cli")
    entry = cli.main
    for name in MODULES:
        importlib.import_module(name)
    # The module of the same name has taken its place.
    cli.main = entry  # type: ignore[attr-defined]
    # Else each command copies the memory of every module when it collects garbage at its end.
    gc.freeze()
    ended, wake = socket.socketpair()
    wake.setblocking(False)
    signal.set_wakeup_fd(wake.fileno())
    signal.signal(signal.SIGCHLD, lambda *_: None)
    running: dict[int, socket.socket] = {}
    while True:
        ready, _, _ = select.select([channel, ended], [], [])
        if ended in ready:
            ended.recv(4096)
            _tell_ended(running)
        if channel not in ready:
            continue
        head, handles, _, _ = socket.recv_fds(channel, 8, 4)
        if not head:
            os._exit(0)
        asked = _receive(channel, int.from_bytes(head, "big"))
        reply = socket.socket(fileno=handles.pop())
        child = os.fork()
        if not child:
            signal.set_wakeup_fd(-1)
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            for inherited in (channel, ended, wake, reply, *running.values()):
                inherited.close()
            running.clear()
            words, cwd, env, session = json.loads(asked)
            _command(words, cwd, env, session, handles)
            return
        for handle in handles:
            os.close(handle)
        running[child] = reply
        reply.sendall(child.to_bytes(8, "big"))


def _tell_ended(running: dict[int, socket.socket]) -> None:
    while running:
        child, status = os.waitpid(-1, os.WNOHANG)
        if not child:
            return
        code = os.waitstatus_to_exitcode(status)
        # Whoever started it may not wait any more.
        with running.pop(child) as reply, contextlib.suppress(OSError):
            reply.sendall(code.to_bytes(8, "big", signed=True))


def _command(
    words: list[str], cwd: str, env: dict[str, str], session: bool, handles: list[int]
) -> None:
    import runpy

    for number, handle in enumerate(handles):
        os.dup2(handle, number)
        os.close(handle)
    if session:
        os.setsid()
    os.environ.clear()
    os.environ.update(env)
    os.chdir(cwd)
    sys.path[0] = cwd
    sys.path.append(str(ROOT))
    streams = [
        os.fdopen(number, mode, lines, encoding="utf-8", errors=errors, closefd=False)
        for number, mode, lines, errors in (
            (0, "r", -1, "surrogateescape"),
            (1, "w", -1, "surrogateescape"),
            (2, "w", 1, "backslashreplace"),
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
