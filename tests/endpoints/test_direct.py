"""The calls answered before Flask are answered as Flask would: same status, same headers, same body, same log."""

import logging
from typing import Any

import pytest

from idp.endpoints import direct
from idp.endpoints.call import FORM
from idp.journal import request_id
from idp.registration.changes import status_set
from tests.ground import ORIGIN, call
from tests.statements import watched

ONE_TIME = {"access_token", "id_token", "refresh_token"}
OWN = {"X-Request-Id", "Date"}


@pytest.fixture(scope="module")
def machine(house):
    return house.ground.register(grant_types=["authorization_code", "client_credentials"], machine_scope="read write")


@pytest.fixture(scope="module")
def token(house):
    return house.browser().tokens(house.service, house.citizen, scope="openid profile")["access_token"]


@pytest.fixture
def by_flask(house, monkeypatch):
    """How many requests went on to Flask."""
    (layer,) = _layers(house.ground.app)
    inner, seen = layer._application, []

    def passed_on(environ, start_response):
        seen.append(environ["PATH_INFO"])
        return inner(environ, start_response)

    monkeypatch.setattr(layer, "_application", passed_on)
    return seen


def _layers(app) -> list[direct.Calls]:
    layer, found = app.wsgi_app, []
    while hasattr(layer, "_application"):
        found += [layer] if isinstance(layer, direct.Calls) else []
        layer = layer._application
    return found


def send(house, machine, token, **said: Any):
    """One request; `said` differs from a good one to /token."""
    said = {"path": "/token", "method": "POST", "auth": (machine.id, machine.secret), "base_url": ORIGIN} | said
    said.setdefault("data", {"grant_type": "client_credentials"} if said["path"] == "/token" else {"token": token})
    return house.ground.app.test_client().open(said.pop("path"), **said)


GOOD: dict[str, dict[str, Any]] = {
    "token": {},
    "token of a scope": {"data": {"grant_type": "client_credentials", "scope": "read"}},
    "introspect": {"path": "/introspect"},
    "introspect, signed": {"path": "/introspect", "headers": {"Accept": "application/token-introspection+jwt"}},
    "revoke of what is none": {"path": "/revoke", "data": {"token": "x"}},
    "userinfo": {"path": "/userinfo", "method": "GET", "auth": None, "data": None, "bearer": True},
    "userinfo, in the form": {"path": "/userinfo", "auth": None, "form": True},
    "userinfo, a form's charset": {"path": "/userinfo", "auth": None, "form": True, "type": f"{FORM}; charset=UTF-8"},
}
OTHER: dict[str, dict[str, Any]] = {
    "wrong secret": {"auth": ("nobody", "x")},
    "no form": {"data": b"{}", "content_type": "application/json"},
    "another charset": {"data": b"a=b", "content_type": f"{FORM}; charset=latin-1"},
    "nothing": {"data": b"", "content_type": FORM},
    "a query": {"query_string": {"grant_type": "client_credentials"}},
    "unknown grant": {"data": {"grant_type": "password"}},
    "not UTF-8": {"data": b"grant_type=\xff", "content_type": FORM},
    "repeated": {"data": b"grant_type=a&grant_type=b", "content_type": FORM},
    "too long": {"data": b"a=" + b"x" * (129 * 1024), "content_type": FORM},
    "shorter than it says": {
        "data": b"grant_type=x",
        "content_type": FORM,
        "environ_overrides": {"CONTENT_LENGTH": "999"},
    },
    "no length": {"environ_overrides": {"CONTENT_LENGTH": "x"}},
    "in chunks": {"headers": {"Transfer-Encoding": "chunked"}},
    "another host": {"base_url": "http://elsewhere.example"},
    "another method": {"method": "PUT"},
    "HEAD": {"path": "/userinfo", "method": "HEAD", "auth": None, "data": None, "bearer": True},
    "OPTIONS": {"method": "OPTIONS"},
    "no token": {"path": "/userinfo", "method": "GET", "auth": None, "data": None},
    "an unknown token": {"path": "/userinfo", "method": "GET", "auth": ("a", "b"), "data": None},
    "token in the query": {"path": "/userinfo?access_token=x", "method": "GET", "auth": None, "data": None},
    "a proof that is none": {"headers": {"DPoP": "x"}},
    "revoke of nothing": {"path": "/revoke", "data": {}},
}


