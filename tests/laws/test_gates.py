"""Law 6: every gate stands on every route that leads to a token or a claim (abuse cases 1.0).

The matrix is generated: each gate is closed before a route is walked and again just before its last request.
A route that somebody adds is missing in `ROUTES` and fails the test of the URL map until it stands here.
"""

import html
import json
import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select, text, update

from idp.credential.states import State
from idp.keys.handles import read_handle
from idp.people.status import PersonStatus
from idp.protocol.device_flow import DEVICE_CODE_GRANT
from idp.registration.changes import changed, status_set
from idp.registration.metadata import check_metadata
from idp.registration.register import change
from idp.storage.models import Credential, Passkey, Person
from idp.storage.passkeys import Passkeys
from idp.storage.session_ends import SessionEnds
from idp.storage.sessions import Sessions
from tests.ground import ORIGIN, Citizen, Ground, Registered, Template, Walker, call, copy_ground
from tests.second_proofs import app_code, give_app, give_passkey, give_printed, here
from tests.signed_requests import JWKS, push, request_object

SCOPE = "openid profile offline_access"
HIGHER, HIGHEST = "urn:example:higher", "urn:example:highest"
LEVELS = f"""
[[level]]
acr = "urn:kr:overseas-id:acr:1"
requires = ["passkey", "user_verified"]
[[level]]
acr = "urn:kr:overseas-id:acr:2"
requires = ["passkey", "user_verified", "second_proof", "proofed_at_mission"]
[[level]]
acr = "{HIGHER}"
requires = ["passkey", "user_verified", "second_proof", "proofed_at_mission", "tel"]
[[level]]
acr = "{HIGHEST}"
requires = ["passkey", "user_verified", "second_proof", "proofed_at_mission", "tel", "fresh"]
"""
"""A table with levels above the one that everybody reaches: the next needs a call, which the code page offers."""


@pytest.fixture
def ground(tmp_path: Path, template: Template) -> Iterator[Ground]:
    """An installation with those levels."""
    table = tmp_path / "assurance.toml"
    table.write_text(LEVELS, "utf-8")
    made = copy_ground(template, tmp_path, assurance_file=table)
    yield made
    made.provider.database.engine.dispose()


