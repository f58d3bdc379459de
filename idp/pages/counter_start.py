"""How a case begins: the evidence is judged against the registry and what the house knows, then kept."""

import json
import logging
from dataclasses import dataclass, replace
from uuid import UUID

from idp.audit.catalogue import AuditRow, Event
from idp.credential.states import State
from idp.keys.sealing import row_context
from idp.missions.cases import CASE_SECONDS, OFFLINE_SECONDS
from idp.missions.evidence import Bar, Known, bars, reasons
from idp.missions.mission import Mission
from idp.pages.consent_view import open_record
from idp.pages.counter_acts import place_for
from idp.pages.counter_intake import Intake, day_at, evidence_to_dict, merged
from idp.people.record import CONNECTING, Record
from idp.people.registry.contract import RegistryUnavailable
from idp.people.status import PersonStatus
from idp.provider import Provider
from idp.staff.member import Member
from idp.storage import AlreadyTaken
from idp.storage.cases import Cases
from idp.storage.figures import Figures
from idp.storage.people import People
from idp.storage.staff_lookups import count_look_up

log = logging.getLogger(__name__)


class Barred(Exception):
    """No credential for this person, whoever asks."""

    def __init__(self, found: list[Bar], person: UUID | None = None) -> None:
        """Every bar, so that the officer hears of all at once; `person` if the house knows them."""
        super().__init__(", ".join(bar.value for bar in found))
        self.bars = found
        self.person = person


class HeldElsewhere(Exception):
    """Another case, here or at another mission, holds this passport."""


@dataclass(frozen=True, slots=True)
class KnownPerson:
    """A person whom the house knows by their passport."""

    id: UUID
    user_handle: bytes
    record: Record
    known: Known


def find_known(wired: Provider, intake: Intake, mission: Mission) -> KnownPerson | None:
    """The person with this passport, with the one it replaced, or with this connecting information."""
    look_up, ci = wired.keyed.look_up, intake.record.connecting
    with wired.database.read() as reading:
        people = People(reading)
        for number in filter(None, (intake.evidence.passport.number, intake.previous_passport)):
            person = people.with_identifier(look_up.of("passport", number))
            if person is not None:
                return _known(wired, people, person, mission)
        person = people.with_connecting(look_up.of("connecting", ci)) if ci is not None else None
        return _known(wired, people, person, mission) if person is not None else None


def ask_registry(wired: Provider, intake: Intake) -> Intake:
    """What the registry says takes the place of what the officer ticked. Raises Barred for somebody who has ended."""
    if wired.registry is None:
        return intake
    passport = intake.evidence.passport
    wired.database.stop_reading()  # nobody waits for the registry with a connection in hand
    try:
        answer = wired.registry.look(passport.number, passport.birthdate)
    except RegistryUnavailable as silent:
        log.warning("registry unavailable", extra={"why": str(silent)})
        return replace(intake, evidence=replace(intake.evidence, registry_silent=True))
    if answer is None:
        return _with_registration(intake, "none", intake.record.registration.as_of, None)
    if answer.ended is not None:
        raise Barred([Bar.PERSON_ENDED])
    asked = _with_registration(intake, answer.registration, answer.as_of, answer.ci)
    if answer.resident is not None:
        asked = replace(asked, evidence=replace(asked.evidence, resident_number=answer.resident))
    return asked


def _with_registration(intake: Intake, status: str, as_of: str, ci: str | None) -> Intake:
    registration = replace(intake.record.registration, status=status, as_of=as_of)
    extra = dict(intake.record.extra) | ({CONNECTING: ci} if ci is not None else {})
    return replace(
        intake,
        evidence=replace(intake.evidence, registration=status),
        record=replace(intake.record, registration=registration, extra=extra),
    )


def _known(wired: Provider, people: People, person: UUID, mission: Mission) -> KnownPerson:
    row, credentials = people.find(person), people.credentials(person)
    assert row is not None
    newest = credentials[-1] if credentials else None
    known = Known(
        person_active=row.status == PersonStatus.ACTIVE.value,
        newest_issued_at=day_at(mission, newest.issued_at) if newest else None,
        suspended=newest is not None and newest.state == State.SUSPENDED.value,
    )
    return KnownPerson(person, row.user_handle, open_record(wired, row.record, person), known)


def judge(wired: Provider, member: Member, mission: Mission, intake: Intake) -> tuple[Intake, KnownPerson | None]:
    """The intake with what the registry says, and whom the house knows it is. Raises Barred."""
    asked = ask_registry(wired, intake)
    known = find_known(wired, asked, mission)
    today = day_at(mission, wired.clock())
    found = bars(asked.evidence, member.name, known.known if known else None, today)
    if found:
        raise Barred(found, known.id if known else None)
    return asked, known


def start_case(wired: Provider, member: Member, mission: Mission, intake: Intake) -> UUID:
    """A new case. Raises Barred or HeldElsewhere."""
    try:
        asked, known = judge(wired, member, mission, intake)
    except Barred as barred:
        _note_bars(wired, member, mission, intake, barred)
        raise
    try:
        return _keep(wired, member, mission, asked, known)
    except AlreadyTaken as taken:
        raise HeldElsewhere from taken


def _keep(wired: Provider, member: Member, mission: Mission, intake: Intake, known: KnownPerson | None) -> UUID:
    """The case, its audit, and word to a person whom the house knows: who is not at that counter hears of it."""
    now, row, evidence = wired.clock(), wired.world.new_id(), intake.evidence
    why = tuple(reasons(evidence, member.name, known.known if known else None, day_at(mission, now)))
    record = merged(known.record, intake.record) if known else intake.record
    sealed = json.dumps(evidence_to_dict(evidence), ensure_ascii=False).encode()
    seal, person = wired.sealers.record.seal, known.id if known else None
    with wired.database.begin() as step:
        Cases(step).add(
            row,
            mission=mission.place.code,
            officer=member.id,
            kind=evidence.kind,
            evidence=seal(sealed, row_context("cases", "evidence", row)),
            record=seal(record.to_json(), row_context("cases", "record", row)),
            passport=wired.keyed.look_up.of("case", evidence.passport.number),
            person=person,
            reasons=why,
            now=now,
            expires_at=now + (OFFLINE_SECONDS if evidence.prepared_offline else CASE_SECONDS),
        )
        detail = {"case": row, "by": member.id, "mission": mission.place.code, "kind": evidence.kind.value}
        named = " ".join(reason.value for reason in why)
        step.record(AuditRow(Event.CASE_STARTED, now, person, detail=detail | {"reasons": named}))
        count_look_up(step, member.id, _subject(wired, intake), now)
        if person is not None:
            wired.tell(step, person, "case_begun", now, place_for(step, person, mission.place))
    return row


def _subject(wired: Provider, intake: Intake) -> int:
    """Whom an officer looked at, as counts of look-ups know them."""
    return wired.keyed.look_up.number("looked at", intake.evidence.passport.number)


def _note_bars(wired: Provider, member: Member, mission: Mission, intake: Intake, barred: Barred) -> None:
    """An attempt that was barred is an act too: its person sees it, and so does an auditor."""
    named = " ".join(bar.value for bar in barred.bars)
    kind, now = intake.evidence.kind.value, wired.clock()
    detail = {"by": member.id, "mission": mission.place.code, "kind": kind, "bars": named}
    with wired.database.begin() as step:
        step.record(AuditRow(Event.CASE_BARRED, now, barred.person, detail=detail))
        count_look_up(step, member.id, _subject(wired, intake), now)
        for bar in sorted(bar.value for bar in barred.bars):
            Figures(step).count(mission.place.code, bar, now)
