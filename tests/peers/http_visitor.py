"""A person at a browser without a window: real HTTP, cookies, redirects, and a software phone for the passkey."""

import json
from urllib.parse import urljoin

import requests

from idp.demo.authenticator import SoftAuthenticator
from tests.browser.installation import Citizen, Installation
from tests.ground import Walker

MOST_REDIRECTS = 10


class HttpVisitor(Walker):
    """Walks the pages of a running installation as `Walker` walks those of a test client."""

    def __init__(self, there: Installation, citizen: Citizen, trusted: str | bool = True) -> None:
        self.there = there
        self.citizen = citizen
        self.device = SoftAuthenticator(there.provider.random_bytes)
        self.device.add(citizen.passkey)
        self.session = requests.Session()
        self.session.trust_env = False
        self.session.verify = trusted

    def get(self, path, **keywords):
        self.page = self.session.get(urljoin(self.there.issuer, path), allow_redirects=False, **keywords)
        return self.page

    def post(self, path, data, **keywords):
        headers = {"Origin": self.there.issuer}
        self.page = self.session.post(
            urljoin(self.there.issuer, path), data=data, headers=headers, allow_redirects=False, **keywords
        )
        return self.page

    def follow(self, until: str = "\n") -> str:
        """Follow redirects to the first page, or to an address that begins with `until`; where that is."""
        for _ in range(MOST_REDIRECTS):
            if not self.page.is_redirect:
                return self.page.url
            address = urljoin(self.page.url, self.page.headers["Location"])
            if address.startswith(until):
                return address
            self.get(address)
        raise AssertionError(f"too many redirects; the last led to {address}")

    def prove_and_agree(self) -> None:
        """From the passkey page to the redirect that leads back."""
        credential = self.device.get(self.options(), self.there.issuer)
        self.submit("/sign-in/passkey", credential=json.dumps(credential))
        self.submit("/sign-in/code", code=self.there.code(self.citizen.number))
        self.submit("/sign-in/consent", decision="allow")
