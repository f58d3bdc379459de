"""POST /receipts: a signed word of the vendor settles a message once; nobody else learns or changes anything."""

import json
from dataclasses import replace
from uuid import UUID

import pytest
from sqlalchemy import text

from idp.delivery.outbox import HandedOver
from idp.storage.dispatches import SqlDispatches, dispatches_about
from idp.storage.outbox import SqlOutbox
from idp.telephony.channel import Channel
from idp.telephony.dispatch import Outline, State
from idp.telephony.gateways.account import Account
from idp.telephony.receipts import SIGNATURE_HEADER, sign
from tests.ground import ORIGIN, copy_ground

SECRET = "a-secret-that-only-the-relay-has"
ABOUT = UUID(int=9)


@pytest.fixture(scope="module")
def ground(template, tmp_path_factory):
    made = copy_ground(template, tmp_path_factory.mktemp("receipts"))
    accounts = (
        Account(name="relay", kind="relay", receipts_secret=SECRET),
        Account(name="other", kind="relay", receipts_secret=SECRET),
        Account(name="silent", kind="relay"),
    )
    made.app.extensions["idp"] = replace(made.provider, accounts=accounts)
    yield made
    made.provider.database.engine.dispose()


def asked(ground, row, *, known=False):
    """`relay` is about to be asked to take a message."""
    outline = Outline(id=row, about=ABOUT, channel=Channel.SMS, region="DE", asked_at=ground.clock(), price=8)
    SqlDispatches(ground.provider.database).trying(outline, "relay", (), known=known)


def taken(ground, row):
    """It has answered that it did."""
    SqlOutbox(ground.provider.database).delivered(row, HandedOver(f"vendor-{row}"))


@pytest.fixture
def message(ground):
    """A message that `relay` has taken."""
    row = ground.provider.database.new_id()
    asked(ground, row)
    taken(ground, row)
    yield row
    with ground.provider.database.begin() as transaction:
        transaction.run(text("DELETE FROM dispatches"))


def post(ground, document, *, path="/receipts/relay", secret=SECRET, at=None):
    body = json.dumps(document).encode()
    headers = {SIGNATURE_HEADER: sign(secret, body, at if at is not None else ground.clock())}
    answer = ground.app.test_client().post(path, data=body, base_url=ORIGIN, headers=headers)
    return answer.status_code, answer.data


def state(ground):
    with ground.provider.database.read() as reading:
        (only,) = dispatches_about(reading, ABOUT)
    return only.state


def test_a_receipt_settles_the_message_that_its_address_names(ground, message):
    assert post(ground, {"state": "delivered"}, path=f"/receipts/relay/{message}") == (204, b"")
    assert state(ground) is State.DELIVERED


def test_O_10_a_receipt_that_comes_again_or_later_changes_nothing(ground, message):
    post(ground, {"id": str(message), "state": "delivered"})
    for document in ({"state": "undelivered"}, {"state": "delivered"}):
        assert post(ground, {"id": str(message)} | document) == (204, b"")
        assert state(ground) is State.DELIVERED


def test_a_gateway_speaks_of_its_own_messages_only(ground, message):
    assert post(ground, {"id": str(message), "state": "undelivered"}, path="/receipts/other") == (204, b"")
    assert state(ground) is State.HANDED_OVER


def test_Y_01_the_answer_is_the_same_for_known_and_unknown_messages(ground, message):
    known = post(ground, {"id": str(message), "state": "delivered"})
    assert post(ground, {"id": str(UUID(int=1)), "state": "delivered"}) == known
    assert post(ground, {"state": "nonsense"}) == known


@pytest.mark.parametrize(
    "changed",
    [
        {"secret": "another"},
        {"at": 0},
        {"path": "/receipts/silent"},
        {"path": "/receipts/nobody"},
        {"path": "/receipts/file"},
    ],
)
def test_what_is_not_signed_is_refused_alike_and_writes_nothing(ground, message, changed):
    before = ground.contents()
    assert post(ground, {"id": str(message), "state": "delivered"}, **changed) == (403, b"")
    assert ground.contents() == before


@pytest.mark.parametrize("before", [State.TRYING, State.UNKNOWN])
def test_a_receipt_that_is_faster_than_the_answer_to_the_hand_over_stands(ground, message, before):
    asked(ground, message, known=True)
    SqlDispatches(ground.provider.database).ended(message, before)
    post(ground, {"id": str(message), "state": "undelivered"})
    taken(ground, message)
    assert state(ground) is State.UNDELIVERED


@pytest.mark.parametrize("before", [State.FAILED, State.OPTED_OUT, State.UNREACHABLE])
def test_a_message_that_nobody_took_is_not_settled(ground, message, before):
    SqlDispatches(ground.provider.database).ended(message, before)
    post(ground, {"id": str(message), "state": "delivered"})
    assert state(ground) is before
