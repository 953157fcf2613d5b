"""A local stand-in for the service, on loopback: the whole product offline.

``Sandbox`` (in ``server``) takes bodies as strictly as the contract says, fetches their media by
URL, judges them by vaceprep's own rules, and makes a real video of them. It also takes files by
PUT, so that a job's media can be published to it, and makes faults on request.
"""
