"""Introspection and revocation against hostile requests (abuse cases U-04, U-06, U-07), over HTTP."""

import os
from base64 import urlsafe_b64encode

import pytest

from tests.endpoints.service_keys import KeyedService
from tests.ground import call


@pytest.fixture(scope="module")
def tokens(house):
    return house.browser().tokens(house.service, house.citizen, scope="openid offline_access")


def introspect(house, service, token):
    return call(house.ground, "/introspect", {"token": token}, service)


def test_a_good_token_is_active_for_its_own_client(house, tokens):
    answer = introspect(house, house.service, tokens["access_token"]).get_json()
    assert answer["active"] is True
    assert answer["client_id"] == house.service.id
    assert answer["aud"] == answer["iss"] == house.ground.provider.issuer
    assert answer["exp"] == house.ground.clock() + 600


@pytest.mark.parametrize(
    "token",
    ["x", "A" * 64, "=" * 64, "é" * 64, "\x00", "a" * 8000, "' OR 1=1", "null"],
    ids=lambda token: ascii(token[:9]),
)
def test_U_04_U_06_whatever_is_no_token_of_this_client_reads_the_same(house, tokens, token):
    other = house.extra.get("other") or house.extra.setdefault("other", house.ground.register())
    seen = [introspect(house, house.service, token), introspect(house, other, tokens["access_token"])]
    for response in seen:
        assert response.status_code == 200
        assert response.get_json() == {"active": False}
    own = {"Date", "X-Request-Id"}
    first, second = ({name: value for name, value in one.headers if name not in own} for one in seen)
    assert first == second


@pytest.mark.parametrize("path", ["/introspect", "/revoke"])
def test_U_04_nobody_asks_without_a_credential(house, tokens, path):
    forms = ({}, {"client_id": house.service.id}, {"client_id": house.service.id, "client_secret": "x"})
    for form in forms:
        response = call(house.ground, path, form | {"token": tokens["access_token"]})
        assert (response.status_code, response.get_json()["error"]) == (401, "invalid_client")
    assert house.browser().userinfo(tokens["access_token"]).status_code == 200


def test_U_04_a_public_client_may_not_introspect_even_its_own(ground, citizen):
    public = ground.register(token_endpoint_auth_method="none")
    token = ground.browser().tokens(public, citizen)["access_token"]
    assert call(ground, "/introspect", {"token": token}, public).status_code == 401


@pytest.mark.parametrize("path", ["/introspect", "/revoke"])
@pytest.mark.parametrize("form", [{"other": "x"}, {"token": ""}, {"token": ["a", "b"]}], ids=str)
def test_one_token_is_needed(house, path, form):
    response = call(house.ground, path, form, house.service)
    assert (response.status_code, response.get_json()["error"]) == (400, "invalid_request")


def test_U_06_a_thousand_random_strings_are_all_alike(house):
    answers = {
        introspect(house, house.service, urlsafe_b64encode(os.urandom(48)).decode()).get_data() for _ in range(1000)
    }
    assert len(answers) == 1


@pytest.mark.parametrize("kind", ["access_token", "refresh_token"])
def test_U_07_the_token_of_another_service_stays_alive(ground, service, citizen, kind):
    other = ground.register()
    tokens = ground.browser().tokens(service, citizen, scope="openid offline_access")
    before = ground.contents()
    response = call(ground, "/revoke", {"token": tokens[kind]}, other)
    assert (response.status_code, response.text) == (200, "")
    assert "Content-Type" not in response.headers  # oidc-client-ts, for one, takes no other than JSON
    assert ground.contents() == before


def test_revoking_an_access_token_leaves_the_refresh_token_and_the_other_way_round_ends_all(ground, service, citizen):
    browser = ground.browser()
    tokens = browser.tokens(service, citizen, scope="openid offline_access")
    call(ground, "/revoke", {"token": tokens["access_token"], "token_type_hint": "refresh_token"}, service)
    assert browser.userinfo(tokens["access_token"]).status_code == 401
    again = {"grant_type": "refresh_token", "refresh_token": tokens["refresh_token"]}
    renewed = call(ground, "/token", again, service).get_json()
    assert browser.userinfo(renewed["access_token"]).status_code == 200
    call(ground, "/revoke", {"token": tokens["refresh_token"]}, service)
    assert browser.userinfo(renewed["access_token"]).status_code == 401
    assert call(ground, "/token", again, service).status_code == 400


@pytest.mark.parametrize("path", ["/introspect", "/revoke"])
def test_T_06_an_assertion_is_spent_here_too(ground, path):
    keyed = KeyedService(ground)
    form = keyed.form(token="t")
    assert call(ground, path, form).status_code == 200
    assert call(ground, path, form).status_code == 401
