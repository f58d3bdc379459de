"""A connected socket with one deadline and one limit for everything that comes through it.

A socket's own timeout begins anew at each byte: a peer that drips would hold us for hours (abuse case G-04).
"""

import io
import socket
from collections.abc import Callable
from typing import Any


class TooLarge(Exception):
    """The peer sent more than the limit."""


class TimedSocket:
    """What http.client needs of a socket. Whoever made the connection closes it."""

    def __init__(self, connected: socket.socket, clock: Callable[[], float], deadline: float, most_bytes: int) -> None:
        """`deadline` on `clock`, in seconds; `most_bytes` may be received in all."""
        self._socket = connected
        self._clock = clock
        self._deadline = deadline
        self._left = most_bytes

    def sendall(self, data: Any) -> None:
        """Send everything before the deadline. Raises OSError."""
        self._arm()
        self._socket.sendall(data)

    def makefile(self, *_mode: Any) -> io.BufferedReader:
        """A reader of what the peer sends. Reading raises OSError, TimeoutError, TooLarge."""
        return io.BufferedReader(_Received(self))

    def receive_into(self, buffer: Any) -> int:
        """One piece of what the peer sends; 0 at its end. Raises OSError, TimeoutError, TooLarge."""
        self._arm()
        received = self._socket.recv_into(buffer)
        self._left -= received
        if self._left < 0:
            raise TooLarge
        return received

    def close(self) -> None:
        """Nothing: http.client closes once it has read the headers, and the body comes after that."""

    def _arm(self) -> None:
        """Give the next operation exactly the time that is left."""
        left = self._deadline - self._clock()
        if left <= 0:
            raise TimeoutError
        self._socket.settimeout(left)


class _Received(io.RawIOBase):
    def __init__(self, source: TimedSocket) -> None:
        self._source = source

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        return self._source.receive_into(buffer)
