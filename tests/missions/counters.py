"""A counter for tests: an officer's browser, a citizen's phone, and the way from the passport to the credential."""

import json
import os
import re
from dataclasses import dataclass, field
from typing import Any

from idp.demo.authenticator import SoftAuthenticator
from idp.staff.roles import Role
from tests.ground import ORIGIN, PHONE, Ground, Walker
from tests.missions.passports import intake
from tests.staff.colleagues import Colleague, answer, appoint, at_desk, open_missions


@dataclass
class Counter:
    """One officer at their desk, with a supervisor beside them."""

    ground: Ground
    mission: str = "berlin"
    officer: Colleague = field(init=False)
    desk: Walker = field(init=False)
    case: str = ""

    def __post_init__(self) -> None:
        self.officer = appoint(self.ground, Role.OFFICER, self.mission, "이창구")
        self.desk = at_desk(self.ground, self.officer)

    def start(self, **changed: Any) -> Any:
        """Send the form of a new case; the answer."""
        self.desk.get("/counter/new")
        page = self.desk.post("/counter/new", self.desk.form("/counter/new") | intake(**changed))
        if page.status_code == 303:
            self.case = page.headers["Location"].rsplit("/", 1)[-1]
        return page

    def look(self) -> Any:
        return self.desk.get(f"/counter/{self.case}")

    def link(self) -> str:
        """Show the QR; the secret that it holds."""
        self.look()
        page = self.desk.submit(f"/counter/{self.case}/link")
        assert page.status_code == 200, page.status
        return re.search(r'id="demo-link" href="[^"#]+#([^"]+)"', page.text)[1]

    def confirm(self, number: str) -> Any:
        self.look()
        return self.desk.submit(f"/counter/{self.case}/confirm", number=number)

    def second(self, colleague: Colleague) -> Any:
        """Somebody else looks at the case and agrees."""
        desk = at_desk(self.ground, colleague)
        desk.get(f"/counter/{self.case}")
        return answer(desk, "/counter/approve", colleague)


@dataclass
class Phone:
    """A citizen's own phone."""

    ground: Ground
    number: str = PHONE
    device: SoftAuthenticator = field(default_factory=lambda: SoftAuthenticator(os.urandom))
    browser: Walker = field(init=False)

    def __post_init__(self) -> None:
        self.browser = self.ground.browser()

    def open(self, secret: str) -> Any:
        self.browser.get("/enrol")
        return self.browser.submit("/enrol/open", secret=secret)

    def prove_phone(self) -> None:
        """Confirm the record, and prove the number."""
        self.browser.submit("/enrol/record", decision="confirm")
        self.browser.submit("/enrol/phone", country="", number=self.number)
        self.browser.submit("/enrol/code", code=self.ground.codes(self.number)[0])

    def make_passkey(self) -> Any:
        form = self.browser.form("/enrol/passkey")
        options = json.loads(form["options"])
        made = self.device.create(options, ORIGIN)
        return self.browser.post("/enrol/passkey", form | {"credential": json.dumps(made)})

    def enrol(self, secret: str) -> str:
        """Everything that the citizen does; the number that the phone then shows."""
        assert self.open(secret).status_code == 200
        self.prove_phone()
        page = self.make_passkey()
        return re.search(r'id="counter-number">(\d{4})<', page.text)[1]


def counter(ground: Ground, mission: str = "berlin") -> Counter:
    """An open counter."""
    open_missions(ground)
    return Counter(ground, mission)


def issue(at: Counter, phone: Phone, **changed: Any) -> None:
    """A whole case that one officer may handle alone."""
    assert at.start(**changed).status_code == 303
    number = phone.enrol(at.link())
    assert at.confirm(number).status_code == 303
