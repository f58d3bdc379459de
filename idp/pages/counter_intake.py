"""The form of a new case: what an officer typed and ticked, read into evidence and a record, or told what is wrong."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from datetime import UTC, date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from idp.missions.evidence import Evidence, Kind, Relation
from idp.missions.mission import Mission
from idp.missions.mrz import MrzRefused, Passport, read_mrz
from idp.people.record import InvalidRecord, Record, read_record
from idp.telephony.numbers import countries

LONGEST_PREVIOUS = 20
REGISTRATIONS = ("current", "struck_off", "none")


class IntakeRefused(ValueError):
    """The form cannot become a case: `field` is where, `reason` a key of the words."""

    def __init__(self, field: str, reason: str) -> None:
        """Nothing that was typed is repeated."""
        super().__init__(reason)
        self.field = field
        self.reason = reason


@dataclass(frozen=True, slots=True, kw_only=True)
class Intake:
    """What the form says."""

    evidence: Evidence
    record: Record
    previous_passport: str | None


def day_at(mission: Mission, now: int) -> date:
    """Today, where the counter stands."""
    return datetime.fromtimestamp(now, UTC).astimezone(ZoneInfo(mission.place.zone)).date()


def read_intake(form: Mapping[str, str], mission: Mission, now: int) -> Intake:
    """The case that a form describes. Raises IntakeRefused for the first thing that is wrong."""
    today = day_at(mission, now)
    try:
        passport = read_mrz(form.get("mrz", ""), today)
    except MrzRefused as refused:
        raise IntakeRefused("mrz", refused.reason) from refused
    family = _korean(form, "korean_family")
    # Who has one name only has it in both scripts; everybody else has two.
    given = _korean(form, "korean_given") if passport.given or form.get("korean_given") else ""
    evidence = Evidence(
        passport=passport,
        korean_family=family,
        korean_given=given,
        kind=_chosen(Kind, form, "kind"),
        chip_read=_ticked(form, "chip_read"),
        photo_matches=_ticked(form, "photo_matches"),
        names_match=_ticked(form, "names_match"),
        registration=_registration(form),
        resident_number=_ticked(form, "resident_number"),
        relation=_chosen(Relation, form, "relation"),
        prepared_offline=_ticked(form, "prepared_offline"),
    )
    previous = "".join(form.get("previous", "").split()).upper()
    if len(previous) > LONGEST_PREVIOUS or not (previous == "" or (previous.isascii() and previous.isalnum())):
        raise IntakeRefused("previous", "counter.previous_wrong")
    return Intake(evidence=evidence, record=_record(form, evidence, mission, now), previous_passport=previous or None)


def _korean(form: Mapping[str, str], field: str) -> str:
    text = form.get(field, "").strip()
    if not text or not all("가" <= character <= "힣" for character in text):
        raise IntakeRefused(field, "counter.hangul")
    return text


def _ticked(form: Mapping[str, str], field: str) -> bool:
    return form.get(field) == "yes"


def _chosen(kind: Any, form: Mapping[str, str], field: str) -> Any:
    try:
        return kind(form.get(field, ""))
    except ValueError as error:
        raise IntakeRefused(field, "counter.choose") from error


def _registration(form: Mapping[str, str]) -> str:
    status = form.get("registration", "")
    if status not in REGISTRATIONS:
        raise IntakeRefused("registration", "counter.choose")
    return status


def _record(form: Mapping[str, str], evidence: Evidence, mission: Mission, now: int) -> Record:
    """The record as the citizen will confirm it. Raises IntakeRefused."""
    passport, residence = evidence.passport, form.get("residence", "")
    if residence not in {one.region for one in countries("ko")}:
        raise IntakeRefused("residence", "counter.choose")
    name = mission.place.name_ko
    document: dict[str, Any] = {
        "korean": {"family": evidence.korean_family, "given": evidence.korean_given},
        "latin": {"family": passport.family, "given": passport.given},
        "birthdate": passport.birthdate.isoformat(),
        "gender": passport.sex,
        "residence": residence,
        "mission": name,
        "registration": {
            "status": evidence.registration,
            "as_of": day_at(mission, now).isoformat(),
            "mission": name,
        },
        "passport": passport.number,
        "updated_at": now,
    }
    if form.get("email", "").strip():
        document["email"] = read_email(form["email"])
    try:
        return read_record(document)
    except InvalidRecord as invalid:
        raise IntakeRefused("korean_family", "counter.hangul") from invalid


def read_email(text: str) -> str:
    """An address as it is kept. Raises IntakeRefused for what no letter can be sent to."""
    address = text.strip()
    user, at, host = address.partition("@")
    if not (user and at and "." in host and address.isascii()) or any(c.isspace() for c in address):
        raise IntakeRefused("email", "counter.email")
    return address


def merged(old: Record, new: Record) -> Record:
    """A known person's record, as it was confirmed again: what the counter does not ask stays.

    An address that an officer typed anew counts as confirmed only if it is the one that was.
    """
    kept = {name: value for name, value in asdict(new).items() if value in (None, {}, False)}
    record = replace(new, **{name: getattr(old, name) for name in kept if name != "passport"})
    return replace(record, email_verified=old.email_verified and record.email == old.email)


def evidence_to_dict(evidence: Evidence) -> dict[str, Any]:
    """The evidence as JSON, to be sealed."""
    values: dict[str, Any] = asdict(evidence) | {"kind": evidence.kind.value, "relation": evidence.relation.value}
    values["passport"] |= {
        "birthdate": evidence.passport.birthdate.isoformat(),
        "expires": evidence.passport.expires.isoformat(),
    }
    return values


def evidence_from_dict(values: Mapping[str, Any]) -> Evidence:
    """The evidence that `evidence_to_dict` wrote."""
    passport = values["passport"]
    dates = {name: date.fromisoformat(passport[name]) for name in ("birthdate", "expires")}
    return Evidence(
        **dict(values)
        | {
            "passport": Passport(**passport | dates),
            "kind": Kind(values["kind"]),
            "relation": Relation(values["relation"]),
        }
    )
