"""Members of staff for tests: appointed at once, with a software passkey, and a browser that signs them in."""

import json
import os
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from idp.demo.authenticator import SoftAuthenticator
from idp.demo.officers import appoint_at_once
from idp.demo.passkey import Passkey
from idp.missions.mission import Opening, Place
from idp.staff.member import appointment
from idp.staff.roles import AT_A_MISSION, Role
from tests.ground import ORIGIN, Ground, Walker

BERLIN = Place(
    code="berlin",
    name_ko="주독일대사관",
    name_en="Embassy in Germany",
    country="DE",
    zone="Europe/Berlin",
    address="Berlin",
    languages=("ko", "de"),
)
TOKYO = Place(
    code="tokyo",
    name_ko="주일본대사관",
    name_en="Embassy in Japan",
    country="JP",
    zone="Asia/Tokyo",
    address="Tokyo",
    languages=("ko", "ja"),
)


@dataclass(frozen=True)
class Colleague:
    """A member of staff and the device that holds their passkey."""

    id: UUID
    name: str
    role: Role
    device: SoftAuthenticator
    passkey: Passkey


def open_missions(ground: Ground) -> None:
    """Berlin and Tokyo, issuing."""
    missions = ground.provider.missions
    missions.apply([BERLIN, TOKYO])
    assert missions.set_opening(["berlin", "tokyo"], Opening.OPEN, None) == []


def appoint(ground: Ground, role: Role, mission: str | None = "berlin", name: str = "이창구") -> Colleague:
    """Somebody in that role; the mission counts only for roles that have one."""
    device = SoftAuthenticator(os.urandom)
    passkey = Passkey.new(
        rp_id="localhost",
        user_handle=os.urandom(64),
        user_name="staff/x",
        display_name=name,
        random_bytes=os.urandom,
    )
    device.add(passkey)
    member = appoint_at_once(
        ground.provider, appointment(name, role, mission if role in AT_A_MISSION else None), passkey
    )
    return Colleague(member, name, role, device, passkey)


def answer(browser: Walker, action: str, colleague: Colleague, **falsified: Any) -> Any:
    """Confirm the passkey form of the present page that posts to `action`."""
    form = browser.form(action)
    options = json.loads(form["options"])
    return browser.post(action, form | {"credential": json.dumps(colleague.device.get(options, ORIGIN, **falsified))})


def at_desk(ground: Ground, colleague: Colleague) -> Walker:
    """A browser in which the colleague is signed in."""
    browser = ground.browser()
    browser.get("/staff/sign-in")
    answered = answer(browser, "/staff/sign-in", colleague)
    assert answered.status_code == 303, answered.text
    return browser
