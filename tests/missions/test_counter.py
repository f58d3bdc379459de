"""A case at the counter over HTTP: from the passport to the first sign-in, and everything that stands between."""

import json
import re
from dataclasses import dataclass, replace
from datetime import date
from uuid import UUID

import pytest
from sqlalchemy import text

from idp.credential.states import State
from idp.missions.mission import Opening
from idp.people.registry.contract import RegistryAnswer, RegistryUnavailable
from idp.people.status import PersonStatus
from idp.staff.roles import Role
from tests.ground import ORIGIN, visible
from tests.missions.counters import Counter, Phone, counter, issue
from tests.missions.passports import mrz
from tests.staff.colleagues import appoint, at_desk


@dataclass
class KnowsOne:
    """A registry that answers alike about everybody, or not at all."""

    registration: str
    ended: PersonStatus | None = None
    silent: bool = False

    def look(self, _passport, _birthdate) -> RegistryAnswer:
        if self.silent:
            raise RegistryUnavailable("silent")
        return RegistryAnswer(registration=self.registration, as_of="2027-01-01", ended=self.ended)


def sign_in(ground, service, phone):
    browser = ground.browser()
    browser.authorize(service)
    given = phone.device.get(browser.options(), ORIGIN)
    browser.submit("/sign-in/passkey", credential=json.dumps(given))
    if 'action="/sign-in/code"' in browser.page.text:
        browser.code(number=phone.number)
    if 'action="/sign-in/consent"' in browser.page.text:
        browser.consent()
    return browser.page


def test_a_citizen_is_issued_a_credential_and_signs_in(ground, service):
    at, phone = counter(ground), Phone(ground)
    assert at.start().status_code == 303
    number = phone.enrol(at.link())
    assert ground.rows("credentials") == 0
    assert 'action="/sign-in/code"' not in sign_in(ground, service, phone).text
    assert at.confirm(number).status_code == 303
    assert visible(phone.browser.get("/enrol/now")).count("홍길동") == 1
    assert "code=" in sign_in(ground, service, phone).headers["Location"]
    for tag in ("staff:case:started", "staff:case:linked", "person:case:made", "staff:case:confirmed"):
        assert ground.events().count(tag) == 1


def test_the_credential_ends_with_the_passport(ground):
    at = counter(ground)
    issue(at, Phone(ground), mrz=mrz(expires=date(2027, 6, 1)))
    with ground.provider.database.read() as reading:
        row = reading.one(text("SELECT expires_at FROM credentials"))
    assert row.expires_at == 1_811_894_400  # 2027-06-02T00:00:00Z


def test_E_01_the_number_on_the_phone_must_be_the_one_of_the_phone_that_opened_the_link(ground):
    at, phone = counter(ground), Phone(ground)
    at.start()
    number = phone.enrol(at.link())
    wrong = f"{(int(number) + 1) % 10000:04}"
    assert [at.confirm(wrong).status_code for _ in range(2)] == [200, 200]
    at.look()
    assert at.desk.submit(f"/counter/{at.case}/confirm", number=wrong).status_code == 200
    assert (
        at.desk.post(f"/counter/{at.case}/confirm", {"csrf": at.desk.form("/staff/sign-out")["csrf"]}).status_code
        == 409
    )
    assert ground.rows("credentials") == 0
    assert ground.events().count("staff:case:number_refused") == 3
    assert phone.browser.get("/enrol/now").status_code == 200
    assert "발급되지 않았습니다" in phone.browser.page.text


def test_E_01_a_new_qr_ends_the_one_before(ground):
    at, first, second = counter(ground), Phone(ground), Phone(ground)
    at.start()
    old = at.link()
    new = at.link()
    assert first.open(old).status_code == 400
    assert second.open(new).status_code == 200
    assert first.open(new).status_code == 400


