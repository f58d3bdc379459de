"""Signing in as staff, the list of staff, and what ends it: over HTTP, as a browser does it."""

import json
from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import text

from idp.demo.authenticator import SoftAuthenticator
from idp.settings import SettingsError
from idp.staff.appointing import INVITATION_SECONDS, NotAllowed
from idp.staff.member import appointment
from idp.staff.roles import Role
from idp.staff.sessions import ABSOLUTE_SECONDS, IDLE_SECONDS
from idp.storage.pending_acts import PendingActs
from tests.falsified import FALSIFIED
from tests.ground import ORIGIN, Ground, make_ground, visible
from tests.staff.colleagues import answer, appoint, at_desk, open_missions


@pytest.fixture
def office(ground: Ground) -> Ground:
    open_missions(ground)
    return ground


def join(ground: Ground, link: str, **falsified):
    """Take an invitation with a fresh device; the answer, and the device."""
    browser, device = ground.browser(), SoftAuthenticator(ground.provider.random_bytes)
    browser.get("/staff/join")
    browser.submit("/staff/join", secret=link.split("#")[1])
    if browser.page.status_code == 200:
        form = browser.form("/staff/join/passkey")
        made = device.create(json.loads(form["options"]), ORIGIN, **falsified)
        browser.post("/staff/join/passkey", form | {"credential": json.dumps(made)})
    return browser, device


def confirm(browser, colleague, **fields):
    """Ask for an act on the list, and confirm it."""
    browser.get("/staff/team")
    browser.post("/staff/team", browser.form("/staff/team") | fields)
    if 'action="/staff/team/confirm"' in browser.page.text:
        answer(browser, "/staff/team/confirm", colleague)
    return browser.page


def test_the_first_administrator_joins_by_a_command_s_link_and_signs_in(office):
    link = office.provider.staff.invite(appointment("정관리", Role.ADMINISTRATOR, None))
    browser, device = join(office, link)
    assert "/staff/sign-in" in browser.page.text
    browser.get("/staff/sign-in")
    form = browser.form("/staff/sign-in")
    given = device.get(json.loads(form["options"]), ORIGIN)
    assert browser.post("/staff/sign-in", form | {"credential": json.dumps(given)}).status_code == 303
    assert "정관리" in visible(browser.get("/staff"))
    tags = ["staff:member:invited", "staff:member:joined", "staff:session:started"]
    assert [tag for tag in office.events() if tag.startswith(("staff:member", "staff:session"))] == tags


def test_K_04_the_cookie_of_staff_has_its_own_name_and_flags(office):
    officer = appoint(office, Role.OFFICER)
    browser = office.browser()
    browser.get("/staff/sign-in")
    cookies = answer(browser, "/staff/sign-in", officer).headers.getlist("Set-Cookie")
    [cookie] = [one for one in cookies if one.startswith("idp-staff=")]
    assert {"HttpOnly", "SameSite=Lax", "Path=/"} <= set(cookie.split("; "))
    assert "Domain" not in cookie
    assert "Expires" not in cookie


def test_K_01_a_new_sign_in_ends_the_old_session_of_the_browser(office):
    officer = appoint(office, Role.OFFICER)
    browser = at_desk(office, officer)
    old = browser.client.get_cookie("idp-staff").value
    browser.get("/staff/sign-in")
    answer(browser, "/staff/sign-in", officer)
    assert browser.client.get_cookie("idp-staff").value != old
    thief = office.browser()
    thief.client.set_cookie("idp-staff", old, domain="localhost")
    assert thief.get("/staff").status_code == 401


def test_K_05_a_session_idles_out_after_15_minutes_and_ends_after_8_hours(office):
    officer = appoint(office, Role.OFFICER)
    browser = at_desk(office, officer)
    office.clock.now += IDLE_SECONDS - 1
    assert browser.get("/staff").status_code == 200
    office.clock.now += IDLE_SECONDS
    assert browser.get("/staff").status_code == 401
    browser = at_desk(office, officer)
    began = office.clock.now
    while office.clock.now + 600 < began + ABSOLUTE_SECONDS:
        office.clock.now += 600
        assert browser.get("/staff").status_code == 200
    office.clock.now = began + ABSOLUTE_SECONDS
    assert browser.get("/staff").status_code == 401


