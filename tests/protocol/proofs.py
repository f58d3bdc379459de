"""Proofs of possession as a client makes them, right and in every wrong way (RFC 9449)."""

import os
from base64 import urlsafe_b64encode
from typing import Any

from joserfc.jwk import ECKey, OKPKey, RSAKey

from idp.protocol.dpop import access_token_hash
from tests.protocol.signing import signed

SIGNERS: dict[str, Any] = {
    "ES256": ECKey.generate_key("P-256"),
    "PS256": RSAKey.generate_key(2048),
    "Ed25519": OKPKey.generate_key("Ed25519"),
}


def public(key: Any) -> dict[str, Any]:
    """A key's public numbers alone."""
    return {
        name: value for name, value in key.as_dict(private=False).items() if name in {"kty", "crv", "x", "y", "e", "n"}
    }


class Prover:
    """A client that holds a key."""

    def __init__(self, key: Any = None, alg: str = "ES256") -> None:
        self.key = key or ECKey.generate_key("P-256")
        self.alg = alg

    @property
    def jkt(self) -> str:
        return str(self.key.thumbprint())

    def claims(self, method: str, uri: str, now: int, **changed: Any) -> dict[str, Any]:
        """The claims of a good proof; None removes one."""
        jti = urlsafe_b64encode(os.urandom(12)).decode()
        claims = {"htm": method, "htu": uri, "iat": now, "jti": jti} | changed
        return {name: value for name, value in claims.items() if value is not None}

    def proof(
        self, method: str, uri: str, now: int, *, token: str | None = None, header: dict | None = None, **changed: Any
    ) -> str:
        """A proof; `token` puts its hash in, `header` and `changed` falsify."""
        bound = {"ath": access_token_hash(token)} if token is not None else {}
        wanted = {"typ": "dpop+jwt", "kid": None, "jwk": public(self.key)} | (header or {})
        return signed(self.claims(method, uri, now, **bound | changed), self.key, self.alg, **wanted)
