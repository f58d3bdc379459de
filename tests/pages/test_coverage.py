"""/coverage: every country in both languages, found by name, code or dialling code, with figures above the floor."""

import pytest
from sqlalchemy import text

from idp.storage.country_overrides import override
from idp.storage.models_messages import MessageCount
from tests.ground import ORIGIN, Walker, copy_ground, visible


@pytest.fixture(scope="module")
def ground(template, tmp_path_factory):
    made = copy_ground(template, tmp_path_factory.mktemp("coverage"))
    yield made
    made.provider.database.engine.dispose()


@pytest.fixture
def browser(ground):
    ground.clock.now += 1000  # what was kept is read again
    return Walker(ground)


def look(browser, query="", language="en"):
    return visible(browser.get(f"/coverage?lang={language}{query}"))


def count(ground, **whats):
    day = ground.clock.now // 86_400
    with ground.provider.database.begin() as transaction:
        transaction.run(text("DELETE FROM message_counts"))
        for what, number in whats.items():
            transaction.put(MessageCount, region="DE", channel="sms", gateway="x", day=day, what=what, count=number)


@pytest.mark.parametrize(("language", "first", "last"), [("ko", "가나", "홍콩"), ("en", "Afghanistan", "Zimbabwe")])
def test_every_country_is_listed_where_a_reader_looks_for_it(browser, language, first, last):
    page = look(browser, language=language)
    assert browser.page.status_code == 200
    assert browser.page.text.count('scope="row"') == 252
    assert page.index(first) < page.index(last)


@pytest.mark.parametrize(
    ("wanted", "found"),
    [
        ("vietnam", ["Vietnam"]),
        ("VN", ["Vietnam"]),
        ("베트남", ["Vietnam"]),
        ("%2B84", ["Vietnam"]),
        ("84", ["Vietnam"]),
        ("0084", ["Vietnam"]),
        ("åland", ["New Zealand", "Åland Islands"]),
        ("korea", ["North Korea", "South Korea"]),
        ("%20%20", None),
        ("nowhere", []),
        ("%3Cscript%3E", []),
        ("x" * 500, []),
    ],
)
def test_a_country_is_found_by_name_in_either_language_code_or_dialling_code(browser, wanted, found):
    page = look(browser, f"&q={wanted}")
    assert browser.page.status_code == 200
    assert "<script>" not in browser.page.text
    if found is None:
        assert browser.page.text.count('scope="row"') == 252
        return
    assert browser.page.text.count('scope="row"') == len(found) == sum(name in page for name in found)
    assert ("No country found" in page) is not bool(found)


def test_a_country_that_nobody_reaches_says_so_and_what_to_do(browser):
    page = look(browser, "&q=KP")
    assert "No" in page
    assert "take codes on paper along" in page


def test_figures_are_shown_and_never_below_the_floor(ground, browser):
    count(ground, sent=100, delivered=97, delay_5=60, delay_30=37)
    page = look(browser, "&q=DE")
    assert "97% arrive" in page
    assert "half within 5 s" in page
    ground.clock.now += 1000
    count(ground, sent=49, delivered=49, delay_5=49)
    page = look(browser, "&q=DE")
    assert "% arrive" not in page
    assert "half within" not in page


def test_the_same_as_json_for_programs(ground, browser):
    count(ground, sent=100, delivered=97, delay_5=60, delay_30=37)
    answer = browser.get("/coverage.json")
    assert answer.headers["Cache-Control"] == "public, max-age=300"
    countries = {one["region"]: one for one in answer.json["countries"]}
    assert len(countries) == 252
    assert countries["DE"] == {
        "region": "DE",
        "name": {"ko": "독일", "en": "Germany"},
        "dialling_codes": ["+49"],
        "ways": ["sms", "voice", "app", "printed_codes"],
        "measured": {"sms": {"success_percent": 97, "median_seconds": 5}},
        "note": "",
    }
    assert countries["AQ"]["ways"] == ["app", "printed_codes"]
    assert countries["AQ"]["dialling_codes"] == []


def test_an_operators_change_is_seen_here(ground, browser):
    wired = ground.provider
    with wired.database.begin() as transaction:
        override(transaction, wired.coverage.base, "VN", {"sms": False, "note": "Until <Friday>"}, wired.clock())
    ground.clock.now += 10
    page = look(browser, "&q=VN")
    assert "Until <Friday>" in page
    assert "&lt;Friday&gt;" in browser.page.text


def test_law_1_looking_writes_nothing(ground):
    before = ground.contents()
    for path in ("/coverage", "/coverage?q=de", "/coverage.json"):
        assert ground.app.test_client().get(path, base_url=ORIGIN).status_code == 200
    assert ground.contents() == before
