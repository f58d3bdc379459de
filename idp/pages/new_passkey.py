"""/account/passkeys/new: one more key to a mobile ID, whoever may add it, in one place and one way.

Two may: somebody who gave both proofs within the last minutes, and whoever was issued the mobile ID in this very
browser just now, at a counter or by a link. For the latter there is no session yet, and nothing else is open to them
but this and the other ways to prove oneself (owner.py).
"""

import json
from dataclasses import dataclass
from uuid import UUID

from flask import Blueprint, Response

from idp.audit.catalogue import AuditRow, Event
from idp.authenticators.ceremony import CHALLENGE_BYTES, CHALLENGE_SECONDS, CeremonyRefused
from idp.authenticators.passkey_registration import NewPasskey, creation_options, verify_registration
from idp.credential.enrolment import MOST_PASSKEYS
from idp.delivery.mail import MailKind
from idp.keys.sealing import CannotOpen
from idp.pages.account_gate import act, look, own_pages
from idp.pages.account_passkeys import read_name
from idp.pages.account_ways import show_ways
from idp.pages.answers import go
from idp.pages.browser import ensure_browser
from idp.pages.consent_view import open_record
from idp.pages.forms import read_form
from idp.pages.owner import Owner, find_owner
from idp.pages.refusals import PageRefused
from idp.pages.rendering import page, page_language, provider, say
from idp.provider import Provider
from idp.storage import AlreadyTaken, Transaction
from idp.storage.account import Account
from idp.storage.once import take
from idp.storage.passkeys import Passkeys
from idp.storage.people import People

pages = Blueprint("new_passkey", __name__)
HERE = "/account/passkeys/new"


@dataclass(frozen=True, slots=True)
class Adder:
    """Somebody who may add a passkey now."""

    wired: Provider
    owner: Owner
    bound_to: bytes  # the session, or the enrolment's person: a page of another one opens nothing
    now: int

    @property
    def person(self) -> UUID:
        """Whose key it will be."""
        return self.owner.person_id

    @property
    def context(self) -> bytes:
        """What a sealed challenge of this page belongs to."""
        return b"new-passkey:" + self.bound_to + ensure_browser(self.wired)


def _just_enrolled(wired: Provider) -> Adder | None:
    owner = find_owner(wired)
    if owner is None or owner.passkey_id is not None:
        return None
    return Adder(wired, owner, owner.person_id.bytes, wired.clock())


@pages.get("/account/passkeys/new")
def ask_new() -> Response:
    """The page that has another passkey made. Nothing is written."""
    adder = _just_enrolled(provider())
    if adder is None:
        visit = look(fresh=True)
        owner = Owner(visit.person, visit.session.passkey_id)
        adder = Adder(visit.wired, owner, visit.session.id.bytes, visit.now)
    return _show(adder)


@pages.post("/account/passkeys/new")
def add() -> Response:
    """The passkey that a device made: one more key to the same mobile ID."""
    adder = _just_enrolled(provider())
    if adder is None:
        visit, form = act(fresh=True)
        adder = Adder(visit.wired, Owner(visit.person, visit.session.passkey_id), visit.session.id.bytes, visit.now)
    else:
        form = read_form()
    name = read_name(form.get("name", "")) or ""
    challenge = _unseal(adder, form.get("request", ""))
    if challenge is None:
        return _show(adder, "notice.page_expired", name)
    if not form.get("credential"):
        return _show(adder, "notice.passkey_cancelled", name)
    try:
        made = verify_registration(
            form["credential"],
            challenge=challenge,
            rp_id=adder.wired.settings.rp_id,
            origin=adder.wired.issuer,
            vouching=adder.wired.attestations,
            now=adder.now,
        )
        _add(adder, challenge, made, name)
    except (CeremonyRefused, AlreadyTaken):
        return _show(adder, "notice.passkey_not_created", name)
    return _added(adder, made)


def _added(adder: Adder, made: NewPasskey) -> Response:
    if adder.owner.passkey_id is not None:
        return go("/account/passkeys")
    return show_ways(
        adder.wired,
        adder.owner,
        notice="account.passkey_synced" if made.backup_eligible else "account.passkey_added",
    )


def _show(adder: Adder, notice: str | None = None, name: str = "") -> Response:
    wired, challenge = adder.wired, adder.wired.random_bytes(CHALLENGE_BYTES)
    with wired.database.read() as reading:
        account = Account(reading, adder.person)
        found, person = account.passkeys(), account.person()
        existing = Passkeys(reading).ids_of(adder.person)
    if sum(one.state == "active" for one in found) >= MOST_PASSKEYS:
        raise _full()
    record = open_record(wired, person.record, adder.person)
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
        here=HERE,
        sealed=_seal(adder, challenge),
        options=json.dumps(options),
        notice=notice,
        name=name,
        signed_in=adder.owner.passkey_id is not None,
    )


def _full() -> PageRefused:
    return PageRefused("account_passkeys_full", 409, "as many passkeys as there may be", client=own_pages(provider()))


def _add(adder: Adder, challenge: bytes, made: NewPasskey, name: str) -> None:
    """One transaction: the challenge is spent, the passkey counted and kept, the audit, every channel."""
    wired, now = adder.wired, adder.now
    with wired.database.begin() as step:
        account = Account(step, adder.person)
        account.hold(now)
        if not take(step, challenge, now + CHALLENGE_SECONDS):
            raise AlreadyTaken("challenge")
        if sum(one.state == "active" for one in account.passkeys()) >= MOST_PASSKEYS:
            raise _full()
        row = step.new_id()
        People(step).add_passkey(row, adder.person, _credential(step, adder), made, name=name, now=now)
        detail = {
            "passkey": row,
            "aaguid": made.aaguid,
            "backup_eligible": made.backup_eligible,
            "attestation": made.attestation_format,
        }
        step.record(AuditRow(Event.PASSKEY_REGISTERED, now, adder.person, detail=detail))
        wired.notices.tell(step, adder.person, "passkey_added", now)
        wired.letters.write(step, adder.person, MailKind.PASSKEY_ADDED, now)


def _credential(step: Transaction, adder: Adder) -> UUID:
    """The mobile ID that the key is for: that of the passkey they came with, else the one just issued."""
    account = Account(step, adder.person)
    of_passkey = {one.id: one.credential_id for one in account.passkeys()}
    active = [one.id for one in account.credentials() if one.state == "active" and one.expires_at > adder.now]
    wanted = of_passkey.get(adder.owner.passkey_id) if adder.owner.passkey_id else (active or [None])[-1]
    if wanted is None or wanted not in active:
        raise PageRefused("credential_inactive", 403, "no active credential", client=own_pages(adder.wired))
    found: UUID = wanted
    return found


def _seal(adder: Adder, challenge: bytes) -> str:
    document = json.dumps({"c": challenge.hex(), "t": adder.now}).encode()
    return adder.wired.sealers.page.seal(document, adder.context).hex()


def _unseal(adder: Adder, text: str) -> bytes | None:
    """The challenge of this page; None for one that lay open too long. Raises PageRefused for another's."""
    try:
        document = json.loads(adder.wired.sealers.page.open(bytes.fromhex(text), adder.context))
    except (ValueError, CannotOpen) as error:
        raise PageRefused("wrong_browser", 400, "passkey form of another session") from error
    if adder.now >= document["t"] + CHALLENGE_SECONDS:
        return None
    return bytes.fromhex(document["c"])
