"""Sealing: what comes into which batch, whoever commits when; the second place; what is let go after its time."""

from threading import Thread
from uuid import UUID

import pytest
from sqlalchemy import text

from idp.audit.catalogue import AuditRow, Event
from idp.audit.heads import BadHeads, append_heads, read_heads
from idp.audit.retention import DAY, SIGN_IN_EVENTS, Kind, kind_of
from idp.audit.seal import MOST_ROWS, QUIET_SECONDS, claims_of
from idp.command import chores_of
from tests.ground import copy_ground
from tests.races import race


@pytest.fixture(scope="module")
def shared(template, tmp_path_factory):
    made = copy_ground(template, tmp_path_factory.mktemp("seals"))
    yield made
    made.provider.database.engine.dispose()


def record(ground, count=1, event=Event.TOKENS_ISSUED):
    with ground.provider.database.begin() as step:
        for _ in range(count):
            step.record(AuditRow(event, ground.clock()))


def sizes(ground):
    """Rows of each seal, in order."""
    return [claims_of(statement)["rows"] for _, statement in ground.provider.ledger.store.statements(0)]


def test_a_full_batch_is_followed_by_another_until_nothing_waits(shared):
    shared.provider.ledger.seal()
    before = len(sizes(shared))
    with shared.provider.database.engine.begin() as connection:
        for at in range(MOST_ROWS + 3):
            connection.execute(
                text("INSERT INTO audit_events (id, at, event) VALUES (:id, 1, 'x:y:z')"),
                {"id": UUID(int=(shared.clock() * 1000 << 80) + at).hex},
            )
    shared.provider.ledger.seal()
    assert sizes(shared)[before:] == [MOST_ROWS, 3]
    assert shared.provider.ledger.verify().finding is None


