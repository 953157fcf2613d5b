"""Bytes behind a URL, as a file that can be read anywhere while as little as possible is moved."""
