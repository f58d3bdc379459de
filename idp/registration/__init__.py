"""Relying services: the rules of their metadata, and the life of a registration.

A registration is parsed once, checked as a whole (RFC 7591 §2, OpenID Connect Dynamic Client Registration
1.0 §2, and our policy on top) and kept in its effective form, with every default spelt out. Whoever holds a
`Metadata` or a `Client` holds a checked one. README.md lists every field, its default and its rule.
"""
