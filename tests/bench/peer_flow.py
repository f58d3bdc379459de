"""The peer's side of each operation: a whole sign-in takes nine requests there."""

import secrets
from urllib.parse import urlencode, urlsplit

from tests.bench import relying_party
from tests.bench.http_client import Answer, Browser, Connection
from tests.bench.relying_party import expect
from tests.bench.target import Item, Target

TOKEN = "/token"
USERINFO = "/me"
INTROSPECTION = "/token/introspection"
RESOURCE = "https://api.example"  # the peer signs tokens for resources that want it, peer.mjs


def sign_in(connection: Connection, target: Target, item: Item) -> Item:
    """authorize, login page, login, resume, consent page, consent, resume with code, token, userinfo."""
    browser = Browser(connection, target.origin)
    verifier, state = secrets.token_urlsafe(32), secrets.token_urlsafe(16)
    request = relying_party.authorization_request(target, verifier, state)

    login_page = _redirect(browser.get(f"/auth?{urlencode(request)}"), "authorize")
    expect(browser.get(login_page), 200, "login page")
    form = {"prompt": "login", "login": item["account"], "password": "anything"}
    resume = _redirect(browser.post(login_page, form), "login")
    consent_page = _redirect(browser.get(resume), "resume after login")
    expect(browser.get(consent_page), 200, "consent page")
    resume = _redirect(browser.post(consent_page, {"prompt": "consent"}), "consent")
    code = relying_party.code_in(browser.get(resume), target, state)

    tokens = relying_party.tokens_for_code(connection, target, TOKEN, code, verifier)
    return relying_party.userinfo(connection, USERINFO, tokens)


def _redirect(answer: Answer, what: str) -> str:
    """The path that a redirect leads to; at the peer every step but the last stays at the peer."""
    return urlsplit(expect(answer, 303, what).headers["location"]).path


OPERATIONS = {
    "sign_in": sign_in,
    "refresh": lambda connection, target, item: relying_party.refresh(connection, target, TOKEN, item),
    "userinfo": lambda connection, _, item: relying_party.userinfo(connection, USERINFO, item),
    "introspection": lambda connection, target, item: relying_party.introspect(connection, target, INTROSPECTION, item),
    "client_credentials": lambda connection, target, item: (
        relying_party.exchange(connection, target, TOKEN, {"grant_type": "client_credentials"}) and item
    ),
    "signed_client_credentials": lambda connection, target, item: (
        relying_party.signed_token(connection, target, TOKEN, {"resource": RESOURCE}) and item
    ),
    "discovery": lambda connection, _, item: relying_party.fetch(connection, "/.well-known/openid-configuration", item),
    "jwks": lambda connection, _, item: relying_party.fetch(connection, "/jwks", item),
}
