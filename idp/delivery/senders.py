"""The threads that deliver: nearly all of a delivery is waiting for a vendor, and a slow one holds one thread.

Whoever sends them work waits for what comes back, and for whatever wakes it. Two queues of the standard library and no
futures, because each message passes here.
"""

from collections.abc import Callable
from queue import Empty, SimpleQueue
from threading import Thread
from typing import Final, Generic, Self, TypeVar

Work = TypeVar("Work")
Result = TypeVar("Result")


class _Awake:
    """Nothing has come back, and yet there is something to do."""


_AWAKE: Final = _Awake()


class Senders(Generic[Work, Result]):
    """Threads that do one thing to whatever they are sent. A context: at its end they finish what is under way."""

    def __init__(self, many: int, act: Callable[[Work], Result]) -> None:
        """So many threads; `act` never raises."""
        self._act = act
        self._work: SimpleQueue[Work | None] = SimpleQueue()
        self._results: SimpleQueue[Result | _Awake] = SimpleQueue()
        self._threads = [Thread(target=self._run, name=f"sender-{number}") for number in range(many)]
        self.free = many
        """How many have nothing to do, as far as their results were taken."""

    def __enter__(self) -> Self:
        """Begin."""
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_error: object) -> None:
        """Nothing more is sent; wait for what is under way."""
        for _ in self._threads:
            self._work.put(None)
        for thread in self._threads:
            thread.join()

    def send(self, work: Work) -> None:
        """To one that is free."""
        self.free -= 1
        self._work.put(work)

    def wake(self) -> None:
        """Let who waits for results go on; from any thread."""
        self._results.put(_AWAKE)

    def results(self, *, waiting: bool = True) -> tuple[list[Result], bool]:
        """What has come back, and whether somebody woke us; waits until there is one or the other."""
        found: list[Result] = []
        woken = False
        try:
            one = self._results.get(waiting)
            while True:
                if isinstance(one, _Awake):
                    woken = True
                else:
                    found.append(one)
                one = self._results.get_nowait()
        except Empty:
            self.free += len(found)
            return found, woken

    def _run(self) -> None:
        while (work := self._work.get()) is not None:
            self._results.put(self._act(work))
