"""Web addresses in metadata: parsed strictly, never repaired.

RFC 3986 gives the grammar. What a browser or a proxy would rewrite (dot segments, backslashes, upper-case
hosts) is refused here, because a registered URI is later compared character by character (RFC 9700 §4.1.3).
"""

import re
from dataclasses import dataclass

from idp.registration.errors import BrokenRule
from idp.registration.hosts import LOOPBACK_ADDRESSES, LOOPBACK_HOSTS, check_host

LONGEST_URI = 2000

_ALLOWED = re.compile(r"(?:[A-Za-z0-9\-._~:/?#\[\]@!$&'()*+,;=]|%[0-9A-Fa-f]{2})*", re.ASCII)
_PARTS = re.compile(
    r"(?P<scheme>https?)://(?P<authority>[^/?#]+)(?P<path>/[^?#]*)?(?:\?(?P<query>[^#]*))?(?P<fragment>#.*)?",
    re.ASCII,
)
_AUTHORITY = re.compile(r"(?P<host>\[[^\]]*\]|[^:\[\]]*)(?::(?P<port>[0-9]{1,5}))?", re.ASCII)
_DOT_SEGMENT = re.compile(r"(?:^|/)(?:\.|%2e){1,2}(?:/|$)", re.ASCII | re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class WebUri:
    """An http or https URI of acceptable form."""

    text: str
    scheme: str
    host: str
    port: int | None
    path: str
    query: str

    @property
    def is_loopback(self) -> bool:
        """Whether the host is this very machine, by name or by address."""
        return self.host in LOOPBACK_HOSTS

    @property
    def is_loopback_address(self) -> bool:
        """Whether the host is a literal loopback address: fit for native applications (RFC 8252 §7.3)."""
        return self.host in LOOPBACK_ADDRESSES


def parse_uri(value: object) -> WebUri:
    """`value` as a WebUri. Raises BrokenRule."""
    if not isinstance(value, str):
        raise BrokenRule("must be a text")
    if not 0 < len(value) <= LONGEST_URI:
        raise BrokenRule(f"must have 1 to {LONGEST_URI} characters")
    if not _ALLOWED.fullmatch(value):
        raise BrokenRule("must contain only URI characters: no space, control, backslash or non-ASCII character")
    parts = _PARTS.fullmatch(value)
    if parts is None:
        raise BrokenRule("must be an absolute https URI")
    if parts["fragment"] is not None:
        raise BrokenRule("must have no fragment")  # RFC 6749 §3.1.2
    host, port = _split_authority(parts["authority"])
    return WebUri(value, parts["scheme"], host, port, _checked_path(parts["path"] or ""), parts["query"] or "")


def web_address(value: object, *, development: bool) -> str:
    """A page of the service that people may open: https, or http on loopback in development."""
    uri = parse_uri(value)
    if uri.scheme == "http" and not (development and uri.is_loopback):
        raise BrokenRule("must be https")
    return uri.text


def _split_authority(authority: str) -> tuple[str, int | None]:
    if "@" in authority:
        # `https://rp.go.kr@evil.test/` shows one host and leads to another.
        raise BrokenRule("must have no user information before the host")
    if "*" in authority:
        raise BrokenRule("must have no wildcard")
    parts = _AUTHORITY.fullmatch(authority)
    if parts is None:
        raise BrokenRule("must have a host and, if any, a port of digits")
    check_host(parts["host"])
    if parts["port"] is None:
        return parts["host"], None
    port = int(parts["port"])
    if not 1 <= port <= 65535 or parts["port"].startswith("0"):
        raise BrokenRule("port must be between 1 and 65535")
    return parts["host"], port


def _checked_path(path: str) -> str:
    if _DOT_SEGMENT.search(path):
        raise BrokenRule("path must have no . or .. segment")
    return path
