"""Adding ways to prove oneself: an authenticator app, a sheet of printed codes, another passkey.

A secret that is not yet confirmed travels sealed through its page, so a page that is left leaves nothing behind.
"""

import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from uuid import UUID

from flask import Response

from idp.audit.catalogue import AuditRow, Event
from idp.authenticators import phone_code, printed_code, totp
from idp.authenticators.ceremony import CHALLENGE_BYTES, CeremonyRefused
from idp.authenticators.passkey_registration import NewPasskey, creation_options, verify_registration
from idp.delivery.mail import MailKind
from idp.interaction.sealed_request import SealBroken
from idp.interaction.second_challenge import seal_challenge, unseal_challenge
from idp.keys.sealing import CannotOpen, row_context
from idp.pages.browser import ensure_browser
from idp.pages.consent_view import open_record
from idp.pages.letters import queue_letter
from idp.pages.owner import Owner
from idp.pages.qr import qr_code
from idp.pages.refusals import PageRefused
from idp.pages.rendering import page, page_language, say
from idp.provider import Provider
from idp.storage import AlreadyTaken
from idp.storage.passkeys import Passkeys
from idp.storage.people import People
from idp.storage.second_proofs import SecondProofs

MOST_PASSKEYS = 5
NO_PASSKEY = UUID(int=0)


def show_ways(wired: Provider, owner: Owner, notice: str | None = None) -> Response:
    """Every way there is, and what can be added."""
    with wired.database.read() as reading:
        holdings = SecondProofs(reading).holdings(owner.person_id, owner.passkey_id or NO_PASSKEY, wired.clock())
        passkeys = len(Passkeys(reading).ids_of(owner.person_id))
    return page(
        "account/ways.html",
        here="/account/ways",
        notice=notice,
        has_app=holdings.app,
        printed=holdings.printed,
        passkeys=passkeys,
        may_add_passkey=passkeys < MOST_PASSKEYS,
        signed_in=owner.passkey_id is not None,
    )


def show_app(wired: Provider, owner: Owner, error: str | None = None, secret: bytes | None = None) -> Response:
    """The secret as a picture and as text, and a field for the first code."""
    secret = secret or totp.new_secret(wired.random_bytes)
    uri = totp.provisioning_uri(secret, issuer=say("site.name"), account=say("account.app_account"))
    sealed = wired.sealers.page.seal(secret, _secret_context(owner, wired))
    return page(
        "account/app.html",
        here="/account/app",
        picture=qr_code(uri),
        uri=uri,
        secret=totp.shown_secret(secret),
        sealed=urlsafe_b64encode(sealed).decode(),
        error=error,
    )


def add_app(wired: Provider, owner: Owner, sealed: str | None, typed: str) -> Response:
    """Bind the app once it has shown that it has the secret and the time."""
    now = wired.clock()
    try:
        secret = wired.sealers.page.open(urlsafe_b64decode(sealed or ""), _secret_context(owner, wired))
    except (CannotOpen, ValueError):
        return show_app(wired, owner, error="account.app_stale")
    code = phone_code.read_typed(typed)
    step = totp.matching_step(secret, code, now, 0) if code else None
    if step is None:
        return show_app(wired, owner, error="account.app_wrong", secret=secret)
    context = row_context("authenticator_apps", "secret", owner.person_id)
    with wired.database.begin() as transaction:
        SecondProofs(transaction).add_app(owner.person_id, wired.sealers.app_secret.seal(secret, context), step, now)
        transaction.record(AuditRow(Event.APP_ADDED, now, owner.person_id, detail={"by": owner.by}))
    return show_ways(wired, owner, notice="account.app_added")


def remove_app(wired: Provider, owner: Owner) -> Response:
    """Forget the app."""
    now = wired.clock()
    with wired.database.begin() as transaction:
        if SecondProofs(transaction).remove_app(owner.person_id):
            transaction.record(AuditRow(Event.APP_REMOVED, now, owner.person_id))
    return show_ways(wired, owner, notice="account.app_removed")


