"""GET and POST /logout over HTTP: RP-Initiated Logout 1.0 against requests of every kind (L-01, L-02, L-07, R-10)."""

import re
from urllib.parse import parse_qsl, urlencode, urlsplit

import pytest
from joserfc import jws
from joserfc.jwk import ECKey

from idp import create_app
from idp.storage.sessions import ABSOLUTE_SECONDS, IDLE_SECONDS
from tests.endpoints.logout_ground import SIGNED_OUT, claims_of, listening, told
from tests.ground import ORIGIN, Walker, copy_ground, request, visible

STATE = "s" * 128


def at_logout(browser, **parameters):
    return browser.get("/logout?" + urlencode(parameters))


def is_asked(page):
    """The confirmation page: nothing has happened yet, and nobody was led away."""
    assert page.status_code == 200
    assert 'id="logout-confirm"' in page.text
    assert "Location" not in page.headers
    return True


def is_signed_in(browser, service):
    return "error" not in browser_answer(browser, service)


def browser_answer(browser, service):
    browser.authorize(service, prompt="none")
    return browser.answer(service)


def resigned(token, alg="ES256"):
    """The same claims, signed by somebody else."""
    claims = jws.extract_compact(token.encode()).payload
    return jws.serialize_compact({"alg": alg, "typ": "JWT"}, claims, ECKey.generate_key("P-256"), algorithms=[alg])


def unsigned(token):
    _, claims, _ = token.split(".")
    return f"eyJhbGciOiJub25lIn0.{claims}."


def modified(token):
    header, claims, signature = token.split(".")
    return f"{header}.{claims}.{'A' if signature[0] != 'A' else 'B'}{signature[1:]}"


@pytest.fixture
def signed_in(ground):
    service, citizen, browser = ground.register(), ground.enrol(), ground.browser()
    return service, browser, browser.tokens(service, citizen)


@pytest.mark.parametrize("state", [STATE, "한글 & = ? # %", None], ids=["128", "unicode", "none"])
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_a_service_signs_its_person_out_and_gets_them_back(signed_in, state, method):
    service, browser, tokens = signed_in
    parameters = {"id_token_hint": tokens["id_token"], "post_logout_redirect_uri": SIGNED_OUT, "client_id": service.id}
    parameters |= {"state": state} if state else {}
    page = at_logout(browser, **parameters) if method == "GET" else browser.post("/logout", parameters)
    assert page.status_code == 303
    address, _, query = page.headers["Location"].partition("?")
    assert address == SIGNED_OUT
    assert dict(parse_qsl(query)) == ({"state": state} if state else {})
    assert browser_answer(browser, service)["error"] == "login_required"


@pytest.mark.parametrize(
    "parameters",
    [
        {},
        {"state": STATE},
        {"client_id": "known"},
        {"post_logout_redirect_uri": SIGNED_OUT},
        {"post_logout_redirect_uri": SIGNED_OUT, "client_id": "known"},
        {"id_token_hint": "resigned", "post_logout_redirect_uri": SIGNED_OUT},
        {"id_token_hint": "unsigned", "post_logout_redirect_uri": SIGNED_OUT},
        {"id_token_hint": "modified", "post_logout_redirect_uri": SIGNED_OUT},
        {"id_token_hint": "a.b.c", "post_logout_redirect_uri": SIGNED_OUT},
        {"id_token_hint": "right", "client_id": "other", "post_logout_redirect_uri": SIGNED_OUT},
        {"logout_hint": "person", "post_logout_redirect_uri": SIGNED_OUT},
    ],
    ids=str,
)
def test_L_01_L_02_without_proof_the_person_is_asked_and_never_led_away(ground, signed_in, parameters):
    service, browser, tokens = signed_in
    hint = tokens["id_token"]
    tokens_of = {"resigned": resigned(hint), "unsigned": unsigned(hint), "modified": modified(hint), "right": hint}
    ids = {"known": service.id, "other": ground.register().id}
    sent = {name: {**tokens_of, **ids}.get(value, value) for name, value in parameters.items()}
    assert is_asked(at_logout(browser, **sent))
    assert is_signed_in(browser, service)
    at_logout(browser, **sent)
    page = browser.submit("/logout/confirm", decision="logout")
    assert page.status_code == 200, "nobody vouches for the address"
    assert 'class="sign success"' in page.text
    assert browser_answer(browser, service)["error"] == "login_required"


