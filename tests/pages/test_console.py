"""The console: who may do what (generated from the addresses), four eyes, and that nothing happens unproven."""

import csv
import json
import re
from urllib.parse import parse_qsl
from uuid import UUID

import pytest
from sqlalchemy import select, text

from idp.pages.console_confirm import ACTS
from idp.staff.actor import OPERATOR
from idp.staff.roles import MAY, Act, Role
from idp.storage.models import OutboxRow, Session
from tests.ground import copy_ground, visible
from tests.staff.colleagues import answer, appoint, at_desk, open_missions

DOCUMENT = {
    "client_name": "새 서비스",
    "redirect_uris": ["https://new.example.kr/cb"],
    "scope": "openid profile",
    "legal_grounds": {"profile": "재외국민등록법 제7조"},
}
GROUND = "재외국민등록법 제7조에 따른 본인확인"


@pytest.fixture(scope="module")
def office(template, tmp_path_factory):
    """One installation with a service and somebody in every role, each signed in."""
    made = copy_ground(template, tmp_path_factory.mktemp("console"))
    open_missions(made)
    yield made
    made.provider.database.engine.dispose()


@pytest.fixture(scope="module")
def people(office):
    return {role: (one := appoint(office, role, name=role.value), at_desk(office, one)) for role in Role}


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


def ask_rotation(office, by=None):
    """The key of an act that waits."""
    browser = at_desk(office, by or appoint(office, Role.OPERATOR))
    browser.get("/console/keys")
    browser.submit("/console/keys", ground="They are a year old.")
    assert browser.page.status_code == 303, visible(browser.page)
    return UUID(browser.page.headers["Location"].rsplit("/", 1)[1])


def propose(office, client_id, document=DOCUMENT, by=None):
    """The key of a proposal that waits."""
    colleague = by or appoint(office, Role.ADMINISTRATOR)
    browser = at_desk(office, colleague)
    browser.get("/console/proposals/new")
    fields = {"client_id": client_id, "metadata": json.dumps(document), "ground": GROUND}
    browser.submit("/console/proposals", **fields)
    assert browser.page.status_code == 303, visible(browser.page)
    return UUID(browser.page.headers["Location"].rsplit("/", 1)[1])


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


def waiting_message(ground, service):
    """The key of a message that waits in the outbox."""
    walker = ground.browser()
    walker.authorize(service)
    walker.passkey(ground.enrol())
    with ground.provider.database.read() as reading:
        return str(reading.all(select(OutboxRow.id))[0][0])


def live_session(ground, service):
    """The key of somebody's session."""
    ground.browser().sign_in(service, ground.enrol())
    with ground.provider.database.read() as reading:
        return str(reading.all(select(Session.id))[0][0])


def decide(ground, colleague, row, decision):
    """Decide an act that waits, in a browser of their own."""
    browser = at_desk(ground, colleague)
    browser.get(f"/console/acts/{row}")
    browser.submit(f"/console/acts/{row}", decision=decision)
    return answer(browser, "/console/confirm", colleague)


def detail_of(ground, event):
    """The detail of the newest audit row of an event."""
    with ground.provider.database.read() as reading:
        rows = reading.all(text("SELECT detail FROM audit_events WHERE event = :event ORDER BY id"), event=event)
    return json.loads(rows[-1].detail)


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


# What is done.


def test_a_service_comes_into_being_by_two_people_and_signs_people_in(ground):
    open_missions(ground)
    row = propose(ground, "brand-new")
    assert ground.provider.clients.get("brand-new") is None
    administrator = appoint(ground, Role.ADMINISTRATOR)
    browser = at_desk(ground, administrator)
    assert "https://new.example.kr/cb" in visible(browser.get(f"/console/proposals/{row}"))
    browser.submit(f"/console/proposals/{row}", decision="proposal_approve")
    done = answer(browser, "/console/confirm", administrator)
    secret = re.search(r'id="client-secret">([^<]+)<', done.text)[1]
    assert ground.provider.clients.get("brand-new").metadata["client_name"] == "새 서비스"
    ours = [tag for tag in ground.events() if ":client:" in tag]
    assert ours == ["staff:client:proposed", "operator:client:added", "staff:client:approved"]
    audit = json.dumps([list(map(str, found)) for found in ground.contents()["audit_events"]])
    assert secret not in audit
    assert "Approved by" in visible(browser.get(f"/console/proposals/{row}?lang=en"))


