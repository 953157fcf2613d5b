"""One source of ``prepare``, and the jobs of its parts where its video is split."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from vaceprep.checks.inputs import Item
from vaceprep.plans.model import Options
from vaceprep.preparation.report import Prepared

if TYPE_CHECKING:
    from vaceprep.parts.split import Split
    from vaceprep.plans.parts import CannotDivide


@dataclass(frozen=True, slots=True)
class Expanded:
    """One source, and what is prepared instead of it: itself, or the jobs of its parts."""

    item: Item
    split: Split | None = None
    refused: CannotDivide | None = None

    @property
    def items(self) -> tuple[Item, ...]:
        """The items to prepare; none where the split was refused."""
        if self.refused is not None:
            return ()
        return (self.item,) if self.split is None else tuple(p.item for p in self.split.parts)

    def fields(self) -> dict[int, dict[str, Options]]:
        """Return the options for single fields of each part, by the ``id`` of its item."""
        parts = () if self.split is None else self.split.parts
        return {id(part.item): dict(part.fields) for part in parts}

    def head(self, entries: Sequence[tuple[Prepared, ...]]) -> Prepared | None:
        """Return the entry of a job whose video is split, or was to be; None of any other source.

        ``entries`` are those of each part.
        """
        if self.refused is not None:
            error = self.refused
            return Prepared(
                self.item.source,
                None,
                None,
                "failed",
                remaining=error.findings,
                error=str(error) or None,
            )
        if self.split is None:
            return None
        from vaceprep.parts.prepare import head_of

        return head_of(self.split, entries)
