"""The software authenticator against py_webauthn, the verifier the provider itself uses."""

import json
from collections.abc import Callable
from itertools import count
from typing import Any

import pytest
from webauthn import verify_authentication_response, verify_registration_response
from webauthn.helpers.exceptions import InvalidAuthenticationResponse, InvalidRegistrationResponse

from idp.demo.authenticator import AAGUID, NO_AAGUID, CeremonyError, SoftAuthenticator
from idp.demo.ceremony_encoding import from_base64url, to_base64url
from idp.demo.passkey import Passkey

ORIGIN = "https://id.example.kr"
RP_ID = "id.example.kr"
CHALLENGE = bytes(range(32))
HANDLE = b"\x07" * 64


def counted() -> Callable[[int], bytes]:
    """A source of "random" bytes that never repeats and always gives the same sequence."""
    numbers = count(1)
    return lambda size: next(numbers).to_bytes(size, "big")


def creation_options(**changes: Any) -> dict[str, Any]:
    return {
        "rp": {"id": RP_ID, "name": "Overseas ID"},
        "user": {"id": to_base64url(HANDLE), "name": "hong", "displayName": "Hong"},
        "challenge": to_base64url(CHALLENGE),
        "pubKeyCredParams": [{"type": "public-key", "alg": -7}, {"type": "public-key", "alg": -257}],
        "attestation": "none",
    } | changes


def request_options(**changes: Any) -> dict[str, Any]:
    return {"challenge": to_base64url(CHALLENGE), "rpId": RP_ID, "userVerification": "required"} | changes


def verify_registration(answer: dict[str, Any]) -> Any:
    return verify_registration_response(
        credential=json.dumps(answer),
        expected_challenge=CHALLENGE,
        expected_rp_id=RP_ID,
        expected_origin=ORIGIN,
        require_user_verification=True,
    )


def verify_assertion(answer: dict[str, Any], passkey: Passkey, sign_count: int = 0) -> Any:
    return verify_authentication_response(
        credential=json.dumps(answer),
        expected_challenge=CHALLENGE,
        expected_rp_id=RP_ID,
        expected_origin=ORIGIN,
        credential_public_key=passkey.cose_public_key,
        credential_current_sign_count=sign_count,
        require_user_verification=True,
    )


@pytest.fixture
def phone() -> SoftAuthenticator:
    return SoftAuthenticator(counted())


@pytest.fixture
def enrolled(phone: SoftAuthenticator) -> SoftAuthenticator:
    phone.create(creation_options(), ORIGIN)
    return phone


@pytest.mark.parametrize(
    ("asked", "forced", "fmt", "aaguid"),
    [
        ("none", None, "none", NO_AAGUID),
        ("indirect", None, "none", NO_AAGUID),
        ("direct", None, "packed", AAGUID),
        ("none", "packed", "packed", AAGUID),
    ],
)
def test_a_registration_is_accepted_by_an_independent_verifier(phone, asked, forced, fmt, aaguid):
    answer = phone.create(creation_options(attestation=asked), ORIGIN, attestation=forced)
    verified = verify_registration(answer)
    assert verified.fmt == fmt
    assert verified.aaguid.replace("-", "") == aaguid.hex()
    assert verified.user_verified
    assert verified.credential_public_key == phone.passkeys[0].cose_public_key
    assert answer["id"] == to_base64url(verified.credential_id)


def test_an_assertion_is_accepted_and_counts_up(enrolled):
    first = verify_assertion(enrolled.get(request_options(), ORIGIN), enrolled.passkeys[0])
    second = verify_assertion(enrolled.get(request_options(), ORIGIN), enrolled.passkeys[0], sign_count=1)
    assert (first.new_sign_count, second.new_sign_count) == (1, 2)
    assert second.user_verified
    assert not second.credential_backed_up


def test_an_assertion_names_the_account(enrolled):
    answer = enrolled.get(request_options(), ORIGIN)
    assert from_base64url(answer["response"]["userHandle"]) == HANDLE


FALSIFIED = [
    {"type": "webauthn.other"},
    {"challenge": to_base64url(b"another challenge")},
    {"client_origin": "https://id.example.kr.evil.example"},
    {"rp_id": "evil.example"},
    {"flags": 0x40},
    {"flags": 0x41},
    {"client_data": b"not json"},
]


@pytest.mark.parametrize("lie", FALSIFIED, ids=str)
def test_a_falsified_registration_reaches_the_verifier_as_told(phone, lie):
    with pytest.raises(InvalidRegistrationResponse):
        verify_registration(phone.create(creation_options(), ORIGIN, **lie))


