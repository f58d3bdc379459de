"""Law 6 for a person's own pages: every gate of a session, before every page and every act. Generated from the map."""

import pytest
from sqlalchemy import update

from idp.claims.assurance import Fact, facts_to_text
from idp.credential.states import State
from idp.pages.account_gate import FRESH_SECONDS
from idp.people.status import PersonStatus
from idp.storage.account import Account
from idp.storage.models import Credential, Passkey, Session
from idp.storage.session_ends import SessionEnds
from idp.storage.sessions import ABSOLUTE_SECONDS, IDLE_SECONDS
from tests.ground import ORIGIN, Walker, copy_ground
from tests.pages.account_walks import FRESH, READ, enter

SOMEBODY = "00000000-0000-7000-8000-000000000000"
ACTS = {
    "/account/language": {"language": "en"},
    "/account/services/withdraw": {"service": "x"},
    "/account/sessions/end": {"session": "all"},
    "/account/data.json": {},
    "/account/passkeys/rename": {"passkey": SOMEBODY, "name": "x"},
    "/account/passkeys/remove": {"passkey": SOMEBODY},
    "/account/passkeys/new": {"credential": "{}", "request": "00", "name": "x"},
    "/account/stop": {"passkey": "unknown"},
    "/account/close": {"sure": "yes"},
    "/account/email": {"email": "other@example.org"},
    "/account/feedback": {"occasion": "first_sign_in", "ease": "5"},
}
ELSEWHERE = {
    "/account/resume",
    # Ways to prove oneself, and the phone number: an owner of their own kind, with tests of their own.
    "/account/sign-in",
    "/account/ended",
    "/account/ways",
    "/account/app",
    "/account/app/remove",
    "/account/printed",
    "/account/phone",
    "/account/phone/call",
    "/account/phone/code",
    "/account/phone/language",
    "/account/phone/message",
    "/account/phone/opt-in",
    "/account/phone/resend",
    "/account/phone/other",
}
FRESH_ACTS = {"/account/passkeys/remove", "/account/passkeys/new", "/account/close", "/account/email"}


@pytest.fixture(scope="module")
def place(template, tmp_path_factory):
    made = copy_ground(template, tmp_path_factory.mktemp("account_gates"))
    yield made
    made.provider.database.engine.dispose()


class Here:
    """A person signed in at their own pages."""

    def __init__(self, ground):
        self.ground = ground
        self.citizen = ground.enrol(number=f"+491511234{len(ground.citizens):04}")
        self.browser = ground.browser()
        enter(self.browser, self.citizen)
        self.form = self.browser.form("/account/language")


def ended(here: Here) -> None:
    with here.ground.provider.database.begin() as transaction:
        SessionEnds(transaction).of_person(here.citizen.person, here.ground.clock())


def no_cookie(here: Here) -> None:
    here.browser.client.delete_cookie("idp-session")


def idle(here: Here) -> None:
    here.ground.clock.now += IDLE_SECONDS


def over(here: Here) -> None:
    here.ground.clock.now += ABSOLUTE_SECONDS


def credential(state: State):
    return lambda here: here.ground.provider.credential_office.change_credential(here.citizen.person, state, "test")


def person(status: PersonStatus):
    return lambda here: here.ground.provider.credential_office.change_person(here.citizen.person, status, "test")


def credential_expired(here: Here) -> None:
    with here.ground.provider.database.begin() as transaction:
        mine = Credential.person_id == here.citizen.person
        transaction.run(update(Credential).where(mine).values(expires_at=here.ground.clock()))


def passkey_removed(here: Here) -> None:
    with here.ground.provider.database.begin() as transaction:
        transaction.run(update(Passkey).where(Passkey.person_id == here.citizen.person).values(state="removed"))


GATES = {
    "session ended": ended,
    "no cookie": no_cookie,
    "idle": idle,
    "twelve hours": over,
    "credential suspended": credential(State.SUSPENDED),
    "credential revoked": credential(State.REVOKED),
    "credential expired": credential_expired,
    "passkey removed": passkey_removed,
    "person suspended": person(PersonStatus.SUSPENDED),
    "person deceased": person(PersonStatus.DECEASED),
}


def rules(ground, method):
    found = {rule.rule for rule in ground.app.url_map.iter_rules() if method in rule.methods}
    return {rule for rule in found if rule.startswith("/account")} - ELSEWHERE


