"""What bars a credential, what takes two, and which level follows: tables over the evidence."""

from dataclasses import replace
from datetime import date, timedelta
from itertools import product

import pytest

from idp.claims.assurance import Fact
from idp.missions.cases import MOVES, CaseState, IllegalCaseMove, from_states, move
from idp.missions.evidence import Bar, Evidence, Kind, Known, Reason, Relation, age, bars, facts_missing, reasons
from idp.missions.mrz import Passport

TODAY = date(2027, 1, 15)
GOOD = Evidence(
    passport=Passport(
        number="M12345678",
        family="HONG",
        given="GILDONG",
        birthdate=date(1980, 1, 31),
        sex="male",
        expires=date(2030, 1, 1),
    ),
    korean_family="홍",
    korean_given="길동",
    kind=Kind.FIRST,
    chip_read=True,
    photo_matches=True,
    names_match=True,
    registration="current",
    resident_number=True,
    relation=Relation.NONE,
    prepared_offline=False,
)
HAS_ONE = Known(newest_issued_at=TODAY - timedelta(days=400))


def born(day: date) -> Evidence:
    return replace(GOOD, passport=replace(GOOD.passport, birthdate=day))


def of(kind: Kind) -> Evidence:
    return replace(GOOD, kind=kind)


@pytest.mark.parametrize(
    ("evidence", "known", "expected"),
    [
        (GOOD, None, []),
        (replace(GOOD, passport=replace(GOOD.passport, expires=TODAY)), None, []),
        (
            replace(GOOD, passport=replace(GOOD.passport, expires=TODAY - timedelta(days=1))),
            None,
            [Bar.PASSPORT_EXPIRED],
        ),
        (born(date(2013, 1, 15)), None, []),
        (born(date(2013, 1, 16)), None, [Bar.TOO_YOUNG]),
        (replace(GOOD, photo_matches=False), None, [Bar.PHOTO]),
        (replace(GOOD, relation=Relation.FAMILY), None, [Bar.OWN_CASE]),
        (replace(GOOD, relation=Relation.SELF), None, [Bar.OWN_CASE]),
        (replace(GOOD, korean_family="이", korean_given="창구"), None, [Bar.OWN_CASE]),
        (GOOD, HAS_ONE, [Bar.KNOWN]),
        (of(Kind.REPLACE), None, [Bar.UNKNOWN]),
        (of(Kind.SECOND), None, [Bar.UNKNOWN]),
        (of(Kind.LIFT), None, [Bar.UNKNOWN]),
        (of(Kind.REPLACE), HAS_ONE, []),
        (of(Kind.SECOND), HAS_ONE, []),
        (of(Kind.LIFT), HAS_ONE, [Bar.NOT_SUSPENDED]),
        (of(Kind.LIFT), replace(HAS_ONE, suspended=True), []),
        (of(Kind.REPLACE), replace(HAS_ONE, person_active=False), [Bar.PERSON_ENDED]),
        (GOOD, replace(HAS_ONE, person_active=False), [Bar.PERSON_ENDED]),
        (replace(born(date(2020, 1, 1)), photo_matches=False), HAS_ONE, [Bar.TOO_YOUNG, Bar.PHOTO, Bar.KNOWN]),
    ],
)
def test_E_04_what_nobody_lifts(evidence, known, expected):
    assert bars(evidence, "이창구", known, TODAY) == expected


@pytest.mark.parametrize(
    ("evidence", "known", "expected"),
    [
        (GOOD, None, []),
        (replace(GOOD, chip_read=False), None, [Reason.NO_CHIP]),
        (replace(GOOD, names_match=False), None, [Reason.NAME]),
        (born(date(2008, 1, 15)), None, []),
        (born(date(2008, 1, 16)), None, [Reason.MINOR]),
        (of(Kind.REPLACE), HAS_ONE, []),
        (of(Kind.REPLACE), Known(newest_issued_at=TODAY - timedelta(days=29)), [Reason.REISSUE]),
        (of(Kind.REPLACE), Known(newest_issued_at=TODAY - timedelta(days=30)), []),
        (of(Kind.SECOND), HAS_ONE, [Reason.SECOND]),
        (of(Kind.LIFT), HAS_ONE, [Reason.LIFT]),
        (replace(GOOD, korean_family="이"), None, [Reason.SAME_SURNAME]),
        (replace(GOOD, prepared_offline=True), None, [Reason.OFFLINE]),
    ],
)
def test_E_04_E_10_what_takes_two(evidence, known, expected):
    assert reasons(evidence, "이창구", known, TODAY) == expected


@pytest.mark.parametrize("status", ["current", "struck_off", "none"])
def test_the_level_follows_the_registration(status):
    missing = facts_missing(replace(GOOD, registration=status))
    assert set(missing) == (set() if status == "current" else {Fact.REGISTERED_ABROAD})


@pytest.mark.parametrize(
    ("day", "years"), [(date(2012, 2, 29), 14), (date(2012, 1, 15), 15), (date(2012, 1, 16), 14), (TODAY, 0)]
)
def test_full_years_are_counted(day, years):
    assert age(day, TODAY) == years


@pytest.mark.parametrize(("before", "after"), list(product(CaseState, CaseState)))
def test_a_case_moves_only_along_the_table(before, after):
    if (before, after) in MOVES:
        assert move(before, after) is after
        assert before in from_states(after)
        return
    assert before not in from_states(after)
    with pytest.raises(IllegalCaseMove):
        move(before, after)


def test_what_is_done_or_ended_stays_so():
    assert not {before for before, _ in MOVES} & {CaseState.DONE, CaseState.ENDED}
