"""The JSON of every answer, in ASCII: names of files and texts of a job may be no UTF-8."""

from __future__ import annotations

import json
from typing import Any

from starlette.responses import JSONResponse


class Answer(JSONResponse):
    """JSON whose characters outside ASCII are escaped, lone surrogates too."""

    def render(self, content: Any) -> bytes:
        """The body. Raises ValueError for a number that JSON does not have."""
        return json.dumps(content, allow_nan=False, separators=(",", ":")).encode("ascii")
