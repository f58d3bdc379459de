"""Back-Channel Logout 1.0 §2.4, §2.6: the provider's word ends a sign-in, and nobody else's does (L-06, L-08)."""

import pytest

from clients.relying_party.logout_token import LOGOUT_EVENT
from tests.clients.conftest import BASE, SERVICES
from tests.clients.fake_provider import NOW, SUBJECT, signing_key
from tests.clients.test_id_token import MISSING, segment, signed

SESSION = "session-1"


def logout_token(here, *, key=None, alg=None, header=None, **changed):
    """What the fake provider says when the session of its ID tokens ends; MISSING removes a claim."""
    alg = alg or here.provider.algorithm
    claims = {
        "iss": here.provider.issuer,
        "aud": here.app.extensions["relying_party"].credentials.client_id,
        "iat": NOW,
        "exp": NOW + 120,
        "jti": "event-1",
        "sub": SUBJECT,
        "sid": SESSION,
        "events": {LOGOUT_EVENT: {}},
    } | changed
    kept = {name: value for name, value in claims.items() if value is not MISSING}
    chosen = key or signing_key(alg)
    return signed({"alg": alg, "kid": chosen.kid, "typ": "logout+jwt", **(header or {})}, kept, chosen)


def tell(here, *tokens):
    return here.browser().post("/backchannel-logout", data={"logout_token": list(tokens)}, base_url=BASE)


@pytest.mark.parametrize("slug", SERVICES)
def test_L_06_the_provider_s_word_signs_out_whoever_signed_in_by_that_session(visit, slug):
    here = visit(slug)
    browser, other = here.browser(), here.browser()
    here.sign_in(browser)
    here.provider.claims = {"sid": "another"}
    here.sign_in(other)
    answer = tell(here, logout_token(here))
    assert answer.status_code == 200
    assert answer.headers["Cache-Control"] == "no-store"
    assert not here.is_signed_in(browser)
    assert here.is_signed_in(other)
    assert tell(here, logout_token(here)).status_code == 200  # said twice, it means the same


def test_L_06_without_a_session_every_sign_in_of_the_person_ends_and_no_other(visit):
    here = visit("gov24")
    browsers = [here.browser() for _ in range(2)]
    for browser in browsers:
        here.sign_in(browser)
    here.provider.claims = {"sub": "somebody"}
    here.provider.userinfo = {"sub": "somebody"}
    other = here.browser()
    here.sign_in(other)
    assert tell(here, logout_token(here, sid=MISSING)).status_code == 200
    assert [here.is_signed_in(browser) for browser in (*browsers, other)] == [False, False, True]


REFUSED = {
    "another issuer": {"iss": "https://evil.example"},
    "another audience": {"aud": "okportal365-id"},
    "several audiences": {"aud": ["gov24-id", "okportal365-id"]},
    "no subject": {"sub": MISSING},
    "expired": {"iat": NOW - 130, "exp": NOW - 20},
    "kept": {"iat": NOW - 3600, "exp": NOW + 3600},
    "of the future": {"iat": NOW + 60},
    "no exp": {"exp": MISSING},
    "exp is text": {"exp": "soon"},
    "no events": {"events": MISSING},
    "another event": {"events": {"http://schemas.example/event/x": {}}},
    "event is no object": {"events": {LOGOUT_EVENT: True}},
    "events is a list": {"events": [LOGOUT_EVENT]},
    "with a nonce": {"nonce": "n"},
    "no jti": {"jti": MISSING},
    "sid is a number": {"sid": 5},
    "typ of an ID token": {"header": {"typ": "JWT"}},
    "no typ": {"header": {"typ": None}},
    "another key": {"key": signing_key("ES256", "stranger")},
    "another algorithm": {"alg": "RS256"},
    "crit": {"header": {"crit": ["x"], "x": 1}},
}


@pytest.mark.parametrize("why", REFUSED)
def test_L_08_J_05_anything_else_signs_nobody_out(visit, why):
    here = visit("gov24")
    browser = here.browser()
    here.sign_in(browser)
    answer = tell(here, logout_token(here, **REFUSED[why]))
    assert (answer.status_code, answer.get_json()) == (400, {"error": "invalid_request"})
    assert here.is_signed_in(browser)


@pytest.mark.parametrize(
    "tokens",
    [
        [],
        [""],
        ["a.b.c"],
        ["x" * 20_000],
        [f"{segment({'alg': 'none', 'typ': 'logout+jwt'})}.{segment({'sub': SUBJECT})}."],
    ],
)
def test_L_08_J_01_what_nobody_signed_signs_nobody_out(visit, tokens):
    here = visit("gov24")
    browser = here.browser()
    here.sign_in(browser)
    assert tell(here, *tokens).status_code in {400, 413}
    assert tell(here, logout_token(here), logout_token(here)).status_code == 400  # one, or none
    assert here.is_signed_in(browser)


def test_L_08_an_id_token_is_no_logout_token(visit):
    here = visit("gov24")
    browser = here.browser()
    here.sign_in(browser)
    given = here.provider.id_token({"client_id": "gov24-id", "nonce": "n"}, "access")
    assert tell(here, given).status_code == 400
    assert here.is_signed_in(browser)


def test_while_the_keys_cannot_be_read_the_provider_is_asked_to_try_again(visit, monkeypatch):
    here = visit("gov24")
    browser = here.browser()
    here.sign_in(browser)
    token = logout_token(here, key=signing_key("ES256", "new"))
    party = here.app.extensions["relying_party"]
    real = party._provider._keys

    def keys(*, afresh: bool = False):
        here.provider.issuer, before = "http://127.0.0.1:1", here.provider.issuer
        try:
            party._provider._client.server_metadata["jwks_uri"] = "http://127.0.0.1:1/jwks"
            return real(afresh=afresh)
        finally:
            here.provider.issuer = before

    monkeypatch.setattr(party._provider, "_keys", keys)
    assert tell(here, token).status_code == 503
    assert here.is_signed_in(browser)
