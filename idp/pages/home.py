"""The front page, the static files, and whether the worker is alive."""

from flask import Blueprint, Response, make_response, send_from_directory

from idp.pages.rendering import STATIC, asset, page, page_language, provider

pages = Blueprint("home", __name__)
YEAR = 31_536_000
MOST_SERVICES = 50


@pages.get("/")
def home() -> Response:
    """What this place is, and where it can be used."""
    return page("home.html", services=services())


def services() -> list[dict[str, str]]:
    """Every enabled service that has a home page."""
    enabled = provider().clients.enabled(MOST_SERVICES)
    return [
        {"id": one.id, "name": one.name(page_language()), "uri": one.client_uri} for one in enabled if one.client_uri
    ]


@pages.get("/static/<digest>/<path:name>")
def static(digest: str, name: str) -> Response:
    """A static file; its address holds a hash of its content, so it may be kept for ever."""
    response = send_from_directory(STATIC, name)
    fresh = asset(name) == f"/static/{digest}/{name}"
    response.headers["Cache-Control"] = f"public, max-age={YEAR}, immutable" if fresh else "no-cache"
    return response


@pages.get("/livez")
def livez() -> Response:
    """Whether this worker answers at all; says nothing else."""
    return make_response("ok\n", 200, {"Content-Type": "text/plain"})
