"""`idp lab citizen`: a person whom the sign-in takes for a really enrolled one, and clear refusals."""

import json
from dataclasses import replace

import pytest
from click.testing import CliRunner

from idp.claims.userinfo import person_claims
from idp.demo.authenticator import SoftAuthenticator
from idp.demo.ceremony_encoding import from_base64url
from idp.demo.lab import lab
from idp.keys.sealing import row_context
from idp.people.record import Record
from idp.storage.passkeys import Passkeys
from tests.demo.conftest import NOW

NUMBER = "+4915112345678"


@pytest.fixture
def provider(app):
    return app.extensions["idp"]


@pytest.fixture
def run(app, provider):
    def run(*arguments: str, wired=provider):
        with app.app_context():
            return CliRunner().invoke(lab, ["citizen", *arguments], obj=wired)

    return run


def person(run, *arguments: str) -> dict[str, str]:
    done = run("--phone", NUMBER, "--json", *arguments)
    assert done.exit_code == 0, done.output
    return json.loads(done.stdout)


def holder(provider, made):
    with provider.database.read() as reading:
        return Passkeys(reading).find(from_base64url(made["credential_id"]), NOW)


def test_it_prints_exactly_what_a_driver_needs(run):
    made = person(run)
    assert list(made) == ["rp_id", "credential_id", "user_handle", "private_key", "phone", "person"]
    assert (made["rp_id"], made["phone"]) == ("localhost", NUMBER)
    assert len(from_base64url(made["user_handle"])) == 64


def test_the_private_key_belongs_to_the_passkey_that_the_provider_holds(run, provider):
    made = person(run)
    phone = SoftAuthenticator.from_json(
        {"passkeys": [made | {"user_name": "", "display_name": "", "sign_count": 0}]}, provider.random_bytes
    )
    assert holder(provider, made).passkey.public_key == phone.passkeys[0].cose_public_key


def test_the_person_may_sign_in_and_has_every_claim(run, provider):
    made = person(run)
    found = holder(provider, made)
    assert (found.passkey_active, found.person_active, found.credential_active) == (True, True, True)
    assert str(found.passkey.person_id) == made["person"]
    assert found.passkey.user_handle == from_base64url(made["user_handle"])
    number = provider.sealers.phone.open(found.phone_number, row_context("phones", "number", found.phone_id))
    assert (number.decode(), found.region) == (NUMBER, "DE")
    record = Record.from_json(
        provider.sealers.record.open(found.record, row_context("persons", "record", made["person"]))
    )
    assert len(person_claims(record, NUMBER)) > 20


def test_names_and_other_facts_can_be_given(run, provider):
    given = ("--name-ko", "홍 길동", "--name-en", "HONG GILDONG", "--birthdate", "1980-01-31", "--residence", "US")
    found = holder(provider, made := person(run, *given, "--language", "en"))
    record = Record.from_json(
        provider.sealers.record.open(found.record, row_context("persons", "record", made["person"]))
    )
    assert (record.korean.full, record.latin.full, record.birthdate) == ("홍길동", "HONG GILDONG", "1980-01-31")
    assert (record.residence, found.language) == ("US", "en")


def test_the_passkey_goes_onto_the_demo_phone_only_when_asked(run, memory):
    person(run)
    assert memory.look().passkeys == []
    made = person(run, "--demo-phone")
    assert [p.credential_id for p in memory.look().passkeys] == [from_base64url(made["credential_id"])]


def test_without_json_it_prints_one_readable_line_without_the_key(run):
    done = run("--phone", NUMBER, "--demo-phone", "--name-ko", "홍 길동")
    assert done.stdout.startswith("홍길동 (")
    assert done.stdout.count("\n") == 1


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--phone", "12345"], "--phone 12345: no message can reach this number (not_possible)"),
        (["--phone", "+4930123456"], "(fixed_line)"),
        (["--phone", NUMBER, "--name-ko", "홍길동"], "--name-ko takes family name and given name"),
        (["--phone", NUMBER, "--birthdate", "31.1.1980"], "birthdate must be a date"),
        (["--phone", NUMBER, "--residence", "Germany"], "residence must be an ISO 3166 region"),
    ],
)
def test_a_wrong_argument_gets_one_clear_line(run, arguments, said):
    done = run(*arguments)
    assert done.exit_code == 1
    assert said in done.stderr
    assert done.stderr.count("\n") == 1


def test_it_is_refused_where_demo_is_off(run, provider):
    done = run("--phone", NUMBER, wired=replace(provider, settings=replace(provider.settings, demo=False)))
    assert done.exit_code == 1
    assert done.stderr == "Error: idp lab works only with the setting demo = true, never in production\n"
