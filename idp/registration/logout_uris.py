"""Where a service hears that a session has ended.

OpenID Connect Front-Channel Logout 1.0 §2, OpenID Connect Back-Channel Logout 1.0 §2.2. The back channel is
called by the provider itself, so its address may not lead inwards (abuse case L-05); where its name leads is
looked at again whenever it is called.
"""

from urllib.parse import parse_qsl

from idp.registration.errors import BrokenRule
from idp.registration.hosts import LOOPBACK_HOSTS
from idp.registration.outbound_address import outbound_address
from idp.registration.uris import parse_uri, web_address

OUR_PARAMETERS = frozenset({"iss", "sid"})


def frontchannel_logout_uri(value: object, *, development: bool) -> str:
    """An address that a frame of our logout page loads. Raises BrokenRule."""
    uri = parse_uri(web_address(value, development=development))
    if any(name in OUR_PARAMETERS for name, _ in parse_qsl(uri.query, keep_blank_values=True)):
        raise BrokenRule("query must not contain iss or sid, which the provider adds")
    return uri.text


def backchannel_logout_uri(value: object, *, development: bool, test_hosts: frozenset[str]) -> str:
    """An address that takes logout tokens from us. Raises BrokenRule."""
    return outbound_address(value, test_hosts | LOOPBACK_HOSTS if development else test_hosts).text


def origin(uri: str) -> tuple[str, str, int | None]:
    """Scheme, host and port, the default port being the same as none."""
    parsed = parse_uri(uri)
    default = 443 if parsed.scheme == "https" else 80
    return parsed.scheme, parsed.host, None if parsed.port == default else parsed.port
