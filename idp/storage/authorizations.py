"""Issuing an authorization code: the grant's row and its audit."""

from dataclasses import dataclass
from uuid import UUID

from idp.audit.catalogue import AuditRow, Event
from idp.grants.authorization_code import CODE_SECONDS
from idp.grants.tokens import REFRESH_TOKEN_SECONDS
from idp.keys.handles import Presented
from idp.protocol.authorization_request import AuthorizationRequest
from idp.protocol.client import LONGEST_ACCESS_TOKEN_SECONDS
from idp.protocol.sender import key_binding
from idp.storage.database import Transaction
from idp.storage.models import Grant


@dataclass(frozen=True, slots=True, kw_only=True)
class Authorization:
    """What a code will stand for."""

    person: UUID
    session: UUID
    passkey: UUID
    scopes: tuple[str, ...]
    acr: str
    amr: tuple[str, ...]
    auth_time: int


def add(
    transaction: Transaction,
    code: Presented,
    request: AuthorizationRequest,
    what: Authorization,
    now: int,
    *,
    event: Event = Event.CODE_ISSUED,
) -> None:
    """Queue the grant of a code, and the audit row of its issue: or of the consent that led to it."""
    offline = "offline_access" in what.scopes
    transaction.add(
        Grant,
        id=code.id,
        code_digest=code.digest,
        client_id=request.client_id,
        person_id=what.person,
        session_id=what.session,
        passkey_id=what.passkey,
        redirect_uri=request.redirect_uri,
        code_challenge=request.code_challenge,
        nonce=request.nonce,
        scopes=" ".join(what.scopes),
        claims=request.claims,
        confirmation=key_binding(request.dpop_jkt),
        resources=" ".join(request.resources) or None,
        details=request.details,
        acr=what.acr,
        amr=" ".join(what.amr),
        auth_time=what.auth_time,
        created_at=now,
        code_expires_at=now + CODE_SECONDS,
        expires_at=now + (REFRESH_TOKEN_SECONDS if offline else CODE_SECONDS + LONGEST_ACCESS_TOKEN_SECONDS),
    )
    transaction.record(
        AuditRow(
            event,
            now,
            person=what.person,
            client=request.client_id,
            detail=_detail(code, request, what, event),
        )
    )


def _detail(code: Presented, request: AuthorizationRequest, what: Authorization, event: Event) -> dict[str, object]:
    detail: dict[str, object] = {"grant": code.id, "scopes": " ".join(what.scopes)}
    if event is Event.CONSENT_GIVEN and request.details is not None:
        detail["details"] = " ".join(one.type for one in request.authorization_details)
    return detail
