"""SMPP 3.4: a direct line to an operator's message centre, one session a message.

bind_transmitter (§4.1.1), submit_sm (§4.4.1), unbind (§4.2), over TLS (`smpps://host:port`) or, on a private line,
without (`smpp://`). A message is UCS-2 (data_coding 8) or, when all of it is in that alphabet, Latin 1 (3): the
default alphabet of a centre is its own affair (§5.2.19). The protocol has no idempotency key.

Written against the specification, because what we use of it is three commands; see the room's README.
"""

import socket
import ssl
import struct
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlsplit

from idp.telephony.channel import Channel
from idp.telephony.gateways.account import Account
from idp.telephony.gateways.contract import (
    Accepted,
    GatewayError,
    Message,
    NotServed,
    OptedOut,
    OutcomeUnknown,
    PermanentFailure,
    RateLimited,
    TemporaryFailure,
)

CONNECT_SECONDS: Final = 3.0
READ_SECONDS: Final = 8.0
MAX_PDU: Final = 4096

BIND_TRANSMITTER: Final = 0x00000002
SUBMIT_SM: Final = 0x00000004
UNBIND: Final = 0x00000006
RESPONSE: Final = 0x80000000
_VERSION: Final = 0x34
_INTERNATIONAL, _ALPHANUMERIC, _ISDN = 1, 5, 1
_LATIN_1, _UCS_2 = 3, 8
_RECEIPT_WANTED: Final = 1
_PAYLOAD_TAG: Final = 0x0424  # message_payload (§5.3.2.32): short_message holds 254 octets at most
_LONGEST_SHORT: Final = 254

# command_status (§5.1.3).
_PERMANENT: Final = frozenset({0x0B})  # invalid destination address
_TEMPORARY: Final = frozenset({0x08, 0x14, 0x0D, 0x0E, 0x64})  # system error, queue full, bind failed, password
_THROTTLED: Final = frozenset({0x58})
_OPTED_OUT: Final = frozenset({0x0443})  # vendor range: barred by the subscriber


@dataclass(frozen=True, slots=True)
class Pdu:
    """One unit of the protocol (§3.2)."""

    command: int
    status: int
    sequence: int
    body: bytes

    def encode(self) -> bytes:
        """Header and body."""
        return struct.pack(">IIII", 16 + len(self.body), self.command, self.status, self.sequence) + self.body


