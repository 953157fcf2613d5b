"""The local page of ``vaceprep edit``: a server on this machine alone, and what it serves."""
