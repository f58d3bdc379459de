"""How far cases come: counted at the counter, completed by the worker, published when a month is final."""

import json
import re
from datetime import date

import pytest
from sqlalchemy import text

from idp.missions.feedback import QUESTIONS, Occasion
from idp.missions.figures import FATES, FINAL_DAYS, Funnel, bounds, is_final, last_final, month_of, publication
from idp.staff.roles import Role
from idp.storage.figures import Figures, follow_up, key_at
from tests.ground import ORIGIN, visible
from tests.missions.counters import Counter, Phone, counter, issue
from tests.missions.passports import mrz
from tests.staff.colleagues import BERLIN, TOKYO, appoint, at_desk

DAY = 86_400


def funnel(ground, mission="berlin"):
    with ground.provider.database.read() as reading:
        return Figures(reading).funnels(*bounds(month_of(ground.clock())))[mission]


def answers(ground):
    with ground.provider.database.read() as reading:
        found = Figures(reading).answers(*bounds(month_of(ground.clock())))
    return {key: {answer: count for answer, count in of.items() if count} for key, of in found.items()}


@pytest.mark.parametrize(
    ("month", "first", "after"), [("2026-12", 1_796_083_200, 1_798_761_600), ("2028-02", 1_832_976_000, 1_835_481_600)]
)
def test_a_month_has_its_bounds(month, first, after):
    assert bounds(month) == (first, after)
    assert month_of(first) == month_of(after - 1) == month
    assert not is_final(month, after + FINAL_DAYS * DAY - 1)
    assert last_final(after + FINAL_DAYS * DAY) == month
    assert last_final(after + FINAL_DAYS * DAY - 1) != month


@pytest.mark.parametrize("wrong", ["", "2026-13", "2026-1", "20²6-01", "2026-01-01"])
def test_what_is_no_month_is_refused(wrong):
    with pytest.raises(ValueError, match="is no month"):
        bounds(wrong)


def test_every_step_is_counted_once_and_reasons_are_kept(ground, service):
    at, phone = counter(ground), Phone(ground)
    at.start()
    assert funnel(ground) == Funnel(started=1)
    at.link()
    assert phone.open(at.link()).status_code == 200  # a second QR
    phone.browser.submit("/enrol/record", decision="confirm")
    assert funnel(ground) == Funnel(started=1, confirmed=1)
    phone.browser.submit("/enrol/phone", country="", number=phone.number)
    phone.browser.submit("/enrol/code", code=ground.codes(phone.number)[0])
    assert funnel(ground) == Funnel(started=1, confirmed=1, sent=1, delivered=1)
    page = phone.make_passkey()
    assert funnel(ground).made == 1
    at.confirm(re.search(r'id="counter-number">(\d{4})<', page.text)[1])
    assert funnel(ground).steps == (1, 1, 1, 1, 1, 0)
    follow_up(ground.provider.database, ground.clock())
    assert funnel(ground).used == 0
    browser = ground.browser()
    browser.authorize(service)
    browser.submit("/sign-in/passkey", credential=json.dumps(phone.device.get(browser.options(), ORIGIN)))
    browser.code(number=phone.number)
    browser.consent()
    assert follow_up(ground.provider.database, ground.clock()) == {"used": 1}
    assert follow_up(ground.provider.database, ground.clock()) == {}
    assert funnel(ground).fates == (0, 0, 0, 0, 0, 1)


def test_a_first_service_after_seven_days_is_not_counted(ground, service):
    at, phone = counter(ground), Phone(ground)
    issue(at, phone)
    ground.clock.now += 7 * DAY
    browser = ground.browser()
    browser.authorize(service)
    browser.submit("/sign-in/passkey", credential=json.dumps(phone.device.get(browser.options(), ORIGIN)))
    browser.code(number=phone.number)
    browser.consent()
    follow_up(ground.provider.database, ground.clock())
    assert funnel(ground).used == 0


