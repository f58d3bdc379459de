"""A sandbox client with its engineer for tests: the browser of somebody who tries their own service."""

import html
import re
from dataclasses import dataclass
from typing import Any

from idp.staff.roles import Role
from tests.ground import Ground, Registered, Walker
from tests.staff.colleagues import Colleague, appoint, at_desk


@dataclass
class Sandbox:
    """One sandbox client, its engineer, and their browser."""

    ground: Ground
    service: Registered
    engineer: Colleague
    browser: Walker

    def choose(self, **changed: Any) -> None:
        """Come from the service and open the list of test citizens."""
        self.browser.authorize(self.service, **changed)
        self.browser.submit("/sandbox/citizens")

    def answer(self, citizen: str) -> None:
        """Let the passkey of one answer."""
        self.browser.submit("/sandbox/answer", citizen=citizen)

    def messages(self) -> list[str]:
        """The codes on the page of messages, newest first."""
        page = self.browser.client.get(
            f"/workbench/clients/{self.service.id}/messages", base_url="http://localhost:9000"
        )
        return re.findall(r'<strong class="code">(\d+)</strong>', html.unescape(page.text))

    def sign_in(self, citizen: str = "complete", **changed: Any) -> dict[str, str]:
        """The whole way, to the parameters of the answer at the service."""
        self.choose(**changed)
        self.answer(citizen)
        if 'action="/sign-in/code"' in self.browser.page.text:
            self.browser.submit("/sign-in/code", code=self.messages()[0])
        if 'action="/sign-in/consent"' in self.browser.page.text:
            self.browser.consent()
        return self.browser.answer(self.service)


def open_sandbox(ground: Ground, **metadata: Any) -> Sandbox:
    """A sandbox client, and an engineer of it at their desk."""
    service = ground.register(environment="sandbox", **metadata)
    engineer = appoint(ground, Role.CLIENT_ENGINEER, None, "개발자")
    ground.provider.staff.bind(engineer.id, service.id)
    return Sandbox(ground, service, engineer, at_desk(ground, engineer))
