"""The tests. Bytecode is cached: else each process that they start compiles every module anew."""

import os
import sys

# Before the first import of a test: pytest itself compiles Hypothesis, whose modules it rewrites.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
sys.dont_write_bytecode = False
