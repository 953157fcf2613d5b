"""Earlier submissions of a part of a split video: one that has a result is not sent again."""

from __future__ import annotations

from vaceprep.contract import RESULT_SECONDS
from vaceprep.ledger.row import KEPT, UNSETTLED, Row
from vaceprep.ledger.store import Ledger
from vaceprep.runs.admit import Ready
from vaceprep.runs.local_results import agrees
from vaceprep.runs.part_note import KEY
from vaceprep.runs.redo import REDO, is_open


def earlier(ledger: Ledger, ready: Ready) -> Row | None:
    """The row because of which a part is not sent; None if it is to be sent.

    It is a submission that prevents another, or a result that is on disk as it was downloaded,
    however old. For a part that is sent again on request: only what the same unfinished command
    has sent already.
    """
    found = submissions(ledger, ready.identity, ready.notes.get(KEY))
    if ready.redo:
        newest = next(iter(found), None)
        return newest if newest and is_open(newest, ready.notes.get(REDO)) else None
    return next((row for row in found if prevents(ledger, row, ready.identity)), None)


def submissions(ledger: Ledger, identity: str, key: object = None) -> list[Row]:
    """The submissions of a part, newest first.

    ``key``: its key on any account. A rehearsal has a new sandbox each time, and the results of
    the earlier ones count.
    """
    if not ledger.rehearsal or key is None:
        return ledger.submissions(identity)
    found = ledger.rows([*UNSETTLED, *KEPT])
    return [
        row
        for row in found
        if row.job == identity or (row.state == "downloaded" and row.notes.get(KEY) == key)
    ]


def prevents(ledger: Ledger, row: Row, identity: str) -> bool:
    """Whether a part is not sent because of one of its submissions."""
    if row.job == identity and (
        row.state in UNSETTLED or (row.state in KEPT and ledger.age(row) < RESULT_SECONDS)
    ):
        return True
    return row.state == "downloaded" and agrees(row, ledger.rehearsal)
