"""The catalogue: each event has one tag and carries only what it may carry."""

import re
from uuid import UUID

import pytest

from idp.audit.catalogue import AuditRow, Event

FORBIDDEN = {
    "code",
    "token",
    "access_token",
    "refresh_token",
    "secret",
    "password",
    "phone",
    "number",
    "passport",
    "name",
}


def test_each_event_has_a_tag_of_its_own():
    assert len({event.tag for event in Event}) == len(Event)


def test_a_tag_says_who_acted_on_what_and_how():
    whole = re.compile(r"(person|client|operator|provider|staff):[a-z_]+:[a-z_]+")
    assert [event for event in Event if not whole.fullmatch(event.tag)] == []


def test_O_10_no_event_may_carry_a_secret_or_a_number():
    assert [event for event in Event if not FORBIDDEN.isdisjoint(event.fields)] == []


def test_an_event_carries_its_own_fields_and_no_others():
    for event in Event:
        row = AuditRow(event, 1, UUID(int=1), "gov24", dict.fromkeys(event.fields, "x"))
        assert row.detail.keys() == set(event.fields)
        with pytest.raises(ValueError, match="carries no field 'zzz'"):
            AuditRow(event, 1, detail={"zzz": 1})


def test_O_10_a_forbidden_field_is_refused_without_its_value():
    with pytest.raises(ValueError, match="no field 'code'") as refused:
        AuditRow(Event.SIGN_IN_CANCELLED, 1, detail={"sign_in": 1, "code": "123456"})
    assert "123456" not in str(refused.value)
