"""One module a format: what an image's headers say, read without decoding a pixel."""
