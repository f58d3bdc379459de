"""Where people may be sent back to: the URIs that later requests must match exactly.

RFC 6749 §3.1.2, RFC 9700 §2.1 and §4.1.3, RFC 8252 §7.3 (native applications), OpenID Connect RP-Initiated
Logout 1.0 §3.1 for `post_logout_redirect_uris`.
"""

from collections.abc import Iterable
from urllib.parse import parse_qsl

from idp.registration.errors import BrokenRule
from idp.registration.uris import parse_uri

MOST_URIS = 20
ANSWER_PARAMETERS = frozenset({"code", "error", "error_description", "iss", "response", "session_state", "state"})
"""What the provider itself adds: a registered query may not decide them beforehand."""


def redirect_uris(value: object) -> tuple[str, ...]:
    """The list, each of acceptable form. Raises BrokenRule. Which may be http: `check_schemes`."""
    if not isinstance(value, list) or not value:
        raise BrokenRule("must be a list with at least one URI")
    return _each(value)


def post_logout_redirect_uris(value: object) -> tuple[str, ...]:
    """As redirect_uris, but the list may be empty."""
    if not isinstance(value, list):
        raise BrokenRule("must be a list of URIs")
    return _each(value)


def check_schemes(uris: Iterable[str], *, development: bool, native: bool) -> None:
    """Only https, except on loopback: in development, or for a native application by literal address.

    `localhost` may resolve elsewhere, hence literal addresses only for native applications (RFC 8252 §8.3).
    """
    for i, text in enumerate(uris):
        uri = parse_uri(text)
        if uri.scheme == "https" or (native and uri.is_loopback_address) or (development and uri.is_loopback):
            continue
        raise BrokenRule("must be https (http only for a native application on 127.0.0.1 or [::1])", f"[{i}]")


def hosts(uris: Iterable[str]) -> frozenset[str]:
    """The host components, from which the sector is derived (OpenID Connect Core 1.0 §8.1)."""
    return frozenset(parse_uri(uri).host for uri in uris)


def _each(values: list[object]) -> tuple[str, ...]:
    if len(values) > MOST_URIS:
        raise BrokenRule(f"must have at most {MOST_URIS} URIs")
    texts = tuple(_one(value, i) for i, value in enumerate(values))
    if len(set(texts)) != len(texts):
        raise BrokenRule("must not list the same URI twice")
    return texts


def _one(value: object, i: int) -> str:
    try:
        return _redirect_uri(value)
    except BrokenRule as broken:
        raise broken.inside(f"[{i}]") from None


def _redirect_uri(value: object) -> str:
    uri = parse_uri(value)
    if "*" in uri.text:
        raise BrokenRule("must have no wildcard")
    if any(name in ANSWER_PARAMETERS for name, _ in parse_qsl(uri.query, keep_blank_values=True)):
        raise BrokenRule("query must not contain a parameter of the authorization response")
    return uri.text
