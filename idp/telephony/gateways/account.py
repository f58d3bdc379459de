"""An account at a vendor, as a table of the gateways file describes it; each gateway takes what it needs."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from idp.telephony.channel import Channel
from idp.telephony.routing import Carrier

_WRITE_ONLY: Final = frozenset({"sns", "solapi", "smpp"})
_UNREAL: Final = frozenset({"file", "simulator"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """Where messages are handed over and in whose name. Its `repr` shows no secret."""

    #: The table's name: by it countries list their gateways, and figures and receipts tell them apart.
    name: str
    #: Which adapter: a key of KINDS.
    kind: str
    #: Base address of the vendor; empty: the vendor's public one.
    url: str = ""
    #: Who we are there: account, key or user name.
    account: str = ""
    secret: str = field(default="", repr=False)
    #: Number, name or messaging service that text messages come from.
    sender: str = ""
    #: E.164 number that calls come from; empty: this gateway makes no calls.
    caller: str = ""
    #: Application whose key signs calls (Vonage), and that PEM key.
    application: str = ""
    key: str = field(default="", repr=False)
    #: The vendor's data centre (AWS).
    zone: str = ""
    #: Regions (ISO 3166-1) that it serves; empty: all.
    regions: frozenset[str] = frozenset()
    #: Whether it is asked, before a code goes out, if the number has moved to another SIM (telephony/signals.py).
    lookup: bool = False
    #: What its delivery receipts are signed with; empty: it sends none.
    receipts_secret: str = field(default="", repr=False)
    #: Where its receipts go: our address for this gateway, without the message's id.
    receipts_url: str = ""
    #: PEM bundle instead of the system's roots.
    trusted_ca: Path | None = None

    @property
    def carries(self) -> frozenset[Channel]:
        """The channels that this account offers: calls need a number to come from, and at Vonage a key that signs."""
        calls = self.caller and (self.kind != "vonage" or (self.application and self.key))
        if self.kind in _UNREAL or (calls and self.kind not in _WRITE_ONLY):
            return frozenset(Channel)
        return frozenset({Channel.SMS})

    @property
    def carrier(self) -> Carrier:
        """What routing needs to know of it."""
        return Carrier(self.name, self.carries, self.regions)

    @property
    def ca(self) -> str | None:
        """The bundle as urllib3 takes it."""
        return str(self.trusted_ca) if self.trusted_ca else None
