"""Source to facts: what a file is, exactly, without judging it."""
