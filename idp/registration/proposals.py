"""Proposals: a registration as one person wants it to be, until a second one has decided.

What is proposed is the whole effective metadata, checked like every other registration, so the difference that the
second person reads is exactly what comes about. It is made from one state of the registration and holds for no other.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal
from uuid import UUID

from idp.registration.changes import Change, Conflict, added, changed
from idp.registration.documents import Fetcher, confirm_documents
from idp.registration.errors import BrokenRule, RefusedMetadata, RegistrationRefused
from idp.registration.fields import Offer
from idp.registration.legal_grounds import newly_groundless
from idp.registration.metadata import check_metadata
from idp.registration.register import Outcome, Random, change, check_client_id, difference, register
from idp.registration.registration import Metadata, Registration
from idp.registration.waivers import waivers

LONGEST_DOCUMENT = 32_768
LONGEST_GROUND = 1_000
SHORTEST_GROUND = 10
Decision = Literal["approved", "declined"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Proposal:
    """One proposal as it is stored."""

    id: UUID
    client_id: str
    metadata: Metadata
    base_version: int | None
    ground: str
    proposer: UUID
    created_at: int
    outcome: Decision | None
    decided_by: UUID | None
    decided_at: int | None
    via: str | None = None  # the administration client that proposed on the proposer's behalf

    def difference(self, existing: Registration | None) -> dict[str, list[Any]]:
        """Each field that would change, with both values."""
        return difference(existing.metadata if existing else {}, self.metadata)

    def new_waivers(self, existing: Registration | None) -> list[str]:
        """Protections that the service would do without from now on."""
        before = waivers(existing.metadata) if existing else []
        return [name for name in waivers(self.metadata) if name not in before]


def read_proposal(
    document: str | Mapping[str, Any],
    ground: str,
    client_id: str,
    existing: Registration | None,
    offer: Offer,
    fetcher: Fetcher,
) -> Metadata:
    """The effective metadata that is proposed. Raises RegistrationRefused with every problem."""
    problems = []
    if not SHORTEST_GROUND <= len(ground.strip()) <= LONGEST_GROUND:
        problems.append(f"ground: must have {SHORTEST_GROUND} to {LONGEST_GROUND} characters")
    try:
        check_client_id(client_id)
    except BrokenRule as broken:
        problems.append(f"client_id: {broken.rule}")
    metadata = _checked(document, existing, offer, problems)
    if existing is not None and existing.metadata.get("environment", "live") != metadata["environment"]:
        raise RefusedMetadata(["environment: cannot be changed; register another client"])
    if existing is not None and existing.metadata == metadata:
        raise RefusedMetadata(["nothing would change"])
    confirm_documents(metadata, fetcher)
    return metadata


def _checked(
    document: str | Mapping[str, Any], existing: Registration | None, offer: Offer, problems: list[str]
) -> Metadata:
    """The effective metadata. Raises RegistrationRefused with its problems and those that were found before."""
    try:
        metadata = check_metadata(_document(document), offer)
    except RegistrationRefused as refused:
        if not problems:
            raise
        raise RefusedMetadata([*problems, *refused.problems]) from refused
    missing = newly_groundless(existing.metadata if existing else None, metadata)
    problems += [f"legal_grounds: must say on what legal ground {name} is given" for name in missing]
    if problems:
        raise RefusedMetadata(problems)
    return metadata


def _document(given: str | Mapping[str, Any]) -> Mapping[str, Any]:
    text = given if isinstance(given, str) else json.dumps(given)
    if len(text) > LONGEST_DOCUMENT:
        raise RefusedMetadata([f"metadata: must have at most {LONGEST_DOCUMENT} characters"])
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        raise RefusedMetadata(["metadata: is not JSON"]) from None
    if not isinstance(found, dict):
        raise RefusedMetadata(["metadata: must be a JSON object"])
    return found


def carried_out(
    proposal: Proposal, existing: Registration | None, offer: Offer, *, now: int, random_bytes: Random
) -> tuple[Outcome, Change]:
    """What an approved proposal brings about. Raises Conflict when its ground has changed, or RegistrationRefused."""
    if (existing.version if existing else None) != proposal.base_version:
        raise Conflict(proposal.client_id)
    if check_metadata(dict(proposal.metadata), offer) != proposal.metadata:
        raise RefusedMetadata(["the rules have changed since; propose it again"])
    if existing is None:
        outcome = register(proposal.metadata, now=now, random_bytes=random_bytes, client_id=proposal.client_id)
        return outcome, added(outcome, now=now)
    outcome = change(existing, proposal.metadata, now=now, random_bytes=random_bytes)
    return outcome, changed(existing, outcome, now=now)


__all__ = ["Proposal", "RegistrationRefused", "carried_out", "read_proposal"]
