"""From what a user names to the single sources behind it: files, folders, URLs, ``-``."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Literal, NamedTuple

from vaceprep.probe.route import is_media
from vaceprep.rules.wording import listed
from vaceprep.source import CannotOpen, is_data_uri, is_url, leads_inside, open_path

if TYPE_CHECKING:
    from vaceprep.jobfile import JobUnreadable

#: Endings of job files and of JSON Lines manifests of jobs.
JOB_ENDINGS: Final = (".json", ".yaml", ".yml", ".toml")
MANIFEST_ENDING: Final = ".jsonl"
SourceKind = Literal["path", "stdin", "url", "data", "job"]
STDIN: Final = "-"


class Item(NamedTuple):
    """One source as it was given; a file of a folder is the folder as given plus its path."""

    source: str
    kind: SourceKind
    #: A manifest's line: the mapping in it, or why it is none; and the manifest's path.
    job: dict[str, Any] | JobUnreadable | None = None
    base: str | None = None
    #: The folder, as given, in which a walk found it.
    root: str | None = None
    #: Of an object in a store: what the store says of its content.
    tag: str | None = None


@dataclass(slots=True, eq=False, repr=False)
class Skipped:
    """What walking folders left out."""

    hidden: int = 0
    links: int = 0
    other: int = 0
    closed: int = 0

    def sentence(self) -> str | None:
        """``skipped 3 hidden entries and 1 file that is no media``; None where nothing was."""
        parts = [
            (self.hidden, "hidden entry", "hidden entries"),
            (self.links, "link out of the folder", "links out of the folder"),
            (self.other, "file that is no media", "files that are no media"),
            (self.closed, "folder that cannot be read", "folders that cannot be read"),
        ]
        said = [f"{n} {one if n == 1 else many}" for n, one, many in parts if n]
        if not said:
            return None
        return f"skipped {listed(said)}"


def kind_of(source: str) -> SourceKind:
    """What a name on the command line stands for."""
    if source == STDIN:
        return "stdin"
    if is_data_uri(source):
        return "data"
    return "url" if is_url(source) else "path"


def collect(
    sources: Iterable[str], skipped: Skipped, skip: frozenset[str] = frozenset()
) -> Iterator[Item]:
    """Every single source, folders walked in the order of their names.

    ``skipped`` is counted up as the walk goes. ``skip`` are the real paths of folders and files
    (outputs, say) that no walk takes up and that are not counted; what is named itself is taken.
    """
    for source in sources:
        kind = kind_of(source)
        if kind == "path" and os.path.isdir(source):
            yield from _walk(source, skipped, skip)
        elif kind == "path" and source.lower().endswith(MANIFEST_ENDING):
            yield from _manifest(source)
        elif kind == "path" and source.lower().endswith(JOB_ENDINGS):
            yield Item(source, "job")
        else:
            yield Item(source, kind)


def _manifest(path: str) -> Iterator[Item]:
    from vaceprep.jobfile import JobUnreadable, read_manifest

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


def _walk(folder: str, skipped: Skipped, skip: frozenset[str]) -> Iterator[Item]:
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
        for name in sorted(folders):
            if name.startswith("."):
                continue
            path = os.path.join(here, name)
            if os.path.islink(path):
                # A link within the tree leads to what the walk finds under its own name.
                skipped.links += not leads_inside(path, root)
                continue
            kept.append(name)
        folders[:] = kept
        for name in sorted(files):
            if name.startswith("."):
                continue
            path = os.path.join(here, name)
            if os.path.islink(path) and not leads_inside(path, root):
                skipped.links += 1
            elif counts(path, name):
                yield Item(path, "path", root=folder)
            else:
                skipped.other += 1


def counts(path: str, name: str) -> bool:
    """Whether a file is media by its ending or its first bytes."""
    if is_media(b"", name):
        return True
    try:
        with open_path(path) as opened:
            return is_media(opened.head, name)
    except CannotOpen:
        return False