@dataclass
class Scene:
    """One person, one service, and how far they have come."""

    ground: Ground
    service: Registered = field(init=False)
    citizen: Citizen = field(init=False)
    browser: Walker = field(init=False)
    given: dict[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.service, self.citizen = self.ground.register(), self.ground.enrol()
        self.browser = self.ground.browser()

    def sign_in(self) -> None:
        self.given = self.browser.tokens(self.service, self.citizen, scope=SCOPE)


# How each gate is closed.


def client_disabled(scene: Scene) -> None:
    clients = scene.ground.provider.clients
    clients.save([status_set(clients.get(scene.service.id), "disabled", now=scene.ground.clock())])


def client_removed(scene: Scene) -> None:
    with scene.ground.provider.database.begin() as transaction:
        transaction.run(text("DELETE FROM clients WHERE id = :id"), id=scene.service.id)


def change_registration(scene: Scene, **metadata: Any) -> None:
    wired, now = scene.ground.provider, scene.ground.clock()
    before = wired.clients.get(scene.service.id)
    checked = check_metadata(dict(before.metadata) | metadata, wired.offer)
    outcome = change(before, checked, now=now, random_bytes=os.urandom)
    wired.clients.save([changed(before, outcome, now=now)])


def refresh_grant_removed(scene: Scene) -> None:
    before = scene.ground.provider.clients.get(scene.service.id).metadata["grant_types"]
    change_registration(scene, grant_types=[grant for grant in before if grant != "refresh_token"])


def level_raised(scene: Scene) -> None:
    change_registration(scene, minimum_acr=HIGHER)


def person(status: PersonStatus) -> Callable[[Scene], None]:
    return lambda scene: scene.ground.provider.credential_office.change_person(scene.citizen.person, status, "test")


def credential(state: State) -> Callable[[Scene], None]:
    return lambda scene: scene.ground.provider.credential_office.change_credential(scene.citizen.person, state, "test")


def credential_expired(scene: Scene) -> None:
    with scene.ground.provider.database.begin() as transaction:
        mine = Credential.person_id == scene.citizen.person
        transaction.run(update(Credential).where(mine).values(expires_at=scene.ground.clock()))


def passkey_suspended(scene: Scene) -> None:
    with scene.ground.provider.database.begin() as transaction:
        row = transaction.one(select(Passkey.id).where(Passkey.person_id == scene.citizen.person))
        assert Passkeys(transaction).suspend(row.id)


def consent_withdrawn(scene: Scene) -> None:
    with scene.ground.provider.database.begin() as transaction:
        Sessions(transaction).withdraw(scene.citizen.person, scene.service.id, scene.ground.clock())


def another_environment(scene: Scene) -> None:
    """The person becomes a test citizen: of this very client, which is live and so has none (tenant mismatch)."""
    with scene.ground.provider.database.begin() as transaction:
        mine = Person.id == scene.citizen.person
        transaction.run(update(Person).where(mine).values(sandbox_of=scene.service.id))


def session_ended(scene: Scene) -> None:
    for (_, _, name), cookie in scene.browser.client._cookies.items():
        if name == "idp-session":
            with scene.ground.provider.database.begin() as transaction:
                SessionEnds(transaction).end(read_handle(cookie.value).id, scene.ground.clock())


GATES: dict[str, Callable[[Scene], None]] = {
    "client disabled": client_disabled,
    "client removed": client_removed,
    "person suspended": person(PersonStatus.SUSPENDED),
    "person deceased": person(PersonStatus.DECEASED),
    "person renounced": person(PersonStatus.RENOUNCED),
    "credential suspended": credential(State.SUSPENDED),
    "credential revoked": credential(State.REVOKED),
    "credential expired": credential_expired,
    "passkey suspended": passkey_suspended,
    "consent withdrawn": consent_withdrawn,
    "another environment": another_environment,
    "session ended": session_ended,
    "refresh grant removed": refresh_grant_removed,
    "acr too low": level_raised,
}

# Each route: the way to its last request, and that request. The two halves are where a gate may close.


@dataclass(frozen=True)
class Route:
    """`begin` leads up to the last request, `end` sends it; `url` is the rule whose view answers it."""

    url: str
    begin: Callable[[Scene], Any]
    end: Callable[[Scene, Any], Any]


def passkey_page(scene: Scene) -> None:
    scene.sign_in()
    scene.browser.authorize(scene.service, scope=SCOPE, prompt="login")


def code_page(scene: Scene) -> str:
    passkey_page(scene)
    scene.browser.passkey(scene.citizen)
    return scene.ground.codes()[0]


def app_page(scene: Scene) -> dict[str, str]:
    secret = give_app(scene.ground, scene.citizen.person)
    code_page(scene)
    scene.browser.get(f"{here(scene.browser)}/app")
    return scene.browser.form("/sign-in/app") | {"code": app_code(scene.ground, secret)}


def printed_page(scene: Scene) -> dict[str, str]:
    codes = give_printed(scene.ground, scene.citizen.person)
    code_page(scene)
    scene.browser.get(f"{here(scene.browser)}/printed")
    return scene.browser.form("/sign-in/printed") | {"code": codes[0]}


def other_passkey_page(scene: Scene) -> dict[str, str]:
    phone = give_passkey(scene.ground, scene.citizen)
    code_page(scene)
    scene.browser.get(f"{here(scene.browser)}/passkey")
    options = json.loads(html.unescape(scene.browser.page.text.split('data-options="')[1].split('"')[0]))
    credential = json.dumps(phone.get(options, ORIGIN))
    return scene.browser.form("/sign-in/other-passkey") | {"credential": credential}


def consent_page(scene: Scene) -> None:
    scene.sign_in()
    scene.browser.authorize(scene.service, scope=SCOPE, prompt="consent")


def reload_page(scene: Scene) -> str:
    """A sign-in that waits for a consent which is given in another tab: the reload would return at once."""
    scene.sign_in()
    consent_withdrawn(scene)
    scene.browser.authorize(scene.service, scope=SCOPE)
    row = scene.browser.form("/sign-in/consent")["sign_in"]
    other = Walker(scene.ground)
    other.client = scene.browser.client
    other.sign_in(scene.service, scene.citizen, scope=SCOPE)
    return row


def fresh_code(scene: Scene) -> str:
    scene.sign_in()
    scene.browser.authorize(scene.service, scope=SCOPE)
    return scene.browser.answer(scene.service)["code"]


def waiting_device(scene: Scene) -> str:
    """A device whose code was typed by the person, who is now at the passkey page."""
    grant_types = ["authorization_code", "refresh_token", DEVICE_CODE_GRANT]
    change_registration(scene, grant_types=grant_types, device_flow_approval="a test")
    began = call(scene.ground, "/device_authorization", {"scope": SCOPE}, scene.service).get_json()
    scene.browser.get("/device")
    scene.browser.submit("/device", user_code=began["user_code"])
    scene.browser.submit("/device/begin", decision="mine")
    return str(began["device_code"])


def approved_device(scene: Scene) -> str:
    scene.sign_in()
    code = waiting_device(scene)
    scene.browser.passkey(scene.citizen)
    scene.browser.code()
    assert scene.browser.consent().headers["Location"].endswith("/device/done")
    return code


def device_consent_page(scene: Scene) -> str:
    code = waiting_device(scene)
    scene.browser.passkey(scene.citizen)
    scene.browser.code()
    return code


def poll_device(scene: Scene, code: str) -> Any:
    return call(scene.ground, "/token", {"grant_type": DEVICE_CODE_GRANT, "device_code": code}, scene.service)


def agree_for_device(scene: Scene, code: str) -> Any:
    if "/sign-in/consent" in scene.browser.page.text:
        scene.browser.consent()
    return poll_device(scene, code)


def pushed_request(scene: Scene) -> dict[str, str]:
    scene.sign_in()
    pushed = push(scene.ground, scene.service, scope=SCOPE).get_json()
    return {"client_id": scene.service.id, "request_uri": pushed["request_uri"]}


def signed_request(scene: Scene) -> dict[str, str]:
    change_registration(scene, jwks=JWKS)
    scene.sign_in()
    return {"client_id": scene.service.id, "request": request_object(scene.ground, scene.service, scope=SCOPE)}


def post_assertion(scene: Scene) -> Any:
    if scene.browser.page.status_code != 200 or "/sign-in/passkey" not in scene.browser.page.text:
        return scene.browser.page
    answer = scene.citizen.phone.get(scene.browser.options(), ORIGIN)
    return scene.browser.submit("/sign-in/passkey", credential=json.dumps(answer))


ROUTES: dict[str, Route] = {
    "authorize with live session": Route(
        "/authorize", Scene.sign_in, lambda s, _: s.browser.authorize(s.service, scope=SCOPE)
    ),
    "authorize silently": Route(
        "/authorize", Scene.sign_in, lambda s, _: s.browser.authorize(s.service, scope=SCOPE, prompt="none")
    ),
    "authorize with a pushed request": Route(
        "/authorize", pushed_request, lambda s, uri: s.browser.get("/authorize", query_string=uri)
    ),
    "authorize with a signed request": Route(
        "/authorize", signed_request, lambda s, query: s.browser.get("/authorize", query_string=query)
    ),
    "passkey step": Route("/sign-in/passkey", passkey_page, lambda s, _: post_assertion(s)),
    "code step": Route("/sign-in/code", code_page, lambda s, code: s.browser.code(code)),
    "app step": Route("/sign-in/app", app_page, lambda s, given: s.browser.post("/sign-in/app", given)),
    "printed step": Route("/sign-in/printed", printed_page, lambda s, given: s.browser.post("/sign-in/printed", given)),
    "other passkey step": Route(
        "/sign-in/other-passkey",
        other_passkey_page,
        lambda s, given: s.browser.post("/sign-in/other-passkey", given),
    ),
    "consent step": Route("/sign-in/consent", consent_page, lambda s, _: s.browser.consent()),
    "reload": Route("/sign-in/<uuid:row>", reload_page, lambda s, row: s.browser.get(f"/sign-in/{row}")),
    "code exchange": Route("/token", fresh_code, lambda s, code: s.browser.token(s.service, code)),
    "device poll": Route("/token", approved_device, poll_device),
    "device consent": Route("/sign-in/consent", device_consent_page, agree_for_device),
    "refresh": Route(
        "/token",
        Scene.sign_in,
        lambda s, _: call(
            s.ground, "/token", {"grant_type": "refresh_token", "refresh_token": s.given["refresh_token"]}, s.service
        ),
    ),
    "userinfo": Route("/userinfo", Scene.sign_in, lambda s, _: s.browser.userinfo(s.given["access_token"])),
    "introspection": Route(
        "/introspect",
        Scene.sign_in,
        lambda s, _: call(s.ground, "/introspect", {"token": s.given["access_token"]}, s.service),
    ),
}

SECOND_STEPS = ("code step", "app step", "printed step", "other passkey step")

OPEN_BY_LAW = {
    # OpenID Connect Core 1.0 §11: offline access is for when the session is over, and its tokens with it.
    ("session ended", "refresh"),
    ("session ended", "userinfo"),
    ("session ended", "introspection"),
    # Both proofs are new: what ended was an earlier session, and this one begins.
    *(("session ended", step) for step in SECOND_STEPS),
    # A consent that is given on this very page is a new one.
    ("consent withdrawn", "consent step"),
    ("consent withdrawn", "device consent"),
    # The grant of the code stands; what was removed is the other grant type.
    *(("refresh grant removed", route) for route in ROUTES if route != "refresh"),
}
"""Gates that rightly leave a route open."""

LIVE = {"authorize with live session", "authorize with a pushed request", "authorize with a signed request"}
ASKS_AGAIN = {
    # The way goes on to a new proof or a new consent, and nothing is given before that.
    "session ended": {*LIVE, "passkey step", "reload"},
    "consent withdrawn": {*LIVE, "passkey step", *SECOND_STEPS, "reload"},
    "another environment": LIVE,  # nobody whom the service may see is signed in: somebody may sign in
    "acr too low": {*LIVE, "passkey step", *SECOND_STEPS},  # one more proof, or a new sign-in, might reach it
}
"""Gates after which a page may ask the person anew."""


def gives(response: Any) -> bool:
    """Whether an answer gives a code, a token, a claim or the word that a token is good."""
    location = response.headers.get("Location", "")
    body = response.get_json() if response.is_json else {}
    return "code=" in location or bool({"access_token", "id_token", "sub"} & set(body)) or body.get("active") is True


@pytest.mark.parametrize("route", ROUTES)
def test_law_6_every_route_is_open_while_no_gate_is_closed(ground, route):
    scene = Scene(ground)
    answer = ROUTES[route].end(scene, ROUTES[route].begin(scene))
    if route == "passkey step":
        assert 'action="/sign-in/code"' in answer.text
    else:
        assert gives(answer)


@pytest.mark.parametrize("route", ROUTES)
@pytest.mark.parametrize("gate", GATES)
def test_law_6_a_gate_that_closes_on_the_way_stops_the_route(ground, gate, route):
    scene = Scene(ground)
    begun = ROUTES[route].begin(scene)
    messages = len(ground.codes())
    GATES[gate](scene)
    answer = ROUTES[route].end(scene, begun)
    assert answer.status_code < 500
    if (gate, route) in OPEN_BY_LAW:
        assert gives(answer) or route == "passkey step"
        return
    assert not gives(answer), answer.text[:300]
    if route not in ASKS_AGAIN.get(gate, ()):
        stopped(answer, scene, messages)


def stopped(answer: Any, scene: Scene, messages: int) -> None:
    """No further step is asked for, and no message leaves."""
    assert len(scene.ground.codes()) == messages
    for step in ("/sign-in/code", "/sign-in/consent"):
        assert f'action="{step}"' not in answer.text


PASSING = {"session ended", "consent withdrawn", "refresh grant removed", "acr too low"}
STANDING = [gate for gate in GATES if gate not in PASSING]
"""Gates of client, person and credential: behind them nothing can even begin."""


@pytest.mark.parametrize("gate", STANDING)
def test_law_6_behind_a_closed_gate_no_sign_in_begins(ground, gate):
    scene = Scene(ground)
    GATES[gate](scene)
    scene.browser.authorize(scene.service)
    if scene.browser.page.status_code == 200 and "/sign-in/passkey" in scene.browser.page.text:
        post_assertion(scene)
    assert not gives(scene.browser.page)
    stopped(scene.browser.page, scene, 0)
    assert ground.rows("sign_ins") == ground.rows("sessions") == ground.rows("grants") == 0


@pytest.mark.parametrize("gate", ["person suspended", "credential suspended"])
def test_law_6_a_gate_that_opens_again_lets_a_new_sign_in_pass(ground, gate):
    scene = Scene(ground)
    scene.sign_in()
    GATES[gate](scene)
    if gate == "person suspended":
        person(PersonStatus.ACTIVE)(scene)
    else:
        credential(State.ACTIVE)(scene)
    assert ground.browser().tokens(scene.service, scene.citizen)["access_token"]


def test_law_6_agreeing_anew_does_not_bring_old_tokens_back(ground):
    scene = Scene(ground)
    scene.sign_in()
    old = dict(scene.given)
    consent_withdrawn(scene)
    scene.sign_in()
    assert scene.browser.userinfo(scene.given["access_token"]).status_code == 200
    assert scene.browser.userinfo(old["access_token"]).status_code == 401
    again = {"grant_type": "refresh_token", "refresh_token": old["refresh_token"]}
    assert call(ground, "/token", again, scene.service).status_code == 400


@pytest.mark.parametrize("route", ["passkey step", "code step", "consent step", "reload"])
def test_law_5_a_redirect_uri_that_was_removed_on_the_way_is_not_followed(ground, route):
    scene = Scene(ground)
    begun = ROUTES[route].begin(scene)
    change_registration(scene, redirect_uris=["https://another.example/cb"])
    answer = ROUTES[route].end(scene, begun)
    assert answer.status_code == 400
    assert "Location" not in answer.headers


@pytest.mark.parametrize("gate", ["client disabled", "client removed"])
def test_law_6_a_closed_client_pushes_nothing(ground, gate):
    scene = Scene(ground)
    GATES[gate](scene)
    assert push(ground, scene.service).status_code == 401
    assert ground.rows("pushed_requests") == 0


GIVES_NOTHING = {
    # Pages and documents that no token, code or claim ever comes from.
    "/": "the front page",
    "/livez": "alive or not",
    "/coverage": "a public list",
    "/coverage.json": "a public list",
    "/inbound/<gateway>": "a vendor passes on who answered STOP",
    "/receipts/<gateway>": "a vendor says what became of a message",
    "/receipts/<gateway>/<uuid:message>": "a vendor says what became of a message",
    "/static/<digest>/<path:name>": "files",
    "/jwks": "public keys",
    "/par": "keeps a request; what it leads to is given at /authorize",
    "/.well-known/openid-configuration": "public metadata",
    "/.well-known/oauth-authorization-server": "public metadata",
    "/developers": "a guide",
    "/audit/head": "a public statement over the audit",
    "/logos/<name>": "pictures",
    "/sandbox/citizens": "the list of test citizens, for engineers",
    "/sandbox/answer": "a test citizen's assertion, judged like any: tests/pages/test_sandbox.py",
    "/revoke": "takes tokens back",
    "/register": "makes a registration, for whoever was invited",
    "/register/<client_id>": "a registration, for its own service",
    "/logout": "ends a session",
    "/logout/confirm": "ends a session",
    "/sign-in/<uuid:row>/app": "a page; its code is judged at /sign-in/app",
    "/sign-in/<uuid:row>/printed": "a page; its code is judged at /sign-in/printed",
    "/sign-in/<uuid:row>/passkey": "a page; its assertion is judged at /sign-in/other-passkey",
    "/sign-in/<uuid:row>/message": "one word about this browser's own message",
    "/sign-in/opt-in": "lets messages be sent again",
    "/sign-in/code/call": "calls with a code; its gates are those of the code step",
    "/account/sign-in": "leads to the passkey page; what follows are the steps above, and no code at their end",
    "/account/ended": "a page at the end",
    "/account/ways": "a person's own page",
    "/account/app": "binds an authenticator to a person who gave both proofs",
    "/account/app/remove": "removes one",
    "/account/printed": "makes codes for a person who gave both proofs",
    "/account/phone": "a person's own page",
    "/account/phone/code": "binds a number to a person who gave both proofs",
    "/account/phone/call": "a step of a change of number",
    "/account/phone/language": "their own act",
    "/account/phone/opt-in": "their own act",
    "/account/phone/message": "what became of a message",
    "/account/phone/resend": "sends a code to it",
    "/account/phone/other": "forgets it",
    "/sign-in/code/resend": "sends a code; its gates stand in find_sign_in like those of the code step",
    "/sign-in/cancel": "answers with an error",
    "/sign-in/other": "ends what was begun",
    "/device_authorization": "begins a device flow; its gates stand in the poll and in the steps",
    "/device": "says which service a typed code belongs to",
    "/device/begin": "leads to the passkey page",
    "/device/done": "a page at the end",
    "/device/ended": "a page at the end",
    "/missions": "which missions issue",
    # A person's own pages: tests/pages/test_account_gates.py closes the same gates before each of them.
    "/account": "their own page",
    "/account/language": "their own act",
    "/account/email": "where letters go",
    "/account/feedback": "answers to two questions",
    "/email": "confirms where letters go, signs nobody in",
    "/missions/figures": "figures of a month that is over",
    "/missions/figures.json": "figures of a month that is over",
    "/account/services": "their own page",
    "/account/services/withdraw": "takes consent back",
    "/account/sessions": "their own page",
    "/account/sessions/end": "ends sessions",
    "/account/history": "their own page",
    "/account/data": "their own page",
    "/account/data.json": "their own data, as a file",
    "/account/passkeys": "their own page",
    "/account/passkeys/rename": "their own act",
    "/account/passkeys/remove": "takes a passkey away",
    "/account/passkeys/<uuid:row>/remove": "their own page",
    "/account/passkeys/new": "adds a passkey, signs nobody in",
    "/account/stop": "stops the credential",
    "/lost": "what can be done without the phone",
    "/lost/link": "stops the credential",
    "/lost/paper": "stops the credential",
    "/lost/which": "takes a passkey out of use",
    "/account/resume": "lifts its holder's own stop, signs nobody in",
    "/account/close": "ends the credential",
    "/enrol": "begins an enrolment",
    "/enrol/status": "whether a step of an enrolment is over",
    "/enrol/open": "a step of an enrolment",
    "/enrol/now": "a step of an enrolment",
    "/enrol/record": "a step of an enrolment",
    "/enrol/phone": "a step of an enrolment",
    "/enrol/phone/change": "a step of an enrolment",
    "/enrol/code": "a step of an enrolment",
    "/enrol/code/resend": "a step of an enrolment",
    "/enrol/code/call": "a step of an enrolment",
    "/enrol/code/message": "what became of a message",
    "/enrol/passkey": "makes a credential, signs nobody in",
}

OF_STAFF = {
    # For those who work here and are no citizens: their own matrices, made from the URL map, ask each of these.
    "/staff": "tests/laws/test_staff_matrix.py",
    "/counter": "tests/laws/test_staff_matrix.py",
    "/console": "tests/pages/test_console.py",
    "/workbench": "tests/pages/test_workbench.py",
    "/admin/v1": "tests/endpoints/test_administration.py",
}


def is_of_staff(rule: str) -> bool:
    return any(rule == area or rule.startswith(f"{area}/") for area in OF_STAFF)


def test_law_6_every_address_is_a_route_of_the_matrix_or_gives_nothing(ground):
    known = {route.url for route in ROUTES.values()} | set(GIVES_NOTHING)
    there = {
        rule.rule
        for rule in ground.app.url_map.iter_rules()
        if not rule.endpoint.startswith("demo_phone.") and not is_of_staff(rule.rule)
    }
    assert there - known == set(), "a new address: put its route into ROUTES, or say in GIVES_NOTHING why not"
    assert known - there == set()
