"""The provider's own entry into the hub: a person signs in to their own pages as to any other service.

There is no client behind it: nothing is registered, no code and no token is made, and the way back is a page of ours.
Only `own_request` makes such a request, and it travels sealed; its client id is one that no registration can have.
"""

from idp.pages.rendering import provider, words
from idp.protocol.authorization_request import AuthorizationRequest
from idp.protocol.authorization_response import Answer
from idp.protocol.client import Client

OWN_ID = "account:"
OWN_PAGES = "/account"
OWN_ENDED = "/account/ended"


def own_client(redirect_uri: str) -> Client:
    """The provider itself, as the steps of a sign-in see a client."""
    return Client(
        id=OWN_ID,
        names={language: words().say(language, "account.name") for language in words().languages},
        redirect_uris=(redirect_uri,),
        scopes=frozenset(),
        client_uri=f"{provider().issuer}{OWN_PAGES}",
    )


def own_request(path: str, *, again: bool = False) -> AuthorizationRequest:
    """A sign-in that leads to a page of the person's own; `again` asks for both proofs anew."""
    return AuthorizationRequest(
        client_id=OWN_ID,
        redirect_uri=f"{provider().issuer}{path}",
        state=None,
        scopes=(),
        code_challenge=None,
        nonce=None,
        prompts=frozenset({"login"} if again else ()),
        max_age=None,
        acr_values=(),
        login_hint=None,
        id_token_hint=None,
        ui_locales=(),
        claims=None,
        display="page",
    )


def is_own(client_id: str) -> bool:
    """Whether a request under way is for the person's own pages."""
    return client_id == OWN_ID


def own_answer(request: AuthorizationRequest) -> Answer:
    """Signed in: on to the page, with nothing in its address."""
    return Answer(request.redirect_uri, {}, as_form=False)


def own_refusal() -> Answer:
    """Not signed in: to a page that says so, and does not ask again by itself."""
    return Answer(f"{provider().issuer}{OWN_ENDED}", {}, as_form=False)
