"""Make a local file readable at a public URL.

``target`` defines what is published and the protocol of a target; ``publish.publish`` does the
work: reuse a known URL, or upload once, and read every URL back as the service would.
"""
