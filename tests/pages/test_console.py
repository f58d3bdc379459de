"""The console: who may do what (generated from the addresses), and that nothing happens unproven."""

import json

import pytest
from sqlalchemy import text

from idp.pages.console_confirm import ACTS
from idp.staff.actor import OPERATOR
from idp.staff.roles import MAY, Act, Role
from tests.ground import visible
from tests.pages.console_walks import ask_rotation, live_session, propose, waiting_message
from tests.staff.colleagues import answer, appoint, at_desk, open_missions


@pytest.fixture(scope="module")
def service(office):
    return office.register()


# V-01: the matrix of addresses and roles.

READS = {
    "/console": None,  # whoever may read anything there
    "/console/clients": Act.CLIENT_READ,
    "/console/clients.csv": Act.CLIENT_READ,
    "/console/clients/<client_id>": Act.CLIENT_READ,
    "/console/proposals": Act.CLIENT_READ,
    "/console/proposals/new": Act.CLIENT_WRITE,
    "/console/proposals/<uuid:row>": Act.CLIENT_READ,
    "/console/acts/<uuid:pending>": Act.KEY_READ,
    "/console/figures": Act.FIGURES_READ,
    "/console/figures.csv": Act.FIGURES_READ,
    "/console/missions": Act.MISSION_READ,
    "/console/missions.csv": Act.MISSION_READ,
    "/console/members": Act.STAFF_READ,
    "/console/members.csv": Act.STAFF_READ,
    "/console/countries": Act.COUNTRY_READ,
    "/console/countries.csv": Act.COUNTRY_READ,
    "/console/countries/<region>": Act.COUNTRY_READ,
    "/console/gateways": Act.COUNTRY_READ,
    "/console/gateways.csv": Act.COUNTRY_READ,
    "/console/sessions": Act.SESSION_READ,
    "/console/outbox": Act.OUTBOX_READ,
    "/console/outbox.csv": Act.OUTBOX_READ,
    "/console/keys": Act.KEY_READ,
    "/console/keys.csv": Act.KEY_READ,
    "/console/switches": Act.SWITCH_READ,
    "/console/audit": Act.AUDIT_READ,
}
WRITES = {
    # address: the act that it takes, and a form that asks for it
    "/console/clients/<client_id>": (Act.CLIENT_APPROVE, {"act": "client_stop"}),
    "/console/clients/<client_id>/logo": (Act.CLIENT_WRITE, {}),
    "/console/proposals": (Act.CLIENT_WRITE, {}),
    "/console/proposals/<uuid:row>": (Act.CLIENT_APPROVE, {"decision": "proposal_approve"}),
    "/console/acts/<uuid:pending>": (Act.KEY_ROTATE, {"decision": "act_approve"}),
    "/console/missions": (Act.MISSION_CHANGE, {"mission": "berlin", "opening": "open"}),
    "/console/countries/<region>": (Act.COUNTRY_CHANGE, {"sms": "no"}),
    "/console/sessions": (Act.SESSION_END, {"act": "session_end"}),
    "/console/outbox": (Act.OUTBOX_CHANGE, {"act": "outbox_drop"}),
    "/console/keys": (Act.KEY_ROTATE, {"ground": "They are a year old."}),
    "/console/switches": (Act.SWITCH_CHANGE, {"switch": "voice_calls"}),
    "/console/audit": (Act.AUDIT_READ, {}),
    "/console/confirm": (None, {}),  # the act stands in the sealed note; every one of ACTS is tried below
}
CENTRAL = {act for act in READS.values() if act} - {Act.STAFF_READ}
OF_A_MISSION = {Role.SUPERVISOR}  # sees the own team, on a page of its own


def rules(office, method):
    return {
        rule.rule
        for rule in office.app.url_map.iter_rules()
        if rule.rule.startswith("/console") and method in rule.methods
    }


def at(office, service, rule):
    if "uuid:row" in rule:
        rule = rule.replace("<uuid:row>", str(propose(office, client_id="matrix")))
    if "uuid:pending" in rule:
        rule = rule.replace("<uuid:pending>", str(ask_rotation(office)))
    return rule.replace("<client_id>", service.id).replace("<region>", "DE")


def test_V_01_every_address_of_the_console_stands_in_the_matrix(office):
    assert rules(office, "GET") == set(READS)
    assert rules(office, "POST") == set(WRITES)


@pytest.mark.parametrize("rule", READS)
def test_V_01_whoever_may_not_read_it_gets_403_and_strangers_401(office, people, service, rule):
    path = at(office, service, rule)
    assert office.browser().get(path).status_code == 401
    for role, (_, browser) in people.items():
        may = bool(MAY[role] & CENTRAL) if READS[rule] is None else READS[rule] in MAY[role]
        may = may and not (role in OF_A_MISSION and READS[rule] is Act.STAFF_READ)
        assert browser.get(path).status_code == (200 if may else 403), (rule, role)


