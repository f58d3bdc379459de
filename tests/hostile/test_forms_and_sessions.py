"""Forms of other sites, other browsers and other steps; cookies that are not ours (abuse cases CS and K)."""

import json
import re
from urllib.parse import urlencode

import pytest
from werkzeug.test import Client

from tests.ground import ORIGIN, Ground, Walker, call, copy_ground, request

STEPS = ("passkey", "code", "resend", "consent", "cancel", "other", "logout")


class Waiting:
    """A browser in front of one step, with the form that would take it."""

    def __init__(self, ground: Ground, step: str) -> None:
        self.ground = ground
        self.service, self.citizen, self.browser = ground.register(), ground.enrol(), ground.browser()
        self.browser.authorize(self.service)
        self.path = {"resend": "/sign-in/code/resend", "logout": "/logout/confirm"}.get(step, f"/sign-in/{step}")
        if step not in {"passkey", "cancel"}:
            self.browser.passkey(self.citizen)
        if step in {"consent", "other", "logout"}:
            self.browser.code()
        if step == "logout":
            self.browser.consent()
            self.browser.get("/logout")
        self.form = self.browser.form(self.path) | self.answer(step)
        ground.clock.now += 61 if step == "resend" else 0

    def answer(self, step: str) -> dict[str, str]:
        if step == "passkey":
            return {"credential": json.dumps(self.citizen.phone.get(self.browser.options(), ORIGIN))}
        return {
            "code": {"code": self.ground.codes()[0]} if step == "code" else {},
            "consent": {"decision": "allow"},
            "logout": {"decision": "end"},
        }.get(step, {})


UNFIT = {
    "no token": lambda w: {"data": {k: v for k, v in w.form.items() if k != "csrf"}},
    "empty token": lambda w: {"data": w.form | {"csrf": ""}},
    "token of another browser": lambda w: {"data": w.form | {"csrf": other_token(w)}},
    "token in other letters": lambda w: {"data": w.form | {"csrf": w.form["csrf"].upper()}},
    "token twice": lambda w: {"data": [*w.form.items(), ("csrf", w.form["csrf"])]},
    "foreign origin": lambda w: {"data": w.form, "headers": {"Origin": "https://evil.example"}},
    "null origin": lambda w: {"data": w.form, "headers": {"Origin": "null"}},
    "origin on another port": lambda w: {"data": w.form, "headers": {"Origin": "http://localhost:9001"}},
    "origin that begins alike": lambda w: {"data": w.form, "headers": {"Origin": ORIGIN + ".evil.example"}},
    "cross-site fetch": lambda w: {"data": w.form, "headers": {"Sec-Fetch-Site": "cross-site"}},
    "same-site fetch": lambda w: {"data": w.form, "headers": {"Sec-Fetch-Site": "same-site"}},
    "JSON": lambda w: {"data": json.dumps(w.form), "content_type": "application/json"},
}


def other_token(waiting: Waiting) -> str:
    other = waiting.ground.browser()
    other.authorize(waiting.service)
    return other.form("/sign-in/passkey")["csrf"]


@pytest.mark.parametrize("step", STEPS)
def test_CS_01_a_form_of_ours_is_taken_once_from_its_own_page_only(ground, step):
    waiting = Waiting(ground, step)
    before = ground.contents()
    for name, unfit in UNFIT.items():
        options = unfit(waiting)
        data = options.pop("data")
        if isinstance(data, list):
            data = "&".join(f"{k}={v}" for k, v in data)
            options["content_type"] = "application/x-www-form-urlencoded"
        response = waiting.browser.post(waiting.path, data, **options)
        assert response.status_code in {400, 403}, name
        assert "Location" not in response.headers, name
        assert ground.contents() == before, name
    taken = waiting.browser.post(waiting.path, waiting.form)  # and nothing of all that has spoilt it
    assert taken.status_code in {200, 303}
    assert ground.contents() != before or step == "cancel"


@pytest.mark.parametrize("step", STEPS)
def test_CS_01_K_01_another_browser_cannot_send_it(ground, step):
    waiting = Waiting(ground, step)
    before = ground.contents()
    other = ground.browser()
    other.authorize(waiting.service)
    mine = other.form("/sign-in/passkey")["csrf"]
    for form in (waiting.form, waiting.form | {"csrf": mine}):
        response = other.post(waiting.path, form)
        assert response.status_code in {400, 403}
        assert "Location" not in response.headers
    assert Walker(ground).post(waiting.path, waiting.form).status_code == 403  # and one without any cookie
    assert ground.contents() == before


def test_CS_03_consent_counts_once_and_only_for_what_was_asked(ground):
    waiting = Waiting(ground, "consent")
    wider = waiting.form | {"scope": "openid phone", "scopes": "openid phone", "optional": "phone", "client_id": "x"}
    waiting.browser.post(waiting.path, wider)
    tokens = waiting.browser.token(waiting.service, waiting.browser.answer(waiting.service)["code"]).get_json()
    assert tokens["scope"] == "openid profile"
    again = waiting.browser.post(waiting.path, wider)
    assert again.status_code == 400
    assert ground.rows("grants") == 1


