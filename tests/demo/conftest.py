"""The demonstration on the shared ground: one browser whose posts carry the token of a page, and the phone's memory."""

import os
import re

import pytest

from idp.demo.phone_memory import PhoneMemory
from tests.ground import ORIGIN, START, Ground

NOW = START
__all__ = ["NOW", "ORIGIN"]


class Browser:
    """A test client that fills in the token of each page's form, as a browser does."""

    def __init__(self, ground: Ground) -> None:
        self._client = ground.app.test_client()

    def get(self, path: str):
        return self._client.get(path, base_url=ORIGIN)

    def post(self, path: str, form: dict[str, str], **headers: str):
        token = re.search(r'name="csrf" value="([^"]+)"', self.get("/demo").text)[1]
        return self._client.post(path, base_url=ORIGIN, data={"csrf": token} | form, headers=headers)

    def post_bare(self, path: str, form: dict[str, str]):
        return self._client.post(path, base_url=ORIGIN, data=form)


@pytest.fixture
def app(ground):
    return ground.app


@pytest.fixture
def settings(ground):
    return ground.provider.settings


@pytest.fixture
def browser(ground):
    return Browser(ground)


@pytest.fixture
def memory(settings):
    return PhoneMemory(settings.var, os.urandom)
