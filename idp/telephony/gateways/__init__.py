"""Gateways own the way of a message out of the house: one file a vendor, all with one contract."""

from collections.abc import Callable, Iterable, Mapping
from threading import Event

from idp.settings import Settings, SettingsError
from idp.telephony.exchange import Line
from idp.telephony.gateways.account import Account
from idp.telephony.gateways.contract import Gateway
from idp.telephony.gateways.file import FileGateway
from idp.telephony.gateways.simulator import SimulatorGateway
from idp.telephony.signals import Nobody, Signals


def make_lines(accounts: Iterable[Account], settings: Settings, clock: Callable[[], int]) -> Mapping[str, Line]:
    """A line to each account by its name, in their order. Raises SettingsError with one line."""
    return {account.name: Line(account.carrier, make_gateway(account, settings, clock)) for account in accounts}


def make_gateway(account: Account, settings: Settings, clock: Callable[[], int]) -> Gateway:
    """The gateway of one account. Raises SettingsError when it cannot work."""
    if account.kind == "file":
        return FileGateway(settings.messages_file, clock)
    if account.kind == "simulator":
        return SimulatorGateway(FileGateway(settings.messages_file, clock), sleep=Event().wait)
    if account.kind == "vonage":
        return _vonage(account, clock)
    return _by_kind(account, clock)


def make_signals(accounts: Iterable[Account], clock: Callable[[], int]) -> Signals:
    """Who tells whether a number has moved: the first account that has `lookup`, or nobody."""
    account = next((one for one in accounts if one.lookup), None)
    if account is None:
        return Nobody()
    from idp.telephony.gateways.lookup import RelayLookup, TwilioLookup  # noqa: PLC0415 (as below)

    return (TwilioLookup if account.kind == "twilio" else RelayLookup)(account, clock=clock)


def _by_kind(account: Account, clock: Callable[[], int]) -> Gateway:
    # urllib3 costs 10 MB of memory, which the demonstration's processes need not pay.
    from idp.telephony.gateways.infobip import InfobipGateway  # noqa: PLC0415
    from idp.telephony.gateways.relay import RelayGateway  # noqa: PLC0415
    from idp.telephony.gateways.smpp import SmppGateway  # noqa: PLC0415
    from idp.telephony.gateways.sns import SnsGateway  # noqa: PLC0415
    from idp.telephony.gateways.solapi import SolapiGateway  # noqa: PLC0415
    from idp.telephony.gateways.twilio import TwilioGateway  # noqa: PLC0415

    kinds: dict[str, Callable[..., Gateway]] = {
        "infobip": InfobipGateway,
        "relay": RelayGateway,
        "smpp": SmppGateway,
        "sns": SnsGateway,
        "solapi": SolapiGateway,
        "twilio": TwilioGateway,
    }
    return kinds[account.kind](account, clock=clock)


def _vonage(account: Account, clock: Callable[[], int]) -> Gateway:
    """With the key of its application, if it makes calls."""
    from idp.keys.jose import InvalidJwt, import_pem, sign_jwt  # noqa: PLC0415
    from idp.telephony.gateways.vonage import VonageGateway  # noqa: PLC0415

    if not account.key:
        return VonageGateway(account, clock=clock)
    try:
        key = import_pem(account.key)
    except InvalidJwt as error:
        raise SettingsError(f"[{account.name}]: key_file is not an RSA key in PEM") from error
    return VonageGateway(
        account, clock=clock, sign=lambda claims: sign_jwt(key, alg="RS256", kid="vonage", typ="JWT", claims=claims)
    )
