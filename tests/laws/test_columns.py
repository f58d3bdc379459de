"""Law 7: what stands in the columns, each kind under a key or digest of its own (abuse cases M-06, M-07)."""

import pytest
from sqlalchemy import LargeBinary, update

from idp.keys.sealing import CannotOpen, row_context
from idp.storage.models import Base, Person, Phone
from tests.ground import RECORD, Ground, copy_ground
from tests.hostile.test_secrets_never_show import walk

DIGEST = 32
SEALED = {
    ("persons", "record"): "record",
    ("phones", "number"): "phone",
    ("outbox", "payload"): "outbox",
    ("signing_keys", "private"): "signing_key",
    ("enrolments", "record"): "record",
    ("enrolments", "phone"): "phone",
    ("phone_changes", "number"): "phone",
    ("authenticator_apps", "secret"): "app_secret",
    ("enrolments", "made"): "record",
    ("cases", "evidence"): "record",
    ("cases", "record"): "record",
    ("registry_entries", "answer"): "record",
    ("sandbox_citizens", "private"): "record",
    ("sandbox_messages", "payload"): "outbox",
}
"""Sealed columns and the sealer that opens them."""

DIGESTS = {
    ("grants", "code_digest"),
    ("access_tokens", "digest"),
    ("refresh_tokens", "digest"),
    ("sessions", "digest"),
    ("enrolments", "digest"),
    ("enrolments", "browser"),
    ("sign_ins", "browser"),
    ("used_once", "digest"),
    ("pushed_requests", "digest"),
    ("clients", "secret_digest"),
    ("clients", "former_digest"),
    ("sign_ins", "code_digest"),  # keyed: a short code could be guessed from a plain one
    ("enrolments", "code_digest"),  # keyed
    ("phones", "fingerprint"),  # keyed
    ("persons", "identifier"),  # keyed
    ("printed_codes", "digest"),  # keyed
    ("phone_changes", "code_digest"),  # keyed
    ("opt_outs", "fingerprint"),  # keyed
    ("cases", "held"),  # keyed
    ("persons", "connecting"),  # keyed
    ("registry_entries", "fingerprint"),  # keyed
    ("staff_sessions", "digest"),
    ("staff_invitations", "digest"),
    ("staff_invitations", "browser"),
}
PUBLIC = {
    ("persons", "user_handle"),  # 64 random bytes (WebAuthn Level 3 §14.6.1)
    ("passkeys", "webauthn_id"),
    ("passkeys", "public_key"),
    ("enrolments", "user_handle"),
    ("audit_seals", "entries"),  # keys and digests of audit rows
    ("client_logos", "content"),  # pictures that everybody is shown
    ("enrolments", "challenge"),  # shown to the person's own browser
    ("staff_members", "user_handle"),
    ("staff_passkeys", "webauthn_id"),
    ("staff_passkeys", "public_key"),
    ("sandbox_citizens", "webauthn_id"),
    ("staff_invitations", "user_handle"),
    ("staff_invitations", "challenge"),  # shown to the browser that opened it
}
AWAITED = {
    ("initial_access_tokens", "digest"),
    ("device_authorizations", "digest"),
    ("device_authorizations", "user_code"),
    ("clients", "access_digest"),
}
"""Digests of tables that no address fills yet; the first one that does moves its column to DIGESTS."""


@pytest.fixture(scope="module")
def walked(template, tmp_path_factory):
    made = copy_ground(template, tmp_path_factory.mktemp("columns"))
    walk(made)
    yield made
    made.provider.database.engine.dispose()


def binary_columns():
    return {
        (table.name, column.name)
        for table in Base.metadata.tables.values()
        for column in table.columns
        if isinstance(column.type, LargeBinary)
    }


def values(ground: Ground, table: str, column: str):
    """Row keys and values of one column that are there."""
    found = Base.metadata.tables[table]
    key = next(iter(found.primary_key.columns)).name
    place = [c.name for c in found.columns]
    rows = ground.contents()[table]
    return [(row[place.index(key)], row[place.index(column)]) for row in rows if row[place.index(column)] is not None]


def test_law_7_every_binary_column_has_its_kind():
    known = set(SEALED) | DIGESTS | PUBLIC | AWAITED
    assert binary_columns() - known == set(), "a new column: say here whether it is sealed, a digest or public"
    assert not known - binary_columns()


@pytest.mark.parametrize("place", sorted(AWAITED), ids="-".join)
def test_law_7_what_is_awaited_is_still_empty(walked, place):
    assert values(walked, *place) == []


@pytest.mark.parametrize("place", sorted(DIGESTS), ids="-".join)
def test_law_7_digests_are_digests(walked, place):
    found = values(walked, *place)
    assert found
    assert all(len(value) == DIGEST for _, value in found)
    assert len({value for _, value in found}) > 1 or len(found) == 1 or place[1] == "browser" or place[0] == "phones"


@pytest.mark.parametrize("place", sorted(SEALED), ids="-".join)
def test_law_7_M_07_a_sealed_value_opens_in_its_own_row_and_purpose_only(walked, place):
    table, column = place
    sealers = walked.provider.sealers
    found = values(walked, table, column)
    assert found
    for key, value in found:
        own = getattr(sealers, SEALED[place])
        assert len(own.open(value, row_context(table, column, key))) > 5
        elsewhere = [row_context(table, column, "another"), row_context("another", column, key), b""]
        elsewhere += [row_context(t, c, key) for t, c in SEALED if (t, c) != place]
        for context in elsewhere:
            with pytest.raises(CannotOpen):
                own.open(value, context)
        for name in {"record", "phone", "outbox", "signing_key", "page", "app_secret"} - {SEALED[place]}:
            with pytest.raises(CannotOpen):
                getattr(sealers, name).open(value, row_context(table, column, key))
        for i in (0, 1, 12, 13, len(value) - 1):
            with pytest.raises(CannotOpen):
                own.open(value[:i] + bytes([value[i] ^ 1]) + value[i + 1 :], row_context(table, column, key))


@pytest.mark.parametrize("table", ["persons", "enrolments"])
def test_W_13_a_user_handle_is_random_and_says_nothing_of_anybody(walked, table):
    handles = [value for _, value in values(walked, table, "user_handle")]
    assert all(len(handle) == 64 for handle in handles)
    assert len(set(handles)) == len(handles) > 0
    spread = [len(set(handle)) for handle in handles]
    assert min(spread) > 32  # 64 random bytes have 56 different values; text, numbers and counters have few


def test_law_7_no_two_sealed_values_share_a_nonce(walked):
    nonces = [value[1:13] for place in SEALED for _, value in values(walked, *place)]
    assert len(set(nonces)) == len(nonces) > 5


@pytest.mark.parametrize("model", [(Person, "record", "id"), (Phone, "number", "person_id")], ids=["record", "phone"])
def test_M_07_a_ciphertext_moved_to_another_person_tells_nobody_anything(ground, service, citizen, model):
    table, column, owner = model
    other = ground.enrol(RECORD, "+4915187654321")
    tokens = ground.browser().tokens(service, citizen, scope="openid profile phone")
    with ground.provider.database.begin() as transaction:
        rows = ground.contents()[table.__tablename__]
        place = [c.name for c in table.__table__.columns]
        theirs = next(r for r in rows if r[place.index(owner)] == other.person)[place.index(column)]
        mine = getattr(table, owner) == citizen.person
        transaction.run(update(table).where(mine).values({column: theirs}))
    ground.app.config["PROPAGATE_EXCEPTIONS"] = False
    answer = ground.browser().userinfo(tokens["access_token"])
    assert answer.status_code == 500
    assert "87654321" not in answer.text
