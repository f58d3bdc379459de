"""The workbench: the integration check and the test sign-in, with which an engineer finds what is wrong."""

from dataclasses import replace

import pytest

from idp.protocol.errors import UnauthorizedClient
from tests.ground import call, visible
from tests.pages.workbench_walks import here
from tests.sandboxes import open_sandbox
from tests.staff.colleagues import at_desk

# The integration check.


def test_law_1_nothing_is_noted_until_the_check_is_on_and_nothing_of_live_clients_ever(ground):
    box, live = open_sandbox(ground), ground.register()
    bad = {"grant_type": "authorization_code", "code": "x", "redirect_uri": box.service.redirect_uri}
    call(ground, "/token", bad, box.service)
    ground.browser().authorize(box.service, scope="nonsense")
    box.browser.get(here(box, "/checks"))
    box.browser.submit(here(box, "/checks"))
    before = ground.contents()
    call(ground, "/token", bad, live)
    ground.browser().authorize(live, scope="nonsense")
    assert ground.contents() == before
    assert ground.rows("checked_requests") == 0


def test_the_check_shows_what_was_wrong_and_the_cure_and_no_value(ground):
    box = open_sandbox(ground)
    box.browser.get(here(box, "/checks"))
    box.browser.submit(here(box, "/checks"))
    form = {"grant_type": "authorization_code", "code": "THECODE", "redirect_uri": box.service.redirect_uri}
    call(ground, "/token", form, replace(box.service, secret="WRONGSECRET"))
    call(ground, "/token", form, box.service)
    stranger = ground.browser()
    stranger.authorize(box.service, redirect_uri="https://evil.example/SECRETPATH")
    stranger.authorize(box.service, code_challenge=None, state="THESTATE")
    tokens = box.browser.token(box.service, box.sign_in()["code"]).get_json()
    box.browser.userinfo(tokens["access_token"])
    page = box.browser.get(here(box, "/checks"))
    shown = visible(page)
    for word in (
        "invalid_client",
        "invalid_grant",
        "bad_redirect_uri",
        "invalid_request",
        "/userinfo",
        "/token",
        "/authorize",
    ):
        assert word in shown
    for value in ("THECODE", "WRONGSECRET", "SECRETPATH", "THESTATE", tokens["access_token"], "홍길동", "+4477"):
        assert value not in str(ground.contents()["checked_requests"])
    assert "클라이언트 인증에 실패했습니다" in shown  # the cure, from the guide


def test_the_check_ends_by_itself_and_keeps_the_newest_fifty(ground):
    box = open_sandbox(ground)
    box.browser.get(here(box, "/checks"))
    box.browser.submit(here(box, "/checks"))
    for _ in range(53):
        call(ground, "/token", {"grant_type": "x"}, box.service)
    assert ground.rows("checked_requests") == 50
    ground.clock.now += 3600
    call(ground, "/token", {"grant_type": "x"}, box.service)
    assert ground.rows("checked_requests") == 50
    box.browser = at_desk(ground, box.engineer)
    box.browser.get(here(box, "/checks"))
    form = box.browser.form(here(box, "/checks")) | {"act": "forget"}
    box.browser.post(here(box, "/checks"), form)
    assert ground.rows("checked_requests") == 0
    assert ground.events()[-1] == "staff:client:changed"


# The test sign-in.


def test_a_test_sign_in_walks_every_step(either_ground):
    box = open_sandbox(either_ground, scope="openid profile email")
    box.browser.get(here(box, "/test"))
    page = box.browser.submit(here(box, "/test"), citizen="complete")
    assert page.status_code == 200
    assert page.text.count('id="step-') == 8, visible(page)
    assert 'class="notice success" id="test-result"' in page.text, visible(page)
    assert '"sub"' not in page.text
    assert "sandbox." in visible(page)
    assert not [one for one in page.headers.getlist("Set-Cookie") if "session" in one]  # its own
    box.browser.authorize(box.service, prompt="none")
    assert box.browser.answer(box.service)["error"] == "login_required"
    assert box.browser.get(here(box)).status_code == 200


@pytest.mark.parametrize(
    ("metadata", "citizen", "steps"),
    [
        ({"require_pushed_authorization_requests": True}, "complete", 1),
        ({}, "deceased", 2),
        ({}, "lost_message", 3),
        ({"dpop_bound_access_tokens": True}, "complete", 6),
    ],
    ids=["must push", "deceased", "no message", "bound to a key"],
)
def test_a_test_sign_in_says_where_it_stopped(ground, metadata, citizen, steps):
    box = open_sandbox(ground, **metadata)
    box.browser.get(here(box, "/test"))
    page = box.browser.submit(here(box, "/test"), citizen=citizen)
    assert page.text.count('id="step-') == steps, visible(page)
    assert 'class="notice trouble" id="test-result"' in page.text


def test_the_redemption_without_authentication_is_for_sandbox_clients_alone(ground):
    live = ground.provider.clients.find(ground.register().id)
    with pytest.raises(UnauthorizedClient):
        ground.provider.redeem_in_sandbox({"code": "x"}, live)
