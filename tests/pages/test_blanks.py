"""Pages with blanks: kept for everybody, filled for one person, and the same as if they were rendered for them."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jinja2 import Environment

from idp.pages import blanks
from idp.pages.blanks import Blanks
from tests.ground import PHONE, RECORD

SCOPE = "openid profile phone email address overseas"

PAGE = Environment(autoescape=True).from_string(
    "<p {% if here %}data-here='{{ here }}'{% endif %}>{{ who }}</p>{% for one in rows %}<b>{{ one }}</b>{% endfor %}"
)


def make_blanks():
    return Blanks(lambda size: bytes(range(size)))


@given(st.text(), st.text(min_size=1))
def test_a_filled_page_is_the_rendered_one(who, here):
    given = {"who": who, "here": here}
    assert make_blanks().filled("page", PAGE.render, given) == PAGE.render(given)


def test_x_01_whatever_fills_a_blank_is_escaped():
    filled = make_blanks().filled("page", PAGE.render, {"who": "<script>'\"&", "here": "'><script>"})
    assert "<script>" not in filled
    assert "&lt;script&gt;&#39;&#34;&amp;" in filled


def test_a_page_is_rendered_once_for_all_and_holds_nothing_of_the_one_before():
    kept, rendered = make_blanks(), []

    def render(printed):
        rendered.append(printed)
        return PAGE.render(printed)

    first = kept.filled("page", render, {"who": "김하나", "here": "/one"})
    second = kept.filled("page", render, {"who": "이두리", "here": "/two"})
    assert len(rendered) == 1
    assert "김하나" not in str(rendered), "what is kept was rendered with somebody's name"
    assert ("김하나" in first, "이두리" in second, "김하나" in second, "/one" in second) == (True, True, False, False)


def test_another_kind_of_page_is_another_page():
    kept = make_blanks()
    with_rows = kept.filled("two rows", lambda printed: PAGE.render(printed, rows=[1, 2]), {"who": "a"})
    without = kept.filled("none", PAGE.render, {"who": "a"})
    named = kept.filled("none", PAGE.render, {"who": "a", "here": "/x"})
    assert (with_rows.count("<b>"), without.count("<b>"), "data-here" in without) == (2, 0, False)
    assert "data-here" in named, "a blank that is there makes another page than one that is not"


def test_a_blank_within_a_list_is_filled_as_well():
    kept = make_blanks()
    rows = [kept.mark("first"), "fixed"]
    filled = kept.filled("rows", lambda printed: PAGE.render(printed, rows=rows), {"who": "a", "first": "<1>"})
    assert filled.endswith("<b>&lt;1&gt;</b><b>fixed</b>")


def test_nothing_that_somebody_types_is_a_mark():
    kept = make_blanks()
    mark = kept.mark("who")
    other = Blanks(bytes).mark("who")
    assert mark != other, "each process draws its own"
    filled = kept.filled("page", PAGE.render, {"who": "x", "here": mark})
    assert mark in filled, "a value is put in as it is, and not read again"


def test_a_page_without_a_blank_is_kept_as_it_is():
    kept = make_blanks()
    assert kept.filled("plain", lambda _: "<p>", {"who": "a"}) == "<p>"


def test_only_so_many_pages_are_kept(monkeypatch):
    monkeypatch.setattr(blanks, "MOST_PAGES", 3)
    kept, rendered = make_blanks(), []

    def render(printed):
        rendered.append(1)
        return PAGE.render(printed)

    for kind in (1, 2, 3, 4, 4, 3, 2, 1):  # 1 had to go when 4 came, and comes back as new
        kept.filled(kind, render, {"who": "a"})
    assert len(rendered) == 5


@pytest.mark.parametrize("kind", [["a list"], {"a": "dict"}])
def test_what_cannot_be_told_apart_is_refused(kind):
    with pytest.raises(TypeError):
        make_blanks().filled(kind, PAGE.render, {"who": "a"})


def test_what_is_kept_of_a_sign_in_holds_nothing_of_its_person(ground):
    service = ground.register(scope=SCOPE)
    browser = ground.browser()
    browser.authorize(service, scope=SCOPE)
    browser.passkey(ground.enrol())
    browser.code()
    page = browser.page.text
    kept = str(ground.app.extensions["idp-blanks"]._kept)
    assert kept.count("<!doctype html>") == 3, "passkey, code and consent"
    theirs = [RECORD.korean.full, RECORD.latin.full, RECORD.email, RECORD.address["locality"], PHONE, "1980"]
    fields = [value for value in browser.form("/sign-in/consent").values() if len(value) > 20]
    assert len(fields) == 2, "the token of the form, and the sign-in"
    for value in theirs + fields:
        assert value in page
        assert value not in kept


def test_the_next_person_meets_nothing_of_the_one_before(ground):
    service = ground.register(scope=SCOPE)
    other = replace(RECORD, korean=replace(RECORD.korean, given="두리", full="홍두리"), email="other@example.org")
    for record, number, absent in ((RECORD, PHONE, "홍두리"), (other, "+4915112345679", "홍길동")):
        browser = ground.browser()
        browser.authorize(service, scope=SCOPE)
        browser.passkey(ground.enrol(record, number))
        browser.code(number=number)
        assert record.korean.full in browser.page.text
        assert record.email in browser.page.text
        assert absent not in browser.page.text
