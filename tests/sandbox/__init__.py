"""Tests of the service's stand-in, over real sockets."""
