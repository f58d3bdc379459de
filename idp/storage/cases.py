"""Cases at counters. Every step is one statement with the state that it starts from: of two at once one wins.

While a case is open it holds its passport, by a unique keyed fingerprint, so that two missions never issue to one
person at the same moment. A case whose time is over lets go of it.
"""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import bindparam, select, update

from idp.missions.cases import CHECK_TRIES, CaseState, Outcome, from_states
from idp.missions.evidence import Kind, Reason
from idp.storage.database import Transaction
from idp.storage.models_missions import CaseRow

MOST_LISTED = 100
OPEN = tuple(state.value for state in CaseState if state not in {CaseState.DONE, CaseState.ENDED})

_table = CaseRow.__table__
_FIND = select(_table).where(CaseRow.id == bindparam("row"))
_LIST = select(_table).order_by(CaseRow.id.desc()).limit(MOST_LISTED)
_OF_MISSION = _LIST.where(CaseRow.mission == bindparam("place"))
_LET_GO = (
    update(CaseRow)
    .where(CaseRow.held == bindparam("passport"), CaseRow.expires_at <= bindparam("now"))
    .values(state=CaseState.ENDED.value, outcome=Outcome.EXPIRED.value, held=None, changed_at=bindparam("now"))
)


def _from(after: CaseState) -> Any:
    """The rows that may become `after`: those in a state with such a move, in time."""
    return update(CaseRow).where(
        CaseRow.id == bindparam("row"),
        CaseRow.state.in_([state.value for state in from_states(after)]),
        CaseRow.expires_at > bindparam("now"),
    )


_APPROVE = (
    _from(CaseState.READY)
    .where(CaseRow.officer_id != bindparam("second"))
    .values(state=CaseState.READY.value, approver_id=bindparam("second"), changed_at=bindparam("now"))
)
_LINK = _from(CaseState.LINKED).values(
    state=CaseState.LINKED.value, enrolment_id=bindparam("enrolment"), changed_at=bindparam("now")
)
_MADE = (
    _from(CaseState.MADE)
    .where(CaseRow.enrolment_id == bindparam("enrolment"))
    .values(state=CaseState.MADE.value, changed_at=bindparam("now"), made_at=bindparam("now"))
)
_DONE = _from(CaseState.DONE).values(
    state=CaseState.DONE.value,
    person_id=bindparam("person"),
    held=None,
    changed_at=bindparam("now"),
    done_at=bindparam("now"),
)
_END = (
    update(CaseRow)
    .where(CaseRow.id == bindparam("row"), CaseRow.state.in_(OPEN))
    .values(state=CaseState.ENDED.value, outcome=bindparam("why"), held=None, changed_at=bindparam("now"))
)
# The try is counted before the numbers are compared, so that no two at once share one.
_LOCK = update(CaseRow).where(CaseRow.id == bindparam("row")).values(changed_at=CaseRow.changed_at)
_COUNT_TRY = (
    update(CaseRow)
    .where(CaseRow.id == bindparam("row"), CaseRow.state == CaseState.MADE.value, CaseRow.check_tries < CHECK_TRIES)
    .values(check_tries=CaseRow.check_tries + 1)
    .returning(CaseRow.check_tries)
)


