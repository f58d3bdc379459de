"""A plain code or refresh token exchanged by one statement: it writes what the careful way writes, or nothing at all.

Each row of `SPOILED` and `OTHER_TERMS` closes the way by itself, so a condition that is missing here is found.
"""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, fields, replace
from typing import Any
from uuid import UUID

import psycopg
import pytest
from sqlalchemy import text

from idp.grants import Issued, at_once
from idp.grants.authorization_code import redeem
from idp.grants.refresh_token import refresh
from idp.grants.stores import Standing, Terms
from idp.keys.handles import read_handle
from idp.storage import Outdated
from idp.storage.exchanges import one_statement
from idp.storage.grants import Grants
from tests.conftest import database_of
from tests.ground import VERIFIER, Ground, Registered, Walker, call, make_ground
from tests.statements import watched

BYSTANDER = "+4915112345679"
NOBODY = UUID("00000000-0000-7000-8000-00000000dead")
KINDS = {
    # what is presented: how its service is registered, whether for offline access
    "code": ({"grant_types": ["authorization_code"]}, False),
    "code for offline access": ({}, True),
    "code without it of a client that may refresh": ({}, False),
    "rotating": ({"token_endpoint_auth_method": "none"}, True),
    "kept": ({}, True),
}
TOKENS = ("rotating", "kept")


@dataclass
class Exchange:
    """One thing that can be presented, and what it is presented with."""

    ground: Ground
    service: Registered
    form: dict[str, str]

    def __post_init__(self) -> None:
        clients = self.ground.provider.clients
        self.client = clients.find(self.service.id)
        self.version = clients.version_of(self.client)

    def attempt(self, *, plainly: bool = True, form: Any = (), **client: Any) -> Any:
        """The token response, by one statement or step by step. Raises Outdated."""
        wired, form, client = self.ground.provider, self.form | dict(form), replace(self.client, **client)
        with wired.database.begin() as step:
            stores = Grants(step, exchanges=one_statement(step, self.version) if plainly else None)
            way = redeem if "code" in form else refresh
            outcome = way(form, client, stores, wired.mint, self.ground.clock())
        assert isinstance(outcome, Issued), outcome
        return outcome.answer


def exchange(browser: Walker, kind: str) -> Exchange:
    """Of a service of its own, for the one person here, by single sign-on after the first time."""
    metadata, offline = KINDS[kind]
    ground = browser.ground
    service, citizen = ground.register(**metadata), ground.citizens[0]
    scope = "openid profile offline_access" if offline else "openid profile"
    if kind in TOKENS:
        token = browser.tokens(service, citizen, scope=scope)["refresh_token"]
        return Exchange(ground, service, {"grant_type": "refresh_token", "refresh_token": token})
    code = browser.sign_in(service, citizen, scope=scope)["code"]
    form = {"grant_type": "authorization_code", "code": code, "code_verifier": VERIFIER}
    return Exchange(ground, service, form | {"redirect_uri": service.redirect_uri})


@pytest.fixture(scope="module")
def ground(tmp_path_factory, template, postgresql_server, postgresql_template) -> Iterator[Ground]:
    """One installation for the table: a statement that changes nothing leaves nothing that could disturb the next."""
    with database_of(postgresql_server, f"TEMPLATE {postgresql_template} STRATEGY FILE_COPY") as url:
        made = make_ground(tmp_path_factory.mktemp("exchanges"), url, secrets=template.secrets, ready=True)
        yield made
        made.provider.database.engine.dispose()


@pytest.fixture(scope="module")
def browser(ground) -> Walker:
    """Of the person whose things are exchanged; the other person here is no worse off by whatever is spoiled."""
    ground.enrol()
    bystander = ground.enrol(number=BYSTANDER)
    ground.browser().tokens(ground.register(), bystander, scope="openid offline_access")
    return ground.browser()


@pytest.fixture(scope="module")
def waiting(browser) -> dict[str, Exchange]:
    return {kind: exchange(browser, kind) for kind in KINDS}


OF_PERSON = {
    "persons": "id = :person",
    "clients": "id IN (SELECT client_id FROM grants WHERE person_id = :person)",
    "refresh_tokens": "grant_id IN (SELECT id FROM grants WHERE person_id = :person)",
}


@contextmanager
def spoiled(ground: Ground, table: str, column: str, value: Any) -> Iterator[None]:
    """Within it every row of the person's has this value there."""
    database, person = ground.provider.database, ground.citizens[0].person
    key = "person_id::text || client_id" if table == "consents" else "id::text"
    mine = OF_PERSON.get(table, "person_id = :person")
    with database.begin() as step:
        before = step.all(text(f"SELECT {key} AS key, {column} AS value FROM {table} WHERE {mine}"), person=person)
        assert before
        for row in before:
            step.run(text(f"UPDATE {table} SET {column} = :value WHERE {key} = :key"), value=value, key=row.key)
    yield
    with database.begin() as step:
        for row in before:
            step.run(text(f"UPDATE {table} SET {column} = :value WHERE {key} = :key"), value=row.value, key=row.key)


