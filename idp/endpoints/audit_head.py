"""GET /audit/head: the newest statement over the audit, for whoever wants to keep a copy.

Everything before hangs on it: a copy kept elsewhere proves later that nothing was changed, removed or cut off.
"""

import json

from flask import Blueprint, Response

from idp.audit.seal import claims_of
from idp.pages.rendering import provider

endpoint = Blueprint("audit_head", __name__)


@endpoint.get("/audit/head")
def audit_head() -> Response:
    """The statement as it was signed, and what it says; 404 before the first seal."""
    last = provider().ledger.store.last()
    if last is None:
        return Response('{"error":"not_found"}', status=404, mimetype="application/json")
    body = json.dumps(claims_of(last.statement) | {"statement": last.statement})
    response = Response(body, mimetype="application/json")
    response.headers["Cache-Control"] = "public, max-age=5"
    response.headers["Access-Control-Allow-Origin"] = "*"  # a public statement, read without credentials
    response.headers["Cross-Origin-Resource-Policy"] = "cross-origin"
    return response
