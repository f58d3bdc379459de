"""Signed requests at /authorize (RFC 9101), rich ones (RFC 9396), and those for resources (RFC 8707), over HTTP."""

import json
import socket
from urllib.parse import parse_qsl, urlencode, urlsplit

import pytest

from tests.ground import ORIGIN, House, call, request, visible
from tests.signed_requests import (
    ACCOUNT,
    RSA,
    STRANGER,
    jwt_claims,
    push,
    request_object,
    sign,
    signer,
    unsigned,
    visit,
)

API, FILES = "https://api.example/v1", "https://files.example"


def finish(browser, citizen, service):
    if "/sign-in/passkey" in browser.page.text:
        browser.passkey(citizen)
        browser.code()
    if 'action="/sign-in/consent"' in browser.page.text:
        browser.consent()
    return browser.answer(service)


@pytest.fixture(scope="module")
def signing(house: House):
    return house.ground, signer(house.ground)


# Signed requests.


def test_client_id_and_request_are_enough(ground, citizen):
    service, browser = signer(ground), ground.browser()
    token = request_object(ground, service, scope="openid email", state="signed", max_age=60)
    browser.get("/authorize", query_string={"client_id": service.id, "request": token})
    answer = finish(browser, citizen, service)
    assert answer["state"] == "signed"
    assert browser.token(service, answer["code"]).get_json()["scope"] == "openid email"


def test_Q_05_what_is_inside_wins_over_what_is_beside(ground, citizen):
    service, browser = signer(ground), ground.browser()
    token = request_object(ground, service, scope="openid", state="inner")
    beside = {"state": "outer", "scope": "openid phone", "redirect_uri": "https://evil.test/cb"}
    browser.authorize(service, request=token, **beside)
    answer = finish(browser, citizen, service)
    assert answer["state"] == "inner"
    assert browser.token(service, answer["code"]).get_json()["scope"] == "openid"


def test_what_is_not_inside_may_stand_beside_unless_the_client_must_sign(ground):
    for required, expected in ((False, "outer"), (True, None)):
        service, browser = signer(ground, require_signed_request_object=required), ground.browser()
        token = request_object(ground, service, state=None, prompt="none")
        browser.authorize(service, request=token, state="outer")
        assert browser.answer(service).get("state") == expected


def test_a_client_that_must_sign_is_refused_otherwise(ground):
    service, browser = signer(ground, require_signed_request_object=True), ground.browser()
    browser.authorize(service)
    assert browser.answer(service)["error"] == "invalid_request"


@pytest.mark.parametrize("where", ["known", "unknown", "missing"])
@pytest.mark.parametrize(
    "token",
    [
        lambda g, s: unsigned(request(s) | jwt_claims(g, s)),
        lambda g, s: sign(request(s) | jwt_claims(g, s), STRANGER),
        lambda g, s: sign(request(s) | jwt_claims(g, s, aud="https://other.example")),
        lambda g, s: sign(request(s) | jwt_claims(g, s, exp=g.clock() - 300, nbf=g.clock() - 600)),
        lambda g, s: request_object(g, s, request_uri="urn:x"),
        lambda g, s: request_object(g, s, state=""),
        lambda g, s: request_object(g, s, response_type="token"),
        lambda g, s: request_object(g, s, client_id="other"),
        lambda _g, _s: "eyJ.eyJ.",
    ],
    ids=["none", "stranger", "aud", "expired", "request_uri inside", "empty", "response_type", "client_id", "no token"],
)
def test_Q_06_Q_11_a_bad_request_object_is_answered_where_the_plain_parameters_rightly_lead(signing, where, token):
    ground, service = signing
    before, browser = ground.contents(), ground.browser()
    beside = {"known": service.redirect_uri, "unknown": "https://evil.test/cb", "missing": None}[where]
    browser.authorize(service, request=token(ground, service), redirect_uri=beside)
    if where == "known":
        answer = browser.answer(service)
        assert (answer["error"], answer["state"]) == ("invalid_request_object", "the-state")
    else:
        assert browser.page.status_code == 400
        assert "Location" not in browser.page.headers
    assert ground.contents() == before


def test_Q_06_RS256_where_PS256_is_agreed(ground):
    service, browser = signer(ground, request_object_signing_alg="PS256"), ground.browser()
    claims = request(service) | jwt_claims(ground, service)
    browser.authorize(service, request=sign(claims, RSA, "RS256"))
    assert browser.answer(service)["error"] == "invalid_request_object"
    browser.authorize(service, request=sign(claims, RSA, "PS256"))
    assert "/sign-in/passkey" in browser.page.text


