"""/account/passkeys: the keys to a mobile ID. Named, added with both proofs anew, removed but for the last one."""

import json
import re
import unicodedata
from typing import Any
from uuid import UUID

from flask import Blueprint, Response

from idp.audit.catalogue import AuditRow, Event
from idp.authenticators.ceremony import CHALLENGE_BYTES, CHALLENGE_SECONDS, CeremonyRefused
from idp.authenticators.passkey_registration import NewPasskey, creation_options, verify_registration
from idp.delivery.mail import MailKind
from idp.keys.sealing import CannotOpen
from idp.pages.account_gate import Visit, act, look
from idp.pages.answers import go
from idp.pages.browser import end_session_cookie, ensure_browser
from idp.pages.letters import queue_letter
from idp.pages.refusals import PageRefused
from idp.pages.rendering import page, page_language, provider, say
from idp.pages.times import readable_day
from idp.people.record import UNPRINTABLE
from idp.storage import AlreadyTaken
from idp.storage.account import Account
from idp.storage.once import take
from idp.storage.passkeys import Passkeys
from idp.storage.people import People
from idp.storage.session_ends import SessionEnds

pages = Blueprint("account_passkeys", __name__)
MOST = 5
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
    return page("account/passkeys.html", passkeys=shown, may_add=active < MOST, most=MOST)


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
        visit.wired.tell_ended(transaction, ended, why="passkey removed", now=visit.now)
        queue_letter(transaction, visit.wired, visit.person, MailKind.PASSKEY_REMOVED, visit.now)
    if row == visit.session.passkey_id:
        end_session_cookie()
        return page("account/signed_out.html", here="/", everywhere=False)
    return go("/account/passkeys")


@pages.get("/account/passkeys/new")
def ask_new() -> Response:
    """The page that has another passkey made."""
    return _show_new(look(fresh=True))


def _show_new(visit: Visit, notice: str | None = None, name: str = "") -> Response:
    wired = visit.wired
    challenge = wired.random_bytes(CHALLENGE_BYTES)
    with wired.database.read() as reading:
        account = Account(reading, visit.person)
        found, person = account.passkeys(), account.person()
        existing = Passkeys(reading).ids_of(visit.person)
    if sum(one.state == "active" for one in found) >= MOST:
        raise PageRefused("account_passkeys_full", 409, "as many passkeys as there may be", client=visit.own)
    record = visit.record
    options = creation_options(
        challenge,
        rp_id=wired.settings.rp_id,
        rp_name=say("site.name"),
        user_handle=person.user_handle,
        display_name=(record.korean if page_language() == "ko" else record.latin).full,
        existing=existing,
        attestation=wired.attestations.can_vouch,
    )
    return page(
        "account/passkey_new.html",
        here="/account/passkeys/new",
        sealed=_seal(visit, challenge),
        options=json.dumps(options),
        notice=notice,
        name=name,
    )


@pages.post("/account/passkeys/new")
def add() -> Response:
    """The passkey that a device made: one more key to the same mobile ID."""
    visit, form = act(fresh=True)
    name = read_name(form.get("name", "")) or ""
    challenge = _unseal(visit, form.get("request", ""))
    if challenge is None:
        return _show_new(visit, "notice.page_expired", name)
    if not form.get("credential"):
        return _show_new(visit, "notice.passkey_cancelled", name)
    try:
        made = verify_registration(
            form["credential"],
            challenge=challenge,
            rp_id=visit.wired.settings.rp_id,
            origin=visit.wired.issuer,
            vouching=visit.wired.attestations,
            now=visit.now,
        )
        _add(visit, challenge, made, name)
    except (CeremonyRefused, AlreadyTaken):
        return _show_new(visit, "notice.passkey_not_created", name)
    return go("/account/passkeys")


def _add(visit: Visit, challenge: bytes, made: NewPasskey, name: str) -> None:
    """One transaction: the challenge is spent, the passkey counted and kept, the audit."""
    with visit.wired.database.begin() as transaction:
        account = Account(transaction, visit.person)
        account.hold(visit.now)
        found = account.passkeys()
        if not take(transaction, challenge, visit.now + CHALLENGE_SECONDS):
            raise AlreadyTaken("challenge")
        if sum(one.state == "active" for one in found) >= MOST:
            raise PageRefused("account_passkeys_full", 409, "as many passkeys as there may be", client=visit.own)
        credential = next(one.credential_id for one in found if one.id == visit.session.passkey_id)
        row = transaction.new_id()
        People(transaction).add_passkey(row, visit.person, credential, made, name=name, now=visit.now)
        detail = {
            "passkey": row,
            "aaguid": made.aaguid,
            "backup_eligible": made.backup_eligible,
            "attestation": made.attestation_format,
        }
        transaction.record(AuditRow(Event.PASSKEY_REGISTERED, visit.now, visit.person, detail=detail))
        queue_letter(transaction, visit.wired, visit.person, MailKind.PASSKEY_ADDED, visit.now)


def _seal(visit: Visit, challenge: bytes) -> str:
    document = json.dumps({"c": challenge.hex(), "t": visit.now}).encode()
    return visit.wired.sealers.page.seal(document, _context(visit)).hex()


def _unseal(visit: Visit, text: str) -> bytes | None:
    """The challenge of this session's page; None for one that lay open too long. Raises PageRefused for another's."""
    try:
        document = json.loads(visit.wired.sealers.page.open(bytes.fromhex(text), _context(visit)))
    except (ValueError, CannotOpen) as error:
        raise PageRefused("wrong_browser", 400, "passkey form of another session") from error
    if visit.now >= document["t"] + CHALLENGE_SECONDS:
        return None
    return bytes.fromhex(document["c"])


def _context(visit: Visit) -> bytes:
    return b"new-passkey:" + visit.session.id.bytes + ensure_browser(provider())


def _key(text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError:
        raise PageRefused("invalid_request", 400, "malformed key") from None