def test_E_01_a_phone_that_was_overtaken_by_a_new_qr_cannot_finish(ground):
    at, slow = counter(ground), Phone(ground)
    at.start()
    slow.open(at.link())
    slow.prove_phone()
    at.link()
    assert slow.make_passkey().status_code == 400


def test_E_01_the_qr_works_for_ten_minutes(ground):
    at = counter(ground)
    at.start()
    secret = at.link()
    ground.clock.now += 600
    assert Phone(ground).open(secret).status_code == 400


def test_a_citizen_who_finds_the_record_wrong_ends_the_case(ground):
    at, phone = counter(ground), Phone(ground)
    at.start()
    phone.open(at.link())
    phone.browser.submit("/enrol/record", decision="wrong")
    assert "국민이 내용이 틀리다고 함" in visible(at.look())


BARRED = {
    "expired passport": ({"mrz": mrz(expires=date(2020, 1, 1))}, "유효 기간이 지났습니다"),
    "thirteen": ({"mrz": mrz(born=date(2014, 1, 1))}, "14세"),
    "photo": ({"photo_matches": None}, "사진"),
    "E-04 oneself": ({"relation": "self"}, "본인이나 가족"),
    "E-04 family": ({"relation": "family"}, "본인이나 가족"),
    "E-04 namesake": ({"korean_family": "이", "korean_given": "창구"}, "본인이나 가족"),
    "nothing to replace": ({"kind": "replace"}, "발급받은 적이 없습니다"),
    "nothing to lift": ({"kind": "lift"}, "발급받은 적이 없습니다"),
}


@pytest.fixture(scope="module")
def shared(house):
    return counter(house.ground)


@pytest.mark.parametrize(("changed", "said"), BARRED.values(), ids=BARRED)
def test_what_bars_a_credential_is_said_and_starts_nothing(shared, changed, said):
    page = shared.start(**changed)
    assert page.status_code == 422
    assert said in visible(page)
    assert shared.ground.rows("cases") == 0


WRONG = {
    "mrz": {"mrz": mrz()[:-1] + ("1" if mrz()[-1] != "1" else "2")},
    "nothing": {"mrz": ""},
    "foreign": {"mrz": mrz(nation="UTO")},
    "latin": {"korean_family": "HONG"},
    "no name": {"korean_given": ""},
    "kind": {"kind": "gift"},
    "relation": {"relation": None},
    "registration": {"registration": "lost"},
    "residence": {"residence": "XX"},
    "email": {"email": "nobody"},
    "previous": {"previous": "M1<script>"},
}


@pytest.mark.parametrize("changed", WRONG.values(), ids=WRONG)
def test_a_wrong_field_is_named_and_what_was_typed_stays(shared, changed):
    page = shared.start(**changed)
    assert page.status_code == 422
    assert page.text.count('aria-invalid="true"') == 1
    assert shared.ground.rows("cases") == 0
    if "korean_family" not in changed:
        assert 'value="홍"' in page.text


def test_N_03_who_has_one_name_in_the_passport_has_it_once(ground):
    at = counter(ground)
    page = at.start(mrz=mrz(number="M20202020", family="SUHARTO", given=""), korean_family="수하르토", korean_given="")
    assert page.status_code == 303
    said = visible(at.look())
    assert "SUHARTO" in said
    assert "SUHARTO SUHARTO" not in said


REASONS = {
    "no chip": {"chip_read": None},
    "names differ": {"names_match": None},
    "minor": {"mrz": mrz(born=date(2010, 1, 1))},
    "same surname": {"korean_family": "이"},
}


@pytest.mark.parametrize("changed", REASONS.values(), ids=REASONS)
def test_E_04_where_there_is_risk_a_second_person_decides(ground, changed):
    at = counter(ground)
    at.start(**changed)
    token = {"csrf": at.desk.get("/counter") and at.desk.form("/staff/sign-out")["csrf"]}
    assert at.desk.post(f"/counter/{at.case}/link", token).status_code == 409
    assert 'action="/counter/approve"' not in at.look().text
    assert at.second(appoint(ground, Role.SUPERVISOR, name="박책임")).status_code == 303
    assert Phone(ground).open(at.link()).status_code == 200
    assert ground.events().count("staff:case:approved") == 1


