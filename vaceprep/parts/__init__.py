"""A video longer than the limit: split into parts, and joined again from their results."""
