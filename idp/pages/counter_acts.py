"""What happens to a case at the counter: started, approved, shown as a QR, confirmed, ended. One transaction each."""

import json
import logging
from datetime import UTC, datetime
from hmac import compare_digest
from typing import Any
from uuid import UUID

from idp.audit.catalogue import AuditRow, Event
from idp.credential.enrolment import credential_end
from idp.credential.states import State, message_of
from idp.keys.handles import new_handle
from idp.keys.sealing import row_context
from idp.missions.cases import LINK_SECONDS, CaseState, Outcome
from idp.missions.evidence import Evidence, Kind
from idp.missions.mission import Place
from idp.pages.counter_intake import evidence_from_dict
from idp.pages.refusals import PageRefused
from idp.pages.staff_gate import Seat
from idp.people.record import Record
from idp.provider import USER_HANDLE_BYTES, Provider
from idp.storage import Transaction
from idp.storage.cases import Case, Cases
from idp.storage.missions import find_mission
from idp.storage.people import EnrolmentRecord, Enrolments, People
from idp.storage.second_proofs import SecondProofs
from idp.storage.session_ends import SessionEnds

CHECK_DIGITS = 4
log = logging.getLogger(__name__)


def evidence_of(wired: Provider, case: Case) -> Evidence | None:
    """What the officer saw; None once it has served its time."""
    if case.evidence is None:
        return None
    return evidence_from_dict(
        json.loads(wired.sealers.record.open(case.evidence, row_context("cases", "evidence", case.id)))
    )


def record_of(wired: Provider, case: Case) -> Record | None:
    """The record that the citizen confirms; None once it has served its time."""
    if case.record is None:
        return None
    return Record.from_json(wired.sealers.record.open(case.record, row_context("cases", "record", case.id)))


def end_case(wired: Provider, case: Case, outcome: Outcome, by: UUID | None) -> None:
    """The case ends without a credential, and what the citizen has begun with it."""
    now = wired.clock()
    with wired.database.begin() as step:
        end_case_within(step, case, outcome, by, now)


def end_case_within(step: Transaction, case: Case, outcome: Outcome, by: UUID | None, now: int) -> None:
    """The same within a transaction that does more."""
    Cases(step).lock(case.id)
    if case.enrolment_id is not None:
        Enrolments(step).finish(case.enrolment_id, now)
    if Cases(step).end(case.id, outcome, now):
        detail = {"case": case.id, "by": by, "mission": case.mission, "outcome": outcome.value}
        step.record(AuditRow(Event.CASE_ENDED, now, case.person_id, detail=detail))


def show_link(wired: Provider, seat: Seat, case: Case) -> str | None:
    """A fresh one-time link for the citizen's phone; an earlier one is void. None when the case has moved on."""
    record, now = record_of(wired, case), wired.clock()
    assert record is not None
    secret = new_handle(wired.world.new_id(), wired.random_bytes)
    with wired.database.begin() as step:
        if not Cases(step).link(case.id, secret.id, now):
            return None
        if case.enrolment_id is not None:
            Enrolments(step).finish(case.enrolment_id, now)
        Enrolments(step).add(
            secret,
            record=wired.sealers.record.seal(record.to_json(), row_context("enrolments", "record", secret.id)),
            mission=record.mission,
            user_handle=_user_handle(wired, step, case),
            now=now,
            expires_at=now + LINK_SECONDS,
            case=case.id,
        )
        detail = {"case": case.id, "by": seat.member.id, "mission": case.mission, "enrolment": secret.id}
        step.record(AuditRow(Event.CASE_LINKED, now, case.person_id, detail=detail))
    return f"{wired.issuer}/enrol#{secret.text}"


def place_for(step: Transaction, person: UUID, place: Place) -> dict[str, str]:
    """Where an officer acts, as a message or a letter to this person names it."""
    found = People(step).find(person)
    return {"place": place.name(found.language if found is not None else "ko")}


def place_of_case(step: Transaction, case: Case, person: UUID) -> dict[str, str]:
    """The same for a case; empty for a mission that is gone."""
    mission = find_mission(step, case.mission)
    return place_for(step, person, mission.place) if mission is not None else {}


def _user_handle(wired: Provider, step: Transaction, case: Case) -> bytes:
    """A known person keeps theirs: every passkey of theirs carries the same one."""
    row = People(step).find(case.person_id) if case.person_id is not None else None
    handle: bytes = row.user_handle if row is not None else wired.random_bytes(USER_HANDLE_BYTES)
    return handle


def check_number(wired: Provider, enrolment: UUID) -> str:
    """What the citizen's phone shows and the officer types: that the phone at the counter opened the link."""
    digest = wired.keyed.phone_code.of("counter", enrolment.bytes)
    return str(int.from_bytes(digest[:8], "big") % 10**CHECK_DIGITS).zfill(CHECK_DIGITS)


