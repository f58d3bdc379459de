"""R, G: a registration that breaks a rule is refused by whatever way it comes, and then nothing is stored.

One table of broken registrations over every way: the console's form and JSON, the administration API, both commands,
and the protocol (RFC 7591, RFC 7592). Each is judged on the whole of what would be registered.
"""

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import pytest
from click.testing import CliRunner
from joserfc.jwk import ECKey

from idp.pages.client_form import Choices, fill, groups
from idp.registration.by_protocol import POLICY_DEFAULTS
from idp.registration.commands import client
from idp.staff.roles import Role
from tests.endpoints.test_administration import Robot
from tests.endpoints.test_administration import document as administering
from tests.ground import ORIGIN, Ground, Registered, Walker, copy_ground
from tests.staff.colleagues import answer, appoint, at_desk, open_missions

GROUND = "Act on registration, article 7"
DOCUMENT = {
    "client_name": "Library",
    "redirect_uris": ["https://library.example.kr/cb"],
    "scope": "openid profile",
    "legal_grounds": {"profile": "Library Act, article 5"},
}
WEAK_KEY = {"kty": "RSA", "e": "AQAB", "n": "w" * 171, "kid": "w", "use": "sig", "alg": "RS256"}
BROKEN: dict[str, dict[str, Any]] = {
    "R-05 user information": {"redirect_uris": ["https://library.example.kr@evil.test/cb"]},
    "R-08 fragment": {"redirect_uris": ["https://library.example.kr/cb#x"]},
    "R-08 script": {"redirect_uris": ["javascript:alert(1)"]},
    "R-08 http": {"redirect_uris": ["http://library.example.kr/cb"]},
    "R-08 homograph": {"redirect_uris": ["https://xn--80ak6aa92e.com/cb"]},
    "R-10 logout elsewhere": {"post_logout_redirect_uris": ["http://library.example.kr/out"]},
    "G-02 keys at an address": {"jwks_uri": "https://127.0.0.1/jwks", "token_endpoint_auth_method": "private_key_jwt"},
    "G-02 logout to the cloud": {"backchannel_logout_uri": "https://169.254.169.254/latest"},
    "G-02 sector of a file": {"sector_identifier_uri": "file:///etc/passwd"},
    "G-07 name turned round": {"client_name": "Library\u202e"},
    "G-10 no authentication and no PKCE": {"token_endpoint_auth_method": "none", "pkce_required": False},
    "G-10 the password grant": {"grant_types": ["authorization_code", "password"]},
    "no such method": {"token_endpoint_auth_method": "client_secret_jwt"},
    "a weak key": {"token_endpoint_auth_method": "private_key_jwt", "jwks": {"keys": [WEAK_KEY]}},
    "an implicit answer": {"response_types": ["token"]},
    "refresh alone": {"grant_types": ["refresh_token"]},
    "two sectors": {"sector": "a.example", "sector_identifier_uri": "https://a.example/sector"},
    "a frame elsewhere": {"frontchannel_logout_uri": "https://other.example.kr/logout"},
    "public subject, nobody answers": {"subject_type": "public"},
    "administers, nobody answers": {
        "grant_types": ["authorization_code", "client_credentials"],
        "machine_scope": "admin:clients.write",
    },
}


@dataclass
class Place:
    """One installation with somebody for each way."""

    ground: Ground
    service: Registered
    engineer: Walker
    robot: Robot
    invitation: str
    own: dict[str, Any]  # a service that registered itself
    folder: Any

    def kept(self) -> dict[str, Any]:
        found = self.ground.contents()
        return {table: found[table] for table in ("clients", "client_proposals", "pending_acts")}


@pytest.fixture(scope="module")
def place(template, tmp_path_factory):
    ground = copy_ground(template, tmp_path_factory.mktemp("ways"))
    open_missions(ground)
    now = ground.clock()
    invitation = ground.provider.invitations.invite(note="x", uses=999, lab=False, now=now, expires_at=now + 3600)
    own = register(ground, invitation, protocol(DOCUMENT | {"client_name": "Own"})).get_json()
    yield Place(
        ground=ground,
        service=ground.register(),
        engineer=at_desk(ground, appoint(ground, Role.ADMINISTRATOR)),
        robot=Robot(ground, appoint(ground, Role.ADMINISTRATOR)),
        invitation=invitation,
        own=own,
        folder=tmp_path_factory.mktemp("folders") / "library",
    )
    ground.provider.database.engine.dispose()


