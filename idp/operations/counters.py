"""What each process counts, in files that all processes of this machine share (Prometheus multiprocess mode).

Imported only where `metrics_bind` is set, by `begin_counting`: the library decides at its first counter whether
counts live in files. Labels come from our own lists (routes, events, outcomes), never from a request.
"""

from prometheus_client import CollectorRegistry, Counter, Histogram

_here = CollectorRegistry()

REQUESTS = Counter("idp_requests", "Answered requests.", ["route", "method", "status"], registry=_here)
SECONDS = Histogram(
    "idp_request_seconds",
    "Time to answer a request.",
    ["route"],
    buckets=(0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10),
    registry=_here,
)
EVENTS = Counter("idp_events", "Acts that were committed, by the tag of their audit row.", ["event"], registry=_here)
DELIVERIES = Counter("idp_deliveries", "Attempts to deliver from the outbox.", ["kind", "outcome"], registry=_here)
