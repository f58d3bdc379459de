"""Whole sign-ins, on SQLite and on PostgreSQL."""

import json
from dataclasses import replace

from idp.keys.jose import VerificationKey, import_key, verify_jwt
from idp.storage.sign_ins import SignIns
from tests.ground import ORIGIN, PHONE, Ground, call


def verified(ground: Ground, token: str) -> dict:
    """The ID token's claims, verified as a service would: with the published keys."""
    keys = ground.app.test_client().get("/jwks", base_url=ORIGIN).get_json()["keys"]
    return verify_jwt(token, [VerificationKey(k["kid"], k["alg"], import_key(k)) for k in keys], typ=["JWT"])


def test_a_citizen_signs_in_and_the_service_learns_who_they_are(either_ground):
    ground = either_ground
    service, citizen, browser = ground.register(), ground.enrol(), ground.browser()
    answer = browser.sign_in(service, citizen, scope="openid profile phone email address overseas")
    assert answer["state"] == "the-state"
    assert answer["iss"] == ORIGIN
    tokens = browser.token(service, answer["code"]).get_json()
    claims = verified(ground, tokens["id_token"])
    assert claims["iss"] == ORIGIN
    assert claims["aud"] == service.id
    assert claims["nonce"] == "the-nonce"
    assert claims["acr"] == "urn:kr:overseas-id:acr:2"
    assert claims["amr"] == ["hwk", "user", "sms", "mfa"]
    assert claims["auth_time"] == ground.clock()
    info = browser.userinfo(tokens["access_token"]).get_json()
    assert info["sub"] == claims["sub"]
    assert info["name#ko-Hang"] == "홍길동"
    assert info["name#en"] == "HONG GILDONG"
    assert info["phone_number"] == PHONE
    assert info["overseas_registration"]["status"] == "current"


def test_single_sign_on_asks_only_for_consent(either_ground):
    ground = either_ground
    first, second, citizen, browser = ground.register(), ground.register(), ground.enrol(), ground.browser()
    before = browser.tokens(first, citizen)
    browser.authorize(second)
    assert "/sign-in/consent" in browser.page.text
    browser.consent()
    after = browser.token(second, browser.answer(second)["code"]).get_json()
    one, other = verified(ground, before["id_token"]), verified(ground, after["id_token"])
    assert one["auth_time"] == other["auth_time"]
    assert one["sub"] != other["sub"]
    assert one["sid"] != other["sid"]
    assert len(ground.codes()) == 1


def test_logout_with_a_hint_ends_the_session_and_the_use_of_its_tokens(either_ground):
    ground = either_ground
    service, citizen, browser = ground.register(), ground.enrol(), ground.browser()
    tokens = browser.tokens(service, citizen)
    assert browser.userinfo(tokens["access_token"]).status_code == 200
    uri = "http://localhost:9001/signed-out"
    browser.get(f"/logout?id_token_hint={tokens['id_token']}&post_logout_redirect_uri={uri}&state=s")
    assert browser.page.status_code == 303
    assert browser.page.headers["Location"] == f"{uri}?state=s"
    assert browser.userinfo(tokens["access_token"]).status_code == 401
    assert call(ground, "/introspect", {"token": tokens["access_token"]}, service).get_json() == {"active": False}
    browser.authorize(service, prompt="none")
    assert browser.answer(service)["error"] == "login_required"


def test_refresh_gives_new_tokens_of_the_same_sign_in(either_ground):
    ground = either_ground
    service, citizen, browser = ground.register(), ground.enrol(), ground.browser()
    tokens = browser.tokens(service, citizen, scope="openid offline_access")
    ground.clock.now += 60
    again = call(
        ground, "/token", {"grant_type": "refresh_token", "refresh_token": tokens["refresh_token"]}, service
    ).get_json()
    one, other = verified(ground, tokens["id_token"]), verified(ground, again["id_token"])
    assert (one["sub"], one["auth_time"], one["aud"]) == (other["sub"], other["auth_time"], other["aud"])
    assert other["iat"] == one["iat"] + 60
    assert "nonce" not in other


def test_the_discovery_document_is_json_and_both_agree(ground):
    client = ground.app.test_client()
    one = client.get("/.well-known/openid-configuration", base_url=ORIGIN)
    other = client.get("/.well-known/oauth-authorization-server", base_url=ORIGIN)
    assert one.content_type == "application/json"
    assert json.loads(one.data) == json.loads(other.data)


def test_who_agrees_in_two_tabs_at_once_goes_on_in_both(either_ground, monkeypatch):
    """The slower of two first agreements finds a row where none was a moment ago, and takes its place."""
    ground = either_ground
    service, citizen, asked = ground.register(), ground.enrol(), []
    find = SignIns.find

    def stale(self, row, browser, now):
        found = find(self, row, browser, now)
        asked.append(found.agreed_before)
        return replace(found, agreed=None, agreed_before=False)

    first, second = ground.browser(), ground.browser()
    for browser in (first, second):
        ground.clock.now += 60
        browser.authorize(service)
        browser.passkey(citizen)
        browser.code()
    monkeypatch.setattr(SignIns, "find", stale)
    for browser in (first, second):
        browser.consent()
        assert "code" in browser.answer(service)
    assert asked == [False, True]
    assert ground.rows("consents") == 1
    assert ground.events().count("person:consent:given") == 2
