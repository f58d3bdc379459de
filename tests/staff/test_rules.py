"""The rules of staff as tables: who may do what, who may appoint whom, and when it takes two."""

from dataclasses import replace
from itertools import product
from uuid import UUID

import pytest

from idp.staff.appointing import NotAllowed, refuse_appointment, refuse_change, refuse_removal, takes_two
from idp.staff.four_eyes import FRESH_SECONDS, Decision, SecondPersonRefused, refuse_second_person
from idp.staff.member import InvalidAppointment, Member, appointment
from idp.staff.roles import AT_A_MISSION, INVITES, MAY, Act, Role

NOW = 1_800_000_000


def member(role: Role, number: int = 1, mission: str = "berlin") -> Member:
    return Member(id=UUID(int=number), name="n", role=role, mission=mission if role in AT_A_MISSION else None)


def test_V_01_every_role_has_its_row_and_every_act_somebody_who_may():
    assert set(MAY) == set(Role)
    assert frozenset().union(*MAY.values()) == set(Act)


def test_V_01_who_issues_registers_no_services_and_who_audits_changes_nothing():
    assert all(not {Act.CASE_HANDLE, Act.CLIENT_WRITE} <= acts for acts in MAY.values())
    assert all(not {Act.CASE_HANDLE, Act.MISSION_CHANGE} <= acts for acts in MAY.values())
    assert all(act.value.endswith(".read") for act in MAY[Role.AUDITOR])


@pytest.mark.parametrize(("by", "of"), list(product(Role, Role)))
def test_V_04_an_appointment_needs_a_role_that_reaches_it(by, of):
    new = appointment("이름", of, "berlin" if of in AT_A_MISSION else None)
    if of in INVITES.get(by, ()):
        refuse_appointment(member(by), new)
    else:
        with pytest.raises(NotAllowed, match="role_out_of_reach"):
            refuse_appointment(member(by), new)


def test_V_02_a_supervisor_appoints_for_the_own_mission_only():
    with pytest.raises(NotAllowed, match="other_mission"):
        refuse_appointment(member(Role.SUPERVISOR), appointment("이름", Role.OFFICER, "tokyo"))


@pytest.mark.parametrize(
    ("before", "after", "two"),
    [
        *((None, role, role in {Role.ADMINISTRATOR, Role.OPERATOR, Role.REGISTRAR}) for role in Role),
        *((Role.AUDITOR, role, role in {Role.ADMINISTRATOR, Role.OPERATOR, Role.REGISTRAR}) for role in Role),
        (Role.ADMINISTRATOR, Role.OPERATOR, False),  # takes something away: may have to be fast
        (Role.ADMINISTRATOR, Role.REGISTRAR, True),
        (Role.OPERATOR, Role.ADMINISTRATOR, True),
        (Role.REGISTRAR, Role.REGISTRAR, False),
    ],
)
def test_V_04_who_could_be_ones_second_person_is_appointed_by_two(before, after, two):
    assert takes_two(before, after) == two


@pytest.mark.parametrize("role", Role)
def test_V_04_nobody_raises_or_removes_themself(role):
    me = member(role)
    for to in Role:
        with pytest.raises(NotAllowed, match="not_oneself"):
            refuse_change(me, me, appointment("n", to, "berlin" if to in AT_A_MISSION else None))
    with pytest.raises(NotAllowed, match="not_oneself"):
        refuse_removal(me, me)


def test_V_04_a_supervisor_cannot_lift_an_officer_or_move_them_away():
    boss, other = member(Role.SUPERVISOR), member(Role.OFFICER, 2)
    with pytest.raises(NotAllowed, match="role_out_of_reach"):
        refuse_change(boss, other, appointment("n", Role.SUPERVISOR, "berlin"))
    with pytest.raises(NotAllowed, match="other_mission"):
        refuse_change(boss, other, appointment("n", Role.OFFICER, "tokyo"))
    with pytest.raises(NotAllowed, match="role_out_of_reach"):
        refuse_removal(boss, member(Role.ADMINISTRATOR, 3))


@pytest.mark.parametrize(
    ("name", "role", "mission"),
    [
        ("", Role.AUDITOR, None),
        ("n" * 61, Role.AUDITOR, None),
        ("\u202e\u202e이름", Role.AUDITOR, None),
        ("이\x00름", Role.AUDITOR, None),
        ("이름", Role.OFFICER, None),
        ("이름", Role.SUPERVISOR, None),
        ("이름", Role.ADMINISTRATOR, "berlin"),
    ],
)
def test_an_appointment_that_makes_no_sense_is_refused(name, role, mission):
    with pytest.raises(InvalidAppointment):
        appointment(name, role, mission)


DECISION = Decision(act=Act.CASE_APPROVE, first=UUID(int=1), mission="berlin", concerned=frozenset({UUID(int=9)}))
OFFICER = member(Role.OFFICER, 2)
REFUSED = {
    "four_eyes.same_person": {"second": member(Role.SUPERVISOR, 1)},
    "four_eyes.own_case": {"second": member(Role.SUPERVISOR, 9)},
    "four_eyes.role": {"second": member(Role.ADMINISTRATOR, 2)},
    "four_eyes.other_mission": {"second": member(Role.OFFICER, 2, "tokyo")},
}


@pytest.mark.parametrize(("reason", "changed"), REFUSED.items(), ids=REFUSED)
def test_E_04_V_04_the_second_person_is_somebody_else_who_may(reason, changed):
    with pytest.raises(SecondPersonRefused, match=reason):
        refuse_second_person(DECISION, changed["second"], proven_at=NOW, now=NOW)


@pytest.mark.parametrize("proven_at", [None, NOW - FRESH_SECONDS, NOW + 1])
def test_V_05_an_old_passkey_check_decides_nothing(proven_at):
    with pytest.raises(SecondPersonRefused, match="not_fresh"):
        refuse_second_person(DECISION, OFFICER, proven_at=proven_at, now=NOW)


@pytest.mark.parametrize(
    ("second", "proven_at"), [(OFFICER, NOW), (OFFICER, NOW - FRESH_SECONDS + 1), (member(Role.REGISTRAR, 3), NOW)]
)
def test_a_fresh_second_person_of_the_mission_or_of_headquarters_decides(second, proven_at):
    refuse_second_person(DECISION, second, proven_at=proven_at, now=NOW)
    refuse_second_person(replace(DECISION, mission=None), second, proven_at=proven_at, now=NOW)
