"""The answer to an authorization request: what it says, and how it travels.

RFC 6749 §4.1.2 (code and errors), RFC 9207 (iss), OAuth 2.0 Form Post Response Mode, JARM §2. This is the one
place that builds answers; idp/pages/answers.py sends them.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit, urlunsplit

from idp.protocol.authorization_request import ReturnAddress
from idp.protocol.errors import OAuthError
from idp.protocol.parameters import quoted

JARM_SECONDS = 300  # JARM §2.1 recommends at most ten minutes; longer than a code lives

Claims = Mapping[str, str | int]
Sign = Callable[[Claims], str]  # a JWT signed for the client that the answer goes to


@dataclass(frozen=True, slots=True)
class Answer:
    """An authorization response: its parameters, and whether they travel in a form or in the address."""

    redirect_uri: str
    parameters: Mapping[str, str]
    as_form: bool

    @property
    def location(self) -> str:
        """Where a redirect leads."""
        return with_query(self.redirect_uri, self.parameters)


def success(address: ReturnAddress, *, code: str, issuer: str, now: int, sign: Sign) -> Answer:
    """The answer with a code. `iss` tells the client who answered (RFC 9207 §2)."""
    return _answer(address, {"code": code}, issuer, now, sign)


def failure(address: ReturnAddress, error: OAuthError, *, issuer: str, now: int, sign: Sign) -> Answer:
    """The answer with an error (RFC 6749 §4.1.2.1); it travels as the code would have."""
    return _answer(address, {"error": error.code, "error_description": error.description}, issuer, now, sign)


def _answer(address: ReturnAddress, said: Mapping[str, str], issuer: str, now: int, sign: Sign) -> Answer:
    parameters = {**said, **({} if address.state is None else {"state": address.state}), "iss": issuer}
    mode, _, signed = address.response_mode.partition(".")
    if signed:  # JARM §2.1: iss, aud and exp, and the parameters; outside of the JWT stands nothing
        parameters = {"response": sign({**parameters, "aud": address.client_id, "exp": now + JARM_SECONDS})}
    return Answer(address.redirect_uri, parameters, as_form=mode == "form_post")


def with_query(uri: str, parameters: Mapping[str, str | None]) -> str:
    """`uri` with parameters added; a query that it already has is kept as it is (RFC 6749 §3.1.2)."""
    added = "&".join([f"{quoted(k)}={quoted(v)}" for k, v in parameters.items() if v is not None])
    parts = urlsplit(uri)
    query = f"{parts.query}&{added}" if parts.query and added else parts.query or added
    return urlunsplit((parts.scheme, parts.netloc, parts.path, query, parts.fragment))
