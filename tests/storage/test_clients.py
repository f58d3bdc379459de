"""The registry in the database: what is stored, what is seen at once by every worker (abuse case N-04)."""

import json

import pytest
from sqlalchemy import select, text, update

from idp.registration.changes import Conflict, added, changed, removed, status_set
from idp.registration.metadata import check_metadata
from idp.registration.register import change, register
from idp.storage.clients import Clients
from idp.storage.compiled import Compiler
from idp.storage.models import AuditEvent, ClientRow
from tests.registration.examples import EC, GOV24, NOW, PRODUCTION, counting_bytes, with_keys
from tests.registration.registry import sqlite_registry


@pytest.fixture
def database(tmp_path):
    with sqlite_registry(tmp_path) as opened:
        yield opened


@pytest.fixture
def clients(database):
    return Clients(database)


def made(client_id="gov24", given=GOV24, now=NOW):
    metadata = check_metadata(given, PRODUCTION)
    return register(metadata, now=now, random_bytes=counting_bytes(), client_id=client_id)


def add(clients, client_id="gov24", **more):
    outcome = made(client_id, **more)
    clients.save([added(outcome, now=NOW)])
    return outcome.registration


def with_scope(registration, scope, now=NOW):
    metadata = check_metadata(GOV24 | {"scope": scope}, PRODUCTION)
    return change(registration, metadata, now=now, random_bytes=counting_bytes())


def audit_rows(database):
    with database.read() as reading:
        return reading.all(select(AuditEvent.event, AuditEvent.client_id, AuditEvent.detail).order_by(AuditEvent.id))


@pytest.mark.parametrize("given", [GOV24, with_keys(EC)])
def test_what_is_stored_comes_back(clients, given):
    registration = add(clients, given=given)
    assert clients.get("gov24") == registration
    assert clients.find("gov24").secret_digests == tuple(filter(None, [registration.secret_digest]))


def test_what_people_see_of_all_services_is_read_once_and_seen_anew_after_a_change(clients, monkeypatch):
    for client_id in ("okportal365", "gov24", "apostille"):
        add(clients, client_id)
    assert [one.id for one in clients.enabled(2)] == ["apostille", "gov24"]
    statements = []
    ready = Compiler.ready
    monkeypatch.setattr(Compiler, "ready", lambda *call: statements.append(str(call[1])) or ready(*call))
    clients.enabled(2)
    assert len(statements) == 1
    assert "registration" not in statements[0]
    clients.save([status_set(clients.get("gov24"), "disabled", now=NOW)])
    before = clients.get("apostille")
    clients.save([changed(before, with_scope(before, "openid"), now=NOW)])
    assert [one.id for one in clients.enabled(2)] == ["apostille", "okportal365"]
    assert clients.enabled(1)[0].scopes == {"openid"}


def test_registrations_are_listed_by_id(clients):
    for client_id in ("okportal365", "gov24", "apostille"):
        add(clients, client_id)
    assert [one.client_id for one in clients.list()] == ["apostille", "gov24", "okportal365"]


@pytest.mark.parametrize(
    "other",
    ["Gov24", "GOV24", "gov24 ", "gov24\u00a0", "gov24\x00", "gov24%", "gov2_", "gov2", "gov244", "", "x" * 10_000],
)
def test_N_04_only_the_very_same_id_finds_a_client(clients, other):
    add(clients)
    assert clients.find(other) is None
    assert clients.get(other) is None
    assert clients.find("gov24").id == "gov24"


def test_a_client_is_parsed_once_while_it_stays_the_same(clients):
    add(clients)
    assert clients.find("gov24") is clients.find("gov24")


def test_a_change_in_one_worker_holds_at_the_next_request_in_another(clients, database):
    before = add(clients)
    other_worker = Clients(database)
    assert other_worker.find("gov24").enabled
    disabled = status_set(before, "disabled", now=NOW)
    clients.save([disabled])
    assert not other_worker.find("gov24").enabled
    clients.save([status_set(disabled.after, "enabled", now=NOW)])
    assert other_worker.find("gov24").enabled


