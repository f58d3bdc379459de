"""Keys of ours, of a client and of a stranger, and tokens signed with them in every wrong way."""

import hmac
import json
from base64 import urlsafe_b64encode
from collections.abc import Mapping
from typing import Any

from joserfc import jws
from joserfc.jwk import ECKey, OKPKey, RSAKey

EC = ECKey.generate_key("P-256")
OTHER_EC = ECKey.generate_key("P-256")
P384 = ECKey.generate_key("P-384")
RSA = RSAKey.generate_key(2048)
ED25519 = OKPKey.generate_key("Ed25519")
KID = "the-kid"


def b64(raw: bytes) -> str:
    return urlsafe_b64encode(raw).rstrip(b"=").decode()


def segment(value: Any) -> str:
    return b64(value if isinstance(value, bytes) else json.dumps(value).encode())


def signed(claims: Any, key: Any = EC, alg: str = "ES256", **header: Any) -> str:
    """A compact JWS; header members of None are left out. The payload may be bytes, as they are."""
    wanted = {"alg": alg, "kid": KID, "typ": "JWT"} | header
    payload = claims if isinstance(claims, bytes) else json.dumps(claims).encode()
    protected = {name: value for name, value in wanted.items() if value is not None}
    signer = {"ES256": "ES256", "RS256": "RS256", "PS256": "PS256", "Ed25519": "Ed25519", "ES384": "ES384"}[alg]
    return resigned(protected, payload, key, signer)


def resigned(header: Mapping[str, Any], payload: bytes, key: Any, alg: str) -> str:
    """Signed by the algorithm's own code, so that the header may say anything."""
    message = f"{segment(dict(header))}.{segment(payload)}"
    signature = jws.JWSRegistry.algorithms[alg].sign(message.encode(), key)
    return f"{message}.{b64(signature)}"


def hmac_signed(claims: Any, secret: bytes, **header: Any) -> str:
    """HS256 with any bytes as the secret, such as a public key."""
    message = f"{segment({'alg': 'HS256', 'typ': 'JWT'} | header)}.{segment(claims)}"
    return f"{message}.{b64(hmac.digest(secret, message.encode(), 'sha256'))}"


def unsigned(claims: Any, alg: str, signature: str = "") -> str:
    return f"{segment({'alg': alg, 'typ': 'JWT'})}.{segment(claims)}.{signature}"
