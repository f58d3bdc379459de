"""Law 4: no token without its audit row, and no audit row without its token: one transaction."""

import json
from uuid import UUID

import pytest

from tests.ground import Ground, call
from tests.statements import watched


def by_event(ground: Ground, tag: str) -> list[dict]:
    """The details of the audit rows of one event."""
    return [json.loads(row[5] or "{}") for row in ground.contents()["audit_events"] if row[2] == tag]


def test_law_4_every_token_and_every_code_has_its_row(ground, citizen):
    confidential, public = ground.register(), ground.register(token_endpoint_auth_method="none")
    for service in (confidential, public):
        tokens = ground.browser().tokens(service, citizen, scope="openid offline_access")
        for _ in range(3):
            again = {"grant_type": "refresh_token", "refresh_token": tokens["refresh_token"]}
            tokens = {**tokens, **call(ground, "/token", again, service).get_json()}
    issued = by_event(ground, "client:token:issued")
    grants = {UUID(str(row[0])).hex for row in ground.contents()["grants"]}
    assert len(issued) == ground.rows("access_tokens") == 8
    assert sum(row["refresh"] for row in issued) == ground.rows("refresh_tokens") == 5
    assert {row["grant"] for row in issued} == grants
    codes = by_event(ground, "provider:authorization_code:issued") + by_event(ground, "person:consent:given")
    assert {row["grant"] for row in codes} == grants


class AuditIsGone(Exception):
    """The audit's table cannot be written."""


def refuse_audit(statement: str) -> None:
    """In place of every statement that would write an audit row."""
    if "audit_events" in statement and "INSERT" in statement:
        raise AuditIsGone


STEPS = ["passkey", "code", "consent", "token", "refresh", "revoke", "logout"]


@pytest.mark.parametrize("step", STEPS)
def test_law_4_without_its_audit_row_nothing_happens(either_ground, step):
    ground = either_ground
    service, citizen, browser = ground.register(), ground.enrol(), ground.browser()
    ground.app.config["PROPAGATE_EXCEPTIONS"] = False
    browser.authorize(service, scope="openid offline_access")
    given: dict = {}

    def refresh_form():
        return {"grant_type": "refresh_token", "refresh_token": given["refresh_token"]}

    steps = {
        "passkey": lambda: browser.passkey(citizen),
        "code": browser.code,
        "consent": browser.consent,
        "token": lambda: browser.token(service, given["code"]),
        "refresh": lambda: call(ground, "/token", refresh_form(), service),
        "revoke": lambda: call(ground, "/revoke", {"token": given["access_token"]}, service),
        "logout": lambda: browser.get(f"/logout?id_token_hint={given['id_token']}"),
    }
    for name in STEPS[: STEPS.index(step)]:
        response = steps[name]()
        if name == "consent":
            given["code"] = browser.answer(service)["code"]
        if name == "token":
            given |= response.get_json()
    before = ground.contents()
    with watched(ground.provider.database, refuse_audit):
        failed = steps[step]()
    assert failed.status_code == 500
    assert ground.contents() == before


def test_law_4_a_burned_or_replayed_code_is_told_too(ground, service, citizen):
    browser = ground.browser()
    code = browser.sign_in(service, citizen)["code"]
    browser.token(service, code)
    browser.token(service, code)
    burned = browser.sign_in(service, citizen)["code"]
    browser.token(service, burned, code_verifier="w" * 43)
    assert [UUID(row["grant"]).version for row in by_event(ground, "client:authorization_code:replayed")] == [7]
    assert [row["why"] for row in by_event(ground, "client:authorization_code:burned")] == [
        "code_verifier does not match code_challenge"
    ]
