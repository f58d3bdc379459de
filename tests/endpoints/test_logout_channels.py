"""How services hear that a session has ended: Front- and Back-Channel Logout 1.0, from every way it can end."""

import html
import re
from dataclasses import replace
from time import monotonic
from urllib.parse import parse_qsl, urlsplit

import pytest
from sqlalchemy import text

from idp.credential.states import State
from idp.people.status import PersonStatus
from tests.endpoints.logout_ground import (
    SIGNED_OUT,
    Listener,
    claims_of,
    deliver,
    listening,
    notices,
    running,
    told,
    worker_of,
)
from tests.endpoints.test_logout import at_logout
from tests.ground import ORIGIN, PHONE, RECORD, copy_ground


def two_services(ground):
    """A browser that is signed in at two services that listen and at one that does not."""
    first, second, deaf = listening(ground), listening(ground), ground.register()
    citizen, browser = ground.enrol(), ground.browser()
    tokens = browser.tokens(first, citizen)
    browser.tokens(second, citizen)
    browser.tokens(deaf, citizen)
    return first, second, citizen, browser, tokens


def by_service(_ground, _citizen, browser, tokens):
    at_logout(browser, id_token_hint=tokens["id_token"])


def by_person(_ground, _citizen, browser, _tokens):
    at_logout(browser)
    browser.submit("/logout/confirm", decision="logout")


def by_another_person(ground, _citizen, browser, _tokens):
    other, service = ground.enrol(number="+4915112345679", record=_other_record()), ground.register()
    browser.authorize(service, prompt="login")
    browser.passkey(other)
    browser.code(number=other.number)


def by_not_me(ground, _citizen, browser, _tokens):
    browser.authorize(ground.register())
    browser.submit("/sign-in/other")


def by_stopping_the_person(ground, citizen, _browser, _tokens):
    ground.provider.credential_office.change_person(citizen.person, PersonStatus.SUSPENDED, "reported")


def by_stopping_the_credential(ground, citizen, _browser, _tokens):
    ground.provider.credential_office.change_credential(citizen.person, State.SUSPENDED, "lost")


def by_a_clone(ground, citizen, browser, _tokens):
    service = ground.register()
    browser.authorize(service, prompt="login")
    browser.passkey(citizen, sign_count=5)
    ground.browser().authorize(service)
    other = ground.browser()
    other.authorize(service)
    other.passkey(citizen, sign_count=3)


def _other_record():
    return replace(RECORD, passport=None)


WAYS = [
    by_service,
    by_person,
    by_another_person,
    by_not_me,
    by_stopping_the_person,
    by_stopping_the_credential,
    by_a_clone,
]


@pytest.mark.parametrize("way", WAYS, ids=lambda way: way.__name__)
def test_L_03_however_a_session_ends_every_service_that_listens_has_a_notice(either_ground, way):
    ground = either_ground
    first, second, citizen, browser, tokens = two_services(ground)
    way(ground, citizen, browser, tokens)
    assert told(ground) == sorted([first.id, second.id])
    assert {person for _, person, _ in notices(ground)} == {str(citizen.person)}
    assert len({session for _, _, session in notices(ground)}) == 1
    ended = [e for e in ground.events() if e in {"person:session:ended", "provider:session:stopped"}]
    assert len(ended) == 1
    assert browser.userinfo(tokens["access_token"]).status_code == 401


def test_a_session_that_was_ended_twice_is_told_of_once(ground):
    _, _, citizen, browser, tokens = two_services(ground)
    by_service(ground, citizen, browser, tokens)
    by_stopping_the_person(ground, citizen, browser, tokens)
    assert len(notices(ground)) == 2


def test_resuming_a_person_or_credential_brings_no_session_back_and_tells_nobody(ground):
    _, _, citizen, browser, tokens = two_services(ground)
    by_stopping_the_credential(ground, citizen, browser, tokens)
    ground.provider.credential_office.change_credential(citizen.person, State.ACTIVE, "found")
    assert len(notices(ground)) == 2
    assert browser.userinfo(tokens["access_token"]).status_code == 401


def test_stopping_a_person_ends_the_sessions_of_all_their_browsers_and_nobody_elses(ground):
    service, citizen = listening(ground), ground.enrol()
    other = ground.enrol(number="+4915112345679", record=_other_record())
    one, two, theirs = ground.browser(), ground.browser(), ground.browser()
    one.tokens(service, citizen)
    two.tokens(service, citizen)
    kept = theirs.tokens(service, other)
    by_stopping_the_person(ground, citizen, None, None)
    assert told(ground) == [service.id] * 2
    assert len({session for _, _, session in notices(ground)}) == 2
    assert theirs.userinfo(kept["access_token"]).status_code == 200


