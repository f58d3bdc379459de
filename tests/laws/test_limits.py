"""Law 11: whatever lives has an end, and whatever is counted has a limit."""

import pytest

from idp import MAX_BODY, MAX_FORM_PARTS
from tests.ground import call

DAY = 86_400


def alive(ground, service, kind, token):
    if kind == "access":
        return ground.browser().userinfo(token).status_code == 200
    again = {"grant_type": "refresh_token", "refresh_token": token}
    return call(ground, "/token", again, service).status_code == 200


@pytest.mark.parametrize(
    ("kind", "seconds", "works"),
    [
        ("access", 599, True),
        ("access", 600, False),
        ("refresh", 30 * DAY - 1, True),
        ("refresh", 30 * DAY, False),
    ],
)
@pytest.mark.parametrize("method", ["client_secret_basic", "none"])
def test_law_11_a_token_ends_at_its_second(ground, citizen, method, kind, seconds, works):
    service = ground.register(token_endpoint_auth_method=method)
    tokens = ground.browser().tokens(service, citizen, scope="openid offline_access")
    ground.clock.now += seconds
    assert alive(ground, service, kind, tokens[f"{kind}_token"]) is works


def test_law_11_C_10_daily_use_does_not_make_a_grant_immortal(ground, citizen):
    service = ground.register(token_endpoint_auth_method="none")
    refresh = ground.browser().tokens(service, citizen, scope="openid offline_access")["refresh_token"]
    days = 0
    while days < 60:
        again = {"grant_type": "refresh_token", "refresh_token": refresh}
        answer = call(ground, "/token", again, service)
        if answer.status_code != 200:
            break
        refresh = answer.get_json()["refresh_token"]
        ground.clock.now += DAY
        days += 1
    assert days == 30


@pytest.mark.parametrize(
    ("seconds", "shown"),
    [(299, "/sign-in/code"), (300, "/sign-in/passkey"), (3599, "/sign-in/passkey"), (3600, None)],
)
def test_law_11_a_passkey_page_is_good_for_five_minutes_and_its_request_for_an_hour(
    ground, service, citizen, seconds, shown
):
    browser = ground.browser()
    browser.authorize(service)
    ground.clock.now += seconds
    browser.passkey(citizen)
    if shown is None:
        assert browser.page.status_code == 400
        assert "error=access_denied" in browser.page.text  # the way back to the service
    else:
        assert f'action="{shown}"' in browser.page.text


@pytest.mark.parametrize(("seconds", "works"), [(599, True), (600, False)])
def test_law_11_a_phone_code_ends_after_ten_minutes(ground, service, citizen, seconds, works):
    browser = ground.browser()
    browser.authorize(service)
    browser.passkey(citizen)
    ground.clock.now += seconds
    browser.code()
    assert ('action="/sign-in/consent"' in browser.page.text) is works


@pytest.mark.parametrize(("seconds", "works"), [(1799, True), (1800, False)])
def test_law_11_a_sign_in_ends_after_half_an_hour(ground, service, citizen, seconds, works):
    browser = ground.browser()
    browser.authorize(service)
    browser.passkey(citizen)
    browser.code()
    ground.clock.now += seconds
    browser.consent()
    assert (browser.page.status_code == 303) is works


@pytest.mark.parametrize(("days", "asked"), [(364, False), (365, True)])
def test_law_11_consent_is_remembered_for_a_year(ground, service, citizen, days, asked):
    browser = ground.browser()
    browser.sign_in(service, citizen)
    ground.clock.now += days * DAY
    browser.authorize(service)
    browser.passkey(citizen)
    browser.code()
    assert ('action="/sign-in/consent"' in browser.page.text) is asked


def test_law_11_bodies_and_forms_are_bounded(house):
    config = house.ground.app.config
    assert config["MAX_CONTENT_LENGTH"] == config["MAX_FORM_MEMORY_SIZE"] == MAX_BODY <= 256 * 1024
    assert config["MAX_FORM_PARTS"] == MAX_FORM_PARTS <= 1000
