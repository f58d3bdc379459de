"""A fault in an endpoint or in the database: a plain 500 or 503, a reference, no word of what was inside (Y-06)."""

import json
import logging
import re

import psycopg
import pytest
from sqlalchemy.exc import OperationalError

from idp.journal import JsonLines
from idp.storage.database import Database
from tests.ground import ORIGIN, copy_ground

INSIDE = "SELECT record FROM persons WHERE code='482913' /srv/secret.py"


@pytest.fixture(scope="module")
def faulty(template, tmp_path_factory):
    """An installation as in production, where a fault is not shown to the test."""
    made = copy_ground(template, tmp_path_factory.mktemp("faulty"))
    made.app.config["PROPAGATE_EXCEPTIONS"] = False
    yield made
    made.provider.database.engine.dispose()


def broken(*_arguments, **_keywords):
    raise RuntimeError(INSIDE)


def calls(app):
    """Every route with every method that reaches a view; the documents are given before any is chosen."""
    for rule in app.url_map.iter_rules():
        if rule.endpoint.startswith("discovery."):
            continue
        values = {
            name: converter.to_url(SAMPLES[type(converter).__name__]) for name, converter in rule._converters.items()
        }
        _, path = rule.build(values) or (None, None)
        for method in sorted(rule.methods & {"GET", "POST"}):
            yield rule.endpoint, method, path


SAMPLES = {
    "UUIDConverter": "00000000-0000-0000-0000-000000000000",
    "UnicodeConverter": "x",
    "PathConverter": "y.css",
    "AnyConverter": "sign-in",
}


def test_Y_06_a_fault_in_any_endpoint_says_nothing_of_itself(faulty, caplog, monkeypatch):
    seen = 0
    for endpoint, method, path in calls(faulty.app):
        monkeypatch.setitem(faulty.app.view_functions, endpoint, broken)
        caplog.clear()
        with caplog.at_level(logging.INFO):
            response = faulty.app.test_client().open(path, method=method, base_url=ORIGIN)
        assert_plain(response, [JsonLines().format(record) for record in caplog.records], (method, path))
        seen += 1
    assert seen > 25


def assert_plain(response, lines, what, status=500):
    assert response.status_code == status, what
    for inside in ("SELECT", "482913", "secret.py", "Traceback", "RuntimeError", "OperationalError"):
        assert inside not in response.text, what
        if inside in INSIDE:
            assert inside not in "".join(lines), what
    reference = re.search(r"\b[0-9a-f]{8}\b", re.sub(r"<[^>]+>", " ", response.text))
    assert reference, what
    errors = [json.loads(line) for line in lines if json.loads(line)["level"] == "ERROR"]
    assert [error["reference"] for error in errors] == [reference[0]], what
    assert response.headers["Cache-Control"] == "no-store", what
    assert response.headers["X-Frame-Options"] == "DENY", what


@pytest.mark.parametrize("verb", ["read", "begin"])
def test_Y_06_a_database_that_is_gone_says_nothing_of_itself(faulty, caplog, monkeypatch, verb):
    def gone(_self):
        raise OperationalError(INSIDE, {"code": "482913"}, psycopg.OperationalError(INSIDE))

    monkeypatch.setattr(Database, verb, gone)
    failed = 0
    for _, method, path in calls(faulty.app):
        caplog.clear()
        with caplog.at_level(logging.INFO):
            response = faulty.app.test_client().open(
                path, method=method, base_url=ORIGIN, data={"client_id": "a" * 24} if method == "POST" else None
            )
        response.close()
        assert response.status_code != 500, (method, path)
        if response.status_code == 503:
            assert_plain(response, [JsonLines().format(record) for record in caplog.records], (method, path), 503)
            assert response.headers["Retry-After"]
            failed += 1
    assert failed or verb == "begin"
