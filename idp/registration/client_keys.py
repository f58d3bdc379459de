"""The public keys of a relying service: RFC 7517, RFC 7518 §6, RFC 8037, RFC 8725 §3.

Only public halves of asymmetric keys. A symmetric key would let the service, or whoever reads its
registration, sign as the service; a private one shows that its secret has left its home (abuse case J-07).
"""

import re
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Iterable, Mapping
from typing import Any

from idp.keys.jose import InvalidJwt, import_key
from idp.keys.jwe import ENCRYPTION_KEY_TYPES
from idp.registration.errors import BrokenRule

MOST_KEYS = 20
LONGEST_KID = 200
RSA_BITS = range(2048, 8193)
SMALLEST_RSA_EXPONENT = 65537

PRIVATE_MEMBERS = frozenset({"d", "p", "q", "dp", "dq", "qi", "oth", "k"})
COORDINATE_BYTES = {"P-256": 32, "P-384": 48, "P-521": 66, "Ed25519": 32}
NUMBERS = {"RSA": ("n", "e"), "EC": ("x", "y"), "OKP": ("x",)}
ALGORITHMS: Mapping[tuple[str, str | None], tuple[str, ...]] = {
    ("RSA", None): ("RS256", "PS256"),
    ("EC", "P-256"): ("ES256",),
    ("EC", "P-384"): ("ES384",),
    ("EC", "P-521"): ("ES512",),
    ("OKP", "Ed25519"): ("Ed25519",),
}
ENCRYPTION = "enc"
_BASE64URL = re.compile(r"[A-Za-z0-9_-]{1,2048}", re.ASCII)


def key_set(value: object) -> dict[str, list[dict[str, Any]]]:
    """A JWK Set with the public members of each key and nothing else. Raises BrokenRule."""
    keys = value.get("keys") if isinstance(value, dict) else None
    if not isinstance(keys, list) or not 0 < len(keys) <= MOST_KEYS:
        raise BrokenRule(f"must be a JWK Set with 1 to {MOST_KEYS} keys")
    checked = [_checked(key, i) for i, key in enumerate(keys)]
    kids = [key.get("kid") for key in checked]
    if len(checked) > 1 and None in kids:
        raise BrokenRule("each of several keys must have a kid")
    if len(set(kids)) != len(kids):
        raise BrokenRule("each key must have a kid of its own")
    return {"keys": checked}


def fetched_key_set(value: object) -> tuple[dict[str, Any], ...]:
    """The usable keys of a JWK Set that a service publishes. Raises BrokenRule.

    RFC 7517 §5: keys of kinds or with values that we do not know are left out. A private or symmetric one
    spoils the whole set: whoever fetched it can sign as the service.
    """
    keys = value.get("keys") if isinstance(value, dict) else None
    if not isinstance(keys, list) or len(keys) > MOST_KEYS or not all(isinstance(key, dict) for key in keys):
        raise BrokenRule(f"must be a JWK Set with at most {MOST_KEYS} keys")
    if any(PRIVATE_MEMBERS & key.keys() for key in keys):
        raise BrokenRule("must hold public keys only; the private or symmetric key in it must be replaced")
    return tuple(usable for key in keys if (usable := _usable(key)) is not None)


def usable_algorithms(keys: Iterable[Mapping[str, Any]]) -> frozenset[str]:
    """Every algorithm that a signature by one of these keys may have."""
    return frozenset(alg for key in keys if key.get("use") != ENCRYPTION for alg in _algorithms(key))


def _algorithms(key: Mapping[str, Any]) -> tuple[str, ...]:
    possible = ALGORITHMS[key["kty"], key.get("crv")]
    return possible if key.get("alg") is None else (key["alg"],)


def _checked(key: object, i: int) -> dict[str, Any]:
    try:
        return _public_key(key)
    except BrokenRule as broken:
        raise broken.inside(f".keys[{i}]") from None


def _usable(key: object) -> dict[str, Any] | None:
    try:
        return _public_key(key)
    except BrokenRule:
        return None


