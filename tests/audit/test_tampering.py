"""V-07: whatever somebody does to the audit in SQL, `verify` names the first row that is not as it was sealed."""

import json
from contextlib import ExitStack
from uuid import UUID

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import delete, insert, select, text, update

from idp.audit.catalogue import AuditRow, Event
from idp.audit.heads import append_heads
from idp.audit.seal import ENTRY_BYTES, LATE_SECONDS
from idp.storage.models import AuditEvent, Base
from tests.conftest import database_of
from tests.ground import copy_ground, make_ground

SEALS, ROWS = 5, 6
TABLES = ("audit_events", "audit_seals")


def act(ground, count=ROWS):
    """Some rows, in one step."""
    with ground.provider.database.begin() as step:
        for i in range(count):
            step.record(AuditRow(Event.TOKENS_ISSUED, ground.clock(), UUID(int=i), "gov24", {"grant": i}))


def fill(ground):
    """A few sealed batches."""
    for _ in range(SEALS):
        act(ground)
        ground.clock.now += 10
        assert len(ground.provider.ledger.seal()) == 1
    return ground


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def intact(request, template, tmp_path_factory):
    """An installation with sealed batches, on each database, and what its tables held then."""
    directory = tmp_path_factory.mktemp("sealed")
    with ExitStack() as databases:
        if request.param == "sqlite":
            made = fill(copy_ground(template, directory))
        else:
            like = f"TEMPLATE {request.getfixturevalue('postgresql_template')}"
            url = databases.enter_context(database_of(request.getfixturevalue("postgresql_server"), like))
            made = fill(make_ground(directory, url, secrets=template.secrets, ready=True))
        yield made, {table: made.contents()[table] for table in TABLES}
        made.provider.database.engine.dispose()


@pytest.fixture
def sealed(intact):
    """That installation, put back as it was after each test."""
    made, before = intact
    now = made.clock.now
    yield made
    made.clock.now = now
    put_back(made, before)


def put_back(made, before):
    """The tables as they were."""
    with made.provider.database.engine.begin() as connection:
        for table, rows in before.items():
            connection.execute(delete(table_of(table)))
            columns = table_of(table).columns.keys()
            connection.execute(insert(table_of(table)), [dict(zip(columns, row, strict=True)) for row in rows])


def table_of(name):
    return Base.metadata.tables[name]


def sql(ground, statement, **values):
    with ground.provider.database.begin() as step:
        assert step.run(text(statement), **values) > 0, statement


def keys(ground):
    """Keys of all rows, in order, as text that both databases compare with their own."""
    with ground.provider.database.read() as reading:
        rows = reading.all(
            select(AuditEvent.id).where(AuditEvent.event == Event.TOKENS_ISSUED.tag).order_by(AuditEvent.id)
        )
    shape = str if ground.provider.database.engine.dialect.name == "postgresql" else lambda key: key.hex
    return [shape(row.id) for row in rows]


FIELDS = {
    "at": "at = at + 1",
    "event": "event = 'person:session:started'",
    "person": "person_id = NULL",
    "client": "client_id = 'other'",
    "client removed": "client_id = NULL",
    "detail": "detail = replace(detail, 'grant', 'grand')",
    "detail removed": "detail = NULL",
    "detail empty": "detail = ''",
    "seal": "seal = seal + 1",
    "seal removed": "seal = NULL",
}

FIRST, MIDDLE, LAST = 0, SEALS * ROWS // 2, SEALS * ROWS - 1


def named(report, key):
    return report.finding is not None and report.finding.row == key.replace("-", "")


def test_V_07_what_nobody_touched_is_intact(sealed):
    act(sealed, 2)
    report = sealed.provider.ledger.verify()
    assert (report.finding, report.gone, report.waiting) == (None, 0, 2)
    assert report.seals == SEALS
    assert report.rows == sealed.rows("audit_events") - 2


@pytest.mark.parametrize("field", FIELDS)
def test_V_07_an_edited_row_is_named(sealed, field):
    for place in (MIDDLE, FIRST):
        key = keys(sealed)[place]
        sql(sealed, f"UPDATE audit_events SET {FIELDS[field]} WHERE id = :key", key=key)
        assert named(sealed.provider.ledger.verify(), key)


@pytest.mark.parametrize("place", [FIRST, MIDDLE, LAST])
def test_V_07_a_deleted_row_is_named(sealed, place):
    key = keys(sealed)[place]
    sql(sealed, "DELETE FROM audit_events WHERE id = :key", key=key)
    report = sealed.provider.ledger.verify()
    assert named(report, key)
    assert "removed" in report.finding.what


COPY = "INSERT INTO audit_events (id, at, event, person_id, client_id, detail, seal) "


