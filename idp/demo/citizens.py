"""Fictitious nationals with a complete record: for the demonstration, for test drivers, for nobody real."""

from base64 import b32encode
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any

FAMILIES = (
    ("김", "KIM"),
    ("이", "LEE"),
    ("박", "PARK"),
    ("최", "CHOI"),
    ("정", "JUNG"),
    ("강", "KANG"),
    ("윤", "YOON"),
)
GIVENS = (
    *(
        ("가람", "GARAM", "female"),
        ("다온", "DAON", "male"),
        ("라온", "RAON", "male"),
        ("마루", "MARU", "male"),
    ),
    *(
        ("바다", "BADA", "female"),
        ("새론", "SAERON", "female"),
        ("아라", "ARA", "female"),
        ("하늘", "HANEUL", "male"),
    ),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Home:
    """Where a fictitious national lives, and the mission that serves the place."""

    mission: str
    zoneinfo: str
    locality: str
    region: str
    postal_code: str
    street: str
    country: str


HOMES = {
    "DE": Home(
        mission="주독일대사관",
        zoneinfo="Europe/Berlin",
        locality="Berlin",
        region="Berlin",
        postal_code="10115",
        street="Musterstraße 7",
        country="Germany",
    ),
    "US": Home(
        mission="주로스앤젤레스총영사관",
        zoneinfo="America/Los_Angeles",
        locality="Los Angeles",
        region="CA",
        postal_code="90010",
        street="123 Example Boulevard",
        country="United States",
    ),
    "JP": Home(
        mission="주일본대사관",
        zoneinfo="Asia/Tokyo",
        locality="港区",
        region="東京都",
        postal_code="106-0047",
        street="例町1-2-3",
        country="Japan",
    ),
}
ELSEWHERE = "DE"
"""Whose address a person gets whose country has none above."""


def citizen_record(
    residence: str,
    *,
    random_bytes: Callable[[int], bytes],
    now: int,
    korean: tuple[str, str] | None = None,
    latin: tuple[str, str] | None = None,
    gender: str | None = None,
    birthdate: str | None = None,
    email: str | None = None,
) -> dict[str, Any]:
    """A complete record in the form that `idp.people.record.read_record` takes; what is not given is made up.

    `residence` is an ISO 3166 region; `korean` and `latin` are (family, given); `now` in epoch seconds.
    """
    dice = random_bytes(6)
    family, given = FAMILIES[dice[0] % len(FAMILIES)], GIVENS[dice[1] % len(GIVENS)]
    korean = korean or (family[0], given[0])
    latin = latin or (family[1], given[1])
    home = HOMES.get(residence, HOMES[ELSEWHERE])
    today = datetime.fromtimestamp(now, UTC).date()
    handle = f"{latin[1]}.{latin[0]}.{dice[4:6].hex()}".lower().replace(" ", "")
    return {
        "korean": {"family": korean[0], "given": korean[1]},
        "latin": {"family": latin[0], "given": latin[1]},
        "middle_name": "Demo",
        "nickname": korean[1],
        "preferred_username": handle,
        "profile": f"https://people.example/{handle}",
        "picture": f"https://people.example/{handle}.jpg",
        "website": f"https://{handle.replace('.', '-')}.example/",
        "gender": gender or given[2],
        "birthdate": birthdate or _birthdate(dice[2:4]),
        "zoneinfo": home.zoneinfo,
        "locale": "ko-KR",
        "updated_at": now,
        "email": email or f"{handle}@mail.example",
        "email_verified": True,
        "address": _address(home),
        "residence": residence,
        "mission": home.mission,
        "registration": {
            "status": "current",
            "as_of": (today - timedelta(days=1)).isoformat(),
            "mission": home.mission,
        },
        "passport": f"M{b32encode(random_bytes(5)).decode()}",  # one passport, one person: never twice
    }


def _birthdate(dice: bytes) -> str:
    """A day between 1960 and 2004: an adult, whenever this runs."""
    days = int.from_bytes(dice, "big") % (45 * 365)
    return (date(1960, 1, 1) + timedelta(days=days)).isoformat()


def _address(home: Home) -> dict[str, str]:
    """All members of the address claim (OpenID Connect Core 1.0 §5.1.1)."""
    return {
        "formatted": f"{home.street}\n{home.postal_code} {home.locality}\n{home.country}",
        "street_address": home.street,
        "locality": home.locality,
        "region": home.region,
        "postal_code": home.postal_code,
        "country": home.country,
    }
