"""Secrets and keys of a service in its engineers' hands: rotated with overlap, each time with their own passkey.

Two secrets are good while a service changes over; the old one ends at the time that was chosen. The keys of a service
that signs are its own to publish; what ends is noted, so that its contacts are warned in time.
"""

import json
from collections.abc import Mapping
from typing import Any

from flask import Blueprint, Response

from idp.audit.catalogue import AuditRow, Event
from idp.pages.answers import go
from idp.pages.engineer_gate import WORKBENCH, Bench, bench_of
from idp.pages.forms import read_form
from idp.pages.refusals import PageRefused
from idp.pages.rendering import page, provider
from idp.pages.times import utc
from idp.pages.workbench import show_client
from idp.pages.workbench_confirm import BENCH_ACTS, ask_engineer
from idp.pages.workbench_metadata import save_change
from idp.registration.by_engineer import with_keys
from idp.registration.changes import changed, secret_rotated
from idp.registration.deadlines import DAY, LONGEST_PEM, Deadline, Kind, certificate_deadline, day_of
from idp.registration.errors import BrokenRule, RefusedMetadata, RegistrationRefused
from idp.registration.register import Outcome, change, end_former_secret, needs_secret, rotate_secret
from idp.storage.client_deadlines import ClientDeadlines
from idp.storage.database import Transaction

pages = Blueprint("workbench_keys", __name__)
OVERLAPS = (0, 1, 7, 14, 30)
"""Days that the old secret may stay."""
LONGEST_KEYS = 8_192
FORMER = "former"


@pages.post(f"{WORKBENCH}/clients/<client_id>/secret")
def ask_secret(client_id: str) -> Response:
    """Another secret, or the end of the old one: shown, and to be confirmed."""
    form = read_form()
    bench = bench_of(client_id)
    if form.get("act") == "end":
        facts = [("console.client.id", bench.client_id)]
        return ask_engineer(bench, "bench_end_secret", {}, facts, bench.here)
    days = form.get("days", "7")
    if days not in {str(one) for one in OVERLAPS} or not needs_secret(bench.registration.metadata):
        raise PageRefused("invalid_request", 400, "no such overlap, or no secret")
    facts = [("console.client.id", bench.client_id), ("workbench.secret.days", days)]
    return ask_engineer(bench, "bench_secret", {"days": days}, facts, bench.here)


def _new_secret(bench: Bench, content: Mapping[str, Any]) -> Response:
    wired, now = provider(), provider().clock()
    overlap = int(content["days"]) * DAY
    outcome = rotate_secret(bench.registration, now=now, random_bytes=wired.random_bytes, overlap=overlap)

    def note(step: Transaction) -> None:
        deadlines = ClientDeadlines(step)
        deadlines.forget(bench.client_id, Kind.SECRET, FORMER)
        if overlap:
            deadlines.put(Deadline(client_id=bench.client_id, kind=Kind.SECRET, label=FORMER, ends_at=now + overlap))

    save_change(bench, secret_rotated(bench.registration, outcome, now=now), "secret", note)
    return show_client(Bench(bench.seat, outcome.registration), secret=outcome.secret)


def _end_secret(bench: Bench, _content: Mapping[str, Any]) -> Response:
    now = provider().clock()
    ended = end_former_secret(bench.registration, now=now)
    made = secret_rotated(bench.registration, Outcome(ended, None, {}), now=now)

    def note(step: Transaction) -> None:
        ClientDeadlines(step).forget(bench.client_id, Kind.SECRET, FORMER)

    save_change(bench, made, "former_secret_ended", note)
    return go(bench.here)


@pages.get(f"{WORKBENCH}/clients/<client_id>/keys")
def keys(client_id: str) -> Response:
    """The keys that the service signs with, and what of them ends when."""
    bench = bench_of(client_id)
    return _form(bench, {"jwks_uri": str(bench.registration.metadata.get("jwks_uri", ""))})


def _form(bench: Bench, typed: Mapping[str, str], problems: list[str] | None = None) -> Response:
    wired = provider()
    with wired.database.read() as reading:
        deadlines = ClientDeadlines(reading).of_client(bench.client_id)
    return page(
        "workbench/keys.html",
        here=f"{bench.here}/keys",
        status=422 if problems else 200,
        staff=bench.seat.member,
        bench=bench,
        typed=typed,
        problems=problems or [],
        jwks=bench.registration.metadata.get("jwks", {}).get("keys", []),
        jwks_uri=bench.registration.metadata.get("jwks_uri"),
        deadlines=[(one, utc(one.ends_at)) for one in deadlines if one.kind is not Kind.SECRET],
    )


