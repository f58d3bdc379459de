"""The sign-ins a browser has begun, kept in its own signed cookie, and the provider's answer to one of them.

State, nonce and PKCE verifier live in the session of the browser that asked and nowhere else: an answer
carried into another browser finds nothing there (login CSRF). Each is taken once.
"""

from collections.abc import Mapping, MutableMapping
from dataclasses import asdict, dataclass
from typing import Any

from clients.relying_party.refusals import SignInRefusedError, authorization_refusal

PENDING = "pending"
MOST_PENDING = 4
"""Sign-ins one browser may have begun at once (tabs); the oldest gives way: a cookie must stay small."""

LIFETIME_SECONDS = 3600
"""Messages abroad are slow, so a person may take this long."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """One authorization request as it was sent; what the answer is measured against."""

    nonce: str
    code_verifier: str
    asked_at: int
    return_to: str = "/"
    max_age: int | None = None
    acr_values: str = ""
    prompt: str = ""
    same_subject: str = ""


def remember(session: MutableMapping[str, Any], state: str, asked: Asked) -> None:
    """Keep `asked` under its `state` for this browser."""
    pending = dict(session.get(PENDING) or {})
    pending[state] = asdict(asked)
    newest = sorted(pending, key=lambda key: int(pending[key]["asked_at"]))[-MOST_PENDING:]
    session[PENDING] = {key: pending[key] for key in newest}


def take(session: MutableMapping[str, Any], state: str | None, *, now: int) -> Asked:
    """The request this browser sent with `state`, once. Raises SignInRefusedError when it sent none."""
    pending = dict(session.get(PENDING) or {})
    found = pending.pop(state, None) if state else None
    if found is None:
        raise SignInRefusedError("not_this_browser", "no such state in this browser")
    session[PENDING] = pending
    asked = Asked(**found)
    if now >= asked.asked_at + LIFETIME_SECONDS:
        raise SignInRefusedError("not_this_browser", "expired")
    return asked


def single_valued(arguments: Mapping[str, list[str]]) -> dict[str, str]:
    """Response parameters, each given once. A repeated one is refused (RFC 6749 §3.1)."""
    if any(len(values) != 1 for values in arguments.values()):
        raise SignInRefusedError("unverified", "a repeated parameter")
    return {name: values[0] for name, values in arguments.items()}


def authorization_code(answer: Mapping[str, str], issuer: str) -> str:
    """The code in an answer of `issuer`. Raises SignInRefusedError for an error or another issuer.

    Our provider always says `iss` (RFC 9207 §2.4), on errors too, so an answer without it is not its own.
    """
    if answer.get("iss") != issuer:
        raise SignInRefusedError("unverified", "iss of the response")
    if "error" in answer:
        raise authorization_refusal(answer["error"])
    if not answer.get("code"):
        raise SignInRefusedError("unverified", "neither code nor error")
    return answer["code"]