@pytest.mark.parametrize("cookie", ["", "x", "A" * 64, "A" * 4000])
def test_K_04_a_malformed_cookie_is_no_session(office, cookie):
    browser = office.browser()
    browser.client.set_cookie("idp-staff", cookie, domain="localhost")
    assert browser.get("/staff").status_code == 401


def test_K_03_a_citizen_s_session_or_passkey_is_none_of_staff(office, service, citizen):
    browser = office.browser()
    browser.tokens(service, citizen)
    assert browser.get("/staff").status_code == 401
    browser.client.set_cookie("idp-staff", browser.client.get_cookie("idp-session").value, domain="localhost")
    assert browser.get("/staff").status_code == 401
    browser.get("/staff/sign-in")
    form = browser.form("/staff/sign-in")
    given = citizen.phone.get(json.loads(form["options"]), ORIGIN)
    page = browser.post("/staff/sign-in", form | {"credential": json.dumps(given)})
    assert page.status_code == 400
    assert office.rows("staff_sessions") == 0


def test_a_member_of_staff_is_no_citizen(office, service):
    officer = appoint(office, Role.OFFICER)
    browser = at_desk(office, officer)
    browser.authorize(service)
    given = officer.device.get(browser.options(), ORIGIN)
    page = browser.submit("/sign-in/passkey", credential=json.dumps(given))
    assert page.status_code == 400
    assert office.rows("sign_ins") == office.rows("sessions") == 0


@pytest.mark.parametrize("falsified", FALSIFIED.values(), ids=FALSIFIED)
def test_W_a_false_assertion_signs_nobody_in_and_writes_nothing(office, falsified):
    officer = appoint(office, Role.OFFICER)
    browser = office.browser()
    browser.get("/staff/sign-in")
    before = office.contents()
    assert answer(browser, "/staff/sign-in", officer, **falsified).status_code == 400
    assert office.contents() == before
    assert browser.client.get_cookie("idp-staff") is None


def test_W_01_an_assertion_counts_once_for_a_while_and_in_its_browser(office):
    officer = appoint(office, Role.OFFICER)
    browser = office.browser()
    browser.get("/staff/sign-in")
    form = browser.form("/staff/sign-in")
    given = form | {"credential": json.dumps(officer.device.get(json.loads(form["options"]), ORIGIN))}
    other = office.browser()
    other.get("/staff/sign-in")
    token = other.form("/staff/sign-in")["csrf"]
    assert other.post("/staff/sign-in", given | {"csrf": token}).status_code == 400
    assert browser.post("/staff/sign-in", given).status_code == 303
    assert browser.post("/staff/sign-in", given).status_code == 400
    assert office.rows("staff_sessions") == 1
    browser.get("/staff/sign-in")
    office.clock.now += 301
    assert answer(browser, "/staff/sign-in", officer).status_code == 400


def test_W_08_a_count_that_goes_back_stops_the_passkey(office):
    officer = appoint(office, Role.OFFICER)
    browser = at_desk(office, officer)
    browser.get("/staff/sign-in")
    answer(browser, "/staff/sign-in", officer, sign_count=5)
    browser.get("/staff/sign-in")
    answer(browser, "/staff/sign-in", officer, sign_count=4)
    assert browser.get("/staff").status_code == 401
    assert "provider:staff_passkey:suspended" in office.events()


def test_R_12_signing_in_leads_only_to_pages_of_staff(office):
    officer = appoint(office, Role.OFFICER)
    wanted = {"/staff/team": "/staff/team", "//evil": "/staff", "/\\evil": "/staff", "/authorize?x=1": "/staff"}
    for given, reached in (wanted | {"https:evil": "/staff", "/staff/../logout": "/staff"}).items():
        browser = office.browser()
        browser.get("/staff/sign-in", query_string={"next": given})
        assert answer(browser, "/staff/sign-in", officer).headers["Location"] == reached


def test_E_01_an_invitation_is_one_browser_s_once_and_for_a_day(office):
    staff = office.provider.staff
    link = staff.invite(appointment("정관리", Role.ADMINISTRATOR, None))
    browser, _ = join(office, link)
    assert browser.page.status_code == 200
    assert join(office, link)[0].page.status_code == 400
    late = staff.invite(appointment("정관리", Role.ADMINISTRATOR, None))
    office.clock.now += INVITATION_SECONDS
    assert join(office, late)[0].page.status_code == 400
    assert office.rows("staff_members") == 1


