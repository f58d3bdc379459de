"""The authorization endpoint against hostile requests (abuse cases A and R), over HTTP."""

import html
import json
import re
from io import BytesIO
from urllib.parse import parse_qsl, quote, urlencode, urljoin, urlsplit

import psycopg
import pytest

from tests.ground import CHALLENGE, ORIGIN, request, visible
from tests.statements import watched

EVIL = "https://evil.example"
FORM = {"content_type": "application/x-www-form-urlencoded"}


@pytest.fixture
def unharmed(house):
    """Whatever the test does leaves every table as it was."""
    before = house.ground.contents()
    yield house
    assert house.ground.contents() == before


def refused_here(page):
    """An error page on our own origin: no redirect, nothing of the client's text as markup."""
    assert page.status_code == 400, page.status
    assert "Location" not in page.headers
    assert page.content_type.startswith("text/html")


def sent_back(page, service):
    """The error that the service got, at exactly its registered address."""
    assert page.status_code == 303, visible(page)[:200]
    address, _, query = page.headers["Location"].partition("?")
    assert address == service.redirect_uri
    assert "#" not in query
    return dict(parse_qsl(query))


@pytest.mark.parametrize(
    "changed",
    [
        {"client_id": "unknown"},
        {"client_id": None},
        {"client_id": "a\x00b"},
        {"client_id": "' OR 1=1 --"},
        {"redirect_uri": None},
        {"redirect_uri": EVIL},
        {"redirect_uri": EVIL, "response_type": "nonsense"},
        {"redirect_uri": EVIL, "prompt": "none"},
        {"state": "a\r\nSet-Cookie: a=b"},
        {"state": "a\x00"},
        {"state": "s" * 4097},
    ],
    ids=str,
)
def test_A_01_R_02_without_a_trusted_address_the_error_is_a_page(unharmed, changed):
    refused_here(unharmed.browser().authorize(unharmed.service, **changed))


@pytest.mark.parametrize(
    ("repeated", "back"),
    [
        (["client_id"], False),
        (["redirect_uri"], False),
        (["scope", "redirect_uri"], False),
        (["client_id", "scope"], False),
        (["scope"], True),
        (["state"], True),
        (["code_challenge"], True),
        (["unknown"], True),
    ],
)
@pytest.mark.parametrize("split", [False, True], ids=["in the query", "query and body"])
def test_A_02_no_parameter_stands_twice(unharmed, repeated, back, split):
    first = request(unharmed.service) | {"unknown": "1"}
    again = [(name, first[name] if name != "redirect_uri" else EVIL) for name in repeated]
    if split:
        page = unharmed.browser().post("/authorize?" + urlencode(first), urlencode(again), **FORM)
    else:
        page = unharmed.browser().get("/authorize?" + urlencode([*first.items(), *again]))
    if not back:
        refused_here(page)
        return
    answer = sent_back(page, unharmed.service)
    assert answer["error"] == "invalid_request"
    assert ("state" in answer) is ("state" not in repeated)


@pytest.mark.parametrize(
    ("changed", "error"),
    [
        ({"response_type": "token"}, "unsupported_response_type"),
        ({"response_type": "id_token"}, "unsupported_response_type"),
        ({"response_type": "code token"}, "unsupported_response_type"),
        ({"response_type": "code "}, "unsupported_response_type"),
        ({"response_type": None}, "invalid_request"),
        ({"response_mode": "fragment"}, "invalid_request"),
        ({"response_mode": "form_post.jwt"}, "invalid_request"),
        ({"response_mode": "web_message"}, "invalid_request"),
        ({"prompt": "none login"}, "invalid_request"),
        ({"prompt": "create"}, "invalid_request"),
        ({"max_age": "-1"}, "invalid_request"),
        ({"max_age": "1000000000"}, "invalid_request"),
        ({"max_age": "abc"}, "invalid_request"),
        ({"max_age": "٣"}, "invalid_request"),
        ({"max_age": "9" * 5000}, "invalid_request"),
        ({"nonce": "n" * 4097}, "invalid_request"),
        ({"nonce": "a\x00b"}, "invalid_request"),
        ({"display": "hologram"}, "invalid_request"),
        ({"ui_locales": " ".join(f"a{i}" for i in range(30))}, "invalid_request"),
        ({"claims": "["}, "invalid_request"),
        ({"claims": "[]"}, "invalid_request"),
        ({"claims": '{"userinfo":[]}'}, "invalid_request"),
        ({"claims": '{"id_token":{"sub":true}}'}, "invalid_request"),
        ({"claims": '{"id_token":{"acr":{"essential":"yes"}}}'}, "invalid_request"),
        ({"claims": '{"id_token":{"acr":{"values":"x"}}}'}, "invalid_request"),
        ({"claims": json.dumps({"userinfo": {f"c{i}": None for i in range(500)}})}, "invalid_request"),
        ({"claims": "[" * 4000}, "invalid_request"),
        ({"claims": '{"id_token":{"sub":{"value":' + "9" * 5000 + "}}}"}, "invalid_request"),
        ({"registration": "{}"}, "registration_not_supported"),
        ({"code_challenge": None, "code_challenge_method": None}, "invalid_request"),
        ({"code_challenge_method": "plain"}, "invalid_request"),
        ({"code_challenge_method": None}, "invalid_request"),
        ({"code_challenge_method": "s256"}, "invalid_request"),
        ({"code_challenge": CHALLENGE + "="}, "invalid_request"),
        ({"code_challenge": CHALLENGE[:-1]}, "invalid_request"),
        ({"acr_values": "urn:of:somebody:else"}, "unmet_authentication_requirements"),
    ],
    ids=lambda value: str(value)[:60],
)
def test_A_03_A_08_A_09_A_14_A_15_P_01_a_malformed_request_goes_back_as_its_error(unharmed, changed, error):
    answer = sent_back(unharmed.browser().authorize(unharmed.service, **changed), unharmed.service)
    assert answer["error"] == error
    assert answer["state"] == "the-state"
    assert answer["iss"] == ORIGIN
    assert answer["error_description"].isascii()
    assert not set(answer["error_description"]) & set('"\\')


