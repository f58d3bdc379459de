"""Who may lift a stop: its holder, with a trusted passkey, as long as nobody in office has touched it since."""

from dataclasses import replace
from uuid import uuid4

import pytest

from idp.credential.own_stop import OwnStop, may_lift

STOP = OwnStop(id=uuid4(), stopped_at=100, by_passkey=True, lifted=False)
GOOD = {"state": "suspended", "changed_at": 100, "passkey_trusted": True}


def test_a_trusted_passkey_lifts_its_holders_stop():
    assert may_lift(STOP, **GOOD)


@pytest.mark.parametrize(
    ("stop", "changed"),
    [
        (None, {}),
        (replace(STOP, lifted=True), {}),
        (replace(STOP, by_passkey=False), {}),
        (STOP, {"passkey_trusted": False}),
        (STOP, {"state": "active"}),
        (STOP, {"state": "revoked"}),
        (STOP, {"changed_at": 101}),
    ],
    ids=["no stop", "lifted", "nothing was named", "the lost passkey", "active", "revoked", "an officer was there"],
)
def test_everything_else_is_a_missions_to_decide(stop, changed):
    assert not may_lift(stop, **GOOD | changed)