def test_a_redirect_uri_inside_is_as_exact_as_one_outside(signing):
    ground, service = signing
    browser = ground.browser()
    token = request_object(ground, service, redirect_uri=service.redirect_uri + "/")
    browser.authorize(service, request=token)
    assert browser.page.status_code == 400
    assert "Location" not in browser.page.headers


def test_a_reload_of_a_signed_request_works_after_its_end(ground, citizen):
    service, browser = signer(ground, require_signed_request_object=True), ground.browser()
    browser.get("/authorize", query_string={"client_id": service.id, "request": request_object(ground, service)})
    here = browser.page.text.split('data-here="')[1].split('"')[0].replace("&amp;", "&")
    ground.clock.now += 3500
    assert browser.get(here).status_code == 200
    assert "code" in finish(browser, citizen, service)
    # The proof is this browser's, for these very parameters: nothing may be changed.
    stranger = ground.browser()
    for who, path in ((stranger, here), (browser, here.replace("the-state", "another"))):
        who.get(path)
        assert who.answer(service)["error"] == "invalid_request"


@pytest.mark.parametrize(
    "uri",
    [
        "https://169.254.169.254/latest/meta-data",
        "http://127.0.0.1:9/request.jwt",
        "https://rp.example/request.jwt",
        "file:///etc/passwd",
        "urn:ietf:params:oauth:request-uri:x",
    ],
)
def test_Q_10_no_request_uri_is_ever_fetched(house: House, monkeypatch, uri):
    called = []
    monkeypatch.setattr(socket.socket, "connect", lambda *args: called.append(args))
    monkeypatch.setattr(socket, "getaddrinfo", lambda *args, **_: called.append(args))
    browser = house.browser()
    browser.authorize(house.service, request_uri=uri)
    assert browser.answer(house.service)["error"] == "request_uri_not_supported"
    assert browser.authorize(house.service, request_uri=uri, redirect_uri=None).status_code == 400
    assert "Location" not in browser.page.headers
    assert called == []


# Rich authorization requests.


@pytest.fixture
def bank(ground):
    return ground.register(authorization_details_types=["account_opening"])


def test_what_is_to_be_allowed_is_shown_agreed_to_each_time_and_given_back(either_ground):
    ground = either_ground
    service = ground.register(authorization_details_types=["account_opening"])
    citizen, browser = ground.enrol(), ground.browser()
    asked = json.dumps([ACCOUNT])
    for _ in range(2):
        browser.authorize(service, authorization_details=asked, scope="openid offline_access", ui_locales="en")
        if "/sign-in/passkey" in browser.page.text:
            browser.passkey(citizen)
            browser.code()
        for words in ("Open an account in your name", "Product", "Savings account", "Purpose", "Salary"):
            assert words in visible(browser.page)
        browser.consent()
        tokens = browser.token(service, browser.answer(service)["code"]).get_json()
        assert tokens["authorization_details"] == [ACCOUNT]
    told = call(ground, "/introspect", {"token": tokens["access_token"]}, service).get_json()
    assert told["authorization_details"] == [ACCOUNT]
    again = {"grant_type": "refresh_token", "refresh_token": tokens["refresh_token"]}
    assert call(ground, "/token", again, service).get_json()["authorization_details"] == [ACCOUNT]
    more = again | {"authorization_details": json.dumps([ACCOUNT | {"product": "deposit"}])}
    assert call(ground, "/token", more, service).get_json()["error"] == "invalid_authorization_details"
    # Without details the remembered consent counts as ever.
    browser.authorize(service, scope="openid offline_access")
    plain = browser.token(service, browser.answer(service)["code"]).get_json()
    assert "authorization_details" not in plain


def test_silently_nothing_is_allowed(citizen, bank, browser):
    browser.tokens(bank, citizen)
    browser.authorize(bank, authorization_details=json.dumps([ACCOUNT]), prompt="none")
    assert browser.answer(bank)["error"] == "consent_required"


def test_the_consent_stands_in_the_audit(ground, citizen, bank, browser):
    browser.sign_in(bank, citizen, authorization_details=json.dumps([ACCOUNT]))
    rows = ground.contents()["audit_events"]
    assert any("person:consent:given" in row and '"details":"account_opening"' in str(row) for row in rows)


@pytest.mark.parametrize(
    "details", ["[]", "x", json.dumps([ACCOUNT | {"product": "gold"}]), json.dumps([{"type": "payment_initiation"}])]
)
def test_invalid_authorization_details(ground, bank, browser, details):
    browser.authorize(bank, authorization_details=details)
    assert browser.answer(bank)["error"] == "invalid_authorization_details"
    assert push(ground, bank, authorization_details=details).get_json()["error"] == "invalid_authorization_details"


