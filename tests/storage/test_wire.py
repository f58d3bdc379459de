"""Statements run on the drivers themselves: the same answers and the same refusals on both databases."""

from threading import Barrier, Event, Thread
from time import sleep
from uuid import UUID

import pytest
from flask import Flask
from psycopg import OperationalError
from sqlalchemy import bindparam, event, func, insert, select, text, update

from idp.settings import Settings
from idp.storage import AlreadyTaken, Outdated, held, open_database
from idp.storage.models import ClientRow, Passkey, Phone, SignIn, UsedOnce
from idp.storage.schema import refuse_outdated
from tests.statements import watched

HERE = "00000000-0000-7000-8000-000000000001"
_COUNT = select(func.count().label("rows")).select_from(UsedOnce)
_ADD = insert(UsedOnce).values(digest=bindparam("value"), expires_at=bindparam("until"))
_ONE = select(UsedOnce.digest, UsedOnce.expires_at).where(UsedOnce.digest == bindparam("value"))


@pytest.fixture
def database(either_ground):
    return either_ground.provider.database


def add(database, value: bytes, until: int = 1) -> None:
    with database.begin() as step:
        step.run(_ADD, value=value, until=until)


def rows(database) -> int:
    with database.read() as reading:
        return reading.one(_COUNT).rows


def test_a_row_has_names_and_an_order_and_every_use_gives_the_same(database):
    add(database, b"\x00\xff'", 2**62)
    for _ in range(4):  # as text, then prepared on the server
        with database.read() as reading:
            row = reading.one(_ONE, value=b"\x00\xff'")
        assert (row.digest, row.expires_at) == tuple(row) == (b"\x00\xff'", 2**62)


def test_a_step_of_one_statement_holds_on_the_very_first_connection(database):
    """Whoever opens a database looks whether it is there; the connection that looked is the first that is used."""
    url = database.engine.url.render_as_string(hide_password=False)
    first, second = (open_database(Flask(name), Settings(database_url=url), lambda: UUID(HERE)) for name in "ab")
    first.act(_ADD, value=b"held", until=1)
    assert rows(second) == 1
    second.act(_ADD, value=b"also", until=1)  # nothing of the first holds the database
    assert rows(first) == 2
    for one in (first, second):
        one.engine.dispose()


def test_a_step_that_is_finished_in_one_go_holds_whole_or_not_at_all(database):
    for _ in range(3):  # as text, then prepared on the server
        with database.begin() as step:
            step.run(text("DELETE FROM used_once"))
            step.finish((_ADD, {"value": b"a", "until": 1}), (_ADD, {"value": b"b", "until": 1}))
        assert rows(database) == 2
        with pytest.raises(AlreadyTaken), database.begin() as step:
            step.finish((_ADD, {"value": b"c", "until": 1}), (_ADD, {"value": b"a", "until": 1}))
        assert rows(database) == 2
    with database.begin() as step:
        assert [len(found) for found in step.finish((_COUNT, {}), (_ADD, {"value": b"d", "until": 1}))] == [1, 0]
    assert rows(database) == 3


def test_statements_that_act_together_hold_whole_or_not_at_all(database):
    for _ in range(3):  # as text, then prepared on the server
        with database.begin() as step:
            step.run(text("DELETE FROM used_once"))
        together = database.act_together((_ADD, {"value": b"a", "until": 1}), (_COUNT, {}))
        assert [[tuple(row) for row in found] for found in together] == [[], [(1,)]]
        with pytest.raises(AlreadyTaken):
            database.act_together((_ADD, {"value": b"c", "until": 1}), (_ADD, {"value": b"a", "until": 1}))
        assert rows(database) == 1


def test_what_the_server_refuses_when_it_is_to_hold_is_refused_and_the_next_step_goes_on(postgresql_ground):
    database = postgresql_ground.provider.database
    with database.begin() as step:
        step.run(text("CREATE TABLE later (number int UNIQUE DEFERRABLE INITIALLY DEFERRED)"))
    twice = text("INSERT INTO later VALUES (1)")
    for _ in range(3):
        with pytest.raises(AlreadyTaken):
            database.act_together((twice, {}), (twice, {}))
        assert rows(database) == 0
        with database.read() as reading:
            assert reading.all(text("SELECT number FROM later")) == []


