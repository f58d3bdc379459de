"""The worker as a process: it survives being killed, and it stops cleanly when told."""

import signal
import subprocess
import sys
import time
from pathlib import Path
from uuid import UUID

import click
import pytest
from click.testing import CliRunner
from sqlalchemy import select

from idp.delivery import commands
from idp.delivery.outbox import OutboxItem
from idp.delivery.text_messages import KIND, to_payload
from idp.delivery.worker import LEASE_SECONDS, Worker
from idp.keys.sealing import Sealer, row_context
from idp.keys.secrets import MasterSecrets, Purpose
from idp.settings import Settings
from idp.storage.models import OutboxRow
from idp.telephony.gateways.file import FileGateway, read_messages
from tests.delivery.fakes import NOW, Clock, MemoryOutbox
from tests.delivery.processes import MESSAGE, add_message, open_database

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def start(tmp_path):
    started = []

    def start(mode, now=NOW):
        arguments = [sys.executable, "-m", "tests.delivery.processes", str(tmp_path), str(now), mode]
        process = subprocess.Popen(arguments, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        started.append(process)
        assert process.stdout.readline() == "worker started\n", process.stderr.read()
        return process

    yield start
    for process in started:
        process.kill()
        process.communicate()


def state(directory):
    with open_database(directory).read() as reading:
        return reading.one(select(OutboxRow.__table__))


def wait_for(condition):
    limit = time.monotonic() + 30
    while not condition() and time.monotonic() < limit:
        time.sleep(0.02)
    assert condition()


def test_killed_between_sending_and_recording_it_is_still_one_message(start, tmp_path):
    add_message(tmp_path, NOW)
    assert start("dies").wait(30) == -signal.SIGKILL
    assert len(read_messages(tmp_path / "messages.jsonl")) == 1
    assert state(tmp_path).attempts == 1

    later = NOW + LEASE_SECONDS
    process = start("steady", later)
    wait_for(lambda: state(tmp_path) is None)
    process.terminate()
    assert process.wait(30) == 0
    assert [message.code for message in read_messages(tmp_path / "messages.jsonl")] == ["482913"]


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_an_idle_worker_at_once(start, number):
    process = start("steady")
    begun = time.monotonic()
    process.send_signal(number)
    out, err = process.communicate(timeout=30)
    assert (process.returncode, out, err) == (0, "worker stopped\nstopped\n", "")
    assert time.monotonic() - begun < 25


def test_being_held_and_continued_is_not_being_told_to_stop(start, tmp_path):
    process = start("steady")
    time.sleep(0.3)  # by then it waits for signals
    process.send_signal(signal.SIGSTOP)
    time.sleep(1.5)  # longer than one wait for a signal
    process.send_signal(signal.SIGCONT)
    add_message(tmp_path, NOW)
    wait_for(lambda: state(tmp_path) is None)
    process.terminate()
    assert process.communicate(timeout=30)[0].endswith("worker stopped\nstopped\n")


def test_what_is_under_way_is_finished_before_stopping(start, tmp_path):
    add_message(tmp_path, NOW)
    process = start("slow")
    assert process.stdout.readline() == "sending\n"
    process.terminate()
    assert process.wait(30) == 0
    assert state(tmp_path) is None


def test_the_command_runs_the_worker_it_was_given_with_its_option(monkeypatch):
    ran = []
    monkeypatch.setattr(commands, "run_until_signalled", ran.append)
    prepared = Worker(store=MemoryOutbox(), deliverers={}, open_payload=bytes, clock=Clock())
    result = CliRunner().invoke(commands.worker, ["--senders", "2"], obj=prepared)
    assert result.exit_code == 0, result.output
    assert [(work.senders, work.store) for work in ran] == [(2, prepared.store)]


@pytest.mark.parametrize("senders", ["0", "33", "x"])
def test_the_number_of_senders_is_bounded(senders):
    assert CliRunner().invoke(commands.worker, ["--senders", senders], obj=None).exit_code == 2


def test_a_loop_that_ends_by_itself_is_an_error(monkeypatch):
    monkeypatch.setattr(Worker, "run", lambda _self, _stop: None)
    monkeypatch.setattr(signal, "pthread_sigmask", lambda *_: None)
    monkeypatch.setattr(signal, "signal", lambda *_: None)
    with pytest.raises(click.ClickException):
        commands.run_until_signalled(Worker(store=MemoryOutbox(), deliverers={}, open_payload=bytes, clock=Clock()))


def test_the_wired_worker_opens_what_was_sealed_for_the_row_and_for_no_other(tmp_path):
    sealer = Sealer(MasterSecrets({1: bytes(range(32))}), Purpose.OUTBOX, bytes)
    store = MemoryOutbox()
    for number, sealed_for in ((1, 1), (2, 1)):
        payload = sealer.seal(to_payload(MESSAGE), row_context("outbox", "payload", UUID(int=sealed_for)))
        store.add(OutboxItem(UUID(int=number), KIND, payload, 0, NOW, NOW + 600))
    settings = Settings(messages_file=tmp_path / "messages.jsonl")
    gateway = FileGateway(settings.messages_file, Clock())
    work = commands.make_worker(settings, store, sealer, Clock(), gateway)
    for item in store.lease(NOW, 10, LEASE_SECONDS):
        work.handle(item)
    assert [message.code for message in read_messages(settings.messages_file)] == ["482913"]
    assert store.rows[UUID(int=1)].outcome == "delivered"
    assert store.rows[UUID(int=2)].why == "payload does not open: CannotOpen"
