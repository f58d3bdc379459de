"""A person's own pages, as they are walked: what is seen, and what each act does to everything else."""

import json

import pytest

from idp.credential.enrolment import MOST_PASSKEYS
from idp.credential.states import State
from idp.pages.account_passkeys import read_name
from idp.people.status import PersonStatus
from idp.staff.roles import Role
from idp.storage.models import Base
from idp.storage.personal_data import HOLDS
from tests.endpoints.logout_ground import listening, notices
from tests.ground import ORIGIN, visible
from tests.missions.counters import Counter, Phone, counter, issue
from tests.pages.account_walks import add_passkey, enter, made, passkeys, resume
from tests.staff.colleagues import appoint


def test_a_person_signs_in_to_their_own_pages(ground, citizen, browser):
    page = enter(browser, citizen)
    assert "홍길동 님" in visible(page)
    assert "주독일대사관" in visible(page)
    assert ground.rows("grants") == ground.rows("consents") == 0
    assert "person:session:started" in ground.events()


def test_single_sign_on_is_enough_to_look(citizen, browser, service):
    browser.sign_in(service, citizen)
    assert browser.get("/account").status_code == 200
    assert 'action="/sign-in/passkey"' not in browser.page.text


def test_turning_back_leads_to_a_page_that_says_so(citizen, browser):
    browser.get("/account")
    browser.submit("/sign-in/cancel")
    assert browser.page.headers["Location"] == f"{ORIGIN}/account/ended"
    browser.get("/account")
    browser.passkey(citizen)
    browser.submit("/sign-in/cancel")
    assert browser.page.headers["Location"] == f"{ORIGIN}/account/ended"


def test_services_show_what_they_receive_and_lose_it_at_once(ground, citizen, browser):
    service = listening(ground, client_name="Apostille")
    other = listening(ground)
    tokens = browser.tokens(service, citizen, scope="openid profile email offline_access")
    kept = browser.tokens(other, citizen)
    page = browser.get("/account/services")
    assert "Apostille" in visible(page)
    assert "gildong@example.org" in visible(page)
    browser.submit("/account/services/withdraw", service=service.id)
    assert browser.page.status_code == 303
    assert browser.userinfo(tokens["access_token"]).status_code == 401
    assert browser.userinfo(kept["access_token"]).status_code == 200
    refused = browser.token(service, "", grant_type="refresh_token", refresh_token=tokens["refresh_token"])
    assert refused.status_code == 400
    assert {client for client, _, _ in notices(ground)} == {service.id}
    assert "person:consent:withdrawn" in ground.events()
    assert "Apostille" not in visible(browser.get("/account/services"))
    browser.authorize(service)
    assert 'action="/sign-in/consent"' in browser.page.text


def test_withdrawing_what_was_never_given_does_nothing(ground, citizen, browser):
    service = listening(ground)
    enter(browser, citizen)
    form = browser.form("/account/language")
    before = ground.contents()
    for name in (service.id, "nobody", "", "account:"):
        assert browser.post("/account/services/withdraw", form | {"service": name}).status_code == 303
    assert ground.contents() == before


PHONE_BROWSER = "Mozilla/5.0 (Linux; Android 16) AppleWebKit/537.36 Chrome/156.0 Mobile Safari/537.36"


def test_sessions_are_seen_and_ended_one_by_one(ground, citizen, browser):
    service = listening(ground)
    phone = ground.browser()
    phone.client.environ_base["HTTP_USER_AGENT"] = PHONE_BROWSER
    phone.sign_in(service, citizen)
    ground.clock.now += 61
    enter(browser, citizen)
    page = browser.get("/account/sessions")
    assert page.text.count('action="/account/sessions/end"') == 3
    assert ground.rows("sessions") == 2
    elsewhere = next(part for part in page.text.split("<section")[1:] if "안드로이드" in part)
    row = elsewhere.split('name="session" value="')[1].split('"')[0]
    browser.post("/account/sessions/end", browser.form("/account/sessions/end") | {"session": row})
    assert browser.page.status_code == 303
    assert {client for client, _, _ in notices(ground)} == {service.id}
    phone.authorize(service)
    assert 'action="/sign-in/passkey"' in phone.page.text
    assert browser.get("/account").status_code == 200


