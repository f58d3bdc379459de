"""Law 6: every gate stands on every route that leads to a token or a claim (abuse cases 1.0).

The matrix is generated: each gate is closed before a route is walked and again just before its last request.
A route that somebody adds is missing in `ROUTES` and fails the test of the URL map until it stands there.
"""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from idp.credential.states import State
from idp.people.status import PersonStatus
from tests.ground import Ground, Template, call
from tests.laws.gates import GATES, Scene, change_registration, consent_withdrawn, credential, person, with_levels
from tests.laws.routes import ROUTES, Ways, post_assertion
from tests.signed_requests import push


@pytest.fixture
def ground(tmp_path: Path, template: Template) -> Iterator[Ground]:
    """An installation with levels above the one that everybody reaches."""
    with with_levels(template, tmp_path) as made:
        yield made


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


@pytest.fixture(scope="module")
def every_way(template: Template, tmp_path_factory: pytest.TempPathFactory) -> Ways:
    return Ways(template, tmp_path_factory.mktemp("ways"))


@pytest.fixture
def begin(every_way: Ways, tmp_path: Path) -> Iterator[Callable[[str], tuple[Scene, Any]]]:
    """The scene right before the last request of a route, in an installation of its own."""
    with ExitStack() as stack:

        def _begin(route: str) -> tuple[Scene, Any]:
            template, scene, needed = every_way.walked(route)
            return scene.copied(stack.enter_context(with_levels(template, tmp_path))), needed

        yield _begin


@pytest.mark.parametrize("route", ROUTES)
def test_law_6_every_route_is_open_while_no_gate_is_closed(begin, route):
    scene, begun = begin(route)
    answer = ROUTES[route].end(scene, begun)
    if route == "passkey step":
        assert 'action="/sign-in/code"' in answer.text
    else:
        assert gives(answer)


@pytest.mark.parametrize("route", ROUTES)
@pytest.mark.parametrize("gate", GATES)
def test_law_6_a_gate_that_closes_on_the_way_stops_the_route(begin, gate, route):
    scene, begun = begin(route)
    messages = len(scene.ground.codes())
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


BY_ONE_STATEMENT = [
    (gate, route)
    for gate in GATES
    for route in ("code exchange", "refresh")
    if (gate, route) not in OPEN_BY_LAW and gate != "acr too low"  # no level above: tests/storage/test_exchanges.py
]


def test_law_6_a_gate_that_closes_on_the_way_stops_what_one_statement_gives(postgresql_ground):
    """On PostgreSQL the statement that takes a code or a refresh token judges it (idp/storage/exchanges.py)."""
    ground = postgresql_ground
    for gate, route in BY_ONE_STATEMENT:
        ground.clock.now += 86_400  # as many messages as on a new day
        scene = Scene(ground)
        begun = ROUTES[route].begin(scene)
        GATES[gate](scene)
        answer = ROUTES[route].end(scene, begun)
        assert 400 <= answer.status_code < 500, (gate, route)
        assert not gives(answer), (gate, route)


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
def test_law_5_a_redirect_uri_that_was_removed_on_the_way_is_not_followed(begin, route):
    scene, begun = begin(route)
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