def test_every_kind_of_column_comes_back_as_it_went(either_ground):
    citizen = either_ground.enrol()
    with either_ground.provider.database.read() as reading:
        row = reading.one(select(Passkey.id, Passkey.person_id, Passkey.attested, Passkey.name, Passkey.last_used_at))
        phone = reading.one(select(Phone.number, Phone.wrong_tries).where(Phone.person_id == row.person_id))
    assert isinstance(row.id, UUID)
    assert row.attested is False
    assert isinstance(row.name, str)
    assert row.last_used_at is None
    assert isinstance(phone.number, bytes)
    assert phone.wrong_tries == 0
    assert citizen


def test_a_null_and_a_list_in_a_statement_are_its_own(database):
    add(database, b"a")
    add(database, b"b")
    none = select(UsedOnce.digest).where(UsedOnce.digest.in_([b"a", b"c"]), UsedOnce.expires_at == bindparam("until"))
    with database.read() as reading:
        assert [row.digest for row in reading.all(none, until=1)] == [b"a"]
        assert reading.all(select(UsedOnce.digest).where(UsedOnce.digest.in_([]))) == []
    stop = update(SignIn).values(code_digest=None).where(SignIn.id == UUID(HERE))
    with database.begin() as step:
        assert step.run(stop) == 0


def test_the_touched_rows_are_counted(database):
    for value in (b"a", b"b", b"c"):
        add(database, value)
    later = update(UsedOnce).values(expires_at=bindparam("until")).where(UsedOnce.digest != bindparam("but"))
    with database.begin() as step:
        assert step.run(later, until=9, but=b"a") == 2
        assert step.run(later.returning(UsedOnce.digest), until=9, but=b"x") == 3
        assert step.run(later, until=9, but=b"a") == 2
        assert {row.digest for row in step.all(later.returning(UsedOnce.digest), until=9, but=b"c")} == {b"a", b"b"}


@pytest.mark.parametrize("queued", [False, True], ids=["in the middle", "with the commit"])
def test_C_02_what_is_taken_is_refused_and_the_whole_step_with_it(database, queued):
    add(database, b"taken")

    def step_of_two():
        with database.begin() as step:
            step.run(_ADD, value=b"other", until=1)
            if queued:
                step.add(UsedOnce, digest=b"third", expires_at=1)
                step.add(UsedOnce, digest=b"taken", expires_at=1)
            else:
                step.run(_ADD, value=b"taken", until=1)

    with pytest.raises(AlreadyTaken) as refused:
        step_of_two()
    assert "taken" not in str(refused.value)
    assert rows(database) == 1
    add(database, b"next")  # and the connection is as good as before
    assert rows(database) == 2


def test_a_single_queued_row_that_is_taken_is_refused_too(database):
    add(database, b"taken")
    with pytest.raises(AlreadyTaken), database.begin() as step:
        step.add(UsedOnce, digest=b"taken", expires_at=1)
    assert rows(database) == 1


@pytest.mark.parametrize("sent", [0, 1, 2])
def test_a_step_that_raises_leaves_nothing(database, sent):
    def step_that_raises():
        with database.begin() as step:
            for number in range(sent):
                step.run(_ADD, value=b"%d" % number, until=1)
            step.add(UsedOnce, digest=b"queued", expires_at=1)
            raise RuntimeError

    with pytest.raises(RuntimeError):
        step_that_raises()
    assert rows(database) == 0


def test_a_step_without_statements_is_none(database):
    with database.begin():
        pass
    assert rows(database) == 0


def test_an_error_in_the_middle_undoes_the_step_even_when_it_is_passed_over(postgresql_ground):
    database = postgresql_ground.provider.database

    def step_that_goes_on():
        with database.begin() as step:
            step.run(_ADD, value=b"first", until=1)
            with pytest.raises(Exception, match="division"):
                step.one(text("SELECT 1 / 0"))

    with pytest.raises(Exception, match="undone"):
        step_that_goes_on()
    assert rows(database) == 0


def test_H_07_a_text_with_a_nul_is_refused_and_not_cut_short(postgresql_ground):
    database = postgresql_ground.provider.database
    with database.read() as reading, pytest.raises(Exception, match="NUL"):
        reading.one(select(ClientRow.id).where(ClientRow.id == bindparam("client")), client="gov24\0x")


def test_an_error_names_no_value(postgresql_ground):
    database = postgresql_ground.provider.database
    with database.read() as reading, pytest.raises(Exception, match=r"\S") as refused:
        reading.one(text("SELECT CAST(:value AS uuid), 1 / 0"), value=b"482913")
    assert "482913" not in str(refused.value)


