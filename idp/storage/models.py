"""The tables. Hot paths use `Model.__table__` with Core statements; consoles may use the models.

Keys begin with time (UUIDv7), so that inserts land at the right edge of each index. Times are whole seconds
since the epoch. `LargeBinary` columns hold digests (random secrets: SHA-256; short codes and look-ups: keyed
HMAC) or AES-256-GCM ciphertext with table, column and row in its associated data. Hot tables carry no foreign
keys: their rows expire in bulk, and a check per insert would cost more than it guards.
"""

from typing import Annotated
from uuid import UUID

from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import BigInteger, ForeignKey, Index, Integer, LargeBinary, MetaData, SmallInteger, Text, Uuid, text
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

Key = Annotated[UUID, mapped_column(Uuid, primary_key=True)]
Seconds = Annotated[int, mapped_column(BigInteger)]


class Base(DeclarativeBase):
    """Column types by annotation, and constraint names that migrations can refer to."""

    type_annotation_map = {int: BigInteger, bytes: LargeBinary, str: Text, UUID: Uuid}  # noqa: RUF012 (SQLAlchemy reads it so)
    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(table_name)s_%(column_0_name)s",
            "uq": "uq_%(table_name)s_%(column_0_name)s",
            "fk": "fk_%(table_name)s_%(column_0_name)s",
            "pk": "pk_%(table_name)s",
        }
    )


db = SQLAlchemy(metadata=Base.metadata)


class Person(Base):
    """A national: the sealed record, and what sign-in needs without opening it."""

    __tablename__ = "persons"
    id: Mapped[Key]
    status: Mapped[str]  # people.status.PersonStatus
    user_handle: Mapped[bytes] = mapped_column(unique=True)  # 64 random bytes, WebAuthn Level 3 §14.6.1
    record: Mapped[bytes]  # sealed JSON: people.record.Record
    identifier: Mapped[bytes | None] = mapped_column(unique=True)  # keyed HMAC of the passport number
    connecting: Mapped[bytes | None] = mapped_column(
        unique=True
    )  # keyed HMAC of the authority's connecting information
    language: Mapped[str]  # of pages and letters
    created_at: Mapped[Seconds]
    updated_at: Mapped[Seconds]
    message_language: Mapped[str | None]  # of codes, where it is another
    sandbox_of: Mapped[str | None]  # the sandbox client whose test citizen this is; none for everybody real


class Credential(Base):
    """The mobile overseas-national credential: what a mission issued, and the state it is in."""

    __tablename__ = "credentials"
    id: Mapped[Key]
    person_id: Mapped[UUID] = mapped_column(ForeignKey("persons.id"), index=True)
    state: Mapped[str]  # credential.states.State
    mission: Mapped[str]
    proofed_at: Mapped[Seconds]
    issued_at: Mapped[Seconds]
    expires_at: Mapped[Seconds] = mapped_column(index=True)
    changed_at: Mapped[Seconds]


class Passkey(Base):
    """A WebAuthn credential that proves its holder (WebAuthn Level 3 §4, credential record)."""

    __tablename__ = "passkeys"
    id: Mapped[Key]
    webauthn_id: Mapped[bytes] = mapped_column(unique=True)
    person_id: Mapped[UUID] = mapped_column(ForeignKey("persons.id"), index=True)
    credential_id: Mapped[UUID] = mapped_column(ForeignKey("credentials.id"))
    public_key: Mapped[bytes]  # COSE_Key
    backup_eligible: Mapped[bool]
    attested: Mapped[bool]  # attestation chained to a configured root
    aaguid: Mapped[str]
    attestation_format: Mapped[str]
    transports: Mapped[str]
    name: Mapped[str]
    state: Mapped[str]  # active, suspended, removed
    created_at: Mapped[Seconds]
    # What every use changes stands last: PostgreSQL then logs only the changed end of the row.
    sign_count: Mapped[int]
    backed_up: Mapped[bool]
    last_used_at: Mapped[int | None]
    # What was sent to the phone on this passkey's word: counted in the row that the step writes anyway.
    sends_hour: Mapped[int] = mapped_column(Integer)  # hours since the epoch
    sends_in_hour: Mapped[int] = mapped_column(SmallInteger)
    sends_in_day: Mapped[int] = mapped_column(SmallInteger)


