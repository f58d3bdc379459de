"""POST /inbound: STOP by a vendor's signed word is kept, START takes it back, and nobody else changes anything."""

import pytest

from idp.storage.opt_outs import OptOuts
from tests.endpoints.test_receipts import ground, post  # noqa: F401 (the fixture of the same installation)
from tests.ground import PHONE

NUMBER = "+4915187654321"


def is_out(ground, number=NUMBER):  # noqa: F811
    wired = ground.provider
    with wired.database.read() as reading:
        return OptOuts(reading).is_out(wired.keyed.look_up.of("phone", number))


def test_stop_is_kept_once_and_start_takes_it_back(ground):  # noqa: F811
    for _ in range(2):
        assert post(ground, {"from": NUMBER, "text": "STOP"}, path="/inbound/relay") == (204, b"")
    assert is_out(ground)
    assert ground.events().count("provider:phone_number:opted_out") == 1
    assert post(ground, {"from": NUMBER, "text": "START"}, path="/inbound/relay") == (204, b"")
    assert not is_out(ground)
    assert post(ground, {"from": NUMBER, "text": "START"}, path="/inbound/relay") == (204, b"")
    assert ground.events().count("person:phone_number:opted_in") == 1


def test_Y_01_the_answer_is_the_same_whoever_has_the_number(ground):  # noqa: F811
    answers = {post(ground, {"from": number, "text": "STOP"}, path="/inbound/relay") for number in (PHONE, "+12", "x")}
    assert answers == {(204, b"")}


@pytest.mark.parametrize(
    "changed",
    [
        {"secret": "another"},
        {"at": 0},
        {"path": "/inbound/silent"},
        {"path": "/inbound/nobody"},
        {"path": "/inbound/file"},
    ],
)
def test_what_is_not_signed_is_refused_alike_and_writes_nothing(ground, changed):  # noqa: F811
    before = ground.contents()
    assert post(ground, {"from": NUMBER, "text": "STOP"}, **({"path": "/inbound/relay"} | changed)) == (403, b"")
    assert ground.contents() == before
