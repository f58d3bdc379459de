"""The workbench: an engineer's own services and no other, each act checked, confirmed and audited."""

import html
import json
import os
import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID
from sqlalchemy import select

from idp.audit.catalogue import Event
from idp.delivery.mail import read_payload
from idp.demo.authenticator import SoftAuthenticator
from idp.keys.sealing import row_context
from idp.protocol.errors import UnauthorizedClient
from idp.registration.deadlines import DAY, Deadline, Kind, days_left, warning_due
from idp.registration.errors import RefusedMetadata
from idp.registration.legal_grounds import granted
from idp.registration.metadata import check_metadata
from idp.registration.register import change
from idp.staff.roles import Role
from idp.storage.client_warnings import warn_of_ends
from idp.storage.engineers import ClientEngineers
from idp.storage.models import OutboxRow
from tests.ground import call, copy_ground, visible
from tests.sandboxes import open_sandbox
from tests.signed_requests import JWKS
from tests.staff.colleagues import answer, appoint, at_desk

GROUND = "재외동포기본법 제12조에 따라 연계합니다"


@pytest.fixture(scope="module")
def house(template, tmp_path_factory):
    made = copy_ground(template, tmp_path_factory.mktemp("workbench"))
    yield made
    made.provider.database.engine.dispose()


@pytest.fixture(scope="module")
def box(house):
    """One sandbox client for what changes nothing that others look at."""
    return open_sandbox(house)


def confirm(box):
    """Confirm the act that the page shows with the engineer's passkey."""
    return answer(box.browser, "/workbench/confirm", box.engineer)


def here(box, rest=""):
    return f"/workbench/clients/{box.service.id}{rest}"


PAGES = ("", "/configuration", "/test", "/messages", "/checks", "/edit", "/keys", "/live")


def test_an_engineer_sees_every_page_of_their_own_service(box):
    for rest in PAGES:
        assert box.browser.get(here(box, rest)).status_code == 200, rest


def of_one_service(house, box):
    """Every address about one service, from the URL map."""
    rules = [rule for rule in house.app.url_map.iter_rules() if "/workbench/clients/<client_id>" in rule.rule]
    assert {rule.rule.removeprefix("/workbench/clients/<client_id>") for rule in rules} >= set(PAGES)
    filled = {"<client_id>": box.service.id, "<name>": "flask"}
    for rule in rules:
        address = rule.rule
        for part, value in filled.items():
            address = address.replace(part, value)
        assert "<" not in address, "say above what stands there"
        yield from ((method, address) for method in sorted(rule.methods & {"GET", "POST"}))


def test_V_01_the_other_addresses_of_the_workbench_are_few(house):
    there = {rule.rule for rule in house.app.url_map.iter_rules() if rule.rule.startswith("/workbench")}
    assert {rule for rule in there if "<client_id>" not in rule} == {
        "/workbench",
        "/workbench/confirm",
        "/workbench/new",
    }


STRANGERS = ["nobody", "another engineer", *sorted({role.value for role in Role} - {"client_engineer"})]


@pytest.mark.parametrize("who", STRANGERS)
def test_V_01_V_02_nobody_else_sees_any_page_of_it_or_does_anything_there(house, box, who):
    expected, browser = 401, house.browser()
    if who == "another engineer":
        expected, browser = 404, at_desk(house, appoint(house, Role.CLIENT_ENGINEER, None))
    elif who != "nobody":
        expected, browser = 403, at_desk(house, appoint(house, Role(who), "berlin"))
    browser.get("/staff/sign-in")
    form = {"csrf": browser.form("/staff/sign-in")["csrf"]}
    before = {name: rows for name, rows in house.contents().items() if name != "staff_sessions"}
    for method, address in of_one_service(house, box):
        answered = browser.get(address) if method == "GET" else browser.post(address, form)
        assert answered.status_code == expected, (method, address)
    if who != "another engineer":
        assert browser.post("/workbench/confirm", form).status_code == expected
    assert {name: rows for name, rows in house.contents().items() if name != "staff_sessions"} == before


def test_V_02_no_other_service_is_listed(house, box):
    stranger = open_sandbox(house)
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


# The registration.


def test_in_the_sandbox_a_change_holds_at_once_and_is_audited(ground):
    box = open_sandbox(ground)
    box.browser.get(here(box, "/edit"))
    form = text_fields(box.browser) | {"redirect_uris": "http://localhost:8000/a\r\nhttp://localhost:8000/b"}
    assert box.browser.post(here(box, "/edit"), form).status_code == 303
    changed = ground.provider.clients.find(box.service.id)
    assert changed.redirect_uris == ("http://localhost:8000/a", "http://localhost:8000/b")
    assert {Event.CLIENT_CHANGED.tag, Event.CLIENT_ACTED_ON.tag} <= set(ground.events())


