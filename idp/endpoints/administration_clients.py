"""/admin/v1/clients and /admin/v1/proposals: relying services, and what waits for a second person."""

from typing import Any
from uuid import UUID

from flask import Blueprint, Response, request

from idp.endpoints.administration_calls import (
    Problem,
    answer,
    answer_problems,
    as_seen,
    called,
    item_page,
    nothing,
    read_body,
    text_of,
    there,
)
from idp.pages.rendering import provider
from idp.registration.legal_grounds import groundless
from idp.registration.proposals import Proposal
from idp.registration.register import needs_secret
from idp.registration.registration import Registration
from idp.registration.waivers import waivers
from idp.staff.pending import Kind, Pending, check_ground
from idp.staff.roles import Act
from idp.storage.client_proposals import ClientProposals
from idp.storage.pending_acts import PendingActs

endpoint = Blueprint("administration_clients", __name__)
answer_problems(endpoint)
FOR_TWO = {"resume": Kind.CLIENT_RESUME, "secret": Kind.CLIENT_SECRET}


@endpoint.get("/admin/v1/clients")
def clients() -> Response:
    """Every relying service, by id; `environment=live` or `sandbox`: those of it alone."""
    called("admin:clients.read", Act.CLIENT_READ)
    wanted = request.args.get("environment", "")
    if wanted not in {"", "live", "sandbox"}:
        raise Problem(400, "environment must be live or sandbox.")
    found = [one for one in provider().clients.list() if wanted in {"", one.environment}]
    return item_page(found, lambda one: one.client_id, shown)


@endpoint.get("/admin/v1/clients/<client_id>")
def client(client_id: str) -> Response:
    """One of them."""
    called("admin:clients.read", Act.CLIENT_READ)
    return answer(shown(_find(client_id)))


@endpoint.put("/admin/v1/clients/<client_id>")
def propose(client_id: str) -> Response:
    """Propose a registration, new (If-None-Match: *) or changed (If-Match); a second person decides at the console."""
    caller = called("admin:clients.write", Act.CLIENT_WRITE)
    body = read_body("metadata", "ground")
    if not isinstance(body.get("metadata"), dict):
        raise Problem(400, "metadata must be an object.")
    wired = provider()
    existing = wired.clients.get(client_id)
    if existing is not None:
        as_seen(existing, shown)
    row = wired.client_office.propose(
        body["metadata"],
        text_of(body, "ground"),
        client_id,
        caller.actor,
        wired.offer,
        wired.outbound,
        version=existing.version if existing else None,
    )
    return waits(row)


@endpoint.delete("/admin/v1/clients/<client_id>")
def remove(client_id: str) -> Response:
    """Stop it now and remove it in 30 days."""
    caller = called("admin:clients.write", Act.CLIENT_APPROVE)
    provider().client_office.remove(as_seen(_find(client_id), shown), caller.actor)
    return nothing()


@endpoint.post("/admin/v1/clients/<client_id>/acts")
def act(client_id: str) -> Response:
    """`stop` and `keep` at once; `resume` and `secret` are kept for a second person."""
    body = read_body("act", "ground")
    what = text_of(body, "act", 20)
    if what in FOR_TWO:
        return _for_two(client_id, FOR_TWO[what], text_of(body, "ground"))
    caller = called("admin:clients.write", Act.CLIENT_APPROVE)
    office = provider().client_office
    acts = {"stop": office.stop, "keep": office.keep}
    if what not in acts:
        raise Problem(400, "act must be stop, keep, resume or secret.")
    acts[what](_find(client_id), caller.actor)
    return answer(shown(_find(client_id)))


def _for_two(client_id: str, kind: Kind, ground: str) -> Response:
    caller = called("admin:clients.write", Act.CLIENT_WRITE)
    one = _find(client_id)
    if kind is Kind.CLIENT_SECRET and not needs_secret(one.metadata):
        raise Problem(409, "It authenticates without a secret.")
    reason, wired = check_ground(ground), provider()
    with wired.database.begin() as step:
        row = PendingActs(step).ask(kind, one.client_id, reason, caller.actor, wired.clock(), base_version=one.version)
    return waits(row)


@endpoint.get("/admin/v1/proposals")
def proposals() -> Response:
    """What waits for a second person, oldest first."""
    called("admin:clients.read", Act.CLIENT_READ)
    wired = provider()
    with wired.database.read() as reading:
        waiting: list[Proposal | Pending] = [*ClientProposals(reading).waiting()]
        waiting += PendingActs(reading).waiting(wired.clock())
    return item_page(waiting, lambda one: one.id.hex, _proposal)


@endpoint.get("/admin/v1/proposals/<uuid:row>")
def proposal(row: UUID) -> Response:
    """One of them, decided or not."""
    called("admin:clients.read", Act.CLIENT_READ)
    with provider().database.read() as reading:
        proposed, asked = ClientProposals(reading).find(row), PendingActs(reading).find(row)
    return answer(_proposal(there(asked) if proposed is None else proposed))


def waits(row: UUID) -> Response:
    """Kept for a second person, and where it can be looked at."""
    return answer({"proposal": str(row)}, 202, f"{provider().issuer}/admin/v1/proposals/{row}")


def _find(client_id: str) -> Registration:
    return there(provider().clients.get(client_id))


def shown(one: Registration) -> dict[str, Any]:
    """A registration without anything secret."""
    return {
        "client_id": one.client_id,
        "environment": one.environment,
        "status": one.status,
        "version": one.version,
        "created_at": one.created_at,
        "updated_at": one.updated_at,
        "removal_at": one.removal_at,
        "logo_uri": f"{provider().issuer}/logos/{one.logo}" if one.logo else None,
        "waivers": waivers(one.metadata),
        "without_ground": groundless(one.metadata),
        "metadata": dict(one.metadata),
    }


def _proposal(one: Proposal | Pending) -> dict[str, Any]:
    about: dict[str, Any] = (
        {"kind": "registration", "subject": one.client_id, "environment": one.metadata.get("environment", "live")}
        | {"metadata": dict(one.metadata)}
        if isinstance(one, Proposal)
        else {"kind": one.kind.value, "subject": one.subject}
    )
    return about | {
        "id": str(one.id),
        "ground": one.ground,
        "proposer": str(one.proposer),
        "via": one.via,
        "created_at": one.created_at,
        "outcome": one.outcome,
        "decided_by": str(one.decided_by) if one.decided_by else None,
        "decided_at": one.decided_at,
    }
