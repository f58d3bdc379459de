"""Magic phone numbers: each stands for one thing that happens to a message. Pure.

All are numbers that regulators set aside for fiction (Ofcom, telephone numbers for drama; NANP 555-01xx), so none is
anybody's, whatever goes wrong.
"""

from collections.abc import Mapping
from enum import Enum

from idp.interaction.second_proof import Line, Silence


class Outcome(Enum):
    """What happens to a message to a number; the value is part of a key of the words."""

    ARRIVES = "arrives"
    LATE = "late"  # after LATE_SECONDS
    LOST = "lost"  # taken by the operator, and never there
    FAILED = "failed"  # refused by every operator at once
    CALL_ONLY = "call_only"  # the country takes no text messages from abroad; calls come through
    UNREACHED = "unreached"  # neither text messages nor calls
    OPTED_OUT = "opted_out"
    LOCKED = "locked"
    LIMIT = "limit"
    UNCERTAIN = "uncertain"


LATE_SECONDS = 60
LOCKED_SECONDS = 900
NUMBERS: Mapping[str, Outcome] = {
    "+447700900001": Outcome.ARRIVES,
    "+12125550101": Outcome.ARRIVES,
    "+447700900002": Outcome.LATE,
    "+447700900003": Outcome.LOST,
    "+447700900004": Outcome.FAILED,
    "+447700900005": Outcome.CALL_ONLY,
    "+447700900006": Outcome.UNREACHED,
    "+447700900007": Outcome.OPTED_OUT,
    "+447700900008": Outcome.LOCKED,
    "+447700900009": Outcome.LIMIT,
    "+447700900010": Outcome.UNCERTAIN,
}

_SILENCES: Mapping[Outcome, Silence] = {
    Outcome.OPTED_OUT: Silence.OPTED_OUT,
    Outcome.LOCKED: Silence.LOCKED,
    Outcome.LIMIT: Silence.LIMIT,
    Outcome.UNCERTAIN: Silence.UNCERTAIN,
}


def region_of(number: str) -> str:
    """ISO 3166-1 region of a magic number; numbering plans call none of them possible."""
    return "US" if number.startswith("+1") else "GB"


def line_of_number(outcome: Outcome, now: int) -> Line:
    """What can be sent to such a number, in the words that any number's line is told in."""
    silence = _SILENCES.get(outcome)
    return Line(
        silence=silence,
        until=now + LOCKED_SECONDS if silence in {Silence.LOCKED, Silence.LIMIT} else 0,
        text=outcome not in {Outcome.CALL_ONLY, Outcome.UNREACHED},
        voice=outcome is not Outcome.UNREACHED,
    )


def shown_at(outcome: Outcome, now: int) -> int | None:
    """From when on a message to such a number is there; None: it never is."""
    if outcome in {Outcome.LOST, Outcome.FAILED}:
        return None
    return now + LATE_SECONDS if outcome is Outcome.LATE else now
