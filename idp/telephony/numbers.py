"""Telephone numbers of any country: one canonical E.164 form, or a refusal with a reason.

ITU-T E.164 §6 (international number), RFC 3966 §5.1 (the `tel:` form people paste). The metadata is that of
`phonenumbers`; its geocoder is never imported (it costs 98 MB). What kind of line a number really is, only
its operator knows: this file refuses what the numbering plan already says cannot receive a text message.
"""

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

import phonenumbers
from babel import Locale, UnknownLocaleError
from phonenumbers import NumberParseException, PhoneNumberFormat, PhoneNumberType

#: Longest text that is looked at: 15 digits with every separator people type, and `tel:` in front.
MAX_LENGTH: Final = 64

#: Why a number was refused: each is the last part of a key in the words files.
REASONS: Final = frozenset(
    {
        "malformed",
        "not_possible",
        "fixed_line",
        "premium",
        "shared_cost",
        "toll_free",
        "pager",
        "uan",
        "voicemail",
        "voip",
        "personal",
        "satellite",
        "fictional",
    }
)

# A type that is missing here (and is not accepted) is refused as not_possible: fail closed.
_REFUSED_TYPES: Final = {
    PhoneNumberType.FIXED_LINE: "fixed_line",
    PhoneNumberType.PREMIUM_RATE: "premium",
    PhoneNumberType.SHARED_COST: "shared_cost",
    PhoneNumberType.TOLL_FREE: "toll_free",
    PhoneNumberType.PAGER: "pager",
    PhoneNumberType.UAN: "uan",
    PhoneNumberType.VOICEMAIL: "voicemail",
    PhoneNumberType.VOIP: "voip",
    PhoneNumberType.PERSONAL_NUMBER: "personal",
}
# Requiring MOBILE alone would shut out the whole North American plan, Chile and others.
_ACCEPTED_TYPES: Final = frozenset({PhoneNumberType.MOBILE, PhoneNumberType.FIXED_LINE_OR_MOBILE})

# Country codes that belong to no country (ITU-T E.164 Annex): dear to reach and a pumper's favourite.
_GLOBAL_CODES: Final = {
    800: "toll_free",
    808: "shared_cost",
    870: "satellite",
    878: "personal",
    881: "satellite",
    882: "satellite",
    883: "satellite",
    888: "satellite",
    979: "premium",
}

# Numbers that regulators set aside for films and manuals (NANP 555-01xx, Ofcom drama numbers, ACMA).
_FICTIONAL: Final = re.compile(r"\+(?:1\d{3}55501\d\d|447700900\d{3}|61491570\d{3})")

# Invisible marks that pasting from right-to-left text brings along; they carry no digit.
_MARKS: Final = re.compile("[\u00ad\u061c\u200b-\u200f\u202a-\u202e\u2060\u2066-\u2069\ufeff]")
_SEPARATED_DIGITS: Final = re.compile(r"\(?\+?(?=[^\d]*\d)[0-9 ()./-]*")

# Plans that grew, and the numbers that people still have in their heads and address books.
_OLD_PLANS: Final = (
    (re.compile(r"\+521(\d{10})"), r"+52\1"),  # Mexico dropped the mobile prefix 1 in 2019
    (re.compile(r"\+229(\d{8})"), r"+22901\1"),  # Benin put 01 before every number in 2024
    # Côte d'Ivoire put the operator's prefix before every number in 2021; the second digit says whose it was.
    (re.compile(r"\+225([014-9][789]\d{6})"), r"+22507\1"),
    (re.compile(r"\+225([014-9][456]\d{6})"), r"+22505\1"),
    (re.compile(r"\+225([014-9][0-3]\d{6})"), r"+22501\1"),
)
# How a mobile phone was dialled within Mexico until 2019, and from a landline in front of that.
_MEXICAN_PREFIXES: Final = re.compile(r"(?:044|045|01|1)(\d{10})")


