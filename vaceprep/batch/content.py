"""Fingerprints of file content, which tie a result to the bytes that it describes."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterator, Mapping
from typing import Any, Final, NamedTuple

from vaceprep.checks.inputs import Item, kind_of
from vaceprep.contract import ROLES, VIDEO_BYTES_BINARY
from vaceprep.files.digest import identity, sha256_of
from vaceprep.files.source import CannotOpen, open_path
from vaceprep.job.media import resolve
from vaceprep.job.read import JobUnreadable, read_job

#: Size in bytes up to which a file is hashed whole: every file that the service may accept. J
WHOLE: Final = VIDEO_BYTES_BINARY
#: Bytes hashed at each end of a longer file, which is refused for its size in any case. J
END: Final = 1 << 20


class Content(NamedTuple):
    """``digest`` of the bytes; ``stamp`` of the file's metadata, which changes with the file.

    None if there is no such file, or if its timestamps are not reliable enough.
    """

    digest: str | None = None
    stamp: str | None = None


def stamp_of(path: str) -> str | None:
    """Size, times and inode of a file as text."""
    known = identity(path)
    return None if known is None else "-".join(map(str, known[1:]))


def content_of(path: str, root: str | None = None) -> Content:
    """Read a file. The stamp is taken first: a file changed meanwhile is read again next time."""
    stamp = stamp_of(path)
    try:
        with open_path(path, root) as opened:
            if opened.size <= WHOLE:
                return Content(f"sha256:{sha256_of(opened)[0]}", stamp)
            digest = hashlib.sha256()
            digest.update(opened.read_at(0, END))
            digest.update(opened.read_at(opened.size - END, END))
            return Content(f"ends:{opened.size}:{digest.hexdigest()}", stamp)
    except (CannotOpen, OSError):
        return Content(None, stamp)


def values_of(item: Item) -> Any:
    """A job's values; a text, if it has none."""
    try:
        values = item.job if item.job is not None else read_job(item.source)
    except JobUnreadable as error:
        return str(error)
    return str(values) if isinstance(values, JobUnreadable) else values


def assets_of(item: Item) -> tuple[Any, list[str]]:
    """A job's values, and the paths of the local files that it names."""
    values = values_of(item)
    if isinstance(values, str):
        return values, []
    folder = os.path.dirname(item.source if item.base is None else item.base)
    return values, [resolve(path, folder) for path in _paths(values)]


def _paths(values: Mapping[str, Any]) -> Iterator[str]:
    for role in ROLES:
        given = values.get(role)
        for value in given if isinstance(given, list) else [given]:
            if isinstance(value, str) and value and kind_of(value) == "path":
                yield value


def _together(values: Any, parts: list[tuple[str, str | None]]) -> str:
    text = json.dumps([values, parts], sort_keys=True, default=str)
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def job_content(item: Item, known: Mapping[str, Content], folder: str = "") -> Content:
    """The content of a job: its values with the content of its local files.

    ``known`` has the content of files already read, by path. A worker of a cluster, which has
    absolute paths, omits the prefix ``folder``: the content is then what its client finds.
    """
    values, paths = assets_of(item)
    found = [(path, known.get(path) or content_of(path)) for path in paths]
    named = [(path.removeprefix(folder), content) for path, content in found]
    digest = _together(values, [(path, content.digest) for path, content in named])
    stamp = _together(values, [(path, content.stamp) for path, content in named])
    return Content(f"job:{digest}", stamp)


def stamp_now(item: Item) -> str | None:
    """The stamp of a source without reading its media."""
    if item.tag is not None:
        return item.tag
    if item.kind == "job":
        values, paths = assets_of(item)
        return _together(values, [(path, stamp_of(path)) for path in paths])
    return stamp_of(item.source) if item.kind == "path" else None


def content_now(item: Item, folder: str = "") -> Content:
    """The content of any source, as ``job_content``; unknown for a URL before it is fetched."""
    if item.tag is not None:
        return Content(f"tag:{item.tag}", item.tag)
    if item.kind == "job":
        return job_content(item, {}, folder)
    return content_of(item.source, item.root) if item.kind == "path" else Content()