def text_fields(browser):
    """The form of the present page as a browser would send it: its textareas and inputs as they stand."""
    text = re.sub(r'<input[^>]*type="checkbox"(?![^>]* checked)[^>]*>', "", browser.page.text)
    fields = {
        name: html.unescape(value) for name, value in re.findall(r'<input[^>]*name="([^"]+)" value="([^"]*)"', text)
    }
    areas = re.findall(r'<textarea[^>]*name="([^"]+)"[^>]*>(.*?)</textarea>', text, re.DOTALL)
    return fields | {name: html.unescape(value) for name, value in areas}


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
def test_a_request_to_go_live_is_checked_as_a_whole(house, box, changed, why):
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
    assert house.rows("client_proposals") == 0


# Secrets and keys.


def token_status(ground, service, secret):
    form = {"grant_type": "authorization_code", "code": "x", "redirect_uri": service.redirect_uri}
    return call(ground, "/token", form, replace(service, secret=secret)).status_code


def test_a_rotated_secret_overlaps_as_long_as_was_chosen(ground):
    box = open_sandbox(ground)
    old = box.service.secret
    box.browser.get(here(box))
    box.browser.submit(here(box, "/secret"), days="7")
    page = confirm(box)
    new = page.text.split('id="client-secret"')[1].split("<code>")[1].split("</code>")[0]
    for secret in (old, new):
        assert token_status(ground, box.service, secret) == 400  # authenticated: the code is what is wrong
    assert new not in box.browser.get(here(box)).text  # once
    ground.clock.now += 7 * DAY - 1
    assert token_status(ground, box.service, old) == 400
    ground.clock.now += 1
    assert token_status(ground, box.service, old) == 401
    assert token_status(ground, box.service, new) == 400


def test_the_old_secret_can_be_ended_at_once(ground):
    box = open_sandbox(ground)
    box.browser.get(here(box))
    box.browser.submit(here(box, "/secret"), days="30")
    confirm(box)
    assert token_status(ground, box.service, box.service.secret) == 400
    box.browser.get(here(box))
    assert (
        box.browser.post(here(box, "/secret"), {**box.browser.form(here(box, "/secret")), "act": "end"}).status_code
        == 200
    )
    confirm(box)
    assert token_status(ground, box.service, box.service.secret) == 401


@pytest.mark.parametrize(
    "how", ["no passkey", "another's passkey", "twice", "late", "another act", "not theirs any more"]
)
def test_V_05_no_secret_is_changed_without_the_engineers_passkey_for_this_very_act(ground, how):
    box = open_sandbox(ground)
    box.browser.get(here(box))
    box.browser.submit(here(box, "/secret"), days="7")
    form = box.browser.form("/workbench/confirm")
    signs = open_sandbox(ground).engineer.device if how == "another's passkey" else box.engineer.device
    options = json.loads(form["options"]) | ({"allowCredentials": []} if how == "another's passkey" else {})
    credential = json.dumps(signs.get(options, "http://localhost:9000"))
    fields = form | {"credential": credential}
    if how == "no passkey":
        fields["credential"] = ""
    elif how == "twice":
        assert box.browser.post("/workbench/confirm", fields).status_code == 200
    elif how == "late":
        ground.clock.now += 301
    elif how == "another act":
        box.browser.get("/staff/sign-in")
        fields["request"] = box.browser.form("/staff/sign-in")["request"]
    elif how == "not theirs any more":
        ground.provider.staff.unbind(box.engineer.id, box.service.id)
    before = ground.provider.clients.get(box.service.id)
    status = box.browser.post("/workbench/confirm", fields).status_code
    assert status == (404 if how == "not theirs any more" else 403)
    assert ground.provider.clients.get(box.service.id) == before


@pytest.mark.parametrize("days", ["31", "-1", "365", "x", ""])
def test_no_other_overlap_can_be_asked_for(box, days):
    box.browser.get(here(box))
    assert box.browser.submit(here(box, "/secret"), days=days).status_code == 400


