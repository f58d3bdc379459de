"""In which order gateways are asked to carry a message. Pure.

The country's own order stands (config/countries.toml), then the other gateways in the order of their file. Measured
success changes it: a gateway that brings clearly fewer codes home in this country goes behind those that bring more.
A further message about the same sign-in goes by gateways that have not carried one about it yet.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from idp.telephony.channel import Channel

#: Sends of which at least this many must be known before success is measured.
FLOOR: Final = 50


@dataclass(frozen=True, slots=True)
class Carrier:
    """What routing needs to know of a gateway."""

    name: str
    carries: frozenset[Channel]
    #: Regions it serves; empty: all.
    regions: frozenset[str] = frozenset()

    def serves(self, region: str, channel: Channel) -> bool:
        """Whether it may be asked at all."""
        return channel in self.carries and (not self.regions or region in self.regions)


@dataclass(frozen=True, slots=True)
class Success:
    """How many of the messages that a gateway took in one country were of use."""

    sent: int
    arrived: int

    @property
    def percent(self) -> int | None:
        """Whole percent, or None when too little is known."""
        return None if self.sent < FLOOR else min(100, 100 * self.arrived // self.sent)


def order(
    carriers: Iterable[Carrier],
    *,
    region: str,
    channel: Channel,
    preferred: Sequence[str],
    success: Mapping[str, Success],
    used: Collection[str] = (),
) -> list[str]:
    """The names of those that serve `region` by `channel`, the one to ask first in front.

    `preferred` is the country's own order, `used` who carried earlier messages about the same thing.
    """
    able = [carrier.name for carrier in carriers if carrier.serves(region, channel)]
    as_configured = [*preferred, *able]

    def rank(name: str) -> tuple[bool, int, int]:
        percent = success[name].percent if name in success else None
        # One of which too little is known keeps its place: only by being asked can it become known.
        tenths = 10 if percent is None else percent // 10
        return name in used, -tenths, as_configured.index(name)

    return sorted(able, key=rank)
