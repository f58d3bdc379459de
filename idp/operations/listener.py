"""The internal listener of `idp metrics`: /metrics for Prometheus, /readyz for whoever restarts machines.

It has an address of its own, never the public one, and answers these two paths and no other (abuse case H-08).
"""

import logging
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from socket import AF_INET, AF_INET6
from threading import Lock

from prometheus_client import CONTENT_TYPE_PLAIN_0_0_4, CollectorRegistry, generate_latest
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.multiprocess import MultiProcessCollector
from prometheus_client.registry import Collector

from idp.operations.counting import forget_the_dead
from idp.operations.gauges import Gauge

SELDOM_SECONDS = 30
log = logging.getLogger(__name__)
Readiness = Callable[[], str | None]
"""Why this installation cannot serve now, in a word; None when it can."""


@dataclass(frozen=True, slots=True)
class GaugeCollector(Collector):
    """Reads the gauges anew at every scrape; a database that is away shows as `idp_database_up` 0 and nothing else."""

    read: Callable[[], Iterable[Gauge]]

    def collect(self) -> Iterator[Metric]:
        """The gauges as Prometheus wants them."""
        found: list[Gauge] = []
        try:
            found.extend(self.read())
            up = 1.0
        except Exception:  # noqa: BLE001 (whatever keeps the database from answering, that it does not is what is told)
            up = 0.0
        yield GaugeMetricFamily("idp_database_up", "1 if the database answers.", up)
        for gauge in found if up else []:
            yield GaugeMetricFamily(gauge.name, gauge.meaning, gauge.value)


@dataclass(slots=True)
class Seldom:
    """Text that is dear to make: made anew once in `seconds`, however often it is asked for."""

    make: Callable[[], str]
    clock: Callable[[], int]
    seconds: int = SELDOM_SECONDS
    _text: str = ""
    _made_at: int | None = None
    _lock: Lock = field(default_factory=Lock)

    def __call__(self) -> str:
        """The text; nothing while whatever it is made of does not answer."""
        with self._lock:
            now = self.clock()
            if self._made_at is None or not 0 <= now - self._made_at < self.seconds:
                try:
                    self._text = self.make()
                except Exception as error:  # noqa: BLE001 (as for the gauges: `idp_database_up` tells)
                    log.warning("figures cannot be read: %s", type(error).__name__)
                    return ""
                self._made_at = now
            return self._text


def nothing() -> str:
    """No further families."""
    return ""


class InternalListener(ThreadingHTTPServer):
    """Serves until it is shut down."""

    daemon_threads = True
    allow_reuse_address = True

    def __init__(
        self,
        address: tuple[str, int],
        directory: Path,
        gauges: GaugeCollector,
        unready: Readiness,
        figures: Callable[[], str] = nothing,
    ) -> None:
        """Over the counts in `directory`; `figures` are further families in the text format.

        Raises OSError when the address is taken.
        """
        self.address_family = AF_INET6 if ":" in address[0] else AF_INET
        super().__init__(address, _Handler)
        self.directory, self.gauges, self.unready, self.figures = directory, gauges, unready, figures

    def metrics(self) -> bytes:
        """Everything that is counted on this machine, in the text format of Prometheus."""
        forget_the_dead(self.directory)
        registry = CollectorRegistry()
        MultiProcessCollector(registry, str(self.directory))  # type: ignore[no-untyped-call]
        registry.register(self.gauges)
        return generate_latest(registry) + self.figures().encode()


class _Handler(BaseHTTPRequestHandler):
    server: InternalListener
    server_version, sys_version = "internal", ""
    timeout = 10

    def do_GET(self) -> None:
        """One of the two paths."""
        if self.path == "/metrics":
            self._answer(200, self.server.metrics(), CONTENT_TYPE_PLAIN_0_0_4)
        elif self.path == "/readyz":
            why = self.server.unready()
            self._answer(503 if why else 200, f"{why or 'ready'}\n".encode(), "text/plain")
        else:
            self._answer(404, b"", "text/plain")

    def _answer(self, status: int, body: bytes, kind: str) -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 (the signature of http.server)
        """Nothing: whoever scrapes is known."""
