"""RFC 9068: signed access tokens. In either form it is the row that decides, and every other spelling is refused."""

import json
from base64 import urlsafe_b64decode, urlsafe_b64encode

import pytest
from joserfc import jws

from idp.keys.jose import import_key, read_header, sign_jwt
from idp.keys.signing import load_key, make_key
from idp.protocol.access_token import TYP
from tests.ground import ORIGIN, Ground, Registered, call
from tests.journeys.test_sign_in import verified

FORMATS = ("opaque", "jwt")
ALGS = ("ES256", "RS256", "PS256", "Ed25519")


def claims_of(token: str) -> dict:
    payload = token.split(".")[1]
    return json.loads(urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))


def active(ground: Ground, token: str, service: Registered) -> bool:
    return call(ground, "/introspect", {"token": token}, service).get_json()["active"]


@pytest.mark.parametrize("alg", ALGS)
def test_a_signed_token_says_what_the_rfc_asks_for(ground, browser, citizen, alg):
    service = ground.register(access_token_format="jwt", id_token_signed_response_alg=alg, access_token_seconds=120)
    answer = browser.tokens(service, citizen)
    token = answer["access_token"]
    assert read_header(token) | {"kid": ""} == {"alg": alg, "kid": "", "typ": "at+jwt"}
    claims, identity = claims_of(token), verified(ground, answer["id_token"])
    jti = claims.pop("jti")
    assert len(jti) == 36
    assert claims == {
        "iss": ORIGIN,
        "sub": identity["sub"],
        "aud": ORIGIN,
        "client_id": service.id,
        "iat": ground.clock(),
        "exp": ground.clock() + 120,
        "scope": "openid profile",
        "auth_time": identity["auth_time"],
        "acr": identity["acr"],
        "amr": identity["amr"],
    }
    assert answer["expires_in"] == 120
    keys = ground.app.test_client().get("/jwks", base_url=ORIGIN).get_json()["keys"]
    key = next(k for k in keys if k["kid"] == read_header(token)["kid"])
    assert jws.deserialize_compact(token, import_key(key), algorithms=[alg])


def test_a_machine_is_its_own_subject(ground):
    service = ground.register(
        redirect_uris=None,
        post_logout_redirect_uris=None,
        scope=None,
        grant_types=["client_credentials"],
        machine_scope="read",
        access_token_format="jwt",
    )
    token = call(ground, "/token", {"grant_type": "client_credentials"}, service).get_json()["access_token"]
    claims = claims_of(token)
    assert claims["sub"] == claims["client_id"] == service.id
    assert not {"acr", "amr", "auth_time"} & claims.keys()
    assert active(ground, token, service)


@pytest.mark.parametrize("form", FORMATS)
def test_the_row_decides_over_either_form(either_ground, form):
    ground = either_ground
    service, citizen, browser = ground.register(access_token_format=form), ground.enrol(), ground.browser()
    one, other = (browser.tokens(service, citizen)["access_token"] for _ in range(2))
    assert browser.userinfo(one).status_code == 200
    assert active(ground, one, service)
    assert call(ground, "/revoke", {"token": one}, service).status_code == 200
    assert browser.userinfo(one).status_code == 401
    assert not active(ground, one, service)
    assert browser.userinfo(other).status_code == 200
    ground.clock.now += 600
    assert browser.userinfo(other).status_code == 401
    assert not active(ground, other, service)


@pytest.mark.parametrize("form", FORMATS)
def test_C_11_every_other_spelling_of_a_token_is_refused(ground, browser, citizen, form):
    token = browser.tokens(ground.register(access_token_format=form), citizen)["access_token"]
    shorter = [token[:-n] for n in (1, 2, 3, 4, 5, 10, len(token) // 2, len(token) - 1)]
    longer = [token + more for more in ("A", "=", "==", ".", ".A", "AAAA", "%3D", "\u00e9", "\x00")]
    changed = [token[:i] + ("A" if token[i] != "A" else "B") + token[i + 1 :] for i in range(0, len(token), 11)]
    for text in (*shorter, *longer, *changed):
        answer = browser.userinfo(text)
        assert (answer.status_code, answer.get_json()["error"]) == (401, "invalid_token"), text
    assert browser.userinfo(token).status_code == 200


def test_C_11_the_other_of_the_two_signatures_is_another_token(ground, browser, citizen):
    """With (r, s) also (r, n - s) verifies: the digest in the row refuses it."""
    token = browser.tokens(ground.register(access_token_format="jwt"), citizen)["access_token"]
    head, payload, signature = token.split(".")
    raw = urlsafe_b64decode(signature + "==")
    order = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
    mirrored = (order - int.from_bytes(raw[32:], "big")).to_bytes(32, "big")
    twin = f"{head}.{payload}.{urlsafe_b64encode(raw[:32] + mirrored).rstrip(b'=').decode()}"
    assert browser.userinfo(twin).status_code == 401
    assert browser.userinfo(token).status_code == 200


def test_C_11_a_token_signed_by_another_key_is_refused(ground, browser, citizen):
    token = browser.tokens(ground.register(access_token_format="jwt"), citizen)["access_token"]
    made = make_key("ES256")
    kid = read_header(token)["kid"]
    forged = sign_jwt(load_key("ES256", made.private), alg="ES256", kid=kid, typ=TYP, claims=claims_of(token))
    assert browser.userinfo(forged).status_code == 401


@pytest.mark.parametrize(
    ("typ", "changed"),
    [
        ("JWT", {}),
        (None, {}),
        ("dpop+jwt", {}),
        (TYP, {"iss": "https://other.example"}),
        (TYP, {"jti": "x"}),
        (TYP, {}),
    ],
)
def test_J_05_what_we_signed_for_another_use_is_no_access_token(ground, browser, citizen, typ, changed):
    """Even a token signed by our own key: of another type, of another issuer, or without a row of its own."""
    token = browser.tokens(ground.register(access_token_format="jwt"), citizen)["access_token"]
    ring = ground.provider.ring
    forged = ring.sign("ES256", claims_of(token) | changed, typ=typ)
    assert browser.userinfo(forged).status_code == 401


def test_J_05_tokens_do_not_stand_in_for_one_another(ground, browser, citizen):
    service = ground.register(access_token_format="jwt")
    tokens = browser.tokens(service, citizen)
    assert browser.userinfo(tokens["id_token"]).status_code == 401
    assert not active(ground, tokens["id_token"], service)
    browser.authorize(service, prompt="none", id_token_hint=tokens["access_token"])
    assert "code" in browser.answer(service)  # the hint is not trusted, and changes nothing


def test_signed_tokens_live_on_over_a_rotation_of_keys(ground, browser, citizen):
    service = ground.register(access_token_format="jwt")
    token = browser.tokens(service, citizen)["access_token"]
    ground.provider.rotate(0)
    ground.clock.now += 5
    assert browser.userinfo(token).status_code == 200
    assert read_header(browser.tokens(service, citizen)["access_token"])["kid"] != read_header(token)["kid"]
