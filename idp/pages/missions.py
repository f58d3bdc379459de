"""/missions: which diplomatic missions issue, for everybody."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from flask import Blueprint, Response

from idp.missions.mission import Mission, Opening
from idp.pages.language_names import language_name
from idp.pages.rendering import page, page_language, provider
from idp.pages.times import readable_clock
from idp.provider import Provider
from idp.telephony.numbers import country_name

pages = Blueprint("missions", __name__)


@pages.get("/missions")
def missions() -> Response:
    """Every mission, those that issue first."""
    wired = provider()
    language = page_language()
    listed = sorted(wired.missions.all(), key=lambda one: (not one.issues, country_name(one.place.country, language)))
    shown = [_shown(one, wired.clock()) for one in listed]
    return page("missions/list.html", issuing=[one for one in shown if one["issues"]], others=_closed(shown))


def mission_name(wired: Provider, kept: str) -> str:
    """A mission in the page's language. Credentials keep its code or its Korean name; an unknown one stays as it is."""
    places = (one.place for one in wired.missions.all())
    return next((one.name(page_language()) for one in places if kept in {one.code, one.name("ko")}), kept)


def _closed(shown: list[dict[str, object]]) -> list[dict[str, object]]:
    return [one for one in shown if not one["issues"]]


def _shown(mission: Mission, now: int) -> dict[str, object]:
    place, language = mission.place, page_language()
    local = datetime.fromtimestamp(now, UTC).astimezone(ZoneInfo(place.zone))
    return {
        "name": place.name(language),
        "country": country_name(place.country, language),
        "address": place.address,
        "languages": [language_name(tag, language) for tag in place.languages],
        "issues": mission.issues,
        "pilot": mission.opening is Opening.PILOT,
        "time": readable_clock(local),
    }
