"""What the model takes of its input. Pure: from sizes, counts and times to the same.

The rules are those of the published code of the open model: advice and preview, never an error.
"""

from __future__ import annotations

from typing import Final

#: What everything says that shows this.
CAVEAT: Final = "after the published code of the open model; the service may differ"
