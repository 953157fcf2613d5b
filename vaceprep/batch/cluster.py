"""``check`` on an existing Dask cluster: one task per file, results in order of completion.

The cluster repeats the tasks of a worker that dies on another worker; a file that kills one
worker after another is reported as a decoder crash. Paths must be valid on every machine.
"""

from __future__ import annotations

import asyncio
import concurrent.futures
import contextlib
import importlib
import os
from collections.abc import Callable, Generator, Iterable
from dataclasses import replace
from itertools import islice
from typing import Any, Final

from vaceprep.batch.check import Checked, check_one
from vaceprep.batch.content import content_now
from vaceprep.checks.bytes import Options, report_on
from vaceprep.checks.inputs import Item
from vaceprep.checks.library import ways
from vaceprep.checks.report import FileReport
from vaceprep.probes.measure import default_role
from vaceprep.workers.faults import crashed

#: Tasks in flight for each thread of the cluster, and the minimum in all.
AHEAD: Final = 4
FEWEST: Final = 16
#: Seconds to wait for the scheduler.
PATIENCE: Final = 15
#: Exceptions of futures whose scheduler is gone; asyncio's is not an Exception.
CANCELLED: Final = (asyncio.CancelledError, concurrent.futures.CancelledError)


class NoCluster(Exception):
    """The cluster cannot be used; the message is one sentence."""


def check_on(
    scheduler: str,
    items: Iterable[Item],
    options_of: Callable[[Item], Options],
    *,
    far: bool = False,
) -> Generator[Checked]:
    """Yield each source in order of completion; ``far``: workers read URLs. Raises NoCluster."""
    try:
        dask: Any = importlib.import_module("distributed")
    except ImportError:
        raise NoCluster("--scheduler needs further packages: pip install '.[cluster]'") from None
    try:
        client = dask.Client(scheduler, timeout=PATIENCE, set_as_default=False)
    except (OSError, ValueError, TypeError) as error:
        reason = str(error).partition("\n")[0]
        raise NoCluster(f"no scheduler answers at {scheduler}: {reason}") from None
    queue = iter(items)
    here = os.getcwd()
    running: dict[Any, tuple[Item, Options]] = {}

    def submit(item: Item) -> Any:
        options = options_of(item)
        future = client.submit(check_there, _placed(item, here), options, far, pure=False)
        running[future] = item, options
        return future

    try:
        width = max(FEWEST, AHEAD * sum(client.nthreads().values()))
        ready = dask.as_completed((), loop=client.loop)
        ready.update([submit(item) for item in islice(queue, width)])
        for future in ready:
            item, options = running.pop(future)
            yield _named(_came(dask, future, item, options), item, here)
            future.release()
            ready.update([submit(one) for one in islice(queue, 1)])
    except (OSError, TimeoutError, RuntimeError, *CANCELLED) as error:
        reason = str(error).partition("\n")[0] or type(error).__name__
        raise NoCluster(f"the cluster at {scheduler} is gone: {reason}") from None
    finally:
        # The scheduler may be gone already.
        with contextlib.suppress(OSError, TimeoutError, RuntimeError, *CANCELLED):
            client.close()


def check_there(item: Item, options: Options, far: bool) -> Checked:
    """Check one source, in the worker that runs its task."""
    with ways(far and item.kind in ("url", "job"), options.allowed_hosts) as web:
        return check_one(item, options._replace(web=web), packed=False)


def _placed(item: Item, here: str) -> Item:
    """The source with absolute paths: workers have other current folders."""

    def whole(path: str | None) -> str | None:
        return None if path is None else os.path.join(here, path)

    if item.kind not in ("path", "job"):
        return item
    source = item.source if item.base is not None else os.path.join(here, item.source)
    return item._replace(source=source, base=whole(item.base), root=whole(item.root))


def _named(checked: Checked, item: Item, here: str) -> Checked:
    """The entries with the names as given."""
    top = os.path.join(here, "")
    files = tuple(
        replace(entry, source=entry.source.removeprefix(top))
        if isinstance(entry, FileReport) and not os.path.isabs(item.base or item.source)
        else entry
        for entry in checked.files
    )
    return Checked(item, files, checked.content)


def _came(dask: Any, future: Any, item: Item, options: Options) -> Checked:
    error = future.exception()
    if error is None:
        found: Checked = future.result()
        return found
    if isinstance(error, dask.KilledWorker):
        role = options.role or default_role(None, item.source)
        report = report_on(item.source, role, crashed(None), None, options)
        return Checked(item, (report,), content_now(item))
    if isinstance(error, ModuleNotFoundError):
        raise NoCluster(f"the workers have no vaceprep of this version ({error})") from None
    if isinstance(error, (OSError, *CANCELLED)):
        raise error
    reason = str(error).partition("\n")[0]
    raise NoCluster(f"a worker failed at {item.source}: {type(error).__name__}: {reason}") from None
