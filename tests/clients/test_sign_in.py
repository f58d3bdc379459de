"""Whole sign-ins at each service, and every way the provider's answer must not sign anybody in."""

import re
from urllib.parse import parse_qs, urlsplit

import pytest
from joserfc import jwt
from joserfc.jwk import KeySet

from tests.clients.conftest import BASE, SERVICES
from tests.clients.fake_provider import NOW, SUBJECT, USERINFO, signing_key

REASON = re.compile(r'id="refusal" data-reason="([a-z_]+)"')


def reason(answer):
    found = REASON.search(answer.text)
    assert found, answer.text
    return found[1]


@pytest.mark.parametrize("slug", SERVICES)
def test_a_person_signs_in_and_sees_what_was_given(visit, slug):
    here = visit(slug)
    browser = here.browser()
    answer = here.sign_in(browser)
    assert (answer.status_code, answer.location) == (303, "/")
    page = browser.get("/?lang=en", base_url=BASE).text
    assert "Welcome, HONG GILDONG" in page
    assert 'data-value="urn:kr:overseas-id:acr:2"' in page
    assert 'data-value="hwk user sms mfa"' in page
    for claim in USERINFO:
        assert f'data-claim="{claim}"' in page


@pytest.mark.parametrize("slug", SERVICES)
def test_a_request_asks_for_what_was_registered_and_is_bound_by_pkce(visit, slug):
    here = visit(slug)
    asked = {name: value[0] for name, value in parse_qs(urlsplit(here.start(here.browser())).query).items()}
    assert asked["scope"] == SERVICES[slug].SERVICE.scope
    assert (asked["response_type"], asked["code_challenge_method"]) == ("code", "S256")
    assert asked["redirect_uri"] == f"{BASE}/callback"
    assert len(asked["code_challenge"]) == 43
    assert asked["ui_locales"] == "ko"
    expected = "urn:kr:overseas-id:acr:2" if slug == "family_register" else None
    assert asked.get("acr_values") == expected
    assert "max_age" not in asked


def test_two_requests_share_no_state_nonce_or_challenge(visit):
    here = visit("gov24")
    browser = here.browser()
    first, second = (parse_qs(urlsplit(here.start(browser)).query) for _ in range(2))
    for name in ("state", "nonce", "code_challenge"):
        assert first[name] != second[name]


J_16 = [
    ("nonce missing", {"claims": {"nonce": None}}, "unverified"),
    ("nonce of another sign-in", {"claims": {"nonce": "another"}}, "unverified"),
    ("nonce waived", {"claims": {"nonce": None, "nonce_supported": False}}, "unverified"),
    ("issuer of another provider", {"claims": {"iss": "https://evil.example"}}, "unverified"),
    ("audience of another client", {"claims": {"aud": "okportal365-id"}}, "unverified"),
    ("a second audience", {"claims": {"aud": ["gov24-id", "okportal365-id"]}}, "unverified"),
    ("authorized party of another client", {"claims": {"azp": "okportal365-id"}}, "unverified"),
    ("expired", {"claims": {"exp": NOW - 11}}, "unverified"),
    ("issued in the future", {"claims": {"iat": NOW + 11}}, "unverified"),
    ("issued long ago", {"claims": {"iat": NOW - 601}}, "unverified"),
    ("at_hash of another token", {"claims": {"at_hash": "AAAAAAAAAAAAAAAAAAAAAA"}}, "unverified"),
    ("at_hash missing", {"claims": {"at_hash": None}}, "unverified"),
    ("acr too low", {"claims": {"acr": "urn:kr:overseas-id:acr:1"}}, "acr"),
    ("acr missing", {"claims": {"acr": None}}, "acr"),
    ("an unpublished key", {"key": signing_key("ES256", "-unpublished")}, "unverified"),
    ("an algorithm of others", {"algorithm": "RS256"}, "unverified"),
    ("no ID token", {"tokens": {"id_token": None}}, "unverified"),
    ("no access token", {"tokens": {"access_token": None}}, "unverified"),
    ("a token that is not bearer", {"tokens": {"token_type": "DPoP"}}, "unverified"),
    ("the code was refused", {"token_answer": ({"error": "invalid_grant"}, 400)}, "unverified"),
    ("tokens that are no object", {"token_answer": ("[]", 200)}, "unverified"),
    ("a broken token endpoint", {"token_answer": ("oops", 500)}, "unavailable"),
    ("userinfo of another person", {"userinfo": {**USERINFO, "sub": "somebody-else"}}, "unverified"),
    ("userinfo of nobody", {"userinfo": {"name": "홍길동"}}, "unverified"),
    ("userinfo that is no object", {"userinfo": []}, "unverified"),
    ("response of another issuer", {"answer": {"iss": "https://evil.example"}}, "unverified"),
    ("response without issuer", {"answer": {"iss": None}}, "unverified"),
    ("response without code", {"answer": {"code": None}}, "unverified"),
    ("cancelled", {"answer": {"code": None, "error": "access_denied"}}, "access_denied"),
    ("login required", {"answer": {"code": None, "error": "login_required"}}, "login_required"),
    ("acr unmet", {"answer": {"code": None, "error": "unmet_authentication_requirements"}}, "acr"),
    ("provider in trouble", {"answer": {"code": None, "error": "server_error"}}, "unavailable"),
    ("wrong set-up", {"answer": {"code": None, "error": "unauthorized_client"}}, "misconfigured"),
    ("an error nobody knows", {"answer": {"code": None, "error": "<script>"}}, "misconfigured"),
    ("an error of another issuer", {"answer": {"error": "access_denied", "iss": "https://x"}}, "unverified"),
]


