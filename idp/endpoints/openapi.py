"""The OpenAPI 3.1 document of what relying services call: made from what is routed, never written by hand.

Addresses and methods come from the router, grant types, error codes, registration fields and metadata from where
they are defined; only the tables of idp/endpoints/operations.py are written down. An endpoint without a row there
stops `idp openapi`, and the test that compares both.
"""

import inspect
import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from flask import Flask
from werkzeug.routing import Rule

from idp.endpoints.operation import JSON, TEXT, Answer, Operation, ref
from idp.endpoints.operations import ALWAYS, FOR_PEOPLE, IN_BODY, OPERATIONS, SCHEMAS
from idp.grants import GRANTS
from idp.protocol import errors
from idp.protocol.errors import OAuthError
from idp.protocol.parameters import FORM
from idp.registration.fields import FIELDS

Document = dict[str, Any]
UNSAID = frozenset({"HEAD", "OPTIONS"})  # Flask answers these beside every GET, and at every address
SECURITY: Document = {
    "basic": {"type": "http", "scheme": "basic", "description": "client_secret_basic (RFC 6749 §2.3.1)"},
    "certificate": {"type": "mutualTLS", "description": "at the addresses of mtls_endpoint_aliases (RFC 8705)"},
    "bearer": {"type": "http", "scheme": "bearer"},
    "dpop": {"type": "http", "scheme": "dpop", "description": "with a proof in the header DPoP (RFC 9449 §7.1)"},
}


def openapi(app: Flask) -> Document:
    """The document for `app`. Raises KeyError for an endpoint that `OPERATIONS` does not know."""
    wired = app.extensions["idp"]
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "OpenID Connect provider of the mobile overseas-national credential",
            "version": "1",
            "description": "The authorities are the specifications that provider metadata names; "
            "this document lists what they come to here.",
        },
        "servers": [{"url": wired.issuer}],
        "paths": {re.sub(r"<(?:\w+:)?(\w+)>", r"{\1}", rule.rule): _path(app, rule) for rule in routed(app)},
        "components": {"securitySchemes": SECURITY, "schemas": _schemas(app)},
    }


def routed(app: Flask) -> Iterator[Rule]:
    """The rules that relying services call, in the order in which they were routed."""
    names = {name for name, one in app.blueprints.items() if one.import_name.startswith("idp.endpoints.")}
    seen: set[str] = set()
    for rule in app.url_map.iter_rules():
        if rule.endpoint.split(".")[0] in names and rule.rule not in FOR_PEOPLE | seen:
            seen.add(rule.rule)
            yield rule


def _path(app: Flask, rule: Rule) -> Document:
    operation = OPERATIONS[rule.rule]
    views = {
        method: app.view_functions[each.endpoint]
        for each in app.url_map.iter_rules()
        if each.rule == rule.rule
        for method in (each.methods or set()) - UNSAID
    }
    path: Document = {method.lower(): _operation(operation, method, view) for method, view in sorted(views.items())}
    if rule.arguments:
        path["parameters"] = [
            {"name": name, "in": "path", "required": True, "schema": TEXT} for name in sorted(rule.arguments)
        ]
    return path


def _operation(operation: Operation, method: str, view: Callable[..., Any]) -> Document:
    made: Document = {
        "summary": (inspect.getdoc(view) or "").partition("\n")[0],
        "responses": {str(status): _answer(answer) for status, answer in _answers(operation, method)},
    }
    if operation.security:
        made["security"] = [{name: []} if name != IN_BODY else {} for name in operation.security]
    if operation.query and method == "GET":
        made["parameters"] = [
            {"name": name, "in": "query", "required": name in operation.required, "schema": TEXT}
            for name in operation.query
        ]
    body = _body(operation, method)
    return made | ({"requestBody": {"required": True, "content": body}} if body else {})


def _answers(operation: Operation, method: str) -> Iterator[tuple[int, Answer]]:
    """A deletion answers with nothing, and only it; what has no body cannot bring a wrong one."""
    for status, answer in operation.answers.items():
        if status == 204 and method != "DELETE" and 200 in operation.answers:
            continue
        if status == 200 and method == "DELETE":
            continue
        yield status, answer


def _body(operation: Operation, method: str) -> Document | None:
    if operation.document is not None and method in {"POST", "PUT"}:
        return {JSON: {"schema": ref(operation.document)}}
    fields = operation.form or operation.query
    if method != "POST" or not fields:
        return None
    properties: Document = dict.fromkeys(fields, TEXT)
    if "grant_type" in properties:
        properties["grant_type"] = {"enum": list(GRANTS)}
    return {FORM: {"schema": {"type": "object", "properties": properties, "required": list(operation.required)}}}


def _answer(answer: Answer) -> Document:
    made: Document = {"description": answer.means}
    if answer.bodies:
        made["content"] = {kind: {"schema": dict(schema)} for kind, schema in answer.bodies.items()}
    return made


def _schemas(app: Flask) -> Document:
    """Every shape: the fixed ones, and those that are lists of elsewhere."""
    schemas: Document = {name: _object(members, name) for name, members in SCHEMAS.items()}
    error = {"error": {"enum": error_codes()}, "error_description": TEXT}
    metadata: Document = {name: {"description": field.rule} for name, field in FIELDS.items()}
    return schemas | {
        "Error": {"type": "object", "properties": error, "required": ["error"]},
        "BearerError": {"type": "object", "properties": error},  # without a token there is no error (RFC 6750 §3.1)
        "Metadata": {"type": "object", "properties": metadata},
        "Registration": {
            "type": "object",
            "properties": metadata,
            "required": ["client_id", "registration_client_uri", "registration_access_token"],
        },
        "Provider": {
            "type": "object",
            "properties": {name: {} for name in _metadata(app)},
            "required": ["issuer", "authorization_endpoint", "token_endpoint", "jwks_uri"],
        },
    }


def _object(members: Mapping[str, Any], name: str) -> Document:
    return {"type": "object", "properties": dict(members), "required": list(ALWAYS.get(name, ()))}


def _metadata(app: Flask) -> Mapping[str, Any]:
    document: Mapping[str, Any] = app.json.loads(app.extensions["idp-metadata"]())
    return document


def error_codes() -> list[str]:
    """Every error code that an answer may hold."""
    classes = [one for one in vars(errors).values() if isinstance(one, type) and issubclass(one, OAuthError)]
    return sorted({one.code for one in classes} | {"server_error"})
