"""The log: one JSON object a line on standard error, with an allow-list of fields.

A field that is not listed is dropped, and a message is a fixed text: nothing that a request carries is ever
formatted into it (design law 2, abuse case Y-05).
"""

import json
import logging
import sys
from contextvars import ContextVar
from datetime import UTC, datetime

request_id: ContextVar[str] = ContextVar("request_id", default="")
"""The request that this thread answers now; on every line that is written meanwhile."""

FIELDS = ("error", "why", "path", "refusal", "reference", "kind", "at", "item", "attempts", "client")
MAX_TEXT = 300


class JsonLines(logging.Formatter):
    """One record as one line of JSON: control characters are escaped by JSON itself."""

    def format(self, record: logging.LogRecord) -> str:
        """The line."""
        line = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname,
            "room": record.name,
            "message": record.getMessage()[:MAX_TEXT],
        }
        if request := request_id.get():
            line["request"] = request
        line |= {name: str(getattr(record, name))[:MAX_TEXT] for name in FIELDS if hasattr(record, name)}
        return json.dumps(line, ensure_ascii=True)


def write_json_log(level: str) -> None:
    """Send the log of every room to standard error as JSON lines."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(JsonLines())
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level.upper())
    logging.getLogger("alembic").setLevel(logging.WARNING)  # it tells of every look at the schema
