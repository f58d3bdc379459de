"""A code taken by one statement: it counts the try, compares it and opens the session, or changes nothing (O-01)."""

from uuid import UUID

import pytest
from sqlalchemy import select, update

from idp.authenticators.phone_code import LIFETIME_SECONDS, MAX_ATTEMPTS
from idp.storage import Outdated
from idp.storage.models import SignIn, UsedOnce
from idp.storage.sign_ins import SignIns

SESSION = UUID("00000000-0000-7000-8000-000000000009")


@pytest.fixture
def waiting(either_ground):
    """A ground on which somebody is asked for their code, and the row of that sign-in."""
    browser, service = either_ground.browser(), either_ground.register()
    browser.authorize(service)
    browser.passkey(either_ground.enrol())
    with either_ground.provider.database.read() as reading:
        (row,) = reading.all(select(SignIn.id, SignIn.code_digest))
    return either_ground, row


def change(ground, **values) -> None:
    ground.provider.database.act(update(SignIn).values(values))


def take(ground, code, **given) -> None:
    """One step that takes the code, and leaves a row beside it."""
    with ground.provider.database.begin() as step:
        values = {"row": code.id, "session": SESSION, "typed": code.code_digest, "now": ground.clock()} | given
        SignIns(step).proven_by_code_with(**values)
        step.add(UsedOnce, digest=b"beside it", expires_at=1)


def state(ground):
    with ground.provider.database.read() as reading:
        (row,) = reading.all(select(SignIn.session_id, SignIn.proven_at, SignIn.code_attempts))
        return tuple(row), ground.rows("used_once")


@pytest.mark.parametrize("tries", [0, MAX_ATTEMPTS - 1])
def test_a_code_that_fits_is_counted_and_opens_the_session(waiting, tries):
    ground, row = waiting
    change(ground, code_attempts=tries)
    take(ground, row)
    assert state(ground) == ((SESSION, ground.clock(), tries + 1), 1)


@pytest.mark.parametrize(
    ("changed", "given"),
    [
        pytest.param({"code_attempts": MAX_ATTEMPTS}, {}, id="O-01 tries used up meanwhile"),
        pytest.param({"code_digest": b"of another message"}, {}, id="O-03 replaced meanwhile"),
        pytest.param({}, {"typed": b"wrong"}, id="wrong"),
        pytest.param({}, {"typed": b""}, id="empty"),
        pytest.param({"code_digest": None}, {}, id="no code"),
        pytest.param({}, {"row": SESSION}, id="another sign-in"),
        pytest.param({"finished_at": 1}, {}, id="finished meanwhile"),
        pytest.param({"session_id": UUID(int=1)}, {}, id="proven meanwhile"),
    ],
)
def test_any_other_try_changes_nothing(waiting, changed, given):
    ground, row = waiting
    if changed:
        change(ground, **changed)
    before = state(ground)
    with pytest.raises(Outdated):
        take(ground, row, **given)
    assert state(ground) == before


def test_o_04_a_code_is_taken_in_its_last_second_and_not_after_it(waiting):
    ground, row = waiting
    sent = ground.clock()
    with pytest.raises(Outdated):
        take(ground, row, now=sent + LIFETIME_SECONDS)
    take(ground, row, now=sent + LIFETIME_SECONDS - 1)
