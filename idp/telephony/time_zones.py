"""The clock that the holder of a number lives by, as far as its numbering plan tells."""

from functools import lru_cache

import phonenumbers
from phonenumbers.timezone import time_zones_for_number
from phonenumbers.tzdata import TIMEZONE_DATA

from idp.telephony.numbers import dialling_code


def time_zone_of(e164: str) -> str:
    """The time zone (IANA) in which a number is at home, or nothing where its plan does not name a single one."""
    zones = _zones_of_code(dialling_code(e164)[0])
    if len(zones) > 1:  # only then the number itself is looked at: this stands on the way of every sign-in
        zones = tuple(time_zones_for_number(phonenumbers.parse(e164, None)))
    return zones[0] if len(zones) == 1 and not zones[0].startswith("Etc/") else ""


@lru_cache(maxsize=256)
def _zones_of_code(code: str) -> tuple[str, ...]:
    return tuple(TIMEZONE_DATA.get(code, ()))
