"""The OpenAPI document says what is routed, and a machine that reads it finds nothing that is not so.

Schemathesis makes requests of the document, good ones and bad ones, always the same: no answer may be a server
error, have a status or a media type that the document does not name, or a body of another shape.
"""

import json
import re
from base64 import b64encode
from typing import Any

import pytest
import schemathesis
from click.testing import CliRunner
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis.checks import not_a_server_error
from schemathesis.generation import GenerationMode
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from idp.command import main
from idp.endpoints.openapi import openapi, routed
from idp.endpoints.operations import FOR_PEOPLE, OPERATIONS
from idp.settings import ROOT
from tests.ground import ORIGIN, Ground

CHECKS = [not_a_server_error, status_code_conformance, content_type_conformance, response_schema_conformance]
BY_PATH = {re.sub(r"<(?:\w+:)?(\w+)>", r"{\1}", rule): one for rule, one in OPERATIONS.items()}
POSITIVE = [GenerationMode.POSITIVE]
STEADY = settings(
    derandomize=True,
    database=None,
    deadline=None,
    phases=[Phase.generate],
    suppress_health_check=list(HealthCheck),
)


@pytest.fixture(scope="module")
def document(house):
    return openapi(house.ground.app)


def test_the_document_has_every_endpoint_that_the_readme_has_and_no_other(house, document):
    table = re.findall(
        r"^\| `(/[^`]*)` \| ([A-Z, ]+) \|", (ROOT / "idp/endpoints/README.md").read_text("utf-8"), re.MULTILINE
    )
    told = {re.sub(r"<(?:\w+:)?(\w+)>", r"{\1}", path): set(methods.split(", ")) for path, methods in table}
    made = {path: {name.upper() for name in one if name != "parameters"} for path, one in document["paths"].items()}
    assert made == told
    assert set(OPERATIONS) == {rule.rule for rule in routed(house.ground.app)}
    assert {rule.rule for rule in house.ground.app.url_map.iter_rules()} >= FOR_PEOPLE


def test_every_field_that_it_names_is_read_somewhere():
    sources = [path for path in (ROOT / "idp").rglob("*.py") if path.name != "operations.py"]
    code = "".join(path.read_text("utf-8") for path in sources)
    named = {name for one in OPERATIONS.values() for name in (*one.query, *one.form)}
    ignored = {
        "token_type_hint",
        "logout_hint",
    }  # both by leave of their specifications: what they name is found anyway
    assert {name for name in named if f'"{name}"' not in code} == ignored


def test_every_reference_leads_somewhere(document):
    names = set(re.findall(r'"#/components/schemas/(\w+)"', json.dumps(document)))
    assert names == set(document["components"]["schemas"])


def test_the_command_prints_it(house, monkeypatch):
    there = house.ground.provider.settings
    monkeypatch.setenv("IDP_DATABASE_URL", there.database_url)
    monkeypatch.setenv("IDP_SECRETS_FILE", str(there.secrets_file))
    monkeypatch.delenv("IDP_CONFIG", raising=False)
    done = CliRunner().invoke(main, ["openapi"])
    assert done.exit_code == 0, done.output
    printed = json.loads(done.output)
    assert printed["openapi"] == "3.1.0"
    assert printed["paths"]["/token"]["post"]["requestBody"]["content"]


class Callers:
    """Who calls: nobody in particular, a service with its secret, the holder of a token, an invited service."""

    def __init__(self, ground: Ground) -> None:
        service, citizen = ground.register(), ground.enrol()
        token = ground.browser().tokens(service, citizen)["access_token"]
        invitation = ground.provider.invitations.invite(
            note="a test", uses=1000, lab=False, now=ground.clock(), expires_at=ground.clock() + 3600
        )
        basic = "Basic " + b64encode(f"{service.id}:{service.secret}".encode()).decode()
        self.headers = {"nobody": None, "basic": basic, "bearer": f"Bearer {token}", "invited": f"Bearer {invitation}"}

    def of(self, path: str) -> list[str | None]:
        """The ones whose credential means something at `path`."""
        names = BY_PATH[path].security
        if path.startswith("/admin/v1"):  # with its own callers: test_administration.py
            return [None]
        known = ["nobody", *(name for name in ("basic", "bearer") if name in names)]
        return [self.headers[name] for name in (*known, *(["invited"] if path == "/register" else []))]


@pytest.mark.parametrize(
    "examples",
    [
        pytest.param(5, id="short"),
        pytest.param(500, id="long", marks=[pytest.mark.long, pytest.mark.timeout(3600)]),
    ],
)
def test_D_09_no_request_that_the_document_allows_or_forbids_is_a_server_error(either_ground, document, examples):
    ground = either_ground
    ground.app.config["PROPAGATE_EXCEPTIONS"] = False
    callers, asked = Callers(ground), 0
    for found in schemathesis.openapi.from_dict(document).get_all_operations():
        operation = found.ok()
        operation.app = ground.app
        for authorization in callers.of(operation.path):
            for mode in modes(operation.path):
                asked += ask(operation, authorization, mode, examples)
    assert asked > 40 * examples


def modes(path: str) -> list[GenerationMode]:
    """Right and wrong requests; where nothing is needed there is nothing to get wrong."""
    one = BY_PATH[path]
    if path.startswith("/admin/v1"):
        return POSITIVE
    return list(GenerationMode) if one.required or one.document or "bearer" in one.security else POSITIVE


def ask(operation: Any, authorization: str | None, mode: GenerationMode, examples: int) -> int:
    """Requests of one operation, each judged; how many."""
    count = 0

    @settings(STEADY, max_examples=examples)
    @given(case=operation.as_strategy(generation_mode=mode))
    def judged(case):
        nonlocal count
        count += 1
        headers = {"Authorization": authorization} if authorization else {}
        answer = case.call(base_url=ORIGIN, headers=headers)
        case.validate_response(answer, checks=CHECKS)

    judged()
    return count
