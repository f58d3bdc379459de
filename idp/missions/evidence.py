"""The evidence of identity at a counter, and what follows from it. Pure.

What a person must bring is what Korea's missions ask for today: a valid passport, to be there in person, fourteen
years of age. What stands between a case and a credential is one of two kinds: a bar, which nobody lifts, and a reason
for a second person, which another member of staff decides (NIST SP 800-63A-4 §2.1.3, §4.2).
"""

from dataclasses import dataclass
from datetime import date, timedelta
from enum import Enum

from idp.claims.assurance import Fact
from idp.missions.mrz import Passport

YOUNGEST = 14
OF_AGE = 19  # 민법 제4조
REISSUE_DAYS = 30


class Kind(Enum):
    """What somebody came for."""

    FIRST = "first"  # never had one
    REPLACE = "replace"  # renewal, new passport, lost phone: the old one ends with the new one
    SECOND = "second"  # a further credential beside the old one
    LIFT = "lift"  # what was suspended works again


class Relation(Enum):
    """Who the person is to the officer."""

    NONE = "none"
    SELF = "self"
    FAMILY = "family"


class Bar(Enum):
    """Why there is no credential, whoever asks; the value is a key of the words."""

    PASSPORT_EXPIRED = "bar.passport_expired"
    TOO_YOUNG = "bar.too_young"
    PHOTO = "bar.photo"
    OWN_CASE = "bar.own_case"
    KNOWN = "bar.known"  # has one already: the officer must say what becomes of it
    UNKNOWN = "bar.unknown"  # nothing to replace or lift
    NOT_SUSPENDED = "bar.not_suspended"
    PERSON_ENDED = "bar.person_ended"


class Reason(Enum):
    """Why it takes a second person; the value is a key of the words."""

    NO_CHIP = "reason.no_chip"
    REISSUE = "reason.reissue"
    NAME = "reason.name"
    MINOR = "reason.minor"
    SECOND = "reason.second"
    LIFT = "reason.lift"
    SAME_SURNAME = "reason.same_surname"
    REGISTRY = "reason.registry"  # the registry could not be asked: headquarters confirms
    OFFLINE = "reason.offline"  # prepared without a line: headquarters confirms


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """What the officer saw and ticked."""

    passport: Passport
    korean_family: str
    korean_given: str
    kind: Kind
    chip_read: bool
    photo_matches: bool
    names_match: bool  # family register and passport
    registration: str  # current, struck_off, none
    resident_number: bool  # has a resident registration
    relation: Relation
    prepared_offline: bool
    registry_silent: bool = False  # it could not be asked


CENTRAL = frozenset({Reason.REGISTRY, Reason.OFFLINE})
"""Reasons that only headquarters decides: nothing begins before central confirmation (abuse case E-10)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """What the house knows of the person already."""

    person_active: bool = True
    newest_issued_at: date | None = None
    suspended: bool = False


def bars(evidence: Evidence, officer_name: str, known: Known | None, today: date) -> list[Bar]:
    """Everything that nobody can lift."""
    found = []
    if evidence.passport.expires < today:
        found.append(Bar.PASSPORT_EXPIRED)
    if age(evidence.passport.birthdate, today) < YOUNGEST:
        found.append(Bar.TOO_YOUNG)
    if not evidence.photo_matches:
        found.append(Bar.PHOTO)
    if evidence.relation is not Relation.NONE or evidence.korean_family + evidence.korean_given == officer_name:
        found.append(Bar.OWN_CASE)
    return [*found, *_of_history(evidence.kind, known)]


def _of_history(kind: Kind, known: Known | None) -> list[Bar]:
    if known is None:
        return [] if kind is Kind.FIRST else [Bar.UNKNOWN]
    if not known.person_active:
        return [Bar.PERSON_ENDED]
    if kind is Kind.FIRST:
        return [Bar.KNOWN]
    return [Bar.NOT_SUSPENDED] if kind is Kind.LIFT and not known.suspended else []


def reasons(evidence: Evidence, officer_name: str, known: Known | None, today: date) -> list[Reason]:
    """Everything that another member of staff must have seen."""
    issued = known.newest_issued_at if known else None
    recent = issued is not None and today - issued < timedelta(days=REISSUE_DAYS)
    judged = {
        Reason.NO_CHIP: not evidence.chip_read,
        Reason.REISSUE: recent and evidence.kind in {Kind.REPLACE, Kind.SECOND},
        Reason.NAME: not evidence.names_match,
        Reason.MINOR: age(evidence.passport.birthdate, today) < OF_AGE,
        Reason.SECOND: evidence.kind is Kind.SECOND,
        Reason.LIFT: evidence.kind is Kind.LIFT,
        # Perhaps nothing, perhaps a cousin: two of the commonest frauds begin with a relative (abuse case E-04).
        Reason.SAME_SURNAME: officer_name.startswith(evidence.korean_family),
        Reason.REGISTRY: evidence.registry_silent,
        Reason.OFFLINE: evidence.prepared_offline,
    }
    return [reason for reason, holds in judged.items() if holds]


def facts_missing(evidence: Evidence) -> dict[Fact, str]:
    """Facts that this person cannot bring to a sign-in, each with the key of the sentence that says why."""
    return {} if evidence.registration == "current" else {Fact.REGISTERED_ABROAD: f"why_not.{evidence.registration}"}


def age(born: date, today: date) -> int:
    """Full years."""
    return today.year - born.year - ((today.month, today.day) < (born.month, born.day))
