"""Machine-readable zones of passports that nobody holds, with right check digits."""

from datetime import date
from typing import Any

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
    """The two lines of such a passport (ICAO Doc 9303 part 4 §4.2.2)."""
    names = f"P<{nation}{family.replace(' ', '<')}<<{given.replace(' ', '<')}".ljust(44, "<")[:44]
    numbered = number.ljust(9, "<")
    birth, expiry, rest = f"{born:%y%m%d}", f"{expires:%y%m%d}", personal.ljust(14, "<")
    first = numbered + check_digit(numbered)
    second = birth + check_digit(birth)
    third = expiry + check_digit(expiry) + rest + check_digit(rest)
    return f"{names}\n{first}{nation}{second}{sex}{third}{check_digit(first + second + third)}"


def intake(**changed: Any) -> dict[str, str]:
    """The fields of a counter's form for an adult whom one officer may handle alone; None leaves a field out."""
    fields: dict[str, Any] = {
        "kind": "first",
        "mrz": mrz(),
        "chip_read": "yes",
        "photo_matches": "yes",
        "previous": "",
        "korean_family": "홍",
        "korean_given": "길동",
        "names_match": "yes",
        "registration": "current",
        "resident_number": "yes",
        "residence": "DE",
        "email": "",
        "relation": "none",
    } | changed
    return {name: value for name, value in fields.items() if value is not None}
