"""Hosts, proxies' headers, path tricks and header splitting (abuse case H), without a proxy in between."""

import re

import pytest

from tests.ground import ORIGIN, request

METADATA = "/.well-known/openid-configuration"


@pytest.mark.parametrize("host", ["evil.example", "localhost.evil.example", "evil.example:9000", "127.0.0.1:9000", "["])
def test_H_01_another_host_gets_nothing(house, host):
    client = house.ground.app.test_client()
    for path in ("/", METADATA, "/authorize", "/token", "/livez"):
        response = client.get(path, base_url=ORIGIN, headers={"Host": host})
        assert response.status_code == 400, path
        assert host not in response.text or host == "["


@pytest.mark.parametrize(
    "headers",
    [
        {"X-Forwarded-Host": "evil.example"},
        {"X-Forwarded-Proto": "https", "X-Forwarded-Port": "444"},
        {"Forwarded": "host=evil.example;proto=https"},
        {"X-Host": "evil.example", "X-Forwarded-Server": "evil.example"},
        {"X-Forwarded-Prefix": "/evil", "X-Script-Name": "/evil"},
        {"X-Original-URL": "/nowhere", "X-Rewrite-URL": "/nowhere"},
        {"X-HTTP-Method-Override": "DELETE", "X-Method-Override": "PUT", "X-HTTP-Method": "PUT"},
        {"Host": "localhost:9999"},
    ],
    ids=str,
)
def test_H_01_H_02_H_07_no_header_moves_us(house, headers):
    client = house.ground.app.test_client()
    plain, moved = (client.get(METADATA, base_url=ORIGIN, headers=h) for h in ({}, headers))
    assert plain.get_data() == moved.get_data()
    page = house.browser().get("/authorize", query_string=request(house.service), headers=headers)
    assert page.status_code == 200
    assert "evil" not in page.text
    options = re.search(r'name="options" value="([^"]*)"', page.text)
    assert options is None or "&#34;rpId&#34;: &#34;localhost&#34;" in options[1]


PATHS = [
    "//token",
    "/token/",
    "/token;x",
    "/token;/x",
    "/./token",
    "/x/../token",
    "/%2e/token",
    "/x/%2e%2e/token",
    "/TOKEN",
    "/token%00",
    "/token%20",
    "/token%2f",
    "/%74oken%ff",
    "/token\\",
    "/%c0%ae/token",
    "/\uff54oken",
    "/token.json",
    "/static/../token",
    "/static/0/../../../etc/passwd",
    "/static/0/%2e%2e/%2e%2e/settings.py",
    "/static/0/..%2f..%2fsettings.py",
    "/static/0//etc/passwd",
    "/static/0/\x00",
    "/sign-in/00000000-0000-0000-0000-000000000000/",
    "/sign-in/not-an-id",
    "/sign-in/{00000000-0000-0000-0000-000000000000}",
    "/metrics",
    "/health",
    "/admin",
    "/debug",
    "/console.php",
    "/.env",
    "/.git/config",
    "/wsgi.py",
    "/var/secrets",
]


@pytest.mark.parametrize("path", PATHS, ids=ascii)
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_H_06_H_08_a_path_that_is_not_exactly_ours_is_nothing(house, path, method):
    # The path goes into the environment as it is: a client that tidies it would test nothing.
    response = house.ground.app.test_client().open(
        method=method,
        base_url=ORIGIN,
        environ_overrides={"PATH_INFO": path.encode().decode("latin-1"), "REQUEST_METHOD": method},
    )
    assert response.status_code in {404, 405}
    assert "root:" not in response.text


@pytest.mark.parametrize(
    "split", ["\r\nSet-Cookie: evil=1", "\nLocation: //evil.example", "\r", "\x00", "\x85", "\u2028"]
)
@pytest.mark.parametrize("name", ["state", "redirect_uri", "client_id", "nonce", "ui_locales", "lang", "scope"])
def test_H_05_a_line_end_never_makes_a_header(house, name, split):
    browser = house.browser()
    browser.get("/authorize", query_string=request(house.service, **{name: f"a{split}"}))
    assert "evil" not in str(browser.page.headers)
    if "Location" in browser.page.headers:
        assert not re.search(r"[\x00-\x20\x7f-\uffff]", browser.page.headers["Location"])


@pytest.mark.parametrize(
    "query", ["client_id=a\xff&state=b", "\xff", "lang=\xffko", "\xc3&lang=en", "=\x80&\xe9=\xe8"], ids=ascii
)
def test_H_06_a_query_that_is_not_utf_8_is_no_fault(house, query):
    """Some clients send bytes as they are; a page must be shown all the same, the one of an error included."""
    client = house.ground.app.test_client()
    for rule in house.ground.app.url_map.iter_rules():
        if "GET" in (rule.methods or ()) and not rule.arguments:
            answer = client.get(rule.rule, base_url=ORIGIN, environ_overrides={"QUERY_STRING": query})
            assert answer.status_code < 500, rule.rule
    for path in ("/authorize", "/token", "/par", "/revoke", "/introspect", "/sign-in/code"):
        answer = client.post(path, base_url=ORIGIN, data={"a": "b"}, environ_overrides={"QUERY_STRING": query})
        assert 400 <= answer.status_code < 500, path


@pytest.mark.parametrize(
    "cookie", ["idp-browser=a\tb", "idp-language=ko%0d%0aX: y", "idp-language=../../en", "a" * 9000]
)
def test_H_05_K_04_a_strange_cookie_is_no_cookie(house, cookie):
    client = house.ground.app.test_client(use_cookies=False)
    response = client.get(
        "/authorize", query_string=request(house.service), base_url=ORIGIN, headers={"Cookie": cookie}
    )
    assert response.status_code == 200
    assert response.headers["Content-Language"] == "ko"
    assert "idp-browser=" in response.headers["Set-Cookie"]


MACHINES = ("/token", "/par", "/userinfo", "/introspect", "/revoke", "/device_authorization", "/register", "/jwks")


@pytest.mark.parametrize("path", [*MACHINES, "/register/somebody", "/audit/head", "/receipts/vendor"])
def test_Y_06_machines_read_json_when_nothing_of_an_endpoint_was_reached(house, path):
    answer = house.ground.app.test_client().patch(path, base_url=ORIGIN)
    assert (answer.status_code, answer.content_type) == (405, "application/json")
    assert "Allow" in answer.get_json()["error_description"]
    assert answer.headers["Allow"]