def _public_key(key: object) -> dict[str, Any]:
    if not isinstance(key, dict):
        raise BrokenRule("must be a JSON object")
    if PRIVATE_MEMBERS & key.keys():
        raise BrokenRule("must be a public key; the private or symmetric key given here must be replaced")
    kind = (key.get("kty"), key.get("crv"))
    if not all(part is None or isinstance(part, str) for part in kind) or kind not in ALGORITHMS:
        raise BrokenRule("must be RSA, EC with P-256, P-384 or P-521, or OKP with Ed25519")
    _check_purpose(key, ALGORITHMS[kind])  # type: ignore[index]
    numbers = {name: _number(key.get(name), name) for name in NUMBERS[key["kty"]]}
    labels = {name: key[name] for name in ("kty", "crv", "kid", "use", "alg", "key_ops") if key.get(name) is not None}
    _check_material(labels | numbers)
    return labels | numbers


def _check_purpose(key: Mapping[str, Any], algorithms: tuple[str, ...]) -> None:
    """`use`, `key_ops`, `alg` and `kid` say the same thing as the key itself (RFC 7517 §4.2 to §4.5)."""
    if key.get("use") == ENCRYPTION:
        algorithms = _encryption_algorithms(key)
    elif key.get("use") not in (None, "sig"):
        raise BrokenRule("use must be sig or enc")
    elif key.get("key_ops") not in (None, ["verify"]):
        raise BrokenRule("key_ops must be verify alone")
    if key.get("alg") not in (None, *algorithms):
        raise BrokenRule(f"alg must be {' or '.join(algorithms)} for this key")
    kid = key.get("kid")
    if kid is None:
        return
    if not isinstance(kid, str) or not kid.isascii() or not kid.isprintable() or not 0 < len(kid) <= LONGEST_KID:
        raise BrokenRule(f"kid must be 1 to {LONGEST_KID} printable ASCII characters")


def _encryption_algorithms(key: Mapping[str, Any]) -> tuple[str, ...]:
    """What may be encrypted to this key."""
    if key["kty"] not in ENCRYPTION_KEY_TYPES:
        raise BrokenRule("use must be sig for this key")
    if "key_ops" in key:
        raise BrokenRule("key_ops must not be given beside use enc")
    return (ENCRYPTION_KEY_TYPES[key["kty"]],)


def _number(value: object, name: str) -> str:
    """A base64url text in its only canonical spelling (RFC 7515 §2, RFC 4648 §3.5)."""
    if not isinstance(value, str) or not _BASE64URL.fullmatch(value) or len(value) % 4 == 1:
        raise BrokenRule(f"{name} must be base64url without padding")
    if urlsafe_b64encode(_decoded(value)).rstrip(b"=").decode() != value:
        raise BrokenRule(f"{name} must be canonical base64url")
    return value


def _check_material(key: Mapping[str, Any]) -> None:
    """The numbers are a key: on its curve, or an RSA modulus of acceptable size and exponent."""
    if key["kty"] == "RSA":
        _check_rsa(_integer(key["n"]), _integer(key["e"]))
    elif any(len(_decoded(key[name])) != COORDINATE_BYTES[key["crv"]] for name in NUMBERS[key["kty"]]):
        raise BrokenRule("coordinates must have the full length of the curve")  # RFC 7518 §6.2.1.2
    try:
        import_key(key)
    except InvalidJwt:
        raise BrokenRule("must be a valid key: its numbers are not") from None


def _check_rsa(modulus: int, exponent: int) -> None:
    if modulus.bit_length() not in RSA_BITS:
        raise BrokenRule(f"RSA modulus must have {RSA_BITS.start} to {RSA_BITS.stop - 1} bits")
    if not SMALLEST_RSA_EXPONENT <= exponent < 1 << 256 or exponent % 2 == 0:
        raise BrokenRule(f"RSA exponent must be odd and at least {SMALLEST_RSA_EXPONENT}")


def _integer(number: str) -> int:
    return int.from_bytes(_decoded(number), "big")


def _decoded(number: str) -> bytes:
    return urlsafe_b64decode(number + "=" * (-len(number) % 4))
