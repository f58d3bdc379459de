"""A person at a browser: one window with cookies and a virtual authenticator of its own.

Two traps shape this. Chromium's virtual authenticator answers the autofill request of the passkey page before
anybody pressed anything, so a visitor's browser has no autofill unless a test wants it. And Playwright's
`wait_for_function` needs `eval`, which the pages' policy forbids: everything waits for elements.
"""

import re
from base64 import b64encode
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from playwright.sync_api import BrowserContext, ConsoleMessage, Locator, Page, Request, expect

from idp.demo.passkey import Passkey
from tests.browser.installation import Citizen, Installation

AUTHENTICATOR = {
    "protocol": "ctap2",
    "transport": "internal",
    "hasResidentKey": True,
    "hasUserVerification": True,
    "isUserVerified": True,
    "automaticPresenceSimulation": True,
}
WITHOUT_AUTOFILL = (
    "if (window.PublicKeyCredential) PublicKeyCredential.isConditionalMediationAvailable = async () => false"
)
POLICY = re.compile("Content.Security.Policy|Permissions.Policy|Refused to", re.IGNORECASE)


@dataclass
class Visitor:
    """Somebody with a browser. What the browser complains about is kept, for the test to look at in the end."""

    context: BrowserContext
    there: Installation
    page: Page = field(init=False)
    complaints: list[str] = field(default_factory=list)
    authenticator: str = ""
    autofill: bool = False

    def __post_init__(self) -> None:
        self.context.set_default_timeout(10_000)
        self.context.on("console", self._console)
        self.context.on("weberror", lambda fault: self.complaints.append(f"exception: {fault.error}"))
        self.context.on("request", self._request)
        if not self.autofill:
            self.context.add_init_script(WITHOUT_AUTOFILL)
        self.page = self.context.new_page()

    # The device.

    def holds(self, *passkeys: Passkey) -> None:
        """Give the browser a platform authenticator with these passkeys."""
        self._devtools = self.context.new_cdp_session(self.page)
        self._devtools.send("WebAuthn.enable")
        added = self._devtools.send("WebAuthn.addVirtualAuthenticator", {"options": AUTHENTICATOR})
        self.authenticator = added["authenticatorId"]
        for passkey in passkeys:
            self.add(passkey)

    def add(self, passkey: Passkey) -> None:
        """One more passkey."""
        credential = {
            "credentialId": b64encode(passkey.credential_id).decode(),
            "isResidentCredential": True,
            "rpId": passkey.rp_id,
            "privateKey": b64encode(passkey.pkcs8).decode(),
            "userHandle": b64encode(passkey.user_handle).decode(),
            "signCount": passkey.sign_count,
        }
        self._devtools.send("WebAuthn.addCredential", {"authenticatorId": self.authenticator, "credential": credential})

    def forget(self) -> None:
        """Take every passkey out of the browser."""
        self._devtools.send("WebAuthn.clearCredentials", {"authenticatorId": self.authenticator})

    def presence(self, on: bool) -> None:
        """Whether the authenticator answers, as somebody who touches it does."""
        self._devtools.send(
            "WebAuthn.setAutomaticPresenceSimulation", {"authenticatorId": self.authenticator, "enabled": on}
        )

    def verification(self, on: bool) -> None:
        """Whether the person's finger is recognised."""
        self._devtools.send("WebAuthn.setUserVerified", {"authenticatorId": self.authenticator, "isUserVerified": on})

    # What is seen.

    def see(self, selector: str) -> Locator:
        """Wait until something is visible."""
        found = self.page.locator(selector)
        expect(found).to_be_visible()
        return found

    def at_step(self, number: int) -> None:
        """The page of that step of the progress."""
        expect(self.page.locator(".krds-step-wrap > li").nth(number - 1)).to_have_attribute("aria-current", "step")

    def refused(self, folder: str, reason: str) -> None:
        """The service says why nobody was signed in."""
        expect(self.page.locator("#refusal")).to_have_attribute("data-reason", reason)
        assert self.page.url.startswith(self.there.at(folder) + "/"), self.page.url

    def signed_in(self, folder: str, citizen: Citizen) -> None:
        """The service greets the person."""
        expect(self.page).to_have_url(self.there.at(folder) + "/")
        name = self.see("#greeting").inner_text()
        assert citizen.record.korean.full in name or citizen.record.latin.full in name, name

    def claim(self, name: str) -> str:
        """What the service shows that it was given."""
        return self.page.locator(f'[data-claim="{name}"] .value').inner_text()

    # What is done.

    def press(self, selector: str) -> None:
        """Press a button or follow a link, once the page's scripts have come: before, a button only sends its form."""
        self.page.wait_for_load_state()
        self.page.locator(selector).click()

    def begin(self, folder: str) -> None:
        """Open a service and ask it to sign in."""
        self.page.goto(self.there.at(folder) + "/")
        self.press("#sign-in")

    def prove_passkey(self) -> None:
        """Press the button and touch the authenticator."""
        self.press("#passkey")
        expect(self.page.locator("#passkey")).to_have_count(0)

    def type_code(self, code: str) -> None:
        """Type a code and send it; the answer is a new page, though it may look the same."""
        self.see("#code").fill(code)
        with self.page.expect_navigation():
            self.press("#code-submit")

    def prove_phone(self, citizen: Citizen, messages: int = 1) -> None:
        """Read the newest of so many messages and type its code."""
        self.see("#code")
        self.type_code(self.there.code(citizen.number, messages))

    def agree(self) -> None:
        """Give what is asked for."""
        self.press("#consent-allow")

    def sign_in(self, folder: str, citizen: Citizen, messages: int = 1) -> None:
        """The whole way, from the service's front page to its greeting."""
        self.begin(folder)
        self.prove_passkey()
        self.prove_phone(citizen, messages)
        self.agree()
        self.signed_in(folder, citizen)

    # What the browser complains about.

    def _console(self, message: ConsoleMessage) -> None:
        if POLICY.search(message.text):
            self.complaints.append(f"console: {message.text}")

    def _request(self, request: Request) -> None:
        address = urlsplit(request.url)
        if address.scheme in {"http", "https"} and address.hostname != "localhost":
            self.complaints.append(f"third party: {request.url}")
