"""GET /coverage: what reaches the phones of which country, for people before they travel to a mission, and as JSON.

Built from the table of countries, the gateways that this installation has, and the figures of the last thirty days;
kept for five minutes, so that nobody makes work by asking.
"""

import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from flask import Blueprint, Response, current_app, jsonify, make_response, request

from idp.pages.rendering import page, page_language, provider, words
from idp.provider import Provider
from idp.storage.message_counts import read_figures
from idp.telephony.channel import Channel
from idp.telephony.coverage import Country, ways
from idp.telephony.figures import Figures, by_country
from idp.telephony.numbers import country_name, dialling_codes

pages = Blueprint("coverage", __name__)
MEASURED_SECONDS = 30 * 86_400
KEPT_SECONDS = 300
MAX_SEARCH = 64
HALF = 0.5
NOTHING = Figures()


@dataclass(frozen=True, slots=True)
class Measured:
    """The figures, and since when they are known here."""

    totals: Mapping[tuple[str, Channel], Figures]
    read_at: int


@pages.get("/coverage")
def coverage() -> Response:
    """The list, or the countries in it that were searched for."""
    wanted = request.args.get("q", "")[:MAX_SEARCH]
    shown = [one for one in _countries(provider(), page_language()) if _matches(one, wanted)]
    return page("coverage/countries.html", countries=shown, wanted=wanted, here="/coverage")


@pages.get("/coverage.json")
def coverage_json() -> Response:
    """The same for programs, with names in both languages."""
    wired = provider()
    english = {one["region"]: one["name"] for one in _countries(wired, "en")}
    document = {
        "countries": [
            {
                "region": one["region"],
                "name": {"ko": one["name"], "en": english[one["region"]]},
                "dialling_codes": one["codes"],
                "ways": one["ways"],
                "measured": one["measured"],
                "note": one["note"],
            }
            for one in _countries(wired, "ko")
        ]
    }
    response = make_response(jsonify(document))
    response.headers["Cache-Control"] = f"public, max-age={KEPT_SECONDS}"
    return response


def _countries(wired: Provider, language: str) -> list[dict[str, Any]]:
    """Every country as it is shown, in the order in which a reader of `language` looks for it."""
    totals = _totals(wired)
    carriers = [account.carrier for account in wired.accounts]
    shown = []
    for region, country in wired.coverage().countries.items():
        measured = {
            channel.value: numbers
            for channel in Channel
            if country.open(channel) and (numbers := _numbers(totals.get((region, channel), NOTHING)))
        }
        shown.append(
            {
                "region": region,
                "name": country_name(region, language),
                "codes": dialling_codes(region),
                "ways": list(ways(country, carriers)),
                "measured": measured,
                "note": country.note,
                "said": _note(country, language),
            }
        )
    return sorted(shown, key=lambda one: _sort_key(str(one["name"])))


def _numbers(figures: Figures) -> dict[str, int]:
    """Success and median delay, each only where enough messages stand behind it that it tells of nobody."""
    percent, median = figures.percent, figures.delay(HALF)
    found = {"success_percent": percent, "median_seconds": median}
    return {name: value for name, value in found.items() if value is not None}


def _note(country: Country, language: str) -> str:
    """The note in words: one of those that we have in every language, or the operator's own."""
    key = f"coverage_note.{country.note}"
    return words().say(language, key) if key in words().keys(language) else country.note


def _totals(wired: Provider) -> Mapping[tuple[str, Channel], Figures]:
    """The figures, read again when they are older than five minutes."""
    kept = current_app.extensions.get("idp-measured")
    now = wired.clock()
    if not isinstance(kept, Measured) or not 0 <= now - kept.read_at < KEPT_SECONDS:
        with wired.database.read() as reading:
            kept = Measured(by_country(read_figures(reading, now - MEASURED_SECONDS).items()), now)
        current_app.extensions["idp-measured"] = kept
    return kept.totals


def _matches(one: Mapping[str, Any], wanted: str) -> bool:
    """Whether a country is what somebody typed: part of its name, its code, or how one dials it."""
    plain = _sort_key(wanted.strip())
    if not plain:
        return True
    digits = plain.lstrip("+0")
    if digits.isdigit():
        return f"+{digits}" in one["codes"]
    names = (one["name"], country_name(one["region"], "en"), country_name(one["region"], "ko"))
    return plain == one["region"].casefold() or any(plain in _sort_key(name) for name in names)


def _sort_key(name: str) -> str:
    bare = "".join(c for c in unicodedata.normalize("NFD", name) if not unicodedata.combining(c))
    return unicodedata.normalize("NFC", bare).casefold()