class SmppGateway:
    """Binds, submits and unbinds."""

    carries = frozenset({Channel.SMS})
    speaks: frozenset[str] = frozenset()
    repeatable = False

    def __init__(self, account: Account, *, clock: Callable[[], int], read_seconds: float = READ_SECONDS) -> None:
        """No connection is made yet."""
        self._account = account
        self._clock = clock
        self._read_seconds = read_seconds
        address = urlsplit(account.url)
        self._address = (address.hostname or "", address.port or 0)
        self._tls = ssl.create_default_context(cafile=account.ca) if address.scheme == "smpps" else None

    def send(self, message: Message) -> Accepted:
        """Hand `message` over. Raises a GatewayError."""
        name = self._account.name
        if message.channel is not Channel.SMS:
            raise NotServed(f"{name}: no calls")
        try:
            line = self._connect()
        except OSError as error:
            raise TemporaryFailure(f"{name}: {type(error).__name__}") from None
        with line:
            try:
                bound = _exchange(line, Pdu(BIND_TRANSMITTER, 0, 1, self._bind()))
            except (OSError, ValueError, struct.error) as error:
                raise TemporaryFailure(f"{name}: {type(error).__name__}") from None
            if bound.status:
                raise TemporaryFailure(f"{name} bind {bound.status:#x}")
            try:
                taken = _exchange(line, Pdu(SUBMIT_SM, 0, 2, self._submit(message)))
            except (OSError, ValueError, struct.error) as error:
                raise OutcomeUnknown(f"{name}: {type(error).__name__}") from None
            with suppress(OSError, ValueError, struct.error):
                _exchange(line, Pdu(UNBIND, 0, 3, b""))
        if taken.status:
            raise _failure(name, taken.status)
        return Accepted(taken.body.split(b"\0", 1)[0].decode("ascii", "replace")[:64] or str(message.id))

    def _connect(self) -> socket.socket:
        line = socket.create_connection(self._address, CONNECT_SECONDS)
        line.settimeout(self._read_seconds)
        return self._tls.wrap_socket(line, server_hostname=self._address[0]) if self._tls else line

    def _bind(self) -> bytes:
        """system_id, password, system_type, interface_version, addr_ton, addr_npi, address_range."""
        account = self._account
        return _text(account.account, 16) + _text(account.secret, 9) + b"\0" + bytes((_VERSION, 0, 0)) + b"\0"

    def _submit(self, message: Message) -> bytes:
        coding, content = _encode(message.body)
        sender = message.sender or self._account.sender
        numeric = sender.startswith("+")
        source = bytes((_INTERNATIONAL, _ISDN) if numeric else (_ALPHANUMERIC, 0)) + _text(sender.lstrip("+"), 21)
        target = bytes((_INTERNATIONAL, _ISDN)) + _text(message.to.lstrip("+"), 21)
        # service_type, addresses, esm_class, protocol_id, priority, schedule, validity, receipt, replace, coding, id.
        head = b"\0" + source + target + bytes((0, 0, 0)) + b"\0" + _validity(message.valid_seconds)
        head += bytes((_RECEIPT_WANTED, 0, coding, 0))
        if len(content) <= _LONGEST_SHORT:
            return head + bytes((len(content),)) + content
        return head + b"\0" + struct.pack(">HH", _PAYLOAD_TAG, len(content)) + content


def _exchange(line: socket.socket, sent: Pdu) -> Pdu:
    """Send one unit and read its answer. Raises OSError, or ValueError for what is not an answer to it."""
    line.sendall(sent.encode())
    answer = read_pdu(line)
    if (answer.command, answer.sequence) != (sent.command | RESPONSE, sent.sequence):
        raise ValueError
    return answer


def read_pdu(line: socket.socket) -> Pdu:
    """The next unit on the line. Raises OSError when it ends, ValueError when it is longer than any is."""
    length, command, status, sequence = struct.unpack(">IIII", _exactly(line, 16))
    if not 16 <= length <= MAX_PDU:
        raise ValueError
    return Pdu(command, status, sequence, _exactly(line, length - 16))


def _exactly(line: socket.socket, count: int) -> bytes:
    read = b""
    while len(read) < count:
        part = line.recv(count - len(read))
        if not part:
            raise ConnectionResetError
        read += part
    return read


def _encode(text: str) -> tuple[int, bytes]:
    """data_coding and octets: Latin 1 where it suffices, for half the price."""
    try:
        return _LATIN_1, text.encode("latin-1")
    except UnicodeEncodeError:
        return _UCS_2, text.encode("utf-16-be")


def _text(value: str, size: int) -> bytes:
    """A C-octet string of at most `size` octets with its end (§3.1)."""
    return value.encode("ascii", "replace")[: size - 1] + b"\0"


def _validity(seconds: int) -> bytes:
    """A relative validity period YYMMDDhhmmsstnnp (§7.1.1.2), at most a day less a second."""
    left = min(max(seconds, 60), 86_399)
    return f"000000{left // 3600:02}{left // 60 % 60:02}{left % 60:02}000R".encode() + b"\0"


def _failure(name: str, status: int) -> GatewayError:
    why = f"{name} {status:#x}"
    if status in _OPTED_OUT:
        return OptedOut(why)
    if status in _PERMANENT:
        return PermanentFailure(why)
    if status in _THROTTLED:
        return RateLimited(why)
    if status in _TEMPORARY:
        return TemporaryFailure(why)
    return NotServed(why)