@pytest.mark.parametrize("where", ["within a batch", "before all", "behind all", "unsealed, long ago"])
def test_V_07_an_inserted_row_is_named(sealed, where):
    there = keys(sealed)
    raw = UUID(there[MIDDLE])
    new = {
        "within a batch": UUID(int=raw.int + 1),
        "before all": UUID(int=1),
        "behind all": UUID(int=UUID(there[-1]).int + (1 << 90)),
        "unsealed, long ago": UUID(int=((sealed.clock() - LATE_SECONDS - 1000) * 1000 << 80)),
    }[where]
    key = str(new) if "-" in there[0] else new.hex
    seal = "NULL" if where.startswith("unsealed") else "seal"
    sql(
        sealed,
        f"{COPY} SELECT :key, at, event, person_id, client_id, detail, {seal} FROM audit_events WHERE id = :like",
        key=key,
        like=there[MIDDLE],
    )
    report = sealed.provider.ledger.verify()
    assert named(report, key)
    assert "inserted" in report.finding.what
    sealed.provider.ledger.seal()  # sealing does not launder it
    assert named(sealed.provider.ledger.verify(), key)


def test_V_07_two_rows_with_their_contents_swapped_are_noticed_at_the_first(sealed):
    there = keys(sealed)
    one, other = there[MIDDLE], there[MIDDLE + 1]
    with sealed.provider.database.read() as reading:
        found = dict(map(tuple, reading.all(text("SELECT id, detail FROM audit_events"))))
    found = {str(key).replace("-", ""): value for key, value in found.items()}
    for key, source in ((one, other), (other, one)):
        sql(sealed, "UPDATE audit_events SET detail = :d WHERE id = :key", d=found[source.replace("-", "")], key=key)
    assert named(sealed.provider.ledger.verify(), one)


def test_V_07_two_rows_that_changed_places_are_noticed_at_the_first(sealed):
    there = keys(sealed)
    one, other, spare = there[3], there[-3], str(UUID(int=5)) if "-" in there[0] else UUID(int=5).hex
    for key, now in ((one, spare), (other, one), (spare, other)):
        sql(sealed, "UPDATE audit_events SET id = :now WHERE id = :key", now=now, key=key)
    assert named(sealed.provider.ledger.verify(), one)


def test_V_07_rows_cut_off_at_the_end_are_noticed_at_the_first(sealed):
    key = keys(sealed)[-4]
    sql(sealed, "DELETE FROM audit_events WHERE id >= :key", key=key)
    assert named(sealed.provider.ledger.verify(), key)


def test_V_07_seals_cut_off_at_the_end_leave_their_rows_behind(sealed):
    first = keys(sealed)[-ROWS]
    sql(sealed, "DELETE FROM audit_seals WHERE number = :n", n=SEALS)
    assert named(sealed.provider.ledger.verify(), first)


@pytest.mark.parametrize("change", ["detail = '{}'", "at = at"])
def test_V_07_a_row_that_was_changed_so_soon_that_it_is_sealed_again_is_named(sealed, change):
    key = keys(sealed)[LAST]
    sql(sealed, f"UPDATE audit_events SET seal = NULL, {change} WHERE id = :key", key=key)
    assert [ledger_rows(sealed, seal) for seal in sealed.provider.ledger.seal()] == [1]
    assert named(sealed.provider.ledger.verify(), key)


def ledger_rows(ground, seal):
    return ground.provider.ledger.read(seal.statement)["rows"]


@pytest.fixture
def copy(sealed, tmp_path):
    """The statements as a second place has them."""
    path = tmp_path / "heads"
    assert append_heads(path, sealed.provider.ledger.store.statements) == SEALS
    return path


def test_V_07_an_end_cut_off_with_its_rows_is_seen_by_who_has_a_copy(sealed, copy):
    sql(sealed, "DELETE FROM audit_events WHERE seal = :n", n=SEALS)
    sql(sealed, "DELETE FROM audit_seals WHERE number = :n", n=SEALS)
    assert sealed.provider.ledger.verify().finding is None
    assert f"seal {SEALS}: this seal was published and is missing" in str(sealed.provider.ledger.verify(copy).finding)


def test_V_07_a_past_that_was_sealed_anew_is_seen_by_who_has_a_copy(sealed, copy):
    sql(sealed, "UPDATE audit_events SET detail = '{}', seal = NULL WHERE seal = :n", n=SEALS)
    sql(sealed, "DELETE FROM audit_seals WHERE number = :n", n=SEALS)
    sealed.provider.ledger.seal()
    assert sealed.provider.ledger.verify().finding is None
    assert f"seal {SEALS}: another statement" in str(sealed.provider.ledger.verify(copy).finding)


