"""Jobs: the five functions, from a file to the body that goes over the wire."""
