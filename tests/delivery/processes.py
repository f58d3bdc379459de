"""Worker processes for the tests that kill and stop them: a real database, the file gateway, real signals.

Run as `python -m tests.delivery.processes DIRECTORY NOW MODE`, where MODE is `steady`, `dies` (killed between
sending and recording) or `slow` (each delivery takes a second).
"""

import logging
import os
import signal
import sys
import time
from pathlib import Path
from uuid import UUID

from sqlalchemy import create_engine

from idp.delivery.commands import run_until_signalled
from idp.delivery.text_messages import KIND, CodeMessage, deliver_text_messages, to_payload
from idp.delivery.worker import Worker
from idp.storage.database import Database
from idp.storage.models import OutboxRow
from idp.storage.outbox import SqlOutbox
from idp.telephony.gateways.file import FileGateway
from idp.telephony.messages import load_messages

MESSAGE = CodeMessage("+4915112345678", "DE", "ko", "482913", "정부24", UUID(int=2))


def say(what):
    sys.stdout.write(f"{what}\n")
    sys.stdout.flush()


class Dies(SqlOutbox):
    """The message is out; the process is gone before it can say so."""

    def delivered(self, *_outcome):
        os.kill(os.getpid(), signal.SIGKILL)


class Slow(FileGateway):
    def send(self, message):
        say("sending")
        time.sleep(1)
        return super().send(message)


def open_database(directory):
    engine = create_engine(f"sqlite:///{directory / 'outbox.sqlite3'}")
    OutboxRow.__table__.create(engine, checkfirst=True)
    return Database(engine, lambda: UUID(int=0))


def add_message(directory, now):
    with open_database(directory).begin() as transaction:
        transaction.add(
            OutboxRow,
            id=UUID(int=1),
            kind=KIND,
            payload=to_payload(MESSAGE),
            attempts=0,
            due_at=now,
            created_at=now,
            not_after=now + 600,
        )


def main(directory, now, mode):
    store = (Dies if mode == "dies" else SqlOutbox)(open_database(directory))
    gateway = (Slow if mode == "slow" else FileGateway)(directory / "messages.jsonl", lambda: now)
    deliver = deliver_text_messages(gateway, load_messages(), "id.overseas.go.kr", lambda: now)
    # The log says when signals are waited for; before that they end the process as they end any.
    logging.basicConfig(level=logging.INFO, stream=sys.stdout, format="%(message)s")
    run_until_signalled(
        Worker(
            store=store,
            deliverers={KIND: deliver},
            open_payload=lambda item: item.payload,
            clock=lambda: now,
            idle_seconds=0.02,
        )
    )
    say("stopped")


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]), sys.argv[3])
