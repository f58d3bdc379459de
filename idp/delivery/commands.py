"""`idp worker`: the process that carries messages out of the house. The command's `ctx.obj` is a Worker."""

import logging
import signal
from collections.abc import Callable
from dataclasses import replace
from threading import Event, Thread
from typing import Final

import click

from idp.delivery.notices import KIND as NOTICE
from idp.delivery.notices import deliver_notices, load_notices
from idp.delivery.outbox import Deliver, Deliverers, OutboxItem, OutboxStore
from idp.delivery.text_messages import KIND, UNPAID, Desk, TextMessages
from idp.delivery.worker import Worker
from idp.keys.sealing import Sealer, row_context
from idp.settings import Settings
from idp.telephony.gateways.contract import Gateway, Together
from idp.telephony.messages import load_messages
from idp.telephony.signals import Nobody, Signals

NOBODY: Final[Deliverers] = {}
NOBODY_ASKED: Final = Nobody()
_STOPPING: Final = (signal.SIGTERM, signal.SIGINT)

log = logging.getLogger(__name__)


def make_worker(
    settings: Settings,
    store: OutboxStore,
    sealer: Sealer,
    clock: Callable[[], int],
    gateway: Gateway,
    others: Deliverers = NOBODY,
    desk: Desk = UNPAID,
    signals: Signals = NOBODY_ASKED,
) -> Worker:
    """The worker of this installation; `sealer` is that of Purpose.OUTBOX, `others` deliver the other kinds.

    At `desk` messages are paid for before they leave; `signals` tell of numbers that moved to another SIM.

    Raises MessageError with one line when it cannot work.
    """

    def open_payload(item: OutboxItem) -> bytes:
        return sealer.open(item.payload, row_context("outbox", "payload", item.id))

    fictional = settings.environment == "development"
    exchange = gateway if isinstance(gateway, Together) else None
    messages = TextMessages(gateway, load_messages(), settings.rp_id, clock, signals, desk, fictional, exchange)
    deliverers: dict[str, Deliver] = {
        KIND: messages,
        NOTICE: deliver_notices(gateway, load_notices(), clock, desk),
        **others,
    }
    together = {KIND: messages.begin}
    return Worker(store=store, deliverers=deliverers, together=together, open_payload=open_payload, clock=clock)


@click.command()
@click.option("--senders", type=click.IntRange(1, 32), default=8, show_default=True, help="Deliveries at once.")
@click.pass_obj
def worker(prepared: Worker, senders: int) -> None:
    """Deliver what waits in the outbox, until SIGTERM or Ctrl-C."""
    run_until_signalled(replace(prepared, senders=senders))


def run_until_signalled(work: Worker) -> None:
    """Run `work` until the process is told to stop; what is under way is finished first.

    The loop runs in a thread and the signals are waited for here, because setting an Event from a signal
    handler can deadlock with the thread that waits for it. A second Ctrl-C ends the process at once.
    """
    signal.pthread_sigmask(signal.SIG_BLOCK, _STOPPING)
    stop = Event()
    loop = Thread(target=work.run, args=(stop,), name="outbox")
    loop.start()
    log.info("worker started")
    while loop.is_alive() and not _told_to_stop():
        pass
    ended_by_itself = not loop.is_alive()
    stop.set()
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, (signal.SIGINT,))
    loop.join()
    log.info("worker stopped")
    if ended_by_itself:
        raise click.ClickException("the worker's loop ended by itself; see the log above")


def _told_to_stop() -> bool:
    """Wait a second for a signal to stop.

    A process that was held and continued (a debugger, a suspended machine) gets an answer that names no signal:
    Python gives one when the wait was interrupted and its time is over.
    """
    told = signal.sigtimedwait(_STOPPING, 1.0)
    return told is not None and told.si_signo in _STOPPING
