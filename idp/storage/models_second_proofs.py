"""The tables of second proofs other than the passkey's own phone: apps, printed codes, counts, opt-outs, changes."""

from uuid import UUID

from sqlalchemy import BigInteger, Integer, LargeBinary, SmallInteger, Uuid
from sqlalchemy.orm import Mapped, mapped_column

from idp.storage.models import Base, Key, Seconds


class AuthenticatorApp(Base):
    """The authenticator app of a person (RFC 6238). One each; a new one takes the place of the old."""

    __tablename__ = "authenticator_apps"
    person_id: Mapped[UUID] = mapped_column(Uuid, primary_key=True)
    secret: Mapped[bytes]  # sealed
    added_at: Mapped[Seconds]
    last_step: Mapped[int]  # of the newest code that was accepted: none is accepted twice


class PrintedCode(Base):
    """One code of a person's printed sheet."""

    __tablename__ = "printed_codes"
    person_id: Mapped[UUID] = mapped_column(Uuid, primary_key=True)
    digest: Mapped[bytes] = mapped_column(LargeBinary, primary_key=True)  # keyed
    made_at: Mapped[Seconds]
    used_at: Mapped[int | None]


class ProofTries(Base):
    """Wrong tries of typed proofs other than the code on the phone, over all sign-ins of a person."""

    __tablename__ = "proof_tries"
    person_id: Mapped[UUID] = mapped_column(Uuid, primary_key=True)
    wrong_tries: Mapped[int]  # consecutive
    locked_until: Mapped[Seconds]


class SendCount(Base):
    """What one subject caused this hour and this day: one small row, updated in place.

    The subject is the first eight bytes of a keyed fingerprint. No column but the key is indexed and the pages
    keep room, so that PostgreSQL updates within the page (HOT) and logs the changed end of the row only.
    """

    __tablename__ = "send_counts"
    subject: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    hour: Mapped[int] = mapped_column(Integer)  # hours since the epoch
    in_hour: Mapped[int] = mapped_column(Integer)
    in_day: Mapped[int] = mapped_column(Integer)
    verified: Mapped[int] = mapped_column(Integer)  # this day; counted for ranges and countries of new numbers
    __table_args__ = ({"postgresql_with": {"fillfactor": 70}},)


class OptOut(Base):
    """A number that answered STOP, by its fingerprint only. Lifted by its holder."""

    __tablename__ = "opt_outs"
    fingerprint: Mapped[bytes] = mapped_column(LargeBinary, primary_key=True)  # keyed
    since: Mapped[Seconds]
    lifted_at: Mapped[int | None]


class PhoneChange(Base):
    """A new number that a signed-in person is about to take: bound to them once its code was right."""

    __tablename__ = "phone_changes"
    id: Mapped[Key]
    person_id: Mapped[UUID] = mapped_column(index=True)
    number: Mapped[bytes]  # sealed E.164
    region: Mapped[str]
    expires_at: Mapped[Seconds]
    code_digest: Mapped[bytes | None]  # keyed, bound to this row
    code_sent_at: Mapped[int | None]
    code_sends: Mapped[int | None] = mapped_column(SmallInteger)
    code_attempts: Mapped[int | None] = mapped_column(SmallInteger)
    code_spoken: Mapped[bool | None]  # by a call
    finished_at: Mapped[int | None]