def test_what_waited_for_days_is_sealed_whole_batch_after_batch(ground):
    for _ in range(3):
        ground.clock.now += DAY
        with ground.provider.database.engine.begin() as connection:
            connection.execute(
                text("INSERT INTO audit_events (id, at, event) VALUES (:id, 1, 'x:y:z')"),
                [{"id": UUID(int=(ground.clock() * 1000 << 80) + at).hex} for at in range(MOST_ROWS // 2 + 1)],
            )
    ground.clock.now += DAY
    ground.provider.ledger.seal()
    report = ground.provider.ledger.verify()
    assert (report.finding, report.waiting) == (None, 0)
    assert [size == MOST_ROWS for size in sizes(ground)] == [True, False]


def test_nothing_is_sealed_while_nothing_happens_but_once_a_day(ground):
    ledger = ground.provider.ledger
    ledger.seal()
    assert list(ledger.seal()) == []
    ground.clock.now += QUIET_SECONDS
    assert [claims_of(seal.statement)["rows"] for seal in ledger.seal()] == [0]
    assert list(ledger.seal()) == []
    assert ledger.verify().finding is None


def test_a_row_that_is_committed_after_later_ones_were_sealed_comes_into_the_next_seal(either_ground):
    ground, ledger = either_ground, either_ground.provider.ledger
    early = ground.provider.world.new_id()
    record(ground, 2)
    ledger.seal()
    with ground.provider.database.begin() as step:
        step.new_id = lambda: early
        step.record(AuditRow(Event.TOKENS_ISSUED, ground.clock()))
    assert len(ledger.seal()) == 1
    report = ledger.verify()
    assert (report.finding, report.waiting) == (None, 0)
    assert sizes(ground)[-1] == 1


def test_sealing_while_others_write_and_seal_leaves_nothing_out_and_seals_nothing_twice(either_ground):
    ground, ledger = either_ground, either_ground.provider.ledger
    writers = [Thread(target=lambda: [record(ground, 3) for _ in range(15)]) for _ in range(3)]
    for writer in writers:
        writer.start()
    while any(writer.is_alive() for writer in writers):
        race(ledger.seal, callers=2)
    ledger.seal()
    report = ledger.verify()
    assert (report.finding, report.waiting) == (None, 0)
    assert report.rows == ground.rows("audit_events") == sum(sizes(ground))


def test_the_worker_seals_and_a_sign_in_does_not(ground, service, citizen):
    ground.browser().tokens(service, citizen)
    assert ground.rows("audit_seals") == 0
    for chore in chores_of(ground.provider):
        chore.act(ground.clock())
    assert ground.rows("audit_seals") == 1
    assert ground.provider.ledger.verify().waiting == 0


def test_before_the_first_seal_there_is_no_head(ground):
    assert ground.browser().get("/audit/head").status_code == 404


def test_a_new_signing_key_does_not_end_what_the_old_one_sealed(ground):
    ground.provider.ledger.seal()
    ground.provider.rotate(0)
    ground.clock.now += 400 * DAY
    record(ground)
    ground.provider.ledger.seal()
    assert len(ground.provider.ring.verification_keys()) < len(ground.provider.ring.every_key())
    assert ground.provider.ledger.verify().finding is None


# The second place.


def test_the_second_place_gets_every_statement_once_and_catches_up(ground, tmp_path):
    heads, statements = tmp_path / "heads", ground.provider.ledger.store.statements
    for _ in range(3):
        record(ground)
        ground.provider.ledger.seal()
    assert append_heads(heads, statements) == 3
    assert append_heads(heads, statements) == 0
    record(ground)
    ground.provider.ledger.seal()
    assert append_heads(heads, statements) == 1
    assert list(read_heads(heads)) == list(statements(0))


def test_the_setting_names_the_second_place(template, tmp_path):
    made = copy_ground(template, tmp_path, audit_heads_file=tmp_path / "heads")
    record(made)
    made.provider.ledger.seal()
    assert [number for number, _ in read_heads(tmp_path / "heads")] == [1]
    assert made.provider.ledger.verify().finding is None
    made.provider.database.engine.dispose()


@pytest.mark.parametrize("content", ["nonsense\n", "1 \n", "1 abc\n2 half", "x y\n"])
def test_a_damaged_second_place_is_told_and_not_written_to(ground, tmp_path, content):
    heads = tmp_path / "heads"
    heads.write_text(content)
    record(ground)
    ground.provider.ledger.seal()
    with pytest.raises(BadHeads):
        append_heads(heads, ground.provider.ledger.store.statements)
    assert heads.read_text() == content


# Letting go.


def test_what_every_sign_in_leaves_is_kept_shorter_than_everything_else():
    assert kind_of(Event.TOKENS_ISSUED.tag) is Kind.SIGN_IN
    assert kind_of("nobody:knows:this") is Kind.RECORD
    for event in Event:
        assert (kind_of(event.tag) is Kind.SIGN_IN) == (event in SIGN_IN_EVENTS)
        if event.tag.startswith("operator:"):
            assert kind_of(event.tag) is Kind.RECORD, "what an operator did is a record"


def test_rows_go_after_their_time_by_kind_and_verification_understands(either_ground):
    ground, ledger = either_ground, either_ground.provider.ledger
    record(ground, 4)
    record(ground, 2, Event.CLIENT_DISABLED)
    ledger.seal()
    kept = ground.rows("audit_events")
    assert ledger.let_go() == 0
    for days, gone in ((729, 0), (2, 4), (3650, kept - 4)):
        ground.clock.now += days * DAY
        record(ground)
        ledger.seal()
        assert ledger.let_go() >= gone
        if not gone:
            assert ground.rows("audit_events") == kept + 1
        report = ledger.verify()
        assert (report.finding, report.waiting) == (None, 0)
    assert report.gone == kept + 2
    assert ground.rows("audit_events") == 1
    assert len(sizes(ground)) == 4, "statements stay"


def test_a_record_that_is_gone_before_its_time_is_named_although_its_batch_is_old(ground):
    ledger = ground.provider.ledger
    record(ground, 1, Event.CLIENT_DISABLED)
    record(ground, 1)
    ledger.seal()
    ground.clock.now += 1000 * DAY
    ledger.seal()
    assert ledger.let_go() == 1
    with ground.provider.database.begin() as step:
        step.run(text("DELETE FROM audit_events WHERE event = :tag"), tag=Event.CLIENT_DISABLED.tag)
    assert "removed" in str(ledger.verify().finding)


def test_a_shorter_time_in_the_settings_lets_nothing_go_before_a_seal_says_so(template, tmp_path):
    made = copy_ground(template, tmp_path)
    record(made, 3)
    made.provider.ledger.seal()
    made.clock.now += 100 * DAY
    short = copy_of(made, audit_sign_in_days=30)
    assert short.let_go() == 0
    short.seal()
    assert short.let_go() == 3
    assert short.verify().finding is None
    longer = copy_of(made, audit_sign_in_days=3000)
    longer.seal()
    assert longer.verify().finding is None, "what one seal allowed stays allowed"
    made.provider.database.engine.dispose()


def copy_of(ground, **changed):
    """The ledger of the same installation with other settings."""
    from dataclasses import replace

    wired = ground.provider
    return replace(wired, settings=replace(wired.settings, **changed)).ledger
