"""The front page, the static files, and whether the worker is alive."""

from functools import lru_cache
from gzip import compress

from flask import Blueprint, Response, make_response, request, send_from_directory

from idp.pages.rendering import STATIC, asset, page, page_language, provider

pages = Blueprint("home", __name__)
YEAR = 31_536_000
MOST_SERVICES = 50
PACKED = frozenset({"text/css", "text/javascript", "image/svg+xml"})
"""What a slow line gets at a third of its size. Pages are never packed: one that holds a secret beside what somebody
else wrote would tell of it by its length (BREACH)."""


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
    if fresh and response.mimetype in PACKED:
        response = _packed_for(response, name)
    response.headers["Cache-Control"] = f"public, max-age={YEAR}, immutable" if fresh else "no-cache"
    return response


def _packed_for(whole: Response, name: str) -> Response:
    """The same file packed, where the browser can read that (RFC 9110 §12.5.3)."""
    whole.vary.add("Accept-Encoding")
    if request.accept_encodings.quality("gzip") <= 0:
        return whole
    whole.close()
    packed = Response(_packed(name), 200, {"Content-Encoding": "gzip"}, content_type=whole.content_type)
    packed.vary.add("Accept-Encoding")
    return packed


@lru_cache(maxsize=64)
def _packed(name: str) -> bytes:
    return compress((STATIC / name).read_bytes(), mtime=0)


@pages.get("/livez")
def livez() -> Response:
    """Whether this worker answers at all; says nothing else."""
    return make_response("ok\n", 200, {"Content-Type": "text/plain"})
