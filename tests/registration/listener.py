"""A server on loopback that counts its connections and answers raw bytes, well or badly; with TLS if wanted."""

import json
import socket
import ssl
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from threading import Event, Thread
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

Answer = Callable[["Listener", socket.socket], None]


@dataclass
class Listener:
    """What was asked, and what is answered next."""

    port: int
    answer: Answer
    connections: int = 0
    requests: list[bytes] = field(default_factory=list)
    over: Event = field(default_factory=Event)

    @property
    def address(self) -> str:
        return f"http://localhost:{self.port}"


@contextmanager
def listening(answer: Answer, tls: ssl.SSLContext | None = None) -> Iterator[Listener]:
    """Serve on 127.0.0.1 until the block ends."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(0.05)
        listener = Listener(server.getsockname()[1], answer)
        thread = Thread(target=_serve, args=(server, listener, tls))
        thread.start()
        try:
            yield listener
        finally:
            listener.over.set()
            thread.join()


def _serve(server: socket.socket, listener: Listener, tls: ssl.SSLContext | None) -> None:
    while not listener.over.is_set():
        try:
            connection, _ = server.accept()
        except TimeoutError:
            continue
        listener.connections += 1
        with connection, suppress(OSError):
            connection.settimeout(5)
            talking = connection if tls is None else tls.wrap_socket(connection, server_side=True)
            with talking:
                listener.requests.append(_request(talking))
                listener.answer(listener, talking)


def _request(connection: socket.socket) -> bytes:
    received = b""
    while b"\r\n\r\n" not in received:
        received += connection.recv(65_536)
    head, _, body = received.partition(b"\r\n\r\n")
    lengths = [line.split(b":")[1] for line in head.split(b"\r\n") if line.lower().startswith(b"content-length")]
    while len(body) < int(lengths[0]) if lengths else False:
        body += connection.recv(65_536)
    return head + b"\r\n\r\n" + body


def raw(*pieces: bytes) -> Answer:
    """These bytes, and the end."""

    def answer(_listener: Listener, connection: socket.socket) -> None:
        for piece in pieces:
            connection.sendall(piece)

    return answer


def document(value: Any, status: str = "200 OK", **headers: str) -> Answer:
    """A JSON document."""
    body = value if isinstance(value, bytes) else json.dumps(value).encode()
    lines = [f"HTTP/1.1 {status}", f"Content-Length: {len(body)}"]
    lines += [f"{name.replace('_', '-')}: {text}" for name, text in headers.items()]
    return raw("\r\n".join([*lines, "", ""]).encode() + body)


def endless(start: bytes, piece: bytes, pause: float) -> Answer:
    """`start`, and then `piece` again and again until the other side has had enough."""

    def answer(listener: Listener, connection: socket.socket) -> None:
        connection.sendall(start)
        while not listener.over.wait(pause):
            connection.sendall(piece)

    return answer


def silent(listener: Listener, _connection: socket.socket) -> None:
    """Nothing at all."""
    listener.over.wait(10)


def certificate(directory: Path, host: str) -> tuple[ssl.SSLContext, Path]:
    """A server's context with a certificate for `host`, and the file that makes it trusted."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, host)])
    now = datetime.now(tz=UTC)
    signed = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + timedelta(hours=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(host)]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, SHA256())
    ).public_bytes(Encoding.PEM)
    private = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    own, trusted = directory / f"{host}.pem", directory / f"{host}-trusted.pem"
    own.write_bytes(private + signed)
    trusted.write_bytes(signed)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(own)
    return context, trusted
