"""What of a relying service ends, and when its contacts are warned. Pure.

A partner's certificate that nobody watched has taken a national sign-in down more than once: so 60, 30, 7 days and one
day before, on the service's page and by mail.
"""

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime
from enum import Enum

from cryptography import x509

from idp.registration.errors import BrokenRule

DAY = 86_400
WARN_DAYS = (60, 30, 7, 1)
LONGEST_PEM = 16_384
LONGEST_LABEL = 200
ADDRESS = re.compile(r"[^\s@<>,;:\"\\]{1,64}@[a-zA-Z0-9](?:[a-zA-Z0-9.-]{0,250}[a-zA-Z0-9])?", re.ASCII)


class Kind(Enum):
    """What ends; the value stands in the table and is part of a key of the words."""

    SECRET = "secret"  # noqa: S105 (a word)  # the secret before, after a change
    KEY = "key"
    CERTIFICATE = "certificate"


@dataclass(frozen=True, slots=True, kw_only=True)
class Deadline:
    """One thing that ends."""

    client_id: str
    kind: Kind
    label: str  # which one: a kid, the subject of a certificate
    ends_at: int  # seconds since the epoch
    warned_days: int | None = None  # the last warning that left


def days_left(ends_at: int, now: int) -> int:
    """Whole days until then, rounded up; 0 or less when it is over."""
    return -((now - ends_at) // DAY) if ends_at > now else 0


def warning_due(deadline: Deadline, now: int) -> int | None:
    """The warning (so many days before) that should have left by now and has not; None: nothing is due.

    Of several that were missed, the nearest one counts: nobody wants four mails at once.
    """
    left = deadline.ends_at - now
    if left <= 0:
        return None
    due = [days for days in WARN_DAYS if left <= days * DAY]
    if not due or (deadline.warned_days is not None and deadline.warned_days <= min(due)):
        return None
    return min(due)


def certificate_deadline(client_id: str, pem: str) -> Deadline:
    """The end of a certificate. Raises BrokenRule for what is none."""
    try:
        found = x509.load_pem_x509_certificate(pem.strip().encode("ascii"))
        subject = found.subject.rfc4514_string() or f"serial {found.serial_number:x}"
        ends_at = int(found.not_valid_after_utc.timestamp())
    except Exception:  # noqa: BLE001 (a parser of foreign bytes: whatever it dislikes, there is no certificate)
        raise BrokenRule("must be one certificate in PEM") from None
    return Deadline(client_id=client_id, kind=Kind.CERTIFICATE, label=subject[:LONGEST_LABEL], ends_at=ends_at)


def day_of(text: str) -> int:
    """The end of a day, as `2027-01-31`, in UTC. Raises BrokenRule."""
    try:
        day = date.fromisoformat(text)
        return int(datetime(day.year, day.month, day.day, tzinfo=UTC).timestamp()) + DAY
    except (ValueError, OverflowError):
        raise BrokenRule("must be a date such as 2027-01-31") from None


def mail_addresses(contacts: tuple[str, ...]) -> list[str]:
    """The contacts that are mail addresses."""
    return [one for one in contacts if ADDRESS.fullmatch(one)]