@pytest.mark.parametrize("rule", [rule for rule, (act, _) in WRITES.items() if act])
def test_V_01_whoever_may_not_do_it_gets_403_and_strangers_401(office, people, service, rule):
    path = at(office, service, rule)
    stranger = office.browser()
    stranger.get("/staff/sign-in")
    csrf = stranger.form("/staff/sign-in")["csrf"]
    act, fields = WRITES[rule]
    assert stranger.post(path, fields | {"csrf": csrf}).status_code == 401
    for role, (_, browser) in people.items():
        browser.get("/staff")
        done = browser.post(path, fields | {"csrf": browser.form("/staff/sign-out")["csrf"]})
        may = act in MAY[role]
        assert (done.status_code in {200, 303, 404, 422}) == may, (rule, role, done.status_code)
        assert may or done.status_code == 403


@pytest.mark.parametrize("rule", WRITES)
def test_CS_01_a_form_without_its_token_does_nothing(office, people, service, rule):
    before = office.contents()["clients"]
    _, browser = people[Role.ADMINISTRATOR]
    assert browser.post(at(office, service, rule), {"act": "client_stop"}).status_code == 403
    assert office.contents()["clients"] == before


@pytest.mark.parametrize("name", ACTS)
def test_V_01_a_role_that_was_taken_away_before_the_confirmation_does_no_more(ground, name):
    open_missions(ground)
    service, colleague = ground.register(), appoint(ground, holder(ACTS[name].act))
    browser = at_desk(ground, colleague)
    reach(ground, browser, service, name)
    with ground.provider.database.begin() as step:
        step.run(text("UPDATE staff_members SET role = 'registrar'"))
    before = {table: rows for table, rows in ground.contents().items() if table in CHANGING}
    assert answer(browser, "/console/confirm", colleague).status_code == 403
    assert {table: rows for table, rows in ground.contents().items() if table in CHANGING} == before


CHANGING = ("clients", "signing_keys", "client_proposals", "pending_acts", "missions", "country_overrides", "outbox")
CHANGING += ("sessions", "switches")


def holder(act):
    return next(role for role in Role if act in MAY[role]) if act else Role.ADMINISTRATOR


def reach(ground, browser, service, name):
    """The confirmation page of an act."""
    at = f"/console/clients/{service.id}"
    if name == "client_keep":
        office = ground.provider.client_office
        office.remove(ground.provider.clients.get(service.id), OPERATOR)
    if name == "client_logo_drop":
        with ground.provider.database.begin() as step:
            step.run(text("UPDATE clients SET logo = 'x.png'"))
    ways = {
        "client_": lambda: (at, {"act": name}),
        "proposal_": lambda: (f"/console/proposals/{propose(ground, 'waits')}", {"decision": name}),
        "act_": lambda: (f"/console/acts/{ask_rotation(ground)}", {"decision": name}),
        "missions_": lambda: ("/console/missions", {"mission": "berlin", "opening": "closed"}),
        "country_set": lambda: ("/console/countries/DE", {"sms": "no"}),
        "country_reset": lambda: ("/console/countries/DE", {"act": "reset"}),
        "outbox_": lambda: ("/console/outbox", {"act": name, "message": waiting_message(ground, service)}),
        "session": lambda: ("/console/sessions", {"act": name, "session": live_session(ground, service)}),
        "switch_": lambda: ("/console/switches", {"switch": "voice_calls"}),
        "audit_": lambda: ("/console/audit", {}),
    }
    path, fields = next(way for begins, way in ways.items() if name.startswith(begins))()
    browser.get("/staff")
    browser.post(path, browser.form("/staff/sign-out") | fields)
    assert browser.page.status_code == 200, visible(browser.page)


@pytest.mark.parametrize("name", ACTS)
@pytest.mark.parametrize("attempt", ["no passkey", "another's passkey", "twice", "late", "another act's note"])
def test_V_05_nothing_is_done_without_a_fresh_passkey_check_for_this_very_act(ground, name, attempt):
    open_missions(ground)
    service, colleague = ground.register(), appoint(ground, holder(ACTS[name].act))
    browser = at_desk(ground, colleague)
    reach(ground, browser, service, name)
    before = {table: rows for table, rows in ground.contents().items() if table in CHANGING}
    if attempt == "no passkey":
        done = browser.submit("/console/confirm", credential="")
    elif attempt == "another's passkey":
        other, form = appoint(ground, Role.ADMINISTRATOR, name="박남"), browser.form("/console/confirm")
        options = json.loads(form["options"]) | {"allowCredentials": []}
        credential = json.dumps(other.device.get(options, "http://localhost:9000"))
        done = browser.post("/console/confirm", form | {"credential": credential})
    elif attempt == "late":
        ground.clock.now += 301
        done = answer(browser, "/console/confirm", colleague)
    elif attempt == "another act's note":
        note = browser.form("/console/confirm")
        note["request"] = note["request"][:-8] + "AAAAAAA="
        done = browser.post("/console/confirm", note | {"credential": "{}"})
    else:
        form, options = browser.form("/console/confirm"), browser.form("/console/confirm")["options"]
        credential = json.dumps(colleague.device.get(json.loads(options), "http://localhost:9000"))
        assert browser.post("/console/confirm", form | {"credential": credential}).status_code in {200, 303}
        before = {table: rows for table, rows in ground.contents().items() if table in CHANGING}
        done = browser.post("/console/confirm", form | {"credential": credential})
    assert done.status_code == 403
    assert {table: rows for table, rows in ground.contents().items() if table in CHANGING} == before
