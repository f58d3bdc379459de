"""The second person of a case: who may decide, and what central confirmation asks once more.

What was prepared without a line, or while the registry was silent, was never compared with the registry, and may have
waited for two weeks. So it is asked again in the moment of the confirmation: whoever has died or renounced meanwhile
gets nothing, and the registration is that of today.
"""

import json
from dataclasses import replace

from idp.audit.catalogue import AuditRow, Event
from idp.keys.sealing import row_context
from idp.missions.cases import Outcome
from idp.missions.evidence import CENTRAL, Evidence
from idp.pages.counter_acts import end_case, evidence_of, record_of
from idp.pages.counter_intake import Intake, evidence_to_dict
from idp.pages.counter_start import Barred, ask_registry
from idp.pages.staff_gate import Seat
from idp.people.record import Record
from idp.provider import Provider
from idp.staff.four_eyes import Decision
from idp.staff.member import Member
from idp.staff.roles import Act
from idp.storage.cases import Case, Cases


def decision_on(case: Case, second: Member, korean_name: str) -> Decision:
    """What a second person decides about a case; a namesake counts as the person concerned."""
    return Decision(
        act=Act.CASE_CONFIRM if CENTRAL.intersection(case.reasons) else Act.CASE_APPROVE,
        first=case.officer_id,
        mission=case.mission,
        concerned=frozenset({second.id} if korean_name == second.name else ()),
    )


def approve(wired: Provider, seat: Seat, case: Case) -> bool:
    """The second person agrees. False when the case waits no more, or ended because of what the registry says now."""
    asked = None
    if CENTRAL.intersection(case.reasons):
        try:
            asked = _ask_again(wired, case)
        except Barred:
            end_case(wired, case, Outcome.REGISTRY, seat.member.id)
            return False
    now = wired.clock()
    with wired.database.begin() as step:
        approved = Cases(step).approve(case.id, seat.member.id, now)
        if approved:
            if asked is not None:
                Cases(step).correct(
                    case.id, evidence=_sealed(wired, case, asked[0]), record=_kept(wired, case, asked[1])
                )
            detail = {"case": case.id, "by": seat.member.id, "mission": case.mission}
            named = " ".join(reason.value for reason in case.reasons)
            step.record(AuditRow(Event.CASE_APPROVED, now, case.person_id, detail=detail | {"reasons": named}))
    return approved


def _ask_again(wired: Provider, case: Case) -> tuple[Evidence, Record] | None:
    """Evidence and record as the registry has them now; None where there is none to ask. Raises Barred."""
    evidence, record = evidence_of(wired, case), record_of(wired, case)
    if evidence is None or record is None or wired.registry is None:
        return None
    asked = ask_registry(
        wired, Intake(evidence=replace(evidence, registry_silent=False), record=record, previous_passport=None)
    )
    return asked.evidence, asked.record


def _sealed(wired: Provider, case: Case, evidence: Evidence) -> bytes:
    document = json.dumps(evidence_to_dict(evidence), ensure_ascii=False).encode()
    return wired.sealers.record.seal(document, row_context("cases", "evidence", case.id))


def _kept(wired: Provider, case: Case, record: Record) -> bytes:
    return wired.sealers.record.seal(record.to_json(), row_context("cases", "record", case.id))
