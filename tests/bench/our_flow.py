"""Our side of each operation: a whole first sign-in takes six requests."""

import json
import os
import re
import secrets
from base64 import urlsafe_b64decode
from html import unescape
from typing import Any
from urllib.parse import urlencode

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import load_der_private_key

from idp.demo.authenticator import SoftAuthenticator
from idp.demo.passkey import Passkey
from tests.bench import relying_party
from tests.bench.http_client import AnswerError, Browser, Connection
from tests.bench.inbox import code_sent_to
from tests.bench.relying_party import expect, words_of
from tests.bench.target import Item, Target

TOKEN = "/token"
USERINFO = "/userinfo"
INTROSPECTION = "/introspect"
KEYS = "/jwks"
DISCOVERY = "/.well-known/openid-configuration"

INPUT = re.compile(r"<input\b[^>]*>")
ATTRIBUTE = re.compile(r'\b(type|name|value)="([^"]*)"')


def sign_in(connection: Connection, target: Target, item: Item) -> Item:
    """authorize, passkey, phone code, consent with code, token, userinfo."""
    assert target.messages is not None
    browser = Browser(connection, target.origin)
    verifier, state = secrets.token_urlsafe(32), secrets.token_urlsafe(16)
    request = relying_party.authorization_request(target, verifier, state)

    fields = _fields(browser.get(f"/authorize?{urlencode(request)}").text, "csrf", "request", "options")
    credential = _assertion(item, json.loads(fields["options"]), target.origin)
    fields = _post(browser, "/sign-in/passkey", fields | {"credential": credential})
    code = code_sent_to(item["phone"], target.messages)
    fields = _post(browser, "/sign-in/code", fields | {"code": code})
    answer = browser.post("/sign-in/consent", fields | {"decision": "allow"})
    code = relying_party.code_in(answer, target, state)

    tokens = relying_party.tokens_for_code(connection, target, TOKEN, code, verifier)
    return relying_party.userinfo(connection, USERINFO, tokens)


def first_proof(connection: Connection, target: Target, item: Item) -> Item:
    """authorize, passkey: after these two requests a message waits to leave."""
    browser = Browser(connection, target.origin)
    request = relying_party.authorization_request(target, secrets.token_urlsafe(32), secrets.token_urlsafe(16))
    fields = _fields(browser.get(f"/authorize?{urlencode(request)}").text, "csrf", "request", "options")
    credential = _assertion(item, json.loads(fields["options"]), target.origin)
    _post(browser, "/sign-in/passkey", fields | {"credential": credential})
    return item


def _post(browser: Browser, path: str, form: dict[str, str]) -> dict[str, str]:
    """Send a form of the sign-in; each is answered with the next page."""
    return _fields(expect(browser.post(path, form), 200, path).text, "csrf", "sign_in")


def _fields(page: str, *names: str) -> dict[str, str]:
    """The hidden fields of a page that its next form sends back."""
    inputs = (dict(ATTRIBUTE.findall(tag)) for tag in INPUT.findall(page))
    hidden = {given["name"]: unescape(given["value"]) for given in inputs if given.get("type") == "hidden"}
    missing = set(names) - hidden.keys()
    if missing:
        raise AnswerError(f"no {', '.join(sorted(missing))} in the page: {words_of(page)}")
    return {name: hidden[name] for name in names}


def _assertion(item: Item, options: dict[str, Any], origin: str) -> str:
    """What the person's passkey answers, as the page's script would post it."""
    key = load_der_private_key(_decoded(item["private_key"]), password=None)
    assert isinstance(key, ec.EllipticCurvePrivateKey)
    passkey = Passkey(
        credential_id=_decoded(item["credential_id"]),
        private_key=key,
        rp_id=item["rp_id"],
        user_handle=_decoded(item["user_handle"]),
    )
    return json.dumps(SoftAuthenticator(os.urandom, [passkey]).get(options, origin))


def _decoded(text: str) -> bytes:
    return urlsafe_b64decode(text + "=" * (-len(text) % 4))


OPERATIONS = {
    "sign_in": sign_in,
    "first_proof": first_proof,
    "refresh": lambda connection, target, item: relying_party.refresh(connection, target, TOKEN, item),
    "userinfo": lambda connection, _, item: relying_party.userinfo(connection, USERINFO, item),
    "introspection": lambda connection, target, item: relying_party.introspect(connection, target, INTROSPECTION, item),
    "client_credentials": lambda connection, target, item: (
        relying_party.exchange(connection, target, TOKEN, {"grant_type": "client_credentials"}) and item
    ),
    "signed_client_credentials": lambda connection, target, item: (
        relying_party.signed_token(connection, target, TOKEN, {}) and item
    ),
    "discovery": lambda connection, _, item: relying_party.fetch(connection, DISCOVERY, item),
    "jwks": lambda connection, _, item: relying_party.fetch(connection, KEYS, item),
}