@pages.post(f"{WORKBENCH}/clients/<client_id>/keys")
def ask_keys(client_id: str) -> Response:
    """Other keys: checked, shown, and to be confirmed. Or a date to be warned of, which changes nothing else."""
    form = read_form()
    bench = bench_of(client_id)
    try:
        if form.get("act") == "certificate":
            return _note_certificate(bench, form)
        given, ends = _given(form), _ends(form)
        with_keys(bench.registration, given, provider().offer, provider().outbound)
    except BrokenRule as broken:
        return _form(bench, form, [broken.rule])
    except RegistrationRefused as refused:
        return _form(bench, form, list(refused.problems))
    shown = given.get("jwks_uri") or ", ".join(str(one.get("kid", one.get("kty"))) for one in given["jwks"]["keys"])
    facts = [("console.client.id", bench.client_id), ("workbench.keys.which", str(shown)[:500])]
    content = {"keys": json.dumps(given), "ends": str(ends or "")}
    return ask_engineer(bench, "bench_keys", content, facts, f"{bench.here}/keys")


def _given(form: Mapping[str, str]) -> dict[str, Any]:
    text, address = form.get("jwks", "").strip(), form.get("jwks_uri", "").strip()
    if bool(text) == bool(address):
        raise RefusedMetadata(["jwks: give a key set or its address, not both"])
    if address:
        return {"jwks_uri": address}
    if len(text) > LONGEST_KEYS:
        raise RefusedMetadata([f"jwks: must have at most {LONGEST_KEYS} characters"])
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        raise RefusedMetadata(["jwks: is not JSON"]) from None
    return {"jwks": found}


def _ends(form: Mapping[str, str]) -> int | None:
    return day_of(form["ends"]) if form.get("ends") else None


def _note_certificate(bench: Bench, form: Mapping[str, str]) -> Response:
    found = certificate_deadline(bench.client_id, form.get("certificate", "")[:LONGEST_PEM])
    with provider().database.begin() as step:
        ClientDeadlines(step).put(found)
        detail = {"act": "certificate_noted", "by": bench.seat.member.id}
        step.record(AuditRow(Event.CLIENT_ACTED_ON, provider().clock(), client=bench.client_id, detail=detail))
    return go(f"{bench.here}/keys")


def _new_keys(bench: Bench, content: Mapping[str, Any]) -> Response:
    wired, now = provider(), provider().clock()
    try:
        metadata = with_keys(bench.registration, json.loads(content["keys"]), wired.offer, wired.outbound)
        outcome = change(bench.registration, metadata, now=now, random_bytes=wired.random_bytes)
        if outcome.diff:
            made = changed(bench.registration, outcome, now=now)
            save_change(bench, made, "keys", lambda step: _date(step, bench, metadata, content["ends"]))
    except RegistrationRefused as refused:
        return _form(bench, {}, list(refused.problems))
    if not outcome.diff:  # the same keys, which end at another time
        with wired.database.begin() as step:
            _date(step, bench, metadata, content["ends"])
            detail = {"act": "keys_dated", "by": bench.seat.member.id}
            step.record(AuditRow(Event.CLIENT_ACTED_ON, now, client=bench.client_id, detail=detail))
    return go(f"{bench.here}/keys")


def _date(step: Transaction, bench: Bench, metadata: Mapping[str, Any], ends: str) -> None:
    """Note when the keys end; empty: they do not."""
    deadlines = ClientDeadlines(step)
    deadlines.forget_kind(bench.client_id, Kind.KEY)
    for label in _labels(metadata) if ends else ():
        deadlines.put(Deadline(client_id=bench.client_id, kind=Kind.KEY, label=label, ends_at=int(ends)))


def _labels(metadata: Mapping[str, Any]) -> list[str]:
    if "jwks_uri" in metadata:
        return [str(metadata["jwks_uri"])[:200]]
    return [str(one.get("kid", "jwks"))[:200] for one in metadata["jwks"]["keys"]]


BENCH_ACTS["bench_secret"] = _new_secret
BENCH_ACTS["bench_end_secret"] = _end_secret
BENCH_ACTS["bench_keys"] = _new_keys
