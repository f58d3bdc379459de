"""RP-initiated logout (OpenID Connect RP-Initiated Logout 1.0): what a request may do without asking."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import Enum

from idp.protocol.authorization_response import with_query
from idp.protocol.client import Client
from idp.protocol.id_token import Hint
from idp.protocol.parameters import has_controls
from idp.protocol.redirect_uri import is_registered_after_logout

MOST_LOCALES = 10


class Logout(Enum):
    """What happens next."""

    END = "end"  # the hint proves that the session's own client asks
    ASK = "ask"  # anybody may have sent this: the person decides (§2)
    DONE = "done"  # nobody is signed in here


@dataclass(frozen=True, slots=True)
class LogoutRequest:
    """A logout request: who asks, whose session the hint names, and where the browser may go afterwards."""

    client: Client | None
    session: str | None  # `sid` of the hint, as its client sees it
    redirect_to: str | None
    ui_locales: tuple[str, ...] = ()


def parse(
    parameters: Mapping[str, str], *, hint: Hint | None, find_client: Callable[[str], Client | None]
) -> LogoutRequest:
    """What the request asks for; everything doubtful in it is dropped, never followed (§2, §3)."""
    client_id = parameters.get("client_id")
    locales = tuple(parameters.get("ui_locales", "").split()[:MOST_LOCALES])
    if hint is not None and client_id not in {None, hint.client_id}:
        hint = None  # §2: a client_id that differs from the hint's audience makes the hint worthless
    client = find_client(hint.client_id) if hint is not None else None
    if client is None or hint is None:
        # Without a valid hint nobody vouches for the redirect, so there is none (§3).
        return LogoutRequest(find_client(client_id) if client_id else None, None, None, locales)
    return LogoutRequest(client, hint.session, _redirect(parameters, client), locales)


def decide(request: LogoutRequest, *, session: str | None) -> Logout:
    """Whether to end the session now; `session` is the live one as the request's client sees it."""
    if session is None:
        return Logout.DONE
    return Logout.END if request.session is not None and request.session == session else Logout.ASK


def _redirect(parameters: Mapping[str, str], client: Client) -> str | None:
    uri, state = parameters.get("post_logout_redirect_uri"), parameters.get("state")
    if uri is None or not client.enabled or not is_registered_after_logout(uri, client):
        return None
    if state is not None and has_controls(state):
        return None
    return with_query(uri, {"state": state})
