"""The console: what is done there, by two people where it gives something."""

import json
import re
from io import BytesIO

import pytest
from sqlalchemy import text

from idp.staff.roles import Role
from tests.ground import visible
from tests.pages.console_walks import DOCUMENT, GROUND, ask_rotation, decide, detail_of, propose
from tests.registration.test_logos import png
from tests.staff.colleagues import answer, appoint, at_desk, open_missions


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


def test_a_picture_comes_by_two_people(ground):
    open_missions(ground)
    service, first = ground.register(), appoint(ground, Role.ADMINISTRATOR)
    browser = at_desk(ground, first)
    at = f"/console/clients/{service.id}"
    browser.get(at)
    form = browser.form(f"{at}/logo") | {"ground": GROUND, "picture": (BytesIO(png()), "x.png")}
    asked = browser.post(f"{at}/logo", form, content_type="multipart/form-data")
    assert asked.status_code == 303, visible(asked)
    assert ground.provider.clients.get(service.id).logo is None
    row = asked.headers["Location"].rsplit("/", 1)[1]
    assert decide(ground, appoint(ground, Role.ADMINISTRATOR), row, "act_approve").status_code == 303
    assert ground.provider.clients.get(service.id).logo is not None
    assert "staff:act:asked" in ground.events()
