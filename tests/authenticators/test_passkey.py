"""WebAuthn Level 3 §7.2: what a good assertion proves, and every way in which one is none."""

import json
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from idp.authenticators.ceremony import CeremonyRefused
from idp.authenticators.passkey import CloneSuspected, _backup_state, read_assertion, request_options, verify_assertion
from idp.claims.assurance import Fact
from tests.authenticators.ceremonies import (
    CHALLENGE,
    HANDLE,
    ORIGIN,
    PHONE,
    RP_ID,
    STRANGER,
    asserted,
    b64,
    stored,
    text,
)

UP, UV, BE, BS = 0x01, 0x04, 0x08, 0x10


def verified(passkey=None, document=None, challenge=CHALLENGE, rp_id=RP_ID, origin=ORIGIN, **falsified):
    assertion = read_assertion(text(document or asserted(**falsified)))
    return verify_assertion(assertion, passkey or stored(), challenge=challenge, rp_id=rp_id, origin=origin)


def test_a_good_assertion_proves_passkey_and_person():
    found = verified(sign_count=5)
    assert found.sign_count == 5
    assert found.backed_up is False
    assert found.facts == {Fact.PASSKEY, Fact.USER_VERIFIED, Fact.DEVICE_BOUND}


@pytest.mark.parametrize(
    ("changes", "flags", "facts", "backed_up"),
    [
        ({}, UP | UV, {Fact.DEVICE_BOUND}, False),
        ({"attested": True}, UP | UV, {Fact.DEVICE_BOUND, Fact.ATTESTED}, False),
        ({"backup_eligible": True}, UP | UV | BE, set(), False),
        ({"backup_eligible": True}, UP | UV | BE | BS, set(), True),
        pytest.param(
            {"backup_eligible": True, "attested": True}, UP | UV | BE, set(), False, id="W-09 attested but not bound"
        ),
    ],
)
def test_W_09_the_facts_come_from_the_signed_flags(changes, flags, facts, backed_up):
    found = verified(stored(**changes), flags=flags)
    assert found.facts == {Fact.PASSKEY, Fact.USER_VERIFIED} | facts
    assert found.backed_up is backed_up


@pytest.mark.parametrize(
    "falsified",
    [
        pytest.param({"challenge": b64(b"x" * 32)}, id="W-01 another challenge"),
        pytest.param({"challenge": ""}, id="W-01 no challenge"),
        pytest.param({"type": "webauthn.create"}, id="W-01 of a registration"),
        pytest.param({"client_origin": "http://id.example.go.kr"}, id="W-02 http"),
        pytest.param({"client_origin": "https://evil.id.example.go.kr"}, id="W-02 sub-domain"),
        pytest.param({"client_origin": "https://id.example.go.kr:8443"}, id="W-02 other port"),
        pytest.param({"client_origin": "https://id.example.go.kr."}, id="W-02 trailing dot"),
        pytest.param({"client_origin": "null"}, id="W-02 null"),
        pytest.param({"rp_id": "example.go.kr"}, id="W-02 parent rpId"),
        pytest.param({"rp_id": "evil.test"}, id="W-02 other rpId"),
        pytest.param({"cross_origin": True}, id="W-03 crossOrigin"),
        pytest.param({"top_origin": ORIGIN}, id="W-03 topOrigin"),
        pytest.param({"cross_origin": True, "top_origin": "https://evil.test"}, id="W-03 both"),
        pytest.param({"flags": UP}, id="W-04 not verified"),
        pytest.param({"flags": UV}, id="W-04 not present"),
        pytest.param({"flags": 0}, id="W-04 neither"),
        pytest.param({"flags": UP | UV | BS}, id="W-09 backed up without eligibility"),
        pytest.param({"flags": UP | UV | BE}, id="W-09 eligibility changed"),
        pytest.param({"trailing": b"\0"}, id="W-11 trailing bytes"),
        pytest.param({"signature": b""}, id="no signature"),
        pytest.param({"signature": b"\x30\x06\x02\x01\x00\x02\x01\x00"}, id="signature of zeros"),
        pytest.param({"signing_key": STRANGER.passkeys[0]}, id="another key"),
        pytest.param({"user_handle": None}, id="no user handle"),
        pytest.param({"user_handle": b""}, id="empty user handle"),
        pytest.param({"user_handle": HANDLE[:-1]}, id="another person's handle"),
        pytest.param({"client_data": b""}, id="no client data"),
        pytest.param({"client_data": b"[]"}, id="client data is a list"),
        pytest.param({"client_data": b"\xff"}, id="client data is no text"),
        pytest.param({"client_data": b"{}"}, id="client data is empty"),
        pytest.param({"client_data": b'{"crossOrigin":' * 5_000}, id="D-09 deep client data"),
    ],
)
def test_W_01_W_02_W_03_W_04_W_09_W_11_an_assertion_that_proves_nothing(falsified):
    with pytest.raises(CeremonyRefused):
        verified(**falsified)


