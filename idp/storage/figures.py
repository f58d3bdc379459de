"""The figures of missions: how far cases came, answers to the two questions, and what was published.

Cases are found by their keys, which begin with time, so no index of its own is needed to read a month of them.
"""

import json
from collections.abc import Mapping
from typing import Any
from uuid import UUID

from sqlalchemy import Executable, and_, bindparam, exists, func, select, update
from sqlalchemy.dialects import postgresql, sqlite

from idp.missions.cases import OFFLINE_SECONDS, CaseState
from idp.missions.evidence import Kind
from idp.missions.feedback import QUESTIONS, Occasion, count_of
from idp.missions.figures import USED_SECONDS, Funnel, bounds, is_final, last_final, month_of, publication
from idp.storage.database import Database, Transaction
from idp.storage.missions import all_missions
from idp.storage.models import Grant
from idp.storage.models_figures import FeedbackGiven, MissionCount, PublishedFigures
from idp.storage.models_messages import Dispatch
from idp.storage.models_missions import CaseRow
from idp.telephony.dispatch import State

MOST_MONTHS = 120
BAR = "bar."
FEEDBACK = "feedback."

_FUNNEL = (
    select(
        CaseRow.mission,
        CaseRow.outcome,
        func.count().label("started"),
        func.count(CaseRow.confirmed_at).label("confirmed"),
        func.count(CaseRow.sent_at).label("sent"),
        func.count(CaseRow.delivered_at).label("delivered"),
        func.count(CaseRow.made_at).label("made"),
        func.count(CaseRow.done_at).label("issued"),
        func.count(CaseRow.used_at).label("used"),
    )
    .where(CaseRow.id >= bindparam("first"), CaseRow.id < bindparam("after"), CaseRow.kind != Kind.LIFT.value)
    .group_by(CaseRow.mission, CaseRow.outcome)
)
_COUNTS = select(MissionCount.mission, MissionCount.what, MissionCount.number).where(
    MissionCount.month >= bindparam("first"), MissionCount.month <= bindparam("last")
)
_COUNT: dict[str, Executable] = {
    dialect: module.insert(MissionCount)
    .values(mission=bindparam("place"), month=bindparam("of"), what=bindparam("thing"), number=1)
    .on_conflict_do_update(
        index_elements=["mission", "month", "what"], set_={"number": MissionCount.__table__.c.number + 1}
    )
    for dialect, module in (("postgresql", postgresql), ("sqlite", sqlite))
}
_GIVEN: dict[str, Any] = {
    dialect: module.insert(FeedbackGiven)
    .values(person_id=bindparam("person"), occasion=bindparam("when"))
    .on_conflict_do_nothing(index_elements=["person_id", "occasion"])
    .returning(FeedbackGiven.occasion)
    for dialect, module in (("postgresql", postgresql), ("sqlite", sqlite))
}
_WAS_GIVEN = select(FeedbackGiven.occasion).where(FeedbackGiven.person_id == bindparam("person"))
_MISSION_OF = (
    select(CaseRow.mission)
    .where(CaseRow.person_id == bindparam("person"), CaseRow.state == CaseState.DONE.value)
    .order_by(CaseRow.id.desc())
    .limit(1)
)
_first_service = (
    select(func.min(Grant.created_at))
    .where(
        Grant.person_id == CaseRow.person_id,
        Grant.created_at >= CaseRow.done_at,
        Grant.created_at < CaseRow.done_at + USED_SECONDS,
    )
    .correlate(CaseRow)
    .scalar_subquery()
)
_USED = (
    update(CaseRow)
    .where(
        CaseRow.id >= bindparam("since"),
        CaseRow.done_at.is_not(None),
        CaseRow.used_at.is_(None),
        _first_service.is_not(None),
    )
    .values(used_at=_first_service)
)
_DELIVERED = (
    update(CaseRow)
    .where(
        CaseRow.id >= bindparam("since"),
        CaseRow.sent_at.is_not(None),
        CaseRow.delivered_at.is_(None),
        exists().where(and_(Dispatch.about == CaseRow.enrolment_id, Dispatch.state == State.DELIVERED.value)),
    )
    .values(delivered_at=bindparam("now"))
)
_PUBLISHED = select(PublishedFigures.month).order_by(PublishedFigures.month.desc()).limit(MOST_MONTHS)
_PUBLICATION = select(PublishedFigures.document).where(PublishedFigures.month == bindparam("of"))
_PUBLISH: dict[str, Any] = {
    dialect: module.insert(PublishedFigures)
    .values(month=bindparam("of"), document=bindparam("text"), made_at=bindparam("now"))
    .on_conflict_do_nothing(index_elements=["month"])
    for dialect, module in (("postgresql", postgresql), ("sqlite", sqlite))
}
_OLDEST = select(func.min(CaseRow.created_at))


def key_at(seconds: int) -> UUID:
    """The smallest key of a row made at this second or later."""
    return UUID(int=seconds * 1000 << 80)


