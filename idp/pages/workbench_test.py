"""A test sign-in at the press of a button: each step as it happened, with the tokens decoded and verified.

A visitor of the house walks it (visitor.py), as a test citizen, through every gate. Only the token request is made
without the service's own authentication, because its secret is nowhere here: `Provider.redeem_in_sandbox`.
"""

import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from flask import Blueprint, Response, current_app

from idp.delivery.text_messages import read_payload
from idp.keys.jose import InvalidJwt, verify_jwt
from idp.keys.sealing import row_context
from idp.pages.engineer_gate import WORKBENCH, Bench, bench_of
from idp.pages.forms import read_form
from idp.pages.refusals import PageRefused
from idp.pages.rendering import page, provider, say
from idp.pages.sandbox import fill_sandbox, shown_citizens
from idp.pages.visitor import Visitor
from idp.protocol.client import Client
from idp.protocol.errors import OAuthError
from idp.protocol.id_token import half_hash
from idp.protocol.pkce import s256_challenge
from idp.sandbox.citizens import CITIZENS
from idp.storage.sandbox import SandboxMessages

pages = Blueprint("workbench_test", __name__)
STEPS = ("authorize", "passkey", "code", "consent", "answer", "token", "id_token", "userinfo")


@dataclass(slots=True)
class Step:
    """One step as it happened."""

    name: str  # key of the words
    good: bool
    facts: list[tuple[str, str]] = field(default_factory=list)
    why: str | None = None


class Stopped(Exception):
    """The walk cannot go on; the message is for the engineer."""


@pages.get(f"{WORKBENCH}/clients/<client_id>/test")
def ask(client_id: str) -> Response:
    """As whom to try."""
    bench = bench_of(client_id, sandbox=True)
    return _shown(bench, None)


@pages.post(f"{WORKBENCH}/clients/<client_id>/test")
def walk(client_id: str) -> Response:
    """Walk it, and show each step."""
    form = read_form()
    bench = bench_of(client_id, sandbox=True)
    if form.get("citizen") not in {one.name for one in CITIZENS}:
        raise PageRefused("invalid_request", 400, "no such test citizen")
    fill_sandbox(provider(), bench)
    return _shown(bench, _Walk(bench, form["citizen"]).run(), form["citizen"])


def _shown(bench: Bench, steps: list[Step] | None, citizen: str = "complete") -> Response:
    return page(
        "workbench/test.html",
        here=f"{bench.here}/test",
        staff=bench.seat.member,
        bench=bench,
        steps=steps,
        all_good=steps is not None and len(steps) == len(STEPS) and all(one.good for one in steps),
        citizens=shown_citizens(),
        citizen=citizen,
    )


