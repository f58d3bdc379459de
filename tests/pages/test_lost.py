"""The page for a lost phone: what stops, what does not, and that the answer to everything else is one."""

from dataclasses import replace

import pytest
from sqlalchemy import select

from idp.authenticators import printed_code
from idp.credential.address_link import address_secret
from idp.delivery.mail import KIND, MailKind, read_payload
from idp.keys.sealing import row_context
from idp.pages.lost import read_date
from idp.staff.member import appointment
from idp.staff.roles import Role
from idp.storage.account import Account
from idp.storage.models import OutboxRow
from idp.storage.second_proofs import SecondProofs
from tests.ground import RECORD, copy_ground, visible
from tests.pages.account_walks import add_passkey, enter, passkeys, resume
from tests.statements import watched

CODE = "ABCD2345"


@pytest.fixture
def ground(template, tmp_path):
    made = copy_ground(template, tmp_path, mail="file", mails_file=tmp_path / "mails.jsonl")
    yield made
    made.provider.database.engine.dispose()


def letters(ground):
    """(kind, address, link) of the letters in the outbox, oldest first."""
    wired = ground.provider
    with wired.database.read() as reading:
        rows = reading.all(select(OutboxRow).where(OutboxRow.kind == KIND).order_by(OutboxRow.id))
    found = [read_payload(wired.sealers.outbox.open(r.payload, row_context("outbox", "payload", r.id))) for r in rows]
    return [(one.kind, one.to, one.link) for one in found]


def link_of(ground, citizen):
    wired = ground.provider
    with wired.database.read() as reading:
        credential = Account(reading, citizen.person).credentials()[-1].id
    return wired.letters.stop_address(citizen.person, credential)


def by_link(browser, link, born="19800131"):
    browser.get("/lost")
    return browser.submit("/lost/link", secret=link, birthdate=born)


def by_paper(browser, number="+4915112345678", code="abcd-2345"):
    browser.get("/lost")
    return browser.submit("/lost/paper", number=number, code=code)


def give_paper(ground, citizen):
    wired = ground.provider
    with wired.database.begin() as transaction:
        digest = printed_code.digest_of(CODE, citizen.person, wired.keyed.printed_code)
        SecondProofs(transaction).replace_printed(citizen.person, [digest], ground.clock())


STOPPED = "모바일 신분증 사용을 멈췄습니다"
NOT_STOPPED = "멈추지 않았습니다"


def test_the_link_of_a_letter_and_the_date_of_birth_stop_at_once(ground, citizen, browser, service):
    tokens = ground.browser().tokens(service, citizen, scope="openid offline_access")
    assert STOPPED in visible(by_link(browser, link_of(ground, citizen)))
    assert browser.userinfo(tokens["access_token"]).status_code == 401
    browser.authorize(service)
    browser.passkey(citizen)
    assert browser.page.status_code == 403
    assert [kind for kind, _, _ in letters(ground)] == [MailKind.STOPPED]
    before = ground.contents()
    assert STOPPED in visible(by_link(browser, link_of(ground, citizen)))  # twice is no different
    assert ground.contents() == before


def test_a_printed_code_and_the_number_stop_at_once_and_the_code_is_spent(ground, citizen, browser):
    give_paper(ground, citizen)
    assert STOPPED in visible(by_paper(browser))
    assert "person:credential:suspended" in ground.events()
    assert NOT_STOPPED in visible(by_paper(browser))


def test_Y_01_law_1_whatever_proves_nothing_gets_one_answer_and_writes_nothing(ground, citizen, browser):
    give_paper(ground, citizen)
    other = ground.enrol(number="+4915187654321")
    good, strange = link_of(ground, citizen), link_of(ground, other)
    before = ground.contents()
    answers = [
        by_link(browser, good, "19800201").text,
        by_link(browser, good, "").text,
        by_link(browser, good[:-4] + "AAAA").text,
        by_link(browser, good.split("#")[0]).text,
        by_link(browser, "").text,
        by_link(browser, strange[: len(good) - 40] + good[-40:]).text,
        by_paper(browser, code="ABCD-2346").text,
        by_paper(browser, number="+4915187654321").text,  # somebody else's number
        by_paper(browser, number="+4915199999999").text,  # nobody's
        by_paper(browser, number="no number").text,
        by_paper(browser, code="").text,
    ]
    assert len(set(answers)) == 1
    assert NOT_STOPPED in answers[0]
    assert ground.contents() == before


def test_Y_01_a_number_of_nobody_is_looked_up_with_as_many_statements_as_somebodys(ground, citizen, browser):
    give_paper(ground, citizen)
    work = []
    for number in ("+4915112345678", "+4915187654321"):
        seen = []
        browser.get("/lost")
        with watched(ground.provider.database, seen.append):
            browser.submit("/lost/paper", number=number, code="ABCD-2346")
        work.append(seen)
    assert work[0] == work[1]


def test_the_date_of_birth_is_not_to_be_guessed(ground, citizen, browser):
    link = link_of(ground, citizen)
    for day in range(1, 11):
        by_link(browser, link, f"198001{day:02}")
    assert NOT_STOPPED in visible(by_link(ground.browser(), link))
    ground.clock.now += 86_400
    assert STOPPED in visible(by_link(ground.browser(), link))


