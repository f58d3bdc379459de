"""Tables about messages on their way: what became of each, how gateways do, and what operators changed for a country.

None of them holds a number, a text or a code: a message is known by its outbox row, and that by a sign-in.
"""

from uuid import UUID

from sqlalchemy import Index, SmallInteger, Text, text
from sqlalchemy.orm import Mapped, mapped_column

from idp.storage.models import Base, Key, Seconds


class Dispatch(Base):
    """One message: which gateway has it, and what became of it (idp.telephony.dispatch)."""

    __tablename__ = "dispatches"
    id: Mapped[Key]  # of the outbox row
    about: Mapped[UUID | None] = mapped_column(index=True)  # the sign-in or enrolment
    channel: Mapped[str]
    region: Mapped[str]
    asked_at: Mapped[Seconds]
    price: Mapped[int]  # hundredths of a US cent
    gateway: Mapped[str]  # the one that was asked last
    state: Mapped[str]  # telephony.dispatch.State
    tried: Mapped[str]  # gateways that were asked before it and did not take it
    vendor_id: Mapped[str | None]
    ended_at: Mapped[int | None]  # when its receipt came
    counted: Mapped[int] = mapped_column(SmallInteger, default=0)  # 1 once it is in message_counts
    __table_args__ = (
        Index(
            "ix_dispatches_uncounted",
            "asked_at",
            postgresql_where=text("counted = 0"),
            sqlite_where=text("counted = 0"),
        ),
        {"postgresql_with": {"fillfactor": 70}},  # that a gateway took it is written beside the row (README)
    )


class VendorId(Base):
    """The vendor's name of a message whose receipts may know no other; beside it, so that most need no index for it."""

    __tablename__ = "vendor_ids"
    id: Mapped[Key]  # of the dispatch
    vendor_id: Mapped[str] = mapped_column(index=True)


class GatewayBreaker(Base):
    """How one gateway did lately on one channel (idp.telephony.breaker)."""

    __tablename__ = "gateway_breakers"
    gateway: Mapped[str] = mapped_column(Text, primary_key=True)
    channel: Mapped[str] = mapped_column(Text, primary_key=True)
    failures: Mapped[int]  # in a row
    open_until: Mapped[Seconds]


class MessageCount(Base):
    """One figure of one day: how many messages of a country and gateway were sent or verified."""

    __tablename__ = "message_counts"
    region: Mapped[str] = mapped_column(Text, primary_key=True)
    channel: Mapped[str] = mapped_column(Text, primary_key=True)
    day: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)  # days since the epoch
    gateway: Mapped[str] = mapped_column(Text, primary_key=True)
    what: Mapped[str] = mapped_column(Text, primary_key=True)  # telephony.figures.Figure, or a step of delay
    count: Mapped[int]


class CountryOverride(Base):
    """What an operator changed for one country (idp.telephony.coverage)."""

    __tablename__ = "country_overrides"
    region: Mapped[str] = mapped_column(Text, primary_key=True)
    members: Mapped[str]  # JSON
    changed_at: Mapped[Seconds]
