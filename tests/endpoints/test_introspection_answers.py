"""RFC 7662 §2.2 and RFC 9701: what is told of a good token, plain and signed, and nothing of any other."""

import pytest

from idp.keys.jose import read_header
from idp.protocol.introspection import MEDIA_TYPE
from idp.storage.sessions import Sessions
from tests.endpoints.test_access_tokens import claims_of
from tests.ground import ORIGIN, Ground, Registered, call

OFFLINE = "openid profile offline_access"
SIGNED = {"Accept": MEDIA_TYPE}


def introspect(ground: Ground, token: str, service: Registered, **headers):
    return call(ground, "/introspect", {"token": token}, service, headers=headers)


def test_everything_about_an_access_token_and_no_name(ground, browser, citizen, service):
    tokens = browser.tokens(service, citizen, scope=OFFLINE)
    seen = introspect(ground, tokens["access_token"], service).get_json()
    assert seen == {
        "active": True,
        "scope": OFFLINE,
        "client_id": service.id,
        "token_type": "Bearer",
        "exp": ground.clock() + 600,
        "iat": ground.clock(),
        "sub": browser.userinfo(tokens["access_token"]).get_json()["sub"],
        "aud": ORIGIN,
        "iss": ORIGIN,
        "acr": "urn:kr:overseas-id:acr:2",
        "auth_time": ground.clock(),
    }


@pytest.mark.parametrize("method", ["client_secret_basic", "none"])
def test_a_refresh_token_is_told_until_it_would_no_longer_be_exchanged(either_ground, method):
    ground = either_ground
    service, citizen, browser = ground.register(token_endpoint_auth_method=method), ground.enrol(), ground.browser()
    token = browser.tokens(service, citizen, scope=OFFLINE)["refresh_token"]
    if method == "none":
        assert introspect(ground, token, service).status_code == 401
        return
    seen = introspect(ground, token, service).get_json()
    assert seen["active"]
    assert seen["exp"] == ground.clock() + 30 * 86_400
    assert not {"token_type", "username", "cnf"} & seen.keys()
    other = ground.register()
    assert introspect(ground, token, other).get_json() == {"active": False}
    with ground.provider.database.begin() as transaction:
        Sessions(transaction).withdraw(citizen.person, service.id, ground.clock())
    assert introspect(ground, token, service).get_json() == {"active": False}


@pytest.mark.parametrize("end", ["revoked", "expired"])
def test_U_04_a_refresh_token_that_is_over_is_inactive(ground, browser, citizen, service, end):
    token = browser.tokens(service, citizen, scope=OFFLINE)["refresh_token"]
    if end == "revoked":
        call(ground, "/revoke", {"token": token}, service)
    else:
        ground.clock.now += 30 * 86_400
    assert introspect(ground, token, service).get_json() == {"active": False}


@pytest.mark.parametrize("alg", ["ES256", "RS256", "PS256", "Ed25519"])
def test_a_signed_answer_is_for_the_client_that_asked(ground, browser, citizen, alg):
    service = ground.register(introspection_signed_response_alg=alg)
    token = browser.tokens(service, citizen)["access_token"]
    answer = introspect(ground, token, service, **SIGNED)
    assert answer.content_type == MEDIA_TYPE
    assert answer.headers["Cache-Control"] == "no-store"
    header = read_header(answer.text)
    assert (header["typ"], header["alg"]) == ("token-introspection+jwt", alg)
    plain = introspect(ground, token, service).get_json()
    claims = claims_of(answer.text)
    assert claims == {"iss": ORIGIN, "aud": service.id, "iat": ground.clock(), "token_introspection": plain}


def test_without_a_choice_it_is_signed_as_id_tokens_are(ground):
    service = ground.register(id_token_signed_response_alg="PS256")
    assert read_header(introspect(ground, "x", service, **SIGNED).text)["alg"] == "PS256"


def test_U_04_of_any_other_token_a_signed_answer_says_only_that_it_is_not_active(ground, browser, citizen, service):
    other = ground.register()
    token = browser.tokens(other, citizen)["access_token"]
    for unknown in (token, "x", "A" * 64, "a.b.c"):
        claims = claims_of(introspect(ground, unknown, service, **SIGNED).text)
        assert claims["token_introspection"] == {"active": False}
        assert claims.keys() == {"iss", "aud", "iat", "token_introspection"}


@pytest.mark.parametrize(
    ("accept", "signed"),
    [
        (None, False),
        ("*/*", False),
        ("application/json", False),
        (f"{MEDIA_TYPE}, application/json", False),
        (f"{MEDIA_TYPE};q=0.5, application/json", False),
        (f"{MEDIA_TYPE}, application/json;q=0.5", True),
        (f"{MEDIA_TYPE}, */*;q=0.1", True),
        ("application/jwt", False),
    ],
)
def test_the_accept_header_decides(ground, service, accept, signed):
    headers = {"Accept": accept} if accept else {}
    answer = introspect(ground, "x", service, **headers)
    assert answer.content_type == (MEDIA_TYPE if signed else "application/json")


def test_J_05_a_signed_answer_is_no_token(ground, browser, citizen, service):
    token = browser.tokens(service, citizen)["access_token"]
    answer = introspect(ground, token, service, **SIGNED).text
    assert browser.userinfo(answer).status_code == 401
    assert introspect(ground, answer, service).get_json() == {"active": False}
    other = ground.browser()
    other.get(f"/logout?id_token_hint={answer}")
    assert other.page.status_code == 200  # a page that asks: no hint


@pytest.mark.parametrize("hint", ["access_token", "refresh_token", "id_token", "x", ""])
@pytest.mark.parametrize("kind", ["access_token", "refresh_token"])
@pytest.mark.parametrize("form", ["opaque", "jwt"])
def test_a_hint_helps_and_never_hinders(ground, browser, citizen, form, kind, hint):
    service = ground.register(access_token_format=form)
    token = browser.tokens(service, citizen, scope=OFFLINE)[kind]
    sent = {"token": token, "token_type_hint": hint}
    assert call(ground, "/introspect", sent, service).get_json()["active"]
    gone = call(ground, "/revoke", sent, service)
    assert (gone.status_code, gone.text) == (200, "")
    assert call(ground, "/introspect", sent, service).get_json() == {"active": False}
    assert call(ground, "/revoke", sent, service).status_code == 200


def test_U_07_a_public_client_gives_its_own_tokens_back_and_nobody_elses(ground, browser, citizen, service):
    app = ground.register(token_endpoint_auth_method="none")
    own = browser.tokens(app, citizen)["access_token"]
    foreign = browser.tokens(service, citizen)["access_token"]
    for token in (own, foreign):
        assert call(ground, "/revoke", {"token": token}, app).status_code == 200
    assert browser.userinfo(own).status_code == 401
    assert browser.userinfo(foreign).status_code == 200


def test_a_machine_gives_its_token_back(ground):
    machine = ground.register(
        redirect_uris=None,
        post_logout_redirect_uris=None,
        scope=None,
        grant_types=["client_credentials"],
        machine_scope="read",
    )
    token = call(ground, "/token", {"grant_type": "client_credentials"}, machine).get_json()["access_token"]
    assert call(ground, "/revoke", {"token": token}, machine).status_code == 200
    assert introspect(ground, token, machine).get_json() == {"active": False}
    assert ground.events()[-1] == "client:grant:revoked"
