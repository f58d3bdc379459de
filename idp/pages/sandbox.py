"""Signing in as a test citizen: an engineer of the sandbox client chooses whom, and the software passkey answers.

What comes of it goes the way of every assertion: it is verified, and each later step is everybody's. Only an engineer
of this very client gets here, for the sign-in of their own browser, and each answer is limited and audited.
"""

from collections.abc import Mapping
from typing import Any

from flask import Blueprint, Response

from idp.audit.catalogue import AuditRow, Event
from idp.delivery.text_messages import read_payload
from idp.interaction.sealed_request import SealBroken, SealedRequest, unseal
from idp.keys.sealing import row_context
from idp.pages.browser import browser_digest
from idp.pages.engineer_gate import Bench, bench_of
from idp.pages.forms import read_form
from idp.pages.headers import allow_form_target
from idp.pages.passkey_step import begin_sign_in
from idp.pages.presented import NothingProven, see
from idp.pages.refusals import PageRefused
from idp.pages.rendering import page, page_language, provider
from idp.pages.sign_in import walk_on
from idp.pages.steps import find_client, show_passkey
from idp.pages.times import utc
from idp.protocol.client import Client
from idp.provider import Provider
from idp.sandbox.citizens import CITIZENS
from idp.sandbox.numbers import NUMBERS
from idp.storage import AlreadyTaken
from idp.storage.sandbox import Maker, SandboxCitizens, SandboxMessages

pages = Blueprint("sandbox", __name__)


@pages.post("/sandbox/citizens")
def choose() -> Response:
    """Who there is to sign in as; made when they are first asked for."""
    form = read_form()
    wired = provider()
    travelling, client, bench = _opened(wired, form)
    fill_sandbox(wired, bench)
    allow_form_target(travelling.request.redirect_uri)
    return page(
        "sandbox/citizens.html",
        client=client,
        staff=bench.seat.member,
        request_text=form["request"],
        citizens=shown_citizens(),
    )


@pages.post("/sandbox/answer")
def answer() -> Response:
    """The chosen one's passkey answers, and the sign-in goes on as anybody's."""
    form = read_form()
    wired, now = provider(), provider().clock()
    travelling, client, bench = _opened(wired, form)
    if travelling.is_over(now):
        address = travelling.request.return_address
        raise PageRefused("expired_page", 400, "sealed request is too old", client=client, address=address)
    chosen = form.get("citizen", "")
    with wired.database.begin() as step:
        used = SandboxCitizens(step, client.id).use(chosen, wired.sealers.record, now)
        if used is not None:
            detail = {"by": bench.seat.member.id, "citizen": chosen}
            step.record(AuditRow(Event.SANDBOX_ANSWERED, now, used.person, client.id, detail))
    if used is None:
        raise PageRefused("sandbox_used_up", 429, "unknown test citizen, or used too often this hour", client=client)
    credential = used.passkey.answer(
        travelling.challenge, rp_id=wired.settings.rp_id, origin=wired.issuer, sign_count=used.sign_count
    )
    try:
        begun = begin_sign_in(wired, travelling, client, see(wired, travelling, credential))
    except NothingProven:
        return show_passkey(travelling.request, client, notice="notice.passkey_failed")
    return walk_on(wired, begun)


def _opened(wired: Provider, form: Mapping[str, str]) -> tuple[SealedRequest, Client, Bench]:
    """The sign-in under way in this browser, and the engineer of its client. Raises PageRefused."""
    try:
        travelling = unseal(form.get("request"), browser_digest(wired) or b"", wired.sealers.page)
    except SealBroken as broken:
        raise PageRefused("wrong_browser", 400, f"sealed request: {broken}") from broken
    client = find_client(wired, travelling.request)
    return travelling, client, bench_of(client.id, sandbox=True)


def fill_sandbox(wired: Provider, bench: Bench) -> None:
    """Make the test citizens that are missing."""
    client_id, now = bench.client_id, wired.clock()
    with wired.database.read() as reading:
        if len(SandboxCitizens(reading, client_id).names()) >= len(CITIZENS):
            return
    maker = Maker(
        wired.sealers.record, wired.sealers.phone, wired.keyed.look_up, wired.world.new_id, wired.random_bytes
    )
    try:
        with wired.database.begin() as step:
            made = SandboxCitizens(step, client_id).make(maker, now)
            detail = {"by": bench.seat.member.id, "citizens": made}
            step.record(AuditRow(Event.SANDBOX_FILLED, now, client=client_id, detail=detail))
    except AlreadyTaken:  # another tab was faster
        return


def shown_citizens() -> list[dict[str, str]]:
    """The table as a page shows it."""
    korean = page_language() == "ko"
    return [
        {
            "name": one.name,
            "who": "".join(one.korean) if korean else " ".join(one.latin),
            "number": one.number or "",
            "outcome": NUMBERS[one.number].value if one.number else "none",
        }
        for one in CITIZENS
    ]


@pages.get("/workbench/clients/<client_id>/messages")
def messages(client_id: str) -> Response:
    """What was sent to this client's test citizens, newest first."""
    bench = bench_of(client_id, sandbox=True)
    wired, now = provider(), provider().clock()
    with wired.database.read() as reading:
        names = SandboxCitizens(reading, client_id).names()
        found = SandboxMessages(reading).of_client(client_id, now)
    shown: list[dict[str, Any]] = []
    for one in found:
        sealed = wired.sealers.outbox.open(one.payload, row_context("sandbox_messages", "payload", one.id))
        message = read_payload(sealed)
        shown.append(
            {
                "to": names.get(one.person, ""),
                "number": message.to,
                "code": message.code,
                "channel": message.channel.value,
                "at": utc(one.at),
            }
        )
    return page("sandbox/messages.html", staff=bench.seat.member, bench=bench, messages=shown)