def register(ground, token, document):
    headers = {"Authorization": f"Bearer {token}"}
    return ground.app.test_client().post("/register", json=document, headers=headers, base_url=ORIGIN)


def protocol(document):
    """What a service may say itself."""
    return {name: value for name, value in document.items() if name not in POLICY_DEFAULTS}


def by_json(place, document):
    place.engineer.get("/console/proposals/new?as=json")
    fields = {"client_id": "library", "metadata": json.dumps(document), "ground": GROUND}
    return place.engineer.submit("/console/proposals", **fields).status_code == 422


def by_form(place, document):
    choices = Choices(place.ground.provider.offer.scopes, place.ground.provider.offer.acr_values)
    typed = {name: value for name, value in fill(document, choices).items() if value}
    place.engineer.get("/console/proposals/new")
    fields = typed | {"client_id": "library", "ground": GROUND}
    return place.engineer.submit("/console/proposals", **fields).status_code == 422


def by_api(place, document):
    body = {"metadata": document, "ground": GROUND}
    return place.robot.do("PUT", "/admin/v1/clients/library", body).status_code == 422


def by_add(place, document):
    arguments = ["add", "--file", "-"]
    return CliRunner().invoke(client, arguments, obj=place.ground.provider, input=json.dumps(document)).exit_code == 1


def by_apply(place, document):
    place.folder.mkdir(exist_ok=True)
    (place.folder / "registration.toml").write_text(toml(document), "utf-8")
    return CliRunner().invoke(client, ["apply", str(place.folder)], obj=place.ground.provider).exit_code == 1


def toml(value: Any) -> str:
    """The document as TOML, whose texts are JSON's."""
    if isinstance(value, dict):
        return "\n".join(f'"{name}" = {inline(one)}' for name, one in value.items())
    return inline(value)


def inline(value: Any) -> str:
    if isinstance(value, dict):
        return "{ " + ", ".join(f'"{name}" = {inline(one)}' for name, one in value.items()) + " }"
    if isinstance(value, list):
        return "[" + ", ".join(inline(one) for one in value) + "]"
    return json.dumps(value)


def by_registration(place, document):
    return register(place.ground, place.invitation, protocol(document)).status_code == 400


def by_configuration(place, document):
    asked = protocol(document) | {"client_id": place.own["client_id"]}
    headers = {"Authorization": f"Bearer {place.own['registration_access_token']}"}
    address = place.own["registration_client_uri"].removeprefix(ORIGIN)
    answered = place.ground.app.test_client().put(address, json=asked, headers=headers, base_url=ORIGIN)
    return answered.status_code == 400


WAYS: dict[str, Callable[[Place, dict[str, Any]], bool]] = {
    "console, as JSON": by_json,
    "console, by fields": by_form,
    "administration API": by_api,
    "idp client add": by_add,
    "idp client apply": by_apply,
    "RFC 7591": by_registration,
    "RFC 7592": by_configuration,
}
OF_THE_FORM = {one.name for _, inputs in groups(Choices((), ())) for one in inputs}
CHOSEN = {"no such method": "by_form", "G-10 the password grant": "by_form"}
"""What a form that is filled from a list cannot even say."""


def applies(way: str, broken: str) -> bool:
    changed = BROKEN[broken]
    if way == "console, by fields":
        return set(changed) <= OF_THE_FORM and broken not in CHOSEN
    if way.startswith("RFC"):  # policy is refused there for itself: test_by_protocol.py
        return not set(changed) & set(POLICY_DEFAULTS)
    return True


TABLE = [(way, broken) for way in WAYS for broken in BROKEN if applies(way, broken)]