def test_why_cases_end_or_never_begin_is_counted_and_an_attempt_is_an_act(ground):
    at = counter(ground)
    at.start()
    at.look()
    at.desk.submit(f"/counter/{at.case}/cancel")
    assert at.start(photo_matches=None, mrz=mrz(born=date(2020, 1, 1))).status_code == 422
    found = funnel(ground)
    assert (found.started, found.issued) == (1, 0)
    assert found.reasons == {"outcome.cancelled": 1}
    assert found.barred == {"photo": 1, "too_young": 1}
    assert ground.events().count("staff:case:barred") == 1


def test_the_desk_shows_the_own_mission_and_headquarters_all(ground):
    issue(counter(ground), Phone(ground))
    tokyo = Counter(ground, "tokyo")
    tokyo.start(mrz=mrz(number="M55555555"))
    boss = at_desk(ground, appoint(ground, Role.SUPERVISOR, "tokyo", "박책임")).get("/counter/figures")
    assert "주일본대사관" in visible(boss)
    assert "주독일대사관" not in visible(boss)
    desk = at_desk(ground, appoint(ground, Role.REGISTRAR, name="최등록"))
    everything = visible(desk.get("/counter/figures"))
    assert "주일본대사관" in everything
    assert "주독일대사관" in everything
    assert desk.get("/counter/figures?month=1999-01").status_code == 404


def of(code, *fates):
    """A funnel that ends as FATES says."""
    left = list(fates)
    steps = [sum(left[place:]) for place in range(len(left))]
    names = ("started", "confirmed", "delivered", "made", "issued", "used")
    return {code: Funnel(**dict(zip(names, steps, strict=True)))}


def test_a_publication_holds_no_small_number_and_no_reasons_that_give_one_away():
    places = {"berlin": BERLIN, "tokyo": TOKYO}
    found = publication("2026-11", of("berlin", 20, 11, 12, 30, 40, 90) | of("tokyo", 3, 0, 0, 1, 0, 5), places, {})
    numbers = [one for row in [*found["missions"], found["total"]] for one in [row["started"], *row["ended"].values()]]
    assert all(number is None or number >= 10 for number in numbers)
    assert found["missions"][1]["started"] is None
    assert found["reasons"] is None
    assert tuple(found["total"]["ended"]) == FATES
    json.dumps(found)


def test_reasons_show_where_nothing_above_them_is_hidden():
    whole = of("berlin", 20, 11, 12, 30, 40, 90)["berlin"]
    with_reasons = Funnel(
        **{name: getattr(whole, name) for name in ("started", "confirmed", "delivered", "made", "issued", "used")},
        reasons={"outcome.cancelled": 60, "outcome.declined": 2, "outcome.expired": 11},
    )
    found = publication("2026-11", {"berlin": with_reasons}, {"berlin": BERLIN}, {"issued.ease": {"1": 12, "5": 30}})
    assert found["reasons"] == {"outcome.cancelled": 60, "outcome.declined": None, "outcome.expired": None}
    assert found["answers"] == {"issued.ease": {"1": 12, "5": 30}}


def test_a_month_is_published_once_when_it_is_final_and_never_changes(ground):
    at = counter(ground)
    at.start()
    month = month_of(ground.clock())
    browser = ground.browser()
    empty = browser.get("/missions/figures.json")
    assert empty.get_json() == {"months": [], "figures": None}
    assert empty.headers["Cache-Control"].startswith("public")
    assert 'id="none"' in browser.get("/missions/figures").text
    ground.clock.now = bounds(month)[1] + FINAL_DAYS * DAY
    assert follow_up(ground.provider.database, ground.clock())["published"] == 1
    with ground.provider.database.begin() as step:
        step.run(text("DELETE FROM cases"))
    assert follow_up(ground.provider.database, ground.clock()) == {}
    found = browser.get("/missions/figures.json").get_json()
    assert found["months"] == [month]
    assert found["figures"]["missions"][0]["started"] is None
    assert browser.get(f"/missions/figures?month={month}").status_code == 200
    for wrong in ("1999-01", "x", "%00"):
        assert browser.get(f"/missions/figures.json?month={wrong}").status_code == 404


