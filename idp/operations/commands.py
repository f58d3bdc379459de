"""`idp metrics`: the process with the internal listener. The command's `ctx.obj` is an InternalListener."""

import signal
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
