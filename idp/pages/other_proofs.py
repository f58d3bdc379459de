"""Second proofs that need nothing sent: the authenticator app, a printed code, another passkey. One transaction each.

A try is counted before it is compared, in the sign-in and over all sign-ins of the person; too many wrong ones in a
row close typed proofs for a while, never the passkey.
"""

from collections.abc import Callable
from uuid import UUID

from idp.audit.catalogue import AuditRow, Event
from idp.authenticators import phone_code, printed_code, totp
from idp.authenticators.ceremony import CeremonyRefused
from idp.authenticators.passkey import CloneSuspected, Verified, read_assertion, verify_assertion
from idp.interaction.sealed_request import SealBroken
from idp.interaction.second_challenge import unseal_challenge
from idp.interaction.second_proof import MAX_TRIES, Way
from idp.keys.handles import Handle
from idp.keys.sealing import row_context
from idp.pages.browser import ensure_browser, start_session_cookie
from idp.pages.passkey_step import suspend_clone
from idp.pages.presented import NothingProven
from idp.pages.proven import current_session, find_again, open_session
from idp.pages.steps import Shown
from idp.protocol.client import Client
from idp.provider import Provider
from idp.storage import Outdated, Transaction
from idp.storage.passkeys import Holder, Passkeys
from idp.storage.second_proofs import SecondProofs
from idp.storage.sign_ins import SignInRecord

Take = Callable[[Transaction], bool]
"""Takes the one-time thing that was typed, if it is right; of several requests with it one gets True."""


def judge_typed(
    wired: Provider, sign_in: SignInRecord, client: Client, way: Way, typed: str
) -> tuple[Shown | None, SignInRecord]:
    """Try a code of the app or a printed one. None when it was right: a session is open, or was by a faster request."""
    now = wired.clock()
    take = _app(wired, sign_in.person_id, typed, now) if way is Way.APP else _printed(wired, sign_in, typed, now)
    if take is None:
        return Shown(error=f"second.{way.value}.malformed"), sign_in  # not a try: nothing was guessed
    current = current_session(wired, now)
    opened: tuple[Handle, SignInRecord] | None = None
    try:
        with wired.database.begin() as transaction:
            proofs = SecondProofs(transaction)
            attempt = proofs.count_try(sign_in.id)
            right = attempt is not None and take(transaction)
            if right:
                proofs.right(sign_in.person_id)
                opened = open_session(transaction, wired, sign_in, client, way, current, now)
            else:
                if attempt is not None:
                    proofs.wrong(sign_in.person_id, now)
                why = "wrong" if attempt is not None else "used up"
                detail = {"sign_in": sign_in.id, "way": way.value, "why": why, "attempts": attempt}
                transaction.record(AuditRow(Event.PROOF_REFUSED, now, sign_in.person_id, client.id, detail))
    except Outdated:
        opened = None
    if opened is not None:
        session, sign_in = opened
        start_session_cookie(session.text)
        return None, sign_in
    if right:
        return None, find_again(wired, sign_in, now)
    left = MAX_TRIES - attempt if attempt is not None else 0
    return Shown(error=f"second.{way.value}.wrong" if left else "second.used_up", tries_left=left), sign_in


def _app(wired: Provider, person: UUID, typed: str, now: int) -> Take | None:
    code = phone_code.read_typed(typed)
    if code is None:
        return None

    def take(transaction: Transaction) -> bool:
        proofs = SecondProofs(transaction)
        app = proofs.find_app(person)
        if app is None:
            return False
        secret = wired.sealers.app_secret.open(app.secret, row_context("authenticator_apps", "secret", person))
        step = totp.matching_step(secret, code, now, app.last_step)
        return step is not None and proofs.take_step(person, step)

    return take


def _printed(wired: Provider, sign_in: SignInRecord, typed: str, now: int) -> Take | None:
    code = printed_code.read_typed(typed)
    if code is None:
        return None
    digest = printed_code.digest_of(code, sign_in.person_id, wired.keyed.printed_code)

    def take(transaction: Transaction) -> bool:
        if not SecondProofs(transaction).take_printed(sign_in.person_id, digest, now):
            return False
        detail = {"sign_in": sign_in.id, "left": SecondProofs(transaction).printed_left(sign_in.person_id)}
        transaction.record(AuditRow(Event.PRINTED_CODE_USED, now, sign_in.person_id, detail=detail))
        return True

    return take


def prove_other_passkey(
    wired: Provider, sign_in: SignInRecord, client: Client, sealed: str | None, credential: str
) -> SignInRecord:
    """Another passkey of the same person, bound to its device. Raises NothingProven."""
    now = wired.clock()
    holder, verified = _verify_other(wired, sign_in, client, sealed, credential, now)
    current = current_session(wired, now)
    try:
        with wired.database.begin() as transaction:
            used = Passkeys(transaction).used(
                holder.passkey, sign_count=verified.sign_count, backed_up=verified.backed_up, now=now
            )
            if not used:
                raise NothingProven("another assertion of this passkey was faster")
            opened = open_session(transaction, wired, sign_in, client, Way.PASSKEY, current, now)
    except Outdated:
        opened = None
    if opened is None:
        return find_again(wired, sign_in, now)
    session, sign_in = opened
    start_session_cookie(session.text)
    return sign_in


def _verify_other(
    wired: Provider, sign_in: SignInRecord, client: Client, sealed: str | None, credential: str, now: int
) -> tuple[Holder, Verified]:
    try:
        challenge = unseal_challenge(sealed, sign_in.id, ensure_browser(wired), now, wired.sealers.page)
        assertion = read_assertion(credential)
    except (SealBroken, CeremonyRefused) as refused:
        raise NothingProven(str(refused)) from refused
    with wired.database.read() as reading:
        holder = Passkeys(reading).find(assertion.webauthn_id, now)
    if holder is None:
        raise NothingProven("unknown passkey")
    _refuse_same(sign_in, holder)
    try:
        verified = verify_assertion(
            assertion, holder.passkey, challenge=challenge, rp_id=wired.settings.rp_id, origin=wired.issuer
        )
    except CloneSuspected as clone:
        suspend_clone(wired, holder, clone, client, now)
        raise NothingProven("sign count did not rise") from clone
    except CeremonyRefused as refused:
        raise NothingProven(str(refused)) from refused
    return holder, verified


def _refuse_same(sign_in: SignInRecord, holder: Holder) -> None:
    """A second passkey is another one, of the same person, and cannot be a copy that travelled with the first."""
    if holder.passkey.person_id != sign_in.person_id:
        raise NothingProven("another person's passkey")
    if holder.passkey.id == sign_in.passkey_id:
        raise NothingProven("the same passkey again")
    if holder.passkey.backup_eligible:
        raise NothingProven("not bound to its device")
    if not (holder.person_active and holder.credential_active and holder.passkey_active):
        raise NothingProven("passkey is not active")
