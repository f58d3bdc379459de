"""The device flow over HTTP (RFC 8628; abuse cases D-01 and D-04 to D-07): device, person and service."""

import re
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import urlencode

import pytest
from sqlalchemy import text

from idp.claims.assurance import Fact
from idp.protocol.device_flow import DEVICE_CODE_GRANT, TRIES_OF_A_BROWSER
from idp.protocol.errors import OAuthError
from idp.registration.metadata import check_metadata
from idp.settings import ROOT
from tests.endpoints.logout_ground import claims_of, notices
from tests.endpoints.test_logout import at_logout
from tests.ground import ORIGIN, call, copy_ground, visible

GRANTS = ["authorization_code", "refresh_token", DEVICE_CODE_GRANT]
WRONG = "BBBB-BBBB"


def television(ground, **metadata):
    return ground.register(**{"grant_types": GRANTS, "device_flow_approval": "head of the portal"} | metadata)


def begin(ground, service, scope="openid profile", **keywords):
    response = call(ground, "/device_authorization", {"scope": scope} if scope else {}, service, **keywords)
    assert response.status_code == 200, response.text
    return response.get_json()


def poll(ground, service, code, **keywords):
    return call(ground, "/token", {"grant_type": DEVICE_CODE_GRANT, "device_code": code}, service, **keywords)


def error_of(response):
    assert response.status_code == 400
    assert response.headers["Cache-Control"] == "no-store"
    return response.get_json()["error"]


def type_code(browser, code):
    browser.get("/device")
    return browser.submit("/device", user_code=code)


def answer(browser, citizen, decision="allow"):
    """Everything from the comparing page on."""
    browser.submit("/device/begin", decision="mine")
    browser.passkey(citizen)
    browser.code(number=citizen.number)
    return browser.consent(decision)


def approve(browser, citizen, began):
    type_code(browser, began["user_code"])
    page = answer(browser, citizen)
    assert page.headers["Location"] == f"{ORIGIN}/device/done"
    return browser.get("/device/done")


def test_a_person_signs_in_for_a_device(either_ground):
    ground = either_ground
    service, citizen, browser = television(ground), ground.enrol(), ground.browser()
    began = begin(ground, service, "openid profile offline_access")
    assert began.keys() == {"device_code", "user_code", "verification_uri", "expires_in", "interval"}
    assert re.fullmatch(r"[B-Z]{4}-[B-Z]{4}", began["user_code"])
    assert (began["verification_uri"], began["expires_in"], began["interval"]) == (f"{ORIGIN}/device", 600, 5)
    assert error_of(poll(ground, service, began["device_code"])) == "authorization_pending"
    approve(browser, citizen, began)
    ground.clock.now += 5
    tokens = poll(ground, service, began["device_code"]).get_json()
    claims = claims_of(ground, tokens["id_token"])
    assert claims["aud"] == service.id
    assert claims["acr"] == "urn:kr:overseas-id:acr:2"
    assert "nonce" not in claims
    info = browser.userinfo(tokens["access_token"]).get_json()
    assert (info["sub"], info["name#ko-Hang"]) == (claims["sub"], "홍길동")
    assert tokens["scope"] == "openid profile offline_access"
    form = {"grant_type": "refresh_token", "refresh_token": tokens["refresh_token"]}
    assert call(ground, "/token", form, service).status_code == 200
    tags = [tag for tag in ground.events() if ":device:" in tag]
    assert tags == ["client:device:started", "person:device:approved"]


# What a device may do.


@pytest.mark.parametrize(
    ("metadata", "error"),
    [
        ({"grant_types": ["authorization_code"], "device_flow_approval": None}, "unauthorized_client"),
    ],
)
def test_the_flow_is_off_unless_registered(ground, metadata, error):
    service = television(ground, **metadata)
    assert error_of(call(ground, "/device_authorization", {"scope": "openid"}, service)) == error
    assert error_of(poll(ground, service, "x" * 64)) == error
    assert ground.rows("device_authorizations") == 0


