"""A demonstration in a temporary directory, on SQLite."""

import re
from dataclasses import replace

import pytest
from flask import Flask

from idp import create_app, real_world
from idp.demo.phone_memory import PhoneMemory
from idp.keys.secrets import new_secret_line
from idp.settings import Settings
from idp.storage import models, open_database
from idp.storage.migrate import migrate

ORIGIN = "http://localhost:9000"
NOW = 1_800_000_000
WORLD = replace(real_world(), clock=lambda: NOW)


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
    settings.secrets_file.write_text(new_secret_line(1, WORLD.random_bytes))
    settings.secrets_file.chmod(0o600)
    schema = Flask("migrate")
    migrate(open_database(schema, settings, WORLD.new_id))
    app = create_app(settings, WORLD)
    yield app
    for each in (schema, app):
        with each.app_context():
            models.db.engine.dispose()


@pytest.fixture
def browser(app):
    return Browser(app)


@pytest.fixture
def memory(settings):
    return PhoneMemory(settings.var, WORLD.random_bytes)
