"""What the current request tells is what Werkzeug tells, and its cookies are set as Werkzeug would set them."""

from types import SimpleNamespace

import pytest
from flask import Flask
from hypothesis import given
from hypothesis import strategies as st
from werkzeug.http import dump_cookie, parse_cookie
from werkzeug.test import EnvironBuilder

from idp.current_request import CurrentRequest
from idp.pages import browser
from idp.pages.browser import cookies_said

NAMES = st.sampled_from(["__Host-idp-browser", "idp-browser", "idp-session", "other"])
VALUES = st.text("abcXYZ019-_.~", max_size=12)
SEPARATORS = st.sampled_from(["; ", ";", " ;  "])


def asked(path="/", cookie=""):
    return CurrentRequest(EnvironBuilder(path, headers={"Cookie": cookie}).get_environ(), Flask("small"))


@given(st.lists(st.tuples(NAMES, VALUES, SEPARATORS), max_size=5))
def test_a_cookie_of_ours_is_the_one_that_werkzeug_finds(parts):
    header = "".join(f"{name}={value}{separator}" for name, value, separator in parts)
    found, known = asked(cookie=header), parse_cookie(header)
    for name in ("__Host-idp-browser", "idp-browser", "idp-session", "other", "none"):
        assert found.cookie(name) == known.get(name, "")


@pytest.mark.parametrize("header", ["idp-session", "=", ";;;", "idp-session =x", "a=b=c; idp-session", "\xff=\xfe"])
def test_an_odd_header_of_cookies_is_no_fault(header):
    assert asked(cookie=header).cookie("idp-language") == ""


@pytest.mark.parametrize(
    ("query", "found"), [("", None), ("lang=ko", "ko"), ("x=lang", None), ("a=b&lang=en&lang=ko", "en"), ("lang", "")]
)
def test_a_parameter_is_looked_for_where_its_name_stands(query, found):
    assert asked(f"/?{query}").asked_for("lang") == found


@pytest.mark.parametrize("secure", [False, True])
@pytest.mark.parametrize(
    ("attribute", "name", "value", "age"),
    [
        ("fresh_browser", "idp-browser", "x" * 43, browser.BROWSER_SECONDS),
        ("session_cookie", "idp-session", "a-b_c", None),
        ("session_cookie", "idp-session", "", 0),
        ("staff_cookie", "idp-staff", "a.b", None),
        ("staff_cookie", "idp-staff", "", 0),
        ("language_cookie", "idp-language", "ko", browser.LANGUAGE_SECONDS),
    ],
)
def test_a_cookie_is_set_as_werkzeug_would_set_it(secure, attribute, name, value, age):
    request = asked()
    setattr(request, attribute, value)
    ((header, said),) = cookies_said(SimpleNamespace(settings=SimpleNamespace(secure=secure)), request)
    name = f"__Host-{name}" if secure else name
    known = dump_cookie(name, value, max_age=age, path="/", secure=secure, httponly=True, samesite="Lax")
    assert header == "Set-Cookie"
    assert parts(said) == parts(known)


def parts(cookie):
    """Without `Expires`, which says the same as `Max-Age` to browsers of the last century (RFC 6265 §5.3)."""
    first, *others = cookie.split("; ")
    return first, sorted(part for part in others if not part.startswith("Expires="))


def test_a_value_that_would_need_quotes_is_refused():
    request = asked()
    request.session_cookie = "a b"
    with pytest.raises(ValueError, match="quotes"):
        cookies_said(SimpleNamespace(settings=SimpleNamespace(secure=True)), request)
