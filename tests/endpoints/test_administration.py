"""The administration API: who may call, that it is the console's verbs, and that nothing for two is done by one."""

import json
import os
import re
from base64 import urlsafe_b64encode
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import pytest
import schemathesis
from hypothesis import given, settings
from joserfc.jwk import ECKey
from sqlalchemy import text

from idp.endpoints.openapi import openapi
from idp.keys.jose import sign_jwt
from idp.protocol.dpop import access_token_hash
from idp.registration.administration import SCOPES
from idp.staff.roles import MAY, Act, Role
from tests.endpoints.service_keys import KIND
from tests.endpoints.test_openapi import CHECKS, POSITIVE, STEADY
from tests.ground import ORIGIN, Ground, call, copy_ground
from tests.protocol.proofs import Prover
from tests.staff.colleagues import Colleague, appoint, open_missions

GROUND = "Act on registration, article 7"
NEEDS = {
    # method, address: scope, act, body
    ("GET", "/admin/v1/clients"): ("clients.read", Act.CLIENT_READ, None),
    ("GET", "/admin/v1/clients/{client}"): ("clients.read", Act.CLIENT_READ, None),
    ("PUT", "/admin/v1/clients/{client}"): ("clients.write", Act.CLIENT_WRITE, {"metadata": {}, "ground": GROUND}),
    ("DELETE", "/admin/v1/clients/{client}"): ("clients.write", Act.CLIENT_APPROVE, None),
    ("POST", "/admin/v1/clients/{client}/acts"): ("clients.write", Act.CLIENT_APPROVE, {"act": "stop"}),
    ("GET", "/admin/v1/proposals"): ("clients.read", Act.CLIENT_READ, None),
    ("GET", "/admin/v1/proposals/{uuid}"): ("clients.read", Act.CLIENT_READ, None),
    ("GET", "/admin/v1/missions"): ("missions.read", Act.MISSION_READ, None),
    ("GET", "/admin/v1/missions/{code}"): ("missions.read", Act.MISSION_READ, None),
    ("PUT", "/admin/v1/missions/{code}"): ("missions.write", Act.MISSION_CHANGE, {"opening": "closed"}),
    ("GET", "/admin/v1/staff"): ("staff.read", Act.STAFF_READ, None),
    ("POST", "/admin/v1/staff"): ("staff.write", Act.STAFF_APPOINT, {"name": "x", "role": "auditor"}),
    ("GET", "/admin/v1/staff/{uuid}"): ("staff.read", Act.STAFF_READ, None),
    ("PUT", "/admin/v1/staff/{uuid}"): ("staff.write", Act.STAFF_APPOINT, {"role": "auditor"}),
    ("DELETE", "/admin/v1/staff/{uuid}"): ("staff.write", Act.STAFF_APPOINT, None),
    ("GET", "/admin/v1/countries"): ("countries.read", Act.COUNTRY_READ, None),
    ("GET", "/admin/v1/countries/{region}"): ("countries.read", Act.COUNTRY_READ, None),
    ("PUT", "/admin/v1/countries/{region}"): ("countries.write", Act.COUNTRY_CHANGE, {"sms": False}),
    ("DELETE", "/admin/v1/countries/{region}"): ("countries.write", Act.COUNTRY_CHANGE, None),
    ("GET", "/admin/v1/gateways"): ("countries.read", Act.COUNTRY_READ, None),
    ("GET", "/admin/v1/keys"): ("keys.read", Act.KEY_READ, None),
    ("POST", "/admin/v1/keys"): ("keys.write", Act.KEY_ROTATE, {"act": "rotate", "ground": GROUND}),
    ("GET", "/admin/v1/sessions"): ("sessions.read", Act.SESSION_READ, None),
    ("DELETE", "/admin/v1/sessions/{uuid}"): ("sessions.write", Act.SESSION_END, None),
    ("GET", "/admin/v1/outbox"): ("outbox.read", Act.OUTBOX_READ, None),
    ("POST", "/admin/v1/outbox/{uuid}"): ("outbox.write", Act.OUTBOX_CHANGE, None),
    ("DELETE", "/admin/v1/outbox/{uuid}"): ("outbox.write", Act.OUTBOX_CHANGE, None),
    ("GET", "/admin/v1/switches"): ("switches.read", Act.SWITCH_READ, None),
    ("PUT", "/admin/v1/switches/{name}"): ("switches.write", Act.SWITCH_CHANGE, {"on": False}),
    ("GET", "/admin/v1/audit"): ("audit.read", Act.AUDIT_READ, None),
    ("GET", "/admin/v1/figures"): ("figures.read", Act.FIGURES_READ, None),
}
NOBODY = "00000000-0000-7000-8000-000000000000"


