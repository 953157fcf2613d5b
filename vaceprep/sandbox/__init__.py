"""A local stand-in for the service, on loopback: the whole product offline."""