CODES = ("code", "code for offline access")
ALL = (*CODES, *TOKENS)
SPOILED = {
    # Each gate of Standing, by its name there.
    "person_active": [(ALL, "persons", "status", "suspended"), (ALL, "grants", "person_id", NOBODY)],
    "credential_active": [(ALL, "credentials", "state", "suspended"), (ALL, "credentials", "expires_at", "now")],
    "passkey_active": [(ALL, "passkeys", "state", "suspended"), (ALL, "grants", "passkey_id", NOBODY)],
    "session_ended": [(CODES, "sessions", "ended_at", "now"), (CODES, "grants", "session_id", NOBODY)],
    "consent_withdrawn": [(ALL, "consents", "withdrawn_at", "now")],
    "sandbox_of": [(ALL, "persons", "sandbox_of", "another")],
    # The client, as it was remembered.
    "client": [(ALL, "clients", "version", 99), (ALL, "clients", "status", "disabled")],
    # The grant.
    "whose": [(ALL, "grants", "client_id", "another")],
    "revoked": [(ALL, "grants", "revoked_at", "now")],
    "bound to a key": [(ALL, "grants", "confirmation", "jkt:x")],
    "for a resource": [(ALL, "grants", "resources", "https://api.example")],
    "with details": [(ALL, "grants", "details", "[]")],
    "scope taken away": [(ALL, "grants", "scopes", "openid profile offline_access taken_away")],
    "level": [(ALL, "grants", "acr", each) for each in ("urn:kr:overseas-id:acr:1", "urn:kr:overseas-id:acr:", None)],
    "code": [
        (CODES, "grants", "code_spent_at", "now"),
        (CODES, "grants", "code_expires_at", "now"),
        (CODES, "grants", "code_digest", b"another"),
        (CODES, "grants", "redirect_uri", "http://localhost:9001/callback"),
        (CODES, "grants", "code_challenge", "A" * 43),
        (CODES, "grants", "code_challenge", None),
    ],
    "refresh token": [
        (TOKENS, "refresh_tokens", "spent_at", "now"),
        (TOKENS, "refresh_tokens", "expires_at", "now"),
        (TOKENS, "refresh_tokens", "digest", b"another"),
        (TOKENS, "refresh_tokens", "grant_id", NOBODY),
    ],
}


def test_every_gate_has_its_row():
    assert {field.name for field in fields(Standing)} <= SPOILED.keys()


@pytest.mark.parametrize(
    ("kind", "table", "column", "value"),
    [
        pytest.param(kind, *where, id=f"{kind}: {name} {where[1]} {where[2]}")
        for name, rows in SPOILED.items()
        for kinds, *where in rows
        for kind in kinds
    ],
)
def test_law_6_what_is_not_as_it_must_be_writes_nothing(ground, waiting, kind, table, column, value):
    with spoiled(ground, table, column, ground.clock() if value == "now" else value):
        before = ground.contents()
        with pytest.raises(Outdated):
            waiting[kind].attempt()
        assert ground.contents() == before


OTHER_TERMS: dict[str, tuple[tuple[str, ...], dict[str, Any], dict[str, str]]] = {
    # by the name of the term: which kinds it stands for, another client, another form
    "client_id": (ALL, {"id": "another"}, {}),
    "tenant": (ALL, {"environment": "sandbox"}, {}),
    "scopes": (ALL, {"scopes": frozenset({"openid", "offline_access"})}, {}),
    "levels": (ALL, {"minimum_acr": "urn:kr:overseas-id:acr:3"}, {}),
    "redirect_uri": (CODES, {}, {"redirect_uri": "http://localhost:9001/callback"}),
    "code_challenge": (CODES, {}, {"code_verifier": "a" * 43}),
}


def test_every_term_has_its_row():
    assert {field.name for field in fields(Terms)} == OTHER_TERMS.keys()


@pytest.mark.parametrize(
    ("kind", "term"), [(kind, term) for term, (kinds, *_) in OTHER_TERMS.items() for kind in kinds]
)
def test_P_07_T_08_T_11_other_terms_than_the_grant_meets_write_nothing(ground, waiting, kind, term):
    _, client, form = OTHER_TERMS[term]
    before = ground.contents()
    with pytest.raises(Outdated):
        waiting[kind].attempt(form=form, **client)
    assert ground.contents() == before


