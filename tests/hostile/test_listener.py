"""Raw bytes to the real listener (abuse cases H-04, D-09): one answer to each request, and never one smuggled in."""

import re

import pytest

from tests.ground import copy_ground
from tests.hostile.listener import exchange, serving

HOST = b"Host: localhost:9000\r\n"
FORM = b"Content-Type: application/x-www-form-urlencoded\r\n"
SMUGGLED = b"GET /livez HTTP/1.1\r\nHost: localhost:9000\r\n\r\n"


@pytest.fixture(scope="module")
def port(template, tmp_path_factory):
    directory = tmp_path_factory.mktemp("listener")
    made = copy_ground(template, directory)
    url = made.provider.settings.database_url
    made.provider.database.engine.dispose()
    with serving(directory, url) as port:
        yield port


def statuses(answer: bytes) -> list[int]:
    return [int(code) for code in re.findall(rb"HTTP/1\.[01] (\d{3})", answer)]


def head(*lines: bytes, path: bytes = b"/token", method: bytes = b"POST") -> bytes:
    return method + b" " + path + b" HTTP/1.1\r\n" + HOST + b"".join(lines) + b"\r\n"


def test_the_listener_answers(port):
    assert statuses(exchange(port, SMUGGLED)) == [200]


SMUGGLING = {
    "CL.TE": head(FORM, b"Content-Length: 6\r\n", b"Transfer-Encoding: chunked\r\n") + b"0\r\n\r\n" + SMUGGLED,
    "TE.CL": head(FORM, b"Transfer-Encoding: chunked\r\n", b"Content-Length: 3\r\n")
    + b"1\r\na\r\n0\r\n\r\n"
    + SMUGGLED,
    "TE xchunked": head(FORM, b"Transfer-Encoding: xchunked\r\n") + b"0\r\n\r\n" + SMUGGLED,
    "TE twice": head(FORM, b"Transfer-Encoding: chunked\r\n", b"Transfer-Encoding: identity\r\n")
    + b"0\r\n\r\n"
    + SMUGGLED,
    "TE with a tab": head(FORM, b"Transfer-Encoding:\tchunked, identity\r\n") + b"0\r\n\r\n" + SMUGGLED,
    "CL twice": head(FORM, b"Content-Length: 0\r\n", b"Content-Length: 45\r\n") + SMUGGLED,
    "CL negative": head(FORM, b"Content-Length: -1\r\n") + SMUGGLED,
    "CL with a plus": head(FORM, b"Content-Length: +0\r\n") + SMUGGLED,
    "CL in letters": head(FORM, b"Content-Length: 0x0\r\n") + SMUGGLED,
    "obs-fold": head(FORM, b"X: a\r\n b: c\r\n Content-Length: 0\r\n", b"Content-Length: 45\r\n") + SMUGGLED,
    "space before the colon": head(FORM, b"Content-Length : 0\r\n") + SMUGGLED,
    "bare CR": head(FORM, b"X: a\rContent-Length: 45\r\n") + SMUGGLED,
    "NUL in a header": head(FORM, b"X: a\x00b\r\n") + SMUGGLED,
    "chunk extension with a line end": head(FORM, b"Transfer-Encoding: chunked\r\n")
    + b"5;a\nb\r\nhello\r\n0\r\n\r\n"
    + SMUGGLED,
    "chunk length too long": head(FORM, b"Transfer-Encoding: chunked\r\n") + b"f" * 20 + b"\r\n" + SMUGGLED,
    "no version": b"POST /token\r\n" + HOST + b"\r\n" + SMUGGLED,
    "two hosts": b"GET /livez HTTP/1.1\r\n" + HOST + b"Host: evil.example\r\n\r\n",
    "another version": b"GET /livez HTTP/9.9\r\n" + HOST + b"\r\n",
}


@pytest.mark.parametrize("name", SMUGGLING)
def test_H_04_an_ambiguous_request_is_refused_and_nothing_behind_it_is_seen(port, name):
    answer = exchange(port, SMUGGLING[name])
    assert 200 not in statuses(answer), answer[:400]
    assert len(statuses(answer)) <= 1, answer[:400]


@pytest.mark.parametrize(
    "line",
    [
        b"GET /livez HTTP/1.1\r\n\r\n",
        b"GET http://evil.example/livez HTTP/1.1\r\nHost: evil.example\r\n\r\n",
        b"GET /livez HTTP/1.1\r\nHost: evil.example\r\n\r\n",
        b"GET /livez HTTP/1.0\r\n\r\n",
    ],
)
def test_H_01_without_our_host_there_is_no_answer_of_ours(port, line):
    assert 200 not in statuses(exchange(port, line))


@pytest.mark.parametrize("chunks", [300, 5000])
def test_D_09_a_chunked_body_is_bounded(port, chunks):
    body = b"".join(b"400\r\n" + b"a" * 1024 + b"\r\n" for _ in range(chunks)) + b"0\r\n\r\n"
    answer = exchange(port, head(FORM, b"Transfer-Encoding: chunked\r\n", b"Connection: close\r\n"), body)
    assert all(400 <= status < 500 for status in statuses(answer))
    assert statuses(exchange(port, SMUGGLED)) == [200]


def test_D_09_a_header_without_an_end_is_cut(port):
    answer = exchange(port, b"GET /livez HTTP/1.1\r\n" + HOST + b"X: " + b"a" * 2_000_000)
    assert 200 not in statuses(answer)
    assert statuses(exchange(port, SMUGGLED)) == [200]
