"""The examples in the help of ``vaceprep task``."""

from __future__ import annotations

from typing import Final

EPILOG: Final = """\b
Examples:
  vaceprep task list
  vaceprep task status                 asks the service about open tasks
  vaceprep task wait 3c90c3cc -o out/  waits and downloads the video
  vaceprep task adopt 7 3c90c3cc-...   row 7 is that task of your account
  vaceprep task forget 7               row 7 was never accepted; run sends it

ID is a row's number, a task's id, or the first characters of one."""
#: Examples by command name.
EXAMPLES: Final = {
    "list": """\b
Examples:
  vaceprep task list
  vaceprep task list --format json |
      jq '.tasks[] | select(.state == "unknown")'""",
    "status": """\b
Examples:
  vaceprep task status
  vaceprep task status 7
  vaceprep task status 3c90c3cc --format json""",
    "wait": """\b
Examples:
  vaceprep task wait
  vaceprep task wait 3c90c3cc -o out/ --max-wait 1800""",
    "download": """\b
Examples:
  vaceprep task download
  vaceprep task download 7 -o out/ --restore-audio""",
    "forget": """\b
Example:
  vaceprep task forget 7""",
    "adopt": """\b
Example:
  vaceprep task adopt 7 3c90c3cc-0d44-4b50-8888-8dd25736052a""",
}
