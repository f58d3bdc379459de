"""POST /par and what comes of it (RFC 9126), over HTTP."""

from io import BytesIO
from urllib.parse import urlencode

import pytest

from idp.registration.changes import status_set
from tests.ground import ORIGIN, VERIFIER, Ground, House, call, request, visible
from tests.protocol.proofs import Prover
from tests.signed_requests import (
    EC,
    JWKS,
    RSA,
    STRANGER,
    assertion,
    bank,
    jwt_claims,
    push,
    push_as_bank,
    request_object,
    sign,
    signer,
    visit,
)


def finish(browser, citizen, service):
    """From the passkey page to the answer at the service."""
    browser.passkey(citizen)
    browser.code()
    if 'action="/sign-in/consent"' in browser.page.text:
        browser.consent()
    return browser.answer(service)


def refused(response, error, status=400):
    assert (response.status_code, response.get_json()["error"]) == (status, error), response.text
    assert response.headers["Cache-Control"] == "no-store"
    assert "Location" not in response.headers


def test_a_pushed_request_becomes_a_code_once(either_ground):
    ground = either_ground
    service, citizen, browser = ground.register(), ground.enrol(), ground.browser()
    pushed = push(ground, service, scope="openid email", state="pushed")
    answer = pushed.get_json()
    assert pushed.headers["Cache-Control"] == "no-store"
    assert answer.keys() == {"request_uri", "expires_in"}
    assert answer["expires_in"] == 90
    assert answer["request_uri"].startswith("urn:ietf:params:oauth:request_uri:")
    visit(browser, service, pushed)
    came_back = finish(browser, citizen, service)
    assert came_back.keys() == {"code", "state", "iss"}
    assert came_back["state"] == "pushed"
    assert browser.token(service, came_back["code"]).get_json()["scope"] == "openid email"
    # Q-02: used, it is over, for this browser and for any other.
    for again in (browser, ground.browser()):
        assert visit(again, service, pushed).status_code == 400
        assert "Location" not in again.page.headers


def test_the_page_may_be_visited_often_before_the_sign_in_is_complete(ground, citizen):
    service, browser = ground.register(), ground.browser()
    pushed = push(ground, service)
    previewer, before = ground.browser(), ground.contents()
    assert visit(previewer, service, pushed).status_code == 200
    assert ground.contents() == before  # law 1
    assert visit(browser, service, pushed).status_code == 200
    assert visit(browser, service, pushed).status_code == 200
    assert "code" in finish(browser, citizen, service)


def test_Q_02_after_its_90_seconds_it_is_over_but_not_for_who_is_signing_in(ground, citizen):
    service, browser = ground.register(), ground.browser()
    pushed = push(ground, service)
    visit(browser, service, pushed)
    ground.clock.now += 90
    late = ground.browser()
    assert visit(late, service, pushed).status_code == 400
    assert "no longer valid" in visible(late.get(f"{late.page.request.full_path}&lang=en"))
    assert "code" in finish(browser, citizen, service)


def test_Q_02_it_is_bound_to_its_client(house: House):
    service, other, browser = house.service, house.ground.register(), house.browser()
    pushed = push(house.ground, service)
    before = house.ground.contents()
    for client_id in (other.id, "unknown", ""):
        query = {"client_id": client_id, "request_uri": pushed.get_json()["request_uri"]}
        assert browser.get("/authorize", query_string=query).status_code == 400
        assert "Location" not in browser.page.headers
    assert house.ground.contents() == before


@pytest.mark.parametrize(
    "name", ["urn:ietf:params:oauth:request_uri:", "urn:ietf:params:oauth:request_uri:" + "A" * 64]
)
def test_Q_02_an_invented_one_is_a_page(house: House, name):
    response = house.browser().get("/authorize", query_string=request(house.service) | {"request_uri": name})
    assert response.status_code == 400
    assert "Location" not in response.headers


def test_Q_05_nothing_beside_the_request_uri_counts(ground, citizen):
    service, browser = ground.register(), ground.browser()
    pushed = push(ground, service, scope="openid", state="inner", nonce="inner")
    beside = {"scope": "openid phone", "state": "outer", "nonce": "outer", "redirect_uri": "https://evil.test/"}
    visit(browser, service, pushed, **beside, response_mode="form_post", prompt="none")
    answer = finish(browser, citizen, service)
    assert answer["state"] == "inner"
    assert browser.token(service, answer["code"]).get_json()["scope"] == "openid"