@pytest.mark.parametrize(
    ("form", "status", "error"),
    [
        ({"scope": "openid admin"}, 200, None),
        ({"scope": "admin"}, 400, "invalid_scope"),
        ({"scope": ""}, 400, "invalid_scope"),
        ({"scope": "a\x00b"}, 400, "invalid_scope"),
        ([("scope", "openid"), ("scope", "openid")], 400, "invalid_request"),
    ],
    ids=str,
)
def test_what_a_device_asks_for_is_checked(ground, form, status, error):
    body = urlencode(form)
    response = call(
        ground, "/device_authorization", body, television(ground), content_type="application/x-www-form-urlencoded"
    )
    assert response.status_code == status
    assert response.get_json().get("error") == error
    assert ground.rows("device_authorizations") == (status == 200)


def test_law_1_nobody_begins_without_authenticating(house):
    before = house.ground.contents()
    client = house.ground.app.test_client()
    for form in ({"client_id": house.service.id, "scope": "openid"}, {"scope": "openid"}):
        response = client.post("/device_authorization", data=form, base_url=ORIGIN)
        assert (response.status_code, response.get_json()["error"]) == (401, "invalid_client")
    for method in ("get", "put", "delete"):
        assert getattr(client, method)("/device_authorization", base_url=ORIGIN).status_code == 405
    assert client.post("/device_authorization", json={"scope": "openid"}, base_url=ORIGIN).status_code == 415
    assert house.ground.contents() == before


@pytest.mark.parametrize("code", ["", "x", "x" * 64, "A" * 64, "'--", "a" * 8000])
def test_D_07_an_unknown_device_code_is_an_invalid_grant(ground, code):
    service = television(ground)
    assert error_of(poll(ground, service, code)) == ("invalid_request" if not code else "invalid_grant")


def test_D_07_another_clients_device_code_does_not_exist(ground):
    service, other, citizen, browser = television(ground), television(ground), ground.enrol(), ground.browser()
    began = begin(ground, service)
    assert error_of(poll(ground, other, began["device_code"])) == "invalid_grant"
    approve(browser, citizen, began)
    assert error_of(poll(ground, other, began["device_code"])) == "invalid_grant"
    assert poll(ground, service, began["device_code"]).status_code == 200


def test_D_06_asking_too_soon_makes_the_wait_longer(either_ground):
    ground = either_ground
    service = television(ground)
    code = begin(ground, service)["device_code"]
    heard = []
    for pause in (0, 5, 4, 9, 10, 15, 20, 20):
        ground.clock.now += pause
        heard.append(error_of(poll(ground, service, code)))
    pending, slow = "authorization_pending", "slow_down"
    # After the first one that comes too soon the wait is 10 seconds, then 15, 20, 25, 30 and 35.
    assert heard == [pending, pending, slow, slow, slow, slow, slow, slow]
    ground.clock.now += 35
    assert error_of(poll(ground, service, code)) == pending


def test_D_06_a_slow_down_costs_nothing_once_the_person_agreed(ground):
    service, citizen, browser = television(ground), ground.enrol(), ground.browser()
    began = begin(ground, service)
    assert error_of(poll(ground, service, began["device_code"])) == "authorization_pending"
    assert error_of(poll(ground, service, began["device_code"])) == "slow_down"
    approve(browser, citizen, began)
    assert poll(ground, service, began["device_code"]).status_code == 200


@pytest.mark.parametrize("approved", [False, True])
def test_D_07_after_ten_minutes_the_device_hears_that_it_is_over(ground, approved):
    service, citizen, browser = television(ground), ground.enrol(), ground.browser()
    began = begin(ground, service)
    if approved:
        approve(browser, citizen, began)
    ground.clock.now += 600
    assert error_of(poll(ground, service, began["device_code"])) == "expired_token"


