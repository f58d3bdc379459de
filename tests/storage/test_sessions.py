"""A session and what its person agreed to give a service: one look, and only what still holds."""

import pytest
from sqlalchemy import text

from idp.keys.handles import read_handle
from idp.storage.sessions import IDLE_SECONDS, Sessions


@pytest.fixture
def signed_in(either_ground):
    """A ground, the cookie's handle of somebody who agreed to a service, and that service."""
    ground, service = either_ground, either_ground.register()
    browser = ground.browser()
    browser.sign_in(service, ground.enrol())
    (cookie,) = [one for (*_, name), one in browser.client._cookies.items() if name == "idp-session"]
    return ground, read_handle(cookie.value), service


def found(ground, session, client_id):
    with ground.provider.database.read() as reading:
        return Sessions(reading).find_agreed(session, client_id, ground.clock())


def test_what_was_agreed_to_is_found_with_the_session(signed_in):
    ground, session, service = signed_in
    live, agreed = found(ground, session, service.id)
    assert live.person_id == ground.citizens[0].person
    assert "openid" in agreed.scopes
    assert found(ground, session, "another") == (live, None)


@pytest.mark.parametrize("change", ["withdrawn_at = 1", "expires_at = :now"])
def test_what_no_longer_holds_was_not_agreed_to(signed_in, change):
    ground, session, service = signed_in
    with ground.provider.database.begin() as step:
        step.run(text(f"UPDATE consents SET {change.replace(':now', str(ground.clock()))}"))
    live, agreed = found(ground, session, service.id)
    assert live is not None
    assert agreed is None


def test_without_a_session_nothing_is_told(signed_in):
    ground, session, service = signed_in
    ground.clock.now += IDLE_SECONDS
    assert found(ground, session, service.id) == (None, None)