@pytest.mark.parametrize(
    "uri",
    [
        SIGNED_OUT + "?foo=bar",
        SIGNED_OUT + "/",
        "https://evil.example/",
        "http://localhost:9001/callback1",
        "//evil.example",
    ],
)
def test_R_10_an_address_that_is_not_registered_is_no_address(signed_in, uri):
    service, browser, tokens = signed_in
    page = at_logout(browser, id_token_hint=tokens["id_token"], post_logout_redirect_uri=uri, state=STATE)
    assert page.status_code == 200
    assert "evil" not in page.text
    assert browser_answer(browser, service)["error"] == "login_required"


def test_L_02_a_hint_of_another_session_asks_and_may_lead_back_after_the_answer(ground, signed_in):
    service, browser, _ = signed_in
    elsewhere = ground.browser()
    other = elsewhere.tokens(service, ground.citizens[0])
    sent = {"id_token_hint": other["id_token"], "post_logout_redirect_uri": SIGNED_OUT}
    assert is_asked(at_logout(browser, **sent))
    assert is_signed_in(browser, service)
    assert is_signed_in(elsewhere, service)
    at_logout(browser, **sent)
    assert browser.submit("/logout/confirm", decision="logout").headers["Location"] == SIGNED_OUT
    assert not is_signed_in(browser, service)
    assert is_signed_in(elsewhere, service)


def test_an_expired_hint_is_proof_as_long_as_its_session_is_the_browsers(ground, signed_in):
    _, browser, tokens = signed_in
    ground.clock.now += 800  # past the ID token's ten minutes, within the session's fifteen
    assert at_logout(browser, id_token_hint=tokens["id_token"], post_logout_redirect_uri=SIGNED_OUT).status_code == 303


def test_L_01_a_foreign_issuers_token_is_no_hint(signed_in, tmp_path_factory, template):
    service, browser, _ = signed_in
    foreign = copy_ground(template, tmp_path_factory.mktemp("foreign"), issuer="http://localhost:9100")
    claims = {"iss": "http://localhost:9100", "sub": "x", "aud": service.id, "sid": "x"}
    hint = foreign.provider.sign("ES256", claims)  # the very same keys: only the issuer tells them apart
    assert is_asked(at_logout(browser, id_token_hint=hint, post_logout_redirect_uri=SIGNED_OUT))
    foreign.provider.database.engine.dispose()


@pytest.mark.parametrize("typ", ["logout+jwt", "at+jwt", "dpop+jwt", "oauth-authz-req+jwt"])
def test_J_05_another_kind_of_token_is_no_hint(ground, signed_in, typ):
    _, browser, tokens = signed_in
    hint = ground.provider.ring.sign("ES256", claims_of(ground, tokens["id_token"]), typ=typ)
    assert is_asked(at_logout(browser, id_token_hint=hint, post_logout_redirect_uri=SIGNED_OUT))


@pytest.mark.parametrize(
    ("query", "status"),
    [
        ("state=a&state=b", 400),
        ("id_token_hint=a&id_token_hint=b", 400),
        ("state=" + "s" * 9000, 400),
        ("continue=nonsense", 400),
        ("continue=%00%ff", 400),
        ("posted=" + "A" * 100, 400),
        ("continue=" + "A" * 20_000, 400),
    ],
    ids=lambda value: str(value)[:30],
)
def test_a_malformed_request_is_a_page(signed_in, query, status):
    service, browser, _ = signed_in
    page = browser.get(f"/logout?{query}")
    assert page.status_code == status
    assert "Location" not in page.headers
    assert is_signed_in(browser, service)


@pytest.mark.parametrize(("content_type", "status"), [("application/json", 415), ("text/plain", 415)])
def test_only_a_form_is_read(signed_in, content_type, status):
    _, browser, _ = signed_in
    assert browser.post("/logout", "{}", content_type=content_type).status_code == status


@pytest.mark.parametrize("method", ["put", "delete", "patch"])
def test_other_methods_do_nothing(signed_in, method):
    service, browser, _ = signed_in
    assert getattr(browser.client, method)("/logout", base_url=ORIGIN).status_code == 405
    assert is_signed_in(browser, service)


@pytest.mark.parametrize(("locales", "language"), [("en ko", "en"), ("ko", "ko"), ("fr en-GB", "en"), ("xx", "ko")])
def test_the_page_speaks_the_language_that_the_service_asks_for(signed_in, locales, language):
    _, browser, _ = signed_in
    assert at_logout(browser, ui_locales=locales).headers["Content-Language"] == language
    assert browser.submit("/logout/confirm", decision="logout").headers["Content-Language"] == language