def test_everywhere_is_here_too(citizen, browser):
    enter(browser, citizen)
    browser.get("/account/sessions")
    browser.post("/account/sessions/end", browser.form("/account/sessions/end") | {"session": "all"})
    assert browser.page.status_code == 200
    assert 'action="/sign-in/passkey"' in browser.get("/account").text


def test_the_history_tells_what_happened_and_who_in_office_acted(ground, citizen, browser, service):
    browser.authorize(service)
    browser.passkey(citizen)
    browser.code("000000" if ground.codes()[0] != "000000" else "111111")
    ground.provider.credential_office.change_person(citizen.person, PersonStatus.SUSPENDED, "a doubt")
    ground.provider.credential_office.change_person(citizen.person, PersonStatus.ACTIVE, "no doubt")
    ground.clock.now += 61
    enter(browser, citizen)
    text = visible(browser.get("/account/history"))
    assert text.count("두 가지 확인을 거쳐 로그인") == 1
    assert "패스키는 확인되었으나" in text  # the sign-in at the service, which was not completed
    assert "인증번호가 거절됨" in text
    assert "기관 처리" in text
    assert "사유: a doubt" in text
    assert "Service 1" in text


def test_the_language_is_that_of_messages_and_pages(citizen, browser):
    enter(browser, citizen)
    browser.submit("/account/language", language="en")
    assert browser.page.status_code == 303
    assert "Hello, HONG GILDONG" in visible(browser.get("/account"))
    assert browser.post("/account/language", browser.form("/account/language") | {"language": "xx"}).status_code == 400


def test_all_data_is_readable_and_can_be_taken(ground, citizen, browser, service):
    browser.sign_in(service, citizen)
    text = visible(browser.get("/account/data"))
    assert "gildong@example.org" in text
    assert "+4915112345678" in text
    browser.submit("/account/data.json")
    document = json.loads(browser.page.text)
    assert document["claims"]["birthdate"] == "1980-01-31"
    assert document["consents"][0]["client_id"] == service.id
    assert {"person:consent:given", "person:session:started"} <= {one["event"] for one in document["events"]}
    assert document["phone_numbers"][0]["number"] == "+4915112345678"
    assert document["services"][0]["client_id"] == service.id
    assert len(document["sessions"]) == 1
    members = {name for shown in HOLDS.values() for name in shown.split(", ") if name}
    assert members <= document.keys()
    assert "attachment" in browser.page.headers["Content-Disposition"]
    assert "person:data:downloaded" in ground.events()


def test_no_table_with_rows_of_persons_is_forgotten_in_the_file():
    of_persons = {"persons", "reminders"} | {
        name for name, table in Base.metadata.tables.items() if "person_id" in table.c
    }
    of_persons -= {"sandbox_citizens", "sandbox_messages"}  # of test citizens, who have no pages of their own
    assert set(HOLDS) == of_persons


# Passkeys.


def test_a_second_passkey_is_a_full_key(ground, citizen, browser, service):
    second = add_passkey(browser, citizen, "태블릿")
    assert "태블릿" in visible(browser.get("/account/passkeys"))
    elsewhere = ground.browser()
    ground.clock.now += 61
    assert elsewhere.sign_in(service, second)["code"]


def test_W_01_a_challenge_makes_one_passkey(ground, citizen, browser):
    enter(browser, citizen, "/account/passkeys/new")
    form = browser.form("/account/passkeys/new")
    _, first = made(browser)
    _, second = made(browser)
    assert browser.post("/account/passkeys/new", form | {"credential": first}).status_code == 303
    assert browser.post("/account/passkeys/new", form | {"credential": second}).status_code == 400
    assert len(passkeys(ground, citizen)) == 2


@pytest.mark.parametrize(
    "falsified",
    [{"flags": 0x41}, {"client_origin": "https://evil.example"}, {"rp_id": "evil.example"}, {"cross_origin": True}],
    ids=["not verified", "origin", "rp id", "frame"],
)
def test_W_02_W_03_W_04_what_is_no_proof_makes_no_passkey(ground, citizen, browser, falsified):
    enter(browser, citizen, "/account/passkeys/new")
    _, credential = made(browser, **falsified)
    assert browser.submit("/account/passkeys/new", credential=credential).status_code == 400
    assert len(passkeys(ground, citizen)) == 1


