"""A provider on loopback for whole sign-ins: correct by default, and wrong in exactly the way a test asks for."""

import secrets
from base64 import urlsafe_b64encode
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from hashlib import sha256
from threading import Thread
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

from flask import Flask, jsonify, redirect, request
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import ECKey, Key, KeySet, RSAKey
from werkzeug.serving import ThreadedWSGIServer, WSGIRequestHandler

NOW = 1_800_000_000
SUBJECT = "pairwise-4711"

USERINFO = {
    "sub": SUBJECT,
    "name": "홍길동",
    "name#ko-Hang": "홍길동",
    "name#en": "HONG GILDONG",
    "family_name#en": "HONG",
    "birthdate": "1990-01-31",
    "phone_number": "+4915112345678",
    "phone_number_verified": True,
    "address": {"formatted": "Hauptstr. 1\n10115 Berlin\nGermany", "country": "DE"},
    "overseas_registration": {"status": "registered", "as_of": "2026-11-01", "residence_country": "DE"},
}


@cache
def signing_key(algorithm: str, name: str = "") -> Key:
    """One key for `algorithm`; another `name` makes another key."""
    parameters = {"use": "sig", "alg": algorithm, "kid": f"{algorithm}{name}"}
    if algorithm == "ES256":
        return ECKey.generate_key("P-256", parameters)
    return RSAKey.generate_key(2048, parameters)


def published_keys() -> KeySet:
    """The key set that the provider publishes: one key per algorithm."""
    keys = [signing_key(algorithm) for algorithm in ("ES256", "RS256", "PS256")]
    return KeySet.import_key_set({"keys": [key.as_dict(private=False) for key in keys]})


def half_hash(token: str) -> str:
    return urlsafe_b64encode(sha256(token.encode()).digest()[:16]).rstrip(b"=").decode()


class Silent(WSGIRequestHandler):
    def log(self, type: str, message: str, *args: Any) -> None:  # noqa: A002 - Werkzeug names it so
        """Tests say enough themselves."""


