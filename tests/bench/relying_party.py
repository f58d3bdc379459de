"""What a relying service does in both flows alike: PKCE, the token endpoint, and the calls with tokens."""

import json
import re
import secrets
from base64 import urlsafe_b64encode
from hashlib import sha256
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

from tests.bench.http_client import Answer, AnswerError, Connection
from tests.bench.target import Item, Target


def expect(answer: Answer, status: int, what: str) -> Answer:
    """The answer, if it has the status; otherwise AnswerError with the beginning of the body."""
    if answer.status != status:
        said = answer.headers.get("location") or words_of(answer.text)
        raise AnswerError(f"{what}: {answer.status} instead of {status}: {said}")
    return answer


def words_of(page: str) -> str:
    """What a person would read on a page, shortened, for an error message."""
    return " ".join(re.sub(r"<(script|style|head).*?</\1>|<[^>]*>", " ", page, flags=re.DOTALL).split())[:600]


def authorization_request(target: Target, verifier: str, state: str) -> dict[str, str]:
    """The parameters that open a sign-in (OpenID Connect Core 1.0 §3.1.2.1, RFC 7636 §4.3)."""
    digest = sha256(verifier.encode()).digest()
    return {
        "client_id": target.client_id,
        "redirect_uri": target.redirect_uri,
        "response_type": "code",
        "scope": target.scope,
        "state": state,
        "nonce": secrets.token_urlsafe(16),
        "code_challenge": urlsafe_b64encode(digest).rstrip(b"=").decode(),
        "code_challenge_method": "S256",
        # offline_access is only given when consent is asked for (OpenID Connect Core 1.0 §11).
        **({"prompt": "consent"} if "offline_access" in target.scope.split() else {}),
    }


def code_in(answer: Answer, target: Target, state: str) -> str:
    """The authorization code in the redirect back to the service."""
    location = expect(answer, 303, "return to the service").headers["location"]
    given = parse_qs(urlsplit(location).query)
    if not location.startswith(target.redirect_uri) or given.get("state") != [state] or "code" not in given:
        raise AnswerError(f"no code in {location}")
    return given["code"][0]


def exchange(connection: Connection, target: Target, token_path: str, form: Item) -> dict[str, Any]:
    """One call of the token endpoint, as the confidential client or as the public one."""
    headers = {"Content-Type": "application/x-www-form-urlencoded"}
    if target.client_secret:
        headers["Authorization"] = target.basic
    else:
        form = form | {"client_id": target.client_id}
    answer = connection.request("POST", token_path, headers, urlencode(form).encode())
    given: dict[str, Any] = json.loads(expect(answer, 200, f"{form['grant_type']} grant").body)
    return given


def tokens_for_code(connection: Connection, target: Target, token_path: str, code: str, verifier: str) -> Item:
    """Redeem a code; the ID token must be there, its content is the business of other tests."""
    given = exchange(
        connection,
        target,
        token_path,
        {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": target.redirect_uri,
            "code_verifier": verifier,
        },
    )
    if given.get("id_token", "").count(".") != 2:
        raise AnswerError("no ID token")
    return {name: given[name] for name in ("access_token", "refresh_token") if name in given}


def signed_token(connection: Connection, target: Target, token_path: str, form: Item) -> dict[str, Any]:
    """A machine's access token as a signed JWT (RFC 9068)."""
    given = exchange(connection, target, token_path, {"grant_type": "client_credentials", **form})
    if given["access_token"].count(".") != 2:
        raise AnswerError("the access token is not signed")
    return given


def refresh(connection: Connection, target: Target, token_path: str, item: Item) -> Item:
    """Rotate the refresh token: what comes out must differ from what went in."""
    form = {"grant_type": "refresh_token", "refresh_token": item["refresh_token"]}
    given = exchange(connection, target, token_path, form)
    if given.get("refresh_token") in {None, item["refresh_token"]}:
        raise AnswerError("the refresh token was not rotated")
    return {"access_token": given["access_token"], "refresh_token": given["refresh_token"]}


def userinfo(connection: Connection, path: str, item: Item) -> Item:
    """Read the person's claims with the access token (OpenID Connect Core 1.0 §5.3)."""
    answer = connection.request("GET", path, {"Authorization": f"Bearer {item['access_token']}"})
    if "sub" not in json.loads(expect(answer, 200, "userinfo").body):
        raise AnswerError("userinfo without sub")
    return item


def introspect(connection: Connection, target: Target, path: str, item: Item) -> Item:
    """Ask whether the access token is alive (RFC 7662 §2.1)."""
    headers = {"Authorization": target.basic, "Content-Type": "application/x-www-form-urlencoded"}
    body = urlencode({"token": item["access_token"], "token_type_hint": "access_token"}).encode()
    answer = connection.request("POST", path, headers, body)
    if json.loads(expect(answer, 200, "introspection").body)["active"] is not True:
        raise AnswerError("introspection says inactive")
    return item


def fetch(connection: Connection, path: str, item: Item) -> Item:
    """GET a public document."""
    expect(connection.request("GET", path, {}), 200, path)
    return item
