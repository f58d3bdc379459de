"""How an answer leaves for the client: by a redirect, or as a form that the browser posts there.

What an answer says is built in idp/protocol/authorization_response.py.
"""

import re

from flask import Response

from idp.pages.first_party import is_own, own_refusal
from idp.pages.headers import only_form_target
from idp.pages.rendering import HTML, page, provider
from idp.plain_answer import PlainAnswer
from idp.protocol.authorization_request import ReturnAddress
from idp.protocol.authorization_response import Answer, Claims, Sign, failure, success
from idp.protocol.client import Client
from idp.protocol.errors import OAuthError

URI = re.compile(r"[A-Za-z0-9._~:/?#@!$&'()*+,;=%-]*")
"""RFC 3986 §2: an address that Werkzeug would leave as it is."""
MOVED = b"<!doctype html>\n<title>303 See Other</title>\n"
"""What nobody reads: every browser follows the address (RFC 9110 §15.4)."""


def code_answer(address: ReturnAddress, client: Client, code: str) -> Answer:
    """The answer that brings a code."""
    wired = provider()
    return success(address, code=code, issuer=wired.issuer, now=wired.clock(), sign=_signer(client))


def error_answer(address: ReturnAddress, client: Client, error: OAuthError) -> Answer:
    """The answer that says what went wrong."""
    if is_own(client.id):
        return own_refusal()
    wired = provider()
    return failure(address, error, issuer=wired.issuer, now=wired.clock(), sign=_signer(client))


def send(answer: Answer, client: Client) -> Response:
    """The answer on its way (OAuth 2.0 Form Post Response Mode §2; RFC 6749 §4.1.2)."""
    if not answer.as_form:
        return go(answer.location)
    only_form_target(answer.redirect_uri)
    return page("answers/form_post.html", client=client, answer=answer)


def go(location: str) -> Response:
    """A redirect that turns a POST into a GET: 303, never 307 (RFC 9700 §4.12)."""
    if not URI.fullmatch(location):
        return Response(status=303, headers={"Location": location})  # Werkzeug writes it as an address
    return PlainAnswer(MOVED, 303, [HTML, ("Location", location)])


def _signer(client: Client) -> Sign:
    wired = provider()

    def sign(claims: Claims) -> str:
        return wired.sign(client.authorization_signed_response_alg or "ES256", claims)

    return sign
