"""How acts come to wait at the console and are decided, for the tests of its pages."""

import json
from uuid import UUID

from sqlalchemy import select, text

from idp.staff.roles import Role
from idp.storage.models import OutboxRow, Session
from tests.ground import visible
from tests.staff.colleagues import answer, appoint, at_desk

DOCUMENT = {
    "client_name": "새 서비스",
    "redirect_uris": ["https://new.example.kr/cb"],
    "scope": "openid profile",
    "legal_grounds": {"profile": "재외국민등록법 제7조"},
}
GROUND = "재외국민등록법 제7조에 따른 본인확인"


def ask_rotation(office, by=None):
    """The key of an act that waits."""
    browser = at_desk(office, by or appoint(office, Role.OPERATOR))
    browser.get("/console/keys")
    browser.submit("/console/keys", ground="They are a year old.")
    assert browser.page.status_code == 303, visible(browser.page)
    return UUID(browser.page.headers["Location"].rsplit("/", 1)[1])


def propose(office, client_id, document=DOCUMENT, by=None):
    """The key of a proposal that waits."""
    colleague = by or appoint(office, Role.ADMINISTRATOR)
    browser = at_desk(office, colleague)
    browser.get("/console/proposals/new")
    fields = {"client_id": client_id, "metadata": json.dumps(document), "ground": GROUND}
    browser.submit("/console/proposals", **fields)
    assert browser.page.status_code == 303, visible(browser.page)
    return UUID(browser.page.headers["Location"].rsplit("/", 1)[1])


def waiting_message(ground, service):
    """The key of a message that waits in the outbox."""
    walker = ground.browser()
    walker.authorize(service)
    walker.passkey(ground.enrol())
    with ground.provider.database.read() as reading:
        return str(reading.all(select(OutboxRow.id))[0][0])


def live_session(ground, service):
    """The key of somebody's session."""
    ground.browser().sign_in(service, ground.enrol())
    with ground.provider.database.read() as reading:
        return str(reading.all(select(Session.id))[0][0])


def decide(ground, colleague, row, decision):
    """Decide an act that waits, in a browser of their own."""
    browser = at_desk(ground, colleague)
    browser.get(f"/console/acts/{row}")
    browser.submit(f"/console/acts/{row}", decision=decision)
    return answer(browser, "/console/confirm", colleague)


def detail_of(ground, event):
    """The detail of the newest audit row of an event."""
    with ground.provider.database.read() as reading:
        rows = reading.all(text("SELECT detail FROM audit_events WHERE event = :event ORDER BY id"), event=event)
    return json.loads(rows[-1].detail)