class _Walk:
    """One test sign-in."""

    def __init__(self, bench: Bench, citizen: str) -> None:
        self.wired, self.citizen = provider(), citizen
        found = self.wired.clients.find(bench.client_id)
        assert found is not None
        self.client: Client = found
        self.visitor = Visitor(current_app._get_current_object(), self.wired)  # type: ignore[attr-defined]  # noqa: SLF001 (Flask's own way to the object)
        self.state, self.nonce, self.verifier = (_random(self.wired.random_bytes, 24) for _ in range(3))
        self.steps: list[Step] = []
        self.answer: dict[str, str] = {}
        self.tokens: Mapping[str, Any] = {}

    def run(self) -> list[Step]:
        """Every step until one stops."""
        walked: tuple[tuple[str, Callable[[], list[tuple[str, str]]]], ...] = (
            ("authorize", self._authorize),
            ("passkey", self._passkey),
            ("code", self._code),
            ("consent", self._consent),
            ("answer", self._answered),
            ("token", self._token),
            ("id_token", self._id_token),
            ("userinfo", self._userinfo),
        )
        for name, act in walked:
            try:
                self.steps.append(Step(name, True, act()))
            except (Stopped, OAuthError, LookupError) as stopped:
                why = f"{stopped.code}: {stopped.detail}" if isinstance(stopped, OAuthError) else str(stopped)
                self.steps.append(Step(name, False, [], why))
                break
        return self.steps

    def _authorize(self) -> list[tuple[str, str]]:
        query = {
            "client_id": self.client.id,
            "redirect_uri": next(iter(self.client.redirect_uris), ""),
            "response_type": "code",
            "scope": " ".join(sorted(self.client.scopes)),
            "state": self.state,
            "nonce": self.nonce,
            "code_challenge": s256_challenge(self.verifier),
            "code_challenge_method": "S256",
            "prompt": "login consent",
        }
        self.visitor.get("/authorize", **query)
        self._expect("/sandbox/citizens")
        return [("GET", "/authorize"), *query.items()]

    def _passkey(self) -> list[tuple[str, str]]:
        form = self.visitor.form("/sandbox/citizens")
        assert form is not None
        self.visitor.submit("/sandbox/citizens")
        self.visitor.submit("/sandbox/answer", citizen=self.citizen)
        self._expect("/sign-in/code", "/sign-in/consent")
        return [("POST", "/sandbox/answer"), (say("sandbox.who"), say(f"sandbox.citizens.{self.citizen}"))]

    def _code(self) -> list[tuple[str, str]]:
        if self.visitor.form("/sign-in/code") is None:
            return [("", say("workbench.test.not_asked"))]
        self.visitor.submit("/sign-in/code", code=self._newest_code())
        self._expect("/sign-in/consent")
        return [("POST", "/sign-in/code")]

    def _newest_code(self) -> str:
        with self.wired.database.read() as reading:
            found = SandboxMessages(reading).of_client(self.client.id, self.wired.clock())
        if not found:
            raise Stopped(say("workbench.test.no_message"))
        newest = found[0]
        opened = self.wired.sealers.outbox.open(newest.payload, row_context("sandbox_messages", "payload", newest.id))
        return read_payload(opened).code

    def _consent(self) -> list[tuple[str, str]]:
        optional = sorted(self.client.optional_scopes)
        self.visitor.submit("/sign-in/consent", decision="allow", optional=optional)
        if not self.visitor.page.headers.get("Location"):
            raise Stopped(self._what_page_says())
        return [("POST", "/sign-in/consent"), ("scope", " ".join(sorted(self.client.scopes)))]

    def _answered(self) -> list[tuple[str, str]]:
        location = urlsplit(self.visitor.page.headers["Location"])
        self.answer = dict(parse_qsl(location.query))
        if "response" in self.answer:  # JARM: the parameters are claims of a token that we signed
            keys = self.wired.ring.verification_keys()
            self.answer = {k: str(v) for k, v in verify_jwt(self.answer["response"], keys, typ=["JWT", None]).items()}
        if "error" in self.answer:
            raise Stopped(f"{self.answer['error']}: {self.answer.get('error_description', '')}")
        checks = {"state": self.answer.get("state") == self.state, "iss": self.answer.get("iss") == self.wired.issuer}
        if not all(checks.values()):
            raise Stopped(", ".join(name for name, good in checks.items() if not good))
        address = f"{location.scheme}://{location.netloc}{location.path}"
        return [("302", address), ("code", "…"), ("state", self.state), ("iss", self.answer["iss"])]

    def _token(self) -> list[tuple[str, str]]:
        form = {
            "grant_type": "authorization_code",
            "code": self.answer["code"],
            "redirect_uri": next(iter(self.client.redirect_uris), ""),
            "code_verifier": self.verifier,
        }
        self.tokens = self.wired.redeem_in_sandbox(form, self.client)
        told = {name: value for name, value in self.tokens.items() if name in {"token_type", "expires_in", "scope"}}
        facts = [("POST", "/token"), *((name, str(value)) for name, value in told.items())]
        return [*facts, ("", say("workbench.test.without_secret", method=self.client.token_endpoint_auth_method))]

    def _id_token(self) -> list[tuple[str, str]]:
        token = str(self.tokens.get("id_token", ""))
        if token.count(".") == 4:
            return [("", say("workbench.test.encrypted"))]
        try:
            claims = verify_jwt(token, self.wired.ring.verification_keys(), typ=["JWT"])
        except InvalidJwt as error:
            raise Stopped(str(error)) from error
        header = json.loads(urlsafe_b64decode(token.split(".", maxsplit=1)[0] + "=="))
        now, alg = self.wired.clock(), str(header["alg"])
        checks = {
            "iss": claims["iss"] == self.wired.issuer,
            "aud": claims["aud"] == self.client.id,
            "exp": now < claims["exp"],
            "nonce": claims.get("nonce") == self.nonce,
            "acr": self.wired.assurance.satisfies(claims["acr"], self.client.minimum_acr),
            "at_hash": claims.get("at_hash") == half_hash(str(self.tokens["access_token"]), alg),
        }
        if not all(checks.values()):
            raise Stopped(", ".join(name for name, good in checks.items() if not good))
        shown = [(name, value if isinstance(value, str) else json.dumps(value)) for name, value in claims.items()]
        return [("header", json.dumps(header)), *shown, ("", say("workbench.test.verified", checks=", ".join(checks)))]

    def _userinfo(self) -> list[tuple[str, str]]:
        answered = self.visitor.call("/userinfo", {"Authorization": f"Bearer {self.tokens['access_token']}"})
        if answered.status_code != 200:
            raise Stopped(f"{answered.status_code}: {answered.headers.get('WWW-Authenticate', '')}"[:300])
        if not answered.is_json:
            return [("GET", "/userinfo"), ("", say("workbench.test.as_jwt"))]
        claims = answered.get_json()
        texts = ((name, v if isinstance(v, str) else json.dumps(v, ensure_ascii=False)) for name, v in claims.items())
        return [("GET", "/userinfo"), *texts]

    def _expect(self, *actions: str) -> None:
        """Raise Stopped unless the present page has one of these forms."""
        location = self.visitor.page.headers.get("Location", "")
        said = dict(parse_qsl(urlsplit(location).query))
        if "error" in said:
            raise Stopped(f"{said['error']}: {said.get('error_description', '')}")
        if not any(self.visitor.form(action) for action in actions):
            raise Stopped(self._what_page_says())

    def _what_page_says(self) -> str:
        """The heading of the page that stands in the way."""
        text = self.visitor.page.text
        heading = text.split("<h1>", 1)[1].split("</h1>", 1)[0] if "<h1>" in text else ""
        return f"{self.visitor.page.status_code} {heading.strip()}"[:300]


def _random(random_bytes: Callable[[int], bytes], length: int) -> str:
    return urlsafe_b64encode(random_bytes(length) + random_bytes(8)).rstrip(b"=").decode()
