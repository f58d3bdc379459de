"""E-08: what a replacement at a counter ends beside the mobile ID itself, and who hears of it."""

from uuid import UUID

from sqlalchemy import select, text

from idp.credential.states import State
from idp.delivery.notices import KIND as NOTICE
from idp.delivery.notices import read_payload
from idp.keys.sealing import row_context
from idp.staff.roles import Role
from idp.storage.account import Account
from idp.storage.models import OutboxRow
from idp.storage.passkeys import Passkeys
from idp.storage.second_proofs import SecondProofs
from idp.storage.shared_numbers import holders_of
from tests.ground import visible
from tests.missions.counters import Phone, counter, issue
from tests.second_proofs import give_app, give_printed
from tests.staff.colleagues import appoint


def test_E_08_passkeys_and_the_app_of_before_are_keys_to_nothing_and_count_for_nothing(ground):
    """The only working passkey stays, whatever else was made for the mobile ID that was replaced."""
    at, old, new = counter(ground), Phone(ground), Phone(ground, "+4915187654321")
    issue(at, old)
    with ground.provider.database.read() as reading:
        person = UUID(str(reading.one(text("SELECT id FROM persons")).id))
        before = Account(reading, person).passkeys()[0].id
    give_app(ground, person)
    printed = give_printed(ground, person)
    at.start(kind="replace")
    at.second(appoint(ground, Role.SUPERVISOR, name="박책임"))
    assert at.confirm(new.enrol(at.link())).status_code == 303
    waits = visible(at.look())
    assert [waits.count(state) for state in ("두 번째 패스키 대기", "종이 인증번호 완료", "인증 앱 대기")] == [1, 1, 1]
    assert visible(new.browser.get("/enrol/now")).count("준비됨") == 1  # the sheet is kept elsewhere
    with ground.provider.database.begin() as step:
        account = Account(step, person)
        assert [one.id != before for one in account.passkeys()] == [True]
        assert len(account.every_passkey()) == 2
        assert not account.distrust_passkey(before)
        assert len(Passkeys(step).ids_of(person)) == 1
        assert not SecondProofs(step).remove_app(person)
        assert SecondProofs(step).printed_left(person) == len(printed)
    assert ground.events().count("staff:authenticator_app:ended") == 1


def test_E_08_the_number_of_a_lost_phone_hears_of_its_end_and_of_nothing_after_it(ground):
    at, old, new = counter(ground), Phone(ground), Phone(ground, "+4915187654321")
    issue(at, old)
    at.start(kind="replace")
    at.second(appoint(ground, Role.SUPERVISOR, name="박책임"))
    assert at.confirm(new.enrol(at.link())).status_code == 303
    wired = ground.provider
    with wired.database.begin() as step:
        person = UUID(str(step.one(text("SELECT id FROM persons")).id))
        assert wired.notices.tell(step, person, "passkey_added", ground.clock()) == 1
        holders = {
            number: holders_of(step, wired.keyed.look_up.of("phone", number)) for number in (old.number, new.number)
        }
    assert holders == {old.number: set(), new.number: {person}}
    told = [(one.notice, one.to) for one in notices(ground)]
    assert ("replaced", old.number) in told
    assert ("passkey_added", new.number) in told


def test_E_08_who_had_given_theirs_up_is_told_at_the_number_of_before_that_another_was_issued(ground):
    at, old, new = counter(ground), Phone(ground), Phone(ground, "+4915187654321")
    issue(at, old)
    with ground.provider.database.begin() as step:
        person = UUID(str(step.one(text("SELECT id FROM persons")).id))
    ground.provider.credential_office.change_credential(person, State.REVOKED, "given up")
    at.start(kind="replace")
    at.second(appoint(ground, Role.SUPERVISOR, name="박책임"))
    before = len(notices(ground))
    assert at.confirm(new.enrol(at.link())).status_code == 303
    assert [(one.notice, one.to) for one in notices(ground)[before:]] == [("issued", old.number)]


def notices(ground):
    """What waits in the outbox to be told by message."""
    opened = ground.provider.sealers.outbox.open
    with ground.provider.database.read() as reading:
        rows = reading.all(
            select(OutboxRow.id, OutboxRow.payload).where(OutboxRow.kind == NOTICE).order_by(OutboxRow.id)
        )
    return [read_payload(opened(row.payload, row_context("outbox", "payload", row.id))) for row in rows]
