"""WebAuthn Level 3 §7.1: what a new passkey must prove."""

import json
from base64 import urlsafe_b64decode

import cbor2
import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from hypothesis import given
from hypothesis import strategies as st

from idp.authenticators.ceremony import CeremonyRefused
from idp.authenticators.passkey_registration import ALGORITHMS, MIN_RSA_BITS, creation_options, verify_registration
from tests.authenticators.ceremonies import CHALLENGE, CREATION, HANDLE, ORIGIN, RP_ID, asserted, b64, registered, text

UP, UV, BE, BS, AT, ED = 0x01, 0x04, 0x08, 0x10, 0x40, 0x80


def verified(document=None, challenge=CHALLENGE, rp_id=RP_ID, origin=ORIGIN, **falsified):
    posted = text(registered(**falsified) if document is None else document)
    return verify_registration(posted, challenge=challenge, rp_id=rp_id, origin=origin)


@pytest.mark.parametrize("attestation", ["none", "packed"])
def test_a_good_registration_becomes_a_passkey(attestation):
    document = registered(attestation=attestation)
    new = verified(document)
    assert b64(new.webauthn_id) == document["id"]
    assert (new.attestation_format, new.transports) == (attestation, "hybrid internal")
    assert (new.backup_eligible, new.backed_up) == (False, False)
    assert new.public_key


@pytest.mark.parametrize("attachment", ["platform", "cross-platform", "worn on the wrist", None])
def test_how_an_authenticator_is_attached_decides_nothing(attachment):
    """WebAuthn Level 3 §5.1: a value that is not known counts as none."""
    assert verified(registered() | {"authenticatorAttachment": attachment}).public_key


@pytest.mark.parametrize(
    ("flags", "eligible", "backed_up"),
    [(UP | UV | AT, False, False), (UP | UV | AT | BE, True, False), (UP | UV | AT | BE | BS, True, True)],
)
def test_W_09_the_backup_flags_are_kept(flags, eligible, backed_up):
    new = verified(flags=flags)
    assert (new.backup_eligible, new.backed_up) == (eligible, backed_up)


@pytest.mark.parametrize(
    "falsified",
    [
        pytest.param({"challenge": b64(b"x" * 32)}, id="W-01 another challenge"),
        pytest.param({"type": "webauthn.get"}, id="W-01 of an assertion"),
        pytest.param({"client_origin": "http://id.example.go.kr"}, id="W-02 http"),
        pytest.param({"client_origin": "https://evil.id.example.go.kr"}, id="W-02 sub-domain"),
        pytest.param({"client_origin": "https://id.example.go.kr:8443"}, id="W-02 other port"),
        pytest.param({"client_origin": "null"}, id="W-02 null"),
        pytest.param({"rp_id": "evil.test"}, id="W-02 other rpId"),
        pytest.param({"cross_origin": True}, id="W-03 crossOrigin"),
        pytest.param({"top_origin": ORIGIN}, id="W-03 topOrigin"),
        pytest.param({"flags": UP | AT}, id="W-04 not verified"),
        pytest.param({"flags": UV | AT}, id="W-04 not present"),
        pytest.param({"flags": UP | UV}, id="no credential"),
        pytest.param({"flags": UP | UV | AT | BS}, id="W-09 backed up without eligibility"),
        pytest.param({"flags": UP | UV | AT | ED}, id="extensions that are not there"),
        pytest.param({"trailing": b"\0"}, id="W-11 trailing bytes"),
        pytest.param({"attestation": "packed", "signature": b"x"}, id="W-06 attestation with a wrong signature"),
        pytest.param({"client_data": b"{}"}, id="client data is empty"),
        pytest.param({"client_data": b"[]"}, id="client data is a list"),
    ],
)
def test_W_01_W_02_W_03_W_04_W_06_W_09_W_11_a_registration_that_proves_nothing(falsified):
    with pytest.raises(CeremonyRefused):
        verified(**falsified)


@pytest.mark.parametrize("where", [{"challenge": b"y" * 32}, {"rp_id": "evil.test"}, {"origin": "https://evil.test"}])
def test_W_01_W_02_a_registration_made_elsewhere_is_none_here(where):
    with pytest.raises(CeremonyRefused):
        verified(**where)


def test_W_01_an_assertion_is_no_registration():
    with pytest.raises(CeremonyRefused):
        verified(asserted())


def with_cose_key(key):
    """A registration whose attested key is `key` (a COSE map or bytes)."""
    document = registered()
    attestation = cbor2.loads(urlsafe_b64decode(document["response"]["attestationObject"] + "=="))
    data = attestation["authData"]
    id_length = int.from_bytes(data[53:55], "big")
    raw = key if isinstance(key, bytes) else cbor2.dumps(key)
    attestation["authData"] = data[: 55 + id_length] + raw
    document["response"]["attestationObject"] = b64(cbor2.dumps(attestation))
    return document


