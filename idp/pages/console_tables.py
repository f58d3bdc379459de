"""Tables of the console: a page at a time by the key of the last row, and the same as a file for a spreadsheet."""

from collections.abc import Callable, Iterable, Sequence
from typing import TypeVar

from flask import Response, request

from idp.audit.export import csv_line
from idp.pages.refusals import PageRefused

T = TypeVar("T")
ON_A_PAGE = 50
LONGEST_SEARCH = 100


def table(text: str, name: str) -> Response:
    """A CSV file to be kept, never shown as a page."""
    response = Response(text, mimetype="text/csv")
    response.headers["Content-Disposition"] = f'attachment; filename="{name}.csv"'
    return response


def as_table(name: str, heads: Sequence[str], rows: Iterable[Sequence[object]]) -> Response:
    """Rows as such a file, with no cell that a spreadsheet would run (abuse case V-06)."""
    lines = [csv_line(heads)]
    lines += [csv_line(["" if cell is None else str(cell) for cell in row]) for row in rows]
    return table("".join(lines), name)


def a_page(rows: Sequence[T], key: Callable[[T], str], size: int = ON_A_PAGE) -> tuple[Sequence[T], str]:
    """The rows behind `?after=` in the order of their keys, and the key behind which the next page begins."""
    after = asked("after", 200)
    rest = sorted((row for row in rows if key(row) > after), key=key)
    shown = rest[:size]
    return shown, key(shown[-1]) if len(rest) > size else ""


def asked(name: str, longest: int = LONGEST_SEARCH) -> str:
    """What the address asks for under this name. Raises PageRefused for a control character."""
    value = request.args.get(name, "")[:longest].strip()
    if not value.isprintable():
        raise PageRefused("invalid_request", 400, f"control character in {name}")
    return value