def test_naming_the_lost_passkey_lets_another_go_on(ground, citizen, browser):
    second = add_passkey(browser, citizen)
    stranger = ground.browser()
    page = by_link(stranger, link_of(ground, citizen))
    assert "Second" in visible(page)
    assert resume(ground.browser(), second).status_code == 403  # nothing was named yet
    stranger.page = page
    stranger.submit("/lost/which", passkey=passkeys(ground, citizen)[0][0])
    assert ground.events()[-1] == "person:passkey:distrusted"
    assert resume(ground.browser(), citizen).status_code == 403
    assert resume(ground.browser(), second).status_code == 200
    kinds = [kind for kind, _, _ in letters(ground)]
    assert kinds == [MailKind.PASSKEY_ADDED, MailKind.STOPPED, MailKind.RESUMED]


def test_the_question_which_passkey_is_for_this_browser_and_not_for_long(ground, citizen, browser):
    add_passkey(browser, citizen)
    stranger = ground.browser()
    page = by_link(stranger, link_of(ground, citizen))
    form = stranger.form("/lost/which") | {"passkey": passkeys(ground, citizen)[0][0]}
    other = ground.browser()
    other.get("/lost")
    theirs = other.form("/lost/link")["csrf"]
    before = ground.contents()
    assert other.post("/lost/which", form | {"csrf": theirs}).status_code == 400
    ground.clock.now += 900
    stranger.page = page
    assert stranger.post("/lost/which", form).status_code == 400
    assert ground.contents() == before


def test_a_person_can_keep_their_address_for_an_emergency(ground, citizen, browser):
    page = enter(browser, citizen, "/account/stop")
    address = page.text.split('id="stop-address">')[1].split("<")[0]
    assert address == link_of(ground, citizen)


@pytest.mark.parametrize(
    ("typed", "read"),
    [
        ("19800131", "1980-01-31"),
        ("1980-01-31", "1980-01-31"),
        ("1980. 1. 31", None),
        ("１９８００１３１", "1980-01-31"),
        ("19800231", None),
        ("", None),
        ("x" * 1000, None),
        ("00000000", None),
    ],
)
def test_a_date_is_read_in_any_grouping(typed, read):
    assert read_date(typed) == read


def test_a_letter_goes_to_a_verified_address_only(template, tmp_path):
    ground = copy_ground(template, tmp_path, mail="file")
    for number, record in enumerate((replace(RECORD, email_verified=False), replace(RECORD, email=None))):
        citizen = ground.enrol(record, f"+491511234567{number}")
        browser = ground.browser()
        enter(browser, citizen, "/account/stop")
        browser.submit("/account/stop")
    assert "person:credential:suspended" in ground.events()
    assert letters(ground) == []
    ground.provider.database.engine.dispose()


def test_E_03_mailbox_and_phone_together_recover_nothing(ground, citizen):
    """Whoever holds them can stop the mobile ID, and that is all: a new one takes a mission and the person."""
    wired, thief = ground.provider, ground.browser()
    confirm = address_secret(citizen.person, RECORD.email, ground.clock(), wired.keyed.address_link)
    thief.get("/email")
    thief.submit("/email", secret=confirm)
    by_link(thief, link_of(ground, citizen))
    thief.get("/account/resume")
    thief.submit("/account/resume", credential="{}")
    for path in ("/account", "/account/passkeys/new", "/account/email"):
        assert 'action="/sign-in/passkey"' in thief.get(path).text
    assert thief.get("/account/phone").status_code == 303
    assert ground.codes() == []  # nobody who holds no passkey makes a code leave
    assert ground.rows("sessions") == 0
    assert [state for _, _, state in passkeys(ground, citizen)] == ["active"]
    with wired.database.read() as reading:
        assert [one.state for one in Account(reading, citizen.person).credentials()] == ["suspended"]


@pytest.mark.parametrize("edit", [lambda s: s[:-1], lambda s: s[:-2] + "AA", lambda s: "A" * len(s), lambda s: s + "A"])
def test_E_06_a_link_that_was_edited_opens_nothing(ground, citizen, edit):
    """Of an enrolment, an invitation, a letter that stops, a letter that confirms."""
    wired = ground.provider
    enrolment = wired.credential_office.begin_enrolment(RECORD).rpartition("#")[2]
    invited = wired.staff.invite(appointment("박관리", Role.ADMINISTRATOR, None)).rpartition("#")[2]
    address = address_secret(citizen.person, RECORD.email, ground.clock(), wired.keyed.address_link)
    before = ground.contents()
    browser = ground.browser()
    for page, action, secret, status in (
        ("/enrol", "/enrol/open", enrolment, 400),
        ("/staff/join", "/staff/join", invited, 400),
        ("/email", "/email", address, 200),
    ):
        browser.get(page)
        assert browser.submit(action, secret=edit(secret)).status_code == status
    assert "멈추지 않았습니다" in visible(by_link(browser, edit(link_of(ground, citizen))))
    assert ground.contents() == before