@dataclass
class FakeProvider:
    """What a test may bend. `claims` are merged into the ID token; None takes a claim away."""

    issuer: str = ""
    algorithm: str = "ES256"
    key: Key | None = None
    keys: KeySet | None = None
    secret: str = ""
    client_key: Key | None = None
    now: int = NOW
    claims: dict[str, Any] = field(default_factory=dict)
    header: dict[str, Any] = field(default_factory=dict)
    answer: dict[str, str | None] = field(default_factory=dict)
    userinfo: dict[str, Any] = field(default_factory=lambda: dict(USERINFO))
    metadata: dict[str, Any] = field(default_factory=dict)
    token_answer: tuple[Any, ...] | None = None
    tokens: dict[str, Any] = field(default_factory=dict)
    asked: dict[str, str] = field(default_factory=dict)
    requests: list[str] = field(default_factory=list)
    logout: dict[str, str] = field(default_factory=dict)
    codes: dict[str, dict[str, str]] = field(default_factory=dict)

    def authorize(self, url: str) -> str:
        """Where a person comes out who agrees to everything: the address of the redirect to the service."""
        self.asked = {name: values[0] for name, values in parse_qs(urlsplit(url).query).items()}
        code = secrets.token_urlsafe(16)
        self.codes[code] = self.asked
        answer = {"code": code, "state": self.asked["state"], "iss": self.issuer, **self.answer}
        kept = {name: value for name, value in answer.items() if value is not None}
        return f"{self.asked['redirect_uri']}?{urlencode(kept)}"

    def id_token(self, asked: dict[str, str], access_token: str) -> str:
        claims = {
            "iss": self.issuer,
            "sub": SUBJECT,
            "aud": asked["client_id"],
            "exp": self.now + 300,
            "iat": self.now,
            "auth_time": self.now,
            "nonce": asked["nonce"],
            "acr": "urn:kr:overseas-id:acr:2",
            "amr": ["hwk", "user", "sms", "mfa"],
            "sid": "session-1",
            "at_hash": half_hash(access_token),
            **self.claims,
        }
        claims = {name: value for name, value in claims.items() if value is not None}
        key = self.key or signing_key(self.algorithm)
        header = {"alg": self.algorithm, "kid": key.kid, **self.header}
        return jwt.encode(header, claims, key, algorithms=[self.algorithm])

    def redeem(self) -> tuple[Any, ...]:
        """The token endpoint: one code, once, to the client that proves itself and its verifier."""
        if self.token_answer is not None:
            return self.token_answer
        asked = self.codes.pop(request.form.get("code", ""), None)
        if asked is None:
            return {"error": "invalid_grant"}, 400
        if not self.authenticated(asked["client_id"]):
            return {"error": "invalid_client"}, 401
        verifier = request.form.get("code_verifier", "")
        challenge = urlsafe_b64encode(sha256(verifier.encode()).digest()).rstrip(b"=").decode()
        if asked.get("code_challenge_method") != "S256" or challenge != asked.get("code_challenge"):
            return {"error": "invalid_grant"}, 400
        if request.form.get("redirect_uri") != asked["redirect_uri"]:
            return {"error": "invalid_grant"}, 400
        access_token = secrets.token_urlsafe(24)
        answer = {
            "access_token": access_token,
            "token_type": "Bearer",
            "expires_in": 300,
            "id_token": self.id_token(asked, access_token),
            "scope": asked["scope"],
            **self.tokens,
        }
        return {name: value for name, value in answer.items() if value is not None}, 200

    def authenticated(self, client_id: str) -> bool:
        """Whether the token request is `client_id`'s, by the one method it has."""
        if self.client_key is not None:
            try:
                token = jwt.decode(request.form["client_assertion"], self.client_key, algorithms=["ES256"])
            except (JoseError, KeyError):
                return False
            claims = token.claims
            return (claims["iss"], claims["sub"], claims["aud"]) == (client_id, client_id, self.issuer)
        basic = request.authorization
        if basic is not None:
            return (basic.username, basic.password) == (client_id, self.secret)
        return (request.form.get("client_id"), request.form.get("client_secret")) == (client_id, self.secret)


def application(provider: FakeProvider) -> Flask:
    app = Flask("fake_provider")

    @app.before_request
    def note():
        provider.requests.append(request.path)

    @app.get("/.well-known/openid-configuration")
    def discovery():
        return jsonify(
            {
                "issuer": provider.issuer,
                "authorization_endpoint": f"{provider.issuer}/authorize",
                "token_endpoint": f"{provider.issuer}/token",
                "userinfo_endpoint": f"{provider.issuer}/userinfo",
                "jwks_uri": f"{provider.issuer}/jwks",
                "end_session_endpoint": f"{provider.issuer}/logout",
                "id_token_signing_alg_values_supported": ["ES256", "RS256", "PS256"],
                "authorization_response_iss_parameter_supported": True,
                **provider.metadata,
            }
        )

    @app.get("/jwks")
    def jwks():
        return jsonify((provider.keys or published_keys()).as_dict(private=False))

    @app.get("/authorize")
    def authorize():
        return redirect(provider.authorize(request.url), 303)

    @app.post("/token")
    def token():
        return provider.redeem()

    @app.get("/userinfo")
    def userinfo():
        return jsonify(provider.userinfo)

    @app.get("/logout")
    def logout():
        provider.logout = request.args.to_dict()
        return redirect(f"{provider.logout['post_logout_redirect_uri']}?state={provider.logout['state']}", 303)

    return app


@contextmanager
def running(provider: FakeProvider, port: int = 0):
    """The provider, answering on loopback until the block ends."""
    with ThreadedWSGIServer("127.0.0.1", port, application(provider), handler=Silent) as server:
        provider.issuer = f"http://127.0.0.1:{server.server_port}"
        thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        try:
            yield provider
        finally:
            server.shutdown()
            thread.join()
