"""What the consent page shows: the very values that UserInfo will give, grouped by scope."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import date
from functools import cache
from typing import Any, NamedTuple

from babel import Locale
from babel.dates import format_date

from idp.claims.scopes import SCOPES, scopes_to_ask
from idp.claims.userinfo import person_claims
from idp.keys.sealing import row_context
from idp.pages.language_names import language_name
from idp.pages.rendering import say
from idp.people.record import Record
from idp.protocol.authorization_details import Detail
from idp.protocol.client import Client
from idp.provider import Provider
from idp.storage.sign_ins import SignInRecord
from idp.telephony.numbers import country_name

SCRIPTS = {"#ko-Hang": "ko", "#en": "en"}
STATUS = {"current": "value.registered", "none": "value.not_registered", "struck_off": "value.struck_off"}
HIDDEN = frozenset({"email_verified", "phone_number_verified", "updated_at"})


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

    def printed(self, blank: Callable[[str], str]) -> "Entry":
        """The same with what is the person's left out of it."""
        rows = tuple(row._replace(value=blank(row.value)) if row.value else row for row in self.values)
        return self._replace(values=rows)


def consent_view(
    wired: Provider, sign_in: SignInRecord, client: Client, phone: str | None, language: str
) -> dict[str, Any]:
    """The variables of the consent page."""
    record = open_record(wired, sign_in.record, sign_in.person_id)
    claims = person_claims(record, phone)
    asked = scopes_to_ask(sign_in.request.scopes, sign_in.request.claims_request, client.scopes)
    entries = {scope: _entry(scope, claims, language) for scope in asked}
    return {
        "required": [entry for scope, entry in entries.items() if scope not in client.optional_scopes],
        "optional": [entry for scope, entry in entries.items() if scope in client.optional_scopes],
        "details": [_detail(one) for one in sign_in.request.authorization_details],
        "resources": tuple(sign_in.request.resources),
        "remembered": say("consent.year"),
        "who": masked_name(record, language),
    }


def _detail(detail: Detail) -> Entry:
    """One authorization in words: what the service may do once, and how (RFC 9396 §11.1)."""
    name = f"detail.{detail.type}"
    rows = [row(f"{name}.{field}", f"{name}.{field}.{value}", say_value=True) for field, value in detail.fields.items()]
    return Entry(detail.type, say(f"{name}.label"), tuple(rows))


def masked_name(record: Record, language: str) -> str:
    """Enough of the name for its owner to know it, not enough for somebody looking over their shoulder."""
    name = record.korean if language == "ko" else record.latin
    if not name.given:
        return _masked(name.family)
    return f"{name.family}{'' if language == 'ko' else ' '}{_masked(name.given)}"


def _masked(text: str) -> str:
    return text[:1] + "*" * max(1, len(text) - 1)


def _entry(scope: str, claims: Mapping[str, Any], language: str) -> Entry:
    values = [value for claim in SCOPES[scope] if claim in claims for value in _values(claim, claims[claim], language)]
    if scope == "openid":
        values = [row("claim.sub", "claim.openid.means", say_value=True)]
    elif scope == "offline_access":
        values = [row("claim.offline_access.label", "claim.offline_access.means", say_value=True)]
    return Entry(scope, say(f"claim.{scope}.label"), tuple(values))


def _values(claim: str, value: Any, language: str) -> Iterator[Row]:
    """One claim as rows of the page; claims that repeat another in other words are not shown twice."""
    if claim in HIDDEN or claim in {"name", "given_name", "family_name"}:
        return  # the untagged names are the Latin ones, which stand there with their script
    if claim.startswith(("given_name", "family_name")):
        return
    if claim == "address":
        yield row("claim.address", ", ".join(line for line in str(value.get("formatted", "")).splitlines() if line))
        return
    if claim == "overseas_registration":
        yield from _registration(value, language)
        return
    tag = next((tag for tag in SCRIPTS if claim.endswith(tag)), "")
    yield row(f"claim.{claim}", _readable(claim, value, language), SCRIPTS.get(tag))


def _registration(value: Mapping[str, str], language: str) -> Iterator[Row]:
    yield row("claim.overseas_registration.status", STATUS[value["status"]], say_value=True)
    yield row("claim.overseas_registration.as_of", readable_date(value["as_of"], language))
    yield row("claim.overseas_registration.mission", value["mission"])
    yield row("claim.enrolment_mission", value["enrolment_mission"])
    yield row("claim.country_of_residence", country_name(value["residence_country"], language))


def _readable(claim: str, value: Any, language: str) -> str:
    if claim == "birthdate":
        return readable_date(value, language)
    if claim == "gender" and value in {"female", "male"}:
        return say(f"value.{value}")
    if claim == "locale":
        return language_name(str(value), language)
    return str(value)


def readable_date(text: str, language: str) -> str:
    """An ISO date in words."""
    return str(format_date(date.fromisoformat(text), format="long", locale=_locale(language)))


@cache
def _locale(language: str) -> Locale:
    """One of ours: reading its name takes longer than writing a date."""
    return Locale.parse(language)


def row(label: str, value: str | None, lang: str | None = None, *, say_value: bool = False) -> Row:
    """One fact of a page: its label's key, its value (or the value's key), its language if it has another."""
    return Row(say(label), say(value) if say_value and value else value, lang)


def shared(scopes: Iterable[str], record: Record, phone: str | None, language: str) -> list[Entry]:
    """What a service may read of a person now, by the scopes that were agreed to."""
    claims = person_claims(record, phone)
    return [_entry(scope, claims, language) for scope in SCOPES if scope in set(scopes)]
