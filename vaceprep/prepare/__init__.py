"""Edits to a new file: nothing here changes a source, and nothing unverified gets its name."""
