"""The registration in an engineer's hands: changed at once in the sandbox, proposed for live, and the way there."""

import json
from collections.abc import Callable, Mapping
from typing import Any

from flask import Blueprint, Response

from idp.audit.catalogue import AuditRow, Event
from idp.pages.answers import go
from idp.pages.client_form import fill_scopes, read_scopes
from idp.pages.engineer_gate import WORKBENCH, Bench, bench_of
from idp.pages.forms import read_form
from idp.pages.refusals import PageRefused
from idp.pages.rendering import page, provider
from idp.registration.by_engineer import engineers_metadata
from idp.registration.changes import Change, Conflict, changed
from idp.registration.deadlines import mail_addresses
from idp.registration.errors import RefusedMetadata, RegistrationRefused
from idp.registration.legal_grounds import WITHOUT
from idp.registration.proposals import LONGEST_DOCUMENT, read_proposal
from idp.registration.register import change
from idp.registration.registration import Registration
from idp.storage.client_proposals import ClientProposals
from idp.storage.database import Transaction

pages = Blueprint("workbench_metadata", __name__)
LISTS = ("redirect_uris", "post_logout_redirect_uris", "contacts")
TEXTS = ("client_name", "client_name#ko", "client_name#en", "client_uri", "policy_uri", "tos_uri")
"""Members with fields of their own; the rest is one JSON text."""
GRANTS = ("scope", "optional_scope", "legal_grounds")
"""Members that the fields beside each scope value make (client_form.py); grounds of single claims stay JSON."""
NOT_TAKEN_LIVE = frozenset({"sector", "environment"})
"""Of a sandbox registration: a live service gets its sector from its own addresses, or from an administrator."""
ADMINISTRATORS = ("pkce_required", "device_flow_approval", "public_subject_approval", "machine_scope", "sector")
"""What no engineer proposes for a live service."""


def _typed(metadata: Mapping[str, Any]) -> dict[str, str]:
    """Metadata as the form shows it."""
    lists = {name: "\n".join(metadata.get(name, ())) for name in LISTS}
    texts = {name: str(metadata.get(name, "")) for name in TEXTS}
    rest = {name: value for name, value in metadata.items() if name not in {*LISTS, *TEXTS, *GRANTS, "environment"}}
    offered = provider().offer.scopes
    if single := {name: text for name, text in metadata.get("legal_grounds", {}).items() if name not in offered}:
        rest["legal_grounds"] = single
    return {**lists, **texts, **fill_scopes(metadata, offered), "rest": json.dumps(rest, ensure_ascii=False, indent=2)}


def _read(form: Mapping[str, str], environment: str) -> dict[str, Any]:
    """Metadata as the form says it. Raises RefusedMetadata."""
    try:
        rest = json.loads(form.get("rest", "")[:LONGEST_DOCUMENT] or "{}")
    except (ValueError, RecursionError):
        raise RefusedMetadata(["metadata: is not JSON"]) from None
    if not isinstance(rest, dict) or rest.keys() & {*LISTS, *TEXTS, "scope", "optional_scope"}:
        raise RefusedMetadata(["metadata: must be a JSON object without the members that have fields of their own"])
    if not isinstance(rest.setdefault("legal_grounds", {}), dict):
        raise RefusedMetadata(["legal_grounds: must be an object"])
    lists = {name: [line.strip() for line in form.get(name, "").splitlines() if line.strip()] for name in LISTS}
    texts = {name: form[name].strip() for name in TEXTS if form.get(name, "").strip()}
    given = {name: value for name, value in lists.items() if value or name != "redirect_uris"}
    return {**_granted(form, rest), **given, **texts, "environment": environment}


def _granted(form: Mapping[str, str], rest: dict[str, Any]) -> dict[str, Any]:
    """The rest with what the fields of scope values say. A service that signs nobody in gets nothing of people."""
    if "authorization_code" in rest.get("grant_types", ["authorization_code"]):
        rest = rest | read_scopes(form, rest, provider().offer.scopes)
    return {name: value for name, value in rest.items() if name != "legal_grounds" or value}


def _form(bench: Bench, typed: Mapping[str, str], problems: list[str] | None = None, *, live: bool = False) -> Response:
    return page(
        "workbench/registration.html",
        here=f"{bench.here}/{'live' if live else 'edit'}",
        status=422 if problems else 200,
        staff=bench.seat.member,
        bench=bench,
        typed=typed,
        problems=problems or [],
        lists=LISTS,
        texts=TEXTS,
        scopes=[one for one in provider().offer.scopes if one != "openid"],
        without_ground=WITHOUT,
        live=live,
        proposed=live or not bench.registration.is_sandbox,
    )


@pages.get(f"{WORKBENCH}/clients/<client_id>/edit")
def edit(client_id: str) -> Response:
    """The form, filled with what the service is registered with."""
    bench = bench_of(client_id)
    return _form(bench, _typed(bench.registration.metadata))


@pages.post(f"{WORKBENCH}/clients/<client_id>/edit")
def save(client_id: str) -> Response:
    """In the sandbox the change holds at once; of a live service it waits for a second person."""
    form = read_form()
    bench = bench_of(client_id)
    one = bench.registration
    try:
        given = _read(form, "sandbox" if one.is_sandbox else "live")
        if not one.is_sandbox:
            _propose(bench, given, form.get("ground", ""), one.client_id, one)
            return go(bench.here)
        _change(bench, given)
    except RegistrationRefused as refused:
        return _form(bench, form, list(refused.problems))
    return go(bench.here)


