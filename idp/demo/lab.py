"""`idp lab`: makes people for test drivers and for the demonstration. The group's `ctx.obj` is a Provider."""

import json
from typing import Any

import click

from idp.demo.ceremony_encoding import to_base64url
from idp.demo.citizens import citizen_record
from idp.demo.enrolled import enrol_at_once
from idp.demo.officers import counter, officer
from idp.demo.passkey import Passkey
from idp.demo.phone_memory import PhoneMemory
from idp.demo.suite import suite
from idp.people.record import InvalidRecord, Record, read_record
from idp.provider import Provider
from idp.telephony.numbers import NumberRefused, PhoneNumber, parse_number


@click.group()
@click.pass_obj
def lab(wired: Provider) -> None:
    """Make fictitious people. Only where `demo` is on."""
    if not wired.settings.demo:
        raise click.ClickException("idp lab works only with the setting demo = true, never in production")


@lab.command()
@click.option("--phone", "number", required=True, help="Their number, in E.164: +4915112345678.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object, for a test driver.")
@click.option("--demo-phone", is_flag=True, help="Put their passkey on the demo phone too.")
@click.option("--name-ko", metavar="FAMILY GIVEN", help="Name in Hangul, such as '홍 길동'.")
@click.option("--name-en", metavar="FAMILY GIVEN", help="Name in Latin script, such as 'HONG GILDONG'.")
@click.option("--gender", type=click.Choice(["female", "male"]))
@click.option("--birthdate", metavar="YYYY-MM-DD")
@click.option("--email")
@click.option("--residence", metavar="REGION", help="ISO 3166 region; by default that of the number.")
@click.option("--language", type=click.Choice(["ko", "en"]), default="ko", show_default=True)
@click.pass_obj
def citizen(
    wired: Provider, /, number: str, *, as_json: bool, demo_phone: bool, language: str, **given: str | None
) -> None:
    """Enrol a person with a complete record, as if they had been to a mission; prints how to be them."""
    phone = _phone(number)
    record = _record(wired, phone, given)
    passkey = Passkey.new(
        rp_id=wired.settings.rp_id,
        user_handle=wired.random_bytes(64),
        user_name=record.korean.full,
        display_name=f"{record.korean.full} {record.latin.full}",
        random_bytes=wired.random_bytes,
    )
    person = enrol_at_once(wired, record, phone, passkey, language)  # the passport is new, so nobody has it
    if demo_phone:
        with PhoneMemory(wired.settings.var, wired.random_bytes).use() as held:
            held.add(passkey)
    answer = {
        "rp_id": passkey.rp_id,
        "credential_id": to_base64url(passkey.credential_id),
        "user_handle": to_base64url(passkey.user_handle),
        "private_key": to_base64url(passkey.pkcs8),
        "phone": phone.e164,
        "person": str(person),
    }
    click.echo(json.dumps(answer) if as_json else _readable(record, answer, on_demo_phone=demo_phone))


lab.add_command(suite)
lab.add_command(officer)
lab.add_command(counter)


def _phone(text: str) -> PhoneNumber:
    try:
        return parse_number(text, None, fictional=True)
    except NumberRefused as refused:
        raise click.ClickException(
            f"--phone {text}: no message can reach this number ({refused.reason}); try a mobile one"
        ) from refused


def _record(wired: Provider, phone: PhoneNumber, given: dict[str, str | None]) -> Record:
    values: dict[str, Any] = {name: given[name] for name in ("gender", "birthdate", "email")}
    try:
        return read_record(
            citizen_record(
                given["residence"] or phone.region,
                random_bytes=wired.random_bytes,
                now=wired.clock(),
                korean=_name("--name-ko", given["name_ko"]),
                latin=_name("--name-en", given["name_en"]),
                **values,
            )
        )
    except InvalidRecord as error:
        raise click.ClickException(str(error)) from error


def _name(option: str, text: str | None) -> tuple[str, str] | None:
    if text is None:
        return None
    family, _, name = text.strip().partition(" ")
    if not name.strip():
        raise click.ClickException(f"{option} takes family name and given name with a space between them")
    return family, name.strip()


def _readable(record: Record, answer: dict[str, str], *, on_demo_phone: bool) -> str:
    where = "the demo phone holds the passkey" if on_demo_phone else "the passkey is only in the JSON form (--json)"
    return f"{record.korean.full} ({record.latin.full}), {answer['phone']}, person {answer['person']}; {where}"
