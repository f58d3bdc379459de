"""The ways to the second proof beside a text message, as a browser walks them; and what became of the message.

Each POST proves one thing and answers with whatever the hub says is next.
"""

import logging
from uuid import UUID

from flask import Blueprint, Response, jsonify

from idp.delivery.text_messages import message_key
from idp.interaction.next_step import Step
from idp.interaction.second_proof import Way
from idp.pages.browser import browser_digest
from idp.pages.forms import read_form
from idp.pages.opt_in import opt_in
from idp.pages.other_proofs import judge_typed, prove_other_passkey
from idp.pages.presented import NothingProven
from idp.pages.rendering import provider
from idp.pages.second_pages import show_code, show_other_passkey, show_typed
from idp.pages.second_view import look
from idp.pages.sign_in import AtAnotherStep, at_step, find_sign_in, show_what_is_next, walk_on
from idp.pages.steps import Shown
from idp.protocol.client import Client
from idp.storage.outbox import Fate, fate_of
from idp.storage.sign_ins import SignInRecord, SignIns

log = logging.getLogger(__name__)
pages = Blueprint("second_step", __name__)
pages.register_error_handler(AtAnotherStep, show_what_is_next)


@pages.get("/sign-in/<uuid:row>/app")
def app_page(row: UUID) -> Response:
    """Asks for a code of the authenticator app."""
    return _page_of(row, Way.APP)


@pages.get("/sign-in/<uuid:row>/printed")
def printed_page(row: UUID) -> Response:
    """Asks for a printed code."""
    return _page_of(row, Way.PRINTED)


@pages.get("/sign-in/<uuid:row>/passkey")
def passkey_page(row: UUID) -> Response:
    """Asks for another passkey."""
    return _page_of(row, Way.PASSKEY)


@pages.post("/sign-in/app")
def app() -> Response:
    """A code of the authenticator app."""
    return _typed(Way.APP)


@pages.post("/sign-in/printed")
def printed() -> Response:
    """A printed code."""
    return _typed(Way.PRINTED)


@pages.post("/sign-in/other-passkey")
def other_passkey() -> Response:
    """An assertion of another passkey."""
    form = read_form()
    wired = provider()
    sign_in, client = at_step(wired, form, Step.PHONE_CODE)
    if not _is_open(sign_in, client, Way.PASSKEY):
        return show_code(sign_in, client)
    if not form.get("credential"):
        return show_other_passkey(sign_in, client, notice="notice.passkey_cancelled")
    try:
        proven = prove_other_passkey(wired, sign_in, client, form.get("sealed"), form.get("credential", ""))
    except NothingProven as nothing:
        log.info("assertion refused", extra={"why": str(nothing)})
        return show_other_passkey(sign_in, client, notice="notice.other_passkey_failed")
    return walk_on(wired, proven)


@pages.post("/sign-in/opt-in")
def messages_again() -> Response:
    """The person who once answered STOP wants messages again."""
    form = read_form()
    wired = provider()
    sign_in, client = at_step(wired, form, Step.PHONE_CODE)
    opt_in(wired, sign_in.person_id, wired.clock())
    return show_code(find_sign_in(str(sign_in.id)), client, Shown(notice="second.opted_in"))


@pages.get("/sign-in/<uuid:row>/message")
def message(row: UUID) -> Response:
    """What became of the newest message of this browser's sign-in; looking changes nothing."""
    wired = provider()
    browser = browser_digest(wired)
    with wired.database.read() as reading:
        sends = SignIns(reading).sends_of(row, browser) if browser else None
        fate = fate_of(reading, message_key(row, sends), wired.clock()) if sends else Fate.NONE
    return jsonify(state=fate.value)


def _page_of(row: UUID, way: Way) -> Response:
    """The page of one way, if it is open to this person now; otherwise the one with all ways."""
    wired = provider()
    sign_in, client = at_step(wired, {"sign_in": str(row)}, Step.PHONE_CODE)
    if not _is_open(sign_in, client, way):
        return show_code(sign_in, client)
    if way is Way.PASSKEY:
        return show_other_passkey(sign_in, client)
    return show_typed(sign_in, client, way)


def _typed(way: Way) -> Response:
    form = read_form()
    wired = provider()
    sign_in, client = at_step(wired, form, Step.PHONE_CODE)
    if not _is_open(sign_in, client, way):
        return show_code(sign_in, client)
    shown, sign_in = judge_typed(wired, sign_in, client, way, form.get("code", ""))
    return walk_on(wired, sign_in) if shown is None else show_typed(sign_in, client, way, shown)


def _is_open(sign_in: SignInRecord, client: Client, way: Way) -> bool:
    wired = provider()
    return look(wired, sign_in, client, wired.clock()).opening(way) == 0