def test_a_client_that_did_not_register_the_type_may_not_ask(house: House):
    browser = house.browser()
    browser.authorize(house.service, authorization_details=json.dumps([ACCOUNT]))
    assert browser.answer(house.service)["error"] == "invalid_authorization_details"


def test_details_inside_a_request_object_are_json_itself(ground, citizen):
    service = signer(ground, authorization_details_types=["account_opening"])
    browser = ground.browser()
    token = request_object(ground, service, authorization_details=[ACCOUNT])
    visit(browser, service, push(ground, service, {"request": token}))
    tokens = browser.token(service, finish(browser, citizen, service)["code"]).get_json()
    assert tokens["authorization_details"] == [ACCOUNT]


# Resource indicators.


def authorize(browser, service, *resources, **changed):
    query = [*request(service, **changed).items(), *(("resource", one) for one in resources)]
    return browser.get("/authorize", query_string=urlencode(query))


def audience(ground, service, token):
    return call(ground, "/introspect", {"token": token}, service).get_json()["aud"]


def test_tokens_are_for_the_resources_that_were_granted_or_fewer(either_ground):
    ground = either_ground
    service = ground.register(resources=[API, FILES])
    citizen, browser = ground.enrol(), ground.browser()
    authorize(browser, service, API, FILES, scope="openid offline_access")
    tokens = browser.token(service, finish(browser, citizen, service)["code"]).get_json()
    assert audience(ground, service, tokens["access_token"]) == [API, FILES]
    assert browser.userinfo(tokens["access_token"]).status_code == 401

    again = {"grant_type": "refresh_token", "refresh_token": tokens["refresh_token"]}
    fewer = call(ground, "/token", again | {"resource": FILES}, service).get_json()
    assert audience(ground, service, fewer["access_token"]) == [FILES]
    both = call(ground, "/token", again | {"resource": [API, FILES]}, service).get_json()
    assert audience(ground, service, both["access_token"]) == [API, FILES]
    # C-09: never another one.
    for other in ("https://other.example", f"{API}/", f"{API}#x", f"{API} {FILES}"):
        refused = call(ground, "/token", again | {"resource": other}, service)
        assert (refused.status_code, refused.get_json()["error"]) == (400, "invalid_target")


def test_without_resource_a_token_is_for_our_own_and_may_not_grow(ground, citizen):
    service, browser = ground.register(resources=[API]), ground.browser()
    tokens = browser.tokens(service, citizen, scope="openid offline_access")
    assert audience(ground, service, tokens["access_token"]) == ORIGIN
    assert browser.userinfo(tokens["access_token"]).status_code == 200
    grown = {"grant_type": "refresh_token", "refresh_token": tokens["refresh_token"], "resource": API}
    assert call(ground, "/token", grown, service).get_json()["error"] == "invalid_target"


def test_userinfo_takes_a_token_that_is_meant_for_it(ground, citizen):
    here = "http://localhost:9000/userinfo"
    service, browser = ground.register(resources=[API, here]), ground.browser()
    authorize(browser, service, API, here)
    tokens = browser.token(service, finish(browser, citizen, service)["code"]).get_json()
    assert browser.userinfo(tokens["access_token"]).status_code == 200


def test_the_consent_page_says_where(ground, citizen):
    service, browser = ground.register(resources=[API]), ground.browser()
    authorize(browser, service, API, ui_locales="en")
    browser.passkey(citizen)
    browser.code()
    assert API in visible(browser.page)


@pytest.mark.parametrize("resource", ["https://other.example", "relative", f"{API}#x", f"{API} {API}"])
def test_invalid_target(ground, resource):
    service, browser = ground.register(resources=[API]), ground.browser()
    authorize(browser, service, API, resource)
    location = urlsplit(browser.page.headers["Location"])
    assert dict(parse_qsl(location.query))["error"] == "invalid_target"
    assert push(ground, service, resource=resource).get_json()["error"] == "invalid_target"


def test_resources_survive_the_way_through_the_pages(ground, citizen):
    service, browser = signer(ground, resources=[API, FILES]), ground.browser()
    token = request_object(ground, service, resource=[API, FILES])
    visit(browser, service, push(ground, service, {"request": token}))
    tokens = browser.token(service, finish(browser, citizen, service)["code"]).get_json()
    assert audience(ground, service, tokens["access_token"]) == [API, FILES]
