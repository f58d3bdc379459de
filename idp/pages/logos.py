"""Logos of services, from our own origin under the digest of their content: they may be kept for ever."""

import re

from flask import Blueprint, Response

from idp.pages.refusals import PageRefused
from idp.pages.rendering import provider
from idp.registration.logos import media_type
from idp.storage.client_logos import find_logo

pages = Blueprint("logos", __name__)
NAME = re.compile(r"[0-9a-f]{32}\.(?:png|jpg|svg)", re.ASCII)


@pages.get("/logos/<name>")
def logo(name: str) -> Response:
    """The picture. Opened by itself it may still do nothing: no script, no style, nothing from elsewhere."""
    found = None
    if NAME.fullmatch(name):
        with provider().database.read() as reading:
            found = find_logo(reading, name)
    if found is None:
        raise PageRefused("not_found", 404, "no such logo")
    response = Response(found, mimetype=media_type(name))
    response.headers["Cache-Control"] = "public, max-age=31536000, immutable"
    response.headers["Content-Security-Policy"] = "default-src 'none'; frame-ancestors 'none'; sandbox"
    return response
