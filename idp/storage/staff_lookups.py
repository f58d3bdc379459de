"""How often a member of staff looked at people today: counted in the transaction that shows them, with its audit."""

from typing import Any
from uuid import UUID

from sqlalchemy import bindparam, delete
from sqlalchemy.dialects import postgresql, sqlite

from idp.audit.catalogue import AuditRow, Event
from idp.staff.watching import unusual
from idp.storage.database import Transaction
from idp.storage.models_staff import StaffLookUp

DAY = 86_400
KEEP_DAYS = 7
ANYBODY = 0  # the subject that stands for everybody

_table = StaffLookUp.__table__
_COUNT: dict[str, Any] = {
    dialect: module.insert(StaffLookUp)
    .values(member_id=bindparam("who"), day=bindparam("of"), subject=bindparam("whom"), number=1)
    .on_conflict_do_update(index_elements=["member_id", "day", "subject"], set_={"number": _table.c.number + 1})
    .returning(_table.c.number)
    for dialect, module in (("postgresql", postgresql), ("sqlite", sqlite))
}
SWEEP = delete(StaffLookUp).where(StaffLookUp.day < bindparam("before"))


def count_look_up(step: Transaction, member: UUID, subject: int, now: int) -> None:
    """One more look at `subject` (a keyed fingerprint's number). What is unusual becomes an event of its own."""
    numbers = [step.one(_COUNT[step.dialect], who=member, of=now // DAY, whom=whom) for whom in (ANYBODY, subject or 1)]
    of_anybody, of_person = (row.number for row in numbers if row is not None)
    why = unusual(of_person=of_person, of_anybody=of_anybody)
    if why is not None:
        step.record(AuditRow(Event.STAFF_UNUSUAL, now, detail={"member": member, "why": why, "looks": of_person}))
