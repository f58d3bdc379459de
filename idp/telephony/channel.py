"""The ways in which a code reaches a telephone."""

from enum import StrEnum


class Channel(StrEnum):
    """How a message is brought; the value stands in payloads, tables and `config/countries.toml`."""

    SMS = "sms"
    #: A call in which a voice says the digits.
    VOICE = "voice"
