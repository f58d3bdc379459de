"""The pages of the second proof: the code on the phone with all other ways beside it, and a page for each of those."""

import json
from typing import Any, NamedTuple

from flask import Response

from idp.authenticators.ceremony import CHALLENGE_BYTES
from idp.authenticators.passkey import request_options
from idp.authenticators.phone_code import LIFETIME_SECONDS
from idp.interaction.next_step import Ask, NextStep, Reason, Refuse, Step
from idp.interaction.second_challenge import seal_challenge
from idp.interaction.second_proof import Silence, Way
from idp.pages.browser import ensure_browser
from idp.pages.headers import allow_form_target
from idp.pages.refusals import PageRefused
from idp.pages.rendering import page, page_language, provider, set_page_language
from idp.pages.second_view import SecondView, look
from idp.pages.steps import NOTHING, Shown, back_with_error, open_phone, show_consent, show_passkey
from idp.pages.times import readable_time
from idp.protocol.client import Client
from idp.provider import Provider
from idp.storage.outbox import Fate
from idp.storage.sign_ins import SignInRecord
from idp.telephony.numbers import country_name


def show(sign_in: SignInRecord, client: Client, step: NextStep, shown: Shown = NOTHING) -> Response:
    """The page of a step that a sign-in under way needs. Finishing ones have a transaction: `finish`."""
    if isinstance(step, Ask) and step.step is Step.PHONE_CODE:
        return show_code(sign_in, client, shown)
    if isinstance(step, Ask) and step.step is Step.CONSENT:
        return show_consent(sign_in, client)
    if isinstance(step, Refuse):
        return back_with_error(sign_in.request, client, step.error)
    reason = step.reason if isinstance(step, Ask) else Reason.NONE
    return show_passkey(sign_in.request, client, notice=reason.value or None)


def show_code(sign_in: SignInRecord, client: Client, shown: Shown = NOTHING) -> Response:
    """The page that asks for the code, and offers every other way. Raises PageRefused when there is none at all."""
    wired = provider()
    _prepare(sign_in)
    now = wired.clock()
    seen = look(wired, sign_in, client, now)
    if not seen.may_type and not seen.offers and seen.line.silence is not Silence.OPTED_OUT:
        raise _dead_end(sign_in, client, seen)
    code, tries_left = seen.code, shown.tries_left
    if tries_left is None:
        tries_left = code.tries_left if code else 0
    error = shown.error or ("code.used_up" if code is not None and tries_left == 0 else None)
    return page(
        "sign_in/phone_code.html",
        client=client,
        here=f"/sign-in/{sign_in.id}",
        blanks={"sign_in": str(sign_in.id)} | _phone_facts(wired, sign_in) | _poll(sign_in, seen),
        for_device=sign_in.request.device is not None,
        country=None,
        last_digits=None,
        poll=None,
        may_type=seen.may_type,
        sent=code is not None and seen.fate is not Fate.FAILED,
        failed=seen.fate is Fate.FAILED,
        uncertain=seen.fate is Fate.UNCERTAIN,
        spoken=code is not None and code.spoken,
        silence=seen.line.silence.value if seen.line.silence else None,
        until=readable_time(seen.line.until) if seen.line.until else None,
        error=error,
        notice=shown.notice,
        tries_left=tries_left,
        wait_seconds=max(0, seen.line.next_send_at - now),
        call_time=seen.call_time,
        sends_left=code.sends_left if code else 1,
        can_message=seen.opening(Way.MESSAGE) is not None,
        can_call=seen.opening(Way.CALL) is not None,
        ways=_ways(seen),
        minutes=LIFETIME_SECONDS // 60,
    )


def show_typed(sign_in: SignInRecord, client: Client, way: Way, shown: Shown = NOTHING) -> Response:
    """The page that asks for a code of the authenticator app, or a printed one."""
    _prepare(sign_in)
    return page(
        "sign_in/typed_code.html",
        client=client,
        **_frame(sign_in) | {"here": f"/sign-in/{sign_in.id}/{way.value}"},
        way=way.value,
        error=shown.error,
        tries_left=shown.tries_left,
    )


def show_other_passkey(sign_in: SignInRecord, client: Client, notice: str | None = None) -> Response:
    """The page that asks for another passkey, with a fresh challenge that opens in this browser only."""
    wired = provider()
    _prepare(sign_in)
    challenge = wired.random_bytes(CHALLENGE_BYTES)
    sealed = seal_challenge(challenge, sign_in.id, ensure_browser(wired), wired.clock(), wired.sealers.page)
    return page(
        "sign_in/other_passkey.html",
        client=client,
        **_frame(sign_in) | {"here": f"/sign-in/{sign_in.id}/passkey"},
        sealed=sealed,
        options=json.dumps(request_options(challenge, wired.settings.rp_id)),
        notice=notice,
    )


def _prepare(sign_in: SignInRecord) -> None:
    set_page_language(sign_in.request.ui_locales)
    allow_form_target(sign_in.request.redirect_uri)


def _frame(sign_in: SignInRecord) -> dict[str, Any]:
    return {
        "here": f"/sign-in/{sign_in.id}",
        "sign_in": str(sign_in.id),
        "for_device": sign_in.request.device is not None,
    }


def _poll(sign_in: SignInRecord, seen: SecondView) -> dict[str, str]:
    """Where the page asks what became of the message, if that can still change."""
    return {"poll": f"/sign-in/{sign_in.id}/message"} if seen.may_type and seen.fate is not Fate.UNCERTAIN else {}


def _phone_facts(wired: Provider, sign_in: SignInRecord) -> dict[str, str]:
    """Of the phone never more than its country and last digits."""
    if sign_in.phone_number is None or sign_in.region is None:
        return {}
    return {
        "country": country_name(sign_in.region, page_language()),
        "last_digits": open_phone(wired, sign_in)[-2:],
    }


class OpenWay(NamedTuple):
    """Another way, as the page offers it."""

    name: str
    opens: str | None  # from when on, if not now


def _ways(seen: SecondView) -> tuple[OpenWay, ...]:
    return tuple(
        OpenWay(offer.way.value, readable_time(offer.opens_at) if offer.opens_at else None) for offer in seen.other_ways
    )


def _dead_end(sign_in: SignInRecord, client: Client, seen: SecondView) -> PageRefused:
    """Nothing can be sent, and the person holds nothing else: when to come back, or where to go."""
    address = sign_in.request.return_address
    here = f"/sign-in/{sign_in.id}"
    if seen.line.silence is Silence.LOCKED:
        name, values = "phone_locked", {"until": readable_time(seen.line.until)}
    elif seen.line.silence is Silence.MOVED:
        name, values = "number_moved", {"until": readable_time(seen.line.until)}
    elif seen.line.silence is Silence.LIMIT:
        name, values = "send_limit", {"until": readable_time(seen.line.until)}
    elif seen.line.silence is Silence.NO_PHONE:
        name, values = "no_phone", {}
    else:
        name, values = "code_dead", {}
    status = 403 if name in {"phone_locked", "number_moved"} else 429 if name == "send_limit" else 400
    return PageRefused(name, status, name, client=client, address=address, values=values, here=here)
