"""Figures are counted once, from what became of each message and from the codes that were typed."""

from dataclasses import replace
from uuid import UUID

import pytest
from sqlalchemy import text

from idp.claims.assurance import Fact, facts_to_text
from idp.delivery.outbox import HandedOver
from idp.storage.dispatches import MEASURED_SECONDS, SqlDispatches, settle
from idp.storage.housekeeping import KEEP_DISPATCHES, sweep
from idp.storage.message_counts import (
    DAY,
    MEASURED_DAYS,
    SETTLED_AFTER_SECONDS,
    asking_success,
    count_messages,
    read_figures,
    success_in,
    waiting_messages,
)
from idp.storage.models import Enrolment, OutboxRow, Session, SignIn
from idp.storage.outbox import SqlOutbox
from idp.telephony.channel import Channel
from idp.telephony.dispatch import Outline, State
from idp.telephony.figures import Cell
from tests.ground import Ground
from tests.statements import watched

SMS = Channel.SMS


def success_of(reading, region, channel, now):
    statement, values = asking_success(region, channel, now)
    return success_in(reading.all(statement, **values))


class Scene:
    def __init__(self, ground: Ground):
        self.ground = ground
        self.database = ground.provider.database
        self.memory = SqlDispatches(self.database)
        self.now = ground.clock.now

    def message(self, *, gateway="one", state=State.HANDED_OVER, tried=(), about=None, after=0, receipt=None):
        row = self.database.new_id()
        outline = Outline(id=row, about=about, channel=SMS, region="DE", asked_at=self.now + after, price=800)
        self.memory.trying(outline, gateway, tried, known=False)
        if state is State.HANDED_OVER:
            SqlOutbox(self.database).delivered(row, HandedOver("x"))
        else:
            self.memory.ended(row, state)
        if receipt is not None:
            said, seconds = receipt
            with self.database.begin() as transaction:
                settle(transaction, gateway=gateway, state=said, now=self.now + seconds, message=row, vendor_id=None)
        return row

    def sign_in(self, *, after=None, fact=Fact.TEXT_MESSAGE):
        """A sign-in under way, proven so many seconds later."""
        row, session = self.database.new_id(), self.database.new_id()
        nobody = UUID(int=5)
        with self.database.begin() as transaction:
            transaction.add(
                SignIn,
                id=row,
                browser=b"",
                person_id=nobody,
                passkey_id=nobody,
                client_id="x",
                facts="",
                request="{}",
                expires_at=self.now + 1800,
                session_id=session if after is not None else None,
                proven_at=self.now + after if after is not None else None,
            )
            transaction.add(
                Session,
                id=session,
                digest=session.bytes * 2,
                person_id=nobody,
                passkey_id=nobody,
                facts=facts_to_text(frozenset({fact})),
                auth_time=self.now,
                expires_at=self.now + 1800,
                last_seen_at=self.now,
            )
        return row

    def enrolment(self, *, after):
        row = self.database.new_id()
        with self.database.begin() as transaction:
            transaction.add(
                Enrolment,
                id=row,
                digest=row.bytes * 2,
                record=b"",
                mission="x",
                user_handle=row.bytes,
                created_at=self.now,
                expires_at=self.now + 1800,
                phone_verified_at=self.now + after,
            )
        return row

    def counted(self, later=SETTLED_AFTER_SECONDS + 1):
        count_messages(self.database, self.now + later)
        with self.database.read() as reading:
            found = read_figures(reading, self.now)
        return {
            cell.gateway: {**{f.value: n for f, n in figures.counts.items()}, **figures.delays}
            for cell, figures in found.items()
        }


@pytest.fixture
def scene(ground):
    return Scene(ground)


def test_each_message_counts_for_who_took_it_and_against_who_did_not(scene):
    scene.message(gateway="two", tried=("one",))
    scene.message(gateway="two", tried=("one",), state=State.FAILED)
    scene.message(gateway="two", state=State.OPTED_OUT)
    scene.message(gateway="", state=State.FAILED)
    assert scene.counted() == {"one": {"failed": 2}, "two": {"sent": 1, "cost": 800, "failed": 2}}


