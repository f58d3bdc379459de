"""Whose passkey it is, and to which phone of theirs a code goes: a person has one phone, but the tables allow more."""

from uuid import UUID

import pytest
from sqlalchemy import select

from idp.storage.models import Phone, SignIn
from idp.storage.passkeys import Passkeys
from idp.storage.sign_ins import SignIns

OTHER = UUID("00000000-0000-7000-8000-000000000007")


@pytest.fixture
def at_code(either_ground):
    """A ground on which somebody is asked for their code."""
    browser = either_ground.browser()
    browser.authorize(either_ground.register())
    browser.passkey(either_ground.enrol())
    return either_ground


def another_phone(ground, verified_at: int) -> None:
    (citizen,) = ground.citizens
    with ground.provider.database.begin() as step:
        (phone,) = step.all(select(Phone.__table__))
        values = phone._asdict() | {"id": OTHER, "person_id": citizen.person, "verified_at": verified_at}
        step.add(Phone, **values)


def phones_found(ground) -> set[UUID]:
    """By the passkey, and by the sign-in under way."""
    (citizen,), now = ground.citizens, ground.clock()
    with ground.provider.database.read() as reading:
        (row,) = reading.all(select(SignIn.id, SignIn.browser))
        holder = Passkeys(reading).find(citizen.passkey.credential_id, now)
        sign_in = SignIns(reading).find(row.id, row.browser, now)
    return {holder.phone_id, sign_in.phone_id}


@pytest.mark.parametrize(("later", "other"), [(1, True), (-1, False)])
def test_of_several_phones_it_is_the_one_verified_last(at_code, later, other):
    (own,) = phones_found(at_code)
    another_phone(at_code, at_code.clock() + later)
    assert phones_found(at_code) == {OTHER if other else own}


def test_what_nobody_has_is_not_found(at_code):
    with at_code.provider.database.read() as reading:
        assert Passkeys(reading).find(b"unknown", at_code.clock()) is None
        assert SignIns(reading).find(OTHER, b"browser", at_code.clock()) is None