def make_printed(wired: Provider, owner: Owner) -> Response:
    """A new sheet. It is shown in this answer and never again."""
    now = wired.clock()
    codes = printed_code.new_codes(wired.random_bytes)
    digests = [printed_code.digest_of(code, owner.person_id, wired.keyed.printed_code) for code in codes]
    with wired.database.begin() as transaction:
        SecondProofs(transaction).replace_printed(owner.person_id, digests, now)
        transaction.record(AuditRow(Event.PRINTED_CODES_MADE, now, owner.person_id, detail={"by": owner.by}))
    return page("account/printed.html", here="/account/ways", codes=[printed_code.shown(code) for code in codes])


def show_passkey_page(wired: Provider, owner: Owner, notice: str | None = None) -> Response:
    """The page that has another passkey made, with a fresh challenge that opens in this browser only."""
    with wired.database.read() as reading:
        person = People(reading).find(owner.person_id)
        existing = Passkeys(reading).ids_of(owner.person_id)
    if person is None or len(existing) >= MOST_PASSKEYS:
        return show_ways(wired, owner)
    record = open_record(wired, person.record, owner.person_id)
    name = record.korean if page_language() == "ko" else record.latin
    challenge = wired.random_bytes(CHALLENGE_BYTES)
    options = creation_options(
        challenge,
        rp_id=wired.settings.rp_id,
        rp_name=say("site.name"),
        user_handle=person.user_handle,
        display_name=name.full,
        existing=existing,
        attestation=wired.attestations.can_vouch,
    )
    sealed = seal_challenge(challenge, owner.person_id, ensure_browser(wired), wired.clock(), wired.sealers.page)
    return page(
        "account/passkey.html", here="/account/passkey", sealed=sealed, options=json.dumps(options), notice=notice
    )


def add_passkey(wired: Provider, owner: Owner, sealed: str | None, credential: str) -> Response:
    """Bind another passkey to the person's credential."""
    now = wired.clock()
    if not credential:
        return show_passkey_page(wired, owner, notice="notice.passkey_cancelled")
    try:
        challenge = unseal_challenge(sealed, owner.person_id, ensure_browser(wired), now, wired.sealers.page)
        made = verify_registration(
            credential,
            challenge=challenge,
            rp_id=wired.settings.rp_id,
            origin=wired.issuer,
            vouching=wired.attestations,
            now=now,
        )
        _bind(wired, owner, made, now)
    except (SealBroken, CeremonyRefused, AlreadyTaken):
        return show_passkey_page(wired, owner, notice="notice.passkey_not_created")
    bound = "account.passkey_synced" if made.backup_eligible else "account.passkey_added"
    return show_ways(wired, owner, notice=bound)


def _bind(wired: Provider, owner: Owner, made: NewPasskey, now: int) -> None:
    with wired.database.begin() as transaction:
        people = People(transaction)
        active = [one for one in people.credentials(owner.person_id) if one.state == "active" and one.expires_at > now]
        if not active or len(Passkeys(transaction).ids_of(owner.person_id)) >= MOST_PASSKEYS:
            raise PageRefused("credential_inactive", 403, "no active credential, or passkeys enough")
        row = transaction.new_id()
        people.add_passkey(row, owner.person_id, active[-1].id, made, name="", now=now)
        detail = {
            "passkey": row,
            "aaguid": made.aaguid,
            "backup_eligible": made.backup_eligible,
            "attestation": made.attestation_format,
        }
        transaction.record(AuditRow(Event.PASSKEY_REGISTERED, now, owner.person_id, detail=detail))
        queue_letter(transaction, wired, owner.person_id, MailKind.PASSKEY_ADDED, now)


def _secret_context(owner: Owner, wired: Provider) -> bytes:
    return b"new-app:" + owner.person_id.bytes + ensure_browser(wired)
