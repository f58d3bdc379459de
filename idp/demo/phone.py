"""The demo phone's pages: where messages arrive, and where passkeys answer for people without an authenticator.

A page's "use the demo phone" button posts the options of its ceremony here. The holder approves, and the answer
is posted to the endpoint that would have received it from a browser; both work without JavaScript.
"""

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path

from flask import Blueprint, Response, jsonify, request
from flask.typing import ResponseReturnValue

from idp.demo.authenticator import CeremonyError
from idp.demo.passkey import Passkey
from idp.demo.phone_ceremonies import Ceremony, Kind, read_ceremony
from idp.demo.phone_memory import PhoneMemory
from idp.telephony.gateways.file import SentMessage, read_messages
from idp.telephony.numbers import masked

SHOWN_MESSAGES = 20

#: Form fields that a page sends along and that its endpoint needs back with the answer.
CARRIED = ("csrf", "request")


@dataclass(frozen=True, slots=True)
class ShownService:
    """A relying service on the demonstration's front page."""

    name: str
    uri: str
    what: str


@dataclass(frozen=True, slots=True)
class NewCitizen:
    """A fictitious national who may enrol now."""

    name: str
    link: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Surroundings:
    """What the demo phone needs of the provider it is part of."""

    origin: str  # of the provider's pages
    messages_file: Path
    memory: PhoneMemory
    render: Callable[..., ResponseReturnValue]  # (template, **variables)
    refuse: Callable[[str], ResponseReturnValue]  # (name of a refusal)
    services: Callable[[], Sequence[ShownService]]
    new_citizen: Callable[[], NewCitizen]


def demo_phone(around: Surroundings) -> Blueprint:
    """The blueprint of everything under /demo. Forms are checked for CSRF by the application, as all are."""
    pages = Blueprint("demo_phone", __name__)

    @pages.get("/demo")
    def home() -> ResponseReturnValue:
        return around.render("demo/home.html", services=around.services(), links=[])

    @pages.get("/demo/phone")
    def phone() -> ResponseReturnValue:
        messages = read_messages(around.messages_file)[:SHOWN_MESSAGES]
        return around.render(
            "demo/phone.html",
            messages=[_shown_message(one) for one in messages],
            passkeys=[_shown_passkey(one) for one in reversed(around.memory.look().passkeys)],
        )

    @pages.get("/demo/messages.json")
    def messages() -> Response:
        found = read_messages(around.messages_file, request.args.get("phone"))
        return jsonify([asdict(one) for one in found])

    @pages.post("/demo/phone/sign-in")
    def sign_in() -> ResponseReturnValue:
        return _ask(around, Kind.SIGN_IN)

    @pages.post("/demo/phone/enrol")
    def enrol() -> ResponseReturnValue:
        return _ask(around, Kind.ENROL)

    @pages.post("/demo/phone/approve")
    def approve() -> ResponseReturnValue:
        return _answer(around)

    @pages.post("/demo/phone/enrolment")
    def enrolment() -> ResponseReturnValue:
        citizen = around.new_citizen()
        return around.render("demo/enrolment.html", name=citizen.name, link=citizen.link)

    return pages


def _ask(around: Surroundings, kind: Kind) -> ResponseReturnValue:
    """The page on which the holder approves, and chooses a passkey when there are several."""
    try:
        ceremony = _ceremony(around, kind)
        choices = ceremony.choices(around.memory.look())
    except CeremonyError:
        return around.refuse("invalid_request")
    carried = [(name, request.form[name]) for name in ("request", "options") if name in request.form]
    return around.render(
        "demo/approve.html",
        what="enrol" if kind is Kind.ENROL else "sign in",
        origin=around.origin,
        choices=choices,
        fields=[*carried, ("kind", kind.name)],
    )


def _answer(around: Surroundings) -> ResponseReturnValue:
    """The holder's decision, on its way to the endpoint that waits for it."""
    try:
        ceremony = _ceremony(around, Kind[request.form.get("kind", "")])
    except (CeremonyError, KeyError):
        return around.refuse("invalid_request")
    approved = request.form.get("decision") == "approve"
    credential = _credential(around, ceremony) if approved else ""
    carried = [(name, request.form[name]) for name in CARRIED if name in request.form]
    return around.render("demo/answer.html", action=ceremony.kind.value, fields=[*carried, ("credential", credential)])


def _credential(around: Surroundings, ceremony: Ceremony) -> str:
    """The answer, or nothing when the phone has none: the waiting page then says that the prompt failed."""
    try:
        with around.memory.use() as phone:
            return ceremony.answer(phone, request.form.get("choice"))
    except CeremonyError:
        return ""


def _ceremony(around: Surroundings, kind: Kind) -> Ceremony:
    return read_ceremony(kind, request.form.get("options"), around.origin)


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
