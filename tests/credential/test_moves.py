"""Each move of a credential on the running thing: legal ones are told and noted, every other one changes nothing."""

from itertools import product

import pytest
from sqlalchemy import select, text, update

from idp.credential.states import MOVES, IllegalMove, State
from idp.delivery.mail import KIND as LETTER
from idp.delivery.notices import KIND as NOTICE
from idp.delivery.notices import read_payload
from idp.keys.sealing import row_context
from idp.storage.citizen_letters import LETTERS
from idp.storage.models import Credential, OutboxRow
from tests.ground import RECORD, copy_ground


@pytest.fixture(scope="module")
def place(template, tmp_path_factory):
    directory = tmp_path_factory.mktemp("moves")
    made = copy_ground(template, directory, mail="file", mails_file=directory / "mails.jsonl")
    yield made
    made.provider.database.engine.dispose()


def queued(ground, kind):
    with ground.provider.database.read() as reading:
        return reading.all(select(OutboxRow).where(OutboxRow.kind == kind).order_by(OutboxRow.id))


@pytest.mark.parametrize(("before", "to"), list(product(State, State)), ids=lambda state: state.value)
def test_a_move_is_told_on_every_channel_and_noted_or_does_not_happen(place, before, to):
    wired, citizen = place.provider, place.enrol(RECORD, number=f"+491511235{len(place.citizens):04}")
    mine = Credential.person_id == citizen.person
    with wired.database.begin() as step:
        step.run(text("DELETE FROM outbox"))
        step.run(update(Credential).where(mine).values(state=before.value))
    was = place.contents()
    if (before, to) not in MOVES:
        with pytest.raises(IllegalMove):
            wired.credential_office.change_credential(citizen.person, to, "test")
        assert place.contents() == was
        return
    wired.credential_office.change_credential(citizen.person, to, "test")
    with wired.database.read() as reading:
        assert reading.one(select(Credential.state).where(mine)).state == to.value
        noted = reading.all(text("SELECT detail FROM audit_events WHERE event = 'operator:credential:changed'"))
    assert f'"from":"{before.value}","to":"{to.value}"' in noted[-1].detail.replace(" ", "")
    [notice], letters = queued(place, NOTICE), queued(place, LETTER)
    opened = wired.sealers.outbox.open(notice.payload, row_context("outbox", "payload", notice.id))
    assert read_payload(opened).notice == MOVES[before, to]
    assert len(letters) == 1
    assert MOVES[before, to] in LETTERS
