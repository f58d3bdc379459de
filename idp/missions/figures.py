"""How far the cases of a mission came, and why some came no further. Pure.

A case is counted in the month in which it began, and by the furthest step that it reached. Lifting a suspension makes
nothing and is not counted here. What is published of a month is published once, when nothing of it can change any more:
figures that grow in public from day to day would tell of single people (idp/missions/suppression.py hides the rest).
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import pairwise
from typing import Any

from idp.missions.mission import Place
from idp.missions.suppression import FLOOR, hide, hide_list

USED_SECONDS = 7 * 86_400  # within which the first service counts as reached
FINAL_DAYS = 22  # after the end of a month: fourteen for what was prepared without a line, seven for the first service
MONTH = re.compile(r"(\d{4})-(0[1-9]|1[0-2])", re.ASCII)
STEPS = ("started", "confirmed", "delivered", "made", "issued", "used")
FATES = ("not_confirmed", "not_delivered", "no_passkey", "not_issued", "not_used", "used")
"""Where a case ended: before the confirmation, the message, the passkey, the officer's word, the first service."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Funnel:
    """Cases that came at least as far as each step, and the reasons of those that ended without a credential."""

    started: int = 0
    confirmed: int = 0  # the citizen found the record right
    sent: int = 0  # a code was asked for
    delivered: int = 0  # it was typed, or a vendor's signed receipt says that it arrived
    made: int = 0  # the passkey
    issued: int = 0
    used: int = 0  # a first service within seven days
    reasons: Mapping[str, int] = field(default_factory=dict)  # missions.cases.Outcome
    barred: Mapping[str, int] = field(default_factory=dict)  # missions.evidence.Bar: never became a case

    def __add__(self, other: "Funnel") -> "Funnel":
        """Both together."""
        numbers = {name: getattr(self, name) + getattr(other, name) for name in (*STEPS, "sent")}
        return Funnel(**numbers, reasons=_sum(self.reasons, other.reasons), barred=_sum(self.barred, other.barred))

    @property
    def steps(self) -> tuple[int, ...]:
        """The numbers in the order of STEPS."""
        return tuple(getattr(self, name) for name in STEPS)

    @property
    def fates(self) -> tuple[int, ...]:
        """How many ended where: the same cases, each counted once, in the order of FATES."""
        steps = self.steps
        return (*(before - after for before, after in pairwise(steps)), self.used)


def _sum(one: Mapping[str, int], other: Mapping[str, int]) -> dict[str, int]:
    return {name: one.get(name, 0) + other.get(name, 0) for name in sorted(one.keys() | other.keys())}


def month_of(seconds: int) -> str:
    """The month of a moment, `2026-11`, in UTC: the same for every mission."""
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m")


def bounds(month: str) -> tuple[int, int]:
    """The first second of a month and that of the next one. Raises ValueError for what is no month."""
    found = MONTH.fullmatch(month)
    if found is None:
        raise ValueError(f"{month!r} is no month such as 2026-11")
    year, number = int(found[1]), int(found[2])
    first = datetime(year, number, 1, tzinfo=UTC)
    after = datetime(year + number // 12, number % 12 + 1, 1, tzinfo=UTC)
    return int(first.timestamp()), int(after.timestamp())


def is_final(month: str, now: int) -> bool:
    """Whether nothing of the month can change any more."""
    return now >= bounds(month)[1] + FINAL_DAYS * 86_400


def last_final(now: int) -> str:
    """The newest month that is final."""
    first = bounds(month_of(now - FINAL_DAYS * 86_400))[0]
    return month_of(first - 1)


def publication(
    month: str, funnels: Mapping[str, Funnel], places: Mapping[str, Place], answers: Mapping[str, Mapping[str, int]]
) -> dict[str, Any]:
    """What everybody may read of a month, ready for JSON; None stands where a number is hidden.

    `funnels` by mission code; `answers` of each question (`occasion.question`) to its answers.
    """
    codes = sorted(funnels.keys() & places.keys())
    whole = hide([funnels[code].fates for code in codes]) if codes else []
    total = sum((funnels[code] for code in codes), Funnel())
    return {
        "month": month,
        "floor": FLOOR,
        "missions": [_of_place(places[code]) | _row(numbers) for code, numbers in zip(codes, whole, strict=False)],
        "total": _row(whole[-1]) if whole else _row([None] * (len(FATES) + 1)),
        "reasons": _reasons(total, whole[-1]) if whole else None,
        "answers": {name: _hidden(found) for name, found in sorted(answers.items())},
    }


def _of_place(place: Place) -> dict[str, str]:
    return {"code": place.code, "name_ko": place.name_ko, "name_en": place.name_en, "country": place.country}


def _row(numbers: list[int | None]) -> dict[str, Any]:
    return {"started": numbers[-1], "ended": dict(zip(FATES, numbers[:-1], strict=True))}


def _reasons(total: Funnel, shown: list[int | None]) -> dict[str, int | None] | None:
    """Why cases ended without a credential. None where their sum would give away what is hidden above it."""
    if any(number is None for number in shown[:4]) or not total.reasons:
        return None
    return _hidden(total.reasons)


def _hidden(numbers: Mapping[str, int]) -> dict[str, int | None]:
    return dict(zip(numbers, hide_list(list(numbers.values())), strict=True))