@pytest.mark.parametrize("name", ["request_uri", "client_id", "request"])
def test_a_repeated_decisive_parameter_is_a_page(house: House, name):
    query = [*request(house.service).items(), (name, "a"), (name, "b")]
    response = house.browser().get("/authorize?" + urlencode(query))
    assert response.status_code == 400
    assert "Location" not in response.headers


def test_request_and_request_uri_together_are_a_page(ground):
    service, browser = signer(ground), ground.browser()
    pushed = push(ground, service)
    assert visit(browser, service, pushed, request=request_object(ground, service)).status_code == 400
    assert "Location" not in browser.page.headers


def test_the_answer_to_a_pushed_request_is_one_even_if_it_is_an_error(ground, citizen):
    service, browser = ground.register(), ground.browser()
    pushed = push(ground, service, prompt="none")
    visit(browser, service, pushed)
    assert browser.answer(service)["error"] == "login_required"
    assert visit(browser, service, pushed).status_code == 400

    pushed = push(ground, service)
    visit(browser, service, pushed)
    browser.submit("/sign-in/cancel")
    assert browser.answer(service)["error"] == "access_denied"
    assert visit(browser, service, pushed).status_code == 400

    pushed = push(ground, service)
    visit(browser, service, pushed)
    browser.passkey(citizen)
    browser.submit("/sign-in/cancel")
    assert browser.answer(service)["error"] == "access_denied"
    assert visit(browser, service, pushed).status_code == 400


def test_a_reload_and_another_language_work_as_long_as_the_page_does(ground, citizen):
    service, browser = ground.register(), ground.browser()
    visit(browser, service, push(ground, service, login_hint="secret-hint"))
    here = browser.page.text.split('data-here="')[1].split('"')[0].replace("&amp;", "&")
    assert "secret-hint" not in here
    assert "request_uri" not in here
    ground.clock.now += 3500  # long after the request_uri's end
    assert browser.get(f"{here}&lang=en").status_code == 200
    assert "Continue with passkey" in browser.page.text
    stranger = ground.browser()
    assert stranger.get(here).status_code == 400
    for wrong in (here[:-1] + ("0" if here[-1] != "0" else "1"), here.replace("&again", "&x=1&again"), here + "x"):
        assert ground_browser_get(browser, wrong) == 400
    answer = finish_reloaded(browser, citizen, service, here)
    assert "code" in answer
    assert browser.get(here).status_code == 400  # completed
    ground.clock.now += 200
    assert browser.get(here).status_code == 400


def ground_browser_get(browser, path):
    return browser.get(path).status_code


def finish_reloaded(browser, citizen, service, here):
    browser.get(here)
    return finish(browser, citizen, service)


def test_a_reload_is_over_after_an_hour(ground):
    service, browser = ground.register(), ground.browser()
    visit(browser, service, push(ground, service))
    here = browser.page.text.split('data-here="')[1].split('"')[0].replace("&amp;", "&")
    ground.clock.now += 3600
    assert browser.get(here).status_code == 400


def test_another_person_may_sign_in_after_this_is_not_me(ground, citizen):
    service, browser = ground.register(), ground.browser()
    visit(browser, service, push(ground, service))
    browser.passkey(citizen)
    browser.code()
    browser.submit("/sign-in/other")
    assert "/sign-in/passkey" in browser.page.text
    assert "code" in finish(browser, citizen, service)


def test_a_change_of_the_registration_holds_for_what_was_pushed_before(ground):
    service, browser = ground.register(), ground.browser()
    pushed = push(ground, service)
    clients = ground.provider.clients
    clients.save([status_set(clients.get(service.id), "disabled", now=ground.clock())])
    assert visit(browser, service, pushed).status_code == 400
    assert "Location" not in browser.page.headers


