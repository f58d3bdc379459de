"""RFC 9112 §6 and RFC 6265 §5.4 as far as the bench needs them; a wrong reading would measure nonsense."""

import socket
from collections.abc import Iterator
from threading import Thread

import pytest

from tests.bench.http_client import AnswerError, Browser, Connection

LENGTH = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello"
CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nhel\r\n2;x=y\r\nlo\r\n0\r\n\r\n"
EMPTY = b"HTTP/1.1 303 See Other\r\nLocation: /next\r\nContent-Length: 0\r\n\r\n"


class CannedServer:
    """Answers each request on one connection with the next prepared bytes, and keeps what it was asked."""

    def __init__(self, *answers: bytes) -> None:
        self.asked: list[str] = []
        self._answers = answers
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._socket.getsockname()[1]
        self._thread = Thread(target=self._serve, daemon=True)
        self._thread.start()

    def _serve(self) -> None:
        peer, _ = self._socket.accept()
        with peer, self._socket:
            for answer in self._answers:
                self.asked.append(peer.recv(65536).decode())
                for piece in (answer[:20], answer[20:]):
                    peer.sendall(piece)


@pytest.fixture
def connection(request: pytest.FixtureRequest) -> Iterator[tuple[Connection, CannedServer]]:
    server = CannedServer(*request.param)
    client = Connection(server.port, host="localhost")
    yield client, server
    client.close()


def answers(*canned: bytes) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("connection", [canned], indirect=True)


@answers(LENGTH, CHUNKED, EMPTY, LENGTH)
def test_bodies_with_a_length_and_in_chunks_follow_one_another_on_one_connection(connection):
    client, _ = connection
    bodies = [client.request("GET", "/", {}).text for _ in range(4)]
    assert bodies == ["hello", "hello", "", "hello"]
    assert client.requests == 4


@answers(LENGTH)
def test_a_closed_connection_is_an_error_that_names_the_port(connection):
    client, server = connection
    client.request("GET", "/", {})
    with pytest.raises(AnswerError, match=str(server.port)):
        client.request("GET", "/", {})


@answers(
    (
        b"HTTP/1.1 200 OK\r\nSet-Cookie: a=1; Path=/; HttpOnly\r\n"
        b"Set-Cookie: b=2; path=/deep\r\nContent-Length: 0\r\n\r\n"
    ),
    LENGTH,
    b"HTTP/1.1 200 OK\r\nSet-Cookie: a=; Path=/; Max-Age=0\r\nContent-Length: 0\r\n\r\n",
    LENGTH,
)
def test_cookies_go_to_their_path_and_go_away_when_taken_back(connection):
    client, server = connection
    browser = Browser(client, "http://localhost")
    for path in ("/", "/other", "/deep/er", "/other"):
        browser.get(path)
    sent = [[line for line in asked.split("\r\n") if line.startswith("Cookie")] for asked in server.asked]
    assert sent == [[], ["Cookie: a=1"], ["Cookie: a=1; b=2"], []]
