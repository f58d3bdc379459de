"""Sealing: a batch of rows becomes a list of entries, a Merkle root over it, and a signed statement.

A row belongs to a batch when it says so itself (its column `seal`), and what has no seal yet comes into the next
one, whenever it was committed: nothing depends on the order in which transactions end. The statement names the
one before it, so that the whole past hangs on the newest of them.
"""

import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Any, NamedTuple, Protocol

from idp.audit.catalogue import Event
from idp.audit.merkle import root_of
from idp.audit.retention import Kind, Retention, kind_of

SEAL_TYPE = "audit-seal+jwt"
MOST_ROWS = 4096  # in one batch: what is held in memory, and what a request may have to wait for on SQLite
LATE_SECONDS = 120  # between making a row's key and committing it; what comes later than that was not ours
QUIET_SECONDS = 86_400  # after which even nothing is sealed: there is a head of every day

ID_BYTES, DIGEST_BYTES = 16, 32
ENTRY_BYTES = ID_BYTES + 1 + DIGEST_BYTES


_NONE = ",-"  # a value that is not there
_LETTERS = {event.tag: kind_of(event.tag).value.encode() for event in Event}
_OTHER = Kind.RECORD.value.encode()


class Row(NamedTuple):
    """A row of the audit as stored; keys are 32 hexadecimal digits."""

    seal: int | None
    id: str
    at: int
    event: str
    person: str | None
    client: str | None
    detail: str | None


Values = tuple[int | None, str, int, str, str | None, str | None, str | None]
"""A row without its names, as the database gives it: making a `Row` takes as long as hashing it."""


@dataclass(frozen=True, slots=True)
class Seal:
    """A sealed batch: its statement, and the entries that the statement's root stands over."""

    number: int  # from 1, without a gap
    statement: str  # compact JWS
    entries: bytes | None  # None once every row of the batch was kept as long as it had to be
    sealed_at: int


class SealStore(Protocol):
    """What sealing needs of the database."""

    def last(self) -> Seal | None:
        """The newest seal, its entries left out."""
        ...

    def unsealed(self, limit: int, not_before: int) -> Sequence[Row]:
        """Rows that belong to no batch and whose key was made at `not_before` or later, by key."""
        ...

    def add(self, seal: Seal, rows: Sequence[str]) -> bool:
        """Store the seal and mark exactly these rows with it. False: somebody else sealed at the same moment."""
        ...


def content_digest(row: Row) -> bytes:
    """SHA-256 over everything a row says, each value behind its length, so that no other row has the same form."""
    return entry_of(row)[ID_BYTES + 1 :]


def entry_of(row: Values) -> bytes:
    """What is sealed of a row: its key, its kind, and the digest of the rest.

    Written out, because verification comes here for every row there is: each call that it makes less is seen.
    """
    _, key, at, event, person, client, detail = row
    form = (
        f"{at},{len(event)}:{event}"
        f"{_NONE if person is None else f',{len(person)}:{person}'}"
        f"{_NONE if client is None else f',{len(client)}:{client}'}"
        f"{_NONE if detail is None else f',{len(detail)}:{detail}'}"
    )
    return bytes.fromhex(key) + _LETTERS.get(event, _OTHER) + sha256(form.encode()).digest()


def split(entries: bytes) -> list[bytes]:
    """The single entries of a batch. Raises ValueError for what is none."""
    if len(entries) % ENTRY_BYTES:
        raise ValueError("not a whole number of entries")
    return [entries[at : at + ENTRY_BYTES] for at in range(0, len(entries), ENTRY_BYTES)]


def ids_of(entries: Iterable[bytes], kinds: Iterable[Kind]) -> list[str]:
    """The keys of the rows of these kinds."""
    letters = {ord(kind.value) for kind in kinds}
    return [entry[:ID_BYTES].hex() for entry in entries if entry[ID_BYTES] in letters]


def digest_of(statement: str) -> str:
    """How the next statement names this one."""
    return encoded(sha256(statement.encode()).digest())


def encoded(digest: bytes) -> str:
    """Bytes as they stand in a statement."""
    return urlsafe_b64encode(digest).decode().rstrip("=")


def claims_of(statement: str) -> dict[str, Any]:
    """What a statement of our own database says, its signature not looked at. Raises ValueError."""
    try:
        payload = statement.split(".")[1]
        found = json.loads(urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
    except (IndexError, UnicodeDecodeError):
        raise ValueError("not a statement") from None
    if not isinstance(found, dict):
        raise ValueError("not a statement")  # noqa: TRY004 (the text is wrong, not its type)
    return found


@dataclass(frozen=True, slots=True, kw_only=True)
class Sealer:
    """Seals what waits. Everything it needs is an argument."""

    store: SealStore
    issuer: str
    sign: Callable[[Mapping[str, Any]], str]  # a compact JWS of type SEAL_TYPE
    retention: Retention

    def run(self, now: int, *, most: int = 50) -> list[Seal]:
        """Seal until nothing waits, at most `most` batches; returns the new seals, oldest first."""
        made: list[Seal] = []
        while len(made) < most and (seal := self._next(now)) is not None:
            made.append(seal)
            if seal.entries is not None and len(seal.entries) < MOST_ROWS * ENTRY_BYTES:
                break
        return made

    def _next(self, now: int) -> Seal | None:
        last = self.store.last()
        said = claims_of(last.statement) if last else {}
        # Only what is that old can still be missing, so no index has to find it: a sign-in would pay for one.
        rows = self.store.unsealed(MOST_ROWS, said.get("until", 0) - LATE_SECONDS)
        if not rows and last is not None and now - last.sealed_at < QUIET_SECONDS:
            return None
        seal = self._made(rows, last, said, now)
        return seal if self.store.add(seal, [row.id for row in rows]) else None

    def _made(self, rows: Sequence[Row], last: Seal | None, said: Mapping[str, Any], now: int) -> Seal:
        entries = [entry_of(row) for row in rows]
        number = last.number + 1 if last else 1
        sealed_at = max(now, last.sealed_at) if last else now
        claims = {
            "iss": self.issuer,
            "iat": sealed_at,
            "seal": number,
            "rows": len(entries),
            "root": encoded(root_of(entries)),
            "previous": digest_of(last.statement) if last else None,
            "until": max(_reached(rows, sealed_at), said.get("until", 0)),
            "kept_from": self.retention.kept_from(sealed_at, said.get("kept_from", {})),
        }
        return Seal(number, self.sign(claims), b"".join(entries), sealed_at)


def _reached(rows: Sequence[Row], now: int) -> int:
    """Up to when everything has a seal: now, or as far as a full batch came."""
    return now if len(rows) < MOST_ROWS else min(now, int(rows[-1].id[:12], 16) // 1000)
