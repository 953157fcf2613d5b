"""Expand the sources that a user names into single ones: files, folders, URLs, ``-``."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any, Final, Literal, NamedTuple, TypeAlias, Union, cast

from vaceprep.contract import FUNCTIONS
from vaceprep.files.source import CannotOpen, is_data_uri, is_url, leads_inside, open_path
from vaceprep.probes.measure import is_media
from vaceprep.records import Values
from vaceprep.wording import listed

if TYPE_CHECKING:
    from vaceprep.files.content import Bytes, Content, Readable
    from vaceprep.job.model import Job
    from vaceprep.job.read import JobUnreadable

#: Endings of job files and of JSON Lines manifests of jobs.
JOB_ENDINGS: Final = (".json", ".yaml", ".yml", ".toml")
MANIFEST_ENDING: Final = ".jsonl"
#: What a library call accepts as one source.
Given: TypeAlias = Union[
    str, os.PathLike[str], Mapping[str, Any], "Job", "bytes | bytearray | memoryview", "Readable"
]
#: The end of a job file's name in a folder, before JOB_ENDINGS.
JOB_MARK: Final = ".vace"
#: Size in bytes up to which a folder's file not named NAME.vace.* is read to find a job. J
MAX_UNNAMED_JOB: Final = 2**20
#: What to take from a folder: media and jobs, media alone, or jobs alone.
Wanted = Literal["all", "media", "jobs"]
SourceKind = Literal["path", "stdin", "url", "data", "job", "content"]
STDIN: Final = "-"


class Item(NamedTuple):
    """One source as given; a file in a folder is the folder as given plus the file's path."""

    source: str
    kind: SourceKind
    #: A manifest line: its mapping, or why it has none; and the manifest's path.
    job: dict[str, Any] | JobUnreadable | None = None
    base: str | None = None
    #: The folder, as given, that contains it.
    root: str | None = None
    #: The store's tag for an object's content.
    tag: str | None = None
    #: Bytes or a file object that the library's caller passed.
    content: Content | None = None
    #: Which part of a video that is split, as it ends the names of its files: ``part-01``.
    part: str = ""


class Skipped(Values):
    """Counts of what was skipped in folders."""

    hidden: int = 0
    links: int = 0
    other: int = 0
    closed: int = 0
    jobs: int = 0

    def sentence(self) -> str | None:
        """The counts as text, such as ``skipped 3 hidden entries``; None if nothing was skipped."""
        parts = [
            (self.hidden, "hidden entry", "hidden entries"),
            (self.links, "link out of the folder", "links out of the folder"),
            (
                self.other,
                "file that is neither video nor image",
                "files that are neither video nor image",
            ),
            (self.jobs, "job (name it, to use it)", "jobs (name them, to use them)"),
            (self.closed, "folder that cannot be read", "folders that cannot be read"),
        ]
        counts = [f"{n} {one if n == 1 else many}" for n, one, many in parts if n]
        return f"skipped {listed(counts)}" if counts else None


def kind_of(source: str) -> SourceKind:
    """The kind of source that a name on the command line refers to."""
    if source == STDIN:
        return "stdin"
    if is_data_uri(source):
        return "data"
    return "url" if is_url(source) else "path"


def given(source: Given | Iterable[Given], job: str = "job") -> list[str | Item]:
    """The sources of a library call: names for ``collect``, and items for sources without a name.

    Bytes and file objects are media, never a list of names and never a job; a mapping is a job,
    whose relative paths are relative to the current folder. ``job`` is the name of such jobs.
    Raises TypeError for anything else.
    """
    single = _single(source, job)
    if single is not None:
        return [single]
    if not isinstance(source, Iterable):
        raise TypeError(_WRONG.format(type(source).__name__))
    found: list[str | Item] = []
    for one in source:
        item = _single(one, job)
        if item is None:
            raise TypeError(_WRONG.format(type(one).__name__))
        found.append(item)
    return found


def is_one(source: object) -> bool:
    """Whether a value is a single source."""
    return _single(source) is not None


def without_content(named: Iterable[str | Item], function: str) -> list[str | Item]:
    """Return ``named``, for calls that write files. Raises TypeError for bytes and file objects."""
    found = list(named)
    if any(isinstance(one, Item) and one.content for one in found):
        raise TypeError(
            f"{function} takes paths, Jobs and mappings; bytes have to be written to a file first"
        )
    return found


#: The message for a value that is not a source.
_WRONG: Final = "a source is a path, a URL, a Job, a mapping, bytes or a binary file object, not {}"


