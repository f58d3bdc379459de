"""The demo phone's part in a ceremony: what it offers and answers, and what it will not take for one."""

import json
import os

import pytest
from hypothesis import given
from hypothesis import strategies as st

from idp.authenticators.passkey_registration import creation_options, verify_registration
from idp.demo.authenticator import CeremonyError, SoftAuthenticator
from idp.demo.ceremony_encoding import to_base64url
from idp.demo.phone_ceremonies import Kind, read_ceremony

ORIGIN = "http://localhost:9000"


def enrolment(name: str, challenge: bytes = b"c" * 32) -> str:
    return json.dumps(
        creation_options(
            challenge, rp_id="localhost", rp_name="Overseas ID", user_handle=os.urandom(64), display_name=name
        )
    )


def sign_in(**changes) -> str:
    return json.dumps({"challenge": "AAAA", "rpId": "localhost"} | changes)


@pytest.fixture
def phone():
    phone = SoftAuthenticator(os.urandom)
    for name in ("홍길동", "김하늘"):
        read_ceremony(Kind.ENROL, enrolment(name), ORIGIN).answer(phone, None)
    return phone


def test_it_makes_a_passkey_that_the_provider_accepts():
    ceremony = read_ceremony(Kind.ENROL, enrolment("홍길동"), ORIGIN)
    answer = ceremony.answer(SoftAuthenticator(os.urandom), None)
    assert verify_registration(answer, challenge=b"c" * 32, rp_id="localhost", origin=ORIGIN).webauthn_id


def test_it_offers_its_passkeys_newest_first_and_answers_with_the_chosen_one(phone):
    ceremony = read_ceremony(Kind.SIGN_IN, sign_in(), ORIGIN)
    choices = ceremony.choices(phone)
    assert [choice.name for choice in choices] == ["김하늘", "홍길동"]
    assert json.loads(ceremony.answer(phone, choices[1].id))["id"] == choices[1].id


def test_it_offers_only_what_the_page_allows(phone):
    held = to_base64url(phone.passkeys[0].credential_id)
    allowed = [{"type": "public-key", "id": held}]
    assert [c.id for c in read_ceremony(Kind.SIGN_IN, sign_in(allowCredentials=allowed), ORIGIN).choices(phone)] == [
        held
    ]


def test_an_enrolment_offers_nothing_to_choose(phone):
    assert read_ceremony(Kind.ENROL, enrolment("이마루"), ORIGIN).choices(phone) == []


@pytest.mark.parametrize("options", [None, "", "{", "[]", "null", "1", "[" * 15_000, " " * 16_385])
def test_what_is_no_object_is_refused(options):
    with pytest.raises(CeremonyError, match="TypeError"):
        read_ceremony(Kind.SIGN_IN, options, ORIGIN)


def take(kind: Kind, options: str, phone: SoftAuthenticator, choice: str | None) -> None:
    ceremony = read_ceremony(kind, options, ORIGIN)
    ceremony.choices(phone)
    ceremony.answer(phone, choice)


@pytest.mark.parametrize(
    ("kind", "options", "choice"),
    [
        (Kind.SIGN_IN, "{}", None),
        (Kind.SIGN_IN, sign_in(allowCredentials=[1]), None),
        (Kind.SIGN_IN, sign_in(allowCredentials=[{"id": "!"}]), None),
        (Kind.SIGN_IN, sign_in(), "not base64url!"),
        (Kind.SIGN_IN, sign_in(rpId="evil.example"), None),
        (Kind.SIGN_IN, sign_in(), "AAAA"),
        (Kind.ENROL, "{}", None),
        (Kind.ENROL, json.dumps({"rp": {"id": "localhost"}, "pubKeyCredParams": [], "user": 1}), None),
        (Kind.ENROL, sign_in(), None),
    ],
)
def test_options_of_another_shape_end_the_ceremony(phone, kind, options, choice):
    with pytest.raises(CeremonyError):
        take(kind, options, phone, choice)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=10,
)


MEMBERS = (
    "rpId",
    "challenge",
    "allowCredentials",
    "rp",
    "user",
    "pubKeyCredParams",
    "excludeCredentials",
    "attestation",
)


@given(kind=st.sampled_from(Kind), options=st.fixed_dictionaries({}, optional=dict.fromkeys(MEMBERS, JSON)))
def test_no_options_break_the_phone(kind, options):
    try:
        take(kind, json.dumps(options), SoftAuthenticator(os.urandom), None)
    except CeremonyError:
        return
    assert kind is Kind.ENROL  # an empty phone answers no sign-in
