"""RFC 8628 §3.5: what a device hears, one row per state, and that tokens come once (abuse cases D-05 to D-07)."""

from dataclasses import dataclass, field, replace

import pytest

from idp.grants.device_code import poll
from idp.grants.outcome import Issued, Refused
from idp.grants.stores import DeviceRecord
from idp.protocol.errors import InvalidRequest
from tests.grants.fakes import CODE, GOOD, GRANT, NOW, MemoryStores, make_mint, presented
from tests.protocol.examples import GOV24

APPROVED = DeviceRecord(approved=True, denied=False, taken=False, expires_at=NOW + 600)
WAITING = replace(APPROVED, approved=False)


@dataclass
class DeviceStores(MemoryStores):
    """The stores with one device code, CODE, of gov24."""

    device: DeviceRecord = APPROVED
    patient: bool = True
    taken_meanwhile: bool = False
    polled: list = field(default_factory=list)

    def find_device(self, code, client_id):
        return self.device if presented(code) == presented(CODE) and client_id == "gov24" else None

    def poll_device(self, device, now):
        self.polled.append((device, now))
        return self.patient

    def take_device(self, *_whose):
        if self.taken_meanwhile:
            return None
        self.device = replace(self.device, taken=True)
        return self.grants[GRANT.id]


def polled(stores, client=GOV24, code=CODE.text):
    return poll({"device_code": code}, client, stores, make_mint(), NOW)


def test_D_05_tokens_come_once():
    stores = DeviceStores()
    first = polled(stores)
    assert isinstance(first, Issued)
    assert first.answer["scope"] == " ".join(GRANT.scopes)
    assert stores.events == ["client:token:issued"]
    second = polled(stores)
    assert isinstance(second, Refused)
    assert second.error.code == "invalid_grant"
    assert len(stores.access) == 1
    assert stores.revoked == []  # a device that asks again after a lost answer keeps what it has


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"device": WAITING}, "authorization_pending"),
        ({"device": WAITING, "patient": False}, "slow_down"),
        ({"device": replace(WAITING, denied=True)}, "access_denied"),
        ({"device": replace(WAITING, expires_at=NOW)}, "expired_token"),
        ({"device": replace(APPROVED, expires_at=NOW)}, "expired_token"),
        ({"device": replace(APPROVED, taken=True)}, "invalid_grant"),
        ({"device": replace(APPROVED, taken=True, expires_at=NOW)}, "invalid_grant"),
        ({"taken_meanwhile": True}, "invalid_grant"),
        ({"grants": {GRANT.id: replace(GRANT, revoked=True)}}, "invalid_grant"),
        ({"grants": {GRANT.id: replace(GRANT, scopes=("admin",))}}, "invalid_grant"),
        ({"standings": {GRANT.id: replace(GOOD, person_active=False)}}, "invalid_grant"),
        ({"standings": {GRANT.id: replace(GOOD, credential_active=False)}}, "invalid_grant"),
        ({"standings": {GRANT.id: replace(GOOD, passkey_active=False)}}, "invalid_grant"),
        ({"standings": {GRANT.id: replace(GOOD, session_ended=True)}}, "invalid_grant"),
        ({"standings": {GRANT.id: replace(GOOD, consent_withdrawn=True)}}, "invalid_grant"),
    ],
    ids=str,
)
def test_D_06_D_07_every_other_state_has_its_word(changes, error):
    stores = DeviceStores(**changes)
    outcome = polled(stores)
    assert isinstance(outcome, Refused)
    assert outcome.error.code == error
    assert not stores.access
    assert len(stores.polled) == (error in {"authorization_pending", "slow_down"})


@pytest.mark.parametrize("code", ["x", "A" * 64, CODE.text + "=", CODE.text[:-1]])
def test_D_07_an_unknown_code_is_no_code(code):
    assert polled(DeviceStores(), code=code).error.code == "invalid_grant"


def test_D_07_another_clients_code_does_not_exist():
    assert polled(DeviceStores(), client=replace(GOV24, id="other")).error.code == "invalid_grant"


def test_a_request_without_a_code_is_malformed():
    with pytest.raises(InvalidRequest):
        poll({}, GOV24, DeviceStores(), make_mint(), NOW)