class Figures:
    """Verbs on figures within one transaction."""

    def __init__(self, transaction: Transaction) -> None:
        """Over an open transaction."""
        self._transaction = transaction

    def funnels(self, first: int, after: int) -> dict[str, Funnel]:
        """The funnel of each mission over the cases that began in [first, after)."""
        found: dict[str, Funnel] = {}
        for row in self._transaction.all(_FUNNEL, first=key_at(first), after=key_at(after)):
            names = ("started", "confirmed", "sent", "delivered", "made", "issued", "used")
            one = Funnel(
                **{name: getattr(row, name) for name in names},
                reasons={row.outcome: row.started} if row.outcome else {},
            )
            found[row.mission] = found.get(row.mission, Funnel()) + one
        for mission, counts in self._counts(first, after, BAR).items():
            found[mission] = found.get(mission, Funnel()) + Funnel(barred=counts)
        return found

    def answers(self, first: int, after: int, mission: str | None = None) -> dict[str, dict[str, int]]:
        """The answers of the months from `first` to before `after`, of one mission or of all, by question."""
        sums = {
            f"{occasion.value}.{question}": dict.fromkeys(known, 0)
            for occasion in Occasion
            for question, known in QUESTIONS[occasion].items()
        }
        for place, counts in self._counts(first, after, FEEDBACK).items():
            for what, number in counts.items():
                occasion, question, answer = what.removeprefix(FEEDBACK).split(".")
                if mission in {None, place} and answer in sums.get(f"{occasion}.{question}", {}):
                    sums[f"{occasion}.{question}"][answer] += number
        return sums

    def _counts(self, first: int, after: int, begins: str) -> dict[str, dict[str, int]]:
        found: dict[str, dict[str, int]] = {}
        for row in self._transaction.all(_COUNTS, first=month_of(first), last=month_of(after - 1)):
            if row.what.startswith(begins):
                name = row.what.removeprefix(BAR) if begins == BAR else row.what
                found.setdefault(row.mission, {})[name] = row.number
        return found

    def count(self, mission: str, what: str, now: int) -> None:
        """One more of what is counted without a row of its own."""
        self._transaction.run(_COUNT[self._transaction.dialect], place=mission, of=month_of(now), thing=what)

    def was_asked(self, person: UUID) -> set[str]:
        """The occasions after which this person has answered."""
        return {row.occasion for row in self._transaction.all(_WAS_GIVEN, person=person)}

    def answer(self, person: UUID, occasion: Occasion, answers: Mapping[str, str], now: int) -> bool:
        """Count the answers of somebody who has not answered yet; nothing leads back from a count to them."""
        once = _GIVEN[self._transaction.dialect]
        if self._transaction.one(once, person=person, when=occasion.value) is None:
            return False
        row = self._transaction.one(_MISSION_OF, person=person)
        for question, chosen in sorted(answers.items()):
            self.count(row.mission if row else "", count_of(occasion, question, chosen), now)
        return True

    def months(self) -> list[str]:
        """The months that were published, newest first."""
        return [row.month for row in self._transaction.all(_PUBLISHED)]

    def published(self, month: str) -> dict[str, Any] | None:
        """What was published of a month."""
        row = self._transaction.one(_PUBLICATION, of=month)
        return json.loads(row.document) if row else None

    def oldest(self) -> int | None:
        """When the first case began."""
        row = self._transaction.one(_OLDEST)
        return row[0] if row else None


def follow_up(database: Database, now: int) -> dict[str, int]:
    """What happens to a case outside the counter: receipts, the first service. Then what is final is published."""
    since = key_at(now - OFFLINE_SECONDS - USED_SECONDS - 86_400)
    with database.begin() as step:
        done = {"delivered": step.run(_DELIVERED, since=since, now=now), "used": step.run(_USED, since=since)}
    done["published"] = publish(database, now)
    return {what: count for what, count in done.items() if count}


def publish(database: Database, now: int) -> int:
    """Publish every month that is final and was not; what was published once stays as it is. Returns how many."""
    with database.read() as reading:
        figures = Figures(reading)
        oldest, known = figures.oldest(), set(figures.months())
    month = last_final(now)
    wanted: list[str] = []
    while oldest is not None and month >= month_of(oldest) and len(wanted) < MOST_MONTHS:
        if month not in known and is_final(month, now):
            wanted.append(month)
        month = month_of(bounds(month)[0] - 1)
    for one in wanted:
        _publish(database, one, now)
    return len(wanted)


def _publish(database: Database, month: str, now: int) -> None:
    first, after = bounds(month)
    with database.begin() as step:
        figures = Figures(step)
        places = {one.place.code: one.place for one in all_missions(step)}
        document = publication(month, figures.funnels(first, after), places, figures.answers(first, after))
        text = json.dumps(document, ensure_ascii=False)
        step.run(_PUBLISH[step.dialect], of=month, text=text, now=now)
