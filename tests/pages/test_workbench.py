"""The workbench: an engineer's own services and no other, and how they become theirs."""

import json
import os

import pytest

from idp.audit.catalogue import Event
from idp.demo.authenticator import SoftAuthenticator
from idp.staff.roles import Role
from idp.storage.engineers import ClientEngineers
from tests.pages.workbench_walks import here
from tests.sandboxes import open_sandbox
from tests.staff.colleagues import answer, appoint, at_desk

PAGES = ("", "/configuration", "/test", "/messages", "/checks", "/edit", "/keys", "/live")


def test_an_engineer_sees_every_page_of_their_own_service(box):
    for rest in PAGES:
        assert box.browser.get(here(box, rest)).status_code == 200, rest


def of_one_service(workbench, box):
    """Every address about one service, from the URL map."""
    rules = [rule for rule in workbench.app.url_map.iter_rules() if "/workbench/clients/<client_id>" in rule.rule]
    assert {rule.rule.removeprefix("/workbench/clients/<client_id>") for rule in rules} >= set(PAGES)
    filled = {"<client_id>": box.service.id, "<name>": "flask"}
    for rule in rules:
        address = rule.rule
        for part, value in filled.items():
            address = address.replace(part, value)
        assert "<" not in address, "say above what stands there"
        yield from ((method, address) for method in sorted(rule.methods & {"GET", "POST"}))


def test_V_01_the_other_addresses_of_the_workbench_are_few(workbench):
    there = {rule.rule for rule in workbench.app.url_map.iter_rules() if rule.rule.startswith("/workbench")}
    assert {rule for rule in there if "<client_id>" not in rule} == {
        "/workbench",
        "/workbench/confirm",
        "/workbench/new",
    }


STRANGERS = ["nobody", "another engineer", *sorted({role.value for role in Role} - {"client_engineer"})]


@pytest.mark.parametrize("who", STRANGERS)
def test_V_01_V_02_nobody_else_sees_any_page_of_it_or_does_anything_there(workbench, box, who):
    expected, browser = 401, workbench.browser()
    if who == "another engineer":
        expected, browser = 404, at_desk(workbench, appoint(workbench, Role.CLIENT_ENGINEER, None))
    elif who != "nobody":
        expected, browser = 403, at_desk(workbench, appoint(workbench, Role(who), "berlin"))
    browser.get("/staff/sign-in")
    form = {"csrf": browser.form("/staff/sign-in")["csrf"]}
    before = {name: rows for name, rows in workbench.contents().items() if name != "staff_sessions"}
    for method, address in of_one_service(workbench, box):
        answered = browser.get(address) if method == "GET" else browser.post(address, form)
        assert answered.status_code == expected, (method, address)
    if who != "another engineer":
        assert browser.post("/workbench/confirm", form).status_code == expected
    assert {name: rows for name, rows in workbench.contents().items() if name != "staff_sessions"} == before


def test_V_02_no_other_service_is_listed(workbench, box):
    stranger = open_sandbox(workbench)
    text = box.browser.get("/workbench").text
    assert box.service.id in text
    assert stranger.service.id not in text


def test_an_engineer_has_no_console(box):
    for path in ("/console", "/console/clients", f"/console/clients/{box.service.id}", "/console/proposals"):
        assert box.browser.get(path).status_code == 403


# Invited for named services.


def test_an_invited_engineer_is_bound_to_the_services_that_the_invitation_names(ground):
    service, other = ground.register(environment="sandbox"), ground.register()
    administrator = appoint(ground, Role.ADMINISTRATOR, None)
    desk = at_desk(ground, administrator)
    desk.get("/staff/team")
    desk.submit("/staff/team", act="invite", name="개발자", role="client_engineer", clients=f"{service.id}, {other.id}")
    answer(desk, "/staff/team/confirm", administrator)
    link = desk.page.text.split("/staff/join#")[1].split("<")[0].split('"')[0]
    browser, device = ground.browser(), SoftAuthenticator(os.urandom)
    browser.get("/staff/join")
    browser.submit("/staff/join", secret=link)
    form = browser.form("/staff/join/passkey")
    made = device.create(json.loads(form["options"]), "http://localhost:9000")
    browser.post("/staff/join/passkey", form | {"credential": json.dumps(made)})
    member = next(one for one in ground.provider.staff.all() if one.role is Role.CLIENT_ENGINEER)
    with ground.provider.database.read() as reading:
        assert ClientEngineers(reading).clients_of(member.id) == sorted([service.id, other.id])
    assert ground.events().count(Event.ENGINEER_BOUND.tag) == 2


@pytest.mark.parametrize(
    ("role", "clients"), [("client_engineer", "unknown"), ("client_engineer", "../x"), ("auditor", "{id}")]
)
def test_an_invitation_for_services_that_cannot_be_is_refused(ground, role, clients):
    service = ground.register()
    desk = at_desk(ground, administrator := appoint(ground, Role.ADMINISTRATOR, None))
    desk.get("/staff/team")
    desk.submit("/staff/team", act="invite", name="개발자", role=role, clients=clients.format(id=service.id))
    if role == "client_engineer":
        answer(desk, "/staff/team/confirm", administrator)
        assert desk.page.status_code == 422
        assert ground.rows("staff_invitations") == 0
    else:  # the field belongs to engineers alone
        assert service.id not in desk.page.text
