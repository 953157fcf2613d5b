"""Broken media, made by chance but made again by number: what the readers must bear.

``python -m tests.fuzz --inputs 100000`` prints the figures; the tests beside this file run a few
hundred of the same inputs each time, and everything that ever broke something (``found/``).
"""