def test_W_05_a_false_registration_makes_no_member(office):
    link = office.provider.staff.invite(appointment("정관리", Role.ADMINISTRATOR, None))
    assert "/staff/join/passkey" in join(office, link, client_origin="https://evil.example")[0].page.text
    assert office.rows("staff_members") == 0


def test_V_04_the_invitation_of_somebody_removed_meanwhile_is_worth_nothing(office):
    boss = appoint(office, Role.SUPERVISOR, name="박책임")
    browser = at_desk(office, boss)
    page = confirm(browser, boss, act="invite", name="새직원", role="officer", mission="berlin")
    link = page.text.split('id="invitation-link">')[1].split("<")[0]
    office.provider.staff.remove(boss.id)
    assert join(office, link)[0].page.status_code == 400


def test_a_supervisor_invites_and_removes_an_officer_of_the_own_mission(office):
    boss, stranger = appoint(office, Role.SUPERVISOR), appoint(office, Role.OFFICER, "tokyo", "김도쿄")
    browser = at_desk(office, boss)
    page = confirm(browser, boss, act="invite", name="새직원", role="officer", mission="berlin")
    assert join(office, page.text.split('id="invitation-link">')[1].split("<")[0])[0].page.status_code == 200
    listed = visible(browser.get("/staff/team"))
    assert "새직원" in listed
    assert "김도쿄" not in listed
    [new] = [one for one in office.provider.staff.all("berlin") if one.name == "새직원"]
    assert confirm(browser, boss, act="remove", member=str(new.id)).status_code == 303
    assert office.provider.staff.all("berlin")[0].id == boss.id
    assert confirm(browser, boss, act="remove", member=str(stranger.id)).status_code == 404


REFUSED = [
    ({"act": "invite", "name": "x", "role": "administrator"}, 403),
    ({"act": "invite", "name": "x", "role": "officer", "mission": "tokyo"}, 403),
    ({"act": "invite", "name": "x", "role": "emperor"}, 400),
    ({"act": "invite", "name": "", "role": "officer", "mission": "berlin"}, 422),
    ({"act": "invite", "name": "x", "role": "officer", "mission": ""}, 422),
    ({"act": "crown"}, 400),
    ({"act": "remove", "member": "x"}, 404),
]


@pytest.mark.parametrize(("fields", "status"), REFUSED)
def test_V_04_what_a_supervisor_may_not_do_is_refused(office, fields, status):
    boss = appoint(office, Role.SUPERVISOR)
    appoint(office, Role.OFFICER, name="둘째")
    browser = at_desk(office, boss)
    browser.get("/staff/team")
    token = {"csrf": browser.form("/staff/team")["csrf"]}
    assert browser.post("/staff/team", token | fields).status_code == status
    assert office.rows("staff_invitations") == 0


def test_V_04_nobody_changes_themself_over_http_either(office):
    first = appoint(office, Role.ADMINISTRATOR)
    appoint(office, Role.ADMINISTRATOR, name="둘째")
    browser = at_desk(office, first)
    browser.get("/staff/team")
    form = browser.form("/staff/team") | {"act": "remove", "member": str(first.id)}
    assert browser.post("/staff/team", form).status_code == 403
    assert office.events()[-1] == "staff:act:refused"


def test_V_05_an_act_needs_the_passkey_of_who_is_signed_in_and_counts_once(office):
    boss, other = appoint(office, Role.ADMINISTRATOR), appoint(office, Role.ADMINISTRATOR, name="둘째")
    browser = at_desk(office, boss)
    browser.get("/staff/team")
    browser.post("/staff/team", browser.form("/staff/team") | {"act": "invite", "name": "새", "role": "auditor"})
    form = browser.form("/staff/team/confirm")
    options = json.loads(form["options"])
    options["allowCredentials"] = []
    false = json.dumps(other.device.get(options, ORIGIN))
    assert browser.post("/staff/team/confirm", form | {"credential": false}).status_code == 422
    assert browser.post("/staff/team/confirm", form | {"credential": ""}).status_code == 422
    right = form | {"credential": json.dumps(boss.device.get(options, ORIGIN))}
    assert browser.post("/staff/team/confirm", right).status_code == 200
    assert browser.post("/staff/team/confirm", right).status_code == 422
    assert office.rows("staff_invitations") == 1