@dataclass
class Robot:
    """An administration client, its key, and the member who answers for it."""

    ground: Ground
    member: Colleague
    scope: str = " ".join(sorted(SCOPES))

    def __post_init__(self) -> None:
        self.key, self.prover = ECKey.generate_key("P-256"), Prover()
        public = {**self.key.as_dict(private=False), "kid": "k1", "alg": "ES256", "use": "sig"}
        self.service = self.ground.register(**document(public, self.member.id, self.scope))
        self.token = self.fetch()

    def fetch(self, scope: str | None = None) -> str:
        """A token bound to the prover's key."""
        now = self.ground.clock()
        jti = urlsafe_b64encode(os.urandom(12)).decode()
        claims = {
            "iss": self.service.id,
            "sub": self.service.id,
            "aud": ORIGIN,
            "jti": jti,
            "iat": now,
            "exp": now + 60,
        }
        form = {
            "grant_type": "client_credentials",
            "client_assertion_type": KIND,
            "client_assertion": sign_jwt(self.key, alg="ES256", kid="k1", typ="JWT", claims=claims),
        } | ({"scope": scope} if scope else {})
        proof = self.prover.proof("POST", f"{ORIGIN}/token", now)
        answered = call(self.ground, "/token", form, headers={"DPoP": proof})
        assert answered.status_code == 200, answered.text
        return answered.get_json()["access_token"]

    def headers(self, method: str, path: str, token: str | None = None) -> dict[str, str]:
        used = token or self.token
        uri = f"{ORIGIN}{path.partition('?')[0]}"
        proof = self.prover.proof(method, uri, self.ground.clock(), ath=access_token_hash(used))
        return {"Authorization": f"DPoP {used}", "DPoP": proof}

    def do(self, method: str, path: str, body: Any = None, *, token: str | None = None, **headers: str) -> Any:
        sent = self.headers(method, path, token) | headers
        client = self.ground.app.test_client()
        return client.open(path, method=method, base_url=ORIGIN, headers=sent, json=body)

    def change(self, method: str, path: str, body: Any = None) -> Any:
        """A change of what is there now."""
        return self.do(method, path, body, **{"If-Match": self.do("GET", path).headers["ETag"]})


def document(public: dict[str, Any], member: UUID, scope: str) -> dict[str, Any]:
    return {
        "client_name": "Registry in git",
        "grant_types": ["client_credentials"],
        "redirect_uris": None,
        "post_logout_redirect_uris": None,
        "client_uri": None,
        "scope": None,
        "sector": None,
        "token_endpoint_auth_method": "private_key_jwt",
        "jwks": {"keys": [public]},
        "dpop_bound_access_tokens": True,
        "machine_scope": scope,
        "administers_for": str(member),
    }


@pytest.fixture(scope="module")
def office(template, tmp_path_factory):
    made = copy_ground(template, tmp_path_factory.mktemp("administration"))
    open_missions(made)
    yield made
    made.provider.database.engine.dispose()


@pytest.fixture(scope="module")
def service(office):
    return office.register()


@pytest.fixture(scope="module")
def robot(office):
    return Robot(office, appoint(office, Role.ADMINISTRATOR))


def path_of(template, service):
    return (
        template.replace("{client}", service.id)
        .replace("{uuid}", NOBODY)
        .replace("{code}", "berlin")
        .replace("{region}", "DE")
        .replace("{name}", "voice_calls")
    )


def changing(ground):
    """What an act could change: everything but used proofs, sessions of staff, tokens and the audit."""
    left_out = {"used_once", "staff_sessions", "access_tokens", "grants", "audit_events"}
    return {table: rows for table, rows in ground.contents().items() if table not in left_out}


def test_V_01_every_address_stands_in_the_matrix(office):
    named = {"<client_id>": "{client}", "<code>": "{code}", "<region>": "{region}", "<name>": "{name}"}
    routed = set()
    for rule in office.app.url_map.iter_rules():
        if rule.rule.startswith("/admin"):
            path = re.sub(r"<uuid:\w+>", "{uuid}", rule.rule)
            for ours, theirs in named.items():
                path = path.replace(ours, theirs)
            routed |= {(method, path) for method in rule.methods - {"HEAD", "OPTIONS"}}
    assert routed == set(NEEDS)


