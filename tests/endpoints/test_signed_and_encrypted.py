"""OpenID Connect Core 1.0 §5.3.2, §10.2: UserInfo, ID tokens and introspection, signed and encrypted as registered."""

import json
import time

import pytest
from joserfc import jwe
from joserfc.jwk import ECKey, OctKey, RSAKey

from idp.keys.jose import read_header
from idp.protocol.introspection import MEDIA_TYPE
from idp.registration.errors import RefusedMetadata
from tests.endpoints.service_keys import KeyedService
from tests.endpoints.test_access_tokens import claims_of
from tests.ground import ORIGIN, Ground, Registered, call
from tests.journeys.test_sign_in import verified
from tests.protocol.signing import EC as SIGNING_KEY
from tests.protocol.signing import segment

KEYS = {
    "P-256": ECKey.generate_key("P-256"),
    "P-384": ECKey.generate_key("P-384"),
    "P-521": ECKey.generate_key("P-521"),
    "RSA": RSAKey.generate_key(2048),
}
ALG = {"P-256": "ECDH-ES", "P-384": "ECDH-ES", "P-521": "ECDH-ES", "RSA": "RSA-OAEP-256"}
ALGS = ("ES256", "RS256", "PS256", "Ed25519")


def public(name: str, **more):
    return {**KEYS[name].as_dict(private=False), "kid": f"enc-{name}", "use": "enc"} | more


def wanting(ground: Ground, kind: str, name: str, enc: str | None = None, **more) -> Registered:
    """A service that wants one kind of answer encrypted to one of its keys."""
    wanted = {f"{kind}_encrypted_response_alg": ALG[name]} | ({f"{kind}_encrypted_response_enc": enc} if enc else {})
    sign = SIGNING_KEY.as_dict(private=False) | {"kid": "sig", "use": "sig", "alg": "ES256"}
    return ground.register(jwks={"keys": [sign, public(name)]}, **wanted, **more)


def opened(text: str, name: str, enc: str = "A256GCM") -> tuple[dict, str]:
    """The header and the content, for the holder of the key alone."""
    found = jwe.decrypt_compact(text, KEYS[name], algorithms=[ALG[name], enc])
    return found.headers(), (found.plaintext or b"").decode()


@pytest.mark.parametrize("alg", ALGS)
def test_signed_userinfo_names_both_sides_and_has_no_nonce(ground, browser, citizen, alg):
    plain, service = (
        ground.register(sector="same.example"),
        ground.register(sector="same.example", userinfo_signed_response_alg=alg),
    )
    expected = browser.userinfo(browser.tokens(plain, citizen)["access_token"]).get_json()
    answer = browser.userinfo(browser.tokens(service, citizen)["access_token"])
    assert answer.content_type == "application/jwt"
    assert answer.headers["Cache-Control"] == "no-store"
    assert read_header(answer.text)["alg"] == alg
    assert verified(ground, answer.text) == {"iss": ORIGIN, "aud": service.id, **expected}
    assert "name#ko-Hang" in expected


@pytest.mark.parametrize("enc", ["A128GCM", "A256GCM"])
@pytest.mark.parametrize("name", KEYS)
def test_an_id_token_is_encrypted_around_its_signature(ground, browser, citizen, name, enc):
    service = wanting(ground, "id_token", name, enc)
    tokens = browser.tokens(service, citizen)
    header, inner = opened(tokens["id_token"], name, enc)
    assert {n: header[n] for n in ("alg", "enc", "kid", "cty")} == {
        "alg": ALG[name],
        "enc": enc,
        "kid": f"enc-{name}",
        "cty": "JWT",
    }
    claims = verified(ground, inner)
    assert (claims["aud"], claims["nonce"]) == (service.id, "the-nonce")
    browser.authorize(service, prompt="none", id_token_hint=inner)
    assert "code" in browser.answer(service)


def test_userinfo_is_encrypted_with_or_without_a_signature(ground, browser, citizen):
    bare = wanting(ground, "userinfo", "RSA")
    answer = browser.userinfo(browser.tokens(bare, citizen)["access_token"])
    assert answer.content_type == "application/jwt"
    header, inner = opened(answer.text, "RSA")
    assert "cty" not in header
    assert json.loads(inner)["name#ko-Hang"] == "홍길동"
    signed = wanting(ground, "userinfo", "P-256", userinfo_signed_response_alg="PS256")
    header, inner = opened(browser.userinfo(browser.tokens(signed, citizen)["access_token"]).text, "P-256")
    assert header["cty"] == "JWT"
    assert verified(ground, inner)["aud"] == signed.id


@pytest.mark.parametrize("accept", [MEDIA_TYPE, "application/json", "*/*"])
def test_encrypted_introspection_is_never_told_in_clear(ground, browser, citizen, accept):
    service = wanting(ground, "introspection", "P-384")
    token = browser.tokens(service, citizen)["access_token"]
    for asked, active in ((token, True), ("x", False)):
        answer = call(ground, "/introspect", {"token": asked}, service, headers={"Accept": accept})
        assert answer.content_type == MEDIA_TYPE
        _, inner = opened(answer.text, "P-384")
        assert claims_of(inner)["token_introspection"]["active"] is active