@dataclass(frozen=True, slots=True)
class PhoneNumber:
    """A number that may be sent a text message. Only `parse_number` makes one."""

    e164: str
    #: ISO 3166-1 alpha-2 of the number itself, not of its dialling code (+7 701 is KZ); never empty.
    region: str
    #: The two digits a person may be shown.
    last_digits: str
    #: For pages and logs; it does not tell how long the number is.
    masked: str

    def __repr__(self) -> str:
        """The masked form: a whole number must not reach a log through a traceback."""
        return f"PhoneNumber({self.masked!r}, {self.region!r})"


@dataclass(frozen=True, slots=True)
class Country:
    """One line of a list in which a person finds their country."""

    region: str
    name: str
    dialling_code: str


class NumberRefused(Exception):
    """The number cannot be used. `reason` is one of REASONS; the text typed is not kept."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


def is_fictional(e164: str) -> bool:
    """Whether regulators set the number aside for films and manuals: it is nobody's."""
    return _FICTIONAL.fullmatch(e164) is not None


def parse_number(text: str, region: str | None, *, fictional: bool = False) -> PhoneNumber:
    """The number that a person typed, read as dialled from `region` (ISO 3166-1) when it has no `+`.

    `fictional` lets the ranges set aside for films through, for a demonstration that sends nothing.
    Raises NumberRefused.
    """
    if region is not None and region not in phonenumbers.SUPPORTED_REGIONS:
        raise NumberRefused("malformed")
    number = _understand(_plain(text), region)
    e164 = _e164(number)
    if not fictional and _FICTIONAL.fullmatch(e164):
        raise NumberRefused("fictional")
    found = phonenumbers.region_code_for_number(number)
    # A form that reads back as another number is not canonical, and would be stored twice.
    if not found or phonenumbers.parse(e164, None) != number:
        raise NumberRefused("not_possible")
    return PhoneNumber(e164, found, e164[-2:], masked(e164))


def masked(e164: str) -> str:
    """`+49 ••••••78`: dialling code and last two digits of an E.164 number, the same length for all."""
    return f"+{dialling_code(e164)[0]} ••••••{e164[-2:]}"


def dialling_code(e164: str) -> tuple[str, str]:
    """The country code and the national number of an E.164 number: `82` and `1012345678`."""
    known = phonenumbers.COUNTRY_CODE_TO_REGION_CODE
    code = next((code for code in (e164[1:2], e164[1:3], e164[1:4]) if int(code or 0) in known), "")
    return code, e164[1 + len(code) :]


@lru_cache(maxsize=16)
def countries(language: str) -> tuple[Country, ...]:
    """Every country whose numbers can be read, named in `language` (BCP 47), sorted as its readers expect."""
    names = _territories(language)
    found = (
        Country(region, names.get(region, region), f"+{code}")
        for code, regions in phonenumbers.COUNTRY_CODE_TO_REGION_CODE.items()
        for region in _geographic(regions)
    )
    return tuple(sorted(found, key=lambda country: _sort_key(country.name)))


def country_name(region: str, language: str) -> str:
    """The country `region` (ISO 3166-1) in `language`; the code itself when it has no name there."""
    return _names(language).get(region, region)


def dialling_codes(region: str) -> list[str]:
    """How phones of `region` are dialled: `["+49"]`, or nothing for one without numbers of its own."""
    code = phonenumbers.country_code_for_region(region)
    return [f"+{code}"] if code else []


@lru_cache(maxsize=16)
def _names(language: str) -> dict[str, str]:
    return _territories(language)


def _territories(language: str) -> dict[str, str]:
    try:
        locale = Locale.parse(language, sep="-")
    except (UnknownLocaleError, ValueError):
        locale = Locale("en")
    return dict(locale.territories.items())


def _geographic(regions: Iterable[str]) -> list[str]:
    return [region for region in regions if region != "001"]


