"""Identifiers as one client sees them: pairwise `sub` by sector, pairwise `sid` by client.

OpenID Connect Core 1.0 §8.1. Computed by keyed HMAC, never stored; the same everywhere it appears (design law 8).
"""

from base64 import urlsafe_b64encode
from uuid import UUID

from idp.keys.fingerprints import Fingerprints
from idp.protocol.client import Client

TEST_SUBJECT = "sandbox."
"""What `sub` of every test citizen begins with: no other ever holds a dot (DIVERGENCES.md)."""


def subject_for(client: Client, person: UUID, fingerprints: Fingerprints) -> str:
    """The `sub` of a person at a client: equal within a sector, unlinkable across sectors."""
    if client.tenant is not None:
        return TEST_SUBJECT + _text(fingerprints.of("sandbox sector", client.sector or client.id, person.bytes))
    if client.subject_type == "public":
        return _text(fingerprints.of("public", person.bytes))
    return _text(fingerprints.of("sector", client.sector or client.id, person.bytes))


def session_for(client: Client, session: UUID, fingerprints: Fingerprints) -> str:
    """The `sid` of a session at a client: two services cannot match their visitors by it."""
    return _text(fingerprints.of(client.id, session.bytes))


def _text(digest: bytes) -> str:
    return urlsafe_b64encode(digest).rstrip(b"=").decode()
