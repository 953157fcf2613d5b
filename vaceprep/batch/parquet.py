"""Results as Parquet: collected line by line, and written as one table when the run ends.

A Parquet file is readable only once its footer is written. Results are therefore kept as lines
in a journal beside it, which survives a kill, and the same command resumes from the journal.
"""

from __future__ import annotations

import contextlib
import json
import os
from collections.abc import Iterable, Iterator
from itertools import islice
from typing import TYPE_CHECKING, Any, Final

from vaceprep.batch.results import ResultsError, entries_of, is_line, read_lines
from vaceprep.files.atomic import part_name

if TYPE_CHECKING:
    import pyarrow

#: Results read or written in one batch.
ROWS: Final = 10_000
JOURNAL: Final = ".journal.jsonl"


def journal_of(path: str) -> str:
    """The path of a Parquet file's journal."""
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
            # The whole result; every other column is derived from it.
            ("line", text),
        ]
    )


def row_of(line: dict[str, Any]) -> dict[str, Any]:
    """The columns of one result; for a job, those of its own entry.

    Values that do not have their column's type are left out: the line may come from elsewhere.
    """
    entries = [*entries_of(line, "files"), *entries_of(line, "jobs")]
    own = entries[0] if entries else {}
    facts = _mapping(own.get("facts")) or _mapping(own.get("before"))
    lists = (e.get(n) for e in entries for n in ("findings", "remaining"))
    found = [f for one in lists if isinstance(one, list) for f in map(_mapping, one)]
    videos = own.get("videos")
    video = videos[0] if isinstance(videos, list) and videos else None
    row = {
        **{name: line.get(name) for name in ("source", "command", "ok", "content")},
        **{name: facts.get(name) for name in ("kind", "codec", "bytes", "width", "height")},
        **{name: facts.get(name) for name in ("frames", "duration", "fps")},
        "format": facts.get("container") or facts.get("format"),
        "role": own.get("role"),
        "status": own.get("status"),
        "output": own.get("output") or video,
        "line": json.dumps(line),
    }
    return {
        **{name: _typed(name, value) for name, value in row.items()},
        "errors": _rules(found, "error"),
        "warnings": _rules(found, "warning"),
    }


def _mapping(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _rules(found: list[dict[str, Any]], severity: str) -> list[str]:
    names = [f.get("rule") for f in found if f.get("severity") == severity]
    return [name for name in names if isinstance(name, str) and _typed("rule", name)]


def _typed(name: str, value: Any) -> Any:
    """The value if it has its column's type; else None."""
    if name == "ok":
        return value if isinstance(value, bool) else None
    if name in ("bytes", "width", "height", "frames"):
        whole = isinstance(value, int) and not isinstance(value, bool)
        return value if whole and abs(value) < 2**63 else None
    if name in ("duration", "fps"):
        number = isinstance(value, int | float) and not isinstance(value, bool)
        return float(value) if number and abs(value) < 2**63 else None
    if not isinstance(value, str):
        return None
    # The line keeps a name that is not UTF-8 unchanged; this column has it in printable form.
    return value.encode("utf-8", "backslashreplace").decode()


def unpack(path: str) -> None:
    """Make the journal of an existing Parquet file, unless a run left one.

    Raises ResultsError if it is not a results file.
    """
    journal = journal_of(path)
    if not os.path.exists(path):
        return
    import pyarrow as pa
    import pyarrow.parquet as pq

    target = os.path.join(os.path.dirname(path), part_name())
    try:
        with pq.ParquetFile(path) as table:
            if "line" not in table.schema_arrow.names:
                raise ResultsError(f"{path} is no results file of batch; name another")
            if os.path.lexists(journal):
                # A run left it, with all rows of the table.
                return
            with open(target, "x", encoding="ascii") as out:
                for batch in table.iter_batches(batch_size=ROWS, columns=["line"]):
                    for line in batch.column("line").to_pylist():
                        out.write(f"{line}\n")
        os.replace(target, journal)
    except (pa.ArrowException, KeyError, ValueError) as error:
        reason = str(error).partition("\n")[0]
        raise ResultsError(f"{path} is no results file of batch ({reason}); name another") from None
    except OSError as error:
        raise ResultsError(f"{path} cannot be read: {error.strerror or error}") from None
    finally:
        with contextlib.suppress(OSError):
            os.unlink(target)


def pack(path: str) -> None:
    """Write the Parquet file from its journal atomically, then delete the journal.

    Raises ResultsError and keeps the journal.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    journal, schema = journal_of(path), _schema()
    target = os.path.join(os.path.dirname(path), part_name())
    try:
        with pq.ParquetWriter(target, schema, compression="zstd") as out:
            rows = _rows_in(journal)
            while some := list(islice(rows, ROWS)):
                out.write_table(pa.Table.from_pylist(some, schema=schema))
        os.replace(target, path)
        os.unlink(journal)
    except (OSError, pa.ArrowException) as error:
        reason = getattr(error, "strerror", None) or str(error).partition("\n")[0]
        raise ResultsError(
            f"{path} cannot be written: {reason}; the results are whole in {journal}, and the same "
            "command goes on"
        ) from None
    finally:
        with contextlib.suppress(OSError):
            os.unlink(target)


def _rows_in(journal: str) -> Iterator[dict[str, Any]]:
    lines: Iterable[tuple[int, int, Any]] = read_lines(journal)
    for _, _, value in lines:
        if is_line(value):
            yield row_of(value)
