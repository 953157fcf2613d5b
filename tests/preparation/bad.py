"""Ways not to prepare a file, for the worker process in which they run."""

from __future__ import annotations

from fractions import Fraction

from tests.workers.tasks import work as do
from vaceprep.checks.inputs import Item
from vaceprep.files.atomic import placing
from vaceprep.plans.model import Options
from vaceprep.preparation.file import Work
from vaceprep.preparation.many import prepare_item
from vaceprep.preparation.outputs import Names
from vaceprep.preparation.report import Prepared


def prepare_file(
    item: Item, names: Names, work: Work, fields: dict[str, Options]
) -> tuple[Prepared, ...]:
    """Begin an output and then do what the file's text says; without such a text, prepare it."""
    with open(item.source, "rb") as file:
        text = file.read(100)
    if not text.startswith(b"bad "):
        return prepare_item(item, names, work, fields)
    path = names.target(item, ".mp4")
    with placing(path, force=False, make_folder=True) as place, open(place.path, "wb") as part:
        part.write(b"half")
        part.flush()
        work.on_progress(Fraction(1, 2))
        do(text.decode()[4:])
        raise AssertionError("it came back")