@pytest.mark.parametrize(
    ("error", "changed"),
    [
        ("invalid_request", {"request_uri": "urn:ietf:params:oauth:request_uri:" + "A" * 64}),  # Q-04
        ("invalid_request", {"redirect_uri": None}),
        ("invalid_request", {"redirect_uri": "https://evil.test/cb"}),
        ("invalid_request", {"response_type": None}),
        ("unsupported_response_type", {"response_type": "token"}),
        ("unsupported_response_type", {"response_type": "code id_token"}),
        ("invalid_request", {"code_challenge": None, "code_challenge_method": None}),
        ("invalid_request", {"code_challenge_method": "plain"}),
        ("invalid_request", {"code_challenge_method": None}),
        ("invalid_request", {"state": "\x00"}),
        ("invalid_request", {"prompt": "none login"}),
        ("invalid_request", {"response_mode": "fragment"}),
        ("invalid_request", {"response_mode": "jwt"}),
        ("invalid_scope", {"scope": "admin"}),
        ("invalid_request_object", {"request": "x"}),
        ("invalid_target", {"resource": "https://api.example"}),
        ("invalid_authorization_details", {"authorization_details": '[{"type":"account_opening"}]'}),
        ("registration_not_supported", {"registration": "{}"}),
    ],
    ids=str,
)
def test_a_pushed_request_is_judged_as_at_authorize(house: House, error, changed):
    before = house.ground.contents()
    refused(push(house.ground, house.service, **changed), error)
    assert house.ground.contents() == before


def test_Q_04_without_its_credential_nobody_pushes(house: House):
    before = house.ground.contents()
    client = house.ground.app.test_client()
    form = request(house.service)
    refused(client.post("/par", data=form, base_url=ORIGIN), "invalid_client", 401)
    refused(client.post("/par", data=form, auth=(house.service.id, "wrong"), base_url=ORIGIN), "invalid_client", 401)
    refused(
        client.post(
            "/par", data=form | {"client_id": "x"}, auth=(house.service.id, house.service.secret), base_url=ORIGIN
        ),
        "invalid_request",
    )
    assert house.ground.contents() == before


def test_law_1_a_public_client_cannot_fill_the_database(ground):
    app = ground.register(token_endpoint_auth_method="none")
    before = ground.contents()
    refused(call(ground, "/par", request(app), app), "unauthorized_client")
    assert ground.contents() == before


@pytest.mark.parametrize("method", ["GET", "PUT", "PATCH", "DELETE", "HEAD"])
def test_other_verbs_are_405(house: House, method):
    response = house.ground.app.test_client().open("/par", method=method, base_url=ORIGIN)
    assert response.status_code == 405
    assert "POST" in response.headers["Allow"]
    assert response.mimetype == "application/json"


def test_the_body_is_a_form(house: House):
    client, auth = house.ground.app.test_client(), (house.service.id, house.service.secret)
    assert client.post("/par", json=request(house.service), auth=auth, base_url=ORIGIN).status_code == 415
    refused(client.post("/par?x=1", data=request(house.service), auth=auth, base_url=ORIGIN), "invalid_request")
    twice = [*request(house.service).items(), ("scope", "openid")]
    response = client.post(
        "/par", data=urlencode(twice), content_type="application/x-www-form-urlencoded", auth=auth, base_url=ORIGIN
    )
    refused(response, "invalid_request")


def test_Q_12_a_megabyte_is_refused_at_once(house: House):
    class Unread(BytesIO):
        """A body of which nothing may be read."""

        def read(self, *_: object) -> bytes:
            raise AssertionError

    response = house.ground.app.test_client().post(
        "/par",
        input_stream=Unread(),
        environ_overrides={"CONTENT_LENGTH": "1000000", "CONTENT_TYPE": "application/x-www-form-urlencoded"},
        content_type="application/x-www-form-urlencoded",
        auth=(house.service.id, house.service.secret),
        base_url=ORIGIN,
    )
    assert response.status_code == 413


def test_Q_01_a_client_that_must_push_is_refused_at_the_front(ground, citizen):
    service, browser = ground.register(require_pushed_authorization_requests=True), ground.browser()
    browser.authorize(service)
    assert browser.answer(service)["error"] == "invalid_request"
    visit(browser, service, push(ground, service))
    assert "code" in finish(browser, citizen, service)


def test_a_signed_request_can_be_pushed(ground, citizen):
    service, browser = signer(ground, require_signed_request_object=True), ground.browser()
    refused(push(ground, service), "invalid_request")
    pushed = push(ground, service, {"request": request_object(ground, service, state="signed")})
    visit(browser, service, pushed)
    assert finish(browser, citizen, service)["state"] == "signed"


# FAPI 2.0: the profiles end to end.


