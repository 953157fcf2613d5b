"""URLs read by ranges: real servers on the loopback, with what they do wrong."""
