"""A local file becomes a public URL.

``target`` holds what is published and the protocol of where to, ``walk.publish`` does it: what is
known already is only looked at again, all else is sent once, and every URL is read back as the
service would before it is handed on.
"""