class Phone(Base):
    """A foreign number bound to a person: sealed, findable only by keyed fingerprint."""

    __tablename__ = "phones"
    id: Mapped[Key]
    person_id: Mapped[UUID] = mapped_column(ForeignKey("persons.id"), index=True)
    number: Mapped[bytes]  # sealed E.164
    fingerprint: Mapped[bytes] = mapped_column(index=True)
    region: Mapped[str]
    verified_at: Mapped[Seconds]
    wrong_tries: Mapped[int] = mapped_column(default=0)  # consecutive, over all sign-ins
    locked_until: Mapped[int] = mapped_column(BigInteger, default=0)
    held_until: Mapped[int] = mapped_column(BigInteger, default=0)  # changed by its holder: not yet good for all
    moved_at: Mapped[int | None] = mapped_column(BigInteger)  # to another SIM, as a vendor says


class SignIn(Base):
    """A sign-in under way, born when an assertion was verified: never an authenticated session.

    Its key was chosen when the page with the challenge was made, so that creating the row spends the challenge.
    """

    __tablename__ = "sign_ins"
    id: Mapped[Key]
    browser: Mapped[bytes]  # SHA-256 of the browser cookie it is bound to
    person_id: Mapped[UUID]
    passkey_id: Mapped[UUID]
    client_id: Mapped[str]
    facts: Mapped[str]  # what the passkey step proved: letters of claims.assurance
    request: Mapped[str]  # JSON of the authorization request
    expires_at: Mapped[Seconds]
    # What changes stands behind what does not: PostgreSQL then logs only the changed end of the row.
    code_digest: Mapped[bytes | None]  # of the one live code: keyed HMAC over purpose, this row and the code
    code_sent_at: Mapped[int | None]
    code_sends: Mapped[int | None] = mapped_column(SmallInteger)
    code_attempts: Mapped[int | None] = mapped_column(SmallInteger)
    code_spoken: Mapped[bool | None]  # by a call
    session_id: Mapped[UUID | None]  # once proven, or from the start with single sign-on
    proven_at: Mapped[int | None]  # when the second proof was given
    finished_at: Mapped[int | None]  # returned to the client, declined or cancelled
    other_attempts: Mapped[int | None] = mapped_column(SmallInteger)  # typed proofs other than the phone's code


class Session(Base):
    """A signed-in browser: both proofs given."""

    __tablename__ = "sessions"
    id: Mapped[Key]
    digest: Mapped[bytes]
    person_id: Mapped[UUID]
    passkey_id: Mapped[UUID]
    facts: Mapped[str]
    auth_time: Mapped[Seconds]
    last_seen_at: Mapped[Seconds]
    expires_at: Mapped[Seconds]
    ended_at: Mapped[int | None]


class Consent(Base):
    """What a person agreed to give to a client, remembered for a year."""

    __tablename__ = "consents"
    person_id: Mapped[UUID] = mapped_column(Uuid, primary_key=True)
    client_id: Mapped[str] = mapped_column(Text, primary_key=True)
    scopes: Mapped[str]  # agreed to, space-separated
    declined: Mapped[str]  # optional ones left out
    granted_at: Mapped[Seconds]
    expires_at: Mapped[Seconds]
    withdrawn_at: Mapped[int | None]


class Grant(Base):
    """What a person granted to a client in one sign-in, born with its authorization code.

    Every token names its grant: revoking the grant ends them all (RFC 6749 §4.1.2). The spent code stays
    recognisable until its tokens have expired.
    """

    __tablename__ = "grants"
    id: Mapped[Key]
    code_digest: Mapped[bytes | None]  # none for a grant that no code led to
    client_id: Mapped[str]
    person_id: Mapped[UUID | None] = mapped_column(index=True)  # none for a machine that acts for itself
    session_id: Mapped[UUID | None]
    passkey_id: Mapped[UUID | None]
    redirect_uri: Mapped[str | None]
    code_challenge: Mapped[str | None]
    nonce: Mapped[str | None]
    scopes: Mapped[str]
    claims: Mapped[str | None]  # JSON of the claims parameter
    resources: Mapped[str | None]  # RFC 8707, space-separated
    details: Mapped[str | None]  # RFC 9396, JSON
    confirmation: Mapped[str | None]  # key its code is bound to: `jkt:…` (RFC 9449 §10)
    acr: Mapped[str | None]
    amr: Mapped[str | None]
    auth_time: Mapped[int | None]
    created_at: Mapped[Seconds]
    code_expires_at: Mapped[Seconds]
    expires_at: Mapped[Seconds]  # when the last thing made from it may have ended
    code_spent_at: Mapped[int | None]
    revoked_at: Mapped[int | None]