def test_a_connection_whose_server_has_gone_is_replaced(postgresql_ground):
    """The step under way fails; whatever comes next has a new connection, in each of the pool's places."""
    database = postgresql_ground.provider.database
    add(database, b"before")
    ended = text("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database()")

    def step_that_breaks():
        with database.begin() as step:
            step.run(_ADD, value=b"lost", until=1)
            step.all(ended)

    with pytest.raises(OperationalError):
        step_that_breaks()
    assert rows(database) == 1
    add(database, b"after")
    assert rows(database) == 2


def test_who_waits_for_a_row_lets_the_other_threads_work(postgresql_ground):
    """A thread that waits for another's row must not keep Python for itself: the other could never let go."""
    database = postgresql_ground.provider.database
    add(database, b"row", 0)
    more = update(UsedOnce).values(expires_at=UsedOnce.expires_at + 1)
    holding = Event()

    def second():
        holding.wait(20)
        for _ in range(3):
            with database.begin() as step:
                step.run(more)
                step.run(more)

    waiting = Thread(target=second)
    waiting.start()
    for _ in range(3):
        with database.begin() as step:
            step.run(more)
            holding.set()
            step.run(more)
    waiting.join(20)
    assert not waiting.is_alive()
    with database.read() as reading:
        assert reading.one(_ONE, value=b"row").expires_at == 12


def test_a_request_holds_one_connection_for_all_it_does(database):
    seen = []
    with watched(database, seen.append):
        database.open_request()
        with database.read() as reading:
            reading.one(_COUNT)
            with database.read() as again:
                again.one(_COUNT)
        with database.begin() as step:
            step.run(_ADD, value=b"x", until=1)
            with database.read() as within:
                assert within.one(_COUNT).rows == 1
            assert database.connections.in_use == 1
        database.close_request()
    assert database.connections.in_use == 0
    assert len(seen) == 4


def test_a_connection_lies_aside_until_somebody_waits_for_the_pool(database):
    """Between steps it is not given back to the pool; who finds none aside gets the next one that is done."""
    with database.read() as reading:
        reading.one(_COUNT)
    pool = database.engine.pool
    assert pool.checkedout() == 1
    with database.read() as reading:
        reading.one(_COUNT)
    assert pool.checkedout() == 1  # the same
    most, here = pool.size(), Barrier(pool.size() + 1)
    found = []

    def look(holding):
        with database.read() as reading:
            if holding:
                here.wait(20)
                sleep(0.3)  # the last one waits by then
            found.append(reading.one(_COUNT))

    threads = [Thread(target=look, args=(True,)) for _ in range(most)]
    for thread in threads:
        thread.start()
    here.wait(20)
    last = Thread(target=look, args=(False,))
    last.start()
    for thread in (*threads, last):
        thread.join(20)
    assert len(found) == most + 1


def test_connections_aside_are_closed_with_the_engine(database):
    with database.read() as reading:
        reading.one(_COUNT)
    database.engine.dispose()
    assert database.engine.pool.checkedout() == 0
    with database.read() as reading:
        assert reading.one(_COUNT) is not None


def test_a_connection_that_is_out_when_the_engine_closes_all_is_closed_when_it_comes_back(database):
    closed = []
    event.listen(database.engine.pool, "close", lambda *_: closed.append(True))
    with database.read() as reading:
        reading.one(_COUNT)
        database.engine.dispose()
        assert not closed
    assert closed == [True]
    with database.read() as reading:
        assert reading.one(_COUNT) is not None
    assert database.engine.pool.checkedout() == 1, "the next one lies aside again"


def test_a_connection_that_is_old_goes_back_to_the_pool(either_ground):
    database, pool = either_ground.provider.database, either_ground.provider.database.engine.pool
    back = []
    event.listen(pool, "checkin", lambda *_: back.append(True))
    either_ground.clock.now += held.ASIDE_SECONDS - 1
    with database.read() as reading:
        reading.one(_COUNT)
    assert not back
    either_ground.clock.now += 1
    with database.read() as reading:
        reading.one(_COUNT)
    assert back == [True]
    assert pool.checkedout() == 1


def test_a_step_within_a_step_of_one_request_is_a_mistake(database):
    database.open_request()
    try:
        with database.begin() as step:
            step.run(_ADD, value=b"outer", until=1)
            with pytest.raises(AssertionError), database.begin():
                pass
    finally:
        database.close_request()
    assert rows(database) == 1


