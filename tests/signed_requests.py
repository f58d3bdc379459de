"""Services that sign and push their requests: keys, request objects, assertions, and calls of /par."""

import json
from base64 import urlsafe_b64encode
from typing import Any
from uuid import uuid4

from joserfc import jws
from joserfc.jwk import ECKey, OKPKey, RSAKey
from werkzeug.test import TestResponse

from tests.ground import ORIGIN, Ground, Registered, Walker, call, request

EC = ECKey.generate_key("P-256", {"kid": "ec", "use": "sig"})
RSA = RSAKey.generate_key(2048, {"kid": "rsa", "use": "sig"})
ED = OKPKey.generate_key("Ed25519", {"kid": "ed", "use": "sig"})
STRANGER = ECKey.generate_key("P-256", {"kid": "ec", "use": "sig"})
JWKS = {"keys": [key.as_dict(private=False) for key in (EC, RSA, ED)]}
TYP = "oauth-authz-req+jwt"
ACCOUNT = {"type": "account_opening", "product": "savings", "purpose": "salary"}


def sign(claims: Any, key: Any = EC, alg: str = "ES256", **header: Any) -> str:
    """A compact JWS; None removes a member of the header."""
    header = {"alg": alg, "kid": key.kid, "typ": TYP} | header
    payload = claims if isinstance(claims, bytes) else json.dumps(claims).encode()
    return jws.serialize_compact({n: v for n, v in header.items() if v is not None}, payload, key, algorithms=[alg])


def unsigned(claims: Any, alg: str = "none") -> str:
    """A token that nobody signed."""
    parts = [{"alg": alg, "typ": TYP}, claims]
    return ".".join([*(urlsafe_b64encode(json.dumps(p).encode()).rstrip(b"=").decode() for p in parts), ""])


def jwt_claims(ground: Ground, service: Registered, **changed: Any) -> dict[str, Any]:
    """What makes a request object one, good for five minutes; None removes a member."""
    now = ground.clock()
    claims = {"iss": service.id, "aud": ORIGIN, "exp": now + 300, "nbf": now, "iat": now} | changed
    return {name: value for name, value in claims.items() if value is not None}


def request_object(ground: Ground, service: Registered, **changed: Any) -> str:
    """A signed authorization request; members may be changed, None removes one."""
    inside: dict[str, Any] = request(service) | jwt_claims(ground, service) | changed
    return sign({name: value for name, value in inside.items() if value is not None})


def assertion(ground: Ground, service: Registered, key: Any = EC, alg: str = "ES256", **changed: Any) -> dict[str, str]:
    """The form members of private_key_jwt."""
    claims = jwt_claims(ground, service, sub=service.id, jti=str(uuid4()), exp=ground.clock() + 60) | changed
    return {
        "client_assertion_type": "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
        "client_assertion": sign(claims, key, alg, typ="JWT"),
    }


def signer(ground: Ground, **metadata: Any) -> Registered:
    """A service with keys that authenticates with a secret, so that its calls are short."""
    return ground.register(**{"jwks": JWKS} | metadata)


def bank(ground: Ground, profile: str = "fapi2", **metadata: Any) -> Registered:
    """A service under a FAPI profile."""
    keys = {"jwks": JWKS, "token_endpoint_auth_method": "private_key_jwt", "profile": profile}
    return ground.register(**keys | metadata)


def push(ground: Ground, service: Registered, form: Any = None, **changed: Any) -> TestResponse:
    """POST /par as a service that has a secret."""
    return call(ground, "/par", request(service, **changed) if form is None else form, service)


def push_as_bank(ground: Ground, service: Registered, form: Any = None, **changed: Any) -> TestResponse:
    """POST /par with private_key_jwt."""
    body = request(service, **changed) if form is None else form
    return ground.app.test_client().post("/par", data=body | assertion(ground, service), base_url=ORIGIN)


def visit(browser: Walker, service: Registered, pushed: TestResponse, **more: str) -> TestResponse:
    """Send the person with what /par gave."""
    assert pushed.status_code == 201, pushed.text
    query = {"client_id": service.id, "request_uri": pushed.get_json()["request_uri"]} | more
    return browser.get("/authorize", query_string=query)
