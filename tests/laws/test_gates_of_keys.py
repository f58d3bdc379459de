"""Law 6, the gate of keys: what is bound to a key opens for its holder alone, on every route (abuse cases 1.0, S-08).

The matrix is generated: each binding × each route that takes a code or a token × each wrong holder. A route of the
other matrix (test_gates.py) that takes one and does not stand here fails the last test.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.endpoints.test_mtls import MTLS, OTHER, OWN, shown
from tests.ground import ORIGIN, VERIFIER, Citizen, Ground, Registered, Template, Walker, call, copy_ground
from tests.laws.routes import ROUTES
from tests.laws.test_gates import gives
from tests.protocol.proofs import Prover

SCOPE = "openid offline_access"
MINE, THEIRS = Prover(), Prover()


def proof(prover: Prover, path: str, now: int, token: str | None) -> dict[str, str]:
    method = "GET" if path == "/userinfo" else "POST"
    return {"DPoP": prover.proof(method, ORIGIN + path, now, token=token)}


@dataclass(frozen=True)
class Binding:
    """How something is bound, and the headers with which its holder and somebody else come."""

    metadata: dict[str, Any]
    asked: dict[str, str]  # in the authorization request
    scheme: str
    right: Callable[[str, int, str | None], dict[str, str]]
    another: Callable[[str, int, str | None], dict[str, str]]


BINDINGS = {
    "DPoP": Binding(
        {"dpop_bound_access_tokens": True},
        {"dpop_jkt": MINE.jkt},
        "DPoP",
        lambda path, now, token: proof(MINE, path, now, token),
        lambda path, now, token: proof(THEIRS, path, now, token),
    ),
    "certificate": Binding(
        {"tls_client_certificate_bound_access_tokens": True},
        {},
        "Bearer",
        lambda _path, _now, _token: shown(OWN),
        lambda _path, _now, _token: shown(OTHER),
    ),
}


@dataclass
class Bound:
    """A public service, a person, and what was bound to the service's key."""

    ground: Ground
    binding: Binding

    def __post_init__(self) -> None:
        self.service: Registered = self.ground.register(token_endpoint_auth_method="none", **self.binding.metadata)
        self.citizen: Citizen = self.ground.enrol()
        self.browser: Walker = self.ground.browser()

    def code(self) -> str:
        return self.browser.sign_in(self.service, self.citizen, scope=SCOPE, **self.binding.asked)["code"]

    def redeem(self, code: str, headers: dict[str, str]) -> Any:
        form = {"code": code, "redirect_uri": self.service.redirect_uri, "code_verifier": VERIFIER}
        return call(self.ground, "/token", form | {"grant_type": "authorization_code"}, self.service, headers=headers)

    def tokens(self) -> dict[str, str]:
        answer = self.redeem(self.code(), self.binding.right("/token", self.ground.clock(), None))
        assert answer.status_code == 200, answer.text
        return answer.get_json()

    def refresh(self, token: str, headers: dict[str, str]) -> Any:
        form = {"grant_type": "refresh_token", "refresh_token": token}
        return call(self.ground, "/token", form, self.service, headers=headers)

    def use(self, token: str, headers: dict[str, str]) -> Any:
        sent = {"Authorization": f"{self.binding.scheme} {token}"} | headers
        return self.ground.app.test_client().get("/userinfo", base_url=ORIGIN, headers=sent)


KEYED: dict[str, tuple[str, Callable[[Bound], str], Callable[[Bound, str, dict[str, str]], Any]]] = {
    "code exchange": ("/token", Bound.code, Bound.redeem),
    "refresh": ("/token", lambda bound: bound.tokens()["refresh_token"], Bound.refresh),
    "userinfo": ("/userinfo", lambda bound: bound.tokens()["access_token"], Bound.use),
}
FREE = {
    "device poll": "a device code is bound to its client's authentication; its tokens to whatever key the poll proves",
    "introspection": "whoever asks is not who holds the token; the answer says whose it is (`cnf`)",
}
OPEN_BY_LAW = {("certificate", "code exchange", "another")}
"""RFC 8705 binds tokens, not codes: a code belongs to its PKCE verifier, and its tokens to the certificate shown."""


@pytest.fixture
def ground(tmp_path: Path, template: Template) -> Iterator[Ground]:
    """An installation behind a proxy that asks for certificates."""
    made = copy_ground(template, tmp_path, mtls_origin=MTLS, behind_proxy=True)
    yield made
    made.provider.database.engine.dispose()


@pytest.mark.parametrize("holder", ["right", "another", "nobody"])
@pytest.mark.parametrize("route", KEYED)
@pytest.mark.parametrize("kind", BINDINGS)
def test_law_6_S_08_a_key_opens_what_is_bound_to_it_and_no_other_does(ground, kind, route, holder):
    bound = Bound(ground, BINDINGS[kind])
    path, begin, end = KEYED[route]
    value = begin(bound)
    token = value if path == "/userinfo" else None
    headers = {} if holder == "nobody" else getattr(bound.binding, holder)(path, ground.clock(), token)
    answer = end(bound, value, headers)
    assert gives(answer) == (holder == "right" or (kind, route, holder) in OPEN_BY_LAW), answer.text
    assert answer.status_code in {200, 400, 401}


def test_law_6_every_route_that_takes_a_code_or_a_token_has_the_gate_of_keys():
    takes = {name for name, route in ROUTES.items() if route.url in {"/token", "/userinfo", "/introspect"}}
    assert takes == set(KEYED) | set(FREE), "a new route: bind it in KEYED, or say in FREE why no key belongs to it"