@pytest.mark.parametrize("how", ["on the consent page", "on the code page"])
def test_D_07_after_a_refusal_the_device_hears_access_denied(either_ground, how):
    ground = either_ground
    service, citizen, browser = television(ground), ground.enrol(), ground.browser()
    began = begin(ground, service)
    type_code(browser, began["user_code"])
    browser.submit("/device/begin", decision="mine")
    browser.passkey(citizen)
    if how == "on the consent page":
        browser.code(number=citizen.number)
        page = browser.consent("deny")
    else:
        page = browser.submit("/sign-in/cancel")
    assert page.headers["Location"].startswith(f"{ORIGIN}/device/ended?")
    assert browser.get(page.headers["Location"]).status_code == 200
    assert error_of(poll(ground, service, began["device_code"])) == "access_denied"
    assert "person:device:denied" in ground.events()
    assert ground.rows("grants") == 0
    assert 'id="user-code-error"' in type_code(ground.browser(), began["user_code"]).text


def test_D_05_eight_workers_that_poll_at_once_get_one_set_of_tokens(either_ground):
    ground = either_ground
    service, citizen, browser = television(ground), ground.enrol(), ground.browser()
    for _ in range(5):
        began = begin(ground, service)
        before = ground.rows("access_tokens")
        approve(browser, citizen, began)
        with ThreadPoolExecutor(8) as pool:
            answers = list(pool.map(lambda _n, code=began["device_code"]: poll(ground, service, code), range(8)))
        assert sorted(one.status_code for one in answers) == [200] + [400] * 7
        assert {one.get_json()["error"] for one in answers if one.status_code == 400} == {"invalid_grant"}
        assert ground.rows("access_tokens") == before + 1
        assert error_of(poll(ground, service, began["device_code"])) == "invalid_grant"


# What a person sees.


def test_D_01_a_code_in_the_address_is_not_typed(ground):
    service, browser = television(ground), ground.browser()
    began = begin(ground, service)
    assert "verification_uri_complete" not in began
    page = browser.get(f"/device?user_code={began['user_code']}")
    assert began["user_code"] not in page.text.replace(f"?user_code={began['user_code']}", "")
    assert re.search(r'<input[^>]*id="user-code"[^>]*>', page.text)[0].count("value=") == 0


def test_D_01_the_person_sees_who_asks_since_when_and_is_asked_whether_they_began(ground):
    service, browser = television(ground, client_name="Kiosk <b>one</b>"), ground.browser()
    ground.clock.now += 60
    agent = {"headers": {"User-Agent": "Tizen smart-tv; press yes <script>"}}
    began = begin(ground, service, **agent)
    browser.get("/device?lang=en")
    page = browser.submit("/device", user_code=began["user_code"].lower().replace("-", " "))
    shown = visible(page)
    for told in ("Did you start this?", "Kiosk <b>one</b>", began["user_code"], "Television", "(KST)", "(UTC)"):
        assert told in shown
    assert "press yes" not in shown
    assert "<b>one" not in page.text
    assert "<script>" not in page.text
    assert "/sign-in/passkey" not in page.text  # nothing goes on before the person has answered
    browser.submit("/device/begin", decision="not_mine")
    assert "Good that you stopped" in visible(browser.page)


def test_D_01_both_proofs_and_consent_are_asked_for_although_everything_is_remembered(ground):
    service, citizen, browser = television(ground), ground.enrol(), ground.browser()
    browser.tokens(service, citizen)  # signed in, and consent to the very same is remembered
    began = begin(ground, service)
    type_code(browser, began["user_code"])
    page = browser.submit("/device/begin", decision="mine")
    assert "/sign-in/passkey" in page.text
    assert re.search(r'id="cancel">([^<]+)<', page.text)[1] == "로그인 그만두기"
    assert 'action="/sign-in/code"' in browser.passkey(citizen).text
    assert 'action="/sign-in/consent"' in browser.code(number=citizen.number).text
    assert error_of(poll(ground, service, began["device_code"])) == "authorization_pending"


