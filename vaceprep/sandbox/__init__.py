"""A local stand-in for the service on loopback, so that everything can be tried offline.

``Sandbox`` (in ``server``) validates submissions as strictly as the contract says, fetches their
media by URL, checks them with vaceprep's own rules, and renders a real video from them. It also
stores files sent by PUT, so that a job's media can be published to it, and injects faults.
"""