@pytest.mark.parametrize(("why", "bend", "expected"), J_16, ids=[row[0] for row in J_16])
def test_J_16_nobody_is_signed_in_by_a_wrong_answer(visit, why, bend, expected):
    here = visit("gov24")
    for name, value in bend.items():
        setattr(here.provider, name, value)
    browser = here.browser()
    answer = here.sign_in(browser)
    assert reason(answer) == expected, why
    assert answer.status_code >= 400
    assert not here.is_signed_in(browser)


@pytest.mark.parametrize("acr", ["urn:kr:overseas-id:acr:2", "urn:kr:overseas-id:acr:3"])
def test_a_proof_as_strong_as_registered_or_stronger_is_accepted(visit, acr):
    here = visit("family_register")
    here.provider.claims = {"acr": acr}
    assert here.sign_in(here.browser()).status_code == 303


def test_CS_02_an_attackers_answer_does_not_sign_a_victim_in(visit):
    here = visit("gov24")
    attacker, victim = here.browser(), here.browser()
    attackers_answer = here.provider.authorize(here.start(attacker))
    assert reason(here.come_back(victim, attackers_answer)) == "not_this_browser"
    assert not here.is_signed_in(victim)
    assert "/token" not in here.provider.requests


def test_CS_02_not_even_a_victim_who_is_signing_in_at_the_same_moment(visit):
    here = visit("gov24")
    attacker, victim = here.browser(), here.browser()
    here.start(victim)
    attackers_answer = here.provider.authorize(here.start(attacker))
    assert reason(here.come_back(victim, attackers_answer)) == "not_this_browser"


def test_CS_02_an_attackers_code_under_the_victims_state_fails_at_pkce(visit):
    here = visit("gov24")
    attacker, victim = here.browser(), here.browser()
    victims = here.provider.authorize(here.start(victim))
    attackers = here.provider.authorize(here.start(attacker))
    state = parse_qs(urlsplit(victims).query)["state"][0]
    code = parse_qs(urlsplit(attackers).query)["code"][0]
    forged = f"/callback?code={code}&state={state}&iss={here.provider.issuer}"
    assert reason(here.come_back(victim, forged)) == "unverified"
    assert not here.is_signed_in(victim)


def test_CS_02_an_answer_counts_once_even_in_its_own_browser(visit):
    here = visit("gov24")
    browser = here.browser()
    address = here.provider.authorize(here.start(browser))
    assert here.come_back(browser, address).status_code == 303
    browser.post("/sign-out-here", base_url=BASE)
    assert reason(here.come_back(browser, address)) == "not_this_browser"


def test_an_error_needs_a_state_of_this_browser_too(visit):
    here = visit("gov24")
    answer = here.browser().get("/callback?error=access_denied&state=guessed", base_url=BASE)
    assert reason(answer) == "not_this_browser"


def test_an_answer_after_an_hour_is_too_late(visit):
    here = visit("gov24")
    browser = here.browser()
    address = here.provider.authorize(here.start(browser))
    here.clock.now += 3600
    assert reason(here.come_back(browser, address)) == "not_this_browser"


def test_a_repeated_parameter_is_refused(visit):
    here = visit("gov24")
    browser = here.browser()
    address = here.provider.authorize(here.start(browser))
    assert reason(here.come_back(browser, f"{address}&code=another")) == "unverified"


def test_two_tabs_can_sign_in_one_after_the_other(visit):
    here = visit("gov24")
    browser = here.browser()
    first, second = here.start(browser), here.start(browser)
    assert here.come_back(browser, here.provider.authorize(first)).status_code == 303
    assert here.come_back(browser, here.provider.authorize(second)).status_code == 303


def test_the_number_in_the_cookie_is_new_after_each_sign_in(visit):
    here = visit("gov24")
    browser = here.browser()
    numbers = []
    for _ in range(2):
        here.sign_in(browser)
        with browser.session_transaction(base_url=BASE) as session:
            numbers.append(session["sign_in"])
    assert numbers[0] != numbers[1]
    with browser.session_transaction(base_url=BASE) as session:
        session["sign_in"] = numbers[0]
    assert not here.is_signed_in(browser)


def test_a_sign_in_ends_after_half_an_hour(visit):
    here = visit("gov24")
    browser = here.browser()
    here.sign_in(browser)
    here.clock.now += 1799
    assert here.is_signed_in(browser)
    here.clock.now += 1
    assert not here.is_signed_in(browser)


