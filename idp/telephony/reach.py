"""Which channels reach a country from this installation: what the pages may offer."""

from typing import Final

from idp.settings import Gateway, Settings
from idp.telephony.channel import Channel

_CARRIED: Final[dict[Gateway, frozenset[Channel]]] = {
    "file": frozenset(Channel),
    "twilio": frozenset({Channel.SMS}),
}


def channels_to(settings: Settings, region: str) -> frozenset[Channel]:  # noqa: ARG001 (every gateway here reaches all)
    """The channels in which a code can be brought to a number of `region` (ISO 3166-1)."""
    return _CARRIED[settings.gateway]