class AccessToken(Base):
    """An access token: opaque, or the record of a signed one (RFC 9068), revocable alike."""

    __tablename__ = "access_tokens"
    id: Mapped[Key]
    digest: Mapped[bytes]
    grant_id: Mapped[UUID]
    scopes: Mapped[str]
    audience: Mapped[str | None]  # resources it is meant for, space-separated
    confirmation: Mapped[str | None]  # sender key: `jkt:…` (RFC 9449 §6) or `x5t#S256:…` (RFC 8705 §3)
    created_at: Mapped[Seconds]
    expires_at: Mapped[Seconds]
    revoked_at: Mapped[int | None]


class PushedRequest(Base):
    """A pushed authorization request (RFC 9126): visited as often as a page is reloaded, completed once."""

    __tablename__ = "pushed_requests"
    id: Mapped[Key]
    digest: Mapped[bytes]
    client_id: Mapped[str]
    parameters: Mapped[str]  # JSON
    confirmation: Mapped[str | None]  # `jkt:…` of the proof it was pushed with (RFC 9449 §10.1)
    created_at: Mapped[Seconds]
    expires_at: Mapped[Seconds]
    used_at: Mapped[int | None]


class DeviceAuthorization(Base):
    """A device flow under way (RFC 8628)."""

    __tablename__ = "device_authorizations"
    id: Mapped[Key]
    digest: Mapped[bytes]  # of the device code
    user_code: Mapped[bytes] = mapped_column(unique=True)  # keyed HMAC
    client_id: Mapped[str]
    scopes: Mapped[str]
    place: Mapped[str]  # what its page shows of where it began
    poll_seconds: Mapped[int]
    polled_at: Mapped[int | None]
    grant_id: Mapped[UUID | None]  # once approved
    denied_at: Mapped[int | None]
    taken_at: Mapped[int | None]
    created_at: Mapped[Seconds]
    expires_at: Mapped[Seconds]


class InitialAccessToken(Base):
    """Leave to register services (RFC 7591 §3), given by an administrator."""

    __tablename__ = "initial_access_tokens"
    id: Mapped[Key]
    digest: Mapped[bytes]
    note: Mapped[str]
    uses_left: Mapped[int]
    lab: Mapped[bool]  # for conformance suites: the waivers that they need
    created_at: Mapped[Seconds]
    expires_at: Mapped[Seconds]


class RefreshToken(Base):
    """A refresh token of a grant; spent ones stay, so that a replay is recognised (RFC 9700 §4.14).

    A spent one names its successor; one that never reached its client ends without having one.
    """

    __tablename__ = "refresh_tokens"
    id: Mapped[Key]
    digest: Mapped[bytes]
    grant_id: Mapped[UUID]
    created_at: Mapped[Seconds]
    expires_at: Mapped[Seconds]
    spent_at: Mapped[int | None]
    successor_id: Mapped[UUID | None]
    retried_at: Mapped[int | None]  # when its successor was replaced, because the answer had been lost


class UsedOnce(Base):
    """Identifiers accepted at most once until they expire: the `jti` of client assertions."""

    __tablename__ = "used_once"
    digest: Mapped[bytes] = mapped_column(LargeBinary, primary_key=True)  # SHA-256 over purpose and value
    expires_at: Mapped[Seconds] = mapped_column(index=True)


class ClientRow(Base):
    """A relying service's registration as it was checked (idp/registration)."""

    __tablename__ = "clients"
    id: Mapped[str] = mapped_column(Text, primary_key=True)
    registration: Mapped[str]  # JSON of the metadata
    secret_digest: Mapped[bytes | None]  # SHA-256
    access_digest: Mapped[bytes | None]  # SHA-256 of the registration access token (RFC 7592 §3)
    status: Mapped[str]  # enabled, disabled
    version: Mapped[int]  # rises with every change, so that workers notice
    created_at: Mapped[Seconds]
    updated_at: Mapped[Seconds]
    removal_at: Mapped[int | None]  # the end of its grace: then the row goes
    logo: Mapped[str | None]  # the name of a row of client_logos
    former_digest: Mapped[bytes | None]  # SHA-256 of the secret before, while a service changes over
    former_until: Mapped[int | None]  # when that one ends
    checked_until: Mapped[int | None]  # until when the integration check notes what a sandbox client sends


