"""A-12: a scope taken away from a service is gone on every route, also for tokens that are already out."""

import pytest

from tests.ground import call
from tests.laws.gates import Scene, change_registration


@pytest.fixture
def scene(ground):
    made = Scene(ground)
    made.sign_in()
    return made


def test_A_12_a_scope_taken_away_is_neither_answered_nor_reported_nor_refreshed(scene):
    assert "name" in scene.browser.userinfo(scene.given["access_token"]).get_json()
    change_registration(scene, scope="openid offline_access")
    told = scene.browser.userinfo(scene.given["access_token"])
    assert (told.status_code, told.get_json().keys()) == (200, {"sub"})
    seen = call(scene.ground, "/introspect", {"token": scene.given["access_token"]}, scene.service).get_json()
    assert seen["scope"] == "openid offline_access"
    form = {"grant_type": "refresh_token", "refresh_token": scene.given["refresh_token"]}
    assert call(scene.ground, "/token", form, scene.service).get_json()["scope"] == "openid offline_access"


def test_A_12_a_service_that_lost_offline_access_refreshes_no_more(scene):
    change_registration(scene, scope="openid profile", grant_types=["authorization_code", "refresh_token"])
    form = {"grant_type": "refresh_token", "refresh_token": scene.given["refresh_token"]}
    refused = call(scene.ground, "/token", form, scene.service)
    assert (refused.status_code, refused.get_json()["error"]) == (400, "invalid_grant")


def test_A_12_a_scope_taken_away_between_consent_and_redemption_is_not_in_the_tokens(scene):
    code = scene.browser.sign_in(scene.service, scene.citizen, scope="openid profile")["code"]
    change_registration(scene, scope="openid")
    answer = scene.browser.token(scene.service, code).get_json()
    assert answer["scope"] == "openid"
    assert scene.browser.userinfo(answer["access_token"]).get_json().keys() == {"sub"}


def test_A_12_U_04_a_token_that_has_no_scope_left_is_not_good_anywhere(scene):
    given = scene.browser.tokens(scene.service, scene.citizen, scope="profile offline_access")
    change_registration(scene, scope="openid email")
    for kind in ("access_token", "refresh_token"):
        seen = call(scene.ground, "/introspect", {"token": given[kind]}, scene.service).get_json()
        assert seen == {"active": False}
    assert scene.browser.userinfo(given["access_token"]).status_code == 403
