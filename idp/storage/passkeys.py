"""Passkeys with their owners: found by the id an authenticator presents, updated when one was used."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import and_, bindparam, func, select, update
from sqlalchemy.engine import Row

from idp.authenticators.passkey import StoredPasskey
from idp.credential.states import State
from idp.people.status import PersonStatus
from idp.storage.database import Transaction
from idp.storage.models import Credential, Passkey, Person, Phone
from idp.storage.models_second_proofs import OptOut
from idp.storage.send_counts import MAY_SEND, SENT_VALUES, first_hour
from idp.telephony.limits import Limit, Tally, hour_of, tally_of

FIND = (
    select(
        Passkey.id,
        Passkey.person_id,
        Passkey.public_key,
        Passkey.sign_count,
        Passkey.backup_eligible,
        Passkey.attested,
        Passkey.state,
        Person.user_handle,
        Person.status,
        Person.sandbox_of,
        Person.record,
        func.coalesce(Person.message_language, Person.language).label("language"),
        Credential.state.label("credential_state"),
        Credential.expires_at,
        Phone.id.label("phone_id"),
        Phone.number,
        Phone.region,
        Phone.locked_until,
        Phone.held_until,
        Phone.verified_at,
        Phone.moved_at,
        OptOut.since.label("opted_out_at"),
    )
    .join(Person, Person.id == Passkey.person_id)
    .join(Credential, Credential.id == Passkey.credential_id)
    .outerjoin(Phone, Phone.person_id == Person.id)
    .outerjoin(OptOut, and_(OptOut.fingerprint == Phone.fingerprint, OptOut.lifted_at.is_(None)))
    .where(Passkey.webauthn_id == bindparam("webauthn"))
)
# The count is compared again where it is written: of two assertions made at once with one count, one loses.
_STILL_SO = update(Passkey).where(
    Passkey.id == bindparam("passkey"), Passkey.state == "active", Passkey.sign_count == bindparam("before")
)
_USE: dict[str, Any] = {
    "sign_count": bindparam("count"),
    "backed_up": bindparam("backed"),
    "last_used_at": bindparam("now"),
}
_USED = _STILL_SO.values(_USE)
_USED_TO_SEND = _STILL_SO.values(_USE | SENT_VALUES).returning(
    Passkey.sends_hour, Passkey.sends_in_hour, Passkey.sends_in_day
)
_USED_TO_SEND_WITHIN = _STILL_SO.where(*MAY_SEND).values(_USE | SENT_VALUES)
_SUSPEND = (
    update(Passkey).where(Passkey.id == bindparam("passkey"), Passkey.state == "active").values(state="suspended")
)
OPENS_SOMETHING = Credential.state.in_((State.ACTIVE.value, State.SUSPENDED.value))
"""Of a mobile ID that works, or may work again: the passkeys of one that was replaced or has ended stay so."""
_OF_PERSON = (
    select(Passkey.webauthn_id)
    .join(Credential, Credential.id == Passkey.credential_id)
    .where(Passkey.person_id == bindparam("person"), Passkey.state != "removed", OPENS_SOMETHING)
    .limit(20)
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Holder:
    """A passkey with its owner, as the sign-in needs them."""

    passkey: StoredPasskey
    passkey_active: bool
    person_active: bool
    credential_active: bool
    record: bytes  # sealed
    language: str  # of codes
    phone_id: UUID | None
    phone_number: bytes | None  # sealed
    region: str | None
    phone_locked_until: int
    phone_held_until: int
    phone_verified_at: int
    phone_moved_at: int
    opted_out: bool
    sandbox_of: str | None = None  # whose test citizen the person is


class Passkeys:
    """Verbs on passkeys within one transaction."""

    def __init__(self, transaction: Transaction) -> None:
        """Over an open transaction."""
        self._transaction = transaction

    def find(self, webauthn_id: bytes, now: int) -> Holder | None:
        """The passkey that an authenticator named, whatever its state."""
        row = with_newest_phone(self._transaction.all(FIND, webauthn=webauthn_id))
        return holder_of(row, now) if row else None

    def used(self, passkey: StoredPasskey, *, sign_count: int, backed_up: bool, now: int) -> bool:
        """Note a use; False when another assertion with the same count was faster, or the passkey is not active."""
        return (
            self._transaction.run(
                _USED,
                passkey=passkey.id,
                before=passkey.sign_count,
                count=sign_count,
                backed=backed_up,
                now=now,
            )
            == 1
        )

    def used_to_send(self, passkey: StoredPasskey, *, sign_count: int, backed_up: bool, now: int) -> Tally | None:
        """The same for a use on whose word a message leaves; returns what left on this passkey's word, with it."""
        row = self._transaction.one(_USED_TO_SEND, **_used_to_send(passkey, sign_count, now, backed_up=backed_up))
        return tally_of(row.sends_hour, row.sends_in_hour, row.sends_in_day, 0, now) if row else None

    def used_to_send_within(
        self, passkey: StoredPasskey, *, sign_count: int, backed_up: bool, most: Limit, now: int
    ) -> None:
        """The same with what is queued, if at most `most` leave on this passkey's word, or the step is Outdated."""
        values = _used_to_send(passkey, sign_count, now, backed_up=backed_up)
        self._transaction.only_if(_USED_TO_SEND_WITHIN, **values, passkey_hour=most.hour, passkey_day=most.day)

    def suspend(self, passkey: UUID) -> bool:
        """Stop a passkey; False when it was not active."""
        return self._transaction.run(_SUSPEND, passkey=passkey) == 1

    def ids_of(self, person: UUID) -> list[bytes]:
        """The WebAuthn ids that a person already has, so that one authenticator is not registered twice."""
        return [row.webauthn_id for row in self._transaction.all(_OF_PERSON, person=person)]


def _used_to_send(passkey: StoredPasskey, sign_count: int, now: int, *, backed_up: bool) -> dict[str, Any]:
    return {
        "passkey": passkey.id,
        "before": passkey.sign_count,
        "count": sign_count,
        "backed": backed_up,
        "now": now,
        "at": hour_of(now),
        "since": first_hour(now),
    }


def with_newest_phone(rows: list[Row[Any]]) -> Row[Any] | None:
    """Of one row for each of a person's phones, the one that was verified last.

    A person has one phone: looking through one row here costs less than having it sorted there.
    """
    return max(rows, key=lambda row: row.verified_at or 0) if len(rows) > 1 else rows[0] if rows else None


def holder_of(row: Row[Any], now: int) -> Holder:
    """A row of FIND's columns as the sign-in needs it."""
    return Holder(
        passkey=StoredPasskey(
            id=row.id,
            person_id=row.person_id,
            user_handle=row.user_handle,
            public_key=row.public_key,
            sign_count=row.sign_count,
            backup_eligible=row.backup_eligible,
            attested=row.attested,
        ),
        passkey_active=row.state == "active",
        person_active=row.status == PersonStatus.ACTIVE.value,
        credential_active=row.credential_state == State.ACTIVE.value and now < row.expires_at,
        record=row.record,
        language=row.language,
        phone_id=row.phone_id,
        phone_number=row.number,
        region=row.region,
        phone_locked_until=row.locked_until or 0,
        phone_held_until=row.held_until or 0,
        phone_verified_at=row.verified_at or 0,
        phone_moved_at=row.moved_at or 0,
        opted_out=row.opted_out_at is not None,
        sandbox_of=row.sandbox_of,
    )
