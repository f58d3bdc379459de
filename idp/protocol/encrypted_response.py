"""Answers encrypted for the client that registered so: ID tokens, UserInfo, introspection.

OpenID Connect Core 1.0 §10.2: signed first, then encrypted, with a key of the client's own `jwks`.
"""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from idp.keys.jwe import ENCRYPTION_KEY_TYPES, Encryption, encrypt
from idp.protocol.client import Client


class NoEncryptionKey(Exception):
    """The client has no key to encrypt to: registration makes sure that this does not happen."""


def encrypted(text: str, client: Client, how: Encryption | None, *, signed: bool = True) -> str:
    """`text` as this client wants it: encrypted, or as it is. Raises NoEncryptionKey."""
    if how is None:
        return text
    key = next(encryption_keys(client.jwks, how.alg), None)
    if key is None:
        raise NoEncryptionKey(how.alg)
    return encrypt(text, key, how, cty="JWT" if signed else None)


def encryption_keys(keys: Iterable[Mapping[str, Any]], alg: str) -> Iterator[Mapping[str, Any]]:
    """The keys that may be encrypted to with `alg`: those of `use` enc alone, never one that signs (RFC 8725 §3.1)."""
    return (
        key
        for key in keys
        if key.get("use") == "enc"
        and ENCRYPTION_KEY_TYPES.get(str(key.get("kty"))) == alg
        and key.get("alg") in {None, alg}
    )
