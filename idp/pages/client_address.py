"""Where a request comes from, for counting: believed of the proxy in front of us only (abuse case H-02).

IPv6 is counted by its /64, because one household or phone has all of it. An IPv4 address that travels as IPv6 is
the IPv4 address.
"""

from functools import lru_cache
from ipaddress import IPv6Address, ip_address

from idp.current_request import current_request
from idp.provider import Provider

THE_PROXY = frozenset({None, "", "127.0.0.1", "::1"})
"""Where a request of the proxy comes from: on a Unix socket there is no address."""
UNKNOWN = "unknown"
HOUSEHOLD_BITS = 64


def client_address(wired: Provider) -> str:
    """The address that acts of this request are counted under; never stored as it is."""
    environ = current_request().environ
    seen = environ.get("REMOTE_ADDR")
    text = seen or ""
    if wired.settings.behind_proxy and seen in THE_PROXY:
        # The proxy appends whom it saw: only the last one is its word, those before it anybody's.
        text = environ.get("HTTP_X_FORWARDED_FOR", "").rsplit(",", 1)[-1].strip()
    return counted_as(text)


@lru_cache(maxsize=4096)
def counted_as(text: str) -> str:
    """An address as it is counted: IPv4 whole, IPv6 by its /64, anything else as one."""
    try:
        address = ip_address(text)
    except ValueError:
        return UNKNOWN
    if isinstance(address, IPv6Address):
        if address.ipv4_mapped is not None:
            return str(address.ipv4_mapped)
        return str(IPv6Address(int(address) >> HOUSEHOLD_BITS << HOUSEHOLD_BITS)) + "/64"
    return str(address)
