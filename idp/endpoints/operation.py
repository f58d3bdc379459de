"""The shapes in which tables say what an endpoint takes and answers (operations.py, administration_operations.py)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

JSON, JWT, PAGE = "application/json", "application/jwt", "text/html"
SIGNED_INTROSPECTION = "application/token-introspection+jwt"  # RFC 9701 §5

Schema = Mapping[str, Any]
TEXT: Schema = {"type": "string"}
SECONDS: Schema = {"type": "integer", "minimum": 0}
YES: Schema = {"type": "boolean"}
ADDRESS: Schema = {"type": "string", "format": "uri"}


def ref(name: str) -> Schema:
    """A schema of the document."""
    return {"$ref": f"#/components/schemas/{name}"}


@dataclass(frozen=True, slots=True)
class Answer:
    """One status: what it means, and its body by media type; none: there is no body."""

    means: str
    bodies: Mapping[str, Schema] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Operation:
    """One address: what it takes, the same for each of its methods, and what it answers."""

    answers: Mapping[int, Answer]
    query: Sequence[str] = ()
    form: Sequence[str] = ()
    required: Sequence[str] = ()
    document: str | None = None  # the schema of a JSON body
    security: Sequence[str] = ()
