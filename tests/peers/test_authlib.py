"""Authlib's client, on the roads that it knows, in this process: its requests reach the provider without a socket."""

from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest
from authlib.integrations.requests_client import OAuth2Session
from authlib.oauth2.rfc7523 import PrivateKeyJWT
from joserfc import jwt
from joserfc.jwk import ECKey, KeySet
from requests import PreparedRequest, Response
from requests.adapters import BaseAdapter

from idp.protocol.device_flow import DEVICE_CODE_GRANT
from tests.ground import ORIGIN, VERIFIER, Ground, Registered

SCOPE = "openid profile phone offline_access"
KEY = ECKey.generate_key("P-256", {"kid": "authlib"})
KEYED = {
    "token_endpoint_auth_method": "private_key_jwt",
    "jwks": {"keys": [KEY.as_dict(private=False) | {"alg": "ES256", "use": "sig"}]},
}


class Within(BaseAdapter):
    """Carries a request of `requests` to the provider of this very process."""

    def __init__(self, ground: Ground) -> None:
        super().__init__()
        self.ground = ground

    def send(self, request: PreparedRequest, **_options: Any) -> Response:
        parts = urlsplit(request.url)
        headers = {name: value for name, value in request.headers.items() if name != "Content-Length"}
        there = self.ground.app.test_client().open(
            f"{parts.path}?{parts.query}", method=request.method, data=request.body, headers=headers, base_url=ORIGIN
        )
        answer = Response()
        answer.status_code, answer.headers, answer._content = there.status_code, there.headers, there.data
        answer.url, answer.request = request.url, request
        return answer

    def close(self) -> None:
        """Nothing is open."""


def session(ground: Ground, service: Registered, method: str = "client_secret_basic") -> OAuth2Session:
    """A session as Authlib makes it from metadata, against the provider's own."""
    made = OAuth2Session(
        service.id,
        service.secret or KEY,
        scope=SCOPE,
        redirect_uri=service.redirect_uri,
        code_challenge_method="S256",
        token_endpoint_auth_method=method,
        revocation_endpoint_auth_method=method,
    )
    made.mount(ORIGIN, Within(ground))
    made.metadata = made.get(f"{ORIGIN}/.well-known/openid-configuration", withhold_token=True).json()
    if method == "private_key_jwt":
        made.register_client_auth_method(PrivateKeyJWT(made.metadata["token_endpoint"], alg="ES256"))
    return made


@pytest.fixture
def fast(ground: Ground, monkeypatch: pytest.MonkeyPatch) -> Ground:
    """Authlib reads the clock of the machine, and the ground has one of its own: both say the same time."""
    monkeypatch.setattr("time.time", lambda: float(ground.clock.now))
    return ground


def judge(made: OAuth2Session, tokens: dict[str, Any], ground: Ground) -> None:
    """What every road of a person leads to: a verified ID token, UserInfo, a refresh, and an end."""
    keys = KeySet.import_key_set(made.get(made.metadata["jwks_uri"], withhold_token=True).json())
    claims = jwt.decode(tokens["id_token"], keys, algorithms=["ES256"]).claims
    person = made.get(made.metadata["userinfo_endpoint"]).json()
    assert person["sub"] == claims["sub"]
    assert person["phone_number"] == ground.citizens[0].number
    fresh = made.refresh_token(made.metadata["token_endpoint"], refresh_token=tokens["refresh_token"])
    assert active(made, fresh["access_token"])
    ended = made.revoke_token(made.metadata["revocation_endpoint"], token=tokens["refresh_token"])
    assert ended.status_code == 200
    assert not active(made, fresh["access_token"])


def active(made: OAuth2Session, token: str) -> bool:
    return made.introspect_token(made.metadata["introspection_endpoint"], token=token).json()["active"]


@pytest.mark.parametrize("metadata", [{}, KEYED], ids=["client_secret_basic", "private_key_jwt"])
def test_authlib_signs_a_person_in(fast, metadata):
    service, citizen = fast.register(**metadata), fast.enrol()
    made = session(fast, service, metadata.get("token_endpoint_auth_method", "client_secret_basic"))
    address, state = made.create_authorization_url(
        made.metadata["authorization_endpoint"], code_verifier=VERIFIER, nonce="the-nonce"
    )
    browser = fast.browser()
    browser.get(address.removeprefix(ORIGIN))
    browser.passkey(citizen)
    browser.code()
    browser.consent()
    came = browser.page.headers["Location"]
    assert dict(parse_qsl(urlsplit(came).query))["state"] == state
    token = made.metadata["token_endpoint"]
    judge(made, made.fetch_token(token, authorization_response=came, state=state, code_verifier=VERIFIER), fast)


def test_authlib_signs_a_device_in(fast):
    grants = ["authorization_code", "refresh_token", DEVICE_CODE_GRANT]
    service = fast.register(grant_types=grants, device_flow_approval="a test")
    made, browser, citizen = session(fast, service), fast.browser(), fast.enrol()
    began = made.post(
        made.metadata["device_authorization_endpoint"],
        data={"scope": SCOPE},
        auth=(service.id, service.secret),
        withhold_token=True,
    ).json()
    browser.get("/device")
    browser.submit("/device", user_code=began["user_code"])
    browser.submit("/device/begin", decision="mine")
    browser.passkey(citizen)
    browser.code()
    browser.consent()
    token = made.metadata["token_endpoint"]
    judge(made, made.fetch_token(token, grant_type=DEVICE_CODE_GRANT, device_code=began["device_code"]), fast)


@pytest.mark.parametrize("metadata", [{}, KEYED], ids=["client_secret_basic", "private_key_jwt"])
def test_authlib_acts_for_a_machine(fast, metadata):
    machine = {"grant_types": ["client_credentials"], "machine_scope": "read", "scope": None}
    nobody = {"redirect_uris": None, "post_logout_redirect_uris": None}
    service = fast.register(**machine | nobody | metadata)
    made = session(fast, service, metadata.get("token_endpoint_auth_method", "client_secret_basic"))
    tokens = made.fetch_token(made.metadata["token_endpoint"], grant_type="client_credentials", scope="read")
    assert tokens["scope"] == "read"
    assert active(made, tokens["access_token"])
