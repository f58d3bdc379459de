"""/account: what a person sees of themself. What was shared with whom, where they are signed in, what happened."""

import json
from typing import Any
from uuid import UUID

from flask import Blueprint, Response, make_response

from idp.audit.catalogue import AuditRow, Event
from idp.keys.sealing import row_context
from idp.pages.account_data import all_data, data_groups
from idp.pages.account_gate import Visit, act, look
from idp.pages.account_history import entries, service_name
from idp.pages.answers import go
from idp.pages.browser import choose_language_cookie, end_session_cookie
from idp.pages.consent_view import shared
from idp.pages.feedback import waiting
from idp.pages.missions import mission_name
from idp.pages.refusals import PageRefused
from idp.pages.rendering import page, page_language, say, words
from idp.pages.times import readable_day, readable_time
from idp.storage.account import Account, Happened
from idp.storage.session_ends import SessionEnds
from idp.storage.sessions import IDLE_SECONDS, Sessions

pages = Blueprint("account", __name__)
SHOWN_EVENTS = 100
GIVEN = frozenset({Event.CODE_ISSUED.tag, Event.CONSENT_GIVEN.tag, Event.TOKENS_ISSUED.tag, Event.DEVICE_APPROVED.tag})
"""Acts by which a service comes to what was agreed to."""


@pages.get("/account")
def home() -> Response:
    """The way to everything else."""
    visit = look()
    with visit.wired.database.read() as reading:
        account = Account(reading, visit.person)
        person, passkeys = account.person(), account.passkeys()
        credential = account.credentials()[-1]
        consents, asked = account.consents(visit.now), waiting(reading, visit.person, visit.now)
    record = visit.record
    name = record.korean if page_language() == "ko" else record.latin
    return page(
        "account/home.html",
        name=name.full,
        mission=mission_name(visit.wired, credential.mission),
        expires=readable_day(credential.expires_at),
        services=len(consents),
        asked=asked.value if asked is not None else None,
        passkeys=sum(one.state == "active" for one in passkeys),
        chosen=person.language,
        choices=[(code, words().say(code, "site.language")) for code in words().languages],
    )


@pages.post("/account/language")
def language() -> Response:
    """The language of messages and pages."""
    visit, form = act()
    chosen = form.get("language", "")
    if chosen not in words().languages:
        raise PageRefused("invalid_request", 400, "no such language")
    with visit.wired.database.begin() as transaction:
        Account(transaction, visit.person).choose_language(chosen, visit.now)
        transaction.record(AuditRow(Event.LANGUAGE_CHOSEN, visit.now, visit.person, detail={"language": chosen}))
    choose_language_cookie(chosen)
    return go("/account")


@pages.get("/account/services")
def services() -> Response:
    """What each service may read, since when, and when it last did."""
    visit = look()
    with visit.wired.database.read() as reading:
        account = Account(reading, visit.person)
        consents, happened, phone = account.consents(visit.now), account.happened(), _phone(visit, account)
    shown = [_service(visit, one, happened, phone) for one in consents]
    return page("account/services.html", services=shown)


def _service(visit: Visit, consent: Any, happened: list[Happened], phone: str | None) -> dict[str, Any]:
    given = next((one.at for one in happened if one.client == consent.client_id and one.event in GIVEN), None)
    client = visit.wired.clients.find(consent.client_id)
    return {
        "id": consent.client_id,
        "name": service_name(visit.wired, consent.client_id),
        "uri": client.client_uri if client is not None and client.enabled else None,
        "since": readable_day(consent.granted_at),
        "until": readable_day(consent.expires_at),
        "last": readable_time(given) if given else None,
        "shared": shared(consent.scopes.split(), visit.record, phone, page_language()),
        "declined": [say(f"claim.{scope}.label") for scope in consent.declined.split()],
    }


