"""The table of test citizens: one for every kind of record and state that a service has to cope with. Pure.

Nobody here exists. No record holds a passport or connecting information, so none is found at a counter.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Any

from idp.credential.states import State
from idp.people.record import Record, read_record
from idp.people.status import PersonStatus

ADULT_YEARS, MINOR_YEARS = 38, 16
BERLIN = {
    "formatted": "Musterstraße 7\n10115 Berlin\nGermany",
    "street_address": "Musterstraße 7",
    "locality": "Berlin",
    "region": "Berlin",
    "postal_code": "10115",
    "country": "Germany",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class TestCitizen:
    """One row: who they are, and what is special about them."""

    __test__ = False  # not a test of pytest's

    name: str  # key of the words, and of the row
    korean: tuple[str, str]
    latin: tuple[str, str]
    number: str | None = "+447700900001"
    person: PersonStatus = PersonStatus.ACTIVE
    credential: State = State.ACTIVE
    registration: str = "current"
    years: int = ADULT_YEARS
    changes: Mapping[str, Any] = field(default_factory=dict)  # of the record; None takes a field away

    def record(self, now: int) -> Record:
        """Their record as of `now`, in epoch seconds."""
        today = datetime.fromtimestamp(now, UTC).date()
        handle = f"{self.name.replace('_', '-')}.sandbox"
        complete: dict[str, Any] = {
            "korean": {"family": self.korean[0], "given": self.korean[1]},
            "latin": {"family": self.latin[0], "given": self.latin[1]},
            "gender": "female",
            "birthdate": _years_ago(today, self.years).isoformat(),
            "residence": "DE",
            "mission": "주독일대사관",
            "registration": {
                "status": self.registration,
                "as_of": (today - timedelta(days=1)).isoformat(),
                "mission": "주독일대사관",
            },
            "email": f"{handle}@citizen.example",
            "email_verified": True,
            "address": BERLIN,
            "preferred_username": handle,
            "zoneinfo": "Europe/Berlin",
            "locale": "ko-KR",
            "updated_at": now,
        }
        return read_record({key: value for key, value in {**complete, **self.changes}.items() if value is not None})


def _years_ago(today: date, years: int) -> date:
    """The first of January: the age that is meant holds all year."""
    return date(today.year - years, 1, 1)


CITIZENS: tuple[TestCitizen, ...] = (
    TestCitizen(name="complete", korean=("홍", "길동"), latin=("HONG", "GILDONG"), changes={"gender": "male"}),
    TestCitizen(
        name="sparse",  # nothing but what every record has
        korean=("김", "가람"),
        latin=("KIM", "GARAM"),
        changes=dict.fromkeys(("gender", "email", "address", "preferred_username", "zoneinfo", "locale"))
        | {"email_verified": False},
    ),
    TestCitizen(
        name="no_resident_number",  # born abroad and never registered in Korea
        korean=("이", "한별"),
        latin=("LEE", "HANBYEOL"),
        registration="none",
    ),
    TestCitizen(name="struck_off", korean=("박", "다온"), latin=("PARK", "DAON"), registration="struck_off"),
    TestCitizen(
        name="long_name",
        korean=("남궁", "빛나리메아리솔가람"),
        latin=("NAMGUNG-VON-HOHENZOLLERN-SIGMARINGEN", "BITNARIMEARI-MARIA-GUADALUPE SOLGARAM"),
    ),
    TestCitizen(
        name="dual_national",
        korean=("최", "안나"),
        latin=("CHOI-MUELLER", "ANNA LENA"),
        number="+12125550101",
        changes={"residence": "US", "middle_name": "LENA", "zoneinfo": "America/New_York"},
    ),
    TestCitizen(name="minor", korean=("정", "새론"), latin=("JUNG", "SAERON"), years=MINOR_YEARS),
    TestCitizen(
        name="unverified_email", korean=("강", "바다"), latin=("KANG", "BADA"), changes={"email_verified": False}
    ),
    TestCitizen(name="deceased", korean=("윤", "마루"), latin=("YOON", "MARU"), person=PersonStatus.DECEASED),
    TestCitizen(name="renounced", korean=("조", "하늘"), latin=("CHO", "HANEUL"), person=PersonStatus.RENOUNCED),
    TestCitizen(name="suspended", korean=("장", "아라"), latin=("JANG", "ARA"), credential=State.SUSPENDED),
    TestCitizen(name="expired", korean=("임", "라온"), latin=("LIM", "RAON"), credential=State.EXPIRED),
    TestCitizen(name="no_phone", korean=("한", "솔"), latin=("HAN", "SOL"), number=None),
    TestCitizen(name="late_message", korean=("오", "늦봄"), latin=("OH", "NEUTBOM"), number="+447700900002"),
    TestCitizen(name="lost_message", korean=("서", "온"), latin=("SEO", "ON"), number="+447700900003"),
    TestCitizen(name="failed_message", korean=("신", "별"), latin=("SHIN", "BYEOL"), number="+447700900004"),
    TestCitizen(name="call_only", korean=("권", "소리"), latin=("KWON", "SORI"), number="+447700900005"),
    TestCitizen(name="no_country", korean=("황", "섬"), latin=("HWANG", "SEOM"), number="+447700900006"),
    TestCitizen(name="opted_out", korean=("안", "돌"), latin=("AHN", "DOL"), number="+447700900007"),
    TestCitizen(name="locked_phone", korean=("송", "이든"), latin=("SONG", "IDEUN"), number="+447700900008"),
    TestCitizen(name="send_limit", korean=("류", "한결"), latin=("RYU", "HANGYEOL"), number="+447700900009"),
    TestCitizen(name="old_number", korean=("전", "미르"), latin=("JEON", "MIREU"), number="+447700900010"),
)
"""In the order in which they are offered."""
