"""E-09: a registrar records a death or a renunciation, and every route stops with it."""

from dataclasses import replace

import pytest

from idp.staff.roles import Role
from tests.ground import RECORD, visible
from tests.missions.counters import counter
from tests.pages.account_walks import enter
from tests.staff.colleagues import answer, appoint, at_desk

FIELDS = {"passport": "M12345678", "because": "deceased", "why": "certificate 7"}


@pytest.fixture
def registrar(ground):
    return appoint(ground, Role.REGISTRAR, name="최등록")


def ask(desk, **changed):
    desk.get("/counter/end")
    return desk.submit("/counter/end", **FIELDS | changed)


@pytest.mark.parametrize("because", ["deceased", "renounced"])
def test_E_09_from_that_moment_no_token_is_good(ground, service, registrar, because):
    citizen = ground.enrol(replace(RECORD, passport="M12345678"))
    browser = ground.browser()
    tokens = browser.tokens(service, citizen)
    assert browser.userinfo(tokens["access_token"]).status_code == 200
    desk = at_desk(ground, registrar)
    page = ask(desk, because=because, passport=" m1234 5678 ")
    assert "홍길동" in visible(page)
    assert browser.userinfo(tokens["access_token"]).status_code == 200  # nothing is done before the passkey
    assert answer(desk, "/counter/end/confirm", registrar).status_code == 200
    assert browser.userinfo(tokens["access_token"]).status_code == 401
    other = ground.browser()
    other.authorize(service)
    assert 'action="/sign-in/code"' not in other.passkey(citizen).text
    assert ground.events().count("staff:person:ended") == 1


def test_V_10_a_look_up_has_its_reason_and_the_fifth_in_a_day_is_an_event(ground, registrar):
    citizen = ground.enrol(replace(RECORD, passport="M12345678"))
    desk = at_desk(ground, registrar)
    for _ in range(4):
        ask(desk, why="letter of the family")
    assert ground.events().count("provider:staff_lookup:unusual") == 0
    for _ in range(3):
        assert "홍길동" in visible(ask(desk, why="again"))  # seen, not stopped
    assert ground.events().count("provider:staff_lookup:unusual") == 1
    assert ground.events().count("staff:person:looked_up") == 7
    ground.clock.now += 86_400
    ask(at_desk(ground, registrar))
    assert ground.events().count("provider:staff_lookup:unusual") == 1
    browser = ground.browser()
    enter(browser, citizen)
    assert "letter of the family" in visible(browser.get("/account/history"))


def test_V_10_an_officer_who_tries_the_same_passport_again_and_again_is_seen(ground):
    at = counter(ground)
    for _ in range(5):
        at.start(photo_matches=None)
    assert ground.events().count("provider:staff_lookup:unusual") == 1


@pytest.mark.parametrize(
    ("changed", "field"),
    [
        ({"passport": "M87654321"}, "passport"),
        ({"passport": "'; --"}, "passport"),
        ({"because": "active"}, "because"),
        ({"because": ""}, "because"),
        ({"why": ""}, "why"),
        ({"why": "x" * 201}, "why"),
    ],
)
def test_a_form_that_is_not_complete_is_told_where(ground, registrar, changed, field):
    ground.enrol(replace(RECORD, passport="M12345678"))
    page = ask(at_desk(ground, registrar), **changed)
    assert page.status_code == 422
    assert f'id="{field}-error"' in page.text


def test_V_05_it_needs_the_passkey_of_the_registrar_who_is_signed_in(ground, registrar):
    ground.enrol(replace(RECORD, passport="M12345678"))
    desk = at_desk(ground, registrar)
    ask(desk)
    form = desk.form("/counter/end/confirm")
    assert desk.post("/counter/end/confirm", form | {"credential": ""}).status_code == 422
    assert ground.events().count("staff:person:ended") == 0
