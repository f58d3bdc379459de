"""RFC 6749 §4.4: a machine acts for itself, and never gets what only a person can give."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import text

from idp.grants.client_credentials import machine_scopes
from idp.protocol.client import Client
from idp.protocol.errors import InvalidScope
from tests.ground import ORIGIN, Ground, Registered, call

MACHINE = {
    "redirect_uris": None,
    "post_logout_redirect_uris": None,
    "scope": None,
    "grant_types": ["client_credentials"],
    "machine_scope": "apostille.read apostille.verify",
}
BOTH = {
    "grant_types": ["authorization_code", "refresh_token", "client_credentials"],
    "machine_scope": "apostille.read",
}
CLIENT = Client(id="m", names={}, machine_scopes=frozenset({"read", "write"}))
ASKED = {"grant_type": "client_credentials"}


def ask(ground: Ground, service: Registered, **form: str):
    return call(ground, "/token", ASKED | form, service)


def test_a_machine_gets_a_token_for_itself(either_ground):
    machine = either_ground.register(**MACHINE)
    answer = ask(either_ground, machine)
    assert answer.status_code == 200
    assert answer.headers["Cache-Control"] == "no-store"
    tokens = answer.get_json()
    assert tokens.keys() == {"access_token", "token_type", "expires_in", "scope"}
    assert tokens["scope"] == "apostille.read apostille.verify"
    seen = call(either_ground, "/introspect", {"token": tokens["access_token"]}, machine).get_json()
    assert seen["active"]
    assert seen["sub"] == seen["client_id"] == machine.id
    assert "acr" not in seen
    assert "auth_time" not in seen
    assert either_ground.events()[-1] == "client:token:issued"
    with either_ground.provider.database.read() as reading:
        (row,) = reading.all(text("SELECT person_id, session_id, code_digest FROM grants"))
    assert tuple(row) == (None, None, None)


def test_the_scope_is_what_was_asked_for(ground):
    machine = ground.register(**MACHINE)
    assert ask(ground, machine, scope="apostille.read").get_json()["scope"] == "apostille.read"


def test_a_service_of_people_may_act_for_itself_too(ground, browser, citizen):
    service = ground.register(**BOTH)
    assert browser.tokens(service, citizen)["id_token"]
    assert ask(ground, service).get_json()["scope"] == "apostille.read"


@pytest.mark.parametrize(
    ("why", "metadata", "form", "error"),
    [
        ("T-10 not registered for it", {}, {}, "unauthorized_client"),
        ("T-10 a public client", {"token_endpoint_auth_method": "none"}, {}, "unauthorized_client"),
        ("a scope of people", BOTH, {"scope": "openid"}, "invalid_scope"),
        ("a scope of people beside its own", BOTH, {"scope": "apostille.read profile"}, "invalid_scope"),
        ("another machine's", BOTH, {"scope": "apostille.write"}, "invalid_scope"),
        ("only spaces", BOTH, {"scope": " "}, "invalid_scope"),
        ("T-10 password", BOTH, {"grant_type": "password"}, "unsupported_grant_type"),
        (
            "T-10 jwt-bearer",
            BOTH,
            {"grant_type": "urn:ietf:params:oauth:grant-type:jwt-bearer", "assertion": "e30.e30.e30"},
            "unsupported_grant_type",
        ),
    ],
)
def test_T_10_refused_without_a_trace(ground, why, metadata, form, error):
    service = ground.register(**metadata)
    before = ground.contents()
    answer = ask(ground, service, **form)
    assert (answer.status_code, answer.get_json()["error"]) == (400, error), why
    assert ground.contents() == before


def test_without_its_secret_it_gets_nothing(ground):
    machine = ground.register(**MACHINE)
    answer = call(ground, "/token", ASKED | {"client_id": machine.id})
    assert (answer.status_code, answer.get_json()["error"]) == (401, "invalid_client")


def test_its_token_tells_nothing_about_people(ground):
    machine = ground.register(**MACHINE)
    token = ask(ground, machine).get_json()["access_token"]
    answer = ground.browser().userinfo(token)
    assert answer.status_code == 403
    assert 'error="insufficient_scope"' in answer.headers["WWW-Authenticate"]


def test_its_token_ends_by_time_by_revocation_and_with_its_registration(ground):
    machine = ground.register(**MACHINE)

    def active(token: str) -> bool:
        return call(ground, "/introspect", {"token": token}, machine).get_json()["active"]

    one, other = (ask(ground, machine).get_json()["access_token"] for _ in range(2))
    assert call(ground, "/revoke", {"token": one}, machine).status_code == 200
    assert not active(one)
    assert active(other)
    ground.clock.now += 600
    assert not active(other)


def test_nobody_is_sent_to_a_machine(ground, browser):
    machine = ground.register(**MACHINE)
    page = browser.get(f"/authorize?client_id={machine.id}&response_type=code&redirect_uri={ORIGIN}/x&scope=openid")
    assert page.status_code == 400
    assert "Location" not in page.headers


def test_asking_for_nothing_gives_all_that_is_registered():
    assert machine_scopes(None, CLIENT) == ("read", "write")


@given(st.text(max_size=30))
def test_no_text_gives_more_than_is_registered(wanted):
    try:
        assert set(machine_scopes(wanted, CLIENT)) <= CLIENT.machine_scopes
    except InvalidScope:
        assert not wanted.split() or set(wanted.split()) - CLIENT.machine_scopes
