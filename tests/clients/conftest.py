"""A relying service of each kind beside a fake provider, and a browser that walks between them."""

from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import pytest
from flask import Flask
from flask.testing import FlaskClient
from joserfc.jwk import ECKey

from clients.apostille import app as apostille
from clients.family_register import app as family_register
from clients.gov24 import app as gov24
from clients.okportal365 import app as okportal365
from clients.relying_party import website
from clients.relying_party.credentials import Credentials
from tests.clients.fake_provider import NOW, FakeProvider, running

SERVICES = {"gov24": gov24, "okportal365": okportal365, "apostille": apostille, "family_register": family_register}
BASE = "http://localhost:9001"


class Clock:
    def __init__(self) -> None:
        self.now = NOW

    def __call__(self) -> float:
        return self.now


@dataclass
class Visit:
    """One service, one provider, and any number of browsers."""

    app: Flask
    provider: FakeProvider
    clock: Clock

    def browser(self) -> FlaskClient:
        return self.app.test_client()

    def start(self, browser: FlaskClient, path: str = "/sign-in") -> str:
        """Press the button; returns the address of the provider that the browser is sent to."""
        answer = browser.get(path, base_url=BASE)
        assert answer.status_code == 303, answer.text
        return answer.location

    def come_back(self, browser: FlaskClient, address: str) -> Any:
        parts = urlsplit(address)
        return browser.get(f"{parts.path}?{parts.query}", base_url=BASE)

    def sign_in(self, browser: FlaskClient, path: str = "/sign-in") -> Any:
        """The whole way: button, provider, callback. Returns the callback's answer."""
        return self.come_back(browser, self.provider.authorize(self.start(browser, path)))

    def is_signed_in(self, browser: FlaskClient) -> bool:
        return 'id="claims"' in browser.get("/", base_url=BASE).text


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def visit(clock, monkeypatch):
    """A function that opens one of the four services: `visit("gov24")`."""
    provider = FakeProvider(secret="sesame")
    original = website.create_website

    def create_website(*args, **kwargs):
        return original(*args, clock=clock, **kwargs)

    def open_service(slug: str) -> Visit:
        module = SERVICES[slug]
        key = ECKey.generate_key("P-256", {"use": "sig", "alg": "ES256"}, auto_kid=True)
        signs = module.SERVICE.token_endpoint_auth_method == "private_key_jwt"
        credentials = Credentials(
            issuer=provider.issuer,
            client_id=f"{slug}-id",
            base=BASE,
            client_secret="" if signs else "sesame",
            private_key=key if signs else None,
            session_secret=b"s" * 32,
        )
        provider.algorithm = module.SERVICE.id_token_algorithm
        provider.client_key = key if signs else None
        monkeypatch.setattr(module, "create_website", create_website)
        return Visit(module.create_app(credentials), provider, clock)

    with running(provider):
        yield open_service