@pages.post("/account/services/withdraw")
def withdraw() -> Response:
    """Take consent back: the service's tokens end at once, and it is told that its session has ended."""
    visit, form = act()
    client_id = form.get("service", "")
    with visit.wired.database.begin() as transaction:
        visits = Account(transaction, visit.person).sessions_at(client_id)
        if Sessions(transaction).withdraw(visit.person, client_id, visit.now):
            transaction.record(AuditRow(Event.CONSENT_WITHDRAWN, visit.now, visit.person, client_id))
            visit.wired.logouts.tell_withdrawn(transaction, client_id, visit.person, visits, visit.now)
    return go("/account/services")


@pages.get("/account/sessions")
def sessions() -> Response:
    """Where the person is signed in now."""
    visit = look()
    with visit.wired.database.read() as reading:
        account = Account(reading, visit.person)
        started = {
            str(one.detail.get("session")): one for one in account.happened() if one.event == Event.SESSION_STARTED.tag
        }
        known = [UUID(row) for row in started]
        live = account.sessions([visit.session.id, *known], visit.now, visit.now - IDLE_SECONDS)
    return page("account/sessions.html", sessions=[_session(visit, one, started.get(one.id.hex)) for one in live])


def _session(visit: Visit, row: Any, started: Happened | None) -> dict[str, Any]:
    kind = started.detail.get("on", "unknown") if started else "unknown"
    return {
        "id": row.id,
        "here": row.id == visit.session.id,
        "kind": kind,
        "at": service_name(visit.wired, started.client) if started and started.client else None,
        "began": readable_time(row.auth_time),
        "seen": readable_time(row.last_seen_at),
    }


@pages.post("/account/sessions/end")
def end_session() -> Response:
    """End one session, or all of them, this one too."""
    visit, form = act()
    everywhere = form.get("session") == "all"
    with visit.wired.database.begin() as transaction:
        ends = SessionEnds(transaction)
        if everywhere:
            ended = ends.of_person(visit.person, visit.now)
        else:
            ended = ends.end_own(_key(form.get("session", "")), visit.person, visit.now)
        visit.wired.logouts.tell_ended(transaction, ended, why="account page", now=visit.now)
    if everywhere or any(one.id == visit.session.id for one in ended):
        end_session_cookie()
        return page("account/signed_out.html", here="/", everywhere=everywhere)
    return go("/account/sessions")


@pages.get("/account/history")
def history() -> Response:
    """What happened, newest first: sign-ins, what was shared, and every act of somebody in office."""
    visit = look()
    with visit.wired.database.read() as reading:
        happened = Account(reading, visit.person).happened()
    return page("account/history.html", entries=entries(visit.wired, happened)[:SHOWN_EVENTS])


@pages.get("/account/data")
def data() -> Response:
    """Everything that is kept about the person, to read."""
    visit = look()
    with visit.wired.database.read() as reading:
        account = Account(reading, visit.person)
        groups = data_groups(visit, account, _phone(visit, account))
    return page("account/data.html", groups=groups)


@pages.post("/account/data.json")
def data_file() -> Response:
    """The same as a file."""
    visit, _ = act()
    with visit.wired.database.begin() as transaction:
        account = Account(transaction, visit.person)
        found = all_data(visit, account, _phone(visit, account))
        transaction.record(AuditRow(Event.DATA_TAKEN, visit.now, visit.person))
    response = make_response(json.dumps(found, ensure_ascii=False, indent=2) + "\n")
    response.headers["Content-Type"] = "application/json; charset=utf-8"
    response.headers["Content-Disposition"] = 'attachment; filename="my-data.json"'
    return response


def _phone(visit: Visit, account: Account) -> str | None:
    """The present number, E.164."""
    phones = account.phones()
    if not phones:
        return None
    sealer = visit.wired.sealers.phone
    return sealer.open(phones[0].number, row_context("phones", "number", phones[0].id)).decode()


def _key(text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError:
        raise PageRefused("invalid_request", 400, "malformed key") from None