def rsa_cose(bits, alg=-257, modulus=None):
    numbers = rsa.generate_private_key(65537, bits).public_key().public_numbers() if modulus is None else None
    n = numbers.n.to_bytes(bits // 8, "big") if numbers else modulus
    return {1: 3, 3: alg, -1: n, -2: (65537).to_bytes(3, "big")}


def test_an_rsa_key_of_2048_bits_is_accepted():
    assert verified(with_cose_key(rsa_cose(MIN_RSA_BITS))).public_key


@pytest.mark.parametrize(
    "key",
    [
        pytest.param(rsa_cose(1024), id="W-05 1,024 bits"),
        pytest.param(rsa_cose(2048, -65535), id="W-05 RSA with SHA-1"),
        pytest.param(rsa_cose(2048, -37), id="W-05 an algorithm that was not offered"),
        pytest.param({1: 2, 3: -35, -1: 2, -2: b"x" * 48, -3: b"y" * 48}, id="W-05 P-384"),
        pytest.param({1: 2, 3: -7, -1: 1, -2: b"x" * 32, -3: b"y" * 32}, id="not on the curve"),
        pytest.param({1: 2, 3: -7, -1: 1, -2: b"", -3: b""}, id="no point"),
        pytest.param({1: 1, 3: -8, -1: 6, -2: b"x"}, id="short Ed25519 key"),
        pytest.param({1: 99, 3: -7}, id="unknown type"),
        pytest.param({}, id="empty map"),
        pytest.param(b"", id="no key"),
        pytest.param(b"\xa1", id="half a map"),
        pytest.param(b"\x9f" * 4_000, id="W-11 CBOR bomb"),
        pytest.param(b"\xbb" + b"\xff" * 8, id="W-11 endless map"),
    ],
)
def test_W_05_W_11_a_key_that_the_policy_does_not_take(key):
    with pytest.raises(CeremonyRefused):
        verified(with_cose_key(key))


def with_format(fmt, statement=None):
    document = registered()
    attestation = cbor2.loads(urlsafe_b64decode(document["response"]["attestationObject"] + "=="))
    attestation |= {"fmt": fmt, "attStmt": statement or {}}
    document["response"]["attestationObject"] = b64(cbor2.dumps(attestation))
    return document


@pytest.mark.parametrize("fmt", ["packed", "tpm", "android-key", "fido-u2f", "apple", "unknown", "", 5, None, [], {}])
def test_W_05_W_06_a_format_without_its_statement_is_refused(fmt):
    with pytest.raises(CeremonyRefused):
        verified(with_format(fmt))


def test_a_statement_where_there_should_be_none_is_refused():
    with pytest.raises(CeremonyRefused):
        verified(with_format("none", {"sig": b"x"}))


@pytest.mark.parametrize(
    ("transports", "kept"),
    [
        (["usb", "nfc"], "nfc usb"),
        (["usb", "usb", "telepathy", 5, None], "usb"),
        ("usb", ""),
        (None, ""),
        ({"usb": 1}, ""),
        ([], ""),
    ],
)
def test_only_known_transports_are_kept_because_they_are_not_signed(transports, kept):
    document = registered()
    document["response"]["transports"] = transports
    if transports is None:
        del document["response"]["transports"]
    assert verified(document).transports == kept


def test_the_options_ask_for_a_discoverable_verified_passkey_of_our_algorithms():
    assert CREATION["authenticatorSelection"] == {
        "residentKey": "required",
        "requireResidentKey": True,
        "userVerification": "required",
    }
    assert (
        [entry["alg"] for entry in CREATION["pubKeyCredParams"]] == [int(alg) for alg in ALGORITHMS] == [-7, -8, -257]
    )
    assert CREATION["user"]["id"] == b64(HANDLE)
    assert CREATION["excludeCredentials"] == []


def test_passkeys_that_exist_are_excluded():
    options = creation_options(
        CHALLENGE, rp_id=RP_ID, rp_name="x", user_handle=HANDLE, display_name="x", existing=[b"a", b"b"]
    )
    assert [entry["id"] for entry in options["excludeCredentials"]] == [b64(b"a"), b64(b"b")]


GOOD = text(registered())
OBJECT = urlsafe_b64decode(json.loads(GOOD)["response"]["attestationObject"] + "==")


@given(st.integers(0, len(OBJECT) - 1), st.binary(max_size=6), st.booleans())
def test_W_11_any_change_of_the_attestation_is_a_passkey_or_a_typed_refusal(place, patch, cut):
    changed = OBJECT[:place] + patch + (b"" if cut else OBJECT[place + len(patch) :])
    document = json.loads(GOOD)
    document["response"]["attestationObject"] = b64(changed)
    try:
        verified(document)
    except CeremonyRefused:
        return
