"""The life of a registration as pure functions: made, changed, given a new secret, told to its owner.

RFC 7591 §3.2.1 (the answer), RFC 6749 §2.2 (identifiers) and §2.3.1 (secrets). Storage and time are the
caller's; only the SHA-256 of a secret is kept, because the secret is random and long (design law 7).
"""

import re
from base64 import b32encode, urlsafe_b64encode
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from hashlib import sha256
from hmac import compare_digest
from typing import Any

from idp.registration.errors import BrokenRule, RefusedMetadata
from idp.registration.registration import Metadata, Registration, Status

Random = Callable[[int], bytes]

SECRET_BYTES = 32
ID_BYTES = 16
GRACE_SECONDS = 30 * 86_400
"""Between asking for a removal and the removal: long enough for a service to notice that it is stopped."""
LONGEST_OVERLAP_SECONDS = 30 * 86_400
CLIENT_ID = re.compile(r"[a-z0-9](?:[a-z0-9._-]{0,62}[a-z0-9])?", re.ASCII)
"""One spelling: no upper case, no space, nothing outside ASCII, so that no two ids can be mistaken (N-04)."""
WITH_SECRET = frozenset({"client_secret_basic", "client_secret_post"})


@dataclass(frozen=True, slots=True)
class Outcome:
    """A registration to store, the secret to show once (if a new one was made), and what changed."""

    registration: Registration
    secret: str | None
    diff: Mapping[str, list[Any]]  # field -> [before, after]; None stands for absent


def register(metadata: Metadata, *, now: int, random_bytes: Random, client_id: str | None = None) -> Outcome:
    """A new registration, under a chosen or a random id. Raises BrokenRule for an unusable id."""
    chosen = new_client_id(random_bytes) if client_id is None else check_client_id(client_id)
    secret = new_secret(random_bytes) if needs_secret(metadata) else None
    registration = Registration(
        client_id=chosen,
        metadata=metadata,
        secret_digest=secret_digest(secret) if secret else None,
        version=now,
        created_at=now,
        updated_at=now,
    )
    return Outcome(registration, secret, difference({}, metadata))


def change(existing: Registration, metadata: Metadata, *, now: int, random_bytes: Random) -> Outcome:
    """The registration with new metadata. Id, secret and status stay; the same metadata changes nothing.

    A secret is made when the new method needs the first one, and forgotten when it needs none (T-04). Raises
    RefusedMetadata for another environment: what test citizens agreed to must never become a live service's.
    """
    if existing.metadata.get("environment", "live") != metadata["environment"]:
        raise RefusedMetadata(["environment: cannot be changed; register another client"])
    diff = difference(existing.metadata, metadata)
    if not diff:
        return Outcome(existing, None, diff)
    digest, secret = existing.secret_digest, None
    if not needs_secret(metadata):
        digest = None
        existing = replace(existing, former_digest=None, former_until=None)
    elif digest is None:
        secret = new_secret(random_bytes)
        digest = secret_digest(secret)
    changed = replace(existing, metadata=metadata, secret_digest=digest)
    return Outcome(_touched(changed, now), secret, diff)


def rotate_secret(existing: Registration, *, now: int, random_bytes: Random, overlap: int = 0) -> Outcome:
    """The same with another secret. The old one ends after `overlap` seconds, and the one before it at once.

    Raises BrokenRule when it has none, or for a longer overlap than LONGEST_OVERLAP_SECONDS.
    """
    if not needs_secret(existing.metadata):
        raise BrokenRule("authenticates without a secret")
    if not 0 <= overlap <= LONGEST_OVERLAP_SECONDS:
        raise BrokenRule(f"the old secret may stay for 0 to {LONGEST_OVERLAP_SECONDS} seconds")
    secret = new_secret(random_bytes)
    changed = replace(
        existing,
        secret_digest=secret_digest(secret),
        former_digest=existing.secret_digest if overlap else None,
        former_until=now + overlap if overlap else None,
    )
    return Outcome(_touched(changed, now), secret, {})


