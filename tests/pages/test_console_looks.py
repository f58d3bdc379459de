"""The console: lists, searches and tables, and what they never show."""

import csv
from urllib.parse import parse_qsl

import pytest
from sqlalchemy import text

from idp.staff.roles import Role
from tests.staff.colleagues import answer, appoint, at_desk, open_missions


@pytest.fixture(scope="module")
def service(office):
    return office.register()


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
