"""V-01, V-02: every address of staff × every role × the own and another mission, generated from the URL map.

Nobody signed in: 401. A role without the act: 403. A case of another mission: 404. An address that somebody adds is
missing in `NEEDS` and fails until it stands there. Who is refused changes nothing.
"""

from itertools import product
from uuid import UUID

import pytest

from idp.demo.passports import mrz
from idp.staff.roles import AT_A_MISSION, Act, Role, may
from tests.ground import Ground, Walker, copy_ground
from tests.missions.counters import Counter, Phone, counter
from tests.staff.colleagues import appoint, at_desk

OPEN = {
    # How staff come in: what is checked there is the passkey, or the invitation.
    ("GET", "/staff/sign-in"),
    ("POST", "/staff/sign-in"),
    ("GET", "/staff/join"),
    ("POST", "/staff/join"),
    ("GET", "/staff/join/passkey"),
    ("POST", "/staff/join/passkey"),
    ("POST", "/staff/sign-out"),
}
ANY_ROLE = {("GET", "/staff")}
NEEDS = {
    ("GET", "/staff/team"): Act.STAFF_READ,
    ("POST", "/staff/team"): Act.STAFF_APPOINT,
    ("POST", "/staff/team/confirm"): Act.STAFF_APPOINT,
    ("GET", "/counter"): Act.CASE_READ,
    ("GET", "/counter/figures"): Act.COUNTER_FIGURES,
    ("GET", "/counter/sheet"): Act.CASE_HANDLE,
    ("GET", "/counter/new"): Act.CASE_HANDLE,
    ("POST", "/counter/new"): Act.CASE_HANDLE,
    ("POST", "/counter/approve"): Act.CASE_APPROVE,
    ("GET", "/counter/end"): Act.PERSON_END,
    ("POST", "/counter/end"): Act.PERSON_END,
    ("POST", "/counter/end/confirm"): Act.PERSON_END,
    ("GET", "/counter/<uuid:case>"): Act.CASE_READ,
    ("GET", "/counter/<uuid:case>/status"): Act.CASE_READ,
    ("POST", "/counter/<uuid:case>/link"): Act.CASE_HANDLE,
    ("POST", "/counter/<uuid:case>/confirm"): Act.CASE_HANDLE,
    ("POST", "/counter/<uuid:case>/lift"): Act.CASE_HANDLE,
    ("POST", "/counter/<uuid:case>/decline"): Act.CASE_APPROVE,
    ("POST", "/counter/<uuid:case>/cancel"): Act.CASE_HANDLE,
}
BLUEPRINTS = ("staff.", "staff_join.", "staff_team.", "counter.", "counter_end.", "counter_figures.", "counter_list.")


class Stage:
    """A ground with a case that waits, one member of each role at each mission, and their browsers."""

    def __init__(self, ground: Ground) -> None:
        self.ground = ground
        self.at = counter(ground)
        self.at.start(chip_read=None)
        self.desks: dict[tuple[Role, str], Walker] = {}
        for role, mission in product(Role, ("berlin", "tokyo")):
            self.desks[role, mission] = at_desk(ground, appoint(ground, role, mission, f"{role.value}"))

    def ask(self, browser: Walker, method: str, rule: str) -> int:
        path = rule.replace("<uuid:case>", self.at.case)
        if method == "GET":
            return browser.get(path).status_code
        browser.get("/staff/sign-in")
        return browser.post(path, {"csrf": browser.form("/staff/sign-in")["csrf"]}).status_code


@pytest.fixture(scope="module")
def stage(template, tmp_path_factory):
    made = copy_ground(template, tmp_path_factory.mktemp("matrix"))
    yield Stage(made)
    made.provider.database.engine.dispose()


def routes(ground: Ground) -> set[tuple[str, str]]:
    return {
        (method, rule.rule)
        for rule in ground.app.url_map.iter_rules()
        if rule.endpoint.startswith(BLUEPRINTS)
        for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}
    }


def test_V_01_every_address_of_staff_stands_in_the_matrix(stage):
    assert routes(stage.ground) == set(NEEDS) | OPEN | ANY_ROLE
    staff = {
        rule.rule for rule in stage.ground.app.url_map.iter_rules() if rule.rule.startswith(("/staff", "/counter"))
    }
    assert staff == {rule for _, rule in routes(stage.ground)}, "a page of staff outside the blueprints of staff"