@pytest.mark.parametrize(("way", "broken"), TABLE)
def test_R_G_what_breaks_a_rule_is_refused_by_every_way(place, way, broken):
    before = place.kept()
    assert WAYS[way](place, DOCUMENT | BROKEN[broken]), f"{way} took {broken}"
    assert place.kept() == before


@pytest.mark.parametrize("way", ["console, as JSON", "console, by fields", "administration API"])
def test_G_a_scope_without_its_legal_ground_is_not_proposed(place, way):
    before = place.kept()
    groundless = {name: value for name, value in DOCUMENT.items() if name != "legal_grounds"}
    assert WAYS[way](place, groundless)
    assert place.kept() == before


BY_ADMINISTRATORS = [way for way in WAYS if not way.startswith("RFC")]
"""The ways that may say who answers for an administration client."""


def answered_by(member):
    public = {**ECKey.generate_key("P-256").as_dict(private=False), "kid": "k1", "alg": "ES256", "use": "sig"}
    asked = administering(public, member, "admin:clients.read")
    return {name: value for name, value in asked.items() if value is not None}


def nobody(_ground):
    return UUID(int=7)


def somebody_removed(ground):
    left = appoint(ground, Role.AUDITOR)
    ground.provider.staff.remove(left.id)
    return left.id


NO_ANSWERERS: dict[str, Callable[[Ground], UUID]] = {
    "nobody": nobody,
    "somebody who left": somebody_removed,
    "an officer": lambda ground: appoint(ground, Role.OFFICER).id,
    "a service's engineer": lambda ground: appoint(ground, Role.CLIENT_ENGINEER).id,
}


@pytest.mark.parametrize("who", NO_ANSWERERS)
@pytest.mark.parametrize("way", BY_ADMINISTRATORS)
def test_G_10_a_client_administers_for_a_living_member_of_the_central_staff_alone(place, way, who):
    member = NO_ANSWERERS[who](place.ground)
    before = place.kept()
    assert WAYS[way](place, answered_by(member)), f"{way} took {who}"
    assert place.kept() == before


@pytest.mark.parametrize("way", [way for way in BY_ADMINISTRATORS if way != "idp client apply"])
def test_a_living_member_may_answer_by_every_way(place, way):
    before = place.kept()
    assert not WAYS[way](place, answered_by(place.robot.member.id))
    assert place.kept() != before


def test_what_nobody_answers_for_is_told_beforehand_and_by_name(place):
    place.folder.mkdir(exist_ok=True)

    def tried(member):
        (place.folder / "registration.toml").write_text(toml(answered_by(member)), "utf-8")
        return CliRunner().invoke(client, ["apply", "--dry-run", str(place.folder)], obj=place.ground.provider)

    told = tried(UUID(int=7))
    assert (told.exit_code, told.stdout) == (1, "")
    assert told.stderr.startswith("error: library: administers_for: must be the key of a member")
    assert tried(place.robot.member.id).stdout.startswith("library: would be added\n")


def test_G_10_who_answers_may_leave_before_the_second_person_decides(place):
    """Judged again in the transaction that makes it a client."""
    ground, leaving = place.ground, appoint(place.ground, Role.AUDITOR)
    proposed = answered_by(leaving.id)
    place.engineer.get("/console/proposals/new?as=json")
    kept = place.engineer.submit("/console/proposals", client_id="robot", metadata=json.dumps(proposed), ground=GROUND)
    ground.provider.staff.remove(leaving.id)
    second = appoint(ground, Role.ADMINISTRATOR)
    at = at_desk(ground, second)
    before = ground.contents()["clients"]
    at.get(kept.headers["Location"])
    asked = at.submit(kept.headers["Location"], decision="proposal_approve")
    assert asked.status_code == 200, asked.text
    assert answer(at, "/console/confirm", second).status_code == 409
    assert ground.contents()["clients"] == before


@pytest.mark.parametrize("way", WAYS)
def test_a_good_registration_comes_in_by_every_way(place, way):
    before = place.kept()
    name = {"client_name": f"Library by {way}"}
    assert not WAYS[way](place, DOCUMENT | name)
    assert place.kept() != before
