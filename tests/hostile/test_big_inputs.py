"""Inputs too big, too deep or too many: refused soon, without a fault (abuse cases D-02, D-09, D-11)."""

import io
import json
import time

import pytest

from idp import MAX_BODY
from tests.ground import ORIGIN, request
from tests.hostile.test_forms_and_sessions import Waiting

FORM = "application/x-www-form-urlencoded"
DEEP = "[" * 10_000 + "]" * 10_000
MULTIPART = "multipart/form-data; boundary=b"
SOON = 5  # seconds of this process: a wide margin for a busy machine, far below what anything quadratic would take


def parts(count):
    return "".join(f'--b\r\nContent-Disposition: form-data; name="p{i}"\r\n\r\n1\r\n' for i in range(count)) + "--b--"


BODIES = {
    "one byte too many": (FORM, "a=" + "x" * (MAX_BODY - 1)),
    "a megabyte": (FORM, "client_assertion=" + "x" * 1_000_000),
    "a megabyte of dots": (FORM, "client_assertion=" + "." * 100_000 + "&client_assertion_type=x"),
    "sixty thousand fields": (FORM, "&".join("a" for _ in range(60_000))),
    "ten thousand names": (FORM, "&".join(f"a{i}=1" for i in range(10_000))),
    "ten thousand escapes": (FORM, "a=" + "%ff" * 10_000),
    "a thousand and one parts": (MULTIPART, parts(1001)),
    "a part without an end": (MULTIPART, "--b\r\nContent-Disposition: form-data; name=" + "x" * 100_000),
    "deep JSON": ("application/json", DEEP),
}


@pytest.mark.parametrize("name", BODIES)
@pytest.mark.parametrize(
    "path",
    ["/token", "/introspect", "/revoke", "/userinfo", "/authorize", "/logout", "/sign-in/passkey", "/enrol/open"],
)
def test_D_09_a_big_body_is_refused_soon(house, path, name):
    kind, body = BODIES[name]
    before = house.ground.contents()
    started = time.process_time()
    response = house.ground.app.test_client().post(path, data=body, content_type=kind, base_url=ORIGIN)
    took = time.process_time() - started
    assert 400 <= response.status_code < 500 or (path, response.status_code) == ("/logout", 200)
    assert took < SOON
    assert house.ground.contents() == before


def test_D_09_a_body_without_a_length_is_bounded_too(house):
    endless = io.BytesIO(b"a=" + b"x" * (4 * MAX_BODY))
    response = house.ground.app.test_client().post(
        "/token",
        content_type=FORM,
        base_url=ORIGIN,
        input_stream=endless,
        environ_overrides={"wsgi.input_terminated": True, "HTTP_TRANSFER_ENCODING": "chunked", "CONTENT_LENGTH": ""},
    )
    assert response.status_code in {400, 413}
    assert endless.tell() <= MAX_BODY + 65_536


@pytest.mark.parametrize(
    "changed",
    [
        {"claims": DEEP[:8000]},
        {"claims": '{"id_token":' * 600 + "{}" + "}" * 600},
        {"claims": '{"a":' + "9" * 8000 + "}"},
        {"max_age": "9" * 8000},
        {"scope": "openid " * 1000},
        {"acr_values": "a " * 4000},
        {"prompt": "login " * 1000},
        {"id_token_hint": "a." * 4000},
        {"ui_locales": "ko-" * 2000},
        {"redirect_uri": "http://127.0.0.1:" + "1" * 8000},
        {"client_id": "c" * 8000},
        {"x" * 8000: "1"},
        {"state": "s" * 60_000},
        {f"p{i}": "1" for i in range(1000)},
    ],
    ids=lambda changed: next(iter(changed))[:9],
)
def test_D_09_D_11_an_authorization_request_is_bounded(house, changed):
    before = house.ground.contents()
    started = time.process_time()
    response = house.browser().get("/authorize", query_string=request(house.service) | changed)
    assert response.status_code in {200, 303, 400}
    assert len(response.headers.get("Location", "")) < 5000
    assert time.process_time() - started < SOON
    assert house.ground.contents() == before


@pytest.mark.parametrize(
    "header", ["Authorization", "Cookie", "Accept-Language", "Origin", "Content-Type", "User-Agent"]
)
@pytest.mark.parametrize(
    "value", ["a" * 100_000, "a;q=0.5," * 12_000, "=;" * 50_000, "Basic " + "A" * 100_000, "\\" * 65_000]
)
def test_D_09_a_big_header_is_survived(house, header, value):
    for path, method in (("/authorize", "GET"), ("/userinfo", "GET"), ("/token", "POST"), ("/enrol", "GET")):
        started = time.process_time()
        response = house.ground.app.test_client(use_cookies=False).open(
            path, method=method, base_url=ORIGIN, headers={header: value}
        )
        assert response.status_code < 500
        assert time.process_time() - started < SOON


@pytest.mark.parametrize(
    "credential",
    [
        DEEP,
        "{" + '"a":{' * 5000,
        json.dumps({"id": "A" * 2000, "rawId": "A" * 2000, "response": {}}),
        json.dumps({"id": "AA", "rawId": "AA", "response": {"clientDataJSON": DEEP}}),
        "9" * 10_000,
        '"' + "\\ud800" * 5000 + '"',
        "x" * 70_000,
    ],
    ids=lambda text: text[:12],
)
def test_D_02_D_09_a_passkey_answer_is_bounded(ground, credential):
    waiting = Waiting(ground, "passkey")
    before = ground.contents()
    started = time.process_time()
    response = waiting.browser.post(waiting.path, waiting.form | {"credential": credential})
    assert response.status_code in {200, 400}
    assert time.process_time() - started < SOON
    assert ground.contents() == before


@pytest.mark.parametrize(
    "text", ["1" * 100, "１" * 65, "12" * 30_000, "é" * 64, "\U0001d7ce" * 6 + "1", "-" * 64], ids=ascii
)
def test_D_11_a_typed_code_is_bounded(ground, text):
    waiting = Waiting(ground, "code")
    response = waiting.browser.post(waiting.path, waiting.form | {"code": text})
    assert response.status_code in {200, 400}
    assert ground.rows("sessions") == 0