def test_two_questions_after_the_issue_are_counted_once_and_lead_back_to_nobody(ground):
    at, phone = counter(ground), Phone(ground)
    issue(at, phone)
    page = phone.browser.get("/enrol/now")
    assert 'action="/account/feedback"' in page.text
    assert not re.search(r"<textarea|type=\"text\"", page.text)
    form = phone.browser.form("/account/feedback")
    for given in ({"ease": "4", "hardest": "my phone is +49…"}, {"ease": "1"}):  # the second time is too often
        assert phone.browser.post("/account/feedback", form | given).status_code == 200
    assert answers(ground) == {"issued.ease": {"4": 1}} | {key: {} for key in answers(ground) if key != "issued.ease"}
    assert 'action="/account/feedback"' not in phone.browser.get("/enrol/now").text
    assert "+49…" not in repr(ground.contents())
    with ground.provider.database.read() as reading:
        kept = reading.all(text("SELECT * FROM feedback_given"))
    assert [tuple(row)[1:] for row in kept] == [("issued",)]
    assert ground.events().count("person:feedback:given") == 1


def test_the_phone_that_comes_back_from_its_first_service_is_asked_about_that(ground, service):
    at, phone = counter(ground), Phone(ground)
    issue(at, phone)
    browser = phone.browser
    browser.get("/enrol/now")
    assert browser.form("/account/feedback")["occasion"] == Occasion.ISSUED.value
    browser.authorize(service)
    browser.submit("/sign-in/passkey", credential=json.dumps(phone.device.get(browser.options(), ORIGIN)))
    browser.code(number=phone.number)
    assert "/account/feedback" not in browser.page.text  # nothing of it on the way to the service
    browser.consent()
    assert browser.page.headers["Location"].startswith(service.redirect_uri)
    browser.get("/enrol/now")
    assert browser.form("/account/feedback")["occasion"] == Occasion.FIRST_SIGN_IN.value
    assert browser.submit("/account/feedback", ease="3").status_code == 200
    assert answers(ground)["first_sign_in.ease"] == {"3": 1}
    assert 'action="/account/feedback"' not in browser.get("/enrol/now").text


def test_the_questions_after_the_first_sign_in_wait_on_the_own_pages(ground, citizen, service):
    from tests.pages.account_walks import enter

    browser = ground.browser()
    browser.tokens(service, citizen)
    assert "/account/feedback" in enter(browser, citizen).text
    browser.get("/account/feedback")
    assert browser.form("/account/feedback")["occasion"] == Occasion.FIRST_SIGN_IN.value
    assert browser.submit("/account/feedback").status_code == 200  # nothing chosen
    assert answers(ground) == {key: {} for key in answers(ground)}
    browser.get("/account/feedback")
    browser.submit("/account/feedback", ease="5", hardest="nothing")
    assert answers(ground)["first_sign_in.ease"] == {"5": 1}
    assert 'href="/account/feedback"' not in browser.get("/account").text
    assert browser.post("/account/feedback", browser.form("/account/language") | {"occasion": "x"}).status_code == 400


def test_staff_see_answers_from_ten_on(ground):
    at = counter(ground)
    with ground.provider.database.begin() as step:
        for _ in range(9):
            Figures(step).count("berlin", "feedback.issued.ease.5", ground.clock())
    desk = at_desk(ground, appoint(ground, Role.SUPERVISOR, name="박책임"))
    easy = "아주 쉬웠습니다"
    assert easy not in visible(desk.get("/counter/figures"))
    with ground.provider.database.begin() as step:
        Figures(step).count(at.mission, "feedback.issued.ease.5", ground.clock())
    assert f"{easy}: 10" in visible(desk.get("/counter/figures"))


def test_every_question_has_answers_to_choose_from():
    assert {len(questions) for questions in QUESTIONS.values()} == {2}
    assert key_at(1).int < key_at(2).int
