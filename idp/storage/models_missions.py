"""The tables of diplomatic missions and of the cases at their counters."""

from uuid import UUID

from sqlalchemy import Index, LargeBinary, SmallInteger, Text, Uuid
from sqlalchemy.orm import Mapped, mapped_column

from idp.storage.models import Base, Key, Seconds


class MissionRow(Base):
    """A diplomatic mission, and whether it issues."""

    __tablename__ = "missions"
    code: Mapped[str] = mapped_column(Text, primary_key=True)
    name_ko: Mapped[str]
    name_en: Mapped[str]
    country: Mapped[str]  # ISO 3166-1
    zone: Mapped[str]  # IANA time zone
    address: Mapped[str]
    languages: Mapped[str]  # BCP 47, space-separated
    created_at: Mapped[Seconds]
    changed_at: Mapped[Seconds]
    # What every issue changes stands last: PostgreSQL then logs only the changed end of the row.
    state: Mapped[str]  # missions.mission.Opening
    quota: Mapped[int | None]  # of a pilot
    issued: Mapped[int]


class CaseRow(Base):
    """A case at a counter, from the evidence to a credential or an end without one."""

    __tablename__ = "cases"
    id: Mapped[Key]
    mission: Mapped[str]
    officer_id: Mapped[UUID]
    kind: Mapped[str]  # missions.evidence.Kind
    evidence: Mapped[bytes | None]  # sealed JSON; gone once it has served its time
    record: Mapped[bytes | None]  # sealed JSON: people.record.Record
    held: Mapped[bytes | None] = mapped_column(unique=True)  # keyed HMAC of the passport, while the case is open
    person_id: Mapped[UUID | None] = mapped_column(index=True)  # known before, or made by this case
    reasons: Mapped[str]  # why it takes two, space-separated missions.evidence.Reason
    created_at: Mapped[Seconds]
    expires_at: Mapped[Seconds]
    # What a case goes through stands behind what it began with.
    state: Mapped[str]  # missions.cases.CaseState
    approver_id: Mapped[UUID | None]
    enrolment_id: Mapped[UUID | None] = mapped_column(index=True)
    check_tries: Mapped[int] = mapped_column(SmallInteger)
    outcome: Mapped[str | None]  # missions.cases.Outcome
    changed_at: Mapped[Seconds]
    # The first time that it came so far (missions.figures.STEPS): a second QR does not count a step twice.
    confirmed_at: Mapped[int | None]
    sent_at: Mapped[int | None]
    delivered_at: Mapped[int | None]
    made_at: Mapped[int | None]
    done_at: Mapped[int | None]
    used_at: Mapped[int | None]
    __table_args__ = (Index("ix_cases_mission", "mission", "id"),)


class ReminderRow(Base):
    """A reminder that a credential ends soon: each is sent once."""

    __tablename__ = "reminders"
    credential_id: Mapped[UUID] = mapped_column(Uuid, primary_key=True)
    days: Mapped[int] = mapped_column(SmallInteger, primary_key=True)
    sent_at: Mapped[Seconds]


class RegistryRow(Base):
    """An entry of the embedded registry."""

    __tablename__ = "registry_entries"
    fingerprint: Mapped[bytes] = mapped_column(LargeBinary, primary_key=True)  # keyed HMAC of passport and birth date
    answer: Mapped[bytes]  # sealed JSON: people.registry.contract.RegistryAnswer
