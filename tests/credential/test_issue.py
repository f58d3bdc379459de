"""Issuing: four rows, everything personal sealed where it stands, one passport one person."""

from dataclasses import replace
from itertools import count
from uuid import UUID

import pytest

from idp.authenticators.passkey_registration import NewPasskey
from idp.credential.enrolment import CREDENTIAL_SECONDS
from idp.credential.issue import AlreadyEnrolled, Keys, issue_credential
from idp.keys.fingerprints import Fingerprints
from idp.keys.sealing import CannotOpen, Sealer, row_context
from idp.keys.secrets import Purpose
from idp.people.record import Record
from idp.telephony.numbers import parse_number
from tests.credential.fakes import MemoryPeople
from tests.ground import PHONE, RECORD
from tests.keys.examples import SECRETS, counting_bytes
from tests.protocol.examples import NOW

LOOK_UP = Fingerprints(SECRETS, Purpose.LOOK_UP, lasting=True)
SEAL_RECORD = Sealer(SECRETS, Purpose.RECORD, counting_bytes())
SEAL_PHONE = Sealer(SECRETS, Purpose.PHONE_NUMBER, counting_bytes())
PASSKEY = NewPasskey(
    webauthn_id=b"id",
    public_key=b"key",
    sign_count=0,
    aaguid="00000000-0000-0000-0000-000000000000",
    attestation_format="none",
    transports="",
    backup_eligible=False,
    backed_up=False,
)


def issued(people, record):
    ids = count(1)
    return issue_credential(
        people,
        Keys(SEAL_RECORD, SEAL_PHONE, LOOK_UP, lambda: UUID(int=next(ids))),
        record=record,
        phone=parse_number(PHONE, None, fictional=True),
        passkey=PASSKEY,
        user_handle=b"h" * 64,
        language="ko",
        mission="주독일대사관",
        now=NOW,
    )


def test_the_rows_belong_together():
    people = MemoryPeople()
    made = issued(people, RECORD)
    assert people.rows["person"]["id"] == made.person
    assert people.rows["credential"]["id"] == made.credential
    assert people.rows["passkey"]["id"] == made.passkey
    assert people.rows["passkey"]["credential"] == made.credential
    assert {row["person"] for kind, row in people.rows.items() if kind != "person"} == {made.person}
    assert people.rows["credential"]["expires_at"] == NOW + CREDENTIAL_SECONDS
    assert people.rows["passkey"]["new"] is PASSKEY
    assert len({row["id"] for row in people.rows.values()}) == 4


def test_M_07_record_and_number_are_sealed_in_their_own_rows():
    people = MemoryPeople()
    made = issued(people, RECORD)
    record, phone = people.rows["person"]["record"], people.rows["phone"]
    assert Record.from_json(SEAL_RECORD.open(record, row_context("persons", "record", made.person))) == RECORD
    assert SEAL_PHONE.open(phone["sealed"], row_context("phones", "number", phone["id"])) == PHONE.encode()
    with pytest.raises(CannotOpen):
        SEAL_PHONE.open(phone["sealed"], row_context("phones", "number", made.person))
    assert PHONE not in repr(people.rows)
    assert "GILDONG" not in repr(people.rows)


def test_rows_are_found_by_fingerprints():
    people = MemoryPeople()
    issued(people, replace(RECORD, passport="M12345678"))
    assert people.rows["phone"]["fingerprint"] == LOOK_UP.of("phone", PHONE)
    assert people.rows["person"]["identifier"] == LOOK_UP.of("passport", "M12345678")
    assert people.rows["phone"]["region"] == "DE"


def test_a_record_without_passport_has_no_identifier():
    people = MemoryPeople()
    issued(people, RECORD)
    assert people.rows["person"]["identifier"] is None


def test_one_passport_one_person():
    people = MemoryPeople(known={LOOK_UP.of("passport", "M12345678"): UUID(int=99)})
    with pytest.raises(AlreadyEnrolled):
        issued(people, replace(RECORD, passport="M12345678"))
    assert not people.rows
    issued(people, replace(RECORD, passport="M12345679"))
    assert people.rows
