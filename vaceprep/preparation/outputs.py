"""The output path of each source. This module only chooses names and writes nothing."""

from __future__ import annotations

import os
import unicodedata
from collections.abc import Iterable
from itertools import count
from typing import Final, Literal, NamedTuple, Protocol

from vaceprep.checks.inputs import JOB_ENDINGS, JOB_MARK, Item
from vaceprep.errors import Refused
from vaceprep.files.names import fit, in_bytes, numbered
from vaceprep.formats import ENDINGS as IMAGE_NAMES
from vaceprep.formats import IMAGE_ENDINGS, VIDEO_ENDINGS
from vaceprep.formats import WRITTEN as IMAGE_FORMATS
from vaceprep.probes.measure import ending

#: The default folder for outputs.
PREPARED: Final = "prepared"
#: Extensions of what prepare writes: with one of these, ``-o`` names a file.
WRITTEN: Final = (".mp4", *IMAGE_FORMATS, *JOB_ENDINGS)
#: The format that an extension promises; prepare writes only one kind of video.
_PROMISED: Final = {
    **{one: fmt for fmt, endings in IMAGE_NAMES.items() for one in endings},
    **dict.fromkeys(VIDEO_ENDINGS, "video"),
    **{one: one for one in JOB_ENDINGS},
    ".yml": ".yaml",
}
#: A longer suffix is part of the name and not an extension.
_ENDING_BYTES: Final = 20
_SEPARATORS: Final = os.sep + (os.altsep or "")


class Output(NamedTuple):
    """The value of ``-o``: a ``folder``, a ``file``, or, without it, ``beside`` each source."""

    kind: Literal["beside", "folder", "file"]
    path: str = ""


def parse_output(text: str | None) -> Output:
    """Parse the value of ``-o``; None means that it was not given.

    Raises ValueError, with a sentence, for an invalid value.
    """
    if text is None:
        return Output("beside")
    if not text or text == "-":
        raise ValueError("outputs are files: name a file or a folder")
    if os.path.isdir(text):
        return Output("folder", text)
    last = ending(text)
    if last in WRITTEN:
        return Output("file", text)
    if last in IMAGE_ENDINGS or last in VIDEO_ENDINGS:
        # A folder called clip.mov would be a surprise.
        raise ValueError(f"nothing that prepare writes is a {last}; it writes {' '.join(WRITTEN)}")
    return Output("folder", text)


def skipped_paths(output: Output, sources: Iterable[str]) -> frozenset[str]:
    """Return the real paths that a search of ``sources`` must skip because they hold outputs.

    They are the folder or file that ``-o`` names, and the folder ``prepared`` directly in each
    searched folder. Raises ValueError if outputs would be written into a searched folder itself,
    since the next run could not distinguish them from sources.
    """
    roots = [source for source in sources if os.path.isdir(source)]
    skips = {os.path.realpath(os.path.join(root, PREPARED)) for root in roots}
    if output.kind != "beside":
        real = os.path.realpath(output.path)
        for root in roots:
            if os.path.realpath(root) == real:
                raise ValueError(
                    f"{output.path} is read itself; name a folder inside it or beside it"
                )
        skips.add(real)
    return frozenset(skips)


def fitting(output: Output, items: Iterable[Item]) -> list[Item]:
    """Return the items. Raises ValueError for more than one item under ``-o FILE``."""
    found = list(items)
    if output.kind == "file" and len(found) > 1:
        raise _one_alone(output)
    return found


def _one_alone(output: Output) -> ValueError:
    return ValueError(f"{output.path} is one file, but there are several sources; name a folder")


class Names(Protocol):
    """Assigns output paths."""

    def target(self, item: Item, new_ending: str | None) -> str:
        """Return the path of an item's output."""
        ...

    def beside(self, target: str, item: Item, new_ending: str | None) -> str:
        """Return the path of an item's output in the folder of ``target``."""
        ...


