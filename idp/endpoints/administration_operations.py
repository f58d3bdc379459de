"""The administration API as tables, for the OpenAPI document (operations.py)."""

from collections.abc import Mapping
from typing import Any

from idp.endpoints.operation import JSON, SECONDS, TEXT, YES, Answer, Operation, Schema, ref

PROBLEM = "application/problem+json"
_REFUSED = {PROBLEM: ref("Problem")}
REFUSALS = {
    400: Answer("The request cannot be read.", _REFUSED),
    401: Answer("The token is missing, not good now, or not the caller's.", _REFUSED),
    403: Answer("The scope, or the member of staff who answers for the client, does not reach this.", _REFUSED),
    404: Answer("There is none.", _REFUSED | {JSON: ref("Error")}),
    413: Answer("The body is too large.", {JSON: ref("Error")}),
}
WRITES = REFUSALS | {
    409: Answer("It was changed in between, or is in no state for this.", _REFUSED),
    412: Answer("It was changed since the version in If-Match.", _REFUSED),
    415: Answer("The body must be application/json.", _REFUSED),
    422: Answer("A rule refuses this; every problem is named.", _REFUSED),
    428: Answer("If-Match must name the version that is changed.", _REFUSED),
}
WAITS = {202: Answer("Kept for a second person.", {JSON: ref("Waiting")})}
GONE = {204: Answer("Done.")}
SECURITY = ("dpop", "bearer", "certificate")
PAGED = ("limit", "cursor")


def _list(item: str, *query: str) -> Operation:
    body = {JSON: ref(f"{item}Page")}
    return Operation({200: Answer("A page.", body), **REFUSALS}, query=(*PAGED, *query), security=SECURITY)


def _one(item: str, document: str | None = None, **more: Any) -> Operation:
    answers = {200: Answer("As it is now.", {JSON: ref(item)}), **more.get("answers", {}), **WRITES}
    return Operation(answers, document=document, security=SECURITY)


OPERATIONS: Mapping[str, Operation] = {
    "/admin/v1/clients": _list("AdminClient", "environment"),
    "/admin/v1/clients/<client_id>": _one("AdminClient", "AdminProposal", answers=WAITS | GONE),
    "/admin/v1/clients/<client_id>/acts": _one("AdminClient", "AdminAct", answers=WAITS),
    "/admin/v1/proposals": _list("AdminWaiting"),
    "/admin/v1/proposals/<uuid:row>": _one("AdminWaiting"),
    "/admin/v1/missions": _list("AdminMission"),
    "/admin/v1/missions/<code>": _one("AdminMission", "AdminOpening"),
    "/admin/v1/staff": Operation(
        {
            200: Answer("A page.", {JSON: ref("AdminMemberPage")}),
            201: Answer("The one-time link, told once.", {JSON: ref("AdminInvitation")}),
            **WRITES,
        },
        query=PAGED,
        document="AdminAppointment",
        security=SECURITY,
    ),
    "/admin/v1/staff/<uuid:member>": _one("AdminMember", "AdminRole", answers=GONE),
    "/admin/v1/countries": _list("AdminCountry"),
    "/admin/v1/countries/<region>": _one("AdminCountry", "AdminCoverage", answers=GONE),
    "/admin/v1/gateways": _list("AdminGateway"),
    "/admin/v1/keys": Operation(
        {200: Answer("A page.", {JSON: ref("AdminKeyPage")}), **WAITS, **WRITES},
        query=PAGED,
        document="AdminKeyAct",
        security=SECURITY,
    ),
    "/admin/v1/sessions": _list("AdminSession", "person", "client"),
    "/admin/v1/sessions/<uuid:session>": Operation({**GONE, **REFUSALS}, security=SECURITY),
    "/admin/v1/outbox": _list("AdminMessage", "state"),
    "/admin/v1/outbox/<uuid:message>": Operation({**GONE, **REFUSALS}, security=SECURITY),
    "/admin/v1/switches": _list("AdminSwitch"),
    "/admin/v1/switches/<name>": _one("AdminSwitch", "AdminTurn", answers=WAITS),
    "/admin/v1/audit": _list("AdminRow", "since", "until", "person", "client", "event"),
    "/admin/v1/figures": _list("AdminFigure", "client", "hours"),
}

MAYBE_TEXT: Schema = {"type": ["string", "null"]}
MAYBE_SECONDS: Schema = {"type": ["integer", "null"]}
TEXTS: Schema = {"type": "array", "items": TEXT}
OBJECT: Schema = {"type": "object"}

