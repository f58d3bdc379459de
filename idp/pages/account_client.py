"""A person's own pages as a client of the sign-in: the same steps and the same hub lead there as to any service.

It is no registration and gets no code: whoever has given both proofs is led to a page of ours.
"""

from idp.pages.rendering import words
from idp.protocol.authorization_request import AuthorizationRequest
from idp.protocol.client import Client
from idp.provider import Provider

ACCOUNT = "#account"
"""No registration can have this id."""
ACCOUNT_ENDED = "/account/ended"
PLACES = frozenset({"ways", "phone"})


def account_client(wired: Provider) -> Client:
    """The client, as pages show it."""
    names = {language: words().say(language, "account.name") for language in words().languages}
    return Client(id=ACCOUNT, names=names, sector="account", client_uri=wired.issuer, scopes=frozenset())


def account_request(wired: Provider, place: str) -> AuthorizationRequest:
    """Both proofs, given now, on the way to one of PLACES."""
    return AuthorizationRequest(
        client_id=ACCOUNT,
        redirect_uri=f"{wired.issuer}/account/{place}",
        state=None,
        scopes=(),
        code_challenge=None,
        nonce=None,
        prompts=frozenset({"login"}),
        max_age=None,
        acr_values=(),
        login_hint=None,
        id_token_hint=None,
        ui_locales=(),
        claims=None,
        display="page",
    )


def sign_in_address(redirect_uri: str) -> str:
    """Where the sign-in to a place begins."""
    return f"/account/sign-in?to={redirect_uri.rsplit('/', 1)[-1]}"
