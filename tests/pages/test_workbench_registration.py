"""The workbench: a registration in the hands of its engineer, changed at once in the sandbox and proposed for live."""

import json
import os

import pytest

from idp.audit.catalogue import Event
from idp.registration.errors import RefusedMetadata
from idp.registration.legal_grounds import granted
from idp.registration.metadata import check_metadata
from idp.registration.register import change
from idp.staff.roles import Role
from tests.ground import visible
from tests.pages.workbench_walks import GROUND, here, text_fields
from tests.sandboxes import open_sandbox
from tests.staff.colleagues import answer, appoint, at_desk

# A new sandbox client.


def make(browser, **changed):
    browser.get("/workbench/new")
    fields = {"client_id": "own-sandbox", "client_name": "Own", "redirect_uris": "http://localhost:8000/auth/callback"}
    return browser.submit("/workbench/new", **fields | changed)


def test_an_engineer_makes_a_sandbox_client_alone_and_at_once(ground):
    engineer = appoint(ground, Role.CLIENT_ENGINEER, None)
    browser = at_desk(ground, engineer)
    made = make(browser)
    assert made.status_code == 200, visible(made)
    assert 'id="client-secret"' in made.text
    client = ground.provider.clients.find("own-sandbox")
    assert client.tenant == "own-sandbox"
    assert browser.get("/workbench/clients/own-sandbox").status_code == 200
    assert {Event.CLIENT_ADDED.tag, Event.ENGINEER_BOUND.tag, Event.CLIENT_ACTED_ON.tag} <= set(ground.events())


@pytest.mark.parametrize(
    ("changed", "why"),
    [
        ({"client_id": "gov24"}, "must end with"),
        ({"client_id": "../x-sandbox"}, "client id"),
        ({"client_id": "{id}"}, "must end with"),
        ({"redirect_uris": "http://evil.example/cb"}, "https"),
        ({"redirect_uris": ""}, "redirect_uris"),
        ({"client_name": "a" * 101}, "client_name"),
    ],
)
def test_what_breaks_a_rule_is_not_made(workbench, box, changed, why):
    before = workbench.rows("clients")
    refused = make(box.browser, **{name: value.format(id=box.service.id) for name, value in changed.items()})
    assert refused.status_code == 422
    assert why in visible(refused)
    assert workbench.rows("clients") == before


def test_a_name_that_is_taken_stays_with_its_service(ground):
    first, second = (at_desk(ground, appoint(ground, Role.CLIENT_ENGINEER, None)) for _ in range(2))
    assert make(first).status_code == 200
    assert make(second).status_code == 422
    assert second.get("/workbench/clients/own-sandbox").status_code == 404


# The registration.


def test_in_the_sandbox_a_change_holds_at_once_and_is_audited(ground):
    box = open_sandbox(ground)
    box.browser.get(here(box, "/edit"))
    form = text_fields(box.browser) | {"redirect_uris": "http://localhost:8000/a\r\nhttp://localhost:8000/b"}
    assert box.browser.post(here(box, "/edit"), form).status_code == 303
    changed = ground.provider.clients.find(box.service.id)
    assert changed.redirect_uris == ("http://localhost:8000/a", "http://localhost:8000/b")
    assert {Event.CLIENT_CHANGED.tag, Event.CLIENT_ACTED_ON.tag} <= set(ground.events())


@pytest.mark.parametrize(
    "rest",
    [
        {"pkce_required": False},
        {"subject_type": "public", "public_subject_approval": "me"},
        {"device_flow_approval": "me", "grant_types": ["authorization_code"]},
        {"sector": "another.example"},
        {"machine_scope": "x"},
        {"redirect_uris": ["https://evil.example/cb"]},
        {"nonsense": 1},
    ],
    ids=lambda rest: next(iter(rest)),
)
def test_G_10_what_an_administrator_decides_is_not_the_engineers_to_change(ground, rest):
    box = open_sandbox(ground)
    box.browser.get(here(box, "/edit"))
    form = text_fields(box.browser)
    form["rest"] = json.dumps(json.loads(form["rest"]) | rest)
    before = ground.provider.clients.get(box.service.id)
    assert box.browser.post(here(box, "/edit"), form).status_code == 422
    assert ground.provider.clients.get(box.service.id) == before


@pytest.mark.parametrize(
    "uri", ["http://evil.example/cb", "https://a.example/cb#f", "https://*.example/cb", "javascript:alert(1)"]
)
def test_R_01_redirect_uris_keep_the_rules_whoever_types_them(ground, uri):
    box = open_sandbox(ground)
    box.browser.get(here(box, "/edit"))
    form = text_fields(box.browser) | {"redirect_uris": uri}
    assert box.browser.post(here(box, "/edit"), form).status_code == 422


