"""On PostgreSQL a row that is changed soon after it was written is changed where it lies (a HOT update)."""

from uuid import UUID

import pytest
from sqlalchemy import text

from idp.audit.catalogue import AuditRow, Event
from idp.delivery.outbox import HandedOver
from idp.storage.dispatches import SqlDispatches
from idp.storage.models import OutboxRow
from idp.storage.outbox import SqlOutbox
from idp.telephony.channel import Channel
from idp.telephony.dispatch import Outline

SEALED = 300  # rows: several pages of them
MESSAGES = 100
NOW = 1_800_000_000
LEASE = 60


def updates(database, tables):
    """How many rows of the tables were updated, and how many of them in place, as the server has counted them.

    A connection tells the server what it did when it has nothing else to do, or here, at once; the pool has one.
    """
    with database.read() as reading:
        reading.all(text("SELECT pg_stat_force_next_flush()"))
    with database.read() as reading:
        found = reading.all(
            text(
                "SELECT sum(n_tup_upd)::int AS all, sum(n_tup_hot_upd)::int AS here FROM pg_stat_user_tables"
                " WHERE relname LIKE :tables"
            ),
            tables=tables,
        )
    return found[0].all, found[0].here


def counted(database, tables, act):
    before = updates(database, tables)
    act()
    return tuple(after - earlier for after, earlier in zip(updates(database, tables), before, strict=True))


def record(ground, count):
    """Rows as sign-ins and administrators leave them."""
    for i in range(count // 3):
        with ground.provider.database.begin() as step:
            step.record(AuditRow(Event.CODE_SENT, ground.clock(), UUID(int=i), "gov24", {"purpose": "sign_in"}))
            step.record(AuditRow(Event.CLIENT_DISABLED, ground.clock(), UUID(int=i), "gov24"))
            step.record(AuditRow(Event.SENDING_NEAR_LIMIT, ground.clock(), detail={"kind": "x" * (i % 90)}))


def queue_message(database, number):
    with database.begin() as step:
        step.add(
            OutboxRow,
            id=UUID(int=number),
            kind="text_message",
            payload=b"sealed" * 20,
            attempts=0,
            due_at=NOW,
            not_after=NOW + 600,
            created_at=NOW,
        )


def test_a_message_is_leased_and_handed_over_where_it_lies(postgresql_ground):
    database = postgresql_ground.provider.database
    outbox, dispatches = SqlOutbox(database), SqlDispatches(database)

    def act():
        for number in range(1, MESSAGES + 1):
            queue_message(database, number)
            (item,) = outbox.lease(NOW, 1, LEASE)
            outline = Outline(id=item.id, about=item.id, channel=Channel.SMS, region="DE", asked_at=NOW, price=1)
            dispatches.trying(outline, "first", (), known=False)
            outbox.delivered(item.id, HandedOver(f"theirs-{number:030}"))

    before = updates(database, "dispatches")
    assert counted(database, "outbox", act) == (MESSAGES, MESSAGES)
    assert updates(database, "dispatches") == (before[0] + MESSAGES, before[1] + MESSAGES)


@pytest.mark.parametrize("in_months", [False, True])
def test_a_row_of_the_audit_is_sealed_where_it_lies(postgresql_ground, in_months):
    ground, ledger = postgresql_ground, postgresql_ground.provider.ledger
    if in_months:
        ledger.make_room()
    ledger.seal()
    record(ground, SEALED)
    assert counted(ground.provider.database, "audit_events%", ledger.seal) == (SEALED, SEALED)
    assert ledger.verify().finding is None