@pytest.mark.parametrize(
    ("metadata", "problem"),
    [
        ({"id_token_encrypted_response_alg": "RSA1_5"}, "must be ECDH-ES or RSA-OAEP-256"),
        ({"id_token_encrypted_response_alg": "dir"}, "must be ECDH-ES or RSA-OAEP-256"),
        ({"id_token_encrypted_response_alg": "ECDH-ES"}, "must hold a key with use enc"),
        (
            {"id_token_encrypted_response_alg": "ECDH-ES", "jwks": {"keys": [public("RSA")]}},
            "must hold a key with use enc",
        ),
        (
            {"userinfo_encrypted_response_alg": "ECDH-ES", "jwks": {"keys": [public("P-256", use="sig")]}},
            "must hold a key with use enc",
        ),
        (
            {"introspection_encrypted_response_alg": "ECDH-ES", "jwks_uri": "https://rp.example/jwks"},
            "must hold a key with use enc",
        ),
        ({"userinfo_encrypted_response_enc": "A256GCM"}, "needs userinfo_encrypted_response_alg"),
        ({"userinfo_encrypted_response_enc": "A128CBC-HS256"}, "must be A128GCM or A256GCM"),
        ({"userinfo_signed_response_alg": "none"}, "must be ES256"),
        ({"userinfo_signed_response_alg": "HS256"}, "must be ES256"),
        (
            {"token_endpoint_auth_method": "private_key_jwt", "jwks": {"keys": [public("P-256")]}},
            "must have a key for ES256",
        ),
    ],
)
def test_registrations_that_cannot_be_kept_are_refused(ground, metadata, problem):
    with pytest.raises(RefusedMetadata, match=problem):
        ground.register(**metadata)


def test_J_05_signed_userinfo_is_no_id_token(ground, browser, citizen):
    """It has issuer, audience and subject like one; what it lacks is a date."""
    service = ground.register(userinfo_signed_response_alg="ES256")
    answer = browser.userinfo(browser.tokens(service, citizen)["access_token"]).text
    assert browser.userinfo(answer).status_code == 401
    browser.get(f"/logout?id_token_hint={answer}&post_logout_redirect_uri=http://localhost:9001/signed-out")
    assert browser.page.status_code == 200
    assert "Location" not in browser.page.headers


OWN = ECKey.generate_key("P-256")
BOMBS = {
    "RSA1_5": {"alg": "RSA1_5", "enc": "A128CBC-HS256"},
    "PBES2": {"alg": "PBES2-HS256+A128KW", "enc": "A128GCM", "p2c": 2**31 - 1, "p2s": "AAAA"},
    "dir": {"alg": "dir", "enc": "A128GCM"},
    "zip": {"alg": "ECDH-ES", "enc": "A256GCM", "zip": "DEF", "epk": OWN.as_dict(private=False)},
    "ECDH-ES": {"alg": "ECDH-ES", "enc": "A256GCM", "epk": OWN.as_dict(private=False)},
}


@pytest.mark.parametrize("bomb", BOMBS.values(), ids=BOMBS)
def test_J_10_nothing_that_arrives_encrypted_is_opened(ground, service, bomb):
    """At every endpoint that reads a token, at once, with the error that any unreadable one gets."""
    text = f"{segment(bomb)}.{'A' * 43}.{'A' * 16}.{'A' * 1000}.{'A' * 22}"
    keyed = KeyedService(ground)
    client = ground.app.test_client()
    began = time.process_time()
    answers = [
        client.get("/userinfo", base_url=ORIGIN, headers={"Authorization": f"Bearer {text}"}),
        client.get("/userinfo", base_url=ORIGIN, headers={"Authorization": "DPoP x", "DPoP": text}),
        call(ground, "/token", keyed.form(text, grant_type="authorization_code", code="x")),
        call(ground, "/token", {"grant_type": "refresh_token", "refresh_token": text}, service),
        call(ground, "/introspect", {"token": text}, service),
        call(ground, "/revoke", {"token": text}, service),
        client.get(f"/logout?id_token_hint={text}", base_url=ORIGIN),
    ]
    assert time.process_time() - began < 60  # a derivation of keys with that count would take half an hour
    assert [answer.status_code for answer in answers] == [401, 401, 401, 400, 200, 200, 200]
    assert answers[4].get_json() == {"active": False}


def test_J_10_a_token_encrypted_to_our_own_published_key_is_not_opened(ground, service):
    keys = ground.app.test_client().get("/jwks", base_url=ORIGIN).get_json()["keys"]
    numbers = next(key for key in keys if key["kty"] == "EC")
    key = ECKey.import_key({name: numbers[name] for name in ("kty", "crv", "x", "y")})
    for how in ({"alg": "ECDH-ES", "enc": "A256GCM"}, {"alg": "ECDH-ES", "enc": "A128GCM"}):
        text = jwe.encrypt_compact(how, "x", key, algorithms=list(how.values()))
        assert call(ground, "/introspect", {"token": text}, service).get_json() == {"active": False}
    symmetric = jwe.encrypt_compact(
        {"alg": "dir", "enc": "A256GCM"}, "x", OctKey.generate_key(256), algorithms=["dir", "A256GCM"]
    )
    assert call(ground, "/introspect", {"token": symmetric}, service).get_json() == {"active": False}


def test_discovery_lists_what_can_be_asked_for(ground):
    document = ground.app.test_client().get("/.well-known/openid-configuration", base_url=ORIGIN).get_json()
    for kind in ("id_token", "userinfo", "introspection"):
        assert document[f"{kind}_encryption_alg_values_supported"] == ["ECDH-ES", "RSA-OAEP-256"]
        assert document[f"{kind}_encryption_enc_values_supported"] == ["A128GCM", "A256GCM"]
        assert set(document[f"{kind}_signing_alg_values_supported"]) == set(ALGS)