def test_V_04_nobody_is_their_own_second_person(ground):
    at, other = counter(ground), appoint(ground, Role.OFFICER, name="둘째")
    at.start(chip_read=None)
    desk = at_desk(ground, other)
    desk.get(f"/counter/{at.case}")
    stolen = desk.form("/counter/approve")
    given = at.officer.device.get(json.loads(stolen["options"]) | {"allowCredentials": []}, ORIGIN)
    mine = at.desk.get("/counter") and at.desk.form("/staff/sign-out")["csrf"]
    answered = at.desk.post("/counter/approve", stolen | {"csrf": mine, "credential": json.dumps(given)})
    assert answered.status_code == 422
    assert ground.events().count("staff:case:approved") == 0


def test_E_10_what_was_prepared_without_a_line_waits_for_the_central_registrar(ground):
    at = counter(ground)
    at.start(prepared_offline="yes")
    boss = at_desk(ground, appoint(ground, Role.SUPERVISOR, name="박책임"))
    assert 'action="/counter/approve"' not in boss.get(f"/counter/{at.case}").text
    token = {"csrf": boss.form("/staff/sign-out")["csrf"]}
    assert at.second(appoint(ground, Role.REGISTRAR, name="최등록")).status_code == 303
    assert boss.post(f"/counter/{at.case}/decline", token).status_code == 409
    assert Phone(ground).open(at.link()).status_code == 200


def test_a_second_person_who_declines_ends_the_case(ground):
    at, other = counter(ground), appoint(ground, Role.OFFICER, name="둘째")
    at.start(chip_read=None)
    desk = at_desk(ground, other)
    desk.get(f"/counter/{at.case}")
    assert desk.submit(f"/counter/{at.case}/decline").status_code == 303
    assert "두 번째 확인에서 거절" in visible(at.look())
    assert at.start().status_code == 303  # the passport is free again


def test_V_02_a_case_of_another_mission_does_not_exist(ground):
    at = counter(ground)
    at.start(chip_read=None)
    tokyo = Counter(ground, "tokyo")
    token = {"csrf": tokyo.desk.get("/counter") and tokyo.desk.form("/staff/sign-out")["csrf"]}
    assert at.case not in tokyo.desk.page.text
    for path in ("", "/status"):
        assert tokyo.desk.get(f"/counter/{at.case}{path}").status_code == 404
    for path in ("link", "confirm", "lift", "decline", "cancel"):
        assert tokyo.desk.post(f"/counter/{at.case}/{path}", token).status_code == 404
    assert "waiting" in repr(ground.contents()["cases"])


def test_one_passport_has_one_open_case_wherever_it_is(ground):
    at = counter(ground)
    assert at.start().status_code == 303
    tokyo = Counter(ground, "tokyo")
    page = tokyo.start()
    assert page.status_code == 422
    assert "진행 중인 업무" in visible(page)
    ground.clock.now += 86_400
    later = Counter(ground, "tokyo")
    assert later.start().status_code == 303


def test_who_was_issued_one_needs_to_say_what_becomes_of_it(ground):
    at = counter(ground)
    issue(at, Phone(ground))
    page = at.start()
    assert page.status_code == 422
    assert "이미 발급받은 사람" in visible(page)


