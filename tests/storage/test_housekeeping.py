"""What has served its time goes, what may still be asked for stays."""

from idp.storage.housekeeping import DAY, sweep
from tests.ground import call
from tests.signed_requests import push

HOT = ("pushed_requests", "access_tokens", "refresh_tokens", "grants", "sign_ins", "sessions", "used_once")


def test_nothing_that_may_still_be_asked_for_is_removed(either_ground):
    ground = either_ground
    service, citizen, browser = ground.register(), ground.enrol(), ground.browser()
    tokens = browser.tokens(service, citizen, scope="openid offline_access")
    ground.clock.now += 29 * DAY
    sweep(ground.provider.database, ground.clock())
    answer = call(ground, "/token", {"grant_type": "refresh_token", "refresh_token": tokens["refresh_token"]}, service)
    assert answer.status_code == 200


def test_the_tables_of_passing_things_are_empty_once_all_has_passed(either_ground):
    ground = either_ground
    service, citizen, browser = ground.register(), ground.enrol(), ground.browser()
    browser.tokens(service, citizen, scope="openid offline_access")
    assert push(ground, service).status_code == 201
    ground.clock.now += 40 * DAY
    removed = sweep(ground.provider.database, ground.clock())
    assert removed["grants"] == 1
    assert {table: ground.rows(table) for table in HOT} == dict.fromkeys(HOT, 0)
    assert ground.rows("audit_events") > 0
    assert ground.rows("persons") == 1


def test_a_spent_code_is_recognised_as_long_as_its_tokens_live(either_ground):
    ground = either_ground
    service, citizen, browser = ground.register(), ground.enrol(), ground.browser()
    code = browser.sign_in(service, citizen)["code"]
    token = browser.token(service, code).get_json()["access_token"]
    ground.clock.now += 500
    sweep(ground.provider.database, ground.clock())
    assert browser.token(service, code).status_code == 400
    assert browser.userinfo(token).status_code == 401
