"""What a project settles once: ``[tool.vaceprep]`` in pyproject.toml, or vaceprep.toml."""
