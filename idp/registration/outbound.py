"""The only HTTP client to relying services: fetches small JSON documents and posts forms, and nothing else.

Guarded against being aimed inwards (abuse cases G-02, G-04, G-11, L-05): the name is checked before it is
resolved, every resolved address is checked before a connection is made, and the connection goes to exactly
the address that was checked, so a second answer of the resolver changes nothing (DNS rebinding). TLS with
verified names; no redirect, no proxy, no compression; two seconds and 64 kB for everything together.
"""

import json
import socket
import ssl
from collections.abc import Callable, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from functools import cache
from http.client import HTTPConnection, HTTPException, HTTPResponse
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlencode

from idp.registration.errors import BrokenRule
from idp.registration.network import Network
from idp.registration.outbound_address import may_call, outbound_address
from idp.registration.timed_socket import TimedSocket, TooLarge
from idp.registration.uris import WebUri

SECONDS: Final = 2.0
MAX_ANSWER: Final = 64 * 1024  # status line, headers and body together
MOST_ADDRESSES: Final = 4  # of one name, tried one after the other


class OutboundRefused(Exception):
    """We do not call this address: by its name, or by what its name resolves to. The text is ASCII and public."""


class OutboundFailed(Exception):
    """There was no usable answer in time. The text is ASCII and public; it repeats nothing of the answer."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Outbound:
    """One request at a time for each call; nothing is kept between calls. Safe to share between threads."""

    network: Network
    tls: ssl.SSLContext
    test_hosts: frozenset[str] = frozenset()  # may be called on loopback, over http too; never in production
    let_go: Callable[[], None] = lambda: None  # called first: who waits for a stranger must hold nothing others need

    def get_json(self, url: str) -> Any:
        """The JSON document at `url`. Raises OutboundRefused, OutboundFailed."""
        status, body = self._exchange("GET", url)
        if status != 200:
            raise OutboundFailed(f"answered with status {status}")
        try:
            return json.loads(body)
        except (ValueError, RecursionError):
            raise OutboundFailed("answered with something that is not JSON") from None

    def post_form(self, url: str, fields: Mapping[str, str]) -> int:
        """The status with which `url` answers a form. Raises OutboundRefused, OutboundFailed."""
        status, _ = self._exchange("POST", url, urlencode(fields))
        return status

    def check(self, url: str) -> None:
        """Raise OutboundRefused if a call would be refused, OutboundFailed if the name does not resolve."""
        self._addresses(_checked(url, self.test_hosts), self.network.clock() + SECONDS)

    def _exchange(self, method: str, url: str, form: str | None = None) -> tuple[int, bytes]:
        uri = _checked(url, self.test_hosts)
        self.let_go()
        deadline = self.network.clock() + SECONDS
        addresses = self._addresses(uri, deadline)
        try:
            with closing(self._connected(uri, addresses, deadline)) as connected:
                timed = TimedSocket(connected, self.network.clock, deadline, MAX_ANSWER)
                response = _send(timed, method, uri, form)
                return response.status, b"" if method == "POST" else _body(response)
        except TooLarge:
            raise OutboundFailed(f"answered with more than {MAX_ANSWER} bytes") from None
        except TimeoutError:
            raise OutboundFailed(f"did not answer within {SECONDS:.0f} seconds") from None
        except ssl.SSLError:
            raise OutboundFailed("cannot be called over TLS with a certificate that we trust") from None
        except (OSError, HTTPException, ValueError):
            raise OutboundFailed("cannot be reached or does not speak HTTP") from None

    def _addresses(self, uri: WebUri, deadline: float) -> Sequence[str]:
        """What the name resolves to, if all of it may be called: a name that mixes is refused as a whole."""
        try:
            found = self.network.resolve(uri.host.strip("[]"), _port(uri), max(deadline - self.network.clock(), 0.0))
        except (OSError, UnicodeError):
            raise OutboundFailed("has a host name that does not resolve") from None
        if not found:
            raise OutboundFailed("has a host name that does not resolve")
        if not all(may_call(address, test_host=uri.host in self.test_hosts) for address in found):
            raise OutboundRefused("has a host name that leads to an address that is not public")
        return found[:MOST_ADDRESSES]

    def _connected(self, uri: WebUri, addresses: Sequence[str], deadline: float) -> socket.socket:
        """A connection to the first address that answers, each given an equal share of the time."""
        for i, address in enumerate(addresses):
            share = (deadline - self.network.clock()) / (len(addresses) - i)
            if share <= 0:
                break
            try:
                plain = self.network.connect((address, _port(uri)), share)
            except OSError:
                continue
            return self._secured(plain, uri, deadline)
        raise OSError("no address answers")

    def _secured(self, plain: socket.socket, uri: WebUri, deadline: float) -> socket.socket:
        if uri.scheme == "http":
            return plain
        try:
            plain.settimeout(max(deadline - self.network.clock(), 0.001))
            return self.tls.wrap_socket(plain, server_hostname=uri.host.strip("[]"))
        except BaseException:
            plain.close()
            raise


def make_outbound(
    network: Network, *, trusted_ca: Path | None, test_hosts: frozenset[str], let_go: Callable[[], None] = lambda: None
) -> Outbound:
    """The client with the system's roots, or those of the PEM file `trusted_ca`. Raises OSError."""
    return Outbound(network=network, tls=_tls(trusted_ca), test_hosts=test_hosts, let_go=let_go)


@cache
def _tls(trusted_ca: Path | None) -> ssl.SSLContext:
    """Certificate and name are verified; made once for each set of roots, because reading them takes a while."""
    tls = ssl.create_default_context(cafile=trusted_ca)
    tls.minimum_version = ssl.TLSVersion.TLSv1_2
    tls.set_ciphers("ECDHE+AESGCM:ECDHE+CHACHA20")  # RFC 9325 §4.2; TLS 1.3 has its own
    return tls


def _checked(url: str, test_hosts: frozenset[str]) -> WebUri:
    try:
        return outbound_address(url, test_hosts)
    except BrokenRule as broken:
        raise OutboundRefused(broken.rule) from None


def _port(uri: WebUri) -> int:
    return uri.port or (443 if uri.scheme == "https" else 80)


def _send(connected: TimedSocket, method: str, uri: WebUri, form: str | None) -> HTTPResponse:
    """One request on a connection that is already there; http.client would resolve the name again."""
    connection = HTTPConnection(uri.host)
    connection.sock = connected
    headers = {
        "Host": uri.host if uri.port is None else f"{uri.host}:{uri.port}",
        "User-Agent": "overseas-id",
        "Accept": "application/json",
        "Accept-Encoding": "identity",
        "Connection": "close",
    }
    if form is not None:
        headers["Content-Type"] = "application/x-www-form-urlencoded"
    connection.request(method, (uri.path or "/") + (f"?{uri.query}" if uri.query else ""), form, headers)
    return connection.getresponse()


def _body(response: HTTPResponse) -> bytes:
    if response.headers.get("Content-Encoding", "identity") != "identity":
        raise OutboundFailed("answered with a compressed document, which was not asked for")
    # A given amount bounds what is allocated, whatever Content-Length promises.
    body = response.read(MAX_ANSWER + 1)
    if response.length:  # what Content-Length promised beyond that
        raise OutboundFailed("ended before the document was complete")
    return body
