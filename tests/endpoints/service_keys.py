"""A service that authenticates with a key of its own, and the assertions it signs."""

import os
from base64 import urlsafe_b64encode
from typing import Any

from joserfc.jwk import ECKey

from idp.keys.jose import sign_jwt
from tests.ground import ORIGIN, Ground, Registered

KIND = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"


class KeyedService:
    """A service registered for private_key_jwt."""

    def __init__(self, ground: Ground) -> None:
        self.ground = ground
        self.key = ECKey.generate_key("P-256")
        public = {**self.key.as_dict(private=False), "kid": "k1", "alg": "ES256", "use": "sig"}
        self.service: Registered = ground.register(
            token_endpoint_auth_method="private_key_jwt", jwks={"keys": [public]}
        )

    def claims(self, **changed: Any) -> dict[str, Any]:
        """The claims of a good assertion; None removes one."""
        now = self.ground.clock()
        claims = {
            "iss": self.service.id,
            "sub": self.service.id,
            "aud": ORIGIN,
            "jti": urlsafe_b64encode(os.urandom(12)).decode(),
            "iat": now,
            "exp": now + 60,
        } | changed
        return {name: value for name, value in claims.items() if value is not None}

    def assertion(self, *, typ: str | None = "JWT", kid: str = "k1", key: ECKey | None = None, **changed: Any) -> str:
        """A signed assertion."""
        return sign_jwt(key or self.key, alg="ES256", kid=kid, typ=typ, claims=self.claims(**changed))

    def form(self, assertion: str | None = None, **fields: str) -> dict[str, str]:
        """The form fields that authenticate with it."""
        return {"client_assertion_type": KIND, "client_assertion": assertion or self.assertion()} | fields