COLUMNS = ("id", "at", "event", "person_id", "client_id", "detail", "seal")
TEXTS = st.one_of(st.none(), st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=9))
VALUES = {
    "id": st.uuids(),
    "at": st.integers(-(2**63), 2**63 - 1),
    "event": TEXTS.filter(lambda value: value is not None),
    "person_id": st.one_of(st.none(), st.uuids()),
    "client_id": TEXTS,
    "detail": TEXTS,
    "seal": st.one_of(st.none(), st.integers(-1, SEALS + 1)),
}
ACTS = st.one_of(
    st.tuples(st.just("edit"), st.sampled_from(COLUMNS).flatmap(lambda c: st.tuples(st.just(c), VALUES[c]))),
    st.tuples(st.just("delete"), st.none()),
    st.tuples(st.just("copy"), st.tuples(st.just("id"), st.uuids())),
    st.tuples(st.just("swap"), st.sampled_from(COLUMNS[1:-1])),
    st.tuples(st.just("truncate"), st.none()),
)


@given(place=st.integers(0, LAST), other=st.integers(0, LAST), act=ACTS)
@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_V_07_whatever_is_done_to_whichever_row_is_found(sealed, intact, place, other, act):
    tampered(sealed, place, other, act)
    held = now_held(sealed)
    report = sealed.provider.ledger.verify()
    assert (report.finding is None) == (held == now_held_before(intact)), (report, act)
    put_back(sealed, intact[1])


def now_held(ground):
    return sorted(ground.contents()["audit_events"], key=repr)


def now_held_before(intact):
    return sorted(intact[1]["audit_events"], key=repr)


def tampered(ground, place, other, act):
    """Do it, by hand and in SQL."""
    table, (kind, what) = table_of("audit_events"), act
    with ground.provider.database.engine.begin() as connection:
        rows = connection.execute(
            select(table).where(table.c.event == Event.TOKENS_ISSUED.tag).order_by(table.c.id)
        ).mappings()
        rows = [dict(row) for row in rows]
        here, there = rows[place], rows[other]
        mine = table.c.id == here["id"]
        if kind == "edit":
            connection.execute(update(table).where(mine).values({what[0]: what[1]}))
        elif kind == "delete":
            connection.execute(delete(table).where(mine))
        elif kind == "copy":
            connection.execute(insert(table).values(here | {what[0]: what[1]}))
        elif kind == "swap":
            connection.execute(update(table).where(mine).values({what: there[what]}))
            connection.execute(update(table).where(table.c.id == there["id"]).values({what: here[what]}))
        else:
            connection.execute(delete(table).where(table.c.id >= here["id"]))


SEAL_DAMAGE = {
    "entries": ("UPDATE audit_seals SET entries = :other WHERE number = 3", "its list of rows was changed"),
    "entries removed": ("UPDATE audit_seals SET entries = NULL WHERE number = 3", "its list of rows was removed"),
    "number": ("UPDATE audit_seals SET number = 33 WHERE number = 3", "this seal is missing"),
    "removed": ("DELETE FROM audit_seals WHERE number = 3", "this seal is missing"),
    "time": ("UPDATE audit_seals SET sealed_at = 1 WHERE number = 3", "belongs to another seal"),
    "signature": ("UPDATE audit_seals SET statement = :unsigned WHERE number = 3", "not signed by a key"),
    "another's": ("UPDATE audit_seals SET statement = :second WHERE number = 3", "belongs to another seal"),
}


@pytest.mark.parametrize("damage", SEAL_DAMAGE)
def test_V_07_a_damaged_seal_is_named(sealed, damage):
    statement, what = SEAL_DAMAGE[damage]
    store = sealed.provider.ledger.store
    second, third = store.seals(1, 1)[0], store.seals(2, 1)[0]
    values = {
        ":other": {"other": third.entries[ENTRY_BYTES:] + third.entries[:ENTRY_BYTES]},
        ":unsigned": {"unsigned": third.statement[:-6] + "AAAAAA"},
        ":second": {"second": second.statement},
    }
    sql(sealed, statement, **next((v for name, v in values.items() if name in statement), {}))
    assert str(sealed.provider.ledger.verify().finding).startswith("seal 3: ")
    assert what in str(sealed.provider.ledger.verify().finding)


def test_V_07_a_statement_of_another_provider_with_a_good_signature_is_no_link_of_this_chain(sealed):
    wired = sealed.provider
    last = wired.ledger.store.last()
    claims = dict(wired.ledger.read(last.statement)) | {"previous": "A" * 43}
    sql(sealed, "UPDATE audit_seals SET statement = :s WHERE number = :n", s=wired.ledger.sign(claims), n=SEALS)
    assert "does not follow" in str(wired.ledger.verify().finding)


def test_what_a_statement_says(sealed):
    last = sealed.provider.ledger.store.last()
    said = sealed.provider.ledger.read(last.statement)
    assert set(said) == {"iss", "iat", "seal", "rows", "root", "previous", "until", "kept_from"}
    assert (said["seal"], said["rows"]) == (SEALS, ROWS)
    shown = sealed.browser().get("/audit/head")
    assert shown.get_json() == said | {"statement": last.statement}
    assert json.dumps(said).count("gov24") == 0