def test_a_page_that_lay_open_is_opened_anew(ground, citizen, browser):
    enter(browser, citizen, "/account/passkeys/new")
    _, credential = made(browser)
    ground.clock.now += 300
    page = browser.submit("/account/passkeys/new", credential=credential)
    assert "새로 열었습니다" in visible(page)
    assert len(passkeys(ground, citizen)) == 1


def test_there_may_be_five(ground, citizen, browser):
    for number in range(MOST_PASSKEYS - 1):
        add_passkey(browser, citizen, f"Key {number}")
    assert browser.get("/account/passkeys/new").status_code == 409
    assert 'id="passkey-add"' not in browser.get("/account/passkeys").text
    assert len(passkeys(ground, citizen)) == MOST_PASSKEYS


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("  My   phone ", "My phone"),
        ("\u1112\u1161\u11ab", "한"),
        ("x" * 40, "x" * 40),
        ("x" * 41, None),
        ("", None),
        ("   ", None),
        ("a\u202eb", None),
        ("a\x00b", None),
        ("<b>'\"", "<b>'\""),
    ],
)
def test_N_03_names_are_printable(typed, kept):
    assert read_name(typed) == kept


def test_a_passkey_is_renamed(ground, citizen, browser):
    enter(browser, citizen, "/account/passkeys")
    row = passkeys(ground, citizen)[0][0]
    form = browser.form("/account/passkeys/rename")
    browser.post("/account/passkeys/rename", form | {"passkey": row, "name": "<b>전화</b>"})
    assert "&lt;b&gt;전화&lt;/b&gt;" in browser.get("/account/passkeys").text
    assert browser.post("/account/passkeys/rename", form | {"passkey": row, "name": ""}).status_code == 400


def test_a_removed_passkey_signs_nobody_in_and_its_tokens_end(ground, citizen, browser, service):
    add_passkey(browser, citizen)
    tokens = browser.tokens(service, citizen, scope="openid offline_access")
    first = passkeys(ground, citizen)[0][0]
    browser.get(f"/account/passkeys/{first}/remove")
    page = browser.submit("/account/passkeys/remove")
    assert "로그아웃했습니다" in visible(page)  # it was the one they were signed in with
    assert passkeys(ground, citizen)[0][2] == "removed"
    assert browser.userinfo(tokens["access_token"]).status_code == 401
    ground.clock.now += 61
    browser.authorize(service)
    browser.passkey(citizen)
    assert browser.page.status_code == 403


def test_the_last_passkey_stays(ground, citizen, browser):
    enter(browser, citizen, "/account/close")
    row = passkeys(ground, citizen)[0][0]
    page = browser.get(f"/account/passkeys/{row}/remove")
    assert 'action="/account/passkeys/remove"' not in page.text
    assert 'href="/account/passkeys/new"' in page.text
    form = {"csrf": browser.get("/account").text.split('name="csrf" value="')[1].split('"')[0], "passkey": row}
    assert browser.post("/account/passkeys/remove", form).status_code == 409
    assert passkeys(ground, citizen)[0][2] == "active"


# Stopping, going on, giving up.


def stop(browser, citizen, row):
    enter(browser, citizen, "/account/stop")
    return browser.submit("/account/stop", passkey=row)


def test_a_stopped_mobile_id_signs_nobody_in(ground, citizen, browser, service):
    tokens = browser.tokens(service, citizen, scope="openid offline_access")
    assert "재외공관을 방문하세요" in visible(stop(browser, citizen, "unknown"))
    assert browser.userinfo(tokens["access_token"]).status_code == 401
    browser.authorize(service)
    browser.passkey(citizen)
    assert browser.page.status_code == 403
    assert "person:credential:suspended" in ground.events()