def test_the_confirmation_keeps_no_token_in_its_address_and_survives_a_reload(ground, signed_in):
    service, browser, tokens = signed_in
    other = ground.browser().tokens(service, ground.citizens[0])["id_token"]
    page = at_logout(browser, id_token_hint=other, post_logout_redirect_uri=SIGNED_OUT)
    here = re.search(r'data-here="([^"]+)"', page.text)[1]
    assert other not in here
    assert is_asked(browser.get(here))
    assert browser.submit("/logout/confirm", decision="logout").headers["Location"] == SIGNED_OUT
    ground.clock.now += 3601
    assert browser.get(here).status_code == 400
    assert tokens["id_token"] not in here


def test_CS_01_a_confirmation_of_another_browser_is_refused(ground, signed_in):
    service, browser, _ = signed_in
    at_logout(browser)
    form = browser.form("/logout/confirm")
    attacker = ground.browser()
    at_logout(attacker)
    here = attacker.page
    assert here.status_code == 200  # nobody is signed in there, so there is nothing to ask
    assert attacker.post("/logout/confirm", form | {"decision": "logout"}).status_code == 403
    assert is_signed_in(browser, service)


@pytest.mark.parametrize(
    "headers",
    [{"Sec-Fetch-Site": "cross-site", "Origin": "https://rp.example"}, {"Origin": "https://rp.example"}],
    ids=["a browser of today", "an old browser"],
)
def test_a_request_posted_from_another_site_comes_again_with_its_cookies(ground, signed_in, headers):
    service, browser, tokens = signed_in
    stranger = Walker(ground)  # SameSite=Lax: the POST itself brings no cookie
    sent = {"id_token_hint": tokens["id_token"], "post_logout_redirect_uri": SIGNED_OUT, "state": STATE}
    page = stranger.post("/logout", sent, headers=headers)
    assert page.status_code == 303
    location = page.headers["Location"]
    assert location.startswith("/logout?posted=")
    assert tokens["id_token"] not in location
    assert browser.get(location).headers["Location"] == f"{SIGNED_OUT}?state={STATE}"
    assert not is_signed_in(browser, service)


def test_a_posted_request_is_good_for_a_minute(ground, signed_in):
    service, browser, tokens = signed_in
    page = Walker(ground).post(
        "/logout", {"id_token_hint": tokens["id_token"]}, headers={"Sec-Fetch-Site": "cross-site"}
    )
    ground.clock.now += 60
    assert browser.get(page.headers["Location"]).status_code == 400
    assert is_signed_in(browser, service)


def test_staying_ends_nothing(ground):
    service, browser = listening(ground), ground.browser()
    browser.tokens(service, ground.enrol())
    at_logout(browser, client_id=service.id)
    assert browser.submit("/logout/confirm", decision="stay").status_code == 303
    assert is_signed_in(browser, service)
    assert told(ground) == []


def test_L_07_after_logout_nothing_of_the_session_is_left_in_any_worker(ground, signed_in):
    service, browser, tokens = signed_in
    old = browser.client.get_cookie("idp-session", domain="localhost")
    assert old is not None
    page = at_logout(browser, id_token_hint=tokens["id_token"])
    assert "no-store" in page.headers["Cache-Control"]
    assert browser.client.get_cookie("idp-session", domain="localhost") is None
    second = create_app(ground.provider.settings, ground.provider.world)  # another worker on the same database
    for app in (ground.app, second):
        replaying = app.test_client()
        replaying.set_cookie("idp-session", old.value, domain="localhost")
        answer = replaying.get("/authorize?" + urlencode(request(service, prompt="none")), base_url=ORIGIN)
        assert dict(parse_qsl(urlsplit(answer.headers["Location"]).query))["error"] == "login_required"
        header = {"Authorization": f"Bearer {tokens['access_token']}"}
        assert replaying.get("/userinfo", base_url=ORIGIN, headers=header).status_code == 401
    second.extensions["idp"].database.engine.dispose()


@pytest.mark.parametrize("path", ["/logout", "/logout?state=x"])
def test_a_stranger_is_told_that_they_are_signed_out_and_nothing_is_written(house, path):
    before = house.ground.contents()
    page = house.browser().get(path)
    assert page.status_code == 200
    assert "no-store" in page.headers["Cache-Control"]
    assert visible(page)
    assert house.ground.contents() == before


@pytest.mark.parametrize("seconds", [IDLE_SECONDS + 1, ABSOLUTE_SECONDS + 1])
def test_a_session_that_ran_out_still_signs_its_services_out(ground, seconds):
    first, second, browser = listening(ground), listening(ground), ground.browser()
    tokens = browser.tokens(first, ground.enrol())
    browser.tokens(second, ground.citizens[0])
    ground.clock.now += seconds
    at_logout(browser, id_token_hint=tokens["id_token"])
    assert told(ground) == sorted([first.id, second.id])