GROUND = "김운영 임명 공문 2026-31호"


def waiting(office):
    """The key of the only act that waits for a second person."""
    with office.provider.database.read() as reading:
        [one] = PendingActs(reading).waiting(office.clock.now)
    return f"/console/acts/{one.id}"


def approve(office, colleague):
    """Approve it, as far as one is let."""
    browser, path = at_desk(office, colleague), waiting(office)
    shown = browser.get(path)
    if 'value="act_approve"' not in shown.text:
        token = {"csrf": browser.form("/staff/sign-out")["csrf"]}
        return browser.post(path, token | {"decision": "act_approve"})
    browser.submit(path, decision="act_approve")
    return answer(browser, "/console/confirm", colleague)


@pytest.mark.parametrize("role", ["administrator", "operator", "registrar"])
def test_V_04_who_could_be_ones_second_person_is_invited_by_two(office, role):
    boss = appoint(office, Role.ADMINISTRATOR)
    browser = at_desk(office, boss)
    assert confirm(browser, boss, act="invite", name="김운영", role=role).status_code == 422, "without a ground"
    assert confirm(browser, boss, act="invite", name="김운영", role=role, ground=GROUND).status_code == 303
    assert office.rows("staff_invitations") == 0
    assert approve(office, boss).status_code in {200, 403}
    assert office.rows("staff_invitations") == 0, "one person alone"
    second = appoint(office, Role.ADMINISTRATOR, name="둘째")
    shown = visible(at_desk(office, second).get(waiting(office)))
    assert "김운영" in shown
    assert GROUND in shown
    done = approve(office, second)
    joined = join(office, done.text.split('id="invitation-link">')[1].split("<")[0])[0]
    assert joined.page.status_code == 200
    assert [one.role.value for one in office.provider.staff.all()].count(role) == (3 if role == "administrator" else 1)
    assert "김운영" not in json.dumps([list(map(str, row)) for row in office.contents()["audit_events"]])


@pytest.mark.parametrize("attempt", ["decided by two", "the one concerned", "another role since", "the first is gone"])
def test_V_04_a_role_that_decides_for_the_whole_house_is_given_by_two(office, attempt):
    boss, of = appoint(office, Role.ADMINISTRATOR), appoint(office, Role.OPERATOR, name="셋째")
    second = appoint(office, Role.ADMINISTRATOR, name="둘째")
    browser, staff = at_desk(office, boss), office.provider.staff
    asked = confirm(browser, boss, act="role", member=str(of.id), role="administrator", ground=GROUND)
    assert asked.status_code == 303
    if attempt == "the one concerned":
        staff.change(of.id, Role.ADMINISTRATOR, None)
        second = of
    elif attempt == "another role since":
        staff.change(of.id, Role.AUDITOR, None)
    elif attempt == "the first is gone":
        staff.remove(boss.id)
    before = office.contents()["staff_members"]
    done = approve(office, second)
    if attempt == "decided by two":
        assert done.status_code == 303
        assert office.events()[-2:] == ["staff:act:approved", "staff:member:changed"]
        assert sum(one.role is Role.ADMINISTRATOR for one in staff.all()) == 3
    else:
        assert done.status_code in {403, 409}
        assert office.contents()["staff_members"] == before


def test_V_04_no_way_past_the_second_person(office):
    boss, of = appoint(office, Role.ADMINISTRATOR), appoint(office, Role.AUDITOR, name="셋째")
    by = next(one for one in office.provider.staff.all() if one.id == boss.id)
    with pytest.raises(NotAllowed, match="takes_two"):
        office.provider.staff.invite(appointment("김운영", Role.OPERATOR, None), by, "robot")
    with pytest.raises(NotAllowed, match="takes_two"):
        office.provider.staff.change(of.id, Role.REGISTRAR, None, by)
    office.provider.staff.change(of.id, Role.OFFICER, "berlin", by)


