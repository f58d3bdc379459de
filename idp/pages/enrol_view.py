"""What the enrolment shows of the record that its person must confirm."""

from idp.pages.consent_view import STATUS, Row, readable_date, row
from idp.people.record import Record
from idp.telephony.numbers import country_name


def record_rows(record: Record, language: str) -> list[Row]:
    """The record as rows of label, value and script; the passport by its last digits."""
    rows = [
        row("claim.name#ko-Hang", record.korean.full, "ko"),
        row("claim.name#en", record.latin.full, "en"),
        row("claim.birthdate", readable_date(record.birthdate, language)),
        row("claim.country_of_residence", country_name(record.residence, language)),
        row("claim.overseas_registration.status", STATUS[record.registration.status], say_value=True),
        row("claim.enrolment_mission", record.mission),
    ]
    if record.email:
        rows.append(row("claim.email", record.email))
    if record.passport:
        rows.append(row("enrol_record.passport", f"•••••{record.passport[-3:]}"))
    return rows
