"""Worker processes for the tests that kill and stop them: a real database, the file gateway, real signals.

Run as `python -m tests.delivery.processes DIRECTORY NOW MODE [KIND]`, where MODE is `steady`, `dies` (killed between
sending and recording), `slow` (each delivery takes a second) or the address of a vendor, to which an exchange of two
gateways leads: the vendor (of KIND, else a relay), and a file that takes what the vendor does not.
"""

import logging
import os
import signal
import sys
import time
from dataclasses import replace
from pathlib import Path
from uuid import UUID

from flask import Flask

from idp import storage
from idp.delivery.commands import run_until_signalled
from idp.delivery.text_messages import KIND, CodeMessage, TextMessages, to_payload
from idp.delivery.worker import Worker
from idp.settings import ROOT, Settings
from idp.storage.dispatches import SqlDispatches
from idp.storage.models import OutboxRow
from idp.storage.models_messages import Dispatch, GatewayBreaker, MessageCount, VendorId
from idp.storage.outbox import SqlOutbox
from idp.telephony.accounts_file import KINDS
from idp.telephony.coverage import change, load_coverage
from idp.telephony.exchange import Exchange
from idp.telephony.gateways import make_lines
from idp.telephony.gateways.account import Account
from idp.telephony.gateways.file import FileGateway
from idp.telephony.messages import load_messages

MESSAGE = CodeMessage("+4915112345678", "DE", "ko", "482913", "정부24", UUID(int=2))

# As the dialects know them.
ACCOUNT, SECRET, SENDER = "AC" + "0" * 32, "a-secret-of-the-account", "+15005550006"


def say(what):
    sys.stdout.write(f"{what}\n")
    sys.stdout.flush()


class Dies(SqlOutbox):
    """The message is out; the process is gone before it can say so."""

    def all_delivered(self, _several):
        os.kill(os.getpid(), signal.SIGKILL)


class Slow(FileGateway):
    def send(self, message):
        say("sending")
        time.sleep(1)
        return super().send(message)


def open_database(directory):
    settings = Settings(database_url=f"sqlite:///{directory / 'outbox.sqlite3'}")
    database = storage.open_database(Flask("worker"), settings, lambda: UUID(int=0))
    for model in (OutboxRow, Dispatch, VendorId, GatewayBreaker, MessageCount):
        model.__table__.create(database.engine, checkfirst=True)
    return database


def add_message(directory, now, number=1):
    with open_database(directory).begin() as transaction:
        transaction.add(
            OutboxRow,
            id=UUID(int=number),
            kind=KIND,
            payload=to_payload(replace(MESSAGE, about=UUID(int=number))),
            attempts=0,
            due_at=now,
            created_at=now,
            not_after=now + 600,
        )


def exchange(directory, now, address, kind):
    """The vendor first, a file second."""
    vendor = Account(name="vendor", kind=kind, url=address, account=ACCOUNT, secret=SECRET, sender=SENDER)
    coverage = load_coverage(ROOT / "config/countries.toml", KINDS)
    germany = change(coverage.of("DE"), {"gateways": ["vendor", "file"]})
    file = Account(name="file", kind="file")
    settings = Settings(messages_file=directory / "messages.jsonl")
    return Exchange(
        lines=make_lines((file, vendor), settings, lambda: now),
        memory=SqlDispatches(open_database(directory)),
        coverage=lambda: replace(coverage, countries={"DE": germany}),
        clock=lambda: now,
    )


def main(directory, now, mode, kind="relay"):
    store = (Dies if mode == "dies" else SqlOutbox)(open_database(directory))
    if mode.startswith("http"):
        gateway = exchange(directory, now, mode, kind)
    else:
        gateway = (Slow if mode == "slow" else FileGateway)(directory / "messages.jsonl", lambda: now)
    together = gateway if isinstance(gateway, Exchange) else None
    deliver = TextMessages(gateway, load_messages(), "id.overseas.go.kr", lambda: now, together=together)
    # The log says when signals are waited for; before that they end the process as they end any.
    logging.basicConfig(level=logging.INFO, stream=sys.stdout, format="%(message)s")
    run_until_signalled(
        Worker(
            store=store,
            deliverers={KIND: deliver},
            together={KIND: deliver.begin},
            open_payload=lambda item: item.payload,
            clock=lambda: now,
            idle_seconds=0.02,
        )
    )
    say("stopped")


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]), *sys.argv[3:])
