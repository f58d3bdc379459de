"""A look at the audit reads a bounded number of rows and misses none."""

from uuid import UUID

import pytest

from idp.audit.catalogue import AuditRow, Event
from idp.audit.export import Wanted
from idp.storage import audit_looks
from idp.storage.audit_looks import look

PERSON = UUID(int=77)


@pytest.fixture
def filled(either_ground):
    database = either_ground.provider.database
    for place in range(60):
        with database.begin() as step:
            client, person = ("rare", PERSON) if place % 20 == 0 else ("gov24", None)
            step.record(AuditRow(Event.CODE_ISSUED, either_ground.clock(), person, client))
    return either_ground


@pytest.mark.parametrize("walked", [7, 25, 20_000])
@pytest.mark.parametrize(
    ("wanted", "many"),
    [(Wanted(client="rare"), 3), (Wanted(person=PERSON), 3), (Wanted(event="provider:authorization"), 60)],
)
def test_looking_on_and_on_finds_every_row_once_newest_first(filled, monkeypatch, walked, wanted, many):
    monkeypatch.setattr(audit_looks, "_WALK", audit_looks._WALK.element.limit(walked).subquery())
    monkeypatch.setattr(audit_looks, "_END", audit_looks._END.offset(walked - 1))
    found, before = [], None
    for _ in range(100):
        seen = look(filled.provider.database, wanted, before, 10)
        found += [row.id for row in seen.rows]
        before = seen.onward
        if before is None:
            break
    assert len(found) == len(set(found)) == many
    assert found == sorted(found, reverse=True)


def test_a_period_that_holds_nothing_ends_at_once(filled):
    seen = look(filled.provider.database, Wanted(since=0, until=10), None, 10)
    assert (seen.rows, seen.onward) == ([], None)
