"""The demo phone's pages: where messages arrive, and where passkeys answer for people without an authenticator.

A page's "use the demo phone" button posts the options of its ceremony here. The holder approves, and the answer
is posted to the endpoint that would have received it from a browser; both work without JavaScript.
"""

from collections.abc import Mapping
from dataclasses import asdict
from datetime import UTC, datetime

from flask import Blueprint, Response, jsonify, redirect, request
from flask.typing import ResponseReturnValue

from idp.delivery.mail_gateways import read_letters
from idp.demo.authenticator import CeremonyError
from idp.demo.citizens import HOMES, citizen_record
from idp.demo.officers import STAFF
from idp.demo.passkey import Passkey
from idp.demo.passports import new_passport
from idp.demo.phone_ceremonies import Ceremony, Kind, read_ceremony
from idp.demo.phone_memory import PhoneMemory
from idp.demo.sample_services import SAMPLE_SERVICES
from idp.interaction.sealed_request import SealBroken, unseal
from idp.pages.browser import ensure_browser
from idp.pages.forms import read_form
from idp.pages.headers import allow_form_target
from idp.pages.home import services
from idp.pages.refusals import PageRefused
from idp.pages.rendering import form_token, page, page_language, provider, say
from idp.people.record import read_record
from idp.protocol.client import Client
from idp.telephony.gateways.file import SentMessage, read_messages
from idp.telephony.numbers import masked

SHOWN_MESSAGES = 20

phone = Blueprint("demo_phone", __name__)


@phone.get("/demo")
def home() -> Response:
    """What there is to try."""
    counter = {
        "mrz": new_passport(provider().random_bytes),
        "officer": STAFF[0][0],
        "second": STAFF[1][0],
        "family": "홍",
        "given": "길동",
    }
    samples = {one.folder for one in SAMPLE_SERVICES}
    shown = [one | {"what": say(f"demo.what.{one['id']}") if one["id"] in samples else ""} for one in services()]
    return page("demo/home.html", services=shown, links=[], counter=counter)


@phone.get("/demo/phone")
def messages_and_passkeys() -> Response:
    """The phone itself."""
    messages = read_messages(provider().settings.messages_file)[:SHOWN_MESSAGES]
    return page(
        "demo/phone.html",
        messages=[_shown_message(one) for one in messages],
        letters=read_letters(provider().settings.mails_file)[:SHOWN_MESSAGES],
        passkeys=[_shown_passkey(one) for one in reversed(_memory().look().passkeys)],
    )


@phone.get(
    "/demo/phone/<any('sign-in', 'enrol', 'approve', 'enrolment', 'staff', 'join', 'team', 'second', 'end',"
    " 'console', 'workbench', 'add', 'resume'):_step>"
)
def back_to_the_phone(_step: str) -> ResponseReturnValue:
    """A reload, or another language, of a page that answered a form: its ceremony cannot be shown again."""
    page_language()
    return redirect("/demo/phone", 303)


@phone.get("/demo/messages.json")
def messages_json() -> Response:
    """Messages for test drivers, newest first; `phone` (E.164) asks for those of one number.

    The plus of a number that nobody escaped arrives as a space: it is put back.
    """
    asked = request.args.get("phone")
    number = None if asked is None else f"+{''.join(asked.split()).removeprefix('+')}"
    found = read_messages(provider().settings.messages_file, number)
    return jsonify([asdict(one) for one in found])


@phone.post("/demo/phone/sign-in")
def ask_for_sign_in() -> Response:
    """The holder chooses a passkey to answer with, or refuses."""
    return _ask(Kind.SIGN_IN, read_form())


@phone.post("/demo/phone/enrol")
def ask_for_enrolment() -> Response:
    """The holder lets a passkey be made, or refuses."""
    return _ask(Kind.ENROL, read_form())


@phone.post("/demo/phone/staff")
def ask_for_staff_sign_in() -> Response:
    """A member of staff chooses their passkey, or refuses."""
    return _ask(Kind.STAFF_SIGN_IN, read_form())


@phone.post("/demo/phone/join")
def ask_for_joining() -> Response:
    """A new member of staff lets a passkey be made, or refuses."""
    return _ask(Kind.STAFF_JOIN, read_form())


@phone.post("/demo/phone/team")
def ask_for_team() -> Response:
    """A member of staff confirms an act on the list of staff, or refuses."""
    return _ask(Kind.STAFF_TEAM, read_form())


