"""One side of the comparison, running: its processes, its database, and what it is able to do."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass

from tests.bench.database import Cluster
from tests.bench.processes import ProcessTree
from tests.bench.target import Item, Target


@dataclass(frozen=True, slots=True)
class Side:
    """What the rounds need to know of a side."""

    target: Target  # with a confidential client
    public: Target  # with a public client that may have refresh tokens: theirs are rotated on both sides
    machine: Target  # with a client whose access tokens are signed
    server: ProcessTree
    delivery: ProcessTree | None  # the worker that carries messages; the peer sends none
    cluster: Cluster
    operations: frozenset[str]
    people: Callable[[int], list[Item]]  # that many people who have never signed in before
    #: Delivers through the relay at an address, while the usual worker is held still; none at the peer.
    delivering_to: Callable[[str], AbstractContextManager[None]] | None = None

    @property
    def name(self) -> str:
        """ "ours" or "peer"."""
        return self.target.side