def test_a_trusted_passkey_goes_on_and_the_lost_one_does_not(ground, citizen, browser, service):
    second = add_passkey(browser, citizen)
    lost = passkeys(ground, citizen)[0][0]
    page = stop(browser, citizen, lost)
    assert 'href="/account/resume"' in page.text
    stranger = ground.browser()
    before = ground.contents()
    assert resume(stranger, citizen).status_code == 403
    assert ground.contents() == before
    assert resume(stranger, second).status_code == 200
    assert "person:credential:resumed" in ground.events()
    ground.clock.now += 61
    assert ground.browser().sign_in(service, second)["code"]
    again = ground.browser()
    again.authorize(service)
    again.passkey(citizen)
    assert again.page.status_code == 403


@pytest.mark.parametrize("which", ["unknown", "only one"])
def test_without_a_trusted_passkey_only_a_mission_goes_on(ground, citizen, browser, which):
    row = passkeys(ground, citizen)[0][0]
    page = stop(browser, citizen, "unknown" if which == "unknown" else row)
    assert 'href="/account/resume"' not in page.text
    assert resume(browser, citizen).status_code == 403


def test_what_an_officer_touched_since_is_not_the_holders_to_lift(ground, citizen, browser):
    second = add_passkey(browser, citizen)
    stop(browser, citizen, passkeys(ground, citizen)[0][0])
    ground.clock.now += 10
    ground.provider.credential_office.change_credential(citizen.person, State.ACTIVE, "checked")
    ground.clock.now += 10
    ground.provider.credential_office.change_credential(citizen.person, State.SUSPENDED, "doubt")
    assert resume(browser, second).status_code == 403


def test_W_01_a_resume_page_lifts_once(ground, citizen, browser):
    second = add_passkey(browser, citizen)
    stop(browser, citizen, passkeys(ground, citizen)[0][0])
    browser.get("/account/resume")
    form = browser.form("/account/resume")
    answer = json.dumps(second.phone.get(json.loads(form["options"]), ORIGIN))
    assert browser.post("/account/resume", form | {"credential": answer}).status_code == 200
    before = ground.contents()
    assert browser.post("/account/resume", form | {"credential": answer}).status_code == 400
    assert ground.contents() == before


def test_giving_up_ends_everything(ground, citizen, browser):
    service = listening(ground)
    tokens = browser.tokens(service, citizen, scope="openid profile offline_access")
    enter(browser, citizen, "/account/close")
    assert "네모 칸" in visible(browser.submit("/account/close"))
    assert browser.userinfo(tokens["access_token"]).status_code == 200
    assert "해지했습니다" in visible(browser.submit("/account/close", sure="yes"))
    assert browser.userinfo(tokens["access_token"]).status_code == 401
    assert [state for _, _, state in passkeys(ground, citizen)] == ["removed"]
    assert service.id in {client for client, _, _ in notices(ground)}
    assert "person:account:closed" in ground.events()
    browser.authorize(service)
    browser.passkey(citizen)
    assert browser.page.status_code == 403


def test_every_act_of_an_office_is_told_with_its_place(ground):
    at, phone = counter(ground), Phone(ground)
    issue(at, phone)
    ground.clock.now += 60
    tokyo, new = Counter(ground, "tokyo"), Phone(ground, "+4915187654321")
    tokyo.start(kind="replace", photo_matches=None)
    tokyo.start(kind="replace")
    tokyo.second(appoint(ground, Role.OFFICER, "tokyo", "둘째"))
    tokyo.confirm(new.enrol(tokyo.link()))
    browser = ground.browser()
    browser.get("/account")
    browser.submit("/sign-in/passkey", credential=json.dumps(new.device.get(browser.options(), ORIGIN)))
    browser.code(number=new.number)
    told = visible(browser.get("/account/history"))
    for act in ("처음 발급함", "업무를 시작함", "조건이 맞지 않아 거절됨", "두 번째 담당자가 확인함", "다시 발급함"):
        assert f"공관에서 {act}" in told or act in told, act
    assert told.count("처리한 곳: 주일본대사관") >= 5
    assert "처리한 곳: 주독일대사관" in told
    assert "기관에서 내 기록을 처리함" not in told  # none is without words of its own
    assert "이창구" not in told  # officers stay unnamed