@pytest.mark.parametrize(
    "lie",
    [*FALSIFIED, {"signature": b"\x30\x00"}, {"signing_key": None}, {"trailing": b"\x00"}],
    ids=str,
)
def test_a_falsified_assertion_reaches_the_verifier_as_told(enrolled, lie):
    if "signing_key" in lie:
        lie = {"signing_key": authenticator_of("thief").passkeys[0]}
    flags = {"flags": lie["flags"] & 0x05} if "flags" in lie else {}
    with pytest.raises(InvalidAuthenticationResponse):
        verify_assertion(enrolled.get(request_options(), ORIGIN, **(lie | flags)), enrolled.passkeys[0])


def authenticator_of(name: str) -> SoftAuthenticator:
    phone = SoftAuthenticator(lambda size: name.encode().rjust(size, b"\x00"))
    phone.create(creation_options(), ORIGIN)
    return phone


def test_a_falsified_counter_is_not_remembered(enrolled):
    answer = enrolled.get(request_options(), ORIGIN, sign_count=0)
    assert verify_assertion(answer, enrolled.passkeys[0]).new_sign_count == 0
    assert enrolled.passkeys[0].sign_count == 1


@pytest.mark.parametrize(
    ("lie", "member", "value"),
    [
        ({"cross_origin": True}, "crossOrigin", True),
        ({"top_origin": "https://evil.example"}, "topOrigin", "https://evil.example"),
    ],
)
def test_W_03_facts_that_the_library_ignores_stand_in_the_client_data(enrolled, lie, member, value):
    answer = enrolled.get(request_options(), ORIGIN, **lie)
    assert json.loads(from_base64url(answer["response"]["clientDataJSON"]))[member] == value


def test_the_user_handle_can_be_left_out(enrolled):
    assert "userHandle" not in enrolled.get(request_options(), ORIGIN, user_handle=None)["response"]


def test_one_account_has_one_passkey_per_authenticator(enrolled):
    before = enrolled.passkeys[0].credential_id
    enrolled.create(creation_options(), ORIGIN)
    assert len(enrolled.passkeys) == 1
    assert enrolled.passkeys[0].credential_id != before


def test_the_person_chooses_among_several_and_the_newest_is_first(enrolled):
    enrolled.create(creation_options(user={"id": "Ag", "name": "kim", "displayName": "Kim"}), ORIGIN)
    assert [p.user_name for p in enrolled.discover(RP_ID)] == ["kim", "hong"]
    oldest = enrolled.passkeys[0].credential_id
    assert from_base64url(enrolled.get(request_options(), ORIGIN, oldest)["id"]) == oldest


def created(**options: Any) -> Callable[[SoftAuthenticator], Any]:
    return lambda phone: phone.create(creation_options(**options), ORIGIN)


def asked(origin: str = ORIGIN, chosen: bytes | None = None, **options: Any) -> Callable[[SoftAuthenticator], Any]:
    return lambda phone: phone.get(request_options(**options), origin, chosen)


@pytest.mark.parametrize(
    ("name", "ceremony"),
    [
        ("SecurityError", created(rp={"id": "other.example", "name": "x"})),
        ("SecurityError", created(rp={"id": "xample.kr", "name": "x"})),
        ("NotSupportedError", created(pubKeyCredParams=[{"type": "public-key", "alg": -257}])),
        ("SecurityError", asked(origin="https://evil.example")),
        ("NotAllowedError", asked(rpId="example.kr")),
        ("NotAllowedError", asked(allowCredentials=[{"type": "public-key", "id": "AAAA"}])),
        ("NotAllowedError", asked(chosen=b"not here")),
    ],
)
def test_a_ceremony_ends_as_in_a_browser(enrolled, name, ceremony):
    with pytest.raises(CeremonyError) as refused:
        ceremony(enrolled)
    assert refused.value.name == name


def test_an_excluded_passkey_is_not_made_again(enrolled):
    held = {"type": "public-key", "id": to_base64url(enrolled.passkeys[0].credential_id)}
    with pytest.raises(CeremonyError, match="InvalidStateError"):
        enrolled.create(creation_options(excludeCredentials=[held]), ORIGIN)


def test_it_survives_its_own_json(enrolled):
    copy = SoftAuthenticator.from_json(json.loads(json.dumps(enrolled.to_json())), counted())
    assert copy.to_json() == enrolled.to_json()
    assert verify_assertion(copy.get(request_options(), ORIGIN), enrolled.passkeys[0]).new_sign_count == 1


@pytest.mark.parametrize(
    "key", ["", "AAAA", "not base64!", "MC4CAQAwBQYDK2VwBCIEIAABAgMEBQYHCAkKCwwNDg8QERITFBUWFxgZGhscHR4f"]
)
def test_a_private_key_of_another_kind_is_refused(enrolled, key):
    value = enrolled.passkeys[0].to_json() | {"private_key": key}
    with pytest.raises(ValueError, match=r".+"):
        Passkey.from_json(value)


@pytest.mark.parametrize("text", ["A", "AA=A", "A+/A", "AA AA"])
def test_text_that_is_not_base64url_is_refused(text):
    with pytest.raises(ValueError, match=r".+"):
        from_base64url(text)