def test_E_08_a_lost_phone_is_replaced_at_any_mission_and_everything_of_the_old_one_ends(ground):
    service = ground.register()
    at, old = counter(ground), Phone(ground)
    issue(at, old)
    session = ground.browser()
    session.authorize(service)
    session.submit("/sign-in/passkey", credential=json.dumps(old.device.get(session.options(), ORIGIN)))
    session.code(number=old.number)
    session.consent()
    tokens = session.token(service, session.answer(service)["code"]).get_json()
    assert session.userinfo(tokens["access_token"]).status_code == 200
    ground.clock.now += 60
    tokyo, new = Counter(ground, "tokyo"), Phone(ground, "+4915187654321")
    tokyo.start(kind="replace")
    tokyo.second(appoint(ground, Role.OFFICER, "tokyo", "둘째"))  # within 30 days
    assert tokyo.confirm(new.enrol(tokyo.link())).status_code == 303
    assert session.userinfo(tokens["access_token"]).status_code == 401
    assert 'action="/sign-in/code"' not in sign_in(ground, service, old).text
    assert "code=" in sign_in(ground, service, new).headers["Location"]
    with ground.provider.database.read() as reading:
        states = [row.state for row in reading.all(text("SELECT state FROM credentials ORDER BY issued_at"))]
        told = reading.one(text("SELECT count(*) AS n FROM outbox WHERE kind = 'notice'")).n
    assert states == ["replaced", "active"]
    assert told == 3  # issued, the case begun, replaced: to the number that the owner had then
    assert ground.rows("persons") == 1


def test_a_suspension_is_lifted_by_two(ground, service):
    at, phone = counter(ground), Phone(ground)
    issue(at, phone)
    with ground.provider.database.read() as reading:
        person = reading.one(text("SELECT id FROM persons")).id
    ground.provider.credential_office.change_credential(UUID(str(person)), State.SUSPENDED, "lost")
    assert at.start(kind="lift").status_code == 303
    at.second(appoint(ground, Role.SUPERVISOR, name="박책임"))
    at.look()
    assert at.desk.submit(f"/counter/{at.case}/lift").status_code == 303
    assert "code=" in sign_in(ground, service, phone).headers["Location"]


def test_a_pilot_issues_to_its_quota_and_a_closed_mission_nothing(ground):
    at, phone = counter(ground), Phone(ground)
    missions = ground.provider.missions
    missions.set_opening(["berlin"], Opening.PILOT, 1)
    at.start()
    number = phone.enrol(at.link())
    missions.set_opening(["berlin"], Opening.CLOSED, None)
    assert at.confirm(number).status_code == 409
    assert ground.rows("credentials") == ground.rows("persons") == 0
    assert at.desk.get("/counter/new").status_code == 409
    missions.set_opening(["berlin"], Opening.PILOT, 1)
    issue(at, Phone(ground))
    assert at.desk.get("/counter/new").status_code == 409
    assert missions.find("berlin").issued == 1


def test_only_who_began_a_case_carries_it_on_and_the_supervisor_may_cancel(ground):
    at = counter(ground)
    at.start()
    other = at_desk(ground, appoint(ground, Role.OFFICER, name="둘째"))
    token = {"csrf": other.get("/counter") and other.form("/staff/sign-out")["csrf"]}
    for path in ("link", "confirm", "cancel"):
        assert other.post(f"/counter/{at.case}/{path}", token).status_code == 403
    boss = at_desk(ground, appoint(ground, Role.SUPERVISOR, name="박책임"))
    boss.get(f"/counter/{at.case}")
    assert boss.submit(f"/counter/{at.case}/cancel").status_code == 303
    assert "취소함" in visible(at.look())


def test_the_screen_follows_the_phone(ground):
    at, phone = counter(ground), Phone(ground)
    at.start()
    secret = at.link()
    marks = [at.desk.get(f"/counter/{at.case}/status").get_json()["mark"]]
    phone.open(secret)
    marks.append(at.desk.get(f"/counter/{at.case}/status").get_json()["mark"])
    phone.prove_phone()
    marks.append(at.desk.get(f"/counter/{at.case}/status").get_json()["mark"])
    phone.make_passkey()
    marks.append(at.desk.get(f"/counter/{at.case}/status").get_json()["mark"])
    assert len(set(marks)) == 4
    ground.clock.now += 899
    assert at.desk.get(f"/counter/{at.case}/status").status_code == 200
    ground.clock.now += 1
    assert at.desk.get(f"/counter/{at.case}/status").status_code == 401  # watching is no sign of a person


