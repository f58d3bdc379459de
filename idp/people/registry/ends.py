"""Hearing from the registry whose status has ended, and ending them here: every route to a token within a minute.

Asked again and again, from where the last answer ended. Nothing is remembered across a restart and nothing has to be:
a process that has just begun asks for the last month, and whoever ended before is found ended.
"""

import logging
from collections.abc import Callable, Iterable
from typing import Final, Protocol

from idp.people.registry.contract import EndsAnswer, RegistryUnavailable, StatusEnd

EVERY_SECONDS: Final = 20  # with the answer and the next request of the person well within the minute that is promised
FIRST_SECONDS: Final = 30 * 86_400
AHEAD_SECONDS: Final = 600  # how far its clock may be ahead: a jump into the future would skip what it tells meanwhile
MOST_ANSWERS: Final = 50  # of one round: a registry that repeats itself does not hold the worker
log = logging.getLogger(__name__)


class TellsEnds(Protocol):
    """A registry that can be asked for ends."""

    def ended_since(self, since: int) -> EndsAnswer:
        """Of whom it heard from `since` on. Raises RegistryUnavailable."""
        ...


class EndsWatch:
    """One process's place in what the registry tells; called by the worker every EVERY_SECONDS."""

    def __init__(self, registry: TellsEnds, end: Callable[[Iterable[StatusEnd]], int]) -> None:
        """`end` ends those of them who are people here and have not ended; it returns how many."""
        self._registry = registry
        self._end = end
        self._since: int | None = None

    def __call__(self, now: int) -> int:
        """Ask until nothing new comes; returns how many people ended. An authority that is away is asked later."""
        since, ended = self._since if self._since is not None else max(0, now - FIRST_SECONDS), 0
        for _ in range(MOST_ANSWERS):
            try:
                answer = self._ask(since, now)
            except RegistryUnavailable as unavailable:
                log.warning("registry tells no ends: %s", unavailable)
                break
            ended += self._end(answer.ends)
            last, since = since, max(since, answer.until)
            self._since = since
            if since == last or not answer.ends:
                break
        return ended

    def _ask(self, since: int, now: int) -> EndsAnswer:
        answer = self._registry.ended_since(since)
        if answer.until > now + AHEAD_SECONDS:
            raise RegistryUnavailable("answer is from the future")
        return answer
