"""Attacks that once succeeded, over real sockets and files: each must fail."""
