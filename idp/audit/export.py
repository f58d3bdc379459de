"""Rows for an auditor: of one person, one service or a period, as JSON lines or as a table for a spreadsheet.

A cell that a spreadsheet would take for a formula gets an apostrophe in front (abuse case V-06).
"""

import csv
import io
import json
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from uuid import UUID

from idp.audit.seal import Row

COLUMNS = ("id", "at", "event", "person", "client", "detail", "seal")
FORMULA = ("=", "+", "-", "@", "\t", "\r")


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which rows: every condition that is given must hold."""

    person: UUID | None = None
    client: str | None = None
    since: int | None = None  # seconds since the epoch, included
    until: int | None = None  # not included
    event: str | None = None  # a tag, or its beginning up to a colon


def as_json_lines(rows: Iterable[Row]) -> Iterator[str]:
    """One JSON object a row."""
    for row in rows:
        said = {"id": row.id, "at": readable(row.at), "event": row.event, "person": row.person, "client": row.client}
        detail = {"detail": json.loads(row.detail)} if row.detail else {}
        yield json.dumps(said | detail | {"seal": row.seal}, ensure_ascii=False) + "\n"


def as_csv(rows: Iterable[Row]) -> Iterator[str]:
    """A heading and one line a row (RFC 4180)."""
    yield csv_line(COLUMNS)
    for row in rows:
        yield csv_line(
            [
                row.id,
                readable(row.at),
                row.event,
                row.person or "",
                row.client or "",
                row.detail or "",
                str(row.seal or ""),
            ]
        )


FORMS: dict[str, Callable[[Iterable[Row]], Iterator[str]]] = {"jsonl": as_json_lines, "csv": as_csv}


def csv_line(cells: Iterable[str]) -> str:
    """One line, with no cell that a spreadsheet would run."""
    out = io.StringIO()
    csv.writer(out, lineterminator="\r\n").writerow([_harmless(cell) for cell in cells])
    return out.getvalue()


def _harmless(cell: str) -> str:
    # Spreadsheets skip blanks in front of a formula.
    return f"'{cell}" if cell.lstrip(" \n").startswith(FORMULA) else cell


def readable(seconds: int) -> str:
    """Epoch seconds as a date and time in UTC (ISO 8601)."""
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="seconds")