def test_a_bank_signs_in_under_fapi2(either_ground):
    ground = either_ground
    service, citizen, browser = bank(ground), ground.enrol(), ground.browser()
    browser.authorize(service)
    assert browser.answer(service)["error"] == "invalid_request"
    visit(browser, service, push_as_bank(ground, service))
    answer = finish(browser, citizen, service)
    assert answer.keys() == {"code", "state", "iss"}
    assert browser.token(service, answer["code"], **assertion(ground, service)).get_json()["error"] == "invalid_request"
    prover = Prover()
    form = {
        "grant_type": "authorization_code",
        "code": answer["code"],
        "redirect_uri": service.redirect_uri,
        "code_verifier": VERIFIER,
    }

    def redeem(**changed):
        proof = {"DPoP": prover.proof("POST", f"{ORIGIN}/token", ground.clock(), **changed)}
        return call(ground, "/token", form | assertion(ground, service), headers=proof)

    asked = redeem()
    assert asked.get_json()["error"] == "use_dpop_nonce"
    tokens = redeem(nonce=asked.headers["DPoP-Nonce"])
    assert (tokens.status_code, tokens.get_json()["token_type"]) == (200, "DPoP")


@pytest.mark.parametrize(
    ("why", "changed"),
    [
        ("token endpoint", {"aud": f"{ORIGIN}/token"}),
        ("par endpoint", {"aud": f"{ORIGIN}/par"}),
        ("array", {"aud": [ORIGIN]}),
        ("array of two", {"aud": [ORIGIN, f"{ORIGIN}/token"]}),
        ("no sub", {"sub": None}),
        ("expired", {"exp": 1_800_000_000 - 300}),
        ("nbf", {"nbf": 1_800_000_000 + 61}),
        ("RS256", {"key": RSA, "alg": "RS256"}),
        ("stranger", {"key": STRANGER}),
    ],
)
def test_fapi2_takes_assertions_for_the_issuer_alone(bank_house, why, changed):
    ground, service = bank_house
    before = ground.contents()
    form = request(service) | assertion(ground, service, **changed)
    response = ground.app.test_client().post("/par", data=form, base_url=ORIGIN)
    refused(response, "invalid_client", 401)
    assert ground.contents() == before, why


@pytest.fixture(scope="module")
def bank_house(house: House) -> tuple[Ground, object]:
    return house.ground, bank(house.ground)


def test_T_06_an_assertion_pushes_once(bank_house):
    ground, service = bank_house
    form = request(service) | assertion(ground, service, nbf=ground.clock() + 8)
    client = ground.app.test_client()
    assert client.post("/par", data=form, base_url=ORIGIN).status_code == 201
    refused(client.post("/par", data=form, base_url=ORIGIN), "invalid_client", 401)


def test_message_signing_end_to_end(ground, citizen):
    service, browser = bank(ground, "fapi2-message-signing"), ground.browser()
    refused(push_as_bank(ground, service), "invalid_request")
    token = request_object(ground, service, response_mode="jwt")
    visit(browser, service, push_as_bank(ground, service, {"request": token, "state": "outside"}))
    answer = finish(browser, citizen, service)
    assert answer.keys() == {"response"}


@pytest.mark.parametrize(
    ("error", "changed"),
    [
        ("invalid_request_object", {"exp": None}),
        ("invalid_request_object", {"nbf": None}),
        ("invalid_request_object", {"aud": "https://other.example"}),
        ("invalid_request_object", {"request_uri": "urn:x"}),
        ("invalid_request", {"redirect_uri": None}),
        ("invalid_request", {"response_mode": None}),
        ("invalid_request", {"response_mode": "form_post"}),
        ("invalid_request", {"code_challenge": None}),
    ],
    ids=str,
)
def test_message_signing_refuses(ground, error, changed):
    service = bank(ground, "fapi2-message-signing")
    token = request_object(ground, service, **{"response_mode": "jwt"} | changed)
    refused(push_as_bank(ground, service, request(service) | {"request": token}), error)


def test_J_05_a_request_object_is_no_assertion_and_an_assertion_no_request_object(bank_house):
    ground, service = bank_house
    as_assertion = assertion(ground, service) | {"client_assertion": request_object(ground, service)}
    response = ground.app.test_client().post("/par", data=request(service) | as_assertion, base_url=ORIGIN)
    refused(response, "invalid_client", 401)
    claims = jwt_claims(ground, service, sub=service.id, jti="j")
    refused(push_as_bank(ground, service, {"request": sign(claims, EC, typ="JWT")}), "invalid_request_object")


def test_a_key_is_the_clients_own(ground):
    one, other = signer(ground), ground.register(jwks={"keys": [STRANGER.as_dict(private=False)]})
    assert JWKS["keys"][0]["kid"] == STRANGER.kid
    refused(push(ground, other, {"request": request_object(ground, other)}), "invalid_request_object")
    assert push(ground, one, {"request": request_object(ground, one)}).status_code == 201