def test_the_strangers_key_is_another_one():
    assert STRANGER.passkeys[0].cose_public_key != PHONE.passkeys[0].cose_public_key


@pytest.mark.parametrize("value", ["true", 1, None, "false", []])
def test_W_03_crossOrigin_is_false_or_absent_and_nothing_else(value):
    document = {"type": "webauthn.get", "challenge": b64(CHALLENGE), "origin": ORIGIN, "crossOrigin": value}
    with pytest.raises(CeremonyRefused, match="frame"):
        verified(client_data=json.dumps(document).encode())


def test_W_03_an_absent_crossOrigin_is_no_frame():
    document = {"type": "webauthn.get", "challenge": b64(CHALLENGE), "origin": ORIGIN}
    assert verified(client_data=json.dumps(document).encode()).facts


def test_W_09_backed_up_without_eligibility_is_refused_whatever_the_library_does():
    with pytest.raises(CeremonyRefused, match="without being eligible"):
        _backup_state(bytes(32) + bytes([UP | UV | BS]), stored())


def test_W_09_a_passkey_that_was_eligible_cannot_become_bound():
    with pytest.raises(CeremonyRefused, match="eligibility"):
        verified(stored(backup_eligible=True), flags=UP | UV)


@pytest.mark.parametrize(
    ("before", "now", "clone"),
    [
        (0, 0, False),
        (0, 1, False),
        (1, 2, False),
        (5, 5, True),
        (5, 4, True),
        (5, 0, True),
        (2**32 - 2, 2**32 - 1, False),
    ],
)
def test_W_08_a_count_that_does_not_rise_shows_a_copy(before, now, clone):
    if not clone:
        assert verified(stored(sign_count=before), sign_count=now).sign_count == now
        return
    with pytest.raises(CloneSuspected) as suspected:
        verified(stored(sign_count=before), sign_count=now)
    assert (suspected.value.stored, suspected.value.presented) == (before, now)


def test_W_08_without_a_good_signature_nobody_can_cry_copy():
    with pytest.raises(CeremonyRefused) as refused:
        verified(stored(sign_count=5), sign_count=1, signature=b"x")
    assert not isinstance(refused.value, CloneSuspected)


@pytest.mark.parametrize("changes", [{"public_key": b""}, {"public_key": b"\xa0"}, {"user_handle": b"other"}])
def test_another_persons_row_does_not_verify(changes):
    with pytest.raises(CeremonyRefused):
        verified(replace(stored(), **changes))


@pytest.mark.parametrize("where", [{"challenge": b"y" * 32}, {"rp_id": "evil.test"}, {"origin": "https://evil.test"}])
def test_W_01_W_02_an_assertion_made_elsewhere_is_none_here(where):
    with pytest.raises(CeremonyRefused):
        verified(**where)


def test_W_10_the_options_tell_of_nobody_and_demand_verification():
    options = request_options(CHALLENGE, RP_ID)
    assert options["allowCredentials"] == []
    assert options["userVerification"] == "required"
    assert (options["challenge"], options["rpId"]) == (b64(CHALLENGE), RP_ID)


@pytest.mark.parametrize("member", ["clientDataJSON", "authenticatorData", "signature", "userHandle"])
@pytest.mark.parametrize("value", [None, 5, "", "!", "AAAA", "é", [], {}, "A" * 5_000])
def test_a_broken_member_is_refused(member, value):
    document = asserted()
    document["response"][member] = value
    with pytest.raises(CeremonyRefused):
        verified(document=document)


@pytest.mark.parametrize("member", ["clientDataJSON", "authenticatorData", "signature", "userHandle"])
def test_a_missing_member_is_refused(member):
    document = asserted()
    del document["response"][member]
    with pytest.raises(CeremonyRefused):
        verified(document=document)


@pytest.mark.parametrize("kind", ["", "password", None, 5])
def test_another_type_of_credential_is_refused(kind):
    with pytest.raises(CeremonyRefused):
        verified(document=asserted() | {"type": kind})


@pytest.mark.parametrize("attachment", ["platform", "cross-platform", "worn on the wrist", None])
def test_how_an_authenticator_is_attached_decides_nothing(attachment):
    """WebAuthn Level 3 §5.1: a value that is not known counts as none."""
    assert verified(document=asserted() | {"authenticatorAttachment": attachment}).facts


GOOD = asserted(sign_count=1)


@given(member=st.sampled_from(["clientDataJSON", "authenticatorData", "signature"]), raw=st.binary(max_size=90))
def test_any_bytes_in_a_member_are_refused_by_type(member, raw):
    document = json.loads(text(GOOD))
    document["response"][member] = b64(raw)
    with pytest.raises(CeremonyRefused):
        verified(document=document)