def test_V_04_who_proposed_is_not_the_second_person(ground):
    open_missions(ground)
    administrator = appoint(ground, Role.ADMINISTRATOR)
    row = propose(ground, "own", by=administrator)
    browser = at_desk(ground, administrator)
    page = browser.get(f"/console/proposals/{row}")
    assert 'id="proposal-approve"' not in page.text
    csrf = browser.form("/staff/sign-out")["csrf"]
    assert browser.post(f"/console/proposals/{row}", {"csrf": csrf, "decision": "proposal_approve"}).status_code == 403
    assert ground.provider.clients.get("own") is None


def test_a_change_made_meanwhile_outdates_the_proposal(ground):
    open_missions(ground)
    service, administrator = ground.register(), appoint(ground, Role.ADMINISTRATOR)
    document = dict(ground.provider.clients.get(service.id).metadata) | {"client_name": "Changed"}
    row = propose(ground, service.id, document)
    browser = at_desk(ground, administrator)
    browser.get(f"/console/proposals/{row}")
    browser.submit(f"/console/proposals/{row}", decision="proposal_approve")
    with ground.provider.database.begin() as step:
        step.run(text("UPDATE clients SET version = version + 1"))
    assert answer(browser, "/console/confirm", administrator).status_code == 409
    assert ground.provider.clients.get(service.id).metadata["client_name"] != "Changed"
    assert 'id="proposal-approve"' not in browser.get(f"/console/proposals/{row}").text


def test_a_waiver_and_a_look_alike_are_shown_to_the_second_person(ground):
    open_missions(ground)
    ground.register(client_name="정부24")
    row = propose(ground, "imitation", DOCUMENT | {"client_name": "정부24", "pkce_required": False})
    browser = at_desk(ground, appoint(ground, Role.ADMINISTRATOR))
    page = browser.get(f"/console/proposals/{row}?lang=en")
    assert "This would take protections away" in page.text
    assert "without PKCE" in page.text
    assert "The name reads like that of" in page.text


