"""Issuing: the rows that make a national with a phone, a credential and a passkey, in one transaction.

Used by enrolment and by the laboratory's citizens; storage is given, so nothing here knows SQL.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol
from uuid import UUID

from idp.authenticators.passkey_registration import NewPasskey
from idp.credential.enrolment import credential_end
from idp.keys.fingerprints import Fingerprints
from idp.keys.sealing import Sealer, row_context
from idp.people.record import Record
from idp.telephony.numbers import PhoneNumber


class PeopleStore(Protocol):
    """What issuing needs of storage, within one transaction."""

    def with_identifier(self, identifier: bytes) -> UUID | None:
        """The person with this passport."""
        ...

    def add(
        self,
        person: UUID,
        *,
        user_handle: bytes,
        record: bytes,
        identifier: bytes | None,
        connecting: bytes | None,
        language: str,
        now: int,
    ) -> None:
        """A new person."""
        ...

    def with_connecting(self, connecting: bytes) -> UUID | None:
        """The person with this connecting information."""
        ...

    def renew(
        self, person: UUID, *, record: bytes, identifier: bytes | None, connecting: bytes | None, now: int
    ) -> bool:
        """The record of a known person, as it was confirmed again."""
        ...

    def add_phone(self, row: UUID, person: UUID, *, sealed: bytes, fingerprint: bytes, region: str, now: int) -> None:
        """Their phone."""
        ...

    def add_credential(self, row: UUID, person: UUID, *, mission: str, now: int, expires_at: int) -> None:
        """Their credential."""
        ...

    def add_passkey(self, row: UUID, person: UUID, credential: UUID, new: NewPasskey, *, name: str, now: int) -> None:
        """Its passkey."""
        ...


class AlreadyEnrolled(Exception):
    """One passport, one person: this one has a credential already, or is no longer active."""


@dataclass(frozen=True, slots=True)
class Keys:
    """What sealing a person takes."""

    record: Sealer
    phone: Sealer
    look_up: Fingerprints
    new_id: Callable[[], UUID]


@dataclass(frozen=True, slots=True)
class IssuedCredential:
    """What was created."""

    person: UUID
    credential: UUID
    passkey: UUID


def issue_credential(
    people: PeopleStore,
    keys: Keys,
    *,
    record: Record,
    phone: PhoneNumber,
    passkey: NewPasskey,
    user_handle: bytes,
    language: str,
    mission: str,
    now: int,
    holder: UUID | None = None,
    not_after: int | None = None,
) -> IssuedCredential:
    """Create the person with everything that sign-in needs, or give a known `holder` a further credential.

    `not_after` is when the passport ends, in epoch seconds: the credential ends no later. Raises AlreadyEnrolled for
    the passport of another person.
    """
    person, credential, passkey_row, phone_row = (keys.new_id() for _ in range(4))
    identifier = keys.look_up.of("passport", record.passport) if record.passport else None
    connecting = keys.look_up.of("connecting", record.connecting) if record.connecting else None
    owners = {
        people.with_identifier(identifier) if identifier is not None else None,
        people.with_connecting(connecting) if connecting is not None else None,
    }
    if owners - {None, holder}:
        raise AlreadyEnrolled
    person = holder or person
    sealed = keys.record.seal(record.to_json(), row_context("persons", "record", person))
    if holder is None:
        people.add(
            person,
            user_handle=user_handle,
            record=sealed,
            identifier=identifier,
            connecting=connecting,
            language=language,
            now=now,
        )
    elif not people.renew(person, record=sealed, identifier=identifier, connecting=connecting, now=now):
        raise AlreadyEnrolled
    people.add_phone(
        phone_row,
        person,
        sealed=keys.phone.seal(phone.e164.encode(), row_context("phones", "number", phone_row)),
        fingerprint=keys.look_up.of("phone", phone.e164),
        region=phone.region,
        now=now,
    )
    people.add_credential(credential, person, mission=mission, now=now, expires_at=credential_end(now, not_after))
    people.add_passkey(passkey_row, person, credential, passkey, name=phone.region, now=now)
    return IssuedCredential(person, credential, passkey_row)
