"""``vaceprep`` as a process with bounds on memory and processor time."""

from __future__ import annotations

import resource
import runpy

if __name__ == "__main__":
    resource.setrlimit(resource.RLIMIT_AS, (2 << 30, 2 << 30))
    resource.setrlimit(resource.RLIMIT_CPU, (8, 8))
    runpy.run_module("vaceprep", run_name="__main__", alter_sys=True)
