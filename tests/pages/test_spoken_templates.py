"""What is the same on every page is put into its template, as the template itself would have shown it."""

import pytest
from jinja2 import DictLoader, Environment

from idp.pages.spoken_templates import in_language

WORDS = {"plain": 'a < b & "c"', "braces": "{{ 1 + 1 }}"}


def say(_language, key, **values):
    return WORDS[key] if key in WORDS else f"{values['name']}, welcome"


def environment(source: str) -> Environment:
    return Environment(loader=DictLoader({"page.html": source}), autoescape=True)


def spoken(source: str) -> Environment:
    return in_language(environment(source), "en", say, lambda name: f"/static/abc/{name}")


@pytest.mark.parametrize(
    "source",
    [
        "<p>{{ say('plain') }}</p>",
        "<p title=\"{{ say('plain') }}\">",
        "{{ say('braces') }}",
        "{% if say('plain') %}x{% endif %}{{ say('greeting', name='<A>') }}",
        "<link href=\"{{ asset('krds/page.css') }}\">",
    ],
)
def test_a_page_reads_as_without(source):
    values = {"say": lambda key, **more: say("en", key, **more), "asset": lambda name: f"/static/abc/{name}"}
    shown = environment(source).get_template("page.html").render(**values)
    assert spoken(source).get_template("page.html").render(**values) == shown


def test_a_fixed_sentence_is_there_before_the_page_is_shown():
    never = {"say": None, "asset": None}
    page = spoken("<p>{{ say('plain') }}</p><img src=\"{{ asset('x.svg') }}\">").get_template("page.html")
    assert page.render(**never) == '<p>a &lt; b &amp; &#34;c&#34;</p><img src="/static/abc/x.svg">'


def test_a_sentence_that_wants_a_value_is_left_to_the_page():
    page = spoken("{{ say('greeting') }}").get_template("page.html")
    with pytest.raises(KeyError):
        page.render(say=lambda key, **more: say("en", key, **more))
