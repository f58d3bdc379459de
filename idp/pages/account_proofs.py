"""/account/ways, /account/phone: the ways in which a person can prove themself, and their phone number.

Everything here needs both proofs, given a moment ago; what is not needed to bind anything is another room's.
"""

from flask import Blueprint, Response, jsonify, request

from idp.interaction.second_proof import Way
from idp.pages import account_messages, account_phone, account_ways
from idp.pages.answers import go
from idp.pages.first_party import OWN_ENDED, own_client, own_request
from idp.pages.forms import read_form
from idp.pages.owner import Owner, find_owner
from idp.pages.refusals import PageRefused
from idp.pages.rendering import page, page_language, provider
from idp.pages.steps import show_passkey

pages = Blueprint("account_proofs", __name__)
PLACES = frozenset({"ways", "phone"})


class SignInFirst(Exception):
    """The page needs both proofs, given a moment ago."""

    def __init__(self, place: str) -> None:
        """`place` is where the sign-in leads back to."""
        super().__init__(place)
        self.place = place


@pages.errorhandler(SignInFirst)
def sign_in_first(needed: SignInFirst) -> Response:
    """The way there, instead of a refusal."""
    page_language()  # a language that was chosen in the address is kept on the way
    return go(f"/account/sign-in?to={needed.place}")


@pages.get("/account/sign-in")
def sign_in() -> Response:
    """Both proofs, on the way to one of the pages."""
    place = request.args.get("to", "ways")
    if place not in PLACES:
        raise PageRefused("not_found", 404, "no such page of the account")
    asked = own_request(f"/account/{place}", again=True)
    return show_passkey(asked, own_client(asked.redirect_uri))


@pages.get(OWN_ENDED)
def ended() -> Response:
    """The person turned back."""
    return page("account/ended.html", here=OWN_ENDED)


@pages.get("/account/ways")
def ways() -> Response:
    """Every way in which the person can prove themself, and what they can add."""
    return account_ways.show_ways(provider(), _owner())


@pages.get("/account/app")
def app() -> Response:
    """A new authenticator app."""
    return account_ways.show_app(provider(), _owner())


@pages.post("/account/app")
def add_app() -> Response:
    """The first code of the app: from here on it counts."""
    owner, form = _owner(), read_form()
    return account_ways.add_app(provider(), owner, form.get("sealed"), form.get("code", ""))


@pages.post("/account/app/remove")
def remove_app() -> Response:
    """The app proves nothing any more."""
    owner, _ = _owner(), read_form()
    return account_ways.remove_app(provider(), owner)


@pages.post("/account/printed")
def printed() -> Response:
    """A new sheet of codes, shown once."""
    owner, _ = _owner(), read_form()
    return account_ways.make_printed(provider(), owner)


@pages.get("/account/phone")
def phone() -> Response:
    """The person's number, and a new one."""
    return account_phone.show_phone(provider(), _owner("phone"))


@pages.post("/account/phone")
def new_phone() -> Response:
    """A new number: a code is sent to it."""
    owner, form = _owner("phone"), read_form()
    way = Way.CALL if form.get("way") == Way.CALL.value else Way.MESSAGE
    return account_phone.begin(provider(), owner, form.get("country", ""), form.get("number", ""), way)


@pages.post("/account/phone/language")
def phone_language() -> Response:
    """The language of messages and calls."""
    owner, form = _owner("phone"), read_form()
    return account_messages.choose_message_language(provider(), owner, form.get("language", ""))


@pages.post("/account/phone/code")
def phone_code() -> Response:
    """The code that arrived there: from here on it is the person's number."""
    owner, form = _owner("phone"), read_form()
    return account_phone.judge_code(provider(), owner, form.get("code", ""))


@pages.post("/account/phone/resend")
def phone_resend() -> Response:
    """Another message to the new number."""
    owner, _ = _owner("phone"), read_form()
    return account_phone.send_another(provider(), owner, Way.MESSAGE)


@pages.post("/account/phone/opt-in")
def phone_opt_in() -> Response:
    """Messages to the person's own number again, after STOP."""
    owner, _ = _owner("phone"), read_form()
    return account_messages.messages_again(provider(), owner)


@pages.post("/account/phone/call")
def phone_call() -> Response:
    """A call to the new number."""
    owner, _ = _owner("phone"), read_form()
    return account_phone.send_another(provider(), owner, Way.CALL)


@pages.get("/account/phone/message")
def phone_message() -> Response:
    """What became of the newest message to the new number."""
    return jsonify(state=account_phone.fate(provider(), _owner("phone")).value)


@pages.post("/account/phone/other")
def phone_other() -> Response:
    """Not that number after all."""
    owner, _ = _owner("phone"), read_form()
    return account_phone.forget(provider(), owner)


def _owner(place: str = "ways") -> Owner:
    owner = find_owner(provider(), signed_in=place == "phone")
    if owner is None:
        raise SignInFirst(place)
    return owner
