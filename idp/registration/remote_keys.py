"""The keys of services that publish them (`jwks_uri`), kept in this process and fetched again when they rotate.

An assertion with an unknown kid may come from anybody, so it causes a fetch only now and then: a minute after
one that succeeded, ten seconds after one that failed. A service that cannot be reached keeps its last keys for
a day. Fetching happens while a client is authenticated, before any transaction begins.
"""

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from threading import Lock
from typing import Any, Final

from idp.protocol.client import Client
from idp.registration.client_keys import fetched_key_set
from idp.registration.documents import Fetcher
from idp.registration.errors import BrokenRule
from idp.registration.outbound import OutboundFailed, OutboundRefused

SECONDS_AFTER_SUCCESS: Final = 60
SECONDS_AFTER_FAILURE: Final = 10
#: A key that was withdrawn stops working after this long, even if nobody used a new one meanwhile.
FRESH_SECONDS: Final = 600
KEPT_SECONDS: Final = 86_400

log = logging.getLogger(__name__)


@dataclass(slots=True)
class _Known:
    """What is known of one service's keys."""

    uri: str
    keys: tuple[Mapping[str, Any], ...] = ()
    fetched_at: int | None = None
    next_fetch_at: int = 0
    lock: Lock = field(default_factory=Lock)  # one fetch at a time; who comes meanwhile waits for its answer


class RemoteKeys:
    """The published keys of all services. Safe to share between threads."""

    def __init__(self, fetcher: Fetcher, clock: Callable[[], int]) -> None:
        """Nothing is fetched until a key is asked for."""
        self._fetcher = fetcher
        self._clock = clock
        self._known: dict[str, _Known] = {}
        self._lock = Lock()

    def current(self, client: Client, kid: str | None) -> Client:
        """`client` with the keys that it publishes now, as far as `kid` needs newer ones; others stay as they are."""
        if client.jwks_uri is None:
            return client
        known = self._entry(client.id, client.jwks_uri)
        with known.lock:
            now = self._clock()
            if now >= known.next_fetch_at and _outdated(known, kid, now):
                self._fetch(client.id, known, now)
            return replace(client, jwks=known.keys)

    def _entry(self, client_id: str, uri: str) -> _Known:
        with self._lock:
            known = self._known.get(client_id)
            if known is None or known.uri != uri:
                known = self._known[client_id] = _Known(uri)
            return known

    def _fetch(self, client_id: str, known: _Known, now: int) -> None:
        try:
            known.keys = fetched_key_set(self._fetcher.get_json(known.uri))
            known.fetched_at = now
            known.next_fetch_at = now + SECONDS_AFTER_SUCCESS
        except (BrokenRule, OutboundRefused, OutboundFailed) as problem:
            log.info("jwks_uri not fetched", extra={"client": client_id, "why": str(problem)})
            known.next_fetch_at = now + SECONDS_AFTER_FAILURE
            if known.fetched_at is not None and now >= known.fetched_at + KEPT_SECONDS:
                known.keys = ()


def _outdated(known: _Known, kid: str | None, now: int) -> bool:
    """Whether a fetch could bring something: without a kid nothing tells whether the key is a new one."""
    if known.fetched_at is None or now >= known.fetched_at + FRESH_SECONDS:
        return True
    return kid is None or all(key.get("kid") != kid for key in known.keys)
