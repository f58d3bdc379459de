"""What the joined row of a grant says of those behind it: each column closes the way by itself."""

from types import SimpleNamespace

import pytest

from idp.grants.stores import Standing
from idp.storage.grants import standing_of

NOW = 1_800_000_000
OPEN = {
    "granted_by": "somebody",
    "person_status": "active",
    "sandbox_of": None,
    "credential_state": "active",
    "credential_expires_at": NOW + 1,
    "passkey_state": "active",
    "session_known": "a session",
    "session_ended_at": None,
    "consent_withdrawn_at": None,
}


def obstacle(*, offline=False, **changed):
    return standing_of(SimpleNamespace(**OPEN | changed), NOW).obstacle(offline=offline)


def test_nothing_is_in_the_way_of_a_row_that_is_as_it_should_be():
    assert obstacle() is None
    assert obstacle(offline=True) is None


@pytest.mark.parametrize(
    ("changed", "why"),
    [
        ({"person_status": "deceased"}, "person is not active"),
        ({"person_status": None}, "person is not active"),
        ({"credential_state": "suspended"}, "credential is not active"),
        ({"credential_state": None}, "credential is not active"),
        ({"credential_expires_at": NOW}, "credential is not active"),
        ({"passkey_state": "removed"}, "credential is not active"),
        ({"passkey_state": None}, "credential is not active"),
        ({"consent_withdrawn_at": NOW}, "consent was withdrawn"),
    ],
)
@pytest.mark.parametrize("offline", [False, True])
def test_each_gate_closes_every_way(changed, why, offline):
    row = {"credential_expires_at": None, **changed} if changed.get("credential_state", "") is None else changed
    assert obstacle(offline=offline, **row) == why


@pytest.mark.parametrize("changed", [{"session_ended_at": NOW}, {"session_known": None}])
def test_an_ended_session_closes_all_but_offline_access(changed):
    assert obstacle(**changed) == "session has ended"
    assert obstacle(offline=True, **changed) is None


def test_a_machine_stands_for_itself():
    assert standing_of(SimpleNamespace(granted_by=None), NOW) == Standing(
        True, True, True, session_ended=False, consent_withdrawn=False
    )
