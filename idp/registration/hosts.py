"""Which host names an address may have: exactly one spelling, and none that looks like another.

RFC 3986 §3.2.2, RFC 1123 §2.1 (host names), RFC 5890 §2.3.2.1 (A-labels), RFC 8252 §8.3 (loopback).
"""

import re

from idp.registration.errors import BrokenRule

LOOPBACK_ADDRESSES = frozenset({"127.0.0.1", "[::1]"})
LOOPBACK_HOSTS = LOOPBACK_ADDRESSES | {"localhost"}
LONGEST_HOST = 253

_LABEL = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?", re.ASCII)
_NUMBER = re.compile(r"[0-9]+|0x[0-9a-f]*", re.ASCII)
_HANGUL_LABEL = re.compile(r"[a-z0-9\uac00-\ud7a3](?:[a-z0-9\uac00-\ud7a3-]*[a-z0-9\uac00-\ud7a3])?")


def check_host(host: str) -> None:
    """Raise BrokenRule unless `host` is a plain lower-case DNS name or a literal loopback address."""
    if host in LOOPBACK_ADDRESSES:
        return
    if not host.isascii():
        raise BrokenRule("host must be ASCII; write an internationalised name as its xn-- form")
    if host != host.lower():
        raise BrokenRule("host must be lower case")
    labels = host.split(".")
    if len(host) > LONGEST_HOST or not all(_LABEL.fullmatch(label) for label in labels):
        raise BrokenRule("host must be a DNS name")
    if _NUMBER.fullmatch(labels[-1]):
        # Browsers read `2130706433` and `0x7f.1` as IP addresses (WHATWG URL §3.5).
        raise BrokenRule("host must be a DNS name, not an IP address")
    for label in labels:
        if label[2:4] == "--":
            _check_internationalised(label)


def _check_internationalised(label: str) -> None:
    """A Hangul name is welcome; any other script can imitate a Latin name (homograph)."""
    if not label.startswith("xn--"):
        raise BrokenRule("host must be a DNS name")
    try:
        name = label[4:].encode("ascii").decode("punycode")
    except (UnicodeError, ValueError, OverflowError):
        raise BrokenRule("host has an xn-- label that does not decode") from None
    if name.isascii() or not _HANGUL_LABEL.fullmatch(name):
        raise BrokenRule("host has an xn-- label in another script than Hangul, which can imitate another name")
