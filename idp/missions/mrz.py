"""The machine-readable zone of a passport, read and checked (ICAO Doc 9303 part 3 §4.9, part 4 §4.2).

Two lines of 44 characters (TD3). Officers type them or paste what a reader gives, so spaces, lower case and line ends
are forgiven; a wrong check digit never is.
"""

import re
from dataclasses import dataclass
from datetime import date

LINE = 44
LONGEST_TYPED = 400
NATION = "KOR"
_WEIGHTS = (7, 3, 1)
_ALLOWED = re.compile(r"[A-Z0-9<]+")
_DATE = re.compile(r"[0-9]{6}")
SEX = {"M": "male", "F": "female"}


class MrzRefused(ValueError):
    """The zone cannot be accepted; `reason` is a key of the words, and the message repeats nothing that was typed."""

    def __init__(self, reason: str) -> None:
        """`reason` names the rule."""
        super().__init__(reason)
        self.reason = reason


@dataclass(frozen=True, slots=True, kw_only=True)
class Passport:
    """What the zone says."""

    number: str
    family: str  # Latin script, as in the passport
    given: str
    birthdate: date
    sex: str | None  # male, female, or not stated
    expires: date


def check_digit(text: str) -> str:
    """The check digit over `text`: weights 7, 3, 1; A to Z count 10 to 35 and the filler 0 (part 3 §4.9)."""
    return str(sum(_value(character) * _WEIGHTS[i % 3] for i, character in enumerate(text)) % 10)


def _value(character: str) -> int:
    return 0 if character == "<" else int(character, 36)


def read_mrz(typed: str, today: date) -> Passport:
    """The passport that a typed or pasted zone describes. Raises MrzRefused. `today` decides the centuries."""
    first, second = _lines(typed)
    if not first.startswith("P"):
        raise MrzRefused("mrz.not_a_passport")
    _check_digits(second)
    if first[2:5] != NATION or second[10:13] != NATION:
        raise MrzRefused("mrz.not_korean")
    family, given = _names(first[5:])
    return Passport(
        number=second[0:9].rstrip("<"),
        family=family,
        given=given,
        birthdate=_birthdate(second[13:19], today),
        sex=SEX.get(second[20]),
        expires=_date(second[21:27], 2000),
    )


def _lines(typed: str) -> tuple[str, str]:
    if len(typed) > LONGEST_TYPED:
        raise MrzRefused("mrz.length")
    plain = re.sub(r"\s+", "", typed).upper().replace("«", "<<").replace("＜", "<")
    if not _ALLOWED.fullmatch(plain or "?"):
        raise MrzRefused("mrz.characters")
    if len(plain) != 2 * LINE:
        raise MrzRefused("mrz.length")
    return plain[:LINE], plain[LINE:]


def _check_digits(second: str) -> None:
    """Part 4 §4.2.2.2: each field has its digit, and one stands over all of them."""
    fields = {
        "mrz.number": (second[0:9], second[9]),
        "mrz.birthdate": (second[13:19], second[19]),
        "mrz.expiry": (second[21:27], second[27]),
        "mrz.personal_number": (second[28:42], second[42]),
        "mrz.composite": (second[0:10] + second[13:20] + second[21:43], second[43]),
    }
    for reason, (text, digit) in fields.items():
        # An unused personal number may have the filler for its digit.
        unused = reason == "mrz.personal_number" and set(text) == {"<"} and digit == "<"
        if check_digit(text) != digit and not unused:
            raise MrzRefused(reason)
    if not second[0:9].strip("<"):
        raise MrzRefused("mrz.number")


def _names(text: str) -> tuple[str, str]:
    """Primary and secondary identifier: two fillers between them, one between the parts of each."""
    family, _, given = text.partition("<<")
    family, given = (" ".join(one.replace("<", " ").split()) for one in (family, given))
    if not family or re.search(r"[0-9]", family + given):
        raise MrzRefused("mrz.names")
    return family, given


def _birthdate(text: str, today: date) -> date:
    """The last century that makes it a past day: nobody is born tomorrow."""
    try:
        born = _date(text, 2000)
    except MrzRefused:
        return _date(text, 1900)
    return born if born <= today else _date(text, 1900)


def _date(text: str, century: int) -> date:
    if not _DATE.fullmatch(text):
        raise MrzRefused("mrz.date")
    try:
        return date(century + int(text[:2]), int(text[2:4]), int(text[4:6]))
    except ValueError:
        raise MrzRefused("mrz.date") from None