@pytest.mark.parametrize("path", ["/sign-in/consent", "/sign-in/other", "/sign-in/cancel"])
def test_K_03_a_passkey_alone_opens_nothing_behind_it(ground, service, citizen, path):
    browser = ground.browser()
    browser.authorize(service)
    browser.passkey(citizen)
    form = browser.form("/sign-in/code")
    browser.post(path, form | {"decision": "allow"})
    assert "code=" not in browser.page.headers.get("Location", "")
    assert ground.rows("sessions") == ground.rows("grants") == 0
    browser.authorize(service, prompt="none")
    assert browser.answer(service)["error"] == "login_required"


def test_K_03_the_id_of_a_sign_in_is_no_session(ground, service, citizen):
    browser = ground.browser()
    browser.authorize(service)
    browser.passkey(citizen)
    row = browser.form("/sign-in/code")["sign_in"]
    stranger = ground.browser()
    for path in (f"/sign-in/{row}", f"/sign-in/{row}?lang=en"):
        assert stranger.get(path).status_code == 400
    stranger.client.set_cookie("idp-session", row, domain="localhost")
    stranger.authorize(service, prompt="none")
    assert stranger.answer(service)["error"] == "login_required"


def cookies(client: Client) -> dict[str, str]:
    return {name: cookie.value for (_, _, name), cookie in client._cookies.items()}


def test_K_01_every_proof_makes_a_new_cookie_and_kills_the_old_one(ground, service, citizen):
    browser = ground.browser()
    browser.client.set_cookie("idp-session", "A" * 64, domain="localhost")  # planted before the sign-in
    browser.sign_in(service, citizen)
    first = cookies(browser.client)["idp-session"]
    assert first != "A" * 64
    browser.sign_in(service, citizen, prompt="login")
    second = cookies(browser.client)["idp-session"]
    assert second != first
    assert asked_with(ground, service, second).get("code")
    assert asked_with(ground, service, first)["error"] == "login_required"


def asked_with(ground, service, cookie):
    """What a browser with only this session cookie is answered."""
    browser = ground.browser()
    browser.client.set_cookie("idp-session", cookie, domain="localhost")
    browser.authorize(service, prompt="none")
    return browser.answer(service)


@pytest.mark.parametrize(
    "spoilt",
    [
        lambda c: c[:-1],
        lambda c: c + "=",
        lambda c: c + "A",
        lambda c: c[::-1],
        lambda c: c.swapcase(),
        lambda c: f"{'A' * 64}; idp-session={c}",
        lambda _: "",
        lambda _: "A" * 64,
        lambda _: "A" * 5000,
        lambda _: '"quoted"',
        lambda _: "é" * 64,
    ],
)
def test_K_04_a_spoilt_cookie_is_no_session(house, spoilt):
    house.ground.clock.now += 3600  # messages to one number are limited by the hour
    browser = house.browser()
    browser.sign_in(house.service, house.citizen)
    good = cookies(browser.client)["idp-session"]
    assert asked_with(house.ground, house.service, good)["code"]
    header = {"Cookie": f"idp-session={spoilt(good)}; =nameless; idp-session"}
    fresh = house.browser()
    fresh.client = house.ground.app.test_client(use_cookies=False)
    fresh.get(authorize_address(house), headers=header)
    assert fresh.answer(house.service)["error"] == "login_required"


def authorize_address(house):
    return "/authorize?" + urlencode(request(house.service, prompt="none"))


def test_K_04_with_https_every_cookie_is_bound_to_the_host(template, tmp_path):
    ground = copy_ground(template, tmp_path, issuer="https://id.example")
    service = ground.register()
    response = ground.app.test_client().get(
        f"/authorize?client_id={service.id}&redirect_uri={service.redirect_uri}&response_type=code&scope=openid"
        f"&code_challenge={'a' * 43}&code_challenge_method=S256&lang=en",
        base_url="https://id.example",
    )
    ground.provider.database.engine.dispose()
    set_cookies = response.headers.getlist("Set-Cookie")
    assert len(set_cookies) == 2
    for each in set_cookies:
        assert each.startswith("__Host-idp-")
        assert {"Secure", "HttpOnly", "SameSite=Lax", "Path=/"} <= set(re.split("; ", each))
        assert "Domain" not in each
        assert len(each) < 4096
    assert "max-age=63072000" in response.headers["Strict-Transport-Security"]


@pytest.mark.parametrize(
    ("idle", "steps", "alive"), [(899, 1, True), (900, 1, False), (800, 53, True), (800, 54, False)]
)
def test_K_05_a_session_ends_at_the_second(ground, service, citizen, idle, steps, alive):
    """900 seconds without use; 43,200 whatever its use (53 * 800 = 42,400)."""
    browser = ground.browser()
    browser.sign_in(service, citizen)
    for _ in range(steps):
        ground.clock.now += idle
        browser.authorize(service, prompt="none")
        answer = browser.answer(service)
    assert ("code" in answer) is alive


def test_CS_02_a_code_of_another_browser_is_worth_nothing_without_its_verifier(ground, service, citizen):
    code = ground.browser().sign_in(service, citizen)["code"]
    response = ground.browser().token(service, code, code_verifier="w" * 43)
    assert response.get_json()["error"] == "invalid_grant"
    assert call(ground, "/introspect", {"token": code}, service).get_json() == {"active": False}
