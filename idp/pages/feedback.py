"""/account/feedback: the two questions, asked once after each occasion, and never in the way of anything.

After the issue they stand at the end of the last page, in the browser in which somebody was enrolled just now. Those
about the first sign-in to a service wait where its person meets us next: on that same last page, to which the phone
comes back from the service that was opened there, and on the person's own pages. A page of ours on the way to the
service would be in the way, the page that asks for consent asks for nothing else, and a message or a letter would come
unasked. Who meets neither page is not asked.
"""

from uuid import UUID

from flask import Blueprint, Response

from idp.audit.catalogue import AuditRow, Event
from idp.missions.feedback import QUESTIONS, Occasion, read_answers
from idp.pages.account_gate import act, look
from idp.pages.forms import read_form
from idp.pages.owner import find_owner
from idp.pages.refusals import PageRefused
from idp.pages.rendering import page, provider
from idp.provider import Provider
from idp.storage import Transaction
from idp.storage.account import Account
from idp.storage.figures import Figures

pages = Blueprint("feedback", __name__)
HERE = "/account/feedback"


def waiting(reading: Transaction, person: UUID, now: int) -> Occasion | None:
    """After what this person may still be asked: the first sign-in, once there was one; else the issue."""
    wanted = Occasion.FIRST_SIGN_IN if Account(reading, person).consents(now) else Occasion.ISSUED
    return None if wanted.value in Figures(reading).was_asked(person) else wanted


def _just_enrolled(wired: Provider) -> UUID | None:
    owner = find_owner(wired)
    return owner.person_id if owner is not None and owner.passkey_id is None else None


@pages.get("/account/feedback")
def ask() -> Response:
    """The questions."""
    wired = provider()
    person = _just_enrolled(wired)
    occasion = Occasion.ISSUED
    if person is None:
        person = look().person
        with wired.database.read() as reading:
            occasion = waiting(reading, person, wired.clock()) or Occasion.FIRST_SIGN_IN
    return page("account/feedback.html", here=HERE, occasion=occasion.value, questions=QUESTIONS[occasion])


@pages.post("/account/feedback")
def answer() -> Response:
    """The answers, counted once; what was left out is no answer, and nothing at all is fine too."""
    wired = provider()
    person = _just_enrolled(wired)
    enrolled = person is not None
    if person is None:
        visit, form = act()
        person = visit.person
    else:
        form = read_form()
    occasion = _occasion(form.get("occasion", ""))
    answers, now = read_answers(occasion, form), wired.clock()
    if answers:
        with wired.database.begin() as step:
            if Figures(step).answer(person, occasion, answers, now):
                step.record(AuditRow(Event.FEEDBACK_GIVEN, now, person, detail={"occasion": occasion.value}))
    onward = "/enrol/now" if enrolled else "/account"
    return page("account/feedback_thanks.html", here=onward, onward=onward, answered=bool(answers))


def _occasion(text: str) -> Occasion:
    try:
        return Occasion(text)
    except ValueError:
        raise PageRefused("invalid_request", 400, "no such occasion") from None
