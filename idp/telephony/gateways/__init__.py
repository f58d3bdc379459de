"""Gateways own the way of a message out of the house: one file a vendor, all with one contract."""

import re
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from idp.settings import Settings, SettingsError
from idp.telephony.gateways.contract import Gateway
from idp.telephony.gateways.file import FileGateway

if TYPE_CHECKING:
    from idp.telephony.gateways.twilio import TwilioGateway


def make_gateway(settings: Settings, clock: Callable[[], int]) -> Gateway:
    """The gateway that the settings name. Raises SettingsError with one line when it cannot work."""
    if settings.gateway == "file":
        return FileGateway(settings.messages_file, clock)
    return _twilio(settings, clock)


def _twilio(settings: Settings, clock: Callable[[], int]) -> "TwilioGateway":
    # urllib3 costs 10 MB of memory, which the demonstration's processes need not pay.
    from idp.telephony.gateways.twilio import TwilioAccount, TwilioGateway, check_address  # noqa: PLC0415

    wrong = check_address(settings.twilio_url)
    if wrong:
        raise SettingsError(wrong)
    if not re.fullmatch(r"[A-Za-z0-9]{1,64}", settings.twilio_account) or not settings.twilio_sender:
        raise SettingsError("the twilio gateway needs twilio_account and twilio_sender")
    account = TwilioAccount(
        settings.twilio_url,
        settings.twilio_account,
        _token(settings.twilio_token_file),
        settings.twilio_sender,
    )
    ca = str(settings.trusted_ca) if settings.trusted_ca else None
    return TwilioGateway(account, trusted_ca=ca, clock=clock)


def _token(path: Path | None) -> str:
    """The auth token, read from a file that nobody else may read (law 12: no world-readable keys)."""
    if path is None:
        raise SettingsError("the twilio gateway needs twilio_token_file")
    try:
        if path.stat().st_mode & 0o077:
            raise SettingsError(f"{path} is readable by others; chmod 600 it")
        token = path.read_text("ascii").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError(f"cannot read twilio_token_file {path}") from error
    if not token:
        raise SettingsError(f"{path} is empty")
    return token