def test_new_metadata_removal_and_return_are_seen_by_a_worker_that_knew_the_old(clients, database):
    before = add(clients)
    other_worker = Clients(database)
    other_worker.find("gov24")
    outcome = with_scope(before, "openid")
    clients.save([changed(before, outcome, now=NOW)])
    assert other_worker.find("gov24").scopes == {"openid"}
    clients.save([removed(outcome.registration, now=NOW)])
    clients.save([added(made(now=NOW + 5), now=NOW)])
    assert other_worker.find("gov24").scopes == {"openid", "profile", "phone"}
    clients.save([removed(clients.get("gov24"), now=NOW)])
    assert other_worker.find("gov24") is None


def test_a_status_set_by_hand_in_the_database_holds_too(clients, database):
    add(clients)
    assert clients.find("gov24").enabled
    with database.begin() as step:
        step.run(update(ClientRow).values(status="disabled"))
    assert not clients.find("gov24").enabled


def test_an_unchanged_client_costs_one_small_statement(clients, database):
    add(clients)
    clients.find("gov24")
    with database.begin() as step:
        step.run(text("UPDATE clients SET registration = 'not read again'"))
    assert clients.find("gov24").id == "gov24"


def test_each_change_has_its_audit_row(clients, database):
    before = add(clients)
    outcome = with_scope(before, "openid")
    clients.save([changed(before, outcome, now=NOW), status_set(outcome.registration, "disabled", now=NOW)])
    clients.save([removed(clients.get("gov24"), now=NOW)])
    rows = audit_rows(database)
    assert [row.event for row in rows] == [
        "operator:client:added",
        "operator:client:changed",
        "operator:client:disabled",
        "operator:client:removed",
    ]
    assert {row.client_id for row in rows} == {"gov24"}
    assert json.loads(rows[1].detail) == {"diff": {"scope": ["openid profile phone", "openid"]}}


def test_the_audit_never_holds_a_secret(clients, database):
    outcome = made()
    clients.save([added(outcome, now=NOW)])
    (row,) = audit_rows(database)
    assert outcome.secret not in row.detail
    assert outcome.registration.secret_digest.hex() not in row.detail


@pytest.mark.parametrize("how", ["added twice", "changed in between", "removed in between"])
def test_a_conflicting_change_stores_nothing(clients, database, how):
    before = add(clients)
    stale = {
        "added twice": lambda: added(made(), now=NOW),
        "changed in between": lambda: status_set(before, "disabled", now=NOW),
        "removed in between": lambda: removed(before, now=NOW),
    }[how]()
    if how != "added twice":
        clients.save([changed(before, with_scope(before, "openid"), now=NOW)])
    if how == "removed in between":
        clients.save([removed(clients.get("gov24"), now=NOW)])
    seen, rows = clients.list(), audit_rows(database)
    with pytest.raises(Conflict):
        clients.save([added(made("okportal365"), now=NOW), stale])
    assert clients.list() == seen
    assert audit_rows(database) == rows


def test_nothing_to_store_is_no_transaction(clients, database):
    with database.begin():  # holds the only write lock; a second writer would wait for it
        clients.save([])


SPA = {
    "client_name": "Pages",
    "redirect_uris": ["https://spa.example:443/callback", "https://spa.example/silent"],
    "token_endpoint_auth_method": "none",
    "scope": "openid",
}


def test_X_06_pages_of_enabled_public_clients_are_known_within_five_seconds(clients):
    add(clients)
    assert clients.page_origins(NOW) == frozenset()
    registration = add(clients, "spa", given=SPA)
    assert clients.page_origins(NOW + 4) == frozenset()
    assert clients.page_origins(NOW + 5) == {"https://spa.example"}
    clients.save([status_set(registration, "disabled", now=NOW)])
    assert clients.page_origins(NOW + 10) == frozenset()
    assert clients.page_origins(NOW) == frozenset()  # a clock that was set back