@pytest.mark.parametrize("kind", TOKENS)
def test_an_ended_session_leaves_offline_access_open(ground, browser, kind):
    presented = exchange(browser, kind)
    with spoiled(ground, "sessions", "ended_at", ground.clock()):
        assert presented.attempt()["access_token"]


@pytest.mark.parametrize("kind", KINDS)
def test_law_4_what_is_written_and_answered_is_what_the_careful_way_writes_and_answers(ground, browser, kind):
    def done(*, plainly: bool) -> tuple[Any, Any]:
        presented, before = exchange(browser, kind), ground.contents()
        answer, after = presented.attempt(plainly=plainly), ground.contents()
        tables = ("access_tokens", "refresh_tokens", "audit_events", "grants")
        written = [row for table in tables for row in sorted(set(after[table]) - set(before[table]), key=repr)]
        own = {
            presented.service.id: "its client",
            presented.service.redirect_uri: "its address",
            ground.citizens[0].person: "its person",
        }
        return sorted(answer), [
            shape(row, own | dict.fromkeys(grants_of(ground, presented), "its grant")) for row in written
        ]

    assert done(plainly=True) == done(plainly=False)


def grants_of(ground: Ground, presented: Exchange) -> list[UUID | str]:
    """The key of the grant, in both forms in which it is written."""
    with ground.provider.database.read() as reading:
        (row,) = reading.all(text("SELECT id FROM grants WHERE client_id = :id"), id=presented.service.id)
    return [row.id, row.id.hex]


def shape(row: tuple[Any, ...], own: dict[Any, str]) -> list[Any]:
    """A row without what differs from one exchange to the next; what belongs to the exchange by its name."""

    def shown(value: Any) -> Any:
        if value in own:
            return own[value]
        if isinstance(value, str) and value.startswith("{"):
            return {name: shown(one) for name, one in json.loads(value).items()}
        return type(value) if isinstance(value, UUID | bytes) else value

    return [shown(value) for value in row]


@pytest.mark.parametrize("kind", KINDS)
def test_C_01_law_3_what_is_spent_is_not_exchanged_again(ground, browser, kind):
    presented = exchange(browser, kind)
    first = presented.attempt()
    assert ("refresh_token" in first) is (kind in {"code for offline access", "rotating"})
    if kind == "kept":  # a confidential client's: bound to its credential, and good again
        assert presented.attempt()["access_token"] != first["access_token"]
        return
    before = ground.contents()
    with pytest.raises(Outdated):
        presented.attempt()
    assert ground.contents() == before


@pytest.mark.parametrize("kind", KINDS)
def test_a_plain_exchange_is_one_statement(ground, browser, kind):
    presented, seen = exchange(browser, kind), []
    with watched(ground.provider.database, seen.append):
        answer = call(ground, "/token", presented.form, presented.service)
    assert answer.status_code == 200
    assert len(seen) == 1
    assert read_handle(answer.get_json()["access_token"]) is not None


@pytest.mark.parametrize(
    ("form", "client"),
    [
        ({"code_verifier": "short"}, {}),
        ({"resource": "https://api.example"}, {}),
        ({"authorization_details": "[]"}, {}),
        ({"scope": "openid"}, {}),
        ({}, {"access_token_format": "jwt"}),
    ],
    ids=str,
)
def test_what_is_not_plain_is_left_to_the_careful_way(ground, waiting, form, client):
    presented = waiting["code"]
    client = replace(presented.client, **client)
    with ground.provider.database.begin() as step:
        stores = Grants(step, exchanges=one_statement(step, 1))
        form = presented.form | form
        code = read_handle(form["code"])
        assert at_once.redeem(code, form, client, stores, ground.provider.mint, ground.clock(), None) is None


NEVER_ANALYSED = """
    UPDATE pg_class SET relpages = 0, reltuples = -1 WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace
"""
"""What autovacuum may have found out by chance is forgotten, for this transaction."""


@pytest.mark.parametrize("kind", KINDS)
def test_an_exchange_looks_each_row_up_by_its_key_even_before_statistics_exist(ground, browser, kind):
    """Tables that were never analysed are where a join would look through whole ones, and be kept prepared."""
    presented, seen = exchange(browser, kind), []
    with watched(ground.provider.database, seen.append):
        presented.attempt()
    (statement,) = seen
    with psycopg.connect(ground.provider.settings.database_url.replace("+psycopg", "")) as connection:
        connection.execute(NEVER_ANALYSED)
        plan = "\n".join(row[0] for row in connection.execute(f"EXPLAIN (GENERIC_PLAN) {statement}"))
        connection.rollback()
    assert "Index Scan using pk_credentials" in plan
    assert "Seq Scan" not in plan
    assert "Hash" not in plan
