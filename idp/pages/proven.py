"""The second proof was given, whichever it was: the session opens, in the transaction that took the proof."""

from dataclasses import replace

from idp.audit.catalogue import AuditRow, Event
from idp.claims.assurance import amr_of
from idp.interaction.second_proof import PROVES, Way
from idp.keys.handles import Handle, new_handle
from idp.pages.browser import ensure_browser, kind_of_browser, presented_session
from idp.pages.refusals import PageRefused
from idp.protocol.client import Client
from idp.provider import Provider
from idp.storage import Transaction
from idp.storage.session_ends import SessionEnds
from idp.storage.sessions import LiveSession, Sessions
from idp.storage.sign_ins import SignInRecord, SignIns


def current_session(wired: Provider, now: int) -> LiveSession | None:
    """The session that this browser already has."""
    cookie = presented_session(wired)
    if cookie is None:
        return None
    with wired.database.read() as reading:
        return Sessions(reading).find(cookie, now)


def find_again(wired: Provider, sign_in: SignInRecord, now: int) -> SignInRecord:
    """The sign-in as another request of this browser left it."""
    with wired.database.read() as reading:
        found = SignIns(reading).find(sign_in.id, ensure_browser(wired), now)
    if found is None or found.finished:
        raise PageRefused("sign_in_finished", 400, "finished by another request")
    return found


def open_session(
    transaction: Transaction,
    wired: Provider,
    sign_in: SignInRecord,
    client: Client,
    way: Way,
    current: LiveSession | None,
    now: int,
    *,
    typed: bytes | None = None,
) -> tuple[Handle, SignInRecord] | None:
    """Open the session that `way` has earned, or renew the one the same person already has in this browser.

    A renewed session gets a new cookie and keeps its `sid`, so that a step-up does not sign out elsewhere.
    `typed` is the digest of a code that this very step takes; without it the proof was taken before.
    None when another request of the same sign-in was faster; where nothing but new rows is written, that one is told
    at the end: the step is Outdated.
    """
    sessions, sign_ins = Sessions(transaction), SignIns(transaction)
    same_person = current is not None and current.person_id == sign_in.person_id
    row = current.id if current is not None and same_person else transaction.new_id()
    session = new_handle(row, wired.random_bytes)
    if typed is not None:  # whichever way, the one gate: a sign-in opens one session
        sign_ins.proven_by_code_with(sign_in.id, session.id, typed, now)
    elif current is None:
        sign_ins.proven_with(sign_in.id, session.id, now)
    elif not sign_ins.proven(sign_in.id, session.id, now):
        return None
    facts = sign_in.facts | PROVES[way]
    renewed = same_person and sessions.renew(row, session, sign_in.passkey_id, facts, now)
    if not renewed:
        if same_person:  # ended at this very moment: its key cannot be used again
            return None
        sessions.add(session, sign_in.person_id, sign_in.passkey_id, facts, now)
    if current is not None and not same_person:
        ended = SessionEnds(transaction).end(current.id, now)
        wired.logouts.tell_ended(transaction, ended, why="another person", now=now, by=client.id)
    reached = wired.assurance.reached(facts)
    amr = " ".join(amr_of(facts, reached, wired.assurance))
    detail = {"session": session.id, "acr": reached, "amr": amr, "on": kind_of_browser()}
    transaction.record(AuditRow(Event.SESSION_STARTED, now, sign_in.person_id, client.id, detail))
    return session, replace(sign_in, session_id=session.id, facts=facts, auth_time=now, proven_at=now)