ITEMS: Mapping[str, Mapping[str, Schema]] = {
    "AdminClient": {
        "client_id": TEXT,
        "environment": {"enum": ["live", "sandbox"]},
        "status": {"enum": ["enabled", "disabled"]},
        "version": SECONDS,
        "created_at": SECONDS,
        "updated_at": SECONDS,
        "removal_at": MAYBE_SECONDS,
        "logo_uri": MAYBE_TEXT,
        "waivers": TEXTS,
        "without_ground": TEXTS,
        "metadata": OBJECT,
    },
    "AdminWaiting": {
        "id": TEXT,
        "kind": TEXT,
        "subject": TEXT,
        "ground": TEXT,
        "proposer": TEXT,
        "via": MAYBE_TEXT,
        "created_at": SECONDS,
        "outcome": MAYBE_TEXT,
        "decided_by": MAYBE_TEXT,
        "decided_at": MAYBE_SECONDS,
    },
    "AdminMission": {
        "code": TEXT,
        "name": OBJECT,
        "country": TEXT,
        "opening": {"enum": ["closed", "pilot", "open"]},
        "quota": MAYBE_SECONDS,
        "issued": SECONDS,
    },
    "AdminMember": {"id": TEXT, "name": TEXT, "role": TEXT, "mission": MAYBE_TEXT},
    "AdminCountry": {"region": TEXT, "sms": YES, "voice": YES, "gateways": TEXTS},
    "AdminGateway": {"gateway": TEXT, "channel": TEXT, "left_alone_until": MAYBE_SECONDS, "sent": SECONDS},
    "AdminKey": {"kid": TEXT, "alg": TEXT, "state": {"enum": ["signs", "published", "gone"]}},
    "AdminSession": {"id": TEXT, "person": TEXT, "auth_time": SECONDS, "last_seen_at": SECONDS, "clients": TEXTS},
    "AdminMessage": {"id": TEXT, "kind": TEXT, "attempts": SECONDS, "created_at": SECONDS, "why": MAYBE_TEXT},
    "AdminSwitch": {"name": TEXT, "on": YES},
    "AdminRow": {"id": TEXT, "at": SECONDS, "event": TEXT, "person": MAYBE_TEXT, "client": MAYBE_TEXT},
    "AdminFigure": {"hour": SECONDS, "event": TEXT, "count": SECONDS},
}

BODIES: Mapping[str, Mapping[str, Schema]] = {
    "AdminProposal": {"metadata": OBJECT, "ground": TEXT},
    "AdminAct": {"act": {"enum": ["stop", "keep", "resume", "secret"]}, "ground": TEXT},
    "AdminOpening": {"opening": {"enum": ["closed", "pilot", "open"]}, "quota": MAYBE_SECONDS},
    "AdminAppointment": {"name": TEXT, "role": TEXT, "mission": TEXT},
    "AdminRole": {"role": TEXT, "mission": TEXT},
    "AdminCoverage": {"sms": YES, "voice": YES, "gateways": TEXTS},
    "AdminKeyAct": {"act": {"enum": ["rotate", "retire"]}, "kid": TEXT, "ground": TEXT},
    "AdminTurn": {"on": YES, "ground": TEXT},
}

PAGES: Mapping[str, Mapping[str, Schema]] = {
    f"{item}Page": {"items": {"type": "array", "items": ref(item)}, "next": MAYBE_TEXT} for item in ITEMS
}

SCHEMAS: Mapping[str, Mapping[str, Schema]] = {
    **ITEMS,
    **PAGES,
    **BODIES,
    "Waiting": {"proposal": TEXT},
    "AdminInvitation": {"link": TEXT},
    "Problem": {"type": TEXT, "title": TEXT, "status": SECONDS, "problems": TEXTS, "error": TEXT},
}

ALWAYS: Mapping[str, tuple[str, ...]] = {
    **{item: tuple(members) for item, members in ITEMS.items()},
    **dict.fromkeys(PAGES, ("items", "next")),
    "AdminProposal": ("metadata", "ground"),
    "AdminAct": ("act",),
    "AdminOpening": ("opening",),
    "AdminAppointment": ("name", "role"),
    "AdminRole": ("role",),
    "AdminKeyAct": ("act", "ground"),
    "AdminTurn": ("on",),
    "Waiting": ("proposal",),
    "AdminInvitation": ("link",),
    "Problem": ("type", "title", "status"),
}
