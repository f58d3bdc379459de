"""The guide for the engineers of relying services: all they need from first look to going live, on one page."""

from dataclasses import dataclass

from flask import Blueprint, Response, request
from werkzeug.exceptions import NotFound

from idp.claims.scopes import EVENT_CLAIMS, SCOPES
from idp.pages.rendering import page, page_language, provider, words
from idp.pages.sandbox import shown_citizens
from idp.protocol import errors
from idp.protocol.client import MOBILE_ID_ACR
from idp.protocol.errors import OAuthError
from idp.registration.integration import ANY_CLIENT, ANY_URI, EXAMPLES, PKCE_HABITS, configuration, values_of
from idp.registration.sign_in_button import LOOKS, button_code, contrast

pages = Blueprint("developers", __name__)
FIRST = next(iter(EXAMPLES))
CHECKS = (
    "state",
    "nonce",
    "pkce",
    "token",
    "acr",
    "sub",
    "sandbox",
    "session",
    "userinfo",
    "errors",
    "logout",
    "keys",
    "secret",
)
LIVE = ("registration", "contacts", "redirects", "logout", "levels", "button", "fallback", "privacy")
"""Keys of the words of the two lists."""


@dataclass(frozen=True, slots=True)
class KnownError:
    """One error that a service can meet: its code, and where its cause and cure stand in the words."""

    code: str
    status: int

    @property
    def key(self) -> str:
        """The key of its sentence."""
        return f"developers.error.{self.code}"


def known_errors() -> list[KnownError]:
    """Every error that there is a class for, in the order of their file."""
    classes = [found for found in vars(errors).values() if isinstance(found, type) and issubclass(found, OAuthError)]
    codes = {found.code: KnownError(found.code, found.status) for found in classes}
    return list(codes.values())


@pages.get("/developers")
def guide() -> Response:
    """The guide, with one configuration, filled with the values that the address names."""
    name = request.args.get("for", FIRST)
    look, spoken = request.args.get("look", next(iter(LOOKS))), request.args.get("button", page_language())
    if name not in EXAMPLES or look not in LOOKS or spoken not in words().languages:
        raise NotFound
    wired = provider()
    values = values_of(
        {"minimum_acr": MOBILE_ID_ACR},
        issuer=wired.issuer,
        client_id=request.args.get("client_id", ""),
        redirect_uri=request.args.get("redirect_uri", ""),
        acr_values=wired.acr_values,
    )
    return page(
        "developers/guide.html",
        issuer=wired.issuer,
        values=values,
        any_client=ANY_CLIENT,
        any_uri=ANY_URI,
        examples=EXAMPLES,
        chosen=name,
        code=configuration(name, values),
        pkce_habits=PKCE_HABITS,
        scopes={scope: claims for scope, claims in SCOPES.items() if claims},
        event_claims=EVENT_CLAIMS,
        levels=wired.acr_values,
        known_errors=known_errors(),
        checks=CHECKS,
        live=LIVE,
        citizens=shown_citizens(),
        looks=LOOKS,
        look=look,
        contrast=f"{contrast(LOOKS[look].ground, LOOKS[look].ink):.1f}",
        labels={code: words().say(code, "developers.button.label") for code in words().languages},
        spoken=spoken,
        button_code=button_code(look, words().say(spoken, "developers.button.label"), spoken),
    )
