"""Which addresses the provider itself may call: by name when it is registered, by IP when it is called.

A service names addresses that we fetch. Without this it could aim our requests at our own machine, at the
network behind it or at a cloud's metadata service (abuse cases G-02, L-05). RFC 6761 and RFC 6762 (special-use
names), RFC 6890 and RFC 4291 (special-use addresses).
"""

from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address

from idp.registration.errors import BrokenRule
from idp.registration.uris import WebUri, parse_uri

SPECIAL_USE_NAMES = frozenset(
    {"alt", "arpa", "example", "home", "internal", "invalid", "lan", "local", "localhost", "onion", "test"}
)
"""Last labels of names that never belong to a public service."""

_GLOBAL_UNICAST = IPv6Network("2000::/3")
_DOCUMENTATION = IPv6Network("3fff::/20")  # RFC 9637, newer than Python's table
_NAT64 = IPv6Network("64:ff9b::/96")  # RFC 6052 §2.1: the last 32 bits are the IPv4 address


def outbound_address(value: object, test_hosts: frozenset[str]) -> WebUri:
    """An https address with a public name, or any address of a host in `test_hosts`. Raises BrokenRule."""
    uri = parse_uri(value)
    if uri.host in test_hosts:
        return uri
    if uri.scheme != "https":
        raise BrokenRule("must be https")
    labels = uri.host.split(".")
    if uri.is_loopback or len(labels) < 2 or labels[-1] in SPECIAL_USE_NAMES:
        raise BrokenRule("host must be a public name")
    return uri


def may_call(address: str, *, test_host: bool) -> bool:
    """Whether a connection to this IP address is allowed: public ones, and for a test host loopback alone."""
    try:
        ip = ip_address(address)
    except ValueError:
        return False
    return ip.is_loopback if test_host else _is_public(ip)


def _is_public(ip: IPv4Address | IPv6Address) -> bool:
    if isinstance(ip, IPv4Address):
        return ip.is_global and not ip.is_multicast and not ip.is_reserved
    if ip in _NAT64:
        return _is_public(IPv4Address(int(ip) & 0xFFFF_FFFF))
    if ip.sixtofour is not None or ip.teredo is not None:  # tunnels that carry an IPv4 address of any kind
        return False
    return ip in _GLOBAL_UNICAST and ip.is_global and ip not in _DOCUMENTATION
