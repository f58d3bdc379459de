"""What the consent page shows: the very values that UserInfo will give, grouped by scope."""

from collections.abc import Callable, Iterable, Mapping
from datetime import date
from typing import Any, NamedTuple

from idp.claims.scopes import SCOPES, scopes_to_ask
from idp.claims.userinfo import person_claims
from idp.keys.sealing import row_context
from idp.pages.language_names import language_name
from idp.pages.rendering import say, speaker
from idp.pages.times import long_date
from idp.people.record import Record
from idp.protocol.authorization_details import Detail
from idp.protocol.client import Client
from idp.provider import Provider
from idp.storage.sign_ins import SignInRecord
from idp.telephony.numbers import country_name

SCRIPTS = {"#ko-Hang": "ko", "#en": "en"}
STATUS = {"current": "value.registered", "none": "value.not_registered", "struck_off": "value.struck_off"}
HIDDEN = frozenset({"email_verified", "phone_number_verified", "updated_at", "name", "given_name", "family_name"})
"""Claims that repeat another in other words: the untagged names are the Latin ones, which stand there tagged."""
MEANS = {"openid": "claim.sub", "offline_access": "claim.offline_access.label"}
"""Scopes that give a right instead of a value say what it means, under these labels."""

Put = Callable[[str], str]
"""What stands on the page for a value of the person's: the value, or a blank."""


def open_record(wired: Provider, sealed: bytes, person: object) -> Record:
    """The record of a person."""
    return Record.from_json(wired.sealers.record.open(sealed, row_context("persons", "record", person)))


class Row(NamedTuple):
    """One fact of a page."""

    label: str
    value: str | None
    lang: str | None = None  # of the value, where it is another than the page's


class Entry(NamedTuple):
    """What belongs to one scope, or to one authorization in detail."""

    scope: str
    label: str
    values: tuple[Row, ...]


def consent_view(
    wired: Provider, sign_in: SignInRecord, client: Client, phone: str | None, language: str, put: Put
) -> dict[str, Any]:
    """The variables of the consent page, all but who the person is."""
    record = open_record(wired, sign_in.record, sign_in.person_id)
    claims = person_claims(record, phone)
    asked = scopes_to_ask(sign_in.request.scopes, sign_in.request.claims_request, client.scopes)
    entries = [_entry(scope, claims, language, put) for scope in asked]
    return {
        "required": tuple([entry for entry in entries if entry.scope not in client.optional_scopes]),
        "optional": tuple([entry for entry in entries if entry.scope in client.optional_scopes]),
        "details": tuple([_detail(one, put) for one in sign_in.request.authorization_details]),
        "resources": tuple(sign_in.request.resources),
        "remembered": say("consent.year"),
        "who": masked_name(record, language),
    }


def _detail(detail: Detail, put: Put) -> Entry:
    """One authorization in words: what the service may do once, and how (RFC 9396 §11.1)."""
    name = f"detail.{detail.type}"
    speak = speaker()
    rows = [
        Row(speak(f"{name}.{field}"), put(speak(f"{name}.{field}.{value}"))) for field, value in detail.fields.items()
    ]
    return Entry(detail.type, say(f"{name}.label"), tuple(rows))


def masked_name(record: Record, language: str) -> str:
    """Enough of the name for its owner to know it, not enough for somebody looking over their shoulder."""
    name = record.korean if language == "ko" else record.latin
    if not name.given:
        return _masked(name.family)
    return f"{name.family}{'' if language == 'ko' else ' '}{_masked(name.given)}"


def _masked(text: str) -> str:
    return text[:1] + "*" * max(1, len(text) - 1)


def _entry(scope: str, claims: Mapping[str, Any], language: str, put: Put) -> Entry:
    speak = speaker()
    label = speak(f"claim.{scope}.label")
    if scope in MEANS:
        return Entry(scope, label, (Row(speak(MEANS[scope]), speak(f"claim.{scope}.means")),))
    rows = []
    for claim, key, lang in SHOWN[scope]:
        if claim in claims:
            value = _readable(claim, claims[claim], language, speak)
            rows.append(Row(speak(key), put(value) if value else value, lang))
    if scope == "overseas":
        facts = _registration(claims["overseas_registration"], language, speak)
        rows += [Row(speak(key), put(value) if value else value) for key, value in facts]
    return Entry(scope, label, tuple(rows))


def _shown(claims: Iterable[str]) -> list[tuple[str, str, str | None]]:
    """The claims of a scope that have a row of their own, with the key of its label and the language of its value."""
    parts = ("given_name", "family_name", "overseas_registration")
    own = [claim for claim in claims if claim not in HIDDEN and not claim.startswith(parts)]
    tags = {claim: claim[claim.find("#") :] if "#" in claim else "" for claim in own}
    return [(claim, f"claim.{claim}", SCRIPTS.get(tags[claim])) for claim in own]


SHOWN = {scope: _shown(claims) for scope, claims in SCOPES.items()}


def _registration(value: Mapping[str, str], language: str, speak: Callable[..., str]) -> list[tuple[str, str]]:
    return [
        ("claim.overseas_registration.status", speak(STATUS[value["status"]])),
        ("claim.overseas_registration.as_of", readable_date(value["as_of"], language)),
        ("claim.overseas_registration.mission", value["mission"]),
        ("claim.enrolment_mission", value["enrolment_mission"]),
        ("claim.country_of_residence", country_name(value["residence_country"], language)),
    ]


def _readable(claim: str, value: Any, language: str, speak: Callable[..., str]) -> str:
    if claim == "birthdate":
        return readable_date(value, language)
    if claim == "gender" and value in {"female", "male"}:
        return speak(f"value.{value}")
    if claim == "locale":
        return language_name(str(value), language)
    if claim == "address":
        return ", ".join([line for line in str(value.get("formatted", "")).splitlines() if line])
    return str(value)


def readable_date(text: str, language: str) -> str:
    """An ISO date in words."""
    return long_date(date.fromisoformat(text), language)


def row(label: str, value: str | None, lang: str | None = None, *, say_value: bool = False) -> Row:
    """One fact of a page: its label's key, its value (or the value's key), its language if it has another."""
    return Row(say(label), say(value) if say_value and value else value, lang)


def shared(scopes: Iterable[str], record: Record, phone: str | None, language: str) -> list[Entry]:
    """What a service may read of a person now, by the scopes that were agreed to."""
    claims = person_claims(record, phone)
    return [_entry(scope, claims, language, str) for scope in SCOPES if scope in set(scopes)]
