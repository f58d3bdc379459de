"""A demonstration in a temporary directory: the provider's pages around the demo phone, on SQLite."""

import os
import re
from uuid import uuid4

import pytest
from flask import Flask

from idp.demo.phone import phone
from idp.demo.phone_memory import PhoneMemory
from idp.keys.secrets import new_secret_line, parse_secrets
from idp.pages.browser import set_cookies
from idp.pages.refusals import handle_refusals
from idp.pages.rendering import ROOT, prepare_templates
from idp.provider import World, make_provider
from idp.settings import Settings
from idp.storage import models, open_database

ORIGIN = "http://localhost:9000"
NOW = 1_800_000_000


class Browser:
    """A test client that fills in the token of each page's form, as a browser does."""

    def __init__(self, app: Flask) -> None:
        self._client = app.test_client()

    def get(self, path: str):
        return self._client.get(path, base_url=ORIGIN)

    def post(self, path: str, form: dict[str, str], **headers: str):
        token = re.search(r'name="csrf" value="([^"]+)"', self.get("/demo").text)[1]
        return self._client.post(path, base_url=ORIGIN, data={"csrf": token} | form, headers=headers)

    def post_bare(self, path: str, form: dict[str, str]):
        return self._client.post(path, base_url=ORIGIN, data=form)


@pytest.fixture
def settings(tmp_path):
    return Settings(
        issuer=ORIGIN,
        var=tmp_path,
        database_url=f"sqlite:///{tmp_path / 'idp.sqlite3'}",
        messages_file=tmp_path / "messages.jsonl",
        secrets_file=tmp_path / "secrets",
        demo=True,
    )


@pytest.fixture
def app(settings):
    app = Flask("idp", template_folder=str(ROOT / "templates"))
    world = World(clock=lambda: NOW, random_bytes=os.urandom, new_id=uuid4)
    database = open_database(app, settings, world.new_id)
    with app.app_context():
        models.db.create_all()
    secrets = parse_secrets(new_secret_line(1, os.urandom))
    provider = app.extensions["idp"] = make_provider(settings, secrets, database, world)
    prepare_templates(app)
    handle_refusals(app)
    app.after_request(lambda response: set_cookies(provider, response))
    app.register_blueprint(phone)
    yield app
    with app.app_context():
        models.db.engine.dispose()


@pytest.fixture
def browser(app):
    return Browser(app)


@pytest.fixture
def memory(settings):
    return PhoneMemory(settings.var, os.urandom)
