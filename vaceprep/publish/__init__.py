"""A local file becomes a public URL."""
