"""Enrolment: what a one-time link allows, in which order, and what its completion creates. Pure.

A mission's officer (or an operator at the command line) begins it; the national confirms the record, proves a
phone, and makes a passkey on their own device. Only then does a credential exist (NIST SP 800-63A-4 §4.2).
"""

from dataclasses import dataclass
from enum import Enum

LINK_SECONDS = 900  # from the officer's hand to the first opening
OPEN_SECONDS = 1800  # from the first opening to the end
CREDENTIAL_SECONDS = 3 * 365 * 86_400
MAX_NUMBERS = 3  # numbers that may be tried in one enrolment, a message each at least
MOST_PASSKEYS = 5  # of one person
MOST_PEOPLE_A_NUMBER = 5  # a family may share a phone; more look like one person who collects codes


class EnrolmentStep(Enum):
    """What an enrolment still needs."""

    RECORD = "record"
    PHONE = "phone"
    PHONE_CODE = "phone_code"
    PASSKEY = "passkey"
    OFFICER = "officer"  # everything is there; the officer at the counter must confirm too


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """How far an enrolment is."""

    confirmed: bool
    has_phone: bool
    phone_verified: bool
    passkey_made: bool = False


def next_enrolment_step(progress: Progress) -> EnrolmentStep:
    """What comes next; nothing can be skipped."""
    if not progress.confirmed:
        return EnrolmentStep.RECORD
    if not progress.has_phone:
        return EnrolmentStep.PHONE
    if not progress.phone_verified:
        return EnrolmentStep.PHONE_CODE
    return EnrolmentStep.OFFICER if progress.passkey_made else EnrolmentStep.PASSKEY


def credential_end(now: int, not_after: int | None) -> int:
    """When a credential issued now ends: after three years, and never after the passport it rests on."""
    end = now + CREDENTIAL_SECONDS
    return end if not_after is None else min(end, not_after)