def _single(source: object, job: str = "job") -> str | Item | None:
    """The value as one source; None if it is not a source."""
    if isinstance(source, str):
        return source
    if isinstance(source, os.PathLike):
        return os.fsdecode(source)
    if isinstance(source, Mapping):
        return Item(job, "job", dict(source), job)
    if hasattr(source, "given"):
        return Item(job, "job", source.given(), job)
    from vaceprep.files.content import Content, is_content

    if is_content(source):
        held = Content(cast("Bytes | Readable", source))
        return Item(held.source, "content", content=held)
    return None


def collect(
    sources: Iterable[str | Item],
    skipped: Skipped | None = None,
    skip: frozenset[str] = frozenset(),
    wanted: Wanted = "media",
) -> Iterator[Item]:
    """Every single source of names, or of ``given``; the files of a folder come in name order.

    ``wanted`` selects what is taken from folders; a source named directly is always taken.
    ``skipped`` counts as folders are read. ``skip`` are the real paths of folders and files
    (outputs, say) that are left out of folders and not counted.
    """
    skipped = skipped or Skipped()
    for source in sources:
        if isinstance(source, Item):
            yield source
            continue
        kind = kind_of(source)
        if kind == "path" and os.path.isdir(source):
            yield from _listed(source, skipped, skip, wanted)
        elif kind == "path" and source.lower().endswith(MANIFEST_ENDING):
            yield from _manifest(source)
        elif kind == "path" and source.lower().endswith(JOB_ENDINGS):
            yield Item(source, "job")
        else:
            yield Item(source, kind)


def _manifest(path: str) -> Iterator[Item]:
    from vaceprep.job.read import JobUnreadable, read_manifest

    found = False
    try:
        for number, job in read_manifest(path):
            found = True
            yield Item(f"{path}:{number}", "job", job, path)
    except JobUnreadable as error:
        yield Item(path, "job", error, path)
        return
    if not found:
        yield Item(path, "job", JobUnreadable("there is no job in it"), path)


def _listed(folder: str, skipped: Skipped, skip: frozenset[str], wanted: Wanted) -> Iterator[Item]:
    root = os.path.realpath(folder)

    def closed(_: OSError) -> None:
        skipped.closed += 1

    for here, folders, files in os.walk(folder, onerror=closed):
        if skip:
            real = os.path.realpath(here)
            folders[:] = [n for n in folders if os.path.realpath(os.path.join(real, n)) not in skip]
            files = [n for n in files if os.path.join(real, n) not in skip]  # noqa: PLW2901
        skipped.hidden += sum(name.startswith(".") for name in (*folders, *files))
        kept = []
        for name in sorted(name for name in folders if not name.startswith(".")):
            path = os.path.join(here, name)
            if os.path.islink(path):
                # The target of a link within the tree is listed under its own name.
                skipped.links += not leads_inside(path, root)
                continue
            kept.append(name)
        folders[:] = kept
        for name in sorted(name for name in files if not name.startswith(".")):
            path = os.path.join(here, name)
            if os.path.islink(path) and not leads_inside(path, root):
                skipped.links += 1
            elif is_job(path, name):
                if wanted == "media":
                    skipped.jobs += 1
                else:
                    yield Item(path, "job", root=folder)
            elif wanted == "jobs":
                continue
            elif counts(path, name):
                yield Item(path, "path", root=folder)
            else:
                skipped.other += 1


def is_job(path: str, name: str) -> bool:
    """Whether a file in a folder is a job: by its name, or because its mapping has a function.

    ``NAME.vace.yaml`` is always a job, so that a broken one is reported. The sidecar of a result
    has its request below ``request`` and is not a job.
    """
    lower = name.lower()
    if not lower.endswith(JOB_ENDINGS):
        return False
    if lower.rpartition(".")[0].endswith(JOB_MARK):
        return True
    from vaceprep.job.read import JobUnreadable, read_job

    try:
        with open_path(path) as opened:
            if opened.size > MAX_UNNAMED_JOB:
                return False
            text = opened.read(opened.size)
            if not any(function.encode() in text for function in FUNCTIONS):
                return False
        return read_job(path).get("function") in FUNCTIONS
    except (CannotOpen, JobUnreadable, OSError):
        return False


def counts(path: str, name: str) -> bool:
    """Whether a file is media, by its ending or its first bytes."""
    if is_media(b"", name):
        return True
    try:
        with open_path(path) as opened:
            return is_media(opened.head, name)
    except CannotOpen:
        return False
