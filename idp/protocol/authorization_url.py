"""An authorization request as an address of ours: where a reload or another language shows its page again."""

from idp.protocol.authorization_request import AuthorizationRequest
from idp.protocol.parameters import quoted


def authorization_url(request: AuthorizationRequest) -> str:
    """The path and query that ask for the same again. The prompt stays, so that it still asks for a new proof."""
    parameters = {
        "client_id": request.client_id,
        "redirect_uri": request.redirect_uri,
        "response_type": "code",
        "scope": " ".join(request.scopes),
        "state": request.state,
        "nonce": request.nonce,
        "code_challenge": request.code_challenge,
        "code_challenge_method": "S256" if request.code_challenge else None,
        "prompt": " ".join(sorted(request.prompts)),
        "max_age": None if request.max_age is None else str(request.max_age),
        "acr_values": " ".join(request.acr_values),
        "login_hint": request.login_hint,
        "id_token_hint": request.id_token_hint,
        "ui_locales": " ".join(request.ui_locales),
        "claims": request.claims,
        "dpop_jkt": request.dpop_jkt,
        "display": None if request.display == "page" else request.display,
        "response_mode": None if request.response_mode == "query" else request.response_mode,
        "authorization_details": request.details,
    }
    said = [f"{name}={quoted(value)}" for name, value in parameters.items() if value]
    return f"/authorize?{'&'.join(said + [f'resource={quoted(one)}' for one in request.resources])}"