def test_receipts_say_what_arrived_and_how_fast(scene):
    scene.message(receipt=(State.DELIVERED, 4))
    scene.message(receipt=(State.DELIVERED, 70))
    scene.message(receipt=(State.UNDELIVERED, 9))
    assert scene.counted() == {
        "one": {"sent": 3, "cost": 2400, "delivered": 2, "undelivered": 1, 5: 1, 90: 1},
    }


def test_a_typed_code_counts_for_the_last_message_before_it(scene):
    about = scene.sign_in(after=100)
    scene.message(about=about, gateway="one")
    scene.message(about=about, gateway="two", after=70)
    scene.message(about=about, gateway="three", after=130)
    counted = scene.counted(2000)
    assert counted["two"] == {"sent": 1, "cost": 800, "verified": 1, 30: 1}
    assert "verified" not in counted["one"] | counted["three"]


@pytest.mark.parametrize(("fact", "verified"), [(Fact.TEXT_MESSAGE, 1), (Fact.VOICE_CALL, 1), (Fact.SECOND_PROOF, 0)])
def test_only_a_code_that_came_by_phone_counts(scene, fact, verified):
    scene.message(about=scene.sign_in(after=20, fact=fact))
    scene.message(about=scene.sign_in())
    assert scene.counted()["one"].get("verified", 0) == verified


def test_an_enrolments_code_counts_too(scene):
    scene.message(about=scene.enrolment(after=12))
    assert scene.counted()["one"] == {"sent": 1, "cost": 800, "verified": 1, 15: 1}


def test_a_message_is_counted_once_and_not_before_its_code_is_dead(scene):
    scene.message()
    assert scene.counted(SETTLED_AFTER_SECONDS) == {}
    assert scene.counted()["one"]["sent"] == 1
    assert scene.counted(5000)["one"]["sent"] == 1
    scene.message()
    assert scene.counted(5000)["one"]["sent"] == 2


def test_success_is_that_of_the_last_days_in_that_country(scene):
    for _ in range(3):
        scene.message(receipt=(State.DELIVERED, 4))
    scene.counted()
    with scene.database.read() as reading:
        assert success_of(reading, "DE", SMS, scene.now)["one"].arrived == 3
        assert success_of(reading, "FR", SMS, scene.now) == {}
        assert success_of(reading, "DE", Channel.VOICE, scene.now) == {}
        assert success_of(reading, "DE", SMS, scene.now + (MEASURED_DAYS + 1) * DAY) == {}
        assert read_figures(reading, scene.now + DAY) == {}
        assert set(read_figures(reading, scene.now)) == {Cell("DE", SMS, "one")}


def test_a_worker_adds_success_up_once_a_minute_for_each_country(scene):
    memory, asked = SqlDispatches(scene.database), []
    outline = Outline(id=UUID(int=0), about=None, channel=SMS, region="DE", asked_at=scene.now, price=0)
    assert memory.begin(outline, scene.now).success == {}
    scene.message(receipt=(State.DELIVERED, 4))
    scene.counted()
    with watched(scene.database, asked.append):
        assert memory.begin(outline, scene.now + MEASURED_SECONDS - 1).success == {}
    assert not [statement for statement in asked if "message_counts" in statement]
    assert memory.begin(replace(outline, region="FR"), scene.now).success == {}
    assert memory.begin(outline, scene.now + MEASURED_SECONDS).success["one"].arrived == 1


def test_counted_messages_go_after_a_month_and_others_stay(scene):
    scene.message()
    scene.counted()
    scene.message(gateway="uncounted")
    sweep(scene.database, scene.now + KEEP_DISPATCHES - DAY)
    assert scene.ground.rows("dispatches") == 2
    sweep(scene.database, scene.now + KEEP_DISPATCHES + DAY)
    with scene.database.read() as reading:
        assert [row.gateway for row in reading.all(text("SELECT gateway FROM dispatches"))] == ["uncounted"]


def test_what_is_due_waits(scene):
    now = scene.now
    for due, leased in ((now, None), (now, now), (now, now + 1), (now + 1, None), (None, None)):
        with scene.database.begin() as transaction:
            transaction.add(
                OutboxRow,
                id=scene.database.new_id(),
                kind="text_message",
                payload=b"",
                attempts=0,
                due_at=due,
                leased_until=leased,
                not_after=scene.now + 9,
                created_at=scene.now,
            )
    with scene.database.read() as reading:
        assert waiting_messages(reading, scene.now) == 2
