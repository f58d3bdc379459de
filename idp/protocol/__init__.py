"""OAuth 2.0 and OpenID Connect law as pure functions, each citing its section.

Nothing here speaks HTTP, knows SQL, reads a clock or draws randomness: all of it arrives as arguments.
Where we differ from a specification, or choose within its freedom, DIVERGENCES.md says so by section.
"""