@pytest.mark.parametrize("decision", ["not_mine", "", "MINE"])
def test_D_01_anything_but_yes_is_no(ground, decision):
    browser = ground.browser()
    type_code(browser, begin(ground, television(ground))["user_code"])
    assert "/sign-in/passkey" not in browser.submit("/device/begin", decision=decision).text


def test_law_1_typing_a_code_writes_nothing(ground):
    service, browser = television(ground), ground.browser()
    began = begin(ground, service)
    before = ground.contents()
    type_code(browser, WRONG)
    type_code(browser, "no code")
    type_code(browser, began["user_code"])
    form = browser.form("/device/begin")
    browser.post("/device/begin", form | {"decision": "mine"})
    browser.submit("/sign-in/cancel")
    assert browser.page.headers["Location"].startswith(f"{ORIGIN}/device/ended?")
    browser.post("/device/begin", form | {"decision": "not_mine"})
    assert ground.contents() == before


def test_D_04_the_sixth_wrong_code_of_a_browser_is_not_looked_up(ground):
    service, browser = television(ground), ground.browser()
    began = begin(ground, service)
    for _ in range(TRIES_OF_A_BROWSER):
        assert 'id="user-code-error"' in type_code(browser, WRONG).text
    assert type_code(browser, began["user_code"]).status_code == 429
    assert type_code(ground.browser(), began["user_code"]).status_code == 200  # the code itself is not locked
    ground.clock.now += 600
    assert type_code(browser, WRONG).status_code == 200


def test_D_04_ten_thousand_tries_from_many_browsers_end_at_the_budget(ground):
    began = begin(ground, television(ground))
    wired = ground.provider
    taken = sum(wired.device_tries.spend(number.to_bytes(4, "big"), ground.clock()) for number in range(10_000))
    assert taken == 300
    assert type_code(ground.browser(), began["user_code"]).status_code == 429


def test_a_right_code_and_a_misspelt_one_cost_no_try(ground):
    service, browser = television(ground), ground.browser()
    began = begin(ground, service)
    for _ in range(TRIES_OF_A_BROWSER + 3):
        assert 'id="device-mine"' in type_code(browser, began["user_code"]).text
        assert 'id="user-code-error"' in type_code(browser, "BCDF").text


@pytest.mark.parametrize("when", ["typing", "beginning", "consenting"])
def test_an_expired_flow_leads_nowhere(ground, when):
    service, citizen, browser = television(ground), ground.enrol(), ground.browser()
    began = begin(ground, service)
    if when == "typing":
        ground.clock.now += 600
        assert 'id="user-code-error"' in type_code(browser, began["user_code"]).text
        return
    type_code(browser, began["user_code"])
    if when == "beginning":
        ground.clock.now += 600
        assert browser.submit("/device/begin", decision="mine").status_code == 400
        return
    browser.submit("/device/begin", decision="mine")
    browser.passkey(citizen)
    browser.code(number=citizen.number)
    ground.clock.now += 600
    page = browser.consent()
    assert page.status_code == 400
    assert "Location" not in page.headers
    assert ground.rows("grants") == 0


def test_one_flow_is_approved_once_by_whoever_is_first(ground):
    service = television(ground)
    citizen, first, second = ground.enrol(), ground.browser(), ground.browser()
    began = begin(ground, service)
    for browser in (first, second):
        type_code(browser, began["user_code"])
        browser.submit("/device/begin", decision="mine")
        browser.passkey(citizen)
        browser.code(number=citizen.number)
    assert first.consent().status_code == 303
    assert second.consent().status_code == 400
    assert ground.rows("grants") == 1


