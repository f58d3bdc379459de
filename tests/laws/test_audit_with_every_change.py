"""Law 4, for every address: whatever changes something leaves a row in the audit, or says here why not.

The other half is at the end of a whole run: no route may be left that nobody has seen with its row (tests/conftest.py).
"""

import pytest
from sqlalchemy import text

from tests import audited_routes
from tests.audited_routes import PROVEN, UNTOLD, WRITES_NOTHING, routes, unproven
from tests.ground import VERIFIER, call


def test_law_4_every_exception_is_a_route_and_has_a_reason(house):
    excused = WRITES_NOTHING | UNTOLD
    assert set(excused) <= routes(house.ground.app)
    assert all(excused.values())
    assert not set(WRITES_NOTHING) & set(UNTOLD)
    assert len(UNTOLD) < 10, "an exception, not a habit"


def test_law_4_a_new_route_that_nobody_has_seen_with_a_row_is_named(ground):
    known = routes(ground.app)
    ground.app.add_url_rule("/new", "demo.new", lambda: "ok", methods=["POST"])
    assert unproven(routes(ground.app), known) == ["POST /new"]
    assert unproven(routes(ground.app), known | {"POST /new"}) == []


def test_law_4_a_success_with_its_row_is_seen_and_one_without_is_not(ground, service, citizen, monkeypatch):
    monkeypatch.setattr(audited_routes, "PROVEN", set())
    seen = audited_routes.PROVEN
    browser = ground.browser()
    browser.authorize(service)
    assert seen == set()
    browser.passkey(citizen)
    assert seen == {"POST /sign-in/passkey"}
    browser.code()
    browser.consent()
    code = browser.answer(service)["code"]
    call(ground, "/token", {"grant_type": "authorization_code", "code": "x", "code_verifier": VERIFIER}, service)
    assert "POST /token" not in seen
    browser.token(service, code)
    assert seen == {f"POST {path}" for path in ("/sign-in/passkey", "/sign-in/code", "/sign-in/consent", "/token")}
    assert seen is not PROVEN


def test_law_4_a_route_that_says_it_changes_nothing_is_caught_writing(ground, service):
    token = {"token": "x"}
    assert call(ground, "/introspect", token, service).status_code == 200
    asked = ground.app.view_functions["developers.guide"]

    def count():
        with ground.provider.database.begin() as step:
            step.run(text("UPDATE clients SET version = version + 1"))
        return asked()

    ground.app.view_functions["device.typed"] = count
    with pytest.raises(AssertionError, match="POST /device changes nothing, it says, and wrote"):
        ground.app.test_client().post("/device", base_url="http://localhost:9000")