class AuditEvent(Base):
    """One act (idp/audit/catalogue.py). Append only."""

    __tablename__ = "audit_events"
    id: Mapped[Key]
    at: Mapped[Seconds]
    event: Mapped[str]
    person_id: Mapped[UUID | None]
    client_id: Mapped[str | None]
    detail: Mapped[str | None]  # JSON
    seal: Mapped[int | None]  # number of the seal over it (idp/audit/seal.py)
    # A block-range index of filters: a person finds their own rows, and writing one costs next to nothing.
    __table_args__ = (
        Index(
            "ix_audit_events_person_id",
            "person_id",
            postgresql_using="brin",
            postgresql_ops={"person_id": "uuid_bloom_ops"},
            postgresql_with={"pages_per_range": 32},
            sqlite_where=text("person_id IS NOT NULL"),
        ),
    )


class OutboxRow(Base):
    """A message that must leave, written with the act that caused it; gone when it has left."""

    __tablename__ = "outbox"
    id: Mapped[Key]
    kind: Mapped[str]
    payload: Mapped[bytes | None]  # sealed; gone once given up
    attempts: Mapped[int]
    due_at: Mapped[int | None]  # next attempt; NULL once given up
    leased_until: Mapped[int | None]  # until then a worker has it; in no index, so that a lease is a small write
    not_after: Mapped[Seconds]
    created_at: Mapped[Seconds]
    delivered_at: Mapped[int | None]  # of the version before, which kept the row
    failed_at: Mapped[int | None]
    why: Mapped[str | None]
    __table_args__ = (
        Index(
            "ix_outbox_due_at",
            "due_at",
            postgresql_where=text("due_at IS NOT NULL"),
            sqlite_where=text("due_at IS NOT NULL"),
        ),
        {"postgresql_with": {"fillfactor": 70}},  # a lease is written beside the row (README)
    )


class SigningKey(Base):
    """A key of the ring, private part sealed."""

    __tablename__ = "signing_keys"
    kid: Mapped[str] = mapped_column(Text, primary_key=True)  # RFC 7638 thumbprint
    alg: Mapped[str]
    private: Mapped[bytes]  # sealed PKCS#8
    published_at: Mapped[Seconds]
    signs_from: Mapped[Seconds]
    signs_until: Mapped[int | None]
    gone_at: Mapped[int | None]  # no longer published


class Enrolment(Base):
    """A one-time link with which a national makes their credential on their own phone."""

    __tablename__ = "enrolments"
    id: Mapped[Key]
    digest: Mapped[bytes]
    record: Mapped[bytes]  # sealed
    mission: Mapped[str]
    browser: Mapped[bytes | None]  # the first device that opened it
    opened_at: Mapped[int | None]
    confirmed_at: Mapped[int | None]
    phone: Mapped[bytes | None]  # sealed E.164, not yet verified
    region: Mapped[str | None]
    code_digest: Mapped[bytes | None]
    code_sent_at: Mapped[int | None]
    code_sends: Mapped[int | None] = mapped_column(SmallInteger)
    code_attempts: Mapped[int | None] = mapped_column(SmallInteger)
    code_spoken: Mapped[bool | None]  # by a call
    phone_verified_at: Mapped[int | None]
    challenge: Mapped[bytes | None]  # of the registration ceremony under way
    user_handle: Mapped[bytes]
    case_id: Mapped[UUID | None]  # the case at a counter that it belongs to
    made: Mapped[bytes | None]  # sealed JSON of the passkey, until the officer confirms too
    created_at: Mapped[Seconds]
    expires_at: Mapped[Seconds]
    finished_at: Mapped[int | None]
    person_id: Mapped[UUID | None]  # who came of it
    message_language: Mapped[str | None]  # chosen with the number


# The nouns that have files of their own; they build on what stands above.
from idp.storage import (  # noqa: E402 (their tables belong to the same schema)
    models_account,  # noqa: F401
    models_console,  # noqa: F401
    models_engineers,  # noqa: F401
    models_figures,  # noqa: F401
    models_messages,  # noqa: F401
    models_missions,  # noqa: F401
    models_sandbox,  # noqa: F401
    models_second_proofs,  # noqa: F401
    models_staff,  # noqa: F401
)
