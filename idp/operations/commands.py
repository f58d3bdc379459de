"""`idp metrics`, the process with the internal listener, and `idp after-restore`.

The `ctx.obj` of the one is an InternalListener, of the other what ends everything and tells how much.
"""

import signal
from collections.abc import Callable, Mapping
from threading import Thread
from typing import Protocol

import click

_STOPPING = (signal.SIGTERM, signal.SIGINT)


class Listener(Protocol):
    """What the command runs: a `listener.InternalListener`, whose library must not be loaded where others count."""

    def serve_forever(self) -> None:
        """Answer until it is shut down."""
        ...

    def shutdown(self) -> None:
        """End that."""
        ...

    def server_close(self) -> None:
        """Give the address back."""
        ...


@click.command()
@click.pass_obj
def metrics(listener: Listener) -> None:
    """Show counts and readiness on the internal address, until SIGTERM or Ctrl-C."""
    signal.pthread_sigmask(signal.SIG_BLOCK, _STOPPING)
    serving = Thread(target=listener.serve_forever, name="internal")
    serving.start()
    signal.sigwait(_STOPPING)
    listener.shutdown()
    serving.join()
    listener.server_close()


@click.command("after-restore")
@click.option("--confirm", is_flag=True, help="End it. Without this nothing is done.")
@click.pass_obj
def after_restore(end: Callable[[], Mapping[str, int]], *, confirm: bool) -> None:
    """End every session, grant, link and waiting message, because the database was restored from an older state."""
    if not confirm:
        raise click.UsageError("every session, grant, link and waiting message would end; say so with --confirm")
    for table, count in end().items():
        click.echo(f"{table}: {count} ended")
