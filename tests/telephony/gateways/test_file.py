"""The demonstration's gateway: lines of a file, for its owner alone, bounded, once each."""

import fcntl
import json
import multiprocessing
import stat
from dataclasses import replace
from threading import Thread
from uuid import UUID

import pytest

from idp.keys.identifiers import new_id
from idp.telephony.channel import Channel
from idp.telephony.gateways.contract import Message, TemporaryFailure
from idp.telephony.gateways.file import KEPT, FileGateway, SentMessage, read_messages

NOW = 1_800_000_000


def message(number, to="+4915112345678", body="Hello\n@id.example #482913"):
    return Message(UUID(int=number), to, body, "DE")


@pytest.fixture
def path(tmp_path):
    return tmp_path / "var" / "messages.jsonl"


@pytest.fixture
def gateway(path):
    return FileGateway(path, lambda: NOW)


def test_a_line_holds_what_the_demo_phone_shows(gateway, path):
    gateway.send(message(1))
    assert json.loads(path.read_text("utf-8")) == {
        "id": str(UUID(int=1)),
        "to": "+4915112345678",
        "text": "Hello\n@id.example #482913",
        "at": NOW,
        "code": "482913",
        "channel": "sms",
    }


def test_a_call_is_written_down_with_the_code_that_it_says(gateway, path):
    gateway.send(replace(message(1, body="Code: 4, 8, 2.\n4, 8, 2, 9, 1, 3. Bye."), channel=Channel.VOICE))
    (line,) = read_messages(path)
    assert (line.channel, line.code) == ("voice", "482913")


def test_only_its_owner_may_read_the_messages(gateway, path):
    gateway.send(message(1))
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ("x\n@id.example #482913", "482913"),
        ("x @id.example #482913", ""),
        ("x\n@id.example #482913\nmore", ""),
        ("x\n@id.example #482913\n", ""),
        ("no code", ""),
    ],
)
def test_the_code_is_read_from_the_last_line_only(gateway, path, body, code):
    gateway.send(message(1, body=body))
    assert read_messages(path)[0].code == code


def test_messages_are_listed_newest_first_and_by_number(gateway, path):
    gateway.send(message(1, to="+821012345678"))
    gateway.send(message(2))
    gateway.send(message(3, to="+821012345678"))
    assert [m.id for m in read_messages(path)] == [str(UUID(int=n)) for n in (3, 2, 1)]
    assert [m.id for m in read_messages(path, "+821012345678")] == [str(UUID(int=n)) for n in (3, 1)]
    assert read_messages(path, "+1") == []


def test_of_one_second_the_one_that_was_asked_for_last_is_the_newest_whoever_left_first(gateway, path):
    """Several leave at once: somebody who began anew within a second reads the code that is theirs now first."""
    asked = [new_id(1_800_000_000_000 + n, bytes) for n in (0, 30, 31)]
    for one in (asked[2], asked[0], asked[1]):
        gateway.send(Message(one, "+4915112345678", "Hello\n@id.example #482913", "DE"))
    assert [m.id for m in read_messages(path)] == [str(one) for one in reversed(asked)]


def test_nothing_was_sent_yet(path):
    assert read_messages(path) == []


def test_only_the_last_messages_are_kept_and_the_file_stays_small(gateway, path):
    for number in range(KEPT + 450):
        gateway.send(message(number))
    listed = read_messages(path)
    assert len(listed) == KEPT
    assert listed[0].id == str(UUID(int=KEPT + 449))
    assert KEPT <= len(path.read_text("utf-8").splitlines()) <= KEPT + 200
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    gateway.send(message(KEPT + 449))
    assert len({m.id for m in read_messages(path)}) == KEPT


def test_another_worker_that_died_before_recording_does_not_make_it_two(gateway, path):
    gateway.send(message(1))
    FileGateway(path, lambda: NOW + 90).send(message(1))
    assert read_messages(path) == [SentMessage(str(UUID(int=1)), "+4915112345678", message(1).body, NOW, "482913")]


def test_a_line_that_another_worker_wrote_is_seen(gateway, path):
    gateway.send(message(1))
    FileGateway(path, lambda: NOW).send(message(2))
    gateway.send(message(2))
    assert len(read_messages(path)) == 2


@pytest.mark.parametrize("torn", ['{"id": "x", "to', "null\n", "[]\n", '{"other": 1}\n', "\x00\xff\n"])
def test_a_torn_line_loses_nothing_else(gateway, path, torn):
    gateway.send(message(1))
    with path.open("a", encoding="latin-1") as file:
        file.write(torn)
    gateway.send(message(2))
    assert [m.id for m in read_messages(path)] == [str(UUID(int=2)), str(UUID(int=1))]


def test_fresh_start_while_running(gateway, path):
    gateway.send(message(1))
    path.unlink()
    gateway.send(message(1))
    assert len(read_messages(path)) == 1


def send_many(path, together):
    gateway = FileGateway(path, lambda: NOW)
    together.wait(30)
    for number in range(150):
        gateway.send(message(number))


def test_several_workers_write_whole_lines_and_each_message_once(path):
    context = multiprocessing.get_context("forkserver")  # one process reads this file for all three
    context.set_forkserver_preload([__name__])
    together = context.Barrier(3)
    workers = [context.Process(target=send_many, args=(path, together)) for _ in range(3)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join(60)
    assert [worker.exitcode for worker in workers] == [0, 0, 0]
    assert [m.id for m in reversed(read_messages(path))] == [str(UUID(int=n)) for n in range(150)]


def test_a_worker_waits_while_another_one_writes(gateway, path):
    gateway.send(message(1))
    sending = Thread(target=gateway.send, args=(message(2),))
    with path.with_name(f"{path.name}.lock").open("r+b") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        sending.start()
        sending.join(0.2)
        assert len(read_messages(path)) == 1
    sending.join(20)
    assert len(read_messages(path)) == 2


def test_a_file_that_cannot_be_written_is_a_temporary_failure(tmp_path):
    (tmp_path / "messages").mkdir()
    with pytest.raises(TemporaryFailure):
        FileGateway(tmp_path / "messages", lambda: NOW).send(message(1))
