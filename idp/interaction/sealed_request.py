"""The authorization request on its way through a page: sealed, short-lived, bound to the browser.

Until an assertion has been verified nothing is stored (design law 1): the page itself carries the request and
the WebAuthn challenge in a hidden field, AES-256-GCM, with the browser's cookie in the associated data.
"""

import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from binascii import Error as NotBase64
from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any
from uuid import UUID

from idp.keys.sealing import CannotOpen, Sealer
from idp.protocol.authorization_request import AuthorizationRequest

_FIELDS = tuple(field.name for field in fields(AuthorizationRequest) if field.name != "prompts")
_USUAL = {"display": "page", "response_mode": "query", "signed": False}
LIFETIME_SECONDS = 3600
MAX_LENGTH = 65_536


class SealBroken(Exception):
    """The field was changed, made for another browser, or never ours."""


@dataclass(frozen=True, slots=True)
class SealedRequest:
    """What travels: the request, when its page was made, and the challenge of its ceremony."""

    request: AuthorizationRequest
    made_at: int
    challenge: bytes
    sign_in: UUID  # the key that the sign-in will have: its row spends the challenge
    reason: str = ""  # why the person proves themself again, shown above the button

    def is_over(self, now: int) -> bool:
        """Whether the whole sign-in must start anew at the service."""
        return now >= self.made_at + LIFETIME_SECONDS


def seal(travelling: SealedRequest, browser: bytes, sealer: Sealer) -> str:
    """The text of the hidden field."""
    document = {
        "r": request_to_dict(travelling.request),
        "t": travelling.made_at,
        "c": travelling.challenge.hex(),
        "s": travelling.sign_in.hex,
        "w": travelling.reason,
    }
    plain = json.dumps(document, ensure_ascii=False, separators=(",", ":")).encode()
    return urlsafe_b64encode(sealer.seal(plain, _context(browser))).decode()


def unseal(text: str | None, browser: bytes, sealer: Sealer) -> SealedRequest:
    """What a hidden field carries. Raises SealBroken."""
    if not text or len(text) > MAX_LENGTH:
        raise SealBroken("missing or too long")
    try:
        document = json.loads(sealer.open(urlsafe_b64decode(text), _context(browser)).decode())
        return SealedRequest(
            request=request_from_dict(document["r"]),
            made_at=document["t"],
            challenge=bytes.fromhex(document["c"]),
            sign_in=UUID(document["s"]),
            reason=document["w"],
        )
    except (NotBase64, ValueError, CannotOpen) as error:
        raise SealBroken(str(error)) from error
    except (KeyError, TypeError) as error:  # sealed by another release, whose pages were still open
        raise SealBroken("sealed in another form") from error


def request_to_dict(request: AuthorizationRequest) -> dict[str, Any]:
    """The request as JSON, without what has its default."""
    values = ((name, getattr(request, name)) for name in _FIELDS)
    said = {name: value for name, value in values if value not in (None, ()) and _USUAL.get(name) != value}
    if request.prompts:
        said["prompts"] = sorted(request.prompts)
    return said


def request_from_dict(values: Mapping[str, Any]) -> AuthorizationRequest:
    """The request that `request_to_dict` wrote."""
    return AuthorizationRequest(
        client_id=values["client_id"],
        redirect_uri=values["redirect_uri"],
        state=values.get("state"),
        scopes=tuple(values.get("scopes", ())),
        code_challenge=values.get("code_challenge"),
        nonce=values.get("nonce"),
        prompts=frozenset(values.get("prompts", ())),
        max_age=values.get("max_age"),
        acr_values=tuple(values.get("acr_values", ())),
        login_hint=values.get("login_hint"),
        id_token_hint=values.get("id_token_hint"),
        ui_locales=tuple(values.get("ui_locales", ())),
        claims=values.get("claims"),
        display=values.get("display", "page"),
        response_mode=values.get("response_mode", "query"),
        resources=tuple(values.get("resources", ())),
        details=values.get("details"),
        pushed=values.get("pushed"),
        signed=values.get("signed", False),
        device=values.get("device"),
        dpop_jkt=values.get("dpop_jkt"),
    )


def _context(browser: bytes) -> bytes:
    return b"authorization-request:" + browser
