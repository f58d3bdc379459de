"""One service of each kind, and requests of theirs, that the tests of the pure rooms share."""

from hashlib import sha256
from typing import Any

from hypothesis import strategies as st

from idp.protocol.authorization_request import AuthorizationRequest, ReturnAddress, parse
from idp.protocol.client import Client
from tests.vectors import published

NOW = 1_800_000_000
ISSUER = "https://id.example.go.kr"
TOKEN_ENDPOINT = f"{ISSUER}/token"
PKCE = published("rfc7636_appendix_b")
VERIFIER, CHALLENGE = PKCE["code_verifier"], PKCE["code_challenge"]
SECRET = "gX1fBat3bV"
SCOPES = frozenset({"openid", "profile", "email", "phone", "address", "overseas", "offline_access"})

GOV24 = Client(
    id="gov24",
    names={"": "Government 24", "ko": "정부24"},
    redirect_uris=("https://rp.go.kr/cb",),
    post_logout_redirect_uris=("https://rp.go.kr/bye",),
    secret_digests=(sha256(SECRET.encode()).digest(),),
    grant_types=frozenset({"authorization_code", "refresh_token"}),
    scopes=frozenset({"openid", "profile", "email", "offline_access"}),
    sector="rp.go.kr",
)
APP = Client(
    id="app",
    names={"": "App"},
    application_type="native",
    token_endpoint_auth_method="none",
    redirect_uris=("http://127.0.0.1/cb", "http://[::1]/cb", "http://localhost/cb"),
    grant_types=frozenset({"authorization_code", "refresh_token"}),
    scopes=frozenset({"openid", "offline_access"}),
    sector="app.go.kr",
)
ADDRESS = ReturnAddress("gov24", "https://rp.go.kr/cb", "the-state")
PARAMETERS = {
    "client_id": "gov24",
    "redirect_uri": "https://rp.go.kr/cb",
    "response_type": "code",
    "scope": "openid profile",
    "state": "the-state",
    "nonce": "the-nonce",
    "code_challenge": CHALLENGE,
    "code_challenge_method": "S256",
}

TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=60)
"""What a decoded HTTP parameter can hold: anything but half a surrogate pair."""


def changed(parameters: dict[str, str], **changes: Any) -> dict[str, str]:
    """A copy with some parameters changed; None removes one."""
    return {name: value for name, value in (parameters | changes).items() if value is not None}


def find_client(client_id: str) -> Client | None:
    return {client.id: client for client in (GOV24, APP)}.get(client_id)


def asked(client: Client = GOV24, **changes: Any) -> AuthorizationRequest:
    """The request that these parameters are."""
    return parse(changed(PARAMETERS, **changes), client, ADDRESS, SCOPES)
