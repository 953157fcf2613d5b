"""Identity of a job, so that the same job is not paid for twice. Pure."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from fractions import Fraction
from types import MappingProxyType
from typing import Any

from vaceprep.job.media import put
from vaceprep.plans.model import NOTHING_ASKED, Options


def set_options(options: Options) -> dict[str, str]:
    """The prepare options that are set, as text: new options change no old identity."""
    plain = NOTHING_ASKED.asked()
    return {
        name: str(value) if isinstance(value, Fraction) else repr(value)
        for name, value in options.asked().items()
        if value != plain.get(name)
    }


def identity(
    service: str,
    account: str,
    values: Mapping[str, Any],
    sources: Mapping[str, str],
    options: Options = NOTHING_ASKED,
    fields: Mapping[str, Options] = MappingProxyType({}),
) -> str:
    """64 hex digits that are the same for the same job on the same account.

    ``values`` are the job's fields as given; ``sources`` has the SHA-256 of each local asset's
    source by JSON pointer, in place of its path. A URL from the user counts as text. Path, file
    name and publishing target make no difference. ``fields`` are prepare options of single fields.
    """
    fields_of = dict(values)
    for at in sources:
        put(fields_of, at, "")
    record: dict[str, Any] = {
        "service": service,
        "account": account,
        "fields": fields_of,
        "sources": dict(sources),
        "options": set_options(options),
    }
    own = {name: set_options(one) for name, one in fields.items() if set_options(one)}
    if own:
        record["fields_options"] = own
    text = json.dumps(record, sort_keys=True, separators=(",", ":"), ensure_ascii=True)
    return hashlib.sha256(text.encode("ascii")).hexdigest()
