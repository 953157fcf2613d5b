"""Results as Parquet: collected a line at a time, and one table when the run ends.

A Parquet file is readable only once its end is written. So results are kept as lines in a journal
beside it, which a kill leaves whole, and the same command goes on from there.
"""

from __future__ import annotations

import contextlib
import json
import os
from collections.abc import Iterable, Iterator
from itertools import islice
from typing import TYPE_CHECKING, Any, Final

from vaceprep.batch.results import ResultsError, is_line, read_lines
from vaceprep.prepare.parts import part_name

if TYPE_CHECKING:
    import pyarrow

#: Results that are written together.
ROWS: Final = 10_000
JOURNAL: Final = ".journal.jsonl"
ENDING: Final = ".parquet"


def journal_of(path: str) -> str:
    """Where the lines of a Parquet file are until it is written."""
    return path + JOURNAL


def _schema() -> pyarrow.Schema:
    import pyarrow as pa

    text, number = pa.string(), pa.int64()
    return pa.schema(
        [
            ("source", text),
            ("command", text),
            ("ok", pa.bool_()),
            ("content", text),
            ("role", text),
            ("kind", text),
            ("format", text),
            ("codec", text),
            ("bytes", number),
            ("width", number),
            ("height", number),
            ("frames", number),
            ("duration", pa.float64()),
            ("fps", pa.float64()),
            ("errors", pa.list_(text)),
            ("warnings", pa.list_(text)),
            ("status", text),
            ("output", text),
            # The whole result: every other column is taken from it.
            ("line", text),
        ]
    )


def row_of(line: dict[str, Any]) -> dict[str, Any]:
    """The columns of one result: of a job, those of its own entry."""
    entries = [*line.get("files", ()), *line.get("jobs", ())]
    own = entries[0] if entries else {}
    facts = own.get("facts") or own.get("before") or {}
    found = [f for e in entries for n in ("findings", "remaining") for f in e.get(n) or ()]
    videos = own.get("videos") or [None]
    return {
        **{name: line.get(name) for name in ("source", "command", "ok", "content")},
        **{name: facts.get(name) for name in ("kind", "codec", "bytes", "width", "height")},
        **{name: facts.get(name) for name in ("frames", "duration", "fps")},
        "format": facts.get("container") or facts.get("format"),
        "role": own.get("role"),
        "errors": [f["rule"] for f in found if f["severity"] == "error"],
        "warnings": [f["rule"] for f in found if f["severity"] == "warning"],
        "status": own.get("status"),
        "output": own.get("output") or videos[0],
        "line": json.dumps(line),
    }


def unpack(path: str) -> None:
    """Make the journal of a Parquet file that is there, unless a run left one.

    Raises ResultsError where it is no results file.
    """
    journal = journal_of(path)
    if os.path.exists(journal) or not os.path.exists(path):
        return
    import pyarrow as pa
    import pyarrow.parquet as pq

    target = os.path.join(os.path.dirname(path), part_name())
    try:
        with pq.ParquetFile(path) as table, open(target, "x", encoding="ascii") as out:
            for batch in table.iter_batches(batch_size=ROWS, columns=["line"]):
                for line in batch.column("line").to_pylist():
                    out.write(f"{line}\n")
        os.replace(target, journal)
    except (pa.ArrowException, KeyError) as error:
        said = str(error).partition("\n")[0]
        raise ResultsError(f"{path} is no results file of batch ({said}); name another") from None
    except OSError as error:
        raise ResultsError(f"{path} cannot be read: {error.strerror or error}") from None
    finally:
        with contextlib.suppress(OSError):
            os.unlink(target)


def pack(path: str) -> None:
    """Write the Parquet file from its journal, whole or not at all, and let the journal go.

    Raises ResultsError; the journal stays then.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    journal, schema = journal_of(path), _schema()
    target = os.path.join(os.path.dirname(path), part_name())
    try:
        with pq.ParquetWriter(target, schema, compression="zstd") as out:
            rows = _rows(journal)
            while some := list(islice(rows, ROWS)):
                out.write_table(pa.Table.from_pylist(some, schema=schema))
        os.replace(target, path)
        os.unlink(journal)
    except (OSError, pa.ArrowException) as error:
        said = getattr(error, "strerror", None) or str(error).partition("\n")[0]
        raise ResultsError(
            f"{path} cannot be written: {said}; the results are whole in {journal}, and the same "
            "command goes on"
        ) from None
    finally:
        with contextlib.suppress(OSError):
            os.unlink(target)


def _rows(journal: str) -> Iterator[dict[str, Any]]:
    lines: Iterable[tuple[int, int, Any]] = read_lines(journal)
    for _, _, value in lines:
        if is_line(value):
            yield row_of(value)