@pytest.mark.parametrize(("method", "path"), NEEDS)
def test_V_01_nobody_without_the_scope_and_no_member_without_the_act_comes_through(
    office, robot, service, method, path
):
    scope, act, body = NEEDS[method, path]
    at = path_of(path, service)
    before = changing(office)
    client = office.app.test_client()
    assert client.open(at, method=method, base_url=ORIGIN, json=body).status_code == 401
    bearer = {"Authorization": f"Bearer {robot.token}"}
    assert client.open(at, method=method, base_url=ORIGIN, json=body, headers=bearer).status_code == 401
    other = robot.fetch(" ".join(sorted(SCOPES - {f"admin:{scope}"})))
    refused = robot.do(method, at, body, token=other)
    assert (refused.status_code, refused.get_json()["error"]) == (403, "insufficient_scope")
    with office.provider.database.begin() as step:
        weak = next(role for role in Role if act not in MAY[role] and role not in {Role.OFFICER, Role.SUPERVISOR})
        step.run(text("UPDATE staff_members SET role = :role WHERE id = :id"), role=weak.value, id=key(office, robot))
    try:
        assert robot.do(method, at, body).status_code == 403
    finally:
        with office.provider.database.begin() as step:
            step.run(text("UPDATE staff_members SET role = 'administrator' WHERE id = :id"), id=key(office, robot))
    assert changing(office) == before


def key(ground, robot):
    return robot.member.id.hex if ground.provider.settings.is_sqlite else robot.member.id


BAD = {
    "a secret": {"token_endpoint_auth_method": "client_secret_basic", "jwks": None},
    "tokens bound to nothing": {"dpop_bound_access_tokens": False},
    "nobody answers": {"administers_for": None},
    "no such scope": {"machine_scope": "admin:everything"},
    "people sign in too": {
        "grant_types": ["client_credentials", "authorization_code"],
        "redirect_uris": ["https://a.example.kr/cb"],
        "scope": "openid",
    },
    "answers for nothing": {"machine_scope": "read"},
    "not a key": {"administers_for": "me"},
}


@pytest.mark.parametrize("case", BAD)
def test_G_10_what_could_be_copied_or_belongs_to_nobody_never_administers(robot, case):
    public = {**robot.key.as_dict(private=False), "kid": "k1", "alg": "ES256", "use": "sig"}
    asked = document(public, robot.member.id, "admin:clients.read") | BAD[case]
    answered = robot.do("PUT", "/admin/v1/clients/new-robot", {"metadata": asked, "ground": GROUND})
    assert answered.status_code == 422, answered.text


def test_a_removed_member_takes_their_clients_along(ground):
    open_missions(ground)
    robot = Robot(ground, appoint(ground, Role.AUDITOR))
    assert robot.do("GET", "/admin/v1/audit").status_code == 200
    ground.provider.staff.remove(robot.member.id)
    assert robot.do("GET", "/admin/v1/audit").status_code == 403


def test_a_proof_is_good_once_and_for_this_call(office, robot):
    sent = robot.headers("GET", "/admin/v1/keys")
    client = office.app.test_client()
    assert client.get("/admin/v1/keys", base_url=ORIGIN, headers=sent).status_code == 200
    assert client.get("/admin/v1/keys", base_url=ORIGIN, headers=sent).status_code == 401
    other = robot.headers("GET", "/admin/v1/keys")
    assert client.get("/admin/v1/staff", base_url=ORIGIN, headers=other).status_code == 401


def test_a_person_s_token_administers_nothing(office, service):
    token = office.browser().tokens(service, office.enrol())["access_token"]
    headers = {"Authorization": f"Bearer {token}"}
    answered = office.app.test_client().get("/admin/v1/clients", base_url=ORIGIN, headers=headers)
    assert answered.status_code == 401


# What is done, and on whose behalf.


def test_what_gives_something_waits_for_another_person(ground):
    open_missions(ground)
    service, robot = ground.register(), Robot(ground, appoint(ground, Role.ADMINISTRATOR))
    at, before = f"/admin/v1/clients/{service.id}", changing(ground)["clients"]
    metadata = robot.do("GET", at).get_json()["metadata"] | {"client_name": "Another"}
    asked = [
        robot.change("PUT", at, {"metadata": metadata, "ground": GROUND}),
        robot.do("POST", f"{at}/acts", {"act": "secret", "ground": GROUND}),
        robot.do("POST", "/admin/v1/keys", {"act": "rotate", "ground": GROUND}),
        robot.do("PUT", "/admin/v1/switches/voice_calls", {"on": True, "ground": GROUND}),
    ]
    assert [answered.status_code for answered in asked] == [202] * 4
    assert changing(ground)["clients"] == before
    for answered in asked:
        waiting = robot.do("GET", answered.headers["Location"].removeprefix(ORIGIN)).get_json()
        assert (waiting["proposer"], waiting["via"]) == (str(robot.member.id), robot.service.id)
        assert waiting["outcome"] is None
    assert len(robot.do("GET", "/admin/v1/proposals").get_json()["items"]) == 4