@pytest.mark.parametrize(("status", "many"), [("enabled", 1), ("enabled", 2), ("disabled", 1), ("disabled", 2)])
def test_queued_rows_are_written_only_while_the_row_they_depend_on_stands(either_ground, status, many):
    """As one statement on PostgreSQL; the row that is read and the rows that are written cannot disagree."""
    database, service = either_ground.provider.database, either_ground.register()
    with database.read() as reading:
        version = reading.one(select(ClientRow.version).where(ClientRow.id == service.id)).version

    def step():
        with database.begin() as step:
            for i in range(many):
                step.add(UsedOnce, digest=bytes([i, 255]), expires_at=i)
            step.only_while(ClientRow, id=service.id, version=version, status=status)

    if status == "enabled":
        step()
        assert rows(database) == many
        return
    with pytest.raises(Outdated):
        step()
    assert rows(database) == 0
    add(database, b"next")  # and the connection is as good as before
    assert rows(database) == 1


@pytest.mark.parametrize("many", [1, 2])
def test_queued_rows_are_written_only_if_the_one_thing_was_taken(database, many):
    """As one statement on PostgreSQL: whoever comes second takes nothing and writes nothing."""
    add(database, b"one thing", 1)
    take = update(UsedOnce).where(UsedOnce.digest == bindparam("value"), UsedOnce.expires_at == bindparam("before"))
    take = take.values(expires_at=bindparam("until"))

    def step():
        with database.begin() as step:
            for i in range(many):
                step.add(UsedOnce, digest=step.new_id().bytes, expires_at=i)
            step.only_if(take, value=b"one thing", before=1, until=2)

    step()
    assert rows(database) == 1 + many
    with pytest.raises(Outdated):
        step()
    assert rows(database) == 1 + many
    with database.read() as reading:
        assert reading.one(_ONE, value=b"one thing").expires_at == 2


@pytest.mark.parametrize("missing", [b"first", b"second", b"third"])
def test_of_several_conditions_each_changes_its_row_or_none_does(database, missing):
    """One statement on PostgreSQL: what one of them has changed is undone when another finds nothing to change."""
    names = [b"first", b"second", b"third"]
    for name in names:
        add(database, name, 1)

    def step(skipped=None):
        with database.begin() as step:
            for i, name in enumerate(names):
                this = UsedOnce.digest == bindparam(f"digest_of_{i}")
                value = b"nobody" if name == skipped else name
                change = update(UsedOnce).where(this).values(expires_at=UsedOnce.expires_at + bindparam("more"))
                step.only_if(change, **{f"digest_of_{i}": value, "more": 5})
            step.add(UsedOnce, digest=b"queued", expires_at=9)

    with pytest.raises(Outdated):
        step(skipped=missing)
    with database.read() as reading:
        assert [reading.one(_ONE, value=name).expires_at for name in names] == [1, 1, 1]
    assert rows(database) == 3
    step()  # and the connection is as good as before
    with database.read() as reading:
        assert [reading.one(_ONE, value=name).expires_at for name in names] == [6, 6, 6]
    assert rows(database) == 4


def test_statements_that_travel_together_answer_each_for_itself(database):
    add(database, b"a", 1)
    with database.read() as reading:
        for _ in range(3):  # as text, then prepared on the server
            both = reading.each((_ONE, {"value": b"a"}), (_ONE, {"value": b"b"}), (_COUNT, {}))
            assert both == [[(b"a", 1)], [], [(1,)]]
    with database.begin() as step:
        step.each((_ADD, {"value": b"b", "until": 2}), (_ADD, {"value": b"c", "until": 3}))
        assert step.one(_COUNT).rows == 3
    with pytest.raises(AlreadyTaken), database.begin() as step:
        step.each((_ADD, {"value": b"d", "until": 4}), (_ADD, {"value": b"a", "until": 4}))
    assert rows(database) == 3


def test_what_rolls_back_through_the_engine_leaves_our_prepared_statements_alone(postgresql_ground):
    """The driver would throw all of them away: a machine that is asked often whether it is ready would fail."""
    database = postgresql_ground.provider.database
    for _ in range(12):
        refuse_outdated(database)
        with database.begin() as step:
            assert step.one(text("SELECT 1")) is not None
            step.run(text("CREATE TEMPORARY TABLE IF NOT EXISTS t (i int)"))
