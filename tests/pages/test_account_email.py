"""Where letters go: confirmed by who reads the mailbox, changed by who holds both proofs, the old one told."""

from dataclasses import replace

import pytest

from idp.credential.address_link import GOOD_SECONDS, address_secret, read_address_secret
from idp.delivery.mail import MailKind
from idp.pages.counter_intake import merged
from idp.staff.roles import Role
from tests.ground import RECORD, copy_ground, visible
from tests.missions.counters import Counter, Phone, counter, issue
from tests.pages.account_walks import enter
from tests.pages.test_lost import by_link, letters
from tests.staff.colleagues import appoint


@pytest.fixture
def ground(template, tmp_path):
    made = copy_ground(template, tmp_path, mail="file", mails_file=tmp_path / "mails.jsonl")
    yield made
    made.provider.database.engine.dispose()


def kinds(ground):
    return [kind for kind, _, _ in letters(ground)]


def confirm(ground, link):
    browser = ground.browser()
    browser.get("/email")
    return browser.submit("/email", secret=link)


def test_an_address_of_the_counter_counts_once_its_mailbox_has_answered(ground):
    issue(counter(ground), Phone(ground), email="gildong@example.org")
    assert [(kind, to) for kind, to, _ in letters(ground)] == [(MailKind.CONFIRM_ADDRESS, "gildong@example.org")]
    link = letters(ground)[0][2]
    assert "확인했습니다" in visible(confirm(ground, link))
    kind, _, stop = letters(ground)[-1]
    assert kind is MailKind.ADDRESS_CONFIRMED
    confirm(ground, link)  # once more changes nothing
    assert len(letters(ground)) == 2
    assert ground.events().count("person:email:confirmed") == 1
    assert "멈췄습니다" in visible(by_link(ground.browser(), stop))


def test_E_08_a_replacement_tells_the_address_of_before_and_not_the_one_that_was_typed(ground):
    issue(counter(ground), Phone(ground), email="gildong@example.org")
    confirm(ground, letters(ground)[0][2])
    ground.clock.now += 40 * 86_400
    tokyo = Counter(ground, "tokyo")
    issue(tokyo, Phone(ground, "+4915187654321"), kind="replace", email="thief@example.org")
    told = [(kind, to) for kind, to, _ in letters(ground)[2:]]
    assert told == [
        (MailKind.CASE_BEGUN, "gildong@example.org"),
        (MailKind.REPLACED, "gildong@example.org"),
        (MailKind.CONFIRM_ADDRESS, "thief@example.org"),
    ]
    assert "멈췄습니다" in visible(by_link(ground.browser(), letters(ground)[3][2]))  # it stops the new one


@pytest.mark.parametrize(("days", "letters_to_confirm"), [(13, 1), (14, 2)])
def test_a_mailbox_that_can_still_answer_is_not_asked_again(ground, days, letters_to_confirm):
    issue(counter(ground), Phone(ground), email="gildong@example.org")
    ground.clock.now += days * 86_400
    at = Counter(ground, "tokyo")
    at.start(kind="replace")
    at.second(appoint(ground, Role.OFFICER, "tokyo", "둘째"))
    assert at.confirm(Phone(ground, "+4915187654321").enrol(at.link())).status_code == 303
    assert [(kind, to) for kind, to, _ in letters(ground)] == [
        (MailKind.CONFIRM_ADDRESS, "gildong@example.org")
    ] * letters_to_confirm


def test_an_address_that_an_officer_types_anew_is_not_confirmed():
    assert not merged(RECORD, replace(RECORD, email="other@example.org", email_verified=False)).email_verified
    assert merged(RECORD, replace(RECORD, email_verified=False)).email_verified
    assert merged(RECORD, replace(RECORD, email=None, email_verified=False)).email == RECORD.email


def test_Y_01_law_1_whatever_confirms_nothing_gets_one_answer_and_writes_nothing(ground, citizen):
    wired, now = ground.provider, ground.clock()
    mine = address_secret(citizen.person, "other@example.org", now, wired.keyed.address_link)
    old = address_secret(citizen.person, RECORD.email, now - GOOD_SECONDS, wired.keyed.address_link)
    stranger = address_secret(wired.world.new_id(), RECORD.email, now, wired.keyed.address_link)
    before, said = ground.contents(), set()
    for secret in ("", "x", mine, old, stranger, mine[:-4] + "AAAA", "A" * 76, "가" * 76):
        page = confirm(ground, secret)
        assert page.status_code == 200
        said.add(visible(page))
    assert len(said) == 1
    assert ground.contents() == before


def test_a_secret_is_read_only_as_it_was_written(ground, citizen):
    secret = address_secret(citizen.person, "a@b.example", 7, ground.provider.keyed.address_link)
    assert read_address_secret(f"http://localhost/email#{secret}").person == citizen.person
    assert read_address_secret(secret).made_at == 7
    assert read_address_secret(secret[:-1]) is None


def test_its_owner_changes_it_and_the_address_before_is_told(ground, citizen):
    browser = ground.browser()
    assert "gildong@example.org" in visible(enter(browser, citizen, "/account/email"))
    browser.submit("/account/email", email="gildong@example.org")  # nothing new
    assert kinds(ground) == []
    browser.submit("/account/email", email="new@example.org")
    assert [(kind, to) for kind, to, _ in letters(ground)] == [
        (MailKind.ADDRESS_CHANGED, "gildong@example.org"),
        (MailKind.CONFIRM_ADDRESS, "new@example.org"),
    ]
    old_link = letters(ground)[-1][2]
    browser.submit("/account/email", email="newer@example.org")
    assert "확인하지 못했습니다" in visible(confirm(ground, old_link))
    assert browser.submit("/account/email", email="no address").status_code == 422


def test_only_so_many_letters_a_day(ground, citizen):
    browser = ground.browser()
    enter(browser, citizen, "/account/email")
    form = browser.form("/account/email")
    codes = [browser.post("/account/email", form | {"email": f"a{n}@example.org"}).status_code for n in range(6)]
    assert codes == [200] * 5 + [429]
    ground.clock.now += 86_400
    enter(browser, citizen, "/account/email")
    assert browser.submit("/account/email", email="b@example.org").status_code == 200
