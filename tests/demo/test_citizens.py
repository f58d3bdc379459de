"""Fictitious nationals have every claim, and never the same person twice."""

import os

import pytest

from idp.claims.userinfo import person_claims
from idp.demo.citizens import HOMES, citizen_record
from idp.people.record import read_record

NOW = 1_800_000_000
STANDARD = {  # OpenID Connect Core 1.0 §5.1 and §5.4, scope by scope
    *(
        "name",
        "family_name",
        "given_name",
        "middle_name",
        "nickname",
        "preferred_username",
        "profile",
        "picture",
    ),
    *("website", "gender", "birthdate", "zoneinfo", "locale", "updated_at"),
    *("email", "email_verified", "address", "phone_number", "phone_number_verified"),
}


@pytest.mark.parametrize("residence", [*HOMES, "BR"])
def test_a_record_yields_every_standard_claim(residence):
    record = read_record(citizen_record(residence, random_bytes=os.urandom, now=NOW))
    claims = person_claims(record, "+4915112345678")
    assert STANDARD - claims.keys() == set()
    assert claims["overseas_registration"]["residence_country"] == residence
    assert set(claims["address"]) == {
        "formatted",
        "street_address",
        "locality",
        "region",
        "postal_code",
        "country",
    }


def test_what_is_given_is_kept():
    record = citizen_record(
        "US",
        random_bytes=os.urandom,
        now=NOW,
        korean=("홍", "길동"),
        latin=("HONG", "GILDONG"),
        gender="male",
        birthdate="1980-01-31",
        email="hong@mail.example",
    )
    assert read_record(record).korean.full == "홍길동"
    assert read_record(record).latin.full == "HONG GILDONG"
    assert (record["gender"], record["birthdate"], record["email"]) == (
        "male",
        "1980-01-31",
        "hong@mail.example",
    )


@pytest.mark.parametrize("dice", [b"\x00", b"\xff"])
def test_every_throw_of_the_dice_is_an_adult_with_a_passport(dice):
    record = read_record(citizen_record("DE", random_bytes=lambda size: dice * size, now=NOW))
    assert "1960-01-01" <= record.birthdate <= "2004-12-31"
    assert len(record.passport) == 9


def test_two_people_have_different_passports():
    passports = {citizen_record("DE", random_bytes=os.urandom, now=NOW)["passport"] for _ in range(50)}
    assert len(passports) == 50
