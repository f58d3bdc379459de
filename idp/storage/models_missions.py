"""The tables of diplomatic missions."""

from sqlalchemy import Text
from sqlalchemy.orm import Mapped, mapped_column

from idp.storage.models import Base, Seconds


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