@pytest.mark.parametrize("by_command", [False, True])
def test_removal_and_a_new_role_hold_at_the_next_request_in_every_worker(office, tmp_path, by_command):
    boss, officer = appoint(office, Role.ADMINISTRATOR), appoint(office, Role.SUPERVISOR)
    url = office.provider.settings.database_url
    (tmp_path / "w").mkdir()
    worker = make_ground(tmp_path / "w", url, secrets=(tmp_path / "secrets").read_text(), ready=True)
    browser = at_desk(office, officer)
    elsewhere = worker.browser()
    elsewhere.client.set_cookie("idp-staff", browser.client.get_cookie("idp-staff").value, domain="localhost")
    worker.clock.now = office.clock.now
    assert elsewhere.get("/staff/team").status_code == 200
    by = None if by_command else next(one for one in office.provider.staff.all() if one.id == boss.id)
    office.provider.staff.change(officer.id, Role.OFFICER, "berlin", by)
    assert elsewhere.get("/staff/team").status_code == 403
    office.provider.staff.remove(officer.id, by)
    assert elsewhere.get("/staff").status_code == 401
    worker.provider.database.engine.dispose()


def test_V_04_the_last_administrator_stays(office):
    only = appoint(office, Role.ADMINISTRATOR)
    for act in (
        lambda: office.provider.staff.remove(only.id),
        lambda: office.provider.staff.change(only.id, Role.AUDITOR, None),
    ):
        with pytest.raises(NotAllowed, match="last_administrator"):
            act()
    appoint(office, Role.ADMINISTRATOR, name="둘째")
    office.provider.staff.remove(only.id)


def test_V_04_two_administrators_who_remove_each_other_leave_one(either_ground):
    for _ in range(10):
        pair = [appoint(either_ground, Role.ADMINISTRATOR) for _ in range(2)]
        others = [one.id for one in either_ground.provider.staff.all() if one.id not in {two.id for two in pair}]
        for other in others:
            either_ground.provider.staff.remove(other)
        members = {one.id: one for one in either_ground.provider.staff.all()}

        def remove(of, by, members=members):
            try:
                either_ground.provider.staff.remove(of, members[by])
            except NotAllowed as refused:
                return refused.reason
            return "removed"

        first, second = (one.id for one in pair)
        with ThreadPoolExecutor(2) as pool:
            done = list(pool.map(remove, (first, second), (second, first)))
        assert done.count("removed") == 1, done
        assert len(either_ground.provider.staff.all()) == 1


def test_signing_out_ends_the_session_and_not_only_the_cookie(office):
    browser = at_desk(office, appoint(office, Role.OFFICER))
    old = browser.client.get_cookie("idp-staff").value
    browser.get("/staff")
    assert browser.submit("/staff/sign-out").status_code == 303
    browser.client.set_cookie("idp-staff", old, domain="localhost")
    assert browser.get("/staff").status_code == 401
    assert office.events()[-1] == "staff:session:ended"


def test_V_08_production_refuses_to_start_with_staff_of_the_demonstration(office, tmp_path):
    (tmp_path / "p").mkdir()
    token = tmp_path / "token"
    token.write_text("x")
    token.chmod(0o600)
    gateways = tmp_path / "gateways.toml"
    gateways.write_text(f'[one]\nkind = "twilio"\naccount = "AC1"\nsender = "ID"\nsecret_file = "{token}"\n')
    gateways.chmod(0o600)
    settings = {
        "environment": "production",
        "issuer": "https://id.example.kr",
        "demo": False,
        "gateways_file": gateways,
    }
    secrets, url = (tmp_path / "secrets").read_text(), office.provider.settings.database_url
    officer = appoint(office, Role.OFFICER)
    with pytest.raises(SettingsError, match="staff of the demonstration"):
        make_ground(tmp_path / "p", url, secrets=secrets, ready=True, **settings)
    office.provider.staff.remove(officer.id)
    make_ground(tmp_path / "p", url, secrets=secrets, ready=True, **settings).provider.database.engine.dispose()


def test_no_invitation_or_session_stands_readable_in_the_database(office):
    link = office.provider.staff.invite(appointment("정관리", Role.ADMINISTRATOR, None))
    browser = at_desk(office, appoint(office, Role.OFFICER))
    kept = repr(office.contents())
    assert link.split("#")[1] not in kept
    assert browser.client.get_cookie("idp-staff").value not in kept
    with office.provider.database.read() as reading:
        assert all(len(row.user_handle) == 64 for row in reading.all(text("SELECT user_handle FROM staff_members")))