def _change(bench: Bench, given: Mapping[str, Any]) -> None:
    """Raises RegistrationRefused, or PageRefused when somebody else was faster."""
    wired, now = provider(), provider().clock()
    before = bench.registration
    checked = engineers_metadata(given, before, wired.offer, wired.outbound)
    outcome = change(before, checked, now=now, random_bytes=wired.random_bytes)
    if outcome.diff:
        save_change(bench, changed(before, outcome, now=now), "metadata")


def save_change(bench: Bench, made: Change, what: str, also: Callable[[Transaction], None] | None = None) -> None:
    """Store a change with the row that says who made it, and what else belongs to it.

    Raises PageRefused when somebody else was faster.
    """
    wired, now = provider(), provider().clock()
    try:
        with wired.database.begin() as step:
            wired.clients.put(step, [made])
            if also is not None:
                also(step)
            detail = {"act": what, "by": bench.seat.member.id}
            step.record(AuditRow(Event.CLIENT_ACTED_ON, now, client=bench.client_id, detail=detail))
    except Conflict as conflict:
        onward = (bench.here, "workbench.to_client")
        raise PageRefused("console_conflict", 409, "changed in between", onward=onward) from conflict


def _propose(
    bench: Bench, given: Mapping[str, Any], ground: str, client_id: str, existing: Registration | None
) -> None:
    """Keep it for the second person. Raises RegistrationRefused."""
    wired, now = provider(), provider().clock()
    if existing is not None:  # what an engineer may not say, they may not propose either: an administrator does
        engineers_metadata(given, existing, wired.offer, wired.outbound)
    document = json.dumps(given, ensure_ascii=False)
    metadata = read_proposal(document, ground, client_id, existing, wired.offer, wired.outbound)
    version = existing.version if existing else None
    before = existing.metadata if existing else {}
    names = sorted(name for name in before.keys() | metadata.keys() if before.get(name) != metadata.get(name))
    with wired.database.begin() as step:
        row = ClientProposals(step).add(client_id, metadata, version, ground.strip(), bench.seat.member.id, now)
        detail = {"proposal": row, "by": bench.seat.member.id, "diff": names, "ground": ground.strip()}
        step.record(AuditRow(Event.CLIENT_PROPOSED, now, client=client_id, detail=detail))


@pages.get(f"{WORKBENCH}/clients/<client_id>/live")
def go_live(client_id: str) -> Response:
    """What the live service is to be: the sandbox registration, without what only tests need."""
    bench = bench_of(client_id, sandbox=True)
    kept = {name: value for name, value in bench.registration.metadata.items() if name not in NOT_TAKEN_LIVE}
    typed = _typed(kept) | {"client_id": _live_id(bench.client_id)}
    addresses = [line for line in typed["redirect_uris"].splitlines() if line.startswith("https://")]
    logouts = [line for line in typed["post_logout_redirect_uris"].splitlines() if line.startswith("https://")]
    typed |= {"redirect_uris": "\n".join(addresses), "post_logout_redirect_uris": "\n".join(logouts)}
    return _form(bench, typed, live=True)


def _live_id(client_id: str) -> str:
    """A name for the live one: without the word that tells the sandbox one apart, or with another."""
    for word in ("-sandbox", ".sandbox", "_sandbox", "-test", ".test", "_test"):
        if client_id.endswith(word) and len(client_id) > len(word):
            return client_id.removesuffix(word)
    return f"{client_id[:59]}-live"


@pages.post(f"{WORKBENCH}/clients/<client_id>/live")
def ask_to_go_live(client_id: str) -> Response:
    """A proposal for a live client, which an administrator approves. The sandbox client stays as it is."""
    form = read_form()
    bench = bench_of(client_id, sandbox=True)
    wired = provider()
    live_id = form.get("client_id", "").strip()
    try:
        given = _read(form, "live")
        problems = _not_live(given)
        if wired.clients.get(live_id) is not None:
            problems.append("client_id: is taken; choose another")
        if problems:
            raise RefusedMetadata(problems)
        _refuse_policy(given, bench.registration)
        _propose(bench, given, form.get("ground", ""), live_id, None)
    except RegistrationRefused as refused:
        return _form(bench, form, list(refused.problems), live=True)
    return page("workbench/asked.html", staff=bench.seat.member, bench=bench, live_id=live_id)


def _not_live(given: Mapping[str, Any]) -> list[str]:
    """What a live service must have beyond the rules of every registration."""
    problems = []
    if not mail_addresses(tuple(given.get("contacts", ()))):
        problems.append("contacts: a live service needs the mail address of somebody who can act")
    local = [one for one in given.get("redirect_uris", ()) if not str(one).startswith("https://")]
    problems += [f"redirect_uris: {one[:200]} is not https" for one in local]
    return problems


def _refuse_policy(given: Mapping[str, Any], one: Registration) -> None:
    """An engineer proposes no waiver: an administrator gives one to the live service itself. Raises RefusedMetadata."""
    plain = {"pkce_required": True, "machine_scope": one.metadata["machine_scope"]}
    chosen = [name for name in ADMINISTRATORS if name in given and given[name] != plain.get(name)]
    if chosen:
        raise RefusedMetadata([f"{name}: is set by an administrator only" for name in chosen])
