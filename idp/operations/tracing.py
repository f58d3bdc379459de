"""Traces, where an operator wants them: OpenTelemetry spans of requests, database steps and deliveries.

Off unless the setting `otlp_endpoint` names a collector, and then it needs the packages of the extra `tracing`. A span
carries what stands in `ATTRIBUTES` and nothing else: routes, never addresses; tags of events, never their detail.
What a caller sends as `traceparent` is not followed: nobody outside decides which of our spans belong together.
"""

from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass
from typing import Any, Final, Protocol, TypeVar

from opentelemetry.context import Context
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import Span, SpanProcessor, TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.trace import SpanKind, Status, StatusCode, use_span

METHOD, STATUS, ROUTE = "http.request.method", "http.response.status_code", "http.route"
ERROR, EVENTS, KIND, REQUEST = "error.type", "idp.events", "idp.kind", "idp.request"
ATTRIBUTES: Final = frozenset({METHOD, STATUS, ROUTE, ERROR, EVENTS, KIND, REQUEST})
"""Everything that a span may say; names are those of the semantic conventions where there is one."""

EXPORT_SECONDS: Final = 5
T = TypeVar("T")
S = TypeVar("S", bound="Step")


class Step(Protocol):
    """What is seen of a database step."""

    @property
    def recorded(self) -> list[str]:
        """The tags of its audit rows."""


@dataclass(frozen=True, slots=True)
class RequestSpan:
    """The span of a request, while it is answered."""

    _span: Span
    _current: ExitStack

    def answered(self, status: int) -> None:
        """The status that the answer has."""
        self._span.set_attribute(STATUS, status)
        if status >= 500:
            self._span.set_status(Status(StatusCode.ERROR))

    def end(self, error: BaseException | None) -> None:
        """The request is over; of an exception only the type is told: its text may quote anything."""
        if error is not None:
            self._span.set_attribute(ERROR, type(error).__name__)
            self._span.set_status(Status(StatusCode.ERROR))
        self._current.close()
        self._span.end()


class Tracing:
    """Makes the spans of one process."""

    def __init__(self, processor: SpanProcessor) -> None:
        """Spans go to `processor`."""
        self._provider = TracerProvider(
            resource=Resource({"service.name": "overseas-id"}), shutdown_on_exit=True, meter_provider=None
        )
        self._provider.add_span_processor(processor)
        self._tracer = self._provider.get_tracer("idp")

    def request(self, method: str, route: str, name: str) -> RequestSpan:
        """The span of a request that begins now in this thread; `name` is its id in log and answer."""
        span = self._begin(
            f"{method} {route}", SpanKind.SERVER, {METHOD: method, ROUTE: route, REQUEST: name}, Context()
        )
        current = ExitStack()
        current.enter_context(use_span(span, record_exception=False, set_status_on_exception=False))
        return RequestSpan(span, current)

    @contextmanager
    def step(self, begun: AbstractContextManager[S]) -> Iterator[S]:
        """A database step within a span that names the acts it recorded."""
        with self._within("database step", SpanKind.CLIENT, {}) as span, begun as step:
            yield step
            span.set_attribute(EVENTS, tuple(step.recorded))

    def delivery(self, kind: str, deliver: Callable[..., T]) -> Callable[..., T]:
        """`deliver` within a span."""

        def traced(*what: Any) -> T:
            with self._within(f"deliver {kind}", SpanKind.PRODUCER, {KIND: kind}):
                return deliver(*what)

        return traced

    def close(self) -> None:
        """Send what waits."""
        self._provider.shutdown()

    def _begin(self, name: str, kind: SpanKind, said: Mapping[str, str], within: Context | None = None) -> Span:
        span = self._tracer.start_span(name, within, kind, dict(said))
        assert isinstance(span, Span)  # the provider is ours and samples everything
        return span

    @contextmanager
    def _within(self, name: str, kind: SpanKind, said: Mapping[str, str]) -> Iterator[Span]:
        span = self._begin(name, kind, said)
        try:
            with use_span(span, record_exception=False, set_status_on_exception=False):
                yield span
        except BaseException as error:
            span.set_attribute(ERROR, type(error).__name__)
            span.set_status(Status(StatusCode.ERROR))
            raise
        finally:
            span.end()


def export_to(endpoint: str) -> Tracing:
    """Spans sent in the background to the collector at `endpoint` (OTLP over HTTP); what cannot be sent is dropped."""
    exporter = OTLPSpanExporter(endpoint=f"{endpoint.rstrip('/')}/v1/traces", timeout=EXPORT_SECONDS)
    return Tracing(BatchSpanProcessor(exporter))
