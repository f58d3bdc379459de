"""/missions/figures, for everybody: how far cases came in the months that are over and final, small numbers hidden."""

from typing import Any

from flask import Blueprint, Response, jsonify, request

from idp.missions.figures import FATES, MONTH
from idp.missions.suppression import FLOOR
from idp.pages.refusals import PageRefused
from idp.pages.rendering import page, page_language, provider
from idp.storage.figures import Figures

pages = Blueprint("figures", __name__)
FRESH_SECONDS = 3_600  # how long a copy of what is published may be kept


@pages.get("/missions/figures")
def published() -> Response:
    """The figures of a month, for everybody."""
    months, document = _published()
    language = page_language()
    rows = (
        [{"name": one["name_ko"] if language == "ko" else one["name_en"], **one} for one in document["missions"]]
        if document
        else []
    )
    return page(
        "missions/figures.html",
        months=months,
        document=document,
        query=f"?month={document['month']}" if document else "",
        rows=rows,
        fates=FATES,
        floor=FLOOR,
    )


@pages.get("/missions/figures.json")
def published_json() -> Response:
    """The same for programs: the months that there are, and one of them."""
    months, document = _published()
    response = jsonify(months=months, figures=document)
    response.headers["Cache-Control"] = f"public, max-age={FRESH_SECONDS}"
    return response


def _published() -> tuple[list[str], dict[str, Any] | None]:
    """The published months, and the one asked for, or the newest. Raises PageRefused for one that is not there."""
    wanted = request.args.get("month")
    with provider().database.read() as reading:
        figures = Figures(reading)
        months = figures.months()
        if wanted is None:
            return months, figures.published(months[0]) if months else None
        found = figures.published(wanted) if MONTH.fullmatch(wanted) else None
    if found is None:
        raise PageRefused("not_found", 404, "no figures of this month")
    return months, found