@pytest.mark.parametrize(
    "changed",
    [
        {"nonce": None},
        {"state": None},
        {"nonce": "n" * 64},
        {"nonce": "n" * 4096},
        {"state": "s" * 4096},
        {"state": "한글 & = ? # %"},
        {"claims": '{"unknown":{},"userinfo":{"unknown":null}}'},
        {"max_age": "0"},
        {"unknown": "x"},
        {"id_token_hint": "a.b.c"},
        {"login_hint": "<script>"},
    ],
    ids=lambda value: str(value)[:60],
)
def test_A_05_what_is_unusual_but_allowed_reaches_the_first_page(unharmed, changed):
    browser = unharmed.browser()
    browser.authorize(unharmed.service, **changed)
    assert browser.page.status_code == 200
    assert browser.form("/sign-in/passkey")["request"]


def test_the_body_of_a_get_request_says_nothing(ground, service):
    """Parameters of a GET stand in the query alone (RFC 6749 §3.1)."""
    asked = {"base_url": ORIGIN, "data": {"client_id": service.id}}
    assert ground.app.test_client().get("/authorize", query_string=request(service), **asked).status_code == 200
    assert ground.app.test_client().get("/authorize", **asked).status_code == 400


@pytest.mark.parametrize("state", ["s" * 4096, "한글 & = ? # % +", '"><script>alert(1)</script>'])
def test_A_05_a_state_comes_back_as_it_was_sent(unharmed, state):
    browser = unharmed.browser()
    browser.authorize(unharmed.service, state=state)
    browser.submit("/sign-in/cancel")
    assert browser.answer(unharmed.service)["state"] == state


@pytest.mark.parametrize(
    "scope", ["admin", "OPENID", "profilex", "openid\u00a0profile", '"openid"', " ".join(f"s{i}" for i in range(60))]
)
def test_A_12_R_13_a_scope_that_cannot_be_granted_is_shown_before_anybody_is_sent_anywhere(unharmed, scope):
    refused_here(unharmed.browser().authorize(unharmed.service, scope=scope))


def test_A_12_a_scope_the_client_may_not_have_is_dropped_everywhere(ground):
    service, citizen = ground.register(scope="openid profile"), ground.enrol()
    tokens = ground.browser().tokens(service, citizen, scope="openid phone email admin offline_access")
    assert tokens["scope"] == "openid"
    assert "refresh_token" not in tokens
    assert set(ground.browser().userinfo(tokens["access_token"]).get_json()) == {"sub"}


@pytest.mark.parametrize(
    ("method", "options", "status"),
    [
        ("post", {"json": {"client_id": "a"}}, 415),
        ("post", {"data": b"x", "content_type": "text/plain"}, 415),
        ("post", {"data": {"a": (BytesIO(b"x"), "f")}}, 415),
        ("put", {}, 405),
        ("delete", {}, 405),
        ("patch", {}, 405),
        ("trace", {}, 405),
    ],
)
def test_A_16_only_get_and_form_posts_are_understood(unharmed, method, options, status):
    client = unharmed.ground.app.test_client()
    response = getattr(client, method)("/authorize", base_url=ORIGIN, **options)
    assert response.status_code == status
    assert "Location" not in response.headers


def test_A_16_a_form_post_asks_for_the_same_as_a_get(unharmed):
    browser = unharmed.browser()
    browser.post("/authorize", request(unharmed.service))
    assert browser.form("/sign-in/passkey")["request"]


