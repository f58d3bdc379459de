"""A light HTTP/1.1 client: one kept-alive loopback connection and a browser's cookie jar.

A general client would spend more time in the driver than the servers spend on the request, and on a machine
with few cores that time is taken from the servers. Only what the two servers send is understood: a body with
a length or in chunks (RFC 9112 §6, §7.1), and cookies with a path (RFC 6265 §5.4).
"""

import socket
import time
from dataclasses import dataclass, field
from urllib.parse import urlencode

TIMEOUT_SECONDS = 20.0
GREATEST_ANSWER = 1 << 20


class AnswerError(Exception):
    """A server answered otherwise than the flow demands; the message says what and where."""


@dataclass(frozen=True, slots=True)
class Answer:
    """One HTTP response; header names are lower case, `set-cookie` is kept apart because it repeats."""

    status: int
    headers: dict[str, str]
    cookies: list[str]
    body: bytes

    @property
    def text(self) -> str:
        return self.body.decode()


class Connection:
    """One kept-alive connection to a server on loopback; opened at the first request.

    Counts its requests, and the seconds they took.
    """

    def __init__(self, port: int, *, host: str) -> None:
        self.port = port
        self.host = host
        self.requests = 0
        self.seconds = 0.0
        self._socket: socket.socket | None = None
        self._buffer = b""

    def close(self) -> None:
        if self._socket is not None:
            self._socket.close()
        self._socket, self._buffer = None, b""

    def request(self, method: str, target: str, headers: dict[str, str], body: bytes = b"") -> Answer:
        lines = [f"{method} {target} HTTP/1.1", f"Host: {self.host}:{self.port}"]
        lines += [f"{name}: {value}" for name, value in headers.items()]
        if method != "GET":
            lines.append(f"Content-Length: {len(body)}")
        self.requests += 1
        began = time.monotonic()
        try:
            self._open().sendall("\r\n".join(lines).encode() + b"\r\n\r\n" + body)
            return self._read_answer()
        except OSError as error:
            self.close()
            raise AnswerError(f"{method} {target} at port {self.port}: {error}") from error
        finally:
            self.seconds += time.monotonic() - began

    def _open(self) -> socket.socket:
        if self._socket is None:
            self._socket = socket.create_connection(("127.0.0.1", self.port), TIMEOUT_SECONDS)
            self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return self._socket

    def _read_answer(self) -> Answer:
        status_line, *lines = self._take_until(b"\r\n\r\n").decode("latin-1").split("\r\n")
        headers: dict[str, str] = {}
        cookies: list[str] = []
        for line in lines:
            name, _, value = line.partition(":")
            if name.lower() == "set-cookie":
                cookies.append(value.strip())
            else:
                headers[name.lower()] = value.strip()
        body = self._read_body(headers)
        if headers.get("connection", "").lower() == "close":
            self.close()
        return Answer(int(status_line.split(" ", 2)[1]), headers, cookies, body)

    def _read_body(self, headers: dict[str, str]) -> bytes:
        if headers.get("transfer-encoding", "").lower() != "chunked":
            return self._take(int(headers.get("content-length", "0")))
        pieces = []
        while size := int(self._take_until(b"\r\n").split(b";")[0], 16):
            pieces.append(self._take(size))
            self._take(2)
        self._take(2)
        return b"".join(pieces)

    def _take_until(self, mark: bytes) -> bytes:
        while (end := self._buffer.find(mark)) < 0:
            self._receive()
        taken, self._buffer = self._buffer[:end], self._buffer[end + len(mark) :]
        return taken

    def _take(self, size: int) -> bytes:
        while len(self._buffer) < size:
            self._receive()
        taken, self._buffer = self._buffer[:size], self._buffer[size:]
        return taken

    def _receive(self) -> None:
        piece = self._open().recv(65536)
        if not piece or len(self._buffer) > GREATEST_ANSWER:
            self.close()
            raise AnswerError(f"port {self.port} closed the connection or sent too much")
        self._buffer += piece


@dataclass(slots=True)
class Browser:
    """One person's browser: cookies with their paths, forms, and the headers a browser adds to them."""

    connection: Connection
    origin: str
    _jar: dict[tuple[str, str], str] = field(default_factory=dict)

    def get(self, target: str) -> Answer:
        return self._send("GET", target, {}, b"")

    def post(self, target: str, form: dict[str, str]) -> Answer:
        headers = {
            "Content-Type": "application/x-www-form-urlencoded",
            "Origin": self.origin,
            "Sec-Fetch-Site": "same-origin",
            "Sec-Fetch-Mode": "navigate",
        }
        return self._send("POST", target, headers, urlencode(form).encode())

    def _send(self, method: str, target: str, headers: dict[str, str], body: bytes) -> Answer:
        path = target.partition("?")[0]
        cookies = "; ".join(f"{name}={value}" for (name, at), value in self._jar.items() if path.startswith(at))
        if cookies:
            headers["Cookie"] = cookies
        headers["Accept-Language"] = "en"
        answer = self.connection.request(method, target, headers, body)
        for cookie in answer.cookies:
            self._keep(cookie)
        return answer

    def _keep(self, cookie: str) -> None:
        """Store one Set-Cookie; an empty value is how both servers take a cookie back."""
        pair, *attributes = (part.strip() for part in cookie.split(";"))
        name, _, value = pair.partition("=")
        paths = [part[5:] for part in attributes if part.lower().startswith("path=")]
        key = (name, paths[-1] if paths else "/")
        if value:
            self._jar[key] = value
        else:
            self._jar.pop(key, None)
