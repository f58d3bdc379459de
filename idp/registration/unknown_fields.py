"""What is said about a field that is not in the table: an administrator's typo must not be dropped silently.

RFC 7591 §2 lets a server ignore metadata that it does not understand. For files that an administrator writes
we refuse it, because a misspelt restriction would otherwise be no restriction (README.md, Divergences).
"""

from collections.abc import Iterable, Mapping
from difflib import get_close_matches

from idp.registration.errors import shown

_ISSUED = "is issued by the provider and cannot be chosen"
_REQUEST_OBJECTS = "is not offered: request objects are signed, not encrypted, and come by value or pushed"

NOT_OFFERED: Mapping[str, str] = {
    "client_id": _ISSUED,
    "client_secret": _ISSUED,
    "client_id_issued_at": _ISSUED,
    "client_secret_expires_at": _ISSUED,
    "registration_access_token": _ISSUED,
    "registration_client_uri": _ISSUED,
    "software_statement": "is read by the registration endpoint only; give the metadata itself",
    "request_object_encryption_alg": _REQUEST_OBJECTS,
    "request_object_encryption_enc": _REQUEST_OBJECTS,
    "request_uris": _REQUEST_OBJECTS,
}


def why_unknown(name: str, known: Iterable[str]) -> str:
    """One line: what is known about `name`, or the nearest known name."""
    if name in NOT_OFFERED:
        return f"{name}: {NOT_OFFERED[name]}"
    base, tagged, _ = name.partition("#")
    if tagged and base in known:
        return f"{shown(name)}: only client_name may be given in several languages"
    nearest = get_close_matches(name[:100], [*known, *NOT_OFFERED], n=1, cutoff=0.6)
    return f"{shown(name)}: unknown field" + (f"; did you mean {nearest[0]}?" if nearest else "")