def test_A_17_the_answer_is_a_303_with_issuer_and_without_referrer(ground, service, citizen):
    browser = ground.browser()
    answer = browser.sign_in(service, citizen)
    assert browser.page.status_code == 303
    assert browser.page.headers["Referrer-Policy"] == "no-referrer"
    assert set(answer) == {"code", "state", "iss"}


def test_A_06_prompt_none_never_shows_a_page(ground, service, citizen):
    other = ground.register()
    browser = ground.browser()
    asked = []
    for changed in ({}, {"acr_values": "urn:kr:overseas-id:acr:2"}):
        browser.authorize(service, prompt="none", **changed)
        asked.append(browser.answer(service)["error"])
    browser.sign_in(service, citizen)
    browser.authorize(other, prompt="none")
    asked.append(browser.answer(other)["error"])
    browser.authorize(service, prompt="none", scope="openid email")
    asked.append(browser.answer(service)["error"])
    browser.authorize(service, prompt="none", acr_values="urn:kr:overseas-id:acr:3")
    asked.append(browser.answer(service)["error"])
    assert asked == ["login_required", "login_required", "consent_required", "consent_required", "interaction_required"]
    browser.authorize(service, prompt="none")
    assert browser.answer(service)["code"]


def test_A_09_max_age_asks_for_a_new_proof_and_the_time_is_the_new_one(ground, service, citizen):
    browser = ground.browser()
    browser.sign_in(service, citizen)
    ground.clock.now += 600
    browser.authorize(service, max_age="601")
    assert browser.answer(service)["code"]
    browser.authorize(service, max_age="1", prompt="none")
    assert browser.answer(service)["error"] == "login_required"
    tokens = browser.tokens(service, citizen, max_age="1")
    info = ground.app.test_client().post(
        "/introspect", data={"token": tokens["access_token"]}, auth=(service.id, service.secret), base_url=ORIGIN
    )
    assert info.get_json()["auth_time"] == ground.clock()


def test_A_10_a_level_out_of_reach_is_an_error_before_a_message_is_sent(ground, service, citizen):
    browser = ground.browser()
    browser.authorize(service, acr_values="urn:kr:overseas-id:acr:3")
    browser.passkey(citizen)
    assert browser.answer(service)["error"] == "unmet_authentication_requirements"
    assert ground.codes() == []


def test_A_13_A_14_a_hint_of_another_person_never_answers_for_the_one_who_is_here(ground, service, citizen):
    other_person = ground.enrol(number="+4915187654321")
    browser = ground.browser()
    theirs = ground.browser().tokens(service, other_person)["id_token"]
    mine = browser.tokens(service, citizen)["id_token"]
    browser.authorize(service, prompt="none", id_token_hint=theirs)
    assert browser.answer(service)["error"] == "login_required"
    browser.authorize(service, prompt="none", claims='{"id_token":{"sub":{"value":"somebody-else"}}}')
    assert browser.answer(service)["error"] == "login_required"
    browser.authorize(service, prompt="none", id_token_hint=mine)
    assert browser.answer(service)["code"]


def test_A_13_a_hint_that_is_not_our_own_changes_nothing(ground, service, citizen):
    browser, other = ground.browser(), ground.register()
    hint = browser.tokens(service, citizen)["id_token"]
    head, body, signature = hint.split(".")
    forged = [
        "junk",
        f"{head}.{body}.",
        f"eyJhbGciOiJub25lIn0.{body}.",
        f"{head}.{body}.{signature[::-1]}",
        ground.browser().tokens(other, ground.enrol(number="+4915187654321"))["id_token"],  # of another client
    ]
    for each in forged:
        browser.authorize(service, prompt="none", id_token_hint=each)
        assert browser.answer(service)["code"], each[:20]


REGISTERED = "https://rp.example/cb"


@pytest.mark.parametrize(
    "sent",
    [
        "https://rp.example/cb/",
        "https://rp.example/cb?x=1",
        "https://rp.example/cb?",
        "https://rp.example/cb#",
        "https://rp.example/cb#fragment",
        "https://rp.example/CB",
        "https://rp.example:443/cb",
        "https://rp.example/cb%2f",
        "https://rp.example/./cb",
        "https://rp.example/x/../cb",
        "https://RP.example/cb",
        "HTTPS://rp.example/cb",
        "https://rp.example./cb",
        "http://rp.example/cb",
        "//rp.example/cb",
        "https:/rp.example/cb",
        "https:\\\\rp.example\\cb",
        "https://rp.example/cb/..;/evil",
        "https://rp.example/cb%2e%2e/",
        "https://rp.example@evil.example/cb",
        "https://a@b@evil.example/",
        "https://rp.example\t/cb",
        " https://rp.example/cb",
        "https://rp.example/cb ",
        "https://rp.example/cb\n",
        "https://rp.example.evil.example/cb",
        "https://rp.exam\u0440le/cb",
        "javascript:alert(1)",
        "data:text/html,x",
        "",
    ],
)
def test_R_01_R_04_R_05_only_the_registered_address_character_by_character(house, sent):
    service = registered_once(house, "web", redirect_uris=[REGISTERED])
    refused_here(house.browser().get("/authorize?" + urlencode(request(service, redirect_uri=sent))))
    assert house.browser().authorize(service).status_code == 200