_CORRECT = (
    update(CaseRow)
    .where(CaseRow.id == bindparam("row"))
    .values(evidence=bindparam("sealed_evidence"), record=bindparam("sealed_record"))
)
_REACHED = {
    step: update(CaseRow).where(CaseRow.id == bindparam("row"), column.is_(None)).values({column: bindparam("now")})
    for step, column in (
        ("confirmed", CaseRow.confirmed_at),
        ("sent", CaseRow.sent_at),
        ("delivered", CaseRow.delivered_at),
    )
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """A case as it stands."""

    id: UUID
    mission: str
    officer_id: UUID
    kind: Kind
    evidence: bytes | None  # sealed
    record: bytes | None  # sealed
    person_id: UUID | None
    reasons: tuple[Reason, ...]
    state: CaseState
    approver_id: UUID | None
    enrolment_id: UUID | None
    tries_left: int
    outcome: Outcome | None
    created_at: int
    expires_at: int
    done_at: int | None

    def over(self, now: int) -> bool:
        """Whether nothing more happens to it."""
        return self.state in {CaseState.DONE, CaseState.ENDED} or now >= self.expires_at


class Cases:
    """Verbs on cases within one transaction."""

    def __init__(self, transaction: Transaction) -> None:
        """Over an open transaction."""
        self._transaction = transaction

    def find(self, case: UUID) -> Case | None:
        """The case with this key, whatever its state."""
        row = self._transaction.one(_FIND, row=case)
        return _case(row) if row else None

    def newest(self, mission: str | None) -> list[Case]:
        """The newest cases of a mission, or of all."""
        rows = self._transaction.all(_OF_MISSION, place=mission) if mission else self._transaction.all(_LIST)
        return [_case(row) for row in rows]

    def add(
        self,
        row: UUID,
        *,
        mission: str,
        officer: UUID,
        kind: Kind,
        evidence: bytes,
        record: bytes,
        passport: bytes,
        person: UUID | None,
        reasons: tuple[Reason, ...],
        now: int,
        expires_at: int,
    ) -> None:
        """A new case. A passport that an open case holds violates its unique index at the flush."""
        self._transaction.run(_LET_GO, passport=passport, now=now)
        self._transaction.add(
            CaseRow,
            id=row,
            mission=mission,
            officer_id=officer,
            kind=kind.value,
            evidence=evidence,
            record=record,
            held=passport,
            person_id=person,
            reasons=" ".join(reason.value for reason in reasons),
            state=(CaseState.WAITING if reasons else CaseState.READY).value,
            check_tries=0,
            created_at=now,
            expires_at=expires_at,
            changed_at=now,
        )

    def approve(self, case: UUID, second: UUID, now: int) -> bool:
        """The second person agrees. False when it waits no more, or they began it themselves."""
        return self._transaction.run(_APPROVE, row=case, second=second, now=now) == 1

    def correct(self, case: UUID, *, evidence: bytes, record: bytes) -> None:
        """What the registry says at the central confirmation takes the place of what was typed."""
        self._transaction.run(_CORRECT, row=case, sealed_evidence=evidence, sealed_record=record)

    def link(self, case: UUID, enrolment: UUID, now: int) -> bool:
        """A QR with this enrolment is shown; an earlier one counts no more."""
        return self._transaction.run(_LINK, row=case, enrolment=enrolment, now=now) == 1

    def made(self, case: UUID, enrolment: UUID, now: int) -> bool:
        """The citizen's side is complete. False for an enrolment that another one replaced."""
        return self._transaction.run(_MADE, row=case, enrolment=enrolment, now=now) == 1

    def done(self, case: UUID, person: UUID, now: int) -> bool:
        """Both sides have confirmed. False when somebody was faster, or it is too late."""
        return self._transaction.run(_DONE, row=case, person=person, now=now) == 1

    def end(self, case: UUID, why: Outcome, now: int) -> bool:
        """The case ends without a credential. False when it had ended."""
        return self._transaction.run(_END, row=case, why=why.value, now=now) == 1

    def reached(self, case: UUID, step: str, now: int) -> None:
        """Note that the case came as far as `confirmed`, `sent` or `delivered`, the first time."""
        self._transaction.run(_REACHED[step], row=case, now=now)

    def lock(self, case: UUID) -> None:
        """Let nobody else touch it until this step ends.

        Whoever changes a case and its enrolment in one step locks the case first: with one order nobody waits in a
        circle.
        """
        self._transaction.run(_LOCK, row=case)

    def count_try(self, case: UUID) -> int | None:
        """Which try at the number this is; None when none is left."""
        row = self._transaction.one(_COUNT_TRY, row=case)
        return row.check_tries if row else None


def _case(row: Any) -> Case:
    return Case(
        id=row.id,
        mission=row.mission,
        officer_id=row.officer_id,
        kind=Kind(row.kind),
        evidence=row.evidence,
        record=row.record,
        person_id=row.person_id,
        reasons=tuple(Reason(one) for one in row.reasons.split()),
        state=CaseState(row.state),
        approver_id=row.approver_id,
        enrolment_id=row.enrolment_id,
        tries_left=max(0, CHECK_TRIES - row.check_tries),
        outcome=Outcome(row.outcome) if row.outcome else None,
        created_at=row.created_at,
        expires_at=row.expires_at,
        done_at=row.done_at,
    )