def test_what_takes_something_away_is_done_and_names_member_and_client(ground):
    open_missions(ground)
    service, robot = ground.register(), Robot(ground, appoint(ground, Role.ADMINISTRATOR))
    at = f"/admin/v1/clients/{service.id}"
    assert robot.do("POST", f"{at}/acts", {"act": "stop"}).get_json()["status"] == "disabled"
    assert robot.change("DELETE", at).status_code == 204
    assert robot.do("GET", at).get_json()["removal_at"] > ground.clock()
    assert robot.change("DELETE", at).status_code == 409
    assert robot.do("POST", f"{at}/acts", {"act": "keep"}).get_json()["removal_at"] is None
    assert robot.do("PUT", "/admin/v1/switches/voice_calls", {"on": False}).get_json()["on"] is False
    assert robot.change("PUT", "/admin/v1/missions/berlin", {"opening": "pilot", "quota": 5}).get_json()["quota"] == 5
    assert robot.change("PUT", "/admin/v1/countries/DE", {"sms": False}).get_json()["sms"] is False
    assert robot.change("DELETE", "/admin/v1/countries/DE").status_code == 204
    assert robot.do("GET", "/admin/v1/countries/DE").get_json()["sms"] is True
    colleague = appoint(ground, Role.OPERATOR)
    theirs = f"/admin/v1/staff/{colleague.id}"
    assert robot.change("PUT", theirs, {"role": "auditor"}).get_json()["role"] == "auditor"
    assert robot.change("DELETE", theirs).status_code == 204
    with ground.provider.database.read() as reading:
        rows = reading.all(text("SELECT detail FROM audit_events WHERE detail LIKE '%via%'"))
    details = [json.loads(row.detail) for row in rows]
    assert len(details) == 9
    assert {(one["by"], one["via"]) for one in details} == {(robot.member.id.hex, robot.service.id)}


def test_V_04_no_machine_makes_an_administrator(ground):
    open_missions(ground)
    robot = Robot(ground, appoint(ground, Role.ADMINISTRATOR))
    colleague = appoint(ground, Role.OPERATOR)
    theirs = f"/admin/v1/staff/{colleague.id}"
    for role in ("administrator", "operator", "registrar"):
        assert robot.do("POST", "/admin/v1/staff", {"name": "x", "role": role}).status_code == 403
    assert robot.change("PUT", theirs, {"role": "administrator"}).status_code == 403
    assert robot.change("DELETE", f"/admin/v1/staff/{robot.member.id}").status_code == 403, "nor removes its own member"
    link = robot.do("POST", "/admin/v1/staff", {"name": "x", "role": "auditor"})
    assert link.status_code == 201
    assert link.get_json()["link"].startswith(f"{ORIGIN}/staff/join#")


def test_a_session_is_found_and_ended_and_its_services_are_told(ground):
    open_missions(ground)
    service, citizen = ground.register(), ground.enrol()
    robot = Robot(ground, appoint(ground, Role.ADMINISTRATOR))
    tokens = ground.browser().tokens(service, citizen)
    [found] = robot.do("GET", f"/admin/v1/sessions?person={citizen.person}").get_json()["items"]
    assert found["clients"] == [service.id]
    assert robot.do("GET", f"/admin/v1/sessions?client={service.id}").get_json()["items"] == [found]
    assert robot.do("DELETE", f"/admin/v1/sessions/{found['id']}").status_code == 204
    assert robot.do("DELETE", f"/admin/v1/sessions/{found['id']}").status_code == 404
    assert ground.browser().userinfo(tokens["access_token"]).status_code == 401
    assert "staff:session:stopped" in ground.events()


def test_a_message_that_waits_is_tried_again_or_let_go(ground):
    open_missions(ground)
    service, robot = ground.register(), Robot(ground, appoint(ground, Role.ADMINISTRATOR))
    walker = ground.browser()
    walker.authorize(service)
    walker.passkey(ground.enrol())
    [waiting] = robot.do("GET", "/admin/v1/outbox").get_json()["items"]
    at = f"/admin/v1/outbox/{waiting['id']}"
    assert robot.do("POST", at).status_code < 300
    assert robot.do("DELETE", at).status_code == 204
    assert robot.do("DELETE", at).status_code == 404
    assert [tag for tag in ground.events() if "message" in tag] == ["staff:message:retried", "staff:message:dropped"]


