"""The end of a person's status: a death or a renunciation, recorded by a central registrar with their passkey.

From that moment no route leads to a token: every request looks at the person's status.
"""

from collections.abc import Mapping
from uuid import UUID

from flask import Blueprint, Response

from idp.audit.catalogue import AuditRow, Event
from idp.credential.commands import Refusal
from idp.pages.consent_view import open_record, readable_date, row
from idp.pages.forms import read_form
from idp.pages.refusals import PageRefused
from idp.pages.rendering import page, page_language, provider
from idp.pages.staff_gate import NotProven, Seat, ask_proof, prove, seated
from idp.people.registry.contract import PASSPORT
from idp.people.status import ENDED, PersonStatus
from idp.provider import Provider
from idp.staff.roles import Act
from idp.storage.people import People
from idp.storage.staff_lookups import count_look_up

pages = Blueprint("counter_end", __name__)
HERE = "/counter/end"
PURPOSE = "person end"
LONGEST_WHY = 200


@pages.get("/counter/end")
def end() -> Response:
    """The form."""
    return _form(seated(Act.PERSON_END), {})


def _form(seat: Seat, typed: Mapping[str, str], error: tuple[str, str] | None = None) -> Response:
    return page(
        "counter/end.html",
        here=HERE,
        status=422 if error else 200,
        staff=seat.member,
        typed=typed,
        because=sorted(status.value for status in ENDED),
        error_field=error[0] if error else None,
        error=error[1] if error else None,
    )


@pages.post("/counter/end")
def ask() -> Response:
    """Whom it is about: shown, and to be confirmed."""
    form = read_form()
    seat = seated(Act.PERSON_END)
    wired = provider()
    why, because = " ".join(form.get("why", "").split()), form.get("because", "")
    person = _find(wired, "".join(form.get("passport", "").split()).upper())
    if person is None:
        return _form(seat, form, ("passport", "person_end.unknown"))
    if because not in {status.value for status in ENDED}:
        return _form(seat, form, ("because", "counter.choose"))
    if not 0 < len(why) <= LONGEST_WHY or not why.isprintable():
        return _form(seat, form, ("why", "person_end.why_missing"))
    _note(wired, seat, person, why)
    return _confirm(wired, seat, person, because, why)


def _note(wired: Provider, seat: Seat, person: UUID, why: str) -> None:
    """Looking somebody up is an act: with its reason, before anything is shown (abuse case V-10)."""
    now = wired.clock()
    with wired.database.begin() as step:
        step.record(AuditRow(Event.PERSON_LOOKED_UP, now, person, detail={"by": seat.member.id, "why": why}))
        count_look_up(step, seat.member.id, wired.keyed.look_up.number("looked at", person.bytes), now)


def _find(wired: Provider, passport: str) -> UUID | None:
    if not PASSPORT.fullmatch(passport):
        return None
    with wired.database.read() as reading:
        return People(reading).with_identifier(wired.keyed.look_up.of("passport", passport))


def _confirm(wired: Provider, seat: Seat, person: UUID, because: str, why: str) -> Response:
    with wired.database.read() as reading:
        found = People(reading).find(person)
    assert found is not None
    record = open_record(wired, found.record, person)
    facts = [
        row("claim.name#ko-Hang", record.korean.full, "ko"),
        row("claim.name#en", record.latin.full, "en"),
        row("claim.birthdate", readable_date(record.birthdate, page_language())),
        row("person_end.because", f"person_end.becauses.{because}", say_value=True),
        row("person_end.why", why),
    ]
    content = {"person": str(person), "because": because, "why": why}
    proof = ask_proof(wired, seat, PURPOSE, content)
    return page("counter/end_confirm.html", here=HERE, staff=seat.member, facts_of=facts, proof=proof)


@pages.post("/counter/end/confirm")
def confirmed() -> Response:
    """The same, confirmed with the passkey: the person's status ends."""
    form = read_form()
    seat = seated(Act.PERSON_END)
    wired = provider()
    try:
        content = prove(wired, seat, form, PURPOSE)
    except NotProven as nothing:
        raise PageRefused("proof_missing", 422, str(nothing), onward=(HERE, "person_end.title")) from nothing
    try:
        wired.credential_office.change_person(
            UUID(content["person"]), PersonStatus(content["because"]), content["why"], by=seat.member.id
        )
    except Refusal as refusal:
        raise PageRefused("case_moved", 409, str(refusal), onward=(HERE, "person_end.title")) from refusal
    return page("counter/ended.html", here=HERE, staff=seat.member)
