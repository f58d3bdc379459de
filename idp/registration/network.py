"""What `Outbound` needs of the network, and the real one: resolution that ends in time, literal addresses."""

import queue
import socket
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from threading import BoundedSemaphore, Thread
from typing import Final

MOST_LOOKUPS: Final = 8
"""At once: the system's resolver cannot be interrupted, and a slow one must not collect threads without end."""

Resolve = Callable[[str, int, float], Sequence[str]]
"""(host, port, seconds) -> IP addresses. Raises OSError."""

Connect = Callable[[tuple[str, int], float], socket.socket]
"""((IP address, port), seconds) -> a connected socket. Raises OSError."""


@dataclass(frozen=True, slots=True)
class Network:
    """Names, connections, and the clock that their time is measured with."""

    resolve: Resolve
    connect: Connect
    clock: Callable[[], float]  # monotonic seconds, with fractions


_lookups = BoundedSemaphore(MOST_LOOKUPS)


def resolve(host: str, port: int, seconds: float) -> Sequence[str]:
    """The IP addresses of `host`. Raises OSError, also when there is no answer within `seconds`."""
    if not _lookups.acquire(timeout=seconds):
        raise TimeoutError("too many name resolutions at once")
    answers: queue.SimpleQueue[Sequence[str] | OSError] = queue.SimpleQueue()
    Thread(target=_look_up, args=(host, port, answers), daemon=True, name="name resolution").start()
    try:
        answer = answers.get(timeout=seconds)
    except queue.Empty:
        raise TimeoutError("no answer from the resolver") from None
    if isinstance(answer, OSError):
        raise answer
    return answer


def connect(address: tuple[str, int], seconds: float) -> socket.socket:
    """A TCP connection to a literal IP address. Raises OSError."""
    return socket.create_connection(address, timeout=seconds)


def _look_up(host: str, port: int, answers: "queue.SimpleQueue[Sequence[str] | OSError]") -> None:
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        answers.put(list(dict.fromkeys(str(address[0]) for *_, address in found)))
    except OSError as error:
        answers.put(error)
    except UnicodeError as error:  # a name that IDNA cannot encode
        answers.put(OSError(str(error)))
    finally:
        _lookups.release()
