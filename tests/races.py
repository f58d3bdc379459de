"""Many callers at one moment: the same act in several threads, each as a worker of its own would do it."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import Any

CALLERS = 4


def race(act: Callable[[], Any], callers: int = CALLERS) -> list[Any]:
    """What `act` answered to each of `callers` who all began together."""
    start = Barrier(callers)

    def run() -> Any:
        start.wait(timeout=30)
        return act()

    with ThreadPoolExecutor(callers) as pool:
        return [each.result() for each in [pool.submit(run) for _ in range(callers)]]
