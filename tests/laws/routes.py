"""The routes of law 6: every way to a code, a token or a claim, up to its last request and that request.

A gate may close before the first half and between the two.
"""

import html
import json
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from idp.protocol.device_flow import DEVICE_CODE_GRANT
from tests.ground import ORIGIN, Template, Walker, call
from tests.laws.gates import SCOPE, Scene, change_registration, consent_withdrawn, with_levels
from tests.second_proofs import app_code, give_app, give_passkey, give_printed, here
from tests.signed_requests import JWKS, push, request_object


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


@dataclass
class Ways:
    """Each route walked once, up to its last request: every gate gets a copy of all that was there then."""

    template: Template
    directory: Path
    begun: dict[str, tuple[Template, Scene, Any]] = field(default_factory=dict)

    def walked(self, route: str) -> tuple[Template, Scene, Any]:
        """The installation as it stands, the scene, and what the last request needs."""
        if route not in self.begun:
            directory = self.directory / route
            directory.mkdir()
            with with_levels(self.template, directory) as ground:
                scene = Scene(ground)
                needed = ROUTES[route].begin(scene)
            self.begun[route] = replace(self.template, sqlite=directory / "idp.sqlite3"), scene, needed
        return self.begun[route]
