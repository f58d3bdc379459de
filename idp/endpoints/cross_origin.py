"""CORS for the endpoints that a public client calls from its own page in the browser (RFC 9700 §2.6).

Only the origins of registered public clients get an answer that their script may read, errors included; everybody
else gets the same answer without these headers. Credentials of the browser are never allowed.
"""

from flask import Blueprint, Response, request

from idp.pages.rendering import provider
from idp.protocol.cross_origin import METHODS, PREFLIGHT_SECONDS, READABLE_HEADERS, REQUEST_HEADERS


def readable_by_public_clients(endpoint: Blueprint) -> None:
    """Let the pages of public clients call the addresses of `endpoint`."""

    @endpoint.after_request
    def _allow(response: Response) -> Response:
        asking = request.headers.get("Origin")
        if asking is None:
            return response
        response.vary.add("Origin")
        wired = provider()
        if asking not in wired.clients.page_origins(wired.clock()):
            return response
        response.headers["Access-Control-Allow-Origin"] = asking
        response.headers["Access-Control-Expose-Headers"] = READABLE_HEADERS
        if request.method == "OPTIONS":  # Fetch Standard §3.2.2: the browser asks before it sends
            response.headers["Access-Control-Allow-Methods"] = METHODS
            response.headers["Access-Control-Allow-Headers"] = REQUEST_HEADERS
            response.headers["Access-Control-Max-Age"] = str(PREFLIGHT_SECONDS)
        return response
