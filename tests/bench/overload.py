"""Offering a server several times what it can answer, and counting what it answers (an open loop).

Requests begin by the clock, whatever became of those before: a driver that waits for answers would never offer more
than is answered.
"""

import asyncio
import time
from dataclasses import dataclass, field

MEASURE_SECONDS = 5.0
DEADLINE_SECONDS = 10.0
TIMES = 3


@dataclass(frozen=True, slots=True)
class Load:
    """What is asked for, where."""

    port: int
    path: str
    closed_clients: int = 8

    @property
    def request(self) -> bytes:
        """One request on a connection of its own."""
        return f"GET {self.path} HTTP/1.1\r\nHost: localhost:{self.port}\r\nConnection: close\r\n\r\n".encode()


@dataclass(slots=True)
class Result:
    """What came of it: answers a second at their peak and under too much, and how long those took."""

    peak: float = 0.0
    offered: float = 0.0
    goodput: float = 0.0
    refused: int = 0
    seconds: list[float] = field(default_factory=list)

    @property
    def ratio(self) -> float:
        """What is left of the peak."""
        return self.goodput / self.peak if self.peak else 0.0

    @property
    def p99(self) -> float:
        """Seconds of the answered at the 99th percentile."""
        ordered = sorted(self.seconds) or [0.0]
        return ordered[int(0.99 * (len(ordered) - 1))]


def overload(load: Load) -> Result:
    """Find the peak, then offer `TIMES` as much for the same time."""
    return asyncio.run(_overload(load))


async def _overload(load: Load) -> Result:
    result, end = Result(), time.monotonic() + MEASURE_SECONDS
    done = await asyncio.gather(*(_closed(load, end) for _ in range(load.closed_clients)))
    result.peak = sum(done) / MEASURE_SECONDS
    result.offered = result.peak * TIMES
    waiting, began, sent = set(), time.monotonic(), 0
    while (now := time.monotonic() - began) < MEASURE_SECONDS:
        while sent < now * result.offered:
            waiting.add(asyncio.create_task(_one(load)))
            sent += 1
        await asyncio.sleep(0.005)
    answers = await asyncio.gather(*waiting)
    took = time.monotonic() - began
    result.seconds = [seconds for seconds in answers if seconds is not None]
    result.refused = len(answers) - len(result.seconds)
    result.goodput = len(result.seconds) / max(took, MEASURE_SECONDS)
    return result


async def _closed(load: Load, end: float) -> int:
    done = 0
    while time.monotonic() < end:
        done += await _one(load) is not None
    return done


async def _one(load: Load) -> float | None:
    """Seconds until the whole answer was there; None when there was none in time, or not 200."""
    began = time.monotonic()
    try:
        async with asyncio.timeout(DEADLINE_SECONDS):
            reader, writer = await asyncio.open_connection("127.0.0.1", load.port)
            try:
                writer.write(load.request)
                answer = await reader.read(-1)
            finally:
                writer.close()
    except (OSError, TimeoutError):
        return None
    return time.monotonic() - began if answer.startswith(b"HTTP/1.1 200") else None
