"""Every event that the provider records: `source:subject:action`.

`source` is who acted (a person, a client, an operator at the command line, the provider itself). The detail
fields that an event may carry are listed beside it; anything else is refused when the event is made.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import Any
from uuid import UUID


class Event(Enum):
    """The catalogue: each member's value is its tag, and `fields` the detail it may carry."""

    PASSKEY_VERIFIED = ("person:passkey:verified", ("sign_in", "backed_up", "code_sent", "silence"))
    PASSKEY_CLONE_SUSPECTED = ("provider:passkey:suspended", ("passkey", "stored", "presented"))
    CODE_SENT = ("provider:phone_code:sent", ("purpose", "region", "sends", "channel"))
    CODE_REFUSED = ("person:phone_code:refused", ("sign_in", "why", "attempts"))
    PROOF_REFUSED = ("person:second_proof:refused", ("sign_in", "way", "why", "attempts"))
    APP_ADDED = ("person:authenticator_app:added", ("by",))
    APP_REMOVED = ("person:authenticator_app:removed", ())
    PRINTED_CODES_MADE = ("person:printed_codes:made", ("by",))
    PRINTED_CODE_USED = ("person:printed_code:used", ("sign_in", "left"))
    PASSKEY_DISTRUSTED = ("person:passkey:distrusted", ("passkey",))
    PASSKEY_REMOVED = ("person:passkey:removed", ("passkey",))
    NUMBER_CHANGED = ("person:phone_number:changed", ("before", "region", "held_until"))
    OPTED_OUT = ("provider:phone_number:opted_out", ("region",))
    NUMBER_MOVED = ("provider:phone_number:moved", ("region",))
    OPTED_IN = ("person:phone_number:opted_in", ())
    SENDING_NEAR_LIMIT = ("provider:send_limit:near", ("kind", "region", "percent"))
    SENDING_STOPPED = ("provider:send_limit:met", ("kind", "region", "until", "broken"))
    SESSION_STARTED = ("person:session:started", ("session", "acr", "amr", "on"))
    SESSION_ENDED = ("person:session:ended", ("session", "why", "told"))
    SESSION_STOPPED = ("provider:session:stopped", ("session", "why", "told"))
    SIGN_IN_CANCELLED = ("person:sign_in:cancelled", ("sign_in",))
    CONSENT_GIVEN = ("person:consent:given", ("grant", "scopes", "details"))
    CONSENT_DECLINED = ("person:consent:declined", ("sign_in",))
    CONSENT_WITHDRAWN = ("person:consent:withdrawn", ())
    CODE_ISSUED = ("provider:authorization_code:issued", ("grant", "scopes"))
    CODE_REPLAYED = ("client:authorization_code:replayed", ("grant",))
    CODE_BURNED = ("client:authorization_code:burned", ("grant", "why"))
    DEVICE_STARTED = ("client:device:started", ("device", "scopes"))
    DEVICE_APPROVED = ("person:device:approved", ("device", "grant", "scopes", "acr"))
    DEVICE_DENIED = ("person:device:denied", ("device",))
    TOKENS_ISSUED = ("client:token:issued", ("grant", "grant_type", "refresh"))
    REFRESH_REUSED = ("client:refresh_token:reused", ("grant",))
    REFRESH_RETRIED = ("client:refresh_token:retried", ("grant",))
    GRANT_REVOKED = ("client:grant:revoked", ("grant", "why"))
    ENROLMENT_STARTED = ("operator:enrolment:started", ("enrolment",))
    ENROLMENT_OPENED = ("person:enrolment:opened", ("enrolment",))
    ENROLMENT_AGREED = ("person:enrolment:record_agreed", ("enrolment",))
    ENROLMENT_DISPUTED = ("person:enrolment:disputed", ("enrolment",))
    ENROLMENT_PHONE_VERIFIED = ("person:enrolment:phone_verified", ("enrolment", "region"))
    PHONE_SHARED = ("provider:phone:shared", ("people",))
    CREDENTIAL_ISSUED = ("provider:credential:issued", ("credential", "enrolment"))
    CREDENTIAL_CHANGED = ("operator:credential:changed", ("credential", "from", "to", "why"))
    PERSON_ENDED_AT_REGISTRY = ("provider:person:ended", ("from", "to"))
    PERSON_CHANGED = ("operator:person:changed", ("from", "to", "why"))
    PASSKEY_REGISTERED = (
        "person:passkey:registered",
        ("passkey", "aaguid", "backup_eligible", "attestation"),
    )
    PASSKEY_RENAMED = ("person:passkey:renamed", ("passkey",))
    CREDENTIAL_STOPPED = ("person:credential:suspended", ("credential", "by", "passkey"))
    CREDENTIAL_RESUMED = ("person:credential:resumed", ("credential", "passkey"))
    LANGUAGE_CHOSEN = ("person:language:chosen", ("language",))
    FEEDBACK_GIVEN = ("person:feedback:given", ("occasion",))
    ADDRESS_CHANGED = ("person:email:changed", ())
    ADDRESS_CONFIRMED = ("person:email:confirmed", ())
    DATA_TAKEN = ("person:data:downloaded", ())
    ACCOUNT_CLOSED = ("person:account:closed", ("services",))
    CLIENT_ADDED = ("operator:client:added", ("diff",))
    CLIENT_CHANGED = ("operator:client:changed", ("diff",))
    CLIENT_DISABLED = ("operator:client:disabled", ())
    CLIENT_ENABLED = ("operator:client:enabled", ())
    CLIENT_REMOVAL_BEGUN = ("operator:client:removal_begun", ("removal_at",))
    CLIENT_KEPT = ("operator:client:kept", ())
    CLIENT_REMOVED = ("operator:client:removed", ())
    CLIENT_GONE = ("provider:client:removed", ())
    CLIENT_LOGO_SET = ("operator:client:logo_set", ("logo",))
    CLIENT_SECRET_ROTATED = ("operator:client:secret_rotated", ())
    CLIENT_INVITED = ("operator:initial_access_token:created", ("invitation", "note", "uses", "expires_at", "lab"))
    CLIENT_DISINVITED = ("operator:initial_access_token:removed", ("invitation",))
    CLIENT_REGISTERED_ITSELF = ("client:registration:added", ("diff", "invitation"))
    CLIENT_CHANGED_ITSELF = ("client:registration:changed", ("diff",))
    CLIENT_REMOVED_ITSELF = ("client:registration:removed", ())
    COUNTRY_CHANGED = ("operator:country:changed", ("region", "members", "by", "via"))
    STAFF_INVITED = ("staff:member:invited", ("by", "first", "via", "invitation", "role", "mission"))
    STAFF_JOINED = ("staff:member:joined", ("member", "invitation", "passkey", "role", "mission"))
    STAFF_CHANGED = ("staff:member:changed", ("by", "first", "via", "member", "from", "to", "mission"))
    STAFF_REMOVED = ("staff:member:removed", ("by", "via", "member"))
    STAFF_SIGNED_IN = ("staff:session:started", ("member", "session"))
    STAFF_SIGNED_OUT = ("staff:session:ended", ("member", "session"))
    STAFF_CLONE_SUSPECTED = ("provider:staff_passkey:suspended", ("member", "passkey", "stored", "presented"))
    STAFF_REFUSED = ("staff:act:refused", ("member", "act", "why"))
    STAFF_UNUSUAL = ("provider:staff_lookup:unusual", ("member", "why", "looks"))
    PERSON_LOOKED_UP = ("staff:person:looked_up", ("by", "why"))
    CASE_BARRED = ("staff:case:barred", ("by", "mission", "kind", "bars"))
    CASE_STARTED = ("staff:case:started", ("case", "by", "mission", "kind", "reasons"))
    CASE_APPROVED = ("staff:case:approved", ("case", "by", "mission", "reasons"))
    CASE_LINKED = ("staff:case:linked", ("case", "by", "mission", "enrolment"))
    CASE_MADE = ("person:case:made", ("case", "enrolment"))
    CASE_NUMBER_REFUSED = ("staff:case:number_refused", ("case", "by", "mission", "attempt"))
    CASE_CONFIRMED = ("staff:case:confirmed", ("case", "by", "approver", "mission", "credential", "kind"))
    APP_ENDED = ("staff:authenticator_app:ended", ("case", "by", "mission"))
    CASE_ENDED = ("staff:case:ended", ("case", "by", "mission", "outcome"))
    PERSON_ENDED = ("staff:person:ended", ("from", "to", "why", "by"))
    CREDENTIAL_MOVED = ("staff:credential:changed", ("credential", "from", "to", "case", "by", "mission"))
    CREDENTIAL_EXPIRED = ("provider:credential:expired", ("credential",))
    CREDENTIAL_REMINDED = ("provider:credential:reminded", ("credential", "days"))
    DATABASE_RESTORED = ("operator:database:restored", ("ended",))
    MISSION_LISTED = ("operator:mission:listed", ("mission",))
    MISSION_CHANGED = ("staff:mission:changed", ("mission", "from", "to", "quota", "by", "via"))
    CLIENT_PROPOSED = ("staff:client:proposed", ("proposal", "by", "via", "diff", "ground"))
    CLIENT_APPROVED = ("staff:client:approved", ("proposal", "by", "first"))
    CLIENT_DECLINED = ("staff:client:declined", ("proposal", "by", "first"))
    CLIENT_ACTED_ON = ("staff:client:changed", ("act", "by", "via", "first"))
    ACT_ASKED = ("staff:act:asked", ("pending", "act", "subject", "ground", "by", "via"))
    ACT_APPROVED = ("staff:act:approved", ("pending", "act", "subject", "by", "first"))
    ACT_DECLINED = ("staff:act:declined", ("pending", "act", "subject", "by", "first"))
    SESSIONS_ENDED_BY_STAFF = ("staff:session:stopped", ("session", "why", "told", "by", "via"))
    OUTBOX_RETRIED = ("staff:message:retried", ("message", "kind", "by", "via"))
    OUTBOX_DROPPED = ("staff:message:dropped", ("message", "kind", "by", "via"))
    SWITCH_CHANGED = ("staff:switch:changed", ("switch", "on", "by", "via"))
    AUDIT_EXPORTED = ("staff:audit:exported", ("by", "via", "wanted"))
    KEYS_ROTATED_AT_CONSOLE = ("staff:signing_keys:rotated", ("by", "first", "kids"))
    KEY_RETIRED_AT_CONSOLE = ("staff:signing_keys:retired", ("by", "first", "kid"))
    ENGINEER_BOUND = ("staff:client_engineer:bound", ("member", "by"))
    ENGINEER_UNBOUND = ("staff:client_engineer:unbound", ("member", "by"))
    SANDBOX_FILLED = ("staff:sandbox:filled", ("by", "citizens"))
    SANDBOX_ANSWERED = ("staff:sandbox:answered", ("by", "citizen"))
    CHECK_SWITCHED = ("staff:integration_check:switched", ("by", "until"))
    CLIENT_WARNED = ("provider:client:warned", ("kind", "label", "days", "told"))
    KEYS_CREATED = ("provider:signing_keys:created", ("kids",))
    KEYS_ROTATED = ("operator:signing_keys:rotated", ("kids",))
    KEY_RETIRED = ("operator:signing_keys:retired", ("kid",))

    @property
    def tag(self) -> str:
        """`source:subject:action`, as stored."""
        return str(self.value[0])

    @property
    def fields(self) -> tuple[str, ...]:
        """Names of the detail that this event may carry."""
        return tuple(self.value[1])


@dataclass(frozen=True, slots=True)
class AuditRow:
    """One act: what happened, to whom, at which client, with the detail its event allows."""

    event: Event
    at: int  # seconds since the epoch
    person: UUID | None = None
    client: str | None = None
    detail: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Refuse detail that the catalogue does not list: what is not planned must not be stored."""
        unknown = sorted(self.detail.keys() - set(self.event.fields))
        if unknown:
            raise ValueError(f"{self.event.tag} carries no field {unknown[0]!r}")
