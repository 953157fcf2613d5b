"""Facts to findings: the rules and their catalogue."""