# Pages, versions, errors.


def test_D_12_pages_are_complete_and_no_cursor_is_made_up(office, robot):
    whole = robot.do("GET", "/admin/v1/countries?limit=200").get_json()
    assert len(whole["items"]) == 200
    rest = robot.do("GET", f"/admin/v1/countries?limit=200&cursor={whole['next']}").get_json()
    names = [one["region"] for one in (*whole["items"], *rest["items"])]
    assert rest["next"] is None
    assert names == sorted(office.provider.coverage.base.countries)
    made_up = urlsafe_b64encode(bytes(16) + b"DE").decode()
    for query in ("limit=0", "limit=-1", "limit=1000000000", "limit=x", f"cursor={made_up}", "cursor=%00", "cursor=é"):
        assert robot.do("GET", f"/admin/v1/countries?{query}").status_code == 400, query
    assert robot.do("GET", f"/admin/v1/keys?cursor={whole['next']}").status_code == 400, "of another list"


def test_a_change_names_the_version_that_it_changes(robot):
    at, body = "/admin/v1/missions/tokyo", {"opening": "closed"}
    assert robot.do("PUT", at, body).status_code == 428
    assert robot.do("PUT", at, body, **{"If-Match": '"another"'}).status_code == 412
    assert robot.do("PUT", at, body, **{"If-Match": "*"}).status_code == 412
    seen = robot.do("GET", at).headers["ETag"]
    assert robot.do("PUT", at, body, **{"If-Match": seen}).status_code == 200
    assert robot.do("PUT", at, {"opening": "open"}, **{"If-Match": seen}).status_code == 412


def test_the_audit_is_read_in_pages_and_reading_it_is_on_record(office, robot):
    seen, cursor = [], ""
    for _ in range(50):
        page = robot.do("GET", f"/admin/v1/audit?limit=2&event=staff:&cursor={cursor}").get_json()
        seen += [one["id"] for one in page["items"]]
        cursor = page["next"]
        if cursor is None:
            break
    assert len(seen) == len(set(seen)) > 2
    assert seen == sorted(seen, reverse=True)
    assert "staff:audit:exported" in office.events()


@pytest.mark.parametrize(
    ("sent", "kind", "status"),
    [
        (b"{", "application/json", 400),
        (b"[]", "application/json", 400),
        (b'{"act":"stop","act":"keep"}', "application/json", 400),
        (b'{"act":"stop","x":1}', "application/json", 400),
        (b'{"act":7}', "application/json", 400),
        (b'{"act":"dance"}', "application/json", 400),
        (b"\xff", "application/json", 400),
        (b"act=stop", "application/x-www-form-urlencoded", 415),
        (b'{"act":"resume","ground":"short"}', "application/json", 422),
    ],
)
def test_a_body_that_cannot_be_read_is_told_as_problem_details(office, robot, service, sent, kind, status):
    at = f"/admin/v1/clients/{service.id}/acts"
    headers = robot.headers("POST", at) | {"Content-Type": kind}
    answered = office.app.test_client().post(at, data=sent, base_url=ORIGIN, headers=headers)
    assert answered.status_code == status, answered.text
    assert answered.mimetype == "application/problem+json"
    assert answered.get_json()["status"] == status


def test_D_09_no_request_that_the_document_allows_is_a_server_error(office, robot, service):
    office.app.config["PROPAGATE_EXCEPTIONS"] = False
    there = {"client_id": service.id, "code": "berlin", "region": "DE", "name": "enrolment"}
    asked = 0
    for found in schemathesis.openapi.from_dict(openapi(office.app)).get_all_operations():
        operation = found.ok()
        if not operation.path.startswith("/admin/v1"):
            continue
        operation.app = office.app

        @settings(STEADY, max_examples=3)
        @given(case=operation.as_strategy(generation_mode=POSITIVE[0]))
        def judged(case):
            nonlocal asked
            asked += 1
            case.path_parameters = {name: there.get(name, NOBODY) for name in case.path_parameters or {}}
            headers = robot.headers(case.method.upper(), case.formatted_path)
            answered = case.call(base_url=ORIGIN, headers=headers)
            case.validate_response(answered, checks=CHECKS)

        judged()
    office.app.config["PROPAGATE_EXCEPTIONS"] = True
    assert asked > 60