def test_keys_are_uploaded_and_a_private_one_is_refused(ground):
    box = open_sandbox(ground)
    box.browser.get(here(box, "/keys"))
    private = {"keys": [JWKS["keys"][0] | {"d": "AAAA"}]}
    assert box.browser.submit(here(box, "/keys"), jwks=json.dumps(private)).status_code == 422
    box.browser.get(here(box, "/keys"))
    box.browser.submit(here(box, "/keys"), jwks=json.dumps(JWKS), ends="2027-02-01")
    confirm(box)
    assert ground.provider.clients.find(box.service.id).jwks
    assert "2027-02-02" in box.browser.get(here(box)).text
    box.browser.get(here(box, "/keys"))
    both = box.browser.submit(here(box, "/keys"), jwks=json.dumps(JWKS), jwks_uri="https://keys.example/jwks")
    assert both.status_code == 422


# What ends.


def certificate(days):
    """A certificate in PEM that ends so many days after START."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "service.ministry.example")])
    start = datetime.fromtimestamp(1_800_000_000, UTC)
    made = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(start - timedelta(days=1))
        .not_valid_after(start + timedelta(days=days))
        .sign(key, hashes.SHA256())
    )
    return made.public_bytes(Encoding.PEM).decode()


def test_a_noted_certificate_warns_on_the_page_and_by_mail_once_for_each_threshold(template, tmp_path):
    ground = copy_ground(template, tmp_path, mail="file", mails_file=tmp_path / "mails.jsonl")
    box = open_sandbox(ground, contacts=["oncall@ministry.example", "the team"])
    box.browser.get(here(box, "/keys"))
    noted = box.browser.submit(here(box, "/keys"), act="certificate", certificate=certificate(61))
    assert noted.status_code == 303
    wired, sent = ground.provider, []
    for day in range(63):
        ground.clock.now = 1_800_000_000 + day * DAY
        for _ in range(2):
            warn_of_ends(
                wired.database, wired.clients, wired.sealers.outbox, issuer=wired.issuer, mail=True, now=ground.clock()
            )
        found = ground.rows("outbox")
        sent += [61 - day] * (found - len(sent))
    assert sent == [60, 30, 7, 1]
    with wired.database.read() as reading:
        rows = reading.all(select(OutboxRow.id, OutboxRow.payload))
    opened = [wired.sealers.outbox.open(row.payload, row_context("outbox", "payload", row.id)) for row in rows]
    assert {read_payload(one).to for one in opened} == {"oncall@ministry.example"}
    assert ground.events().count(Event.CLIENT_WARNED.tag) == 4
    ground.provider.database.engine.dispose()


@pytest.mark.parametrize(
    ("left", "warned", "due"),
    [
        (61 * DAY, None, None),
        (60 * DAY, None, 60),
        (60 * DAY, 60, None),
        (30 * DAY, 60, 30),
        (30 * DAY + 1, 60, None),
        (5 * DAY, None, 7),
        (5 * DAY, 60, 7),
        (DAY, 7, 1),
        (DAY, 1, None),
        (1, None, 1),
        (0, None, None),
        (-DAY, None, None),
    ],
)
def test_when_a_warning_is_due(left, warned, due):
    one = Deadline(client_id="a", kind=Kind.KEY, label="k", ends_at=1000 + left, warned_days=warned)
    assert warning_due(one, 1000) == due


@pytest.mark.parametrize(("seconds", "days"), [(0, 0), (-5, 0), (1, 1), (DAY, 1), (DAY + 1, 2)])
def test_days_left_are_rounded_up(seconds, days):
    assert days_left(1000 + seconds, 1000) == days


@pytest.mark.parametrize("text", ["", "x", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----", "\0"])
def test_what_is_no_certificate_is_refused_in_one_line(box, text):
    box.browser.get(here(box, "/keys"))
    assert box.browser.submit(here(box, "/keys"), act="certificate", certificate=text).status_code == 422


# The integration check.


def test_law_1_nothing_is_noted_until_the_check_is_on_and_nothing_of_live_clients_ever(ground):
    box, live = open_sandbox(ground), ground.register()
    bad = {"grant_type": "authorization_code", "code": "x", "redirect_uri": box.service.redirect_uri}
    call(ground, "/token", bad, box.service)
    ground.browser().authorize(box.service, scope="nonsense")
    box.browser.get(here(box, "/checks"))
    box.browser.submit(here(box, "/checks"))
    before = ground.contents()
    call(ground, "/token", bad, live)
    ground.browser().authorize(live, scope="nonsense")
    assert ground.contents() == before
    assert ground.rows("checked_requests") == 0


def test_the_check_shows_what_was_wrong_and_the_cure_and_no_value(ground):
    box = open_sandbox(ground)
    box.browser.get(here(box, "/checks"))
    box.browser.submit(here(box, "/checks"))
    form = {"grant_type": "authorization_code", "code": "THECODE", "redirect_uri": box.service.redirect_uri}
    call(ground, "/token", form, replace(box.service, secret="WRONGSECRET"))
    call(ground, "/token", form, box.service)
    stranger = ground.browser()
    stranger.authorize(box.service, redirect_uri="https://evil.example/SECRETPATH")
    stranger.authorize(box.service, code_challenge=None, state="THESTATE")
    tokens = box.browser.token(box.service, box.sign_in()["code"]).get_json()
    box.browser.userinfo(tokens["access_token"])
    page = box.browser.get(here(box, "/checks"))
    shown = visible(page)
    for word in (
        "invalid_client",
        "invalid_grant",
        "bad_redirect_uri",
        "invalid_request",
        "/userinfo",
        "/token",
        "/authorize",
    ):
        assert word in shown
    for value in ("THECODE", "WRONGSECRET", "SECRETPATH", "THESTATE", tokens["access_token"], "홍길동", "+4477"):
        assert value not in str(ground.contents()["checked_requests"])
    assert "클라이언트 인증에 실패했습니다" in shown  # the cure, from the guide


def test_the_check_ends_by_itself_and_keeps_the_newest_fifty(ground):
    box = open_sandbox(ground)
    box.browser.get(here(box, "/checks"))
    box.browser.submit(here(box, "/checks"))
    for _ in range(53):
        call(ground, "/token", {"grant_type": "x"}, box.service)
    assert ground.rows("checked_requests") == 50
    ground.clock.now += 3600
    call(ground, "/token", {"grant_type": "x"}, box.service)
    assert ground.rows("checked_requests") == 50
    box.browser = at_desk(ground, box.engineer)
    box.browser.get(here(box, "/checks"))
    form = box.browser.form(here(box, "/checks")) | {"act": "forget"}
    box.browser.post(here(box, "/checks"), form)
    assert ground.rows("checked_requests") == 0


# The test sign-in.


def test_a_test_sign_in_walks_every_step(either_ground):
    box = open_sandbox(either_ground, scope="openid profile email")
    box.browser.get(here(box, "/test"))
    page = box.browser.submit(here(box, "/test"), citizen="complete")
    assert page.status_code == 200
    assert page.text.count('id="step-') == 8, visible(page)
    assert 'class="notice success" id="test-result"' in page.text, visible(page)
    assert '"sub"' not in page.text
    assert "sandbox." in visible(page)
    assert not [one for one in page.headers.getlist("Set-Cookie") if "session" in one]  # its own
    box.browser.authorize(box.service, prompt="none")
    assert box.browser.answer(box.service)["error"] == "login_required"
    assert box.browser.get(here(box)).status_code == 200


@pytest.mark.parametrize(
    ("metadata", "citizen", "steps"),
    [
        ({"require_pushed_authorization_requests": True}, "complete", 1),
        ({}, "deceased", 2),
        ({}, "lost_message", 3),
        ({"dpop_bound_access_tokens": True}, "complete", 6),
    ],
    ids=["must push", "deceased", "no message", "bound to a key"],
)
def test_a_test_sign_in_says_where_it_stopped(ground, metadata, citizen, steps):
    box = open_sandbox(ground, **metadata)
    box.browser.get(here(box, "/test"))
    page = box.browser.submit(here(box, "/test"), citizen=citizen)
    assert page.text.count('id="step-') == steps, visible(page)
    assert 'class="notice trouble" id="test-result"' in page.text


def test_the_redemption_without_authentication_is_for_sandbox_clients_alone(ground):
    live = ground.provider.clients.find(ground.register().id)
    with pytest.raises(UnauthorizedClient):
        ground.provider.redeem_in_sandbox({"code": "x"}, live)


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
def test_what_breaks_a_rule_is_not_made(house, box, changed, why):
    before = house.rows("clients")
    refused = make(box.browser, **{name: value.format(id=box.service.id) for name, value in changed.items()})
    assert refused.status_code == 422
    assert why in visible(refused)
    assert house.rows("clients") == before


def test_a_name_that_is_taken_stays_with_its_service(ground):
    first, second = (at_desk(ground, appoint(ground, Role.CLIENT_ENGINEER, None)) for _ in range(2))
    assert make(first).status_code == 200
    assert make(second).status_code == 422
    assert second.get("/workbench/clients/own-sandbox").status_code == 404
