"""Machine-readable zones of passports that nobody holds, with right check digits (ICAO Doc 9303 part 4 §4.2.2)."""

from collections.abc import Callable
from datetime import date

from idp.missions.mrz import check_digit


def mrz(
    number: str = "M12345678",
    family: str = "HONG",
    given: str = "GILDONG",
    born: date = date(1980, 1, 31),
    expires: date = date(2034, 5, 6),
    sex: str = "M",
    nation: str = "KOR",
    personal: str = "",
) -> str:
    """The two lines of such a passport."""
    names = f"P<{nation}{family.replace(' ', '<')}<<{given.replace(' ', '<')}".ljust(44, "<")[:44]
    numbered = number.ljust(9, "<")
    birth, expiry, rest = f"{born:%y%m%d}", f"{expires:%y%m%d}", personal.ljust(14, "<")
    first = numbered + check_digit(numbered)
    second = birth + check_digit(birth)
    third = expiry + check_digit(expiry) + rest + check_digit(rest)
    return f"{names}\n{first}{nation}{second}{sex}{third}{check_digit(first + second + third)}"


def new_passport(random_bytes: Callable[[int], bytes]) -> list[str]:
    """The two lines of an adult's passport with a number that is hardly ever drawn twice."""
    number = int.from_bytes(random_bytes(8), "big") % 10**8
    return mrz(number=f"M{number:08}", expires=date(2039, 12, 31)).splitlines()