def end_former_secret(existing: Registration, *, now: int) -> Registration:
    """The same without the secret before: it ends at once."""
    return _touched(replace(existing, former_digest=None, former_until=None), now)


def with_status(existing: Registration, status: Status, *, now: int) -> Registration:
    """The same, enabled or disabled; unchanged when it already is. What works again does not wait to be removed."""
    if existing.status == status:
        return existing
    removal_at = None if status == "enabled" else existing.removal_at
    return _touched(replace(existing, status=status, removal_at=removal_at), now)


def with_removal(existing: Registration, *, now: int) -> Registration:
    """The same, stopped now and to be removed when its grace ends. Raises BrokenRule when that has begun."""
    if existing.removal_at is not None:
        raise BrokenRule("is being removed already")
    return _touched(replace(existing, status="disabled", removal_at=now + GRACE_SECONDS), now)


def without_removal(existing: Registration, *, now: int) -> Registration:
    """The same, kept; it stays stopped until somebody lets it work again. Raises BrokenRule when nothing has begun."""
    if existing.removal_at is None:
        raise BrokenRule("is not being removed")
    return _touched(replace(existing, removal_at=None), now)


def with_logo(existing: Registration, name: str | None, *, now: int) -> Registration:
    """The same with another picture, or with none."""
    return _touched(replace(existing, logo=name), now)


def information(registration: Registration, secret: str | None = None) -> dict[str, Any]:
    """The client information response of RFC 7591 §3.2.1; `secret` only when it was just made."""
    answer: dict[str, Any] = {
        "client_id": registration.client_id,
        "client_id_issued_at": registration.created_at,
    }
    if secret is not None:
        answer |= {"client_secret": secret, "client_secret_expires_at": 0}
    return answer | dict(registration.metadata)


def difference(before: Mapping[str, Any], after: Mapping[str, Any]) -> dict[str, list[Any]]:
    """Each field that differs, with both values."""
    names = sorted(before.keys() | after.keys())
    return {name: [before.get(name), after.get(name)] for name in names if before.get(name) != after.get(name)}


def with_access(existing: Registration, *, now: int, random_bytes: Random) -> tuple[Registration, str]:
    """The same with a new registration access token (RFC 7592 §3), and that token; the old one ends at once."""
    token = new_secret(random_bytes)
    return _touched(replace(existing, access_digest=secret_digest(token)), now), token


def holds_access(existing: Registration, token: str) -> bool:
    """Whether `token` is this registration's own (abuse case G-08)."""
    known = existing.access_digest
    return known is not None and compare_digest(known, secret_digest(token))


def holds_secret(existing: Registration, secret: object) -> bool:
    """Whether `secret` is the registered one."""
    known = existing.secret_digest
    return isinstance(secret, str) and known is not None and compare_digest(known, secret_digest(secret))


def needs_secret(metadata: Mapping[str, Any]) -> bool:
    """Whether the client authenticates by a secret."""
    return metadata["token_endpoint_auth_method"] in WITH_SECRET


def new_client_id(random_bytes: Random) -> str:
    """26 lower-case letters and digits (base32 of 128 random bits): fit for URLs, commands and speech."""
    return b32encode(random_bytes(ID_BYTES)).decode().rstrip("=").lower()


def check_client_id(client_id: str) -> str:
    """`client_id` itself. Raises BrokenRule unless it has the one spelling that ids may have."""
    if not CLIENT_ID.fullmatch(client_id):
        raise BrokenRule("client id must be 1 to 64 of a-z, 0-9, dot, hyphen and underscore, letters at both ends")
    return client_id


def new_secret(random_bytes: Random) -> str:
    """43 characters of base64url with 256 random bits."""
    return urlsafe_b64encode(random_bytes(SECRET_BYTES)).decode().rstrip("=")


def secret_digest(secret: str) -> bytes:
    """What is kept of a secret."""
    return sha256(secret.encode()).digest()


def _touched(registration: Registration, now: int) -> Registration:
    """With a version that no earlier state had, even when two changes fall into one second."""
    return replace(registration, version=max(registration.version + 1, now), updated_at=now)