def test_a_service_of_another_session_is_not_told(ground):
    first, second, citizen = listening(ground), listening(ground), ground.enrol()
    one, two = ground.browser(), ground.browser()
    tokens = one.tokens(first, citizen)
    two.tokens(second, citizen)
    at_logout(one, id_token_hint=tokens["id_token"])
    assert told(ground) == [first.id]


def test_a_step_up_keeps_the_session_and_tells_nobody(ground):
    service, browser, citizen = listening(ground), ground.browser(), ground.enrol()
    before = claims_of(ground, browser.tokens(service, citizen)["id_token"])
    ground.clock.now += 61
    browser.authorize(service, prompt="login")
    browser.passkey(citizen)
    browser.code(number=PHONE)
    after = claims_of(ground, browser.token(service, browser.answer(service)["code"]).get_json()["id_token"])
    assert before["sid"] == after["sid"]
    assert notices(ground) == []


# Delivery, to a real server through the real way out.


@pytest.fixture
def reachable(tmp_path, template):
    """An installation that may call this machine."""
    made = copy_ground(template, tmp_path, outbound_test_hosts="localhost")
    yield made
    made.provider.database.engine.dispose()


@pytest.mark.parametrize("alg", ["ES256", "RS256", "PS256", "Ed25519"])
def test_L_06_the_service_gets_a_logout_token_it_can_trust(reachable, alg):
    ground = reachable
    with running(Listener()) as there:
        service = listening(ground, backchannel_logout_uri=there.uri, id_token_signed_response_alg=alg)
        browser = ground.browser()
        tokens = browser.tokens(service, ground.enrol())
        at_logout(browser, id_token_hint=tokens["id_token"])
        ground.clock.now += 5
        deliver(ground)
    assert [sorted(form) for form in there.forms] == [["logout_token"]]
    token = there.forms[0]["logout_token"]
    claims, signed_in = claims_of(ground, token, "logout+jwt"), claims_of(ground, tokens["id_token"])
    assert (claims["sub"], claims["sid"]) == (signed_in["sub"], signed_in["sid"])
    assert (claims["iss"], claims["aud"]) == (ORIGIN, service.id)
    assert (claims["iat"], claims["exp"]) == (ground.clock(), ground.clock() + 120)
    assert claims["events"] == {"http://schemas.openid.net/event/backchannel-logout": {}}
    assert claims.keys() == {"iss", "aud", "iat", "exp", "jti", "sub", "sid", "events"}


@pytest.mark.parametrize("status", [301, 302, 307, 308, 500])
def test_L_03_a_redirect_is_not_followed_and_the_notice_stays(reachable, status):
    ground = reachable
    with running(Listener()) as elsewhere, running(Listener(status, {"Location": elsewhere.uri})) as there:
        service = listening(ground, backchannel_logout_uri=there.uri)
        browser = ground.browser()
        tokens = browser.tokens(service, ground.enrol())
        at_logout(browser, id_token_hint=tokens["id_token"])
        deliver(ground)
        first = there.forms[0]["logout_token"]
        there.status = 200
        ground.clock.now += 20
        deliver(ground)
    assert elsewhere.forms == []
    tokens_sent = [claims_of(ground, form["logout_token"], "logout+jwt") for form in there.forms]
    assert len(tokens_sent) == 2
    assert tokens_sent[0]["jti"] == tokens_sent[1]["jti"]
    assert tokens_sent[1]["iat"] == tokens_sent[0]["iat"] + 20
    assert first != there.forms[1]["logout_token"]


def test_L_05_a_name_that_leads_inwards_is_not_called(ground):
    """The default installation may call no loopback address, whatever was registered in development."""
    with running(Listener()) as there:
        service, browser = listening(ground, backchannel_logout_uri=there.uri), ground.browser()
        tokens = browser.tokens(service, ground.enrol())
        at_logout(browser, id_token_hint=tokens["id_token"])
        deliver(ground)
    assert there.forms == []
    assert told(ground) == [service.id]  # it waits for the address to become right


def test_L_05_dns_rebinding_changes_nothing(ground):
    service, browser = listening(ground, backchannel_logout_uri="https://rp.go.kr/backchannel"), ground.browser()
    tokens = browser.tokens(service, ground.enrol())
    ground.names.known["rp.go.kr"] = ["127.0.0.1"]
    at_logout(browser, id_token_hint=tokens["id_token"])
    deliver(ground)
    assert ground.names.asked == ["rp.go.kr"]
    assert told(ground) == [service.id]


