"""/device: a person types the code that a device shows, compares, and signs in for it (RFC 8628 §3.3).

Whoever talks a person into typing a code gets that person's tokens (§5.4, abuse case D-01). So the code is
always typed and never comes in a link, the page says which service asks and when it began, and asks whether
the person started it; then both proofs are given anew, and consent is asked for, whatever is remembered.
Nothing is written until the passkey was verified.
"""

import json
from uuid import UUID

from flask import Blueprint, Response

from idp.keys.sealing import CannotOpen
from idp.pages.browser import ensure_browser
from idp.pages.forms import read_form
from idp.pages.refusals import PageRefused
from idp.pages.rendering import page, provider
from idp.pages.steps import DEVICE_ENDED, show_passkey
from idp.pages.switched import refuse_what_is_off
from idp.pages.times import readable_time
from idp.protocol.authorization_request import AuthorizationRequest
from idp.protocol.client import Client
from idp.protocol.device_flow import LIFETIME_SECONDS, may_use, read_user_code, readable
from idp.provider import Provider
from idp.staff.switches import Feature
from idp.storage.device_authorizations import DeviceAuthorizations, WaitingDevice

pages = Blueprint("device", __name__)


@pages.get("/device")
def device() -> Response:
    """The page that asks for the code. A code in the address is not read."""
    return page("device/code.html", here="/device")


@pages.post("/device")
def typed() -> Response:
    """A code: shows which service asks, and since when."""
    form = read_form()
    wired = provider()
    refuse_what_is_off(Feature.DEVICE_FLOW)
    browser, now = ensure_browser(wired), wired.clock()
    code = read_user_code(form.get("user_code", ""))
    if code is None:  # not a try: nothing was guessed
        return page("device/code.html", here="/device", error="device.malformed")
    if not wired.device_tries.spend(browser, now):
        raise PageRefused("device_tries", 429, "no try is left")
    with wired.database.read() as reading:
        waiting = DeviceAuthorizations(reading).find_typed(wired.user_code(code), now)
    client = _client_of(wired, waiting)
    if waiting is None or client is None:
        return page("device/code.html", here="/device", error="device.unknown")
    wired.device_tries.give_back(browser)
    return page(
        "device/compare.html",
        client=client,
        here="/device",
        code=readable(code),
        began=readable_time(waiting.created_at),
        kind=waiting.kind,
        sealed=_seal(wired, waiting.id),
    )


@pages.post("/device/begin")
def begin() -> Response:
    """The person's word that they started it: now they sign in as for any other service."""
    form = read_form()
    wired = provider()
    refuse_what_is_off(Feature.DEVICE_FLOW)
    if form.get("decision") != "mine":
        return page("device/not_mine.html", here="/device")
    row, now = _unseal(wired, form.get("device", "")), wired.clock()
    with wired.database.read() as reading:
        waiting = DeviceAuthorizations(reading).find(row, now)
    client = _client_of(wired, waiting)
    if waiting is None or client is None:
        raise PageRefused("device_over", 400, "the device flow ended or expired")
    return show_passkey(_request(wired, waiting), client)


@pages.get("/device/done")
def done() -> Response:
    """The device has its answer, or gets it at its next question."""
    return page("device/done.html")


@pages.get(DEVICE_ENDED)
def ended() -> Response:
    """Nothing was given."""
    return page("device/ended.html", here=DEVICE_ENDED)


def _client_of(wired: Provider, waiting: WaitingDevice | None) -> Client | None:
    client = wired.clients.find(waiting.client_id) if waiting is not None else None
    return client if client is not None and may_use(client, wired.assurance.acr_values[-1]) else None


def _request(wired: Provider, waiting: WaitingDevice) -> AuthorizationRequest:
    """The device's request as the hub reads it: new proofs, and consent on a page, every time."""
    return AuthorizationRequest(
        client_id=waiting.client_id,
        redirect_uri=f"{wired.issuer}{DEVICE_ENDED}",
        state=None,
        scopes=waiting.scopes,
        code_challenge=None,
        nonce=None,
        prompts=frozenset({"login", "consent"}),
        max_age=None,
        acr_values=(),
        login_hint=None,
        id_token_hint=None,
        ui_locales=(),
        claims=None,
        display="page",
        device=str(waiting.id),
    )


def _seal(wired: Provider, row: UUID) -> str:
    document = json.dumps({"d": str(row), "t": wired.clock()}).encode()
    return wired.sealers.page.seal(document, b"device:" + ensure_browser(wired)).hex()


def _unseal(wired: Provider, text: str) -> UUID:
    """The flow that this browser typed the code of. Raises PageRefused."""
    try:
        document = json.loads(wired.sealers.page.open(bytes.fromhex(text), b"device:" + ensure_browser(wired)))
    except (ValueError, CannotOpen) as error:
        raise PageRefused("wrong_browser", 400, "device form of another browser") from error
    if wired.clock() >= document["t"] + LIFETIME_SECONDS:
        raise PageRefused("device_over", 400, "device form is too old")
    return UUID(document["d"])