@phone.post("/demo/phone/second")
def ask_for_second_person() -> Response:
    """A member of staff confirms a case as the second person, or refuses."""
    return _ask(Kind.STAFF_APPROVE, read_form())


@phone.post("/demo/phone/end")
def ask_for_end() -> Response:
    """A registrar confirms the end of a person's status, or refuses."""
    return _ask(Kind.STAFF_END, read_form())


@phone.post("/demo/phone/console")
def ask_for_console() -> Response:
    """A member of staff confirms a grave act of the console, or refuses."""
    return _ask(Kind.CONSOLE, read_form())


@phone.post("/demo/phone/workbench")
def ask_for_workbench() -> Response:
    """A service's engineer confirms a grave act, or refuses."""
    return _ask(Kind.WORKBENCH, read_form())


@phone.post("/demo/phone/add")
def ask_for_another_passkey() -> Response:
    """The holder lets one more passkey be made, or refuses."""
    return _ask(Kind.ADD, read_form())


@phone.post("/demo/phone/resume")
def ask_for_resuming() -> Response:
    """The holder chooses a passkey that is still trusted, or refuses."""
    return _ask(Kind.RESUME, read_form())


@phone.post("/demo/phone/approve")
def answer() -> Response:
    """The holder's decision, on its way to the endpoint that waits for it."""
    form = read_form()
    ceremony = _ceremony(form)
    # Without an answer the waiting page says, as after a browser's own prompt, that nothing came of it.
    credential = _credential(ceremony, form) if form.get("decision") == "approve" else ""
    return page(
        "demo/answer.html",
        client=_client(form),
        action=ceremony.kind.value,
        fields=[
            ("csrf", form_token(provider())),
            ("request", form.get("request", "")),
            ("credential", credential),
        ],
    )


@phone.post("/demo/phone/enrolment")
def new_citizen() -> Response:
    """A one-time enrolment link for a fictitious national, as an officer at a mission would hand it over."""
    read_form()
    wired = provider()
    residence = wired.random_bytes(1)[0] % len(HOMES)
    record = read_record(citizen_record(list(HOMES)[residence], random_bytes=wired.random_bytes, now=wired.clock()))
    name = record.korean if page_language() == "ko" else record.latin
    return page("demo/enrolment.html", name=name.full, link=wired.credential_office.begin_enrolment(record))


def _ask(kind: Kind, form: Mapping[str, str]) -> Response:
    asked = {"kind": kind.name, "options": form.get("options", ""), "request": form.get("request", "")}
    ceremony = _ceremony(asked)
    try:
        choices = ceremony.choices(_memory().look())
    except CeremonyError as error:
        raise PageRefused("invalid_request", 400, str(error)) from error
    return page(
        "demo/approve.html",
        client=_client(form),
        what="enrol" if kind.creates else "sign in",
        origin=ceremony.origin,
        choices=choices,
        fields=list(asked.items()),
    )


def _ceremony(form: Mapping[str, str]) -> Ceremony:
    """The ceremony that a form describes. Raises PageRefused."""
    try:
        return read_ceremony(Kind[form.get("kind", "")], form.get("options"), provider().issuer)
    except (CeremonyError, KeyError) as error:
        raise PageRefused("invalid_request", 400, str(error)) from error


def _credential(ceremony: Ceremony, form: Mapping[str, str]) -> str:
    """The phone's answer; empty when it has none."""
    try:
        with _memory().use() as held:
            return ceremony.answer(held, form.get("choice"))
    except CeremonyError:
        return ""


def _client(form: Mapping[str, str]) -> Client | None:
    """The service that a sign-in is for; its way back is open, should the answer be all that was missing."""
    wired = provider()
    try:
        travelling = unseal(form.get("request"), ensure_browser(wired), wired.sealers.page).request
    except SealBroken:  # an enrolment; or a sign-in that the next step will refuse
        return None
    allow_form_target(travelling.redirect_uri)
    return wired.clients.find(travelling.client_id)


def _memory() -> PhoneMemory:
    return PhoneMemory(provider().settings.var, provider().random_bytes)


def _shown_message(message: SentMessage) -> dict[str, str]:
    at = datetime.fromtimestamp(message.at, UTC).astimezone()
    return {
        "to_masked": masked(message.to),
        "text": message.text,
        "at": f"{at:%Y-%m-%d %H:%M:%S}",
        "code": message.code,
    }


def _shown_passkey(passkey: Passkey) -> dict[str, str]:
    return {"name": passkey.display_name or passkey.user_name, "detail": passkey.rp_id}