def _prepared(said: dict[str, Any], token: str) -> dict[str, Any]:
    said = dict(said)
    if said.pop("bearer", False):
        said["headers"] = {"Authorization": f"Bearer {token}"}
    if said.pop("form", False):
        said |= {"data": f"access_token={token}".encode(), "content_type": said.pop("type", FORM)}
    return said


def _shown(response) -> tuple[int, list[tuple[str, str]], Any]:
    """What must be equal; tokens and references are new each time."""
    body = response.get_json(silent=True)
    if isinstance(body, dict):
        body = {name: "…" if name in ONE_TIME else value for name, value in body.items()}
    elif (response.mimetype or "").endswith("jwt"):
        body = response.data.count(b".")
    else:
        body = response.status_code if response.mimetype == "text/html" else response.data
    headers = sorted((n, v) for n, v in response.headers if n not in OWN | {"Set-Cookie", "Content-Length"})
    return response.status_code, headers, body


@pytest.mark.parametrize("name", [*GOOD, *OTHER])
def test_both_ways_answer_alike(house, machine, token, monkeypatch, name):
    said = _prepared((GOOD | OTHER)[name], token)
    directly = send(house, machine, token, **said)
    monkeypatch.setattr(direct, "RULES", {})
    by_way_of_flask = send(house, machine, token, **said)
    assert _shown(directly) == _shown(by_way_of_flask)
    assert len(directly.headers["X-Request-Id"]) == 32
    assert name not in GOOD or directly.status_code == 200


@pytest.mark.parametrize("name", GOOD)
def test_what_a_rule_answers_never_reaches_flask(house, machine, token, by_flask, name):
    assert send(house, machine, token, **_prepared(GOOD[name], token)).status_code == 200
    assert by_flask == []


@pytest.mark.parametrize("name", OTHER)
def test_everything_else_is_said_by_flask(house, machine, token, by_flask, name):
    send(house, machine, token, **_prepared(OTHER[name], token))
    assert len(by_flask) == 1


def test_a_fault_is_told_once_under_the_name_of_its_request(house, machine, token, monkeypatch, caplog):
    """Not run a second time either: what it did before it failed is done once."""
    ran = []

    def failing(_call):
        ran.append(request_id.get())
        raise RuntimeError("secret words")

    monkeypatch.setattr(direct, "RULES", {("POST", "/token"): failing})
    monkeypatch.setitem(house.ground.app.config, "PROPAGATE_EXCEPTIONS", False)
    with caplog.at_level(logging.INFO):
        response = send(house, machine, token)
    assert (response.status_code, response.get_json()["error"]) == (500, "server_error")
    assert [record.getMessage() for record in caplog.records] == ["unexpected error"]
    assert "secret words" not in caplog.text
    assert "test_direct.py" in caplog.records[0].at
    assert ran == [response.headers["X-Request-Id"]]


def test_the_connection_is_given_back_after_each_call(house, machine, token):
    for said in ({}, {"auth": ("nobody", "x")}):
        send(house, machine, token, **said)
        assert house.ground.provider.database._scope.held is None


def test_a_machine_is_judged_as_it_is_now_and_not_as_it_was_at_its_last_token(either_ground):
    """Its token depends, in the statement that writes it, on the registration that this worker knows."""
    ground, clients = either_ground, either_ground.provider.clients
    service = ground.register(grant_types=["authorization_code", "client_credentials"], machine_scope="read")

    def ask() -> int:
        return call(ground, "/token", {"grant_type": "client_credentials"}, service).status_code

    assert [ask(), ask()] == [200, 200]
    seen: list[str] = []
    with watched(ground.provider.database, seen.append):
        assert ask() == 200
    assert len([text for text in seen if "clients" in text]) == 1
    tokens = ground.rows("access_tokens")
    clients.save([status_set(clients.get(service.id), "disabled", now=ground.clock())])
    assert ask() == 401
    assert ground.rows("access_tokens") == ground.events().count("client:token:issued") == tokens
    clients.save([status_set(clients.get(service.id), "enabled", now=ground.clock())])
    assert [ask(), ask()] == [200, 200]
