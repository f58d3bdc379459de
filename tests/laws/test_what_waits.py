"""What a power cut may undo: only steps of which nothing is seen outside but through a later one that is on the disk.

PostgreSQL §30.4: a step that does not wait may be lost with the last half second before a crash, and then everything
after it is lost as well; a step that waits takes all before it along to the disk.
"""

import pytest
from sqlalchemy import literal_column, select, text

from idp.storage.postgresql import PostgresqlWire
from idp.storage.queued import SOON
from tests.ground import request

SETS = "set_config"


@pytest.fixture
def written(monkeypatch):
    """The statements that write, as they are sent from now on."""
    sent, query = [], PostgresqlWire._query

    def spy(wire, compiled, values):
        if any(word in compiled.text for word in ("INSERT", "UPDATE", "DELETE")):
            sent.append(compiled.text)
        return query(wire, compiled, values)

    monkeypatch.setattr(PostgresqlWire, "_query", spy)
    return sent


def taken(written):
    """Whether each of the statements since the last time waits for the disk."""
    waits = [SETS not in one for one in written]
    written.clear()
    return waits


def test_the_steps_of_a_person_do_not_wait_and_the_one_that_gives_something_away_does(postgresql_ground, written):
    ground = postgresql_ground
    service, citizen, browser = ground.register(), ground.enrol(), ground.browser()
    browser.authorize(service)
    browser.passkey(citizen)  # the first from this address is taken step by step, and waits
    written.clear()
    browser.authorize(service)
    assert taken(written) == []
    browser.passkey(citizen)
    assert taken(written) == [False]
    browser.code()
    assert taken(written) == [False]
    browser.consent()
    assert taken(written) == [False]
    browser.token(service, browser.answer(service)["code"])
    assert taken(written) == [True]


def test_a_wrong_code_waits_because_its_count_is_all_that_stops_a_guesser(postgresql_ground, written):
    ground = postgresql_ground
    browser = ground.browser()
    browser.authorize(ground.register())
    browser.passkey(ground.enrol())
    written.clear()
    browser.code("000000")
    waits = taken(written)
    assert waits
    assert all(waits)


def test_a_sign_in_to_the_person_s_own_pages_waits_because_they_show_something_at_once(postgresql_ground, written):
    ground = postgresql_ground
    citizen, browser = ground.enrol(), ground.browser()
    browser.get("/account")
    browser.passkey(citizen)
    written.clear()
    browser.code()
    waits = taken(written)
    assert waits
    assert all(waits)


def test_single_sign_on_waits(postgresql_ground, written):
    ground = postgresql_ground
    browser, service = ground.browser(), ground.register()
    browser.tokens(service, ground.enrol())
    written.clear()
    browser.get("/authorize", query_string=request(service))
    browser.token(service, browser.answer(service)["code"])
    assert all(taken(written))


def test_what_is_asked_for_holds_for_this_step_alone(postgresql_ground):
    database = postgresql_ground.provider.database
    said = text("SELECT current_setting('synchronous_commit') AS said")
    with database.begin() as step:
        before = step.one(said).said
        step.one(select(literal_column("1").label("there")).where(SOON))
        assert step.one(said).said == "off"
    with database.begin() as step:
        assert step.one(said).said == before != "off"
