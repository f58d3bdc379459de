"""Features that are turned off: nobody comes through, discovery does not name them, and everywhere within seconds."""

import pytest
from click.testing import CliRunner

from idp.staff.switch_commands import switch
from idp.staff.switches import Feature
from idp.storage.switches import FRESH_SECONDS
from tests.ground import ORIGIN, call

DEVICE = "urn:ietf:params:oauth:grant-type:device_code"


def off(ground, feature):
    ground.provider.switches.turn_at_once(feature, on=False)


def discovery(ground):
    return ground.app.test_client().get("/.well-known/openid-configuration", base_url=ORIGIN).get_json()


def test_the_device_flow_is_gone_from_everywhere_and_comes_back(ground):
    grants = ["authorization_code", DEVICE]
    service = ground.register(grant_types=grants, device_flow_approval="김담당: 도서관 단말기")
    began = call(ground, "/device_authorization", {"scope": "openid"}, service)
    assert began.status_code == 200
    off(ground, Feature.DEVICE_FLOW)
    assert call(ground, "/device_authorization", {"scope": "openid"}, service).status_code == 503
    form = {"grant_type": DEVICE, "device_code": began.get_json()["device_code"]}
    assert call(ground, "/token", form, service).get_json()["error"] == "unsupported_grant_type"
    browser = ground.browser()
    browser.get("/device")
    assert browser.submit("/device", user_code=began.get_json()["user_code"]).status_code == 503
    told = discovery(ground)
    assert "device_authorization_endpoint" not in told
    assert DEVICE not in told["grant_types_supported"]
    ground.provider.switches.turn_at_once(Feature.DEVICE_FLOW, on=True)
    assert "device_authorization_endpoint" in discovery(ground)


def test_registration_over_the_protocol_is_gone(ground):
    now = ground.clock()
    invitation = ground.provider.invitations.invite(note="x", uses=9, lab=False, now=now, expires_at=now + 60)
    off(ground, Feature.DYNAMIC_REGISTRATION)
    headers = {"Authorization": f"Bearer {invitation}"}
    asked = ground.app.test_client().post("/register", json={}, headers=headers, base_url=ORIGIN)
    assert (asked.status_code, asked.get_json()["error"]) == (503, "temporarily_unavailable")
    assert "registration_endpoint" not in discovery(ground)
    assert ground.rows("clients") == 0


def test_no_link_of_an_enrolment_is_opened_and_none_is_spent(ground):
    from tests.ground import RECORD

    link = ground.provider.credential_office.begin_enrolment(RECORD)
    off(ground, Feature.ENROLMENT)
    browser = ground.browser()
    browser.get("/enrol")
    assert browser.submit("/enrol/open", secret=link).status_code == 503
    ground.provider.switches.turn_at_once(Feature.ENROLMENT, on=True)
    browser.get("/enrol")
    assert browser.submit("/enrol/open", secret=link).status_code == 200


def test_no_country_has_calls_and_what_it_is_set_to_stays(ground):
    coverage = ground.provider.coverage
    assert any(country.voice for country in coverage().countries.values())
    off(ground, Feature.VOICE_CALLS)
    ground.clock.now += FRESH_SECONDS
    assert not any(country.voice for country in coverage().countries.values())
    assert coverage.as_set() == coverage.base


def test_another_process_knows_within_seconds(either_ground):
    from idp.storage.switches import Switches

    wired = either_ground.provider
    other = Switches(wired.database, wired.clock)
    assert other.is_on(Feature.VOICE_CALLS)
    off(either_ground, Feature.VOICE_CALLS)
    either_ground.clock.now += FRESH_SECONDS
    assert not other.is_on(Feature.VOICE_CALLS)


@pytest.mark.parametrize("feature", Feature)
def test_an_operator_turns_each_by_command_and_it_is_on_record(ground, feature):
    run = CliRunner()
    assert run.invoke(switch, ["off", feature.value], obj=ground.provider.switches).exit_code == 0
    assert f"{feature.value:<22} off" in run.invoke(switch, ["list"], obj=ground.provider.switches).output
    assert run.invoke(switch, ["on", feature.value], obj=ground.provider.switches).exit_code == 0
    assert ground.provider.switches.off() == frozenset()
    assert ground.events().count("staff:switch:changed") == 2
