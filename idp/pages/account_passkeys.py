"""/account/passkeys: the keys to a mobile ID. Named, and removed but for the last one. Adding: new_passkey.py."""

import re
import unicodedata
from typing import Any
from uuid import UUID

from flask import Blueprint, Response

from idp.audit.catalogue import AuditRow, Event
from idp.credential.enrolment import MOST_PASSKEYS
from idp.delivery.mail import MailKind
from idp.pages.account_gate import Visit, act, look
from idp.pages.answers import go
from idp.pages.browser import end_session_cookie
from idp.pages.refusals import PageRefused
from idp.pages.rendering import page, say
from idp.pages.times import readable_day
from idp.people.record import UNPRINTABLE
from idp.storage.account import Account
from idp.storage.session_ends import SessionEnds

pages = Blueprint("account_passkeys", __name__)
LONGEST_NAME = 40
NOT_NAMED = re.compile(r"[A-Z]{2}|", re.ASCII)  # what issuing calls a passkey: the region of its holder's number


@pages.get("/account/passkeys")
def passkeys() -> Response:
    """Every passkey: what it is called, where it lives, when it was last used."""
    visit = look()
    with visit.wired.database.read() as reading:
        found = Account(reading, visit.person).passkeys()
    active = sum(one.state == "active" for one in found)
    shown = [_shown(visit, one, active) for one in found]
    return page("account/passkeys.html", passkeys=shown, may_add=active < MOST_PASSKEYS, most=MOST_PASSKEYS)


def _shown(visit: Visit, one: Any, active: int) -> dict[str, Any]:
    return {
        "id": one.id,
        "name": passkey_name(one),
        "given": "" if NOT_NAMED.fullmatch(one.name) else one.name,
        "here": one.id == visit.session.passkey_id,
        "synced": one.backup_eligible,
        "active": one.state == "active",
        "created": readable_day(one.created_at),
        "used": readable_day(one.last_used_at) if one.last_used_at else None,
        "removable": active > 1 or one.state != "active",
    }


def passkey_name(one: Any) -> str:
    """The name its holder gave, or when it was made."""
    if NOT_NAMED.fullmatch(one.name):
        return say("account_passkeys.unnamed", day=readable_day(one.created_at))
    return str(one.name)


@pages.post("/account/passkeys/rename")
def rename() -> Response:
    """Another name."""
    visit, form = act()
    name = read_name(form.get("name", ""))
    if name is None:
        raise PageRefused("account_name", 400, "no name, too long, or unprintable", client=visit.own)
    row = _key(form.get("passkey", ""))
    with visit.wired.database.begin() as transaction:
        if Account(transaction, visit.person).rename_passkey(row, name):
            transaction.record(AuditRow(Event.PASSKEY_RENAMED, visit.now, visit.person, detail={"passkey": row}))
    return go("/account/passkeys")


def read_name(typed: str) -> str | None:
    """A name as it is kept, or None for one that cannot be shown."""
    name = " ".join(unicodedata.normalize("NFC", typed).split())
    printable = not any(unicodedata.category(c) in UNPRINTABLE for c in name)
    return name if 0 < len(name) <= LONGEST_NAME and printable else None


@pages.get("/account/passkeys/<uuid:row>/remove")
def ask_removal(row: UUID) -> Response:
    """What removing would mean."""
    visit = look(fresh=True)
    with visit.wired.database.read() as reading:
        found = Account(reading, visit.person).passkeys()
    mine = next((one for one in found if one.id == row), None)
    if mine is None:
        raise PageRefused("not_found", 404, "no such passkey of this person", client=visit.own)
    others = [one for one in found if one.state == "active" and one.id != row]
    return page(
        "account/passkey_remove.html",
        row=row,
        name=passkey_name(mine),
        last=not others,
        here_used=row == visit.session.passkey_id,
    )


@pages.post("/account/passkeys/remove")
def remove() -> Response:
    """Remove a passkey, and end what it opened. The last one stays: without it nobody could come back."""
    visit, form = act(fresh=True)
    row = _key(form.get("passkey", ""))
    with visit.wired.database.begin() as transaction:
        account = Account(transaction, visit.person)
        account.hold(visit.now)
        if not any(one.state == "active" and one.id != row for one in account.passkeys()):
            raise PageRefused("account_last_passkey", 409, "the last passkey", client=visit.own)
        if not account.remove_passkey(row):
            raise PageRefused("not_found", 404, "no such passkey of this person", client=visit.own)
        transaction.record(AuditRow(Event.PASSKEY_REMOVED, visit.now, visit.person, detail={"passkey": row}))
        ended = SessionEnds(transaction).of_passkey(visit.person, row, visit.now)
        visit.wired.logouts.tell_ended(transaction, ended, why="passkey removed", now=visit.now)
        visit.wired.letters.write(transaction, visit.person, MailKind.PASSKEY_REMOVED, visit.now)
    if row == visit.session.passkey_id:
        end_session_cookie()
        return page("account/signed_out.html", here="/", everywhere=False)
    return go("/account/passkeys")


def _key(text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError:
        raise PageRefused("invalid_request", 400, "malformed key") from None