def test_G_the_environment_of_a_registration_never_changes_by_whatever_way(ground):
    box = open_sandbox(ground)
    before = ground.provider.clients.get(box.service.id)
    live = check_metadata(dict(before.metadata) | {"environment": "live"}, ground.provider.offer)
    with pytest.raises(RefusedMetadata, match="environment"):
        change(before, live, now=1, random_bytes=os.urandom)


def test_a_live_registration_is_changed_by_a_proposal_alone(ground):
    live, engineer = ground.register(contacts=["a@ministry.example"]), appoint(ground, Role.CLIENT_ENGINEER, None)
    ground.provider.staff.bind(engineer.id, live.id)
    browser = at_desk(ground, engineer)
    browser.get(f"/workbench/clients/{live.id}/edit")
    form = text_fields(browser) | {"client_name": "Another name", "ground": GROUND}
    before = ground.provider.clients.get(live.id)
    assert browser.post(f"/workbench/clients/{live.id}/edit", form).status_code == 303
    assert ground.provider.clients.get(live.id) == before
    assert ground.rows("client_proposals") == 1
    assert browser.get(f"/workbench/clients/{live.id}/test").status_code == 404
    assert browser.get(f"/workbench/clients/{live.id}/checks").status_code == 404


# Going live.


def test_going_live_makes_another_client_whose_engineer_one_becomes(ground):
    box = open_sandbox(ground)
    administrator = appoint(ground, Role.ADMINISTRATOR, None)
    box.browser.get(here(box, "/live"))
    form = text_fields(box.browser) | {
        "client_id": "ministry",
        "redirect_uris": "https://ministry.example/callback",
        "post_logout_redirect_uris": "",
        "client_uri": "https://ministry.example",
        "contacts": "oncall@ministry.example",
        "ground": GROUND,
    }
    assert "legal_grounds: must say on what legal ground email is given" in visible(
        box.browser.post(here(box, "/live"), form)
    )
    assert "재외동포기본법" not in box.browser.page.text.split('name="ground.email"')[1].split(">")[0]
    form |= {name: "재외동포기본법 제12조" for name in form if name.startswith("ground.")}
    asked = box.browser.post(here(box, "/live"), form)
    assert asked.status_code == 200, visible(asked)
    assert ground.provider.clients.get("ministry") is None
    desk = at_desk(ground, administrator)
    row = desk.get("/console/proposals").text.split("/console/proposals/")[1].split('"')[0]
    if row == "new":
        row = desk.page.text.split("/console/proposals/")[2].split('"')[0]
    desk.get(f"/console/proposals/{row}")
    desk.submit(f"/console/proposals/{row}", decision="proposal_approve")
    answer(desk, "/console/confirm", administrator)
    live = ground.provider.clients.find("ministry")
    assert live.environment == "live"
    metadata = ground.provider.clients.get("ministry").metadata
    assert metadata["legal_grounds"] == dict.fromkeys(sorted(granted(metadata)), "재외동포기본법 제12조")
    assert live.tenant is None
    assert box.browser.get("/workbench/clients/ministry").status_code == 200
    assert ground.provider.clients.find(box.service.id).environment == "sandbox"


@pytest.mark.parametrize(
    ("changed", "why"),
    [
        ({"contacts": ""}, "contacts"),
        ({"contacts": "the team"}, "contacts"),
        ({"redirect_uris": "http://localhost:8000/cb"}, "redirect_uris"),
        ({"client_id": "{id}"}, "client_id"),
        ({"client_id": "Bad Id"}, "client_id"),
        ({"ground": "short"}, "ground"),
    ],
    ids=["no contact", "no address", "loopback", "taken", "bad id", "no ground"],
)
def test_a_request_to_go_live_is_checked_as_a_whole(workbench, box, changed, why):
    box.browser.get(here(box, "/live"))
    form = text_fields(box.browser) | {
        "client_id": "live-one",
        "redirect_uris": "https://ministry.example/callback",
        "post_logout_redirect_uris": "",
        "client_uri": "https://ministry.example",
        "contacts": "oncall@ministry.example",
        "ground": GROUND,
    }
    form |= {name: value.format(id=box.service.id) for name, value in changed.items()}
    refused = box.browser.post(here(box, "/live"), form)
    assert refused.status_code == 422
    assert why in visible(refused)
    assert workbench.rows("client_proposals") == 0