REFUSED = {
    "not json": ({"metadata": "{"}, "not JSON"),
    "a list": ({"metadata": "[]"}, "must be a JSON object"),
    "no ground": ({"ground": " "}, "ground"),
    "bad id": ({"client_id": "Not An Id"}, "client id"),
    "http": ({"metadata": json.dumps(DOCUMENT | {"redirect_uris": ["http://new.example.kr/cb"]})}, "must be https"),
    "unknown": ({"metadata": json.dumps(DOCUMENT | {"pkce_requird": False})}, "pkce_requird"),
    "deep": ({"metadata": "[" * 30_000}, "not JSON"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_G_what_breaks_a_rule_is_not_proposed_and_what_was_typed_is_kept(office, people, case):
    changed, problem = REFUSED[case]
    _, browser = people[Role.ADMINISTRATOR]
    browser.get("/console/proposals/new")
    before = office.rows("client_proposals")
    typed = {"client_id": "fine", "metadata": json.dumps(DOCUMENT), "ground": GROUND} | changed
    page = browser.submit("/console/proposals", **typed)
    assert page.status_code == 422
    assert problem in visible(page)
    assert office.rows("client_proposals") == before


def test_stopping_holds_at_the_next_request_and_names_who_did_it(ground):
    open_missions(ground)
    service, citizen, administrator = ground.register(), ground.enrol(), appoint(ground, Role.ADMINISTRATOR)
    tokens = ground.browser().tokens(service, citizen)
    browser = at_desk(ground, administrator)
    browser.get(f"/console/clients/{service.id}")
    path = f"/console/clients/{service.id}"
    browser.post(path, browser.form(path) | {"act": "client_stop"})
    assert answer(browser, "/console/confirm", administrator).status_code == 303
    assert ground.browser().userinfo(tokens["access_token"]).status_code == 401
    with ground.provider.database.read() as reading:
        [row] = reading.all(text("SELECT detail FROM audit_events WHERE event = 'staff:client:changed'"))
    assert json.loads(row.detail) == {"act": "disabled", "by": administrator.id.hex}


def test_the_keys_rotate_and_both_who_and_what_are_on_record(ground):
    open_missions(ground)
    operator = appoint(ground, Role.OPERATOR)
    browser = at_desk(ground, operator)
    row = ask_rotation(ground, by=operator)
    assert browser.get(f"/console/acts/{row}").text.count('id="act-approve"') == 0
    assert ground.rows("signing_keys") == 4
    colleague = appoint(ground, Role.ADMINISTRATOR)
    assert decide(ground, colleague, row, "act_approve").status_code == 303
    assert ground.rows("signing_keys") == 8
    assert detail_of(ground, "staff:signing_keys:rotated")["first"] == operator.id.hex
    assert {"staff:act:asked", "staff:act:approved"} <= set(ground.events())


# What is looked at.


def test_V_06_the_list_as_a_table_holds_no_formula(office, people, service):
    with office.provider.database.begin() as step:
        step.run(
            text("UPDATE clients SET registration = replace(registration, :old, :new) WHERE id = :id"),
            old=office.provider.clients.get(service.id).metadata["client_name"],
            new="=cmd()",
            id=service.id,
        )
    answered = people[Role.AUDITOR][1].get("/console/clients.csv")
    rows = list(csv.reader(answered.text.splitlines()))
    assert next(row for row in rows if row[0] == service.id)[1] == "'=cmd()"
    assert answered.headers["Content-Disposition"].startswith("attachment")


@pytest.mark.parametrize(
    ("query", "there"),
    [
        ("q=nothing-like-this", False),
        ("state=disabled", False),
        ("state=enabled", True),
        ("environment=live", True),
        ("environment=sandbox", False),
        ("environment=x", True),
        ("after=zzzz", False),
    ],
)
def test_the_list_is_searched_filtered_and_paged(people, service, query, there):
    page = people[Role.AUDITOR][1].get(f"/console/clients?{query}")
    assert (f"/console/clients/{service.id}" in page.text) == there


@pytest.mark.parametrize("query", ["day=x", "person=x", "event=%27%3B", "day=9999999999", "day=0000-00-00"])
def test_D_12_a_search_that_cannot_be_read_is_told(people, query):
    answered = people[Role.AUDITOR][1].get(f"/console/audit?{query}")
    assert answered.status_code == 422
    fields = dict(parse_qsl(query))
    assert ask_table(people[Role.AUDITOR][1], **fields).status_code == 400


def ask_table(browser, **asked):
    browser.get("/staff")
    return browser.post("/console/audit", browser.form("/staff/sign-out") | asked)


def test_the_audit_shows_a_day_and_taking_it_is_on_record(office, people):
    browser = people[Role.AUDITOR][1]
    assert "staff:session:started" in browser.get("/console/audit?event=staff:").text
    assert "staff:session:started" not in browser.get("/console/audit?event=person:").text
    assert "staff:session:started" not in browser.get("/console/audit?day=2026-01-01").text
    ask_table(browser, event="staff:session:")
    table = answer(browser, "/console/confirm", people[Role.AUDITOR][0])
    assert table.text.startswith("id,at,event")
    assert "staff:session:started" in table.text
    assert office.events().count("staff:audit:exported") >= 1


def test_the_outbox_shows_what_waits_and_never_its_content(ground):
    open_missions(ground)
    service, citizen = ground.register(), ground.enrol()
    walker = ground.browser()
    walker.authorize(service)
    walker.passkey(citizen)
    page = at_desk(ground, appoint(ground, Role.OPERATOR)).get("/console/outbox")
    assert "text_message" in page.text
    assert ground.codes()[0] not in page.text
    assert citizen.number not in page.text
