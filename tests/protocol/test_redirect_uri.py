"""RFC 9700 §4.1.3: exactly a registered address, by characters; RFC 8252 §7.3: the port of a loopback literal."""

import re
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from idp.protocol.redirect_uri import is_registered, is_registered_after_logout
from tests.protocol.examples import APP, GOV24, TEXT

REGISTERED = "https://rp.go.kr/cb"


def test_the_registered_address_is_accepted():
    assert is_registered(REGISTERED, GOV24)


LOOK_ALIKES = [
    *("/cb/", "/cb?x=1", "/CB", ":443/cb", "/cb%2f", "/./cb", "/cb#", "/cb?", "//cb", "", "/c%62"),
    *("/cb/..;/evil", "/cb/%2e%2e/evil", "\\\\evil.test", "/cb\\..\\evil", "/cb\t", "/cb\n", " /cb"),
]
FOREIGN = [
    *("https://RP.go.kr/cb", "HTTPS://rp.go.kr/cb", "http://rp.go.kr/cb", "https://rp.go.kr./cb", "https:/evil.test"),
    *("https://rp.go.kr@evil.test/cb", "https://a@b@evil.test/", "https://a@rp.go.kr/cb", "//rp.go.kr/cb", "", "\0"),
    *("https://rp.go.kr\\@evil.test/cb", "https://rp.go.kr/cb https://evil.test", "javascript:alert(1)", "https:evil"),
]


@pytest.mark.parametrize("uri", [*("https://rp.go.kr" + rest for rest in LOOK_ALIKES), *FOREIGN])
@pytest.mark.parametrize("application", ["web", "native"])
def test_R_01_R_04_R_05_nothing_but_the_registered_text_is_accepted(uri, application):
    assert not is_registered(uri, replace(GOV24, application_type=application))


@pytest.mark.parametrize(
    "uri",
    [
        *("http://127.0.0.1/cb", "http://127.0.0.1:1/cb", "http://127.0.0.1:65535/cb", "http://127.0.0.1:8080/cb"),
        *("http://[::1]/cb", "http://[::1]:51234/cb", "http://localhost/cb"),
    ],
)
def test_R_07_the_port_of_a_loopback_literal_is_free(uri):
    assert is_registered(uri, APP)


@pytest.mark.parametrize(
    "uri",
    [
        *("http://localhost:51234/cb", "https://127.0.0.1:51234/cb", "http://127.0.0.2:51234/cb", "http://127.1:1/cb"),
        *(
            "http://127.0.0.1:51234/cb/",
            "http://127.0.0.1:51234/",
            "http://127.0.0.1:51234/cb?x=1",
            "http://0.0.0.0:1/cb",
        ),
        *(
            "http://127.0.0.1:51234/cb?",
            "http://127.0.0.1:51234/cb#",
            "http://127.0.0.1:51234/cb#x",
            "http://[::1]]:1/cb",
        ),
        *(
            "http://127.0.0.1:51234/c\tb",
            "http://127.0.0.1:51234/cb\n",
            "\thttp://127.0.0.1:51234/cb",
            " http://127.0.0.1:1/cb",
        ),
        *("HTTP://127.0.0.1:51234/cb", "http://127.0.0.1:0/cb", "http://127.0.0.1:080/cb", "http://127.0.0.1:/cb"),
        *("http://127.0.0.1:65536/cb", "http://127.0.0.1:99999/cb", "http://127.0.0.1:x/cb", "http://127.0.0.1:١/cb"),
        *("http://a@127.0.0.1:51234/cb", "http://127.0.0.1:51234@evil.test/cb", "http://127.0.0.1.evil.test:1/cb"),
        *(
            "http://[::ffff:127.0.0.1]:1/cb",
            "http://[0:0:0:0:0:0:0:1]:1/cb",
            "http://127.0.0.1:51234\\cb",
            "http://[::1/cb",
        ),
    ],
)
def test_R_07_everything_else_of_a_loopback_address_is_exact(uri):
    assert not is_registered(uri, APP)


def test_R_07_only_a_native_client_has_a_free_port():
    assert not is_registered("http://127.0.0.1:51234/cb", replace(APP, application_type="web"))


def test_R_07_a_registered_query_stays_exact_beside_a_free_port():
    app = replace(APP, redirect_uris=("http://127.0.0.1?app=1", "http://127.0.0.1"))
    assert is_registered("http://127.0.0.1:51234?app=1", app)
    assert is_registered("http://127.0.0.1:51234", app)
    assert not is_registered("http://127.0.0.1:51234?app=2", app)


@pytest.mark.parametrize(
    ("uri", "accepted"),
    [
        ("https://rp.go.kr/bye", True),
        ("https://rp.go.kr/bye/", False),
        (REGISTERED, False),
        ("http://127.0.0.1/cb", False),
    ],
)
def test_R_10_after_logout_only_the_registered_address_of_this_client(uri, accepted):
    assert is_registered_after_logout(uri, GOV24) is accepted


@given(TEXT)
def test_R_01_no_addition_to_a_registered_address_is_accepted(more):
    for client in (GOV24, APP):
        for uri in client.redirect_uris:
            assert is_registered(uri + more, client) is (not more)


@given(st.one_of(TEXT, st.from_regex(r"http://(127\.0\.0\.1|\[::1\])(:[0-9]*)?(/cb)?.?", fullmatch=True)))
def test_R_07_whatever_is_accepted_is_a_registered_address_but_for_its_port(uri):
    if is_registered(uri, APP):
        assert re.sub(r"(127\.0\.0\.1|\[::1\]):[1-9][0-9]{0,4}", r"\1", uri) in APP.redirect_uris
