"""The tables of figures: counts that belong to nobody, and what was published."""

from uuid import UUID

from sqlalchemy import Text, Uuid
from sqlalchemy.orm import Mapped, mapped_column

from idp.storage.models import Base, Seconds


class MissionCount(Base):
    """How often something happened at a mission in a month, where no row of its own remembers it."""

    __tablename__ = "mission_counts"
    mission: Mapped[str] = mapped_column(Text, primary_key=True)  # empty for what happened at none
    month: Mapped[str] = mapped_column(Text, primary_key=True)  # 2026-11, UTC
    what: Mapped[str] = mapped_column(Text, primary_key=True)  # bar.…, feedback.…
    number: Mapped[int]


class FeedbackGiven(Base):
    """That a person has answered after an occasion: not what, and not when."""

    __tablename__ = "feedback_given"
    person_id: Mapped[UUID] = mapped_column(Uuid, primary_key=True)
    occasion: Mapped[str] = mapped_column(Text, primary_key=True)  # missions.feedback.Occasion


class PublishedFigures(Base):
    """The figures of a month as everybody may read them. Made once, and never changed."""

    __tablename__ = "published_figures"
    month: Mapped[str] = mapped_column(Text, primary_key=True)
    document: Mapped[str]  # JSON, small numbers already hidden
    made_at: Mapped[Seconds]