@pytest.mark.parametrize(
    ("sent", "works"),
    [
        ("http://127.0.0.1/cb", True),
        ("http://127.0.0.1:1/cb", True),
        ("http://127.0.0.1:65535/cb", True),
        ("http://127.0.0.1:65536/cb", False),
        ("http://127.0.0.1:/cb", False),
        ("http://127.0.0.1:08/cb", False),
        ("http://127.0.0.1:8080/cb/", False),
        ("http://127.0.0.1:8080/CB", False),
        ("http://127.0.0.1:8080/cb?", False),
        ("http://127.0.0.1:8080/cb#", False),
        ("http://127.0.0.1:8080\t/cb", False),
        ("\x00http://127.0.0.1:8080/cb", False),
        ("HTTP://127.0.0.1:8080/cb", False),
        ("http://localhost:8080/cb", False),
        ("http://127.0.0.2:8080/cb", False),
        ("http://[::1]:8080/cb", False),
        ("http://127.1:8080/cb", False),
        ("http://0x7f.1:8080/cb", False),
        ("http://u@127.0.0.1:8080/cb", False),
        ("http://127.0.0.1:8080@evil.example/cb", False),
        ("https://127.0.0.1:8080/cb", False),
    ],
)
def test_R_07_a_native_client_may_choose_its_port_on_a_loopback_literal_and_nothing_else(house, sent, works):
    service = registered_once(
        house,
        "native",
        application_type="native",
        token_endpoint_auth_method="none",
        redirect_uris=["http://127.0.0.1/cb"],
        post_logout_redirect_uris=[],
    )
    page = house.browser().get("/authorize?" + urlencode(request(service, redirect_uri=sent)))
    assert page.status_code == (200 if works else 400)
    assert "Location" not in page.headers


def registered_once(house, name, **metadata):
    """A service of this name, registered when the first test of the module needs it."""
    known = house.extra.get(name)
    if known is None:
        known = house.extra[name] = house.ground.register(**metadata)
    return known


@pytest.mark.parametrize("where", ["//evil.example", "/\\evil.example", "\t//evil.example", "https:evil.example", EVIL])
@pytest.mark.parametrize("name", ["next", "return_to", "redirect", "lang", "r", "url"])
@pytest.mark.parametrize("path", ["/", "/enrol", "/authorize", "/logout"])
def test_R_12_no_parameter_of_a_page_leads_anywhere(house, path, name, where):
    page = house.browser().get(f"{path}?{name}={quote(where)}")
    assert "Location" not in page.headers
    for address in re.findall(r'(?:href|action|formaction|src)="([^"]*)"', page.text):
        assert urlsplit(urljoin(ORIGIN, html.unescape(address))).hostname == "localhost"


def test_A_17_a_registered_query_is_kept_as_it_is(ground, citizen):
    uri = "https://rp.example/cb?a=1&b=%20x"
    service = ground.register(redirect_uris=[uri])
    browser = ground.browser()
    browser.sign_in(service, citizen)
    location = browser.page.headers["Location"]
    assert location.startswith(uri + "&code=")
    assert urlsplit(location).fragment == ""


def test_law_6_a_session_that_ends_meanwhile_gives_no_code(postgresql_ground):
    """Single sign-on pushes the idle limit ahead by the very statement that writes the grant."""
    ground, service = postgresql_ground, postgresql_ground.register()
    browser = ground.browser()
    browser.sign_in(service, ground.enrol())
    address = ground.provider.settings.database_url.replace("postgresql+psycopg", "postgresql")

    def end_the_session(statement):
        if "last_seen_at=" in statement:
            with psycopg.connect(address) as other:
                other.execute("UPDATE sessions SET ended_at = 1")

    before = ground.rows("grants")
    with watched(ground.provider.database, end_the_session):
        page = browser.authorize(service)
    assert page.status_code == 400
    assert "Location" not in page.headers
    assert service.redirect_uri in page.text  # the way back
    assert ground.rows("grants") == before


def test_single_sign_on_waits_three_times(postgresql_ground):
    ground, service, seen = postgresql_ground, postgresql_ground.register(), []
    browser = ground.browser()
    browser.sign_in(service, ground.enrol())
    with watched(ground.provider.database, seen.append):
        assert "code" in browser.sign_in(service, ground.citizens[0])
    assert len(seen) == 3, seen  # the client, the session with its consent, and all that is written