class Outputs:
    """Assigns a unique output path to each item.

    Names that differ only in case or in Unicode composition count as the same, as on the least
    capable file systems. Paths depend on the order: call it in item order, from one thread.
    """

    def __init__(self, output: Output) -> None:
        self._output = output
        self._files: set[str] = set()
        self._folders: set[str] = set()
        self._real: dict[str, str] = {}
        #: Folders known to have no link that leads outside.
        self._inside: set[str] = set()
        #: The next number to try, by requested name.
        self._next: dict[str, int] = {}
        self._given_out = False

    def target(self, item: Item, new_ending: str | None) -> str:
        """Return the path of an item's output; ``new_ending`` None keeps the source's whole name.

        Raises ValueError for a second item under ``-o FILE``, Refused if FILE has the extension of
        another format or a link that the user did not name leads the output elsewhere.
        """
        if self._output.kind != "file":
            base, tree = self._place(item)
            found = self._free(base, tree, item, new_ending)
            self._stay(base, os.path.dirname(found))
            return found
        path = self._output.path
        if self._given_out:
            raise _one_alone(self._output)
        self._given_out = True
        made = ending(_own_name(item)) if new_ending is None else new_ending.lower()
        if _PROMISED.get(made) not in (None, _PROMISED[ending(path)]):
            raise Refused(f"{path} is no name for what is made, which is a {made}")
        self.claim(path)
        return path

    def claim(self, path: str) -> None:
        """Reserve a path that an earlier run assigned."""
        self._files.add(self.key(path))

    def beside(self, target: str, item: Item, new_ending: str | None) -> str:
        """Return the path of an item's output in the folder of ``target``: a job's media."""
        return self._free(os.path.dirname(target), [], item, new_ending)

    def _place(self, item: Item) -> tuple[str, list[str]]:
        """Return the base folder (``-o``, or that of the source) and the folders below it."""
        tree: list[str] = []
        base = os.path.dirname(_path(item))
        if item.root is not None:
            below = os.path.dirname(item.source[len(item.root) :])
            for sep in _SEPARATORS:
                below = below.replace(sep, "/")
            tree = [part for part in below.split("/") if part not in ("", ".", "..")]
            base = item.root
        if self._output.kind == "folder":
            return self._output.path, tree
        return base, [PREPARED, *tree]

    def _stay(self, base: str, folder: str) -> None:
        """Raise Refused where a link below ``base`` leads out of it: a stranger may have made it.

        A link that is ``base`` itself is the user's own choice.
        """
        if folder in self._inside:
            return
        root, real = os.path.realpath(base or os.curdir), os.path.realpath(folder or os.curdir)
        if real != root and not real.startswith(os.path.join(root, "")):
            raise Refused(
                f"{folder} is a link, or lies behind one, that leads out of {base or os.curdir}; "
                "to write there all the same, name the folder with -o"
            )
        self._inside.add(folder)

    def _key(self, folder: str, name: str) -> str:
        if folder not in self._real:
            # Two spellings of one folder count as the same folder.
            self._real[folder] = os.path.realpath(folder or os.curdir)
        return folded(os.path.join(self._real[folder], name))

    def folder_of(self, item: Item) -> str:
        """Return the folder of an item's output, whose name no output can get any more.

        Raises Refused where a link that the user did not name leads elsewhere.
        """
        base, tree = self._place(item)
        folder = self._below(base, tree)
        self._stay(base, folder)
        return folder

    def free(self, folder: str, item: Item, new_ending: str | None, most: int) -> tuple[str, ...]:
        """Return the next paths that an item's output would get in a folder; none is claimed."""
        stem, last = _named(item, new_ending)
        wish = self._key(folder, numbered(stem, last, 1))
        found: list[str] = []
        for number in count(self._next.get(wish, 1)):
            name = numbered(stem, last, number)
            if not self._used(self._key(folder, name)):
                if not found:
                    # All lower numbers are used, and stay so.
                    self._next[wish] = number
                found.append(os.path.join(folder, name))
            if len(found) == most:
                return tuple(found)
        raise AssertionError

    def key(self, path: str) -> str:
        """Return a key that is the same for all spellings of a path."""
        return self._key(*os.path.split(path))

    def _used(self, key: str) -> bool:
        return key in self._files or key in self._folders

    def _below(self, base: str, tree: list[str]) -> str:
        """Return the folder of a tree below ``base``."""
        folder = base
        for part in tree:
            # An output may already have the name of a folder of the tree.
            names = (numbered(*fit(part), n) for n in count(1))
            name = next(n for n in names if self._key(folder, n) not in self._files)
            self._folders.add(self._key(folder, name))
            folder = os.path.join(folder, name)
        return folder

    def _free(self, base: str, tree: list[str], item: Item, new_ending: str | None) -> str:
        (path,) = self.free(self._below(base, tree), item, new_ending, 1)
        self.claim(path)
        return path


def _path(item: Item) -> str:
    """Return the path next to which an item's output goes; empty for the current folder."""
    if item.kind in ("stdin", "url", "data"):
        return ""
    return item.source if item.base is None else item.base


def _own_name(item: Item) -> str:
    if item.kind in ("stdin", "data"):
        return item.kind
    if item.kind == "url":
        text = item.source.partition("?")[0].partition("#")[0].partition("://")[2]
        name = text.partition("/")[2].rpartition("/")[2].replace("\\", "_").replace("\0", "_")
    else:
        name = os.path.basename(item.source)
        if item.base is not None:
            # A line of a manifest: jobs.jsonl:3 is written as jobs-3.
            line = item.source[len(item.base) :].removesuffix(f"#{item.part}").strip(":")
            name = os.path.splitext(os.path.basename(item.base))[0]
            if item.part:
                name = name.removesuffix(JOB_MARK)
            name += line and f"-{line}"
    return "source" if name in ("", ".", "..") else name


def _named(item: Item, new_ending: str | None) -> tuple[str, str]:
    """Return the stem and the extension of an output's name."""
    own = _own_name(item)
    stem, last = os.path.splitext(own)
    if item.base is not None or in_bytes(last) > _ENDING_BYTES:
        stem, last = own, ""
    if item.part:
        stem = f"{stem}-{item.part}"
    if new_ending is None or new_ending.lower() == last.lower():
        # A correct extension keeps its spelling: CLIP.MP4.
        return fit(stem, last)
    return fit(stem, new_ending)


def folded(path: str) -> str:
    """Return the path without differences in case and Unicode composition."""
    return unicodedata.normalize("NFD", path.casefold())
