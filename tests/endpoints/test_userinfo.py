"""UserInfo against hostile requests (abuse cases U and C-11), over HTTP."""

import pytest

from tests.ground import ORIGIN, PHONE, call


@pytest.fixture(scope="module")
def token(house):
    """A good access token of the house's service, with a character that base64 spells in two ways."""
    browser, text = house.browser(), ""
    while not set(text) & set("-_"):
        text = browser.tokens(house.service, house.citizen, scope="openid profile phone")["access_token"]
    return text


def ask(house, method="get", **options):
    return getattr(house.ground.app.test_client(), method)("/userinfo", base_url=ORIGIN, **options)


def bearer(text):
    return {"headers": {"Authorization": f"Bearer {text}"}}


@pytest.mark.parametrize("method", ["get", "post"])
def test_a_good_token_opens_by_header_in_both_methods_and_by_form(house, token, method):
    answers = [ask(house, method, **bearer(token)), ask(house, "post", data={"access_token": token})]
    assert [answer.status_code for answer in answers] == [200, 200]
    assert answers[0].get_json() == answers[1].get_json()
    assert answers[0].headers["Cache-Control"] == "no-store"


def test_U_01_only_a_form_brings_a_token_in_its_body(house, token):
    """RFC 6750 §2.2: `application/x-www-form-urlencoded`, nothing else."""
    for content in ("multipart/form-data", "application/json", "text/plain"):
        answer = ask(house, "post", data={"access_token": token}, content_type=content)
        assert answer.status_code == 401
        assert "error=" not in answer.headers["WWW-Authenticate"]  # as if none had been sent (§3.1)


@pytest.mark.parametrize("cut", [1, 2, 3, 4, 16, 32, 48, 63])
def test_C_11_a_truncated_token_opens_nothing(house, token, cut):
    refused(ask(house, **bearer(token[:-cut])))


@pytest.mark.parametrize("tail", ["=", "==", "A", ".", " x", "\t", "%00", "é", "A" * 9000])
def test_C_11_a_token_with_a_tail_opens_nothing(house, token, tail):
    refused(ask(house, **bearer(token + tail)))


@pytest.mark.parametrize(
    "changed",
    [
        lambda t: t.swapcase(),
        lambda t: t[::-1],
        lambda t: t.replace("-", "+").replace("_", "/"),
        lambda t: t[:22] + t[22:43][::-1] + t[43:],
        lambda t: " " * 3 + t[:-1],
        lambda t: t.replace(t[30], "!", 1),
        lambda _: "",
        lambda _: "A" * 64,
        lambda _: "null",
    ],
)
def test_C_11_any_other_spelling_opens_nothing(house, token, changed):
    refused(ask(house, **bearer(changed(token))))


def refused(response):
    assert response.status_code == 401
    assert response.headers["WWW-Authenticate"].startswith('Bearer realm="userinfo", error="invalid_token"')
    assert response.get_json()["error"] == "invalid_token"


@pytest.mark.parametrize(
    "send",
    [
        lambda t: {"query_string": {"access_token": t}},
        lambda t: {"query_string": {"access_token": t}, **bearer(t)},
        lambda t: {"method": "post", "data": {"access_token": t}, **bearer(t)},
        lambda t: {"method": "post", "data": {"access_token": [t, t]}},
    ],
)
def test_U_01_a_token_is_sent_once_and_never_in_the_address(house, token, send):
    response = ask(house, **send(token))
    assert response.status_code == 400
    assert response.get_json()["error"] == "invalid_request"


@pytest.mark.parametrize("authorization", [None, "Basic eDp5", "Bearer", "Token abc"])
def test_U_02_without_a_token_the_answer_says_how_to_bring_one(house, authorization):
    response = ask(house, headers={"Authorization": authorization} if authorization else {})
    assert response.status_code == 401
    assert response.headers["WWW-Authenticate"].startswith("Bearer ")
    assert ("error=" in response.headers["WWW-Authenticate"]) is (authorization is not None)


def test_U_02_a_token_without_openid_or_past_its_time(ground, service, citizen):
    browser = ground.browser()
    plain = browser.tokens(service, citizen, scope="profile")["access_token"]
    response = browser.userinfo(plain)
    assert (response.status_code, response.get_json()["error"]) == (403, "insufficient_scope")
    good = browser.tokens(service, citizen, scope="openid")["access_token"]
    ground.clock.now += 599
    assert browser.userinfo(good).status_code == 200
    ground.clock.now += 1
    assert browser.userinfo(good).status_code == 401


@pytest.mark.parametrize(
    ("scope", "claims", "there", "missing"),
    [
        ("openid", None, set(), {"name", "phone_number", "birthdate", "email", "address"}),
        ("openid phone", None, {"phone_number"}, {"birthdate", "email", "name"}),
        ("openid", '{"userinfo":{"email":null}}', {"email"}, {"email_verified", "name", "phone_number"}),
        ("openid", '{"id_token":{"email":null}}', set(), {"email", "name"}),
        ("openid", '{"userinfo":{"passport":{"essential":true}}}', set(), {"passport", "name"}),
        ("openid", '{"userinfo":{"gender":{"value":"female"}}}', set(), {"gender"}),
    ],
)
def test_U_03_only_what_was_agreed_to_is_told(ground, service, citizen, scope, claims, there, missing):
    told = ground.browser().userinfo(
        ground.browser().tokens(service, citizen, scope=scope, claims=claims)["access_token"]
    )
    assert set(told.get_json()) >= {"sub"} | there
    assert not set(told.get_json()) & missing


def test_U_03_what_was_declined_is_not_told_by_any_later_token(ground, citizen):
    service = ground.register(optional_scope="phone")
    browser = ground.browser()
    browser.authorize(service, scope="openid phone")
    browser.passkey(citizen)
    browser.code()
    browser.consent()  # without ticking the optional one
    answers = [browser.answer(service)]
    browser.authorize(service, scope="openid phone", prompt="none")
    answers.append(browser.answer(service))
    for answer in answers:
        told = browser.userinfo(browser.token(service, answer["code"]).get_json()["access_token"])
        assert PHONE not in told.text


def test_a_revoked_token_is_worth_nothing(ground, service, citizen):
    tokens = ground.browser().tokens(service, citizen)
    assert call(ground, "/revoke", {"token": tokens["access_token"]}, service).status_code == 200
    assert ground.browser().userinfo(tokens["access_token"]).status_code == 401


@pytest.mark.parametrize("origin", ["https://evil.example", "null", "http://localhost:9000.evil.example"])
def test_X_06_no_script_of_another_site_reads_it(house, token, origin):
    response = ask(house, headers={"Origin": origin, "Authorization": f"Bearer {token}"})
    assert not [name for name in dict(response.headers) if name.startswith("Access-Control")]
