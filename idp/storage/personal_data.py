"""Everything that is kept about one person, table by table, for the file that they may take.

`HOLDS` names every table that has rows of persons, and where the file shows them; a test compares it with the schema,
so that a new table cannot be forgotten. Digests and sealed bytes are left out: what they hold stands opened elsewhere
in the file, or is a secret that the person has. Keys of officers belong to the officers.
"""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from sqlalchemy import LargeBinary, bindparam, select

from idp.storage.database import Transaction
from idp.storage.models import Base, Credential, Grant
from idp.storage.models_account import OwnStop
from idp.storage.models_figures import FeedbackGiven
from idp.storage.models_missions import CaseRow, ReminderRow
from idp.storage.models_second_proofs import AuthenticatorApp, PhoneChange, PrintedCode, ProofTries

MOST_ROWS = 500
HOLDS: Mapping[str, str] = {
    "persons": "person, record, claims",
    "credentials": "credentials",
    "passkeys": "passkeys",
    "phones": "phone_numbers",
    "sessions": "sessions",
    "consents": "consents",
    "grants": "services",
    "audit_events": "events",
    "own_stops": "stops",
    "cases": "mission_cases",
    "reminders": "reminders",
    "authenticator_apps": "authenticator_app",
    "printed_codes": "printed_codes",
    "proof_tries": "proof_tries",
    "phone_changes": "number_changes",
    "feedback_given": "feedback",
    "sign_ins": "",  # a sign-in under way: half an hour, then swept; what came of it stands in events
    "enrolments": "",  # the way to the credential: its record is the person's, its steps stand in events
}
"""From a table to the member of the file; empty for what is gone by itself, with the reason beside it."""
OFFICERS = frozenset({"by", "approver", "officer_id", "approver_id", "member"})
"""Columns and details that name somebody in office: they are not the person's data, the act and its place are."""

_BY_PERSON: Mapping[str, Any] = {
    "services": Grant,
    "mission_cases": CaseRow,
    "authenticator_app": AuthenticatorApp,
    "printed_codes": PrintedCode,
    "proof_tries": ProofTries,
    "number_changes": PhoneChange,
    "feedback": FeedbackGiven,
}


def _columns(model: type[Base]) -> list[Any]:
    hidden = OFFICERS | {"person_id"}
    return [one for one in model.__table__.c if not isinstance(one.type, LargeBinary) and one.name not in hidden]


_STATEMENTS = {
    name: select(*_columns(model)).where(model.person_id == bindparam("person")).limit(MOST_ROWS)
    for name, model in _BY_PERSON.items()
}
_mine = select(Credential.id).where(Credential.person_id == bindparam("person"))
_STATEMENTS["stops"] = select(*_columns(OwnStop)).where(OwnStop.credential_id.in_(_mine)).limit(MOST_ROWS)
_STATEMENTS["reminders"] = select(*_columns(ReminderRow)).where(ReminderRow.credential_id.in_(_mine)).limit(MOST_ROWS)


def personal_rows(reading: Transaction, person: UUID) -> dict[str, list[dict[str, Any]]]:
    """The rows of each member that is shown as it is kept; the others are shown by who knows what they mean."""
    return {
        name: [row._asdict() for row in reading.all(statement, person=person)]
        for name, statement in _STATEMENTS.items()
    }