@pytest.mark.parametrize(("method", "rule"), sorted(set(NEEDS) | ANY_ROLE))
def test_V_01_nobody_signed_in_gets_nothing(stage, method, rule):
    before = stage.ground.contents()
    assert stage.ask(stage.ground.browser(), method, rule) == 401
    assert stage.ground.contents() == before


REFUSED = [(method, rule, role) for (method, rule), act in sorted(NEEDS.items()) for role in Role if not may(role, act)]


@pytest.mark.parametrize(("method", "rule", "role"), REFUSED)
def test_V_01_a_role_without_the_act_is_refused(stage, method, rule, role):
    before = stage.ground.contents()
    assert stage.ask(stage.desks[role, "berlin"], method, rule) == 403
    assert stage.ground.contents() == before


ALLOWED = [(method, rule, role) for (method, rule), act in sorted(NEEDS.items()) for role in Role if may(role, act)]


@pytest.mark.parametrize(("method", "rule", "role"), [one for one in ALLOWED if one[0] == "GET"])
def test_V_01_a_role_with_the_act_comes_in(stage, method, rule, role):
    assert stage.ask(stage.desks[role, "berlin"], method, rule) == 200


@pytest.mark.parametrize(
    ("method", "rule", "role"), [one for one in ALLOWED if "<uuid:case>" in one[1] and one[2] in AT_A_MISSION]
)
def test_V_02_a_case_of_another_mission_does_not_exist(stage, method, rule, role):
    before = stage.ground.contents()
    assert stage.ask(stage.desks[role, "tokyo"], method, rule) == 404
    unknown = rule.replace("<uuid:case>", str(UUID(int=7)))
    assert stage.ask(stage.desks[role, "tokyo"], method, unknown) == 404
    seen = {name: rows for name, rows in stage.ground.contents().items() if name != "staff_sessions"}
    assert seen == {name: rows for name, rows in before.items() if name != "staff_sessions"}


@pytest.mark.parametrize("role", sorted(AT_A_MISSION, key=lambda one: one.value))
def test_V_02_lists_hold_nothing_of_another_mission(stage, role):
    desk = stage.desks[role, "tokyo"]
    assert stage.at.case not in desk.get("/counter").text
    assert stage.at.case in stage.desks[role, "berlin"].get("/counter").text
    assert stage.at.case in stage.desks[Role.REGISTRAR, "berlin"].get("/counter").text


CROSS_SITE = [{"Origin": "https://evil.example"}, {"Origin": "null"}, {"Sec-Fetch-Site": "cross-site"}]


@pytest.mark.parametrize("headers", CROSS_SITE)
@pytest.mark.parametrize("rule", sorted(rule for method, rule in set(NEEDS) | OPEN if method == "POST"))
def test_CS_01_no_form_of_staff_is_taken_from_elsewhere_or_without_its_token(stage, rule, headers):
    desk = stage.desks[Role.SUPERVISOR, "berlin"]
    path = rule.replace("<uuid:case>", stage.at.case)
    desk.get("/staff/sign-in")
    before = stage.ground.contents()
    form = {"csrf": desk.form("/staff/sign-in")["csrf"]}
    assert desk.post(path, form, headers=headers).status_code == 403
    assert desk.post(path, {"csrf": "0" * 64}).status_code == 403
    assert stage.ground.contents() == before


def test_E_01_a_link_is_bound_to_its_case_and_its_case_to_its_mission(stage):
    """The phone that opened a link of one mission finishes no case of another."""
    tokyo = Counter(stage.ground, "tokyo")
    tokyo.start(mrz=mrz(number="M55555555"))
    phone = Phone(stage.ground)
    number = phone.enrol(tokyo.link())
    stage.at.look()
    token = {"csrf": stage.at.desk.form("/staff/sign-out")["csrf"], "number": number}
    assert stage.at.desk.post(f"/counter/{stage.at.case}/confirm", token).status_code == 409
    assert stage.at.desk.post(f"/counter/{tokyo.case}/confirm", token).status_code == 404
    assert stage.ground.rows("credentials") == 0