def test_CS_01_a_form_of_another_browser_is_refused(ground):
    service, mine, theirs = television(ground), ground.browser(), ground.browser()
    type_code(mine, begin(ground, service)["user_code"])
    form = mine.form("/device/begin") | {"decision": "mine"}
    theirs.get("/device")
    own = {"csrf": theirs.form("/device")["csrf"]}
    assert theirs.post("/device/begin", form).status_code == 403
    assert theirs.post("/device/begin", form | own).status_code == 400
    headers = {"Origin": "https://evil.example"}
    assert mine.post("/device/begin", form, headers=headers).status_code == 403


def test_a_client_that_loses_the_flow_on_the_way_gets_nothing(ground):
    service, citizen, browser = television(ground), ground.enrol(), ground.browser()
    began = begin(ground, service)
    type_code(browser, began["user_code"])
    browser.submit("/device/begin", decision="mine")
    with ground.provider.database.begin() as transaction:
        changed = "version = version + 1, registration = replace(registration, :grant, 'refresh_token')"
        statement = text(f"UPDATE clients SET {changed} WHERE id = :client")
        transaction.run(statement, grant=DEVICE_CODE_GRANT, client=service.id)
    page = browser.passkey(citizen)
    assert page.status_code == 400
    assert "Location" not in page.headers


def test_D_01_the_highest_level_is_never_said(tmp_path, template):
    """Where every sign-in reaches the highest level, a device's tokens say the one below."""
    table = (ROOT / "config/assurance.toml").read_text("utf-8").replace('"attested", ', "").replace(', "attested"', "")
    (tmp_path / "assurance.toml").write_text(table, "utf-8")
    ground = copy_ground(template, tmp_path, assurance_file=tmp_path / "assurance.toml")
    assert Fact.ATTESTED not in ground.provider.assurance.levels[-1].requires
    service, citizen, browser = television(ground), ground.enrol(), ground.browser()
    began = begin(ground, service)
    approve(browser, citizen, began)
    by_device = claims_of(ground, poll(ground, service, began["device_code"]).get_json()["id_token"])
    directly = claims_of(ground, ground.browser().tokens(service, citizen)["id_token"])
    assert (directly["acr"], by_device["acr"]) == ("urn:kr:overseas-id:acr:3", "urn:kr:overseas-id:acr:2")
    with pytest.raises(OAuthError, match="highest"):
        television(ground, minimum_acr="urn:kr:overseas-id:acr:3")
    ground.provider.database.engine.dispose()


def test_a_device_is_a_service_of_the_session_that_hears_of_its_end(ground):
    service, citizen, browser = television(ground), ground.enrol(), ground.browser()
    service = television(ground, backchannel_logout_uri="http://localhost:9001/backchannel")
    began = begin(ground, service)
    approve(browser, citizen, began)
    tokens = poll(ground, service, began["device_code"]).get_json()
    at_logout(browser, id_token_hint=tokens["id_token"])
    assert [client for client, _, _ in notices(ground)] == [service.id]
    assert browser.userinfo(tokens["access_token"]).status_code == 401


def test_discovery_lists_the_endpoint_and_the_grant(ground):
    document = ground.app.test_client().get("/.well-known/openid-configuration", base_url=ORIGIN).get_json()
    assert document["device_authorization_endpoint"] == f"{ORIGIN}/device_authorization"
    assert DEVICE_CODE_GRANT in document["grant_types_supported"]


# Registration.


@pytest.mark.parametrize(
    ("metadata", "why"),
    [
        ({"device_flow_approval": None}, "who approved it"),
        ({"token_endpoint_auth_method": "none"}, "public client"),
        ({"grant_types": ["authorization_code"]}, "only for the grant type"),
        ({"grant_types": [DEVICE_CODE_GRANT]}, "authorization_code"),
    ],
)
def test_D_01_who_may_have_the_flow(ground, metadata, why):
    document = {
        "redirect_uris": ["https://kiosk.example/cb"],
        "grant_types": GRANTS,
        "device_flow_approval": "head of the portal",
    }
    offer = ground.provider.offer
    assert check_metadata(document, offer)
    with pytest.raises(OAuthError, match=why):
        check_metadata(document | metadata, offer)