def _sort_key(name: str) -> str:
    """Latin names without their accents (Åland under A); composed Hangul is in dictionary order as it is."""
    bare = "".join(c for c in unicodedata.normalize("NFD", name) if not unicodedata.combining(c))
    return unicodedata.normalize("NFC", bare).casefold()


def _plain(text: str) -> str:
    """The digits and separators of `text` in ASCII; letters, extensions and a second `+` are refused."""
    if len(text) > MAX_LENGTH:
        raise NumberRefused("malformed")
    bare = _MARKS.sub("", unicodedata.normalize("NFKC", text)).strip()
    ascii_only = "".join(_ascii(character) for character in bare)
    if ascii_only[:4].lower() == "tel:":
        ascii_only = ascii_only[4:]
    if not _SEPARATED_DIGITS.fullmatch(ascii_only):
        raise NumberRefused("malformed")
    return ascii_only


def _ascii(character: str) -> str:
    """One character as the ASCII that it means: a digit of any script, a dash, a space."""
    category = unicodedata.category(character)
    if category == "Nd":
        return str(unicodedata.decimal(character))
    if category in {"Pd", "Zs"} or character == "\u2212":
        return "-"
    return character


def _understand(plain: str, region: str | None) -> phonenumbers.PhoneNumber:
    """The valid number that `plain` means, trying the ways in which people write one; one that can be reached first.

    Raises NumberRefused.
    """
    refused: NumberRefused | None = None
    for reading in _readings(plain, region):
        try:
            number = phonenumbers.parse(reading, region)
        except NumberParseException:
            continue
        if not (phonenumbers.is_possible_number(number) and phonenumbers.is_valid_number(number)):
            continue
        try:
            _refuse_unreachable(number)
        except NumberRefused as why:  # a landline as it stands may be a mobile number without its +
            refused = refused or why
            continue
        return number
    raise refused or NumberRefused(_global_reason(plain) or "not_possible")


def _readings(plain: str, region: str | None) -> list[str]:
    """What `plain` may mean, the likeliest first."""
    digits = re.sub(r"\D", "", plain)
    if plain.lstrip("(").startswith("+"):
        return [plain, *_renumbered(f"+{digits}")]
    readings = [plain]
    if digits.startswith("00"):
        # People who moved keep writing 00 although their new country dials 011 or 810.
        readings += [f"+{digits[2:]}", *_renumbered(f"+{digits[2:]}")]
    elif digits.startswith("810"):  # and 8~10 where 00 is dialled by now
        readings.append(f"+{digits[3:]}")
    code = phonenumbers.country_code_for_region(region) if region else 0
    if code:
        if digits.startswith(str(code)):
            readings.append(f"+{digits}")
        home = digits.removeprefix(str(code))
        readings += _renumbered(f"+{code}{home}")
        if region == "MX" and (national := _MEXICAN_PREFIXES.fullmatch(digits)):
            readings.append(f"+52{national[1]}")
    return readings


def _renumbered(international: str) -> list[str]:
    """A number of a plan that was changed, as it is dialled since then."""
    return [found.expand(new) for old, new in _OLD_PLANS if (found := old.fullmatch(international))]


def _global_reason(plain: str) -> str | None:
    """Why a number of a code that belongs to no country is none that we write to, even where no plan knows it."""
    digits = re.sub(r"\D", "", plain)
    digits = digits[2:] if digits.startswith("00") else digits if plain.lstrip("(").startswith("+") else ""
    return _GLOBAL_CODES.get(int(digits[:3] or 0))


def _refuse_unreachable(number: phonenumbers.PhoneNumber) -> None:
    reason = _GLOBAL_CODES.get(number.country_code or 0)
    if reason:
        raise NumberRefused(reason)
    kind = phonenumbers.number_type(number)
    if kind not in _ACCEPTED_TYPES:
        raise NumberRefused(_REFUSED_TYPES.get(kind, "not_possible"))


def _e164(number: phonenumbers.PhoneNumber) -> str:
    return str(phonenumbers.format_number(number, PhoneNumberFormat.E164))