def count_number(wired: Provider, seat: Seat, case: Case, typed: str) -> int | None:
    """None when the number is right; else how many tries are left. The try is counted first."""
    assert case.enrolment_id is not None
    now = wired.clock()
    with wired.database.begin() as step:
        attempt = Cases(step).count_try(case.id)
        right = compare_digest(typed.encode(), check_number(wired, case.enrolment_id).encode())
        if attempt is not None and right:
            return None
        detail = {"case": case.id, "by": seat.member.id, "mission": case.mission, "attempt": attempt}
        step.record(AuditRow(Event.CASE_NUMBER_REFUSED, now, case.person_id, detail=detail))
        left = case.tries_left - 1 if attempt is not None else 0
        if left <= 0:
            end_case_within(step, case, Outcome.WRONG_NUMBER, seat.member.id, now)
    return max(0, left)


def passport_end(evidence: Evidence) -> int:
    """The end of the passport's last day, in epoch seconds (UTC)."""
    last = evidence.passport.expires
    return int(datetime(last.year, last.month, last.day, 23, 59, 59, tzinfo=UTC).timestamp()) + 1


def ends_at(evidence: Evidence, now: int) -> int:
    """When a credential issued now would end."""
    return credential_end(now, passport_end(evidence))


def retire_old(wired: Provider, step: Transaction, case: Case, seat: Seat, now: int) -> None:
    """What a new credential replaces: the old ones end, with every session that their passkeys opened, and tell of it.

    So does the authenticator app: it lives on the phone that was lost or given up (NIST SP 800-63B-4 §4.2). The printed
    sheet is kept elsewhere, and stops the new credential too.
    """
    assert case.person_id is not None
    if SecondProofs(step).remove_app(case.person_id):
        detail = {"case": case.id, "by": seat.member.id, "mission": case.mission}
        step.record(AuditRow(Event.APP_ENDED, now, case.person_id, detail=detail))
    credentials = People(step).credentials(case.person_id)
    living = [row for row in credentials if State(row.state) in {State.ACTIVE, State.SUSPENDED, State.EXPIRED}]
    for row in living:
        move_credential(wired, step, case, row, State.REPLACED, seat, now)
    if not living:  # given up or revoked before: nothing ends that would tell of itself
        wired.notices.tell(step, case.person_id, "issued", now)


def move_credential(wired: Provider, step: Transaction, case: Case, row: Any, to: State, seat: Seat, now: int) -> None:
    """One legal move at the counter, with its audit, its message, and the end of its sessions. Raises PageRefused."""
    before, person = State(row.state), case.person_id
    assert person is not None
    message = message_of(before, to)
    if not People(step).move_credential(row.id, before, to, now):
        raise PageRefused("case_moved", 409, "the credential was changed at the same moment")
    detail = {"credential": row.id, "from": before.value, "to": to.value, "case": case.id, "by": seat.member.id}
    step.record(AuditRow(Event.CREDENTIAL_MOVED, now, person, detail=detail | {"mission": case.mission}))
    if to is State.REPLACED:  # the letter follows once the new one is there, because it holds the link that stops it
        wired.notices.tell(step, person, message, now)
    else:
        wired.tell(step, person, message, now, place_of_case(step, case, person))
    if to is not State.ACTIVE:
        ended = SessionEnds(step).of_credential(person, row.id, now)
        wired.logouts.tell_ended(step, ended, why="credential replaced", now=now, event=Event.SESSION_STOPPED)


def lift(wired: Provider, seat: Seat, case: Case) -> None:
    """The suspended credential of a known person works again. Raises PageRefused."""
    now = wired.clock()
    assert case.person_id is not None
    with wired.database.begin() as step:
        if not Cases(step).done(case.id, case.person_id, now):
            raise PageRefused("case_moved", 409, "case has moved on")
        newest = People(step).credentials(case.person_id)[-1]
        if newest.state != State.SUSPENDED.value:
            raise PageRefused("case_moved", 409, "the credential is not suspended any more")
        move_credential(wired, step, case, newest, State.ACTIVE, seat, now)
        detail = confirmed_by(seat, case) | {"credential": newest.id}
        step.record(AuditRow(Event.CASE_CONFIRMED, now, case.person_id, detail=detail))


def confirmed_by(seat: Seat, case: Case) -> dict[str, Any]:
    """What the audit keeps of the officer's last word."""
    who = {"by": seat.member.id, "approver": case.approver_id, "mission": case.mission}
    return {"case": case.id, "kind": case.kind.value} | who


def enrolment_of(wired: Provider, case: Case) -> EnrolmentRecord | None:
    """What the citizen has begun with the newest link."""
    if case.enrolment_id is None:
        return None
    with wired.database.read() as reading:
        return Enrolments(reading).of_case(case.enrolment_id)


def may_lift(case: Case) -> bool:
    """Whether the case only waits to lift a suspension."""
    return case.kind is Kind.LIFT and case.state is CaseState.READY