def test_every_page_and_act_of_the_map_is_in_these_tables(place):
    assert rules(place, "GET") == {*READ, *FRESH, "/account/passkeys/<uuid:row>/remove"}
    assert rules(place, "POST") == set(ACTS)


@pytest.mark.parametrize("gate", GATES)
def test_K_03_behind_a_closed_gate_every_page_asks_for_the_passkey_and_no_act_is_done(place, gate):
    here = Here(place)
    GATES[gate](here)
    before = place.contents()
    for path in (*READ, *FRESH, f"/account/passkeys/{SOMEBODY}/remove"):
        here.browser.get(path)
        assert 'action="/sign-in/passkey"' in here.browser.page.text, path
        assert "홍길동" not in here.browser.page.text
    for path, fields in ACTS.items():
        assert here.browser.post(path, here.form | fields).status_code == 403, path
    assert place.contents() == before


@pytest.mark.parametrize("path", ACTS)
def test_CS_01_an_act_needs_the_form_of_this_browser(place, path):
    here = Here(place)
    before = place.contents()
    fields = ACTS[path]
    stranger = place.browser()
    enter(stranger, here.citizen)
    foreign = stranger.form("/account/language")
    before = place.contents()
    for form in (fields, here.form | fields | {"csrf": "0" * 64}, foreign | fields):
        assert here.browser.post(path, form).status_code == 403
    for headers in ({"Origin": "https://evil.example"}, {"Origin": "null"}, {"Sec-Fetch-Site": "cross-site"}):
        assert here.browser.post(path, here.form | fields, headers=headers).status_code == 403
    assert place.contents() == before


@pytest.mark.parametrize("path", sorted(FRESH_ACTS))
def test_V_05_a_grave_act_takes_proofs_of_the_last_minutes(place, path):
    here = Here(place)
    place.clock.now += FRESH_SECONDS + 1
    before = place.contents()
    assert here.browser.post(path, here.form | ACTS[path]).status_code == 403
    assert place.contents() == before


@pytest.mark.parametrize("path", FRESH)
def test_V_05_a_page_of_a_grave_act_asks_for_both_proofs_anew_and_comes_back(place, path):
    here = Here(place)
    place.clock.now += FRESH_SECONDS
    assert 'action="/sign-in/passkey"' not in here.browser.get(path).text
    place.clock.now += 1
    assert 'action="/sign-in/passkey"' in here.browser.get(path).text
    enter(here.browser, here.citizen, path)


def test_K_03_a_session_of_the_passkey_alone_is_not_enough(place):
    here = Here(place)
    weaker = facts_to_text({Fact.PASSKEY, Fact.USER_VERIFIED, Fact.PROOFED})
    with place.provider.database.begin() as transaction:
        transaction.run(update(Session).where(Session.person_id == here.citizen.person).values(facts=weaker))
    assert 'action="/sign-in/passkey"' in here.browser.get("/account").text
    assert here.browser.post("/account/data.json", here.form).status_code == 403
    place.clock.now += 61
    enter(here.browser, here.citizen)


def test_every_page_is_kept_by_nobody_and_framed_by_nobody(place):
    here = Here(place)
    for path in (*READ, *FRESH):
        page = here.browser.get(path)
        assert page.headers["Cache-Control"] == "no-store"
        assert page.headers["X-Frame-Options"] == "DENY"
        assert "Cookie" in page.headers["Vary"]


def test_law_5_nobody_else_can_ask_for_the_entry(place):
    here = Walker(place)
    for client in ("account:", "account%3A"):
        query = f"client_id={client}&redirect_uri={ORIGIN}/account&response_type=code&scope=openid"
        assert here.get(f"/authorize?{query}").status_code == 400
    assert here.post("/par", {"client_id": "account:"}).status_code == 401


def test_another_persons_session_and_passkey_do_not_exist(place):
    here, other = Here(place), Here(place)
    with place.provider.database.read() as reading:
        theirs = Account(reading, other.citizen.person).passkeys()[0].id
        cookie = Account(reading, other.citizen.person).happened()
    session = next(one.detail["session"] for one in cookie if one.event == "person:session:started")
    before = place.contents()
    here.browser.post("/account/sessions/end", here.form | {"session": session})
    here.browser.post("/account/passkeys/rename", here.form | {"passkey": str(theirs), "name": "mine"})
    assert here.browser.post("/account/passkeys/remove", here.form | {"passkey": str(theirs)}).status_code in {404, 409}
    assert here.browser.get(f"/account/passkeys/{theirs}/remove").status_code == 404
    assert place.contents() == before
