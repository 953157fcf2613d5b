"""Findings to edits: what would mend a file with the least damage. Pure; touches no file."""
