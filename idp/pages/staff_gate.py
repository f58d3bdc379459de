"""The gate before every page of staff: who sits there, whether their role lets them, and a passkey check for one act.

A page asks for an act (idp/staff/roles.py). Nobody signed in: 401. Signed in, but the role does not carry the act:
403. Both look at the database each time, so a removal holds at the next request in every worker.
"""

import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from binascii import Error as NotBase64
from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from typing import Any
from uuid import UUID

from flask import request

from idp.audit.catalogue import AuditRow, Event
from idp.authenticators.ceremony import CHALLENGE_BYTES, CHALLENGE_SECONDS, CeremonyRefused
from idp.authenticators.passkey import (
    CloneSuspected,
    StoredPasskey,
    Verified,
    read_assertion,
    request_options,
    verify_assertion,
)
from idp.keys.sealing import CannotOpen
from idp.pages.browser import ensure_browser, presented_staff_session
from idp.pages.refusals import PageRefused
from idp.pages.rendering import provider
from idp.provider import Provider
from idp.staff.member import Member
from idp.staff.roles import Act
from idp.storage import once
from idp.storage.staff import StaffMembers, StaffSessions

SIGN_IN = "/staff/sign-in"
MAX_SEALED = 16_384


class NotProven(Exception):
    """The passkey check proves nothing; `notice` is a key of the words, the message is for the log."""

    def __init__(self, notice: str, detail: str) -> None:
        """The person may simply try again."""
        super().__init__(detail)
        self.notice = notice


@dataclass(frozen=True, slots=True)
class Seat:
    """A member of staff in their session."""

    member: Member
    session: UUID


def seated(act: Act | None = None, *, watching: bool = False) -> Seat:
    """Who sits here; with an `act`, somebody who may do it. Raises PageRefused with 401 or 403.

    `watching` is a page that asks by itself for news: that is no sign of a person, so it does not keep the session.
    """
    wired, now = provider(), provider().clock()
    presented = presented_staff_session(wired)
    with wired.database.read() as reading:
        found = StaffSessions(reading).find(presented, now) if presented else None
    if found is None:
        here = f"{SIGN_IN}?next={request.path}" if request.method == "GET" and not watching else SIGN_IN
        raise PageRefused("staff_signed_out", 401, "no staff session", onward=(here, "staff.sign_in"))
    if act is not None and not found.member.may(act):
        raise PageRefused("staff_not_allowed", 403, f"{found.member.role.value} may not {act.value}", onward=HOME)
    if not watching and found.last_seen_at != now:
        with wired.database.begin() as step:
            StaffSessions(step).seen(found.session, now)
    return Seat(found.member, found.session)


HOME = ("/staff", "staff.to_home")


def ask_assertion(wired: Provider, content: Mapping[str, Any], context: bytes, allowed: list[bytes]) -> dict[str, str]:
    """What a passkey form carries: the options, and a sealed note of what the answer will be good for."""
    challenge = wired.random_bytes(CHALLENGE_BYTES)
    options = request_options(challenge, wired.settings.rp_id)
    options["allowCredentials"] = [
        {"type": "public-key", "id": urlsafe_b64encode(one).rstrip(b"=").decode()} for one in allowed
    ]
    note = {"c": challenge.hex(), "t": wired.clock(), "d": dict(content)}
    sealed = wired.sealers.page.seal(json.dumps(note, ensure_ascii=False).encode(), context)
    return {"options": json.dumps(options), "sealed": urlsafe_b64encode(sealed).decode()}


def read_note(wired: Provider, text: str, context: bytes) -> tuple[bytes, Mapping[str, Any]]:
    """The challenge and the content of a sealed note, in time. Raises NotProven."""
    if len(text) > MAX_SEALED:
        raise NotProven("staff.proof_old", "sealed note is too long")
    try:
        note = json.loads(wired.sealers.page.open(urlsafe_b64decode(text), context))
    except (NotBase64, ValueError, CannotOpen) as error:
        raise NotProven("staff.proof_old", "sealed note of another browser, session or act") from error
    if wired.clock() >= note["t"] + CHALLENGE_SECONDS:
        raise NotProven("staff.proof_old", "old challenge")
    return bytes.fromhex(note["c"]), note["d"]


def verified_passkey(wired: Provider, credential: str, challenge: bytes) -> tuple[StoredPasskey, Verified]:
    """The passkey of staff that answered. Writes nothing unless the key was copied. Raises NotProven."""
    if not credential:
        raise NotProven("notice.passkey_cancelled", "no answer")
    try:
        assertion = read_assertion(credential)
        with wired.database.read() as reading:
            stored = StaffMembers(reading).passkey(assertion.webauthn_id)
        if stored is None:
            raise NotProven("staff.passkey_unknown", "not a passkey of staff")
        verified = verify_assertion(
            assertion, stored, challenge=challenge, rp_id=wired.settings.rp_id, origin=wired.issuer
        )
    except CloneSuspected as clone:
        _suspend(wired, stored, clone)
        raise NotProven("staff.passkey_unknown", "sign count did not rise") from clone
    except CeremonyRefused as refused:
        raise NotProven("notice.passkey_failed", str(refused)) from refused
    return stored, verified


def _suspend(wired: Provider, stored: StoredPasskey | None, clone: CloneSuspected) -> None:
    """Two copies of one key are in use: stop it, whoever holds it (abuse case W-08)."""
    assert stored is not None
    now = wired.clock()
    with wired.database.begin() as step:
        if StaffMembers(step).suspend_passkey(stored.id, now):
            counts = {"stored": clone.stored, "presented": clone.presented}
            detail = {"member": stored.person_id, "passkey": stored.id, **counts}
            step.record(AuditRow(Event.STAFF_CLONE_SUSPECTED, now, detail=detail))


def _context(wired: Provider, seat: Seat, purpose: str) -> bytes:
    return b"staff-act:" + purpose.encode() + b":" + seat.session.bytes + ensure_browser(wired)


def ask_proof(wired: Provider, seat: Seat, purpose: str, content: Mapping[str, Any]) -> dict[str, str]:
    """A passkey check for one act: `content` travels sealed, so what is proven is exactly what was shown."""
    with wired.database.read() as reading:
        mine = StaffMembers(reading).passkeys_of(seat.member.id)
    return ask_assertion(wired, content, _context(wired, seat, purpose), mine)


def prove(wired: Provider, seat: Seat, form: Mapping[str, str], purpose: str) -> Mapping[str, Any]:
    """The content that this member has just confirmed with their passkey, once. Raises NotProven."""
    challenge, content = read_note(wired, form.get("request", ""), _context(wired, seat, purpose))
    stored, verified = verified_passkey(wired, form.get("credential", ""), challenge)
    if stored.person_id != seat.member.id:
        raise NotProven("staff.passkey_other", "passkey of another member")
    now = wired.clock()
    with wired.database.begin() as step:
        spent = sha256(b"staff act" + challenge).digest()
        if not once.take(step, spent, now + CHALLENGE_SECONDS):
            raise NotProven("staff.proof_old", "challenge was spent")
        if not StaffMembers(step).used(stored, verified.sign_count, now):
            raise NotProven("notice.passkey_failed", "another assertion of this passkey was faster")
    return content
