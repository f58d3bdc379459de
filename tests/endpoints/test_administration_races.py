"""The administration API: of several who read the same state and change it together, exactly one wins.

On SQLite and on PostgreSQL: `If-Match` is compared within the transaction that writes.
"""

from collections.abc import Callable
from itertools import count

import pytest

from idp.missions.mission import Opening
from idp.staff.member import Member
from idp.staff.roles import Role
from idp.storage.wire import Outdated
from tests.endpoints.test_administration import Robot
from tests.races import CALLERS, race
from tests.staff.colleagues import appoint, open_missions

ROUNDS = 5


@pytest.fixture
def robot(either_ground):
    open_missions(either_ground)
    return Robot(either_ground, appoint(either_ground, Role.ADMINISTRATOR))


def colleague(robot):
    return f"/admin/v1/staff/{appoint(robot.ground, Role.AUDITOR).id}"


CHANGES = {
    # what: where, the body of a turn and a caller, each another state, and the event of each change
    "missions": (
        lambda _robot: "/admin/v1/missions/berlin",
        lambda _turn, n: {"opening": "pilot", "quota": n},
        "staff:mission:changed",
    ),
    "countries": (
        lambda _robot: "/admin/v1/countries/DE",
        lambda _turn, n: {"note": f"note {n}"},
        "operator:country:changed",
    ),
    "staff": (
        colleague,
        lambda turn, n: {"role": ("supervisor", "officer")[turn % 2], "mission": ("berlin", "tokyo")[n % 2]},
        "staff:member:changed",
    ),
}


@pytest.mark.parametrize("what", CHANGES)
def test_of_several_changes_of_the_same_state_one_holds(robot, what):
    where, body, event = CHANGES[what]
    at, numbers = where(robot), count(1)
    before = robot.ground.events().count(event)
    for turn in range(ROUNDS):
        seen = {"If-Match": robot.do("GET", at).headers["ETag"]}
        answers = race(lambda turn=turn, seen=seen: robot.do("PUT", at, body(turn, next(numbers)), **seen))
        statuses = sorted(answered.status_code for answered in answers)
        assert statuses == [200] + [412] * (CALLERS - 1), [answered.text for answered in answers]
    assert robot.ground.events().count(event) == before + ROUNDS


def test_of_a_removal_and_a_change_one_holds(robot):
    for _ in range(ROUNDS):
        at = colleague(robot)
        seen = {"If-Match": robot.do("GET", at).headers["ETag"]}
        asks = iter([("DELETE", at, None), ("PUT", at, {"role": "supervisor", "mission": "berlin"})])
        answers = race(lambda asks=asks, seen=seen: robot.do(*next(asks), **seen), callers=2)
        done = [answered.status_code for answered in answers if answered.status_code < 300]
        assert len(done) == 1, [answered.text for answered in answers]


class Seen:
    """Two administrators look, then both act: without any race, so that the order is certain."""

    def __init__(self, robot: Robot) -> None:
        wired = robot.ground.provider
        self.mission = wired.missions.find("berlin")
        self.country = wired.coverage.base.countries["DE"]
        self.id = appoint(robot.ground, Role.AUDITOR).id
        self.member: Member = next(one for one in wired.staff.all() if one.id == self.id)
        self.missions, self.phones, self.staff = wired.missions, wired.phones, wired.staff

    def acts(self) -> dict[str, Callable[[], object]]:
        """Each act, by what each of the two has seen."""
        return {
            "mission": lambda: self.missions.set_opening(["berlin"], Opening.CLOSED, None, seen=[self.mission]),
            "country": lambda: self.phones.override("DE", {"note": "x"}, seen=self.country),
            "role": lambda: self.staff.change(self.id, Role.OPERATOR, None, seen=self.member),
        }


def test_who_decided_by_what_is_not_so_any_more_changes_nothing(robot):
    seen = Seen(robot)
    for what, act in seen.acts().items():
        act()
        kept = robot.ground.contents()
        with pytest.raises(Outdated):
            act()
        assert robot.ground.contents() == kept, what
    with pytest.raises(Outdated):
        seen.phones.reset("DE", seen=seen.country)
    with pytest.raises(Outdated):
        seen.staff.remove(seen.id, seen=seen.member)


def test_two_changes_of_one_country_that_do_not_touch_each_other_both_hold(robot):
    """Each lays its members over those of the other, which it must have seen."""
    phones = robot.ground.provider.phones
    for hour in range(1, ROUNDS + 1):
        asks = iter([{"note": f"note {hour}"}, {"hour": hour}])
        race(lambda asks=asks: phones.override("DE", next(asks)), callers=2)
        shown = robot.do("GET", "/admin/v1/countries/DE").get_json()
        assert (shown["note"], shown["hour"]) == (f"note {hour}", hour)