def test_a_key_that_is_new_to_the_service_is_looked_up_once_and_then_trusted(visit):
    here = visit("gov24")
    here.sign_in(here.browser())
    here.provider.key = rotated = signing_key("ES256", "-next")
    assert reason(here.sign_in(here.browser())) == "unverified"
    assert here.provider.requests.count("/jwks") == 2
    here.provider.keys = KeySet.import_key_set({"keys": [rotated.as_dict(private=False)]})
    assert here.sign_in(here.browser()).status_code == 303
    assert here.sign_in(here.browser()).status_code == 303
    assert here.provider.requests.count("/jwks") == 3


def test_signing_out_ends_the_session_here_and_at_the_provider(visit):
    here = visit("gov24")
    browser = here.browser()
    here.sign_in(browser)
    answer = browser.post("/sign-out?lang=en", base_url=BASE, headers={"Origin": BASE})
    asked = {name: value[0] for name, value in parse_qs(urlsplit(answer.location).query).items()}
    assert answer.location.startswith(f"{here.provider.issuer}/logout?")
    assert asked["post_logout_redirect_uri"] == f"{BASE}/signed-out"
    assert asked["client_id"] == "gov24-id"
    hint = jwt.decode(asked["id_token_hint"], signing_key("ES256"), algorithms=["ES256"])
    assert hint.claims["sub"] == SUBJECT
    assert not here.is_signed_in(browser)
    back = browser.get(f"/signed-out?state={asked['state']}", base_url=BASE)
    assert 'data-everywhere="true"' in back.text
    again = browser.get(f"/signed-out?state={asked['state']}", base_url=BASE)
    assert 'data-everywhere="false"' in again.text


def test_signing_out_here_leaves_the_provider_alone(visit):
    here = visit("gov24")
    browser = here.browser()
    here.sign_in(browser)
    answer = browser.post("/sign-out-here", base_url=BASE)
    assert answer.location == "/signed-out"
    assert not here.is_signed_in(browser)
    assert "/logout" not in here.provider.requests


def test_a_signed_out_number_is_dead_even_if_its_cookie_was_kept(visit):
    here = visit("gov24")
    browser = here.browser()
    here.sign_in(browser)
    with browser.session_transaction(base_url=BASE) as session:
        number = session["sign_in"]
    browser.post("/sign-out-here", base_url=BASE)
    with browser.session_transaction(base_url=BASE) as session:
        session["sign_in"] = number
    assert not here.is_signed_in(browser)


@pytest.mark.parametrize("state", [None, "", "guessed"])
def test_only_the_provider_can_say_that_its_session_ended(visit, state):
    here = visit("gov24")
    browser = here.browser()
    here.sign_in(browser)
    browser.post("/sign-out", base_url=BASE)
    page = browser.get("/signed-out", base_url=BASE, query_string={} if state is None else {"state": state}).text
    assert 'data-everywhere="false"' in page


@pytest.mark.parametrize("trouble", [{"end_session_endpoint": None}, {"issuer": "https://another.example"}])
def test_signing_out_works_here_whatever_the_provider_does(visit, trouble):
    here = visit("gov24")
    browser = here.browser()
    here.sign_in(browser)
    restart(here)
    here.provider.metadata = trouble
    assert browser.post("/sign-out", base_url=BASE).location == "/signed-out"
    assert not here.is_signed_in(browser)


@pytest.mark.parametrize(
    ("endpoint", "expected"),
    [
        ("authorization_endpoint", "misconfigured"),
        ("jwks_uri", "misconfigured"),
        ("token_endpoint", "unavailable"),
        ("userinfo_endpoint", "unavailable"),
    ],
)
def test_an_endpoint_that_is_missing_has_its_page(visit, endpoint, expected):
    here = visit("gov24")
    here.provider.metadata = {endpoint: None}
    browser = here.browser()
    answer = browser.get("/sign-in", base_url=BASE)
    if answer.status_code == 303:
        answer = here.come_back(browser, here.provider.authorize(answer.location))
    assert reason(answer) == expected


def restart(here):
    """Forget the discovery document, as a restart of the service does."""
    here.app.extensions["authlib.integrations.flask_client"].gov24.server_metadata.clear()


def test_a_redirect_of_the_token_endpoint_is_not_followed(visit):
    here = visit("gov24")
    here.provider.token_answer = ({}, 307, {"Location": f"{here.provider.issuer}/elsewhere"})
    assert reason(here.sign_in(here.browser())) == "unverified"
    assert "/elsewhere" not in here.provider.requests


def test_signing_out_without_having_signed_in_goes_nowhere_else(visit):
    here = visit("gov24")
    assert here.browser().post("/sign-out", base_url=BASE).location == "/signed-out"


def test_a_discovery_document_of_another_issuer_is_refused_and_asked_for_again(visit):
    here = visit("gov24")
    here.provider.metadata = {"issuer": "https://evil.example"}
    for _ in range(2):
        assert reason(here.browser().get("/sign-in", base_url=BASE)) == "misconfigured"
    here.provider.metadata = {}
    assert here.sign_in(here.browser()).status_code == 303
