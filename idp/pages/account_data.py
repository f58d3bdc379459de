"""Everything that is kept about a person, as one document: for a file, and for a page to read."""

from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any

from idp.claims.userinfo import person_claims
from idp.pages.account_gate import Visit
from idp.pages.consent_view import row, shared
from idp.pages.rendering import page_language, say
from idp.pages.times import readable_day
from idp.storage.account import Account

SHOWN_SCOPES = ("profile", "email", "phone", "address", "overseas")
STATES = {
    "active": "account_data.states.active",
    "suspended": "account_data.states.suspended",
    "revoked": "account_data.states.revoked",
}


def all_data(visit: Visit, account: Account, phone: str | None) -> dict[str, Any]:
    """The document. Its member names are those of the protocol where there are any; times are in UTC."""
    record = asdict(visit.record)
    return {
        "claims": person_claims(visit.record, phone),
        "record": record,
        "phone_numbers": [{"region": one.region, "verified_at": _time(one.verified_at)} for one in account.phones()],
        "language": account.person().language,
        "message_language": account.person().message_language or account.person().language,
        "credentials": [
            {
                "state": one.state,
                "mission": one.mission,
                "issued_at": _time(one.issued_at),
                "expires_at": _time(one.expires_at),
            }
            for one in account.credentials()
        ],
        "passkeys": [
            {
                "name": one.name,
                "state": one.state,
                "synced": one.backup_eligible,
                "created_at": _time(one.created_at),
                "last_used_at": _time(one.last_used_at),
            }
            for one in account.passkeys()
        ],
        "consents": [
            {
                "client_id": one.client_id,
                "scopes": one.scopes.split(),
                "declined": one.declined.split(),
                "granted_at": _time(one.granted_at),
                "expires_at": _time(one.expires_at),
            }
            for one in account.consents(visit.now)
        ],
        "events": [
            {"at": _time(one.at), "event": one.event, "client_id": one.client, "detail": dict(one.detail)}
            for one in account.happened()
        ],
    }


def data_groups(visit: Visit, account: Account, phone: str | None) -> list[dict[str, Any]]:
    """The record and the credentials as groups of label and value, in words."""
    known = shared(SHOWN_SCOPES, visit.record, phone, page_language())
    groups = [{"label": one["label"], "rows": one["values"]} for one in known]
    return groups + [
        {"label": say("account_data.credential"), "rows": _credential(one)} for one in account.credentials()
    ]


def _credential(one: Any) -> list[dict[str, Any]]:
    return [
        row("account_data.state", STATES[one.state], say_value=True)
        if one.state in STATES
        else row("account_data.state", one.state),
        row("claim.enrolment_mission", one.mission),
        row("account_data.issued", readable_day(one.issued_at)),
        row("account_data.expires", readable_day(one.expires_at)),
    ]


def _time(seconds: int | None) -> str | None:
    return datetime.fromtimestamp(seconds, UTC).isoformat() if seconds is not None else None