def test_L_03_a_logout_takes_no_time_however_many_services_are_down(ground):
    services = [listening(ground, backchannel_logout_uri=f"https://rp{i}.go.kr/") for i in range(12)]
    citizen, browser = ground.enrol(), ground.browser()
    hints = [browser.tokens(service, citizen)["id_token"] for service in services]
    begun = monotonic()
    at_logout(browser, id_token_hint=hints[0])
    assert monotonic() - begun < 1
    assert ground.names.asked == []
    assert len(notices(ground)) == len(services)


def test_a_code_is_leased_before_notices_that_have_waited_longer(either_ground):
    ground = either_ground
    citizen, browser = ground.enrol(), ground.browser()
    tokens = [browser.tokens(listening(ground), citizen) for _ in range(5)]
    at_logout(browser, id_token_hint=tokens[0]["id_token"])
    deliver_codes = [item.kind for item in worker_of(ground).store.lease(ground.clock(), 1, 60)]
    ground.clock.now += 61
    browser.authorize(ground.register())
    browser.passkey(citizen)
    leased = worker_of(ground).store.lease(ground.clock(), 2, 60)
    assert deliver_codes == ["text_message"]
    assert [item.kind for item in leased] == ["text_message", "text_message"]


# Frames.


def frames(page):
    return [html.unescape(src) for src in re.findall(r'<iframe src="([^"]+)"', page.text)]


def framing(ground, number, **metadata):
    redirect = f"http://localhost:{9001 + number}/callback"
    return ground.register(
        redirect_uris=[redirect],
        frontchannel_logout_uri=f"http://localhost:{9001 + number}/frontchannel?a=b",
        **metadata,
    )


def test_the_page_after_a_logout_loads_iss_and_sid_at_each_service_before_it_goes_on(either_ground):
    ground = either_ground
    first, second, deaf = framing(ground, 1), framing(ground, 2), ground.register()
    citizen, browser = ground.enrol(), ground.browser()
    tokens = [browser.tokens(service, citizen) for service in (first, second, deaf)]
    sids = [claims_of(ground, one["id_token"])["sid"] for one in tokens]
    page = at_logout(browser, id_token_hint=tokens[0]["id_token"], post_logout_redirect_uri=SIGNED_OUT, state="x y")
    assert page.status_code == 200
    shown = {urlsplit(src).netloc: parse_qsl(urlsplit(src).query) for src in frames(page)}
    assert shown == {
        "localhost:9002": [("a", "b"), ("iss", ORIGIN), ("sid", sids[0])],
        "localhost:9003": [("a", "b"), ("iss", ORIGIN), ("sid", sids[1])],
    }
    policy = page.headers["Content-Security-Policy"].split("; ")
    assert "frame-src http://localhost:9002 http://localhost:9003" in policy
    assert "frame-ancestors 'none'" in policy
    link = re.search(r'<a[^>]*id="back"[^>]*href="([^"]+)"([^>]*)>', page.text)
    assert html.unescape(link[1]) == f"{SIGNED_OUT}?state=x%20y"
    assert "data-onward" in link[2]
    assert "onward.js" in page.text
    assert browser.get("/logout").status_code == 200  # a reload: nothing is left to sign out of
    assert frames(browser.page) == []


def test_without_an_address_to_go_to_the_frames_stand_on_the_last_page(ground):
    service, browser = framing(ground, 1), ground.browser()
    browser.tokens(service, ground.enrol())
    at_logout(browser)
    page = browser.submit("/logout/confirm", decision="logout")
    assert len(frames(page)) == 1
    assert "onward.js" not in page.text
    assert "data-onward" not in page.text


def test_other_pages_may_load_no_frame(ground):
    service, browser = framing(ground, 1), ground.browser()
    browser.tokens(service, ground.enrol())
    assert "frame-src" not in at_logout(browser).headers["Content-Security-Policy"]


def test_a_disabled_service_is_neither_framed_nor_called(ground):
    service = framing(ground, 1, backchannel_logout_uri="http://localhost:9002/backchannel")
    asking, browser, citizen = ground.register(), ground.browser(), ground.enrol()
    browser.tokens(service, citizen)
    tokens = browser.tokens(asking, citizen)
    with ground.provider.database.begin() as transaction:
        transaction.run(text("UPDATE clients SET status = 'disabled' WHERE id = :client"), client=service.id)
    page = at_logout(browser, id_token_hint=tokens["id_token"])
    assert frames(page) == []
    assert told(ground) == []


def test_discovery_says_both_channels(ground):
    document = ground.app.test_client().get("/.well-known/openid-configuration", base_url=ORIGIN).get_json()
    assert {name: value for name, value in document.items() if "channel_logout" in name} == {
        "frontchannel_logout_supported": True,
        "frontchannel_logout_session_supported": True,
        "backchannel_logout_supported": True,
        "backchannel_logout_session_supported": True,
    }
