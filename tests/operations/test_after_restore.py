"""M-10: after an older database was restored nothing that was spent in between is usable again."""

import json
from urllib.parse import urlsplit

import pytest
from click.testing import CliRunner

from idp.operations.commands import after_restore
from idp.storage.after_restore import end_everything
from tests.ground import RECORD, call


def test_M_10_after_a_restore_everything_that_waits_or_lives_has_ended(either_ground):
    ground = either_ground
    service, citizen, browser = ground.register(), ground.enrol(), ground.browser()
    tokens = browser.tokens(service, citizen, scope="openid offline_access")
    code = browser.sign_in(service, citizen)["code"]  # by the live session
    link = urlsplit(ground.provider.credential_office.begin_enrolment(RECORD)).fragment
    waiting = ground.browser()
    waiting.authorize(service)
    waiting.passkey(citizen)  # a message is on its way
    ended = end_everything(ground.provider.database, ground.clock())
    assert ended["sessions"] == ended["enrolments"] == 1
    assert ended["grants"] >= 1
    assert ended["outbox"] >= 1
    refresh = {"grant_type": "refresh_token", "refresh_token": tokens["refresh_token"]}
    assert call(ground, "/token", refresh, service).get_json()["error"] == "invalid_grant"
    assert browser.token(service, code).get_json()["error"] == "invalid_grant"
    assert ground.provider.database  # the refused calls left it usable
    assert browser.userinfo(tokens["access_token"]).status_code == 401
    assert browser.authorize(service, prompt="none").status_code == 303
    assert "error=login_required" in browser.page.headers["Location"]
    opening = ground.browser()
    opening.get("/enrol")
    assert opening.post("/enrol/open", opening.form("/enrol/open") | {"secret": link}).status_code in {
        400,
        403,
        404,
        410,
    }
    assert ground.codes() == []
    again = end_everything(ground.provider.database, ground.clock())
    assert sum(again.values()) == 0
    assert ground.browser().tokens(service, citizen)["access_token"], "people sign in once more"
    row = next(r for r in ground.contents()["audit_events"] if r[2] == "operator:database:restored")
    assert json.loads(row[5])["ended"]["sessions"] in {0, 1}


@pytest.mark.parametrize(("arguments", "code", "said"), [([], 2, "--confirm"), (["--confirm"], 0, "grants: 3 ended")])
def test_nothing_ends_without_being_confirmed(arguments, code, said):
    done = []
    result = CliRunner().invoke(after_restore, arguments, obj=lambda: done.append(1) or {"grants": 3})
    assert (result.exit_code, len(done)) == (code, len(arguments))
    assert said in result.output
