"""Read a configuration file's bytes into a Config. Without a table for vaceprep, no pydantic."""

from __future__ import annotations

import os
from typing import Any, Final

from vaceprep.config import BadConfig
from vaceprep.config.model import Config
from vaceprep.files.toml_bounds import TooMuch, check_keys, check_toml

TABLE: Final = "tool.vaceprep"


def parse(data: bytes, path: str, *, table: bool) -> Config | None:
    """The configuration in a file's bytes; None if ``table`` is set and the table is missing.

    ``path`` is the file's name in messages. Raises BadConfig.
    """
    import tomllib

    try:
        text = data.decode("utf-8-sig")
        check_toml(text)
        values: Any = tomllib.loads(text)
        check_keys(values)
    except UnicodeDecodeError:
        raise BadConfig(path, "it is not UTF-8 text") from None
    except TooMuch as error:
        raise BadConfig(path, f"it {error}") from None
    except tomllib.TOMLDecodeError as error:
        raise BadConfig(path, f"it is not valid TOML: {error}") from None
    except (RecursionError, ValueError):
        raise BadConfig(path, "it is not valid TOML") from None
    if table:
        tools = values.get("tool")
        values = tools.get("vaceprep") if isinstance(tools, dict) else None
        if values is None:
            return None
    from vaceprep.config.schema import config_of

    folder = os.path.dirname(os.path.abspath(path))
    return config_of(values, path, folder, f"[{TABLE}] " if table else "")