def test_no_passport_and_no_name_stands_readable_in_the_database(ground):
    at, phone = counter(ground), Phone(ground)
    issue(at, phone)
    kept = repr(ground.contents())
    for secret in ("M12345678", "길동", "GILDONG", phone.number):
        assert secret not in kept


def test_E_10_what_was_prepared_begins_when_headquarters_and_the_registry_agree(ground):
    registry = KnowsOne(registration="struck_off")
    ground.app.extensions["idp"] = replace(ground.provider, registry=registry)
    at, phone, boss = counter(ground), Phone(ground), appoint(ground, Role.REGISTRAR, name="최등록")
    registry.silent = True  # the registry cannot be reached from the mission either
    at.start(prepared_offline="yes")
    token = {"csrf": at.desk.get("/counter") and at.desk.form("/staff/sign-out")["csrf"]}
    assert "본부의 확인을 기다림" in visible(at.desk.get("/counter"))
    assert at.desk.post(f"/counter/{at.case}/link", token).status_code == 409
    ground.clock.now += 13 * 86_400
    at.desk = at_desk(ground, at.officer)
    registry.silent = False
    desk = at_desk(ground, boss)
    assert 'id="central"' in desk.get("/counter").text
    assert at.second(boss).status_code == 303
    assert "말소됨" in visible(at.look())  # what the registry says today stands in the place of the tick
    assert at.confirm(phone.enrol(at.link())).status_code == 303
    assert ground.rows("credentials") == 1


def test_E_09_E_10_who_has_died_meanwhile_gets_nothing_from_a_prepared_case(ground):
    registry = KnowsOne(registration="current", ended=PersonStatus.DECEASED)
    at = counter(ground)
    at.start(prepared_offline="yes")
    ground.app.extensions["idp"] = replace(ground.provider, registry=registry)
    assert at.second(appoint(ground, Role.REGISTRAR, name="최등록")).status_code == 409
    assert "등록 조회 결과 발급할 수 없음" in visible(at.look())


def test_the_counter_follows_what_the_citizen_sets_up_for_half_an_hour(ground):
    at, phone = counter(ground), Phone(ground)
    issue(at, phone)
    before = at.desk.get(f"/counter/{at.case}/status").get_json()["mark"]
    assert visible(at.look()).count("대기") == 3
    phone.browser.get("/account/ways")
    sheet = phone.browser.submit("/account/printed")
    for language in ("ko", "en"):
        assert f'lang="{language}"' in sheet.text
    assert f"{ORIGIN}/lost" in sheet.text
    assert at.desk.get(f"/counter/{at.case}/status").get_json()["mark"] != before
    assert visible(at.look()).count("대기") == 2
    assert not re.search(r"[0-9A-Z]{4}-[0-9A-Z]{4}<", at.desk.page.text)
    ground.clock.now += 1_800
    at.desk = at_desk(ground, at.officer)
    assert 'id="ways"' not in at.look().text


def test_the_paper_for_days_without_a_line_can_be_printed_in_advance(ground):
    at = counter(ground)
    page = at.desk.get("/counter/sheet")
    assert page.status_code == 200
    assert "14일" in visible(page)


def test_a_renewal_ends_the_old_one_and_takes_one_officer_after_thirty_days(ground, service):
    at, old, new = counter(ground), Phone(ground), Phone(ground, "+4915187654321")
    issue(at, old)
    ground.clock.now += 31 * 86_400
    at.desk = at_desk(ground, at.officer)
    issue(at, new, kind="replace", mrz=mrz(number="M87654321", expires=date(2036, 1, 1)), previous="M12345678")
    assert "code=" in sign_in(ground, service, new).headers["Location"]
    assert 'action="/sign-in/code"' not in sign_in(ground, service, old).text
    assert ground.rows("persons") == 1
