"""Everything that is kept about a person, as one document: for a file, and for a page to read."""

from collections.abc import Mapping
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from idp.claims.userinfo import person_claims
from idp.keys.sealing import row_context
from idp.pages.account_gate import Visit
from idp.pages.consent_view import Row, row, shared
from idp.pages.missions import mission_name
from idp.pages.rendering import page_language, say
from idp.pages.times import readable_day, readable_time
from idp.storage.account import Account
from idp.storage.personal_data import OFFICERS

SHOWN_SCOPES = ("profile", "email", "phone", "address", "overseas")
STATES = {
    "active": "account_data.states.active",
    "suspended": "account_data.states.suspended",
    "revoked": "account_data.states.revoked",
    "expired": "account_data.states.expired",
    "replaced": "account_data.states.replaced",
}


def all_data(visit: Visit, account: Account, phone: str | None) -> dict[str, Any]:
    """The document. Its member names are those of the protocol where there are any; times are in UTC."""
    record, person = asdict(visit.record), account.person()
    return {
        "claims": person_claims(visit.record, phone),
        "record": record,
        "person": {
            "status": person.status,
            "language": person.language,
            "message_language": person.message_language or person.language,
            "created_at": _time(person.created_at),
        },
        "phone_numbers": [
            {"number": number, "region": one.region, "verified_at": _time(one.verified_at)}
            for one, number in _numbers(visit, account)
        ],
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
                "credential_state": one.credential_state,
                "synced": one.backup_eligible,
                "backed_up": one.backed_up,
                "attested": one.attested,
                "created_at": _time(one.created_at),
                "last_used_at": _time(one.last_used_at),
            }
            for one in account.every_passkey()
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
        "sessions": [
            {"began_at": _time(one.auth_time), "seen_at": _time(one.last_seen_at), "ends_at": _time(one.expires_at)}
            for one in account.live_sessions(visit.session.id, visit.now)
        ],
        **{name: [_plain(one) for one in rows] for name, rows in account.rows().items()},
        "events": [
            {"at": _time(one.at), "event": one.event, "client_id": one.client, "detail": _without_officers(one.detail)}
            for one in account.everything()
        ],
    }


def _numbers(visit: Visit, account: Account) -> list[tuple[Any, str]]:
    opened = visit.wired.sealers.phone.open
    return [(one, opened(one.number, row_context("phones", "number", one.id)).decode()) for one in account.phones()]


def _plain(row: Mapping[str, Any]) -> dict[str, Any]:
    """A row as JSON: moments in UTC, keys as text."""
    return {name: _plain_value(name, value) for name, value in row.items()}


def _plain_value(name: str, value: Any) -> Any:
    if name.endswith(("_at", "_until")):
        return _time(value or None)
    return str(value) if isinstance(value, UUID) else value


def _without_officers(detail: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in detail.items() if name not in OFFICERS}


def data_groups(visit: Visit, account: Account, phone: str | None) -> list[dict[str, Any]]:
    """The record and the credentials as groups of label and value, in words."""
    known = shared(SHOWN_SCOPES, visit.record, phone, page_language())
    groups = [{"label": one.label, "rows": one.values} for one in known]
    groups += [
        {"label": say("account_data.credential"), "rows": _credential(visit, one)} for one in account.credentials()
    ]
    return [*groups, {"label": say("account.ways_title"), "rows": _ways(account)}, *_cases(visit, account)]


def _ways(account: Account) -> list[Row]:
    """What the person can prove themself with, by kind and time."""
    rows = account.rows()
    passkeys = account.passkeys()
    app, printed = rows["authenticator_app"], rows["printed_codes"]
    left = sum(one["used_at"] is None for one in printed)
    return [
        row("account_passkeys.title", " · ".join(readable_day(one.created_at) for one in passkeys)),
        row("account.app_title", readable_day(app[0]["added_at"]) if app else ""),
        row("account.printed_title", say("account.printed_left", left=left) if printed else ""),
    ]


def _cases(visit: Visit, account: Account) -> list[dict[str, Any]]:
    """Each visit to a mission, and what came of it."""
    return [
        {
            "label": say("account_data.case"),
            "rows": [
                row("account_data.case_place", mission_name(visit.wired, one["mission"])),
                row("counter.kind", f"counter.kinds.{one['kind']}", say_value=True),
                row("account_data.case_when", readable_time(one["created_at"])),
                row("account_data.case_end", one["outcome"] or f"counter.states.{one['state']}", say_value=True),
            ],
        }
        for one in account.rows()["mission_cases"]
    ]


def _credential(visit: Visit, one: Any) -> list[Row]:
    return [
        row("account_data.state", STATES[one.state], say_value=True)
        if one.state in STATES
        else row("account_data.state", one.state),
        row("claim.enrolment_mission", mission_name(visit.wired, one.mission)),
        row("account_data.issued", readable_day(one.issued_at)),
        row("account_data.expires", readable_day(one.expires_at)),
    ]


def _time(seconds: int | None) -> str | None:
    return datetime.fromtimestamp(seconds, UTC).isoformat() if seconds is not None else None
